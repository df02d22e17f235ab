"""A depth map as a picture in colours, with a bar that tells what they mean; needs no matplotlib."""

import math

import cv2
import numpy as np

COLOURS = cv2.COLORMAP_VIRIDIS  # even to the eye, also to one that cannot tell red from green
GRAY = 128  # of pixels that are unsure; the colours have no gray
LARGEST = 1600  # pixels: a longer side is reduced to it
SMALLEST = 240  # pixels: a shorter map is enlarged, or its bar could not be read
TICKS = 6  # on the bar, about
FONT = cv2.FONT_HERSHEY_SIMPLEX
LETTERS = 0.5  # size of letters beside a map of SMALLEST pixels; they grow by its root


def depth_preview(depth, *, unsure=None, unit="frames", limits=None):
    """Paint a depth map in colours, beside a bar that tells what they mean.

    Parameters
    ----------
    depth : ndarray of shape (H, W)
        Integers or floats, in any unit.
    unsure : ndarray of bool of shape (H, W), optional
        Pixels that are not trusted: they become gray, which is no colour of the bar. So do those that are not finite.
    unit : str, optional
        Of the depth, written beside the bar.
    limits : pair of float, optional
        Depths of the darkest and the brightest colour; what lies outside takes these colours. By default the least and
        the largest depth of the pixels that are sure.

    Returns
    -------
    ndarray of uint8 of shape (h, w, 3)
        RGB: the map from the upper left corner, the bar to its right. A map with more than 1600 pixels on a side is
        thinned to so many at most, and one of less than 240 rows is enlarged by a whole number.

    Raises
    ------
    ValueError
        If the depth is no map, `unsure` has another shape, or the limits do not rise.
    """
    depth = np.asarray(depth)
    hidden = _hidden(depth, unsure)
    low, high = _limits(depth, hidden, limits)
    step, times = _scale(depth.shape)
    values, hidden = depth[::step, ::step].astype(np.float64), hidden[::step, ::step]
    painted = _colours((values - low) / ((high - low) or 1))
    painted[hidden] = GRAY
    painted = np.repeat(np.repeat(painted, times, axis=0), times, axis=1)
    return _beside(painted, _bar(max(len(painted), SMALLEST), low, high, f"depth ({unit})", unsure=hidden.any()))


def _hidden(depth, unsure):
    """Where no colour is painted."""
    if depth.ndim != 2 or not depth.size or depth.dtype.kind not in "uif":
        raise ValueError(f"depth has shape {depth.shape} and type {depth.dtype}; it must be (H, W), integers or floats")
    hidden = ~np.isfinite(depth)
    if unsure is None:
        return hidden
    unsure = np.asarray(unsure)
    if unsure.shape != depth.shape or unsure.dtype != bool:
        raise ValueError(
            f"unsure has shape {unsure.shape} and type {unsure.dtype}; it must be bool and of the shape of the depth, "
            f"{depth.shape}"
        )
    return hidden | unsure


def _limits(depth, hidden, limits):
    if limits is not None:
        low, high = (float(limit) for limit in limits)
        if not (low < high and math.isfinite(high - low)):
            raise ValueError(f"limits are {low:g} and {high:g}; give two numbers that rise")
        return low, high
    shown = depth[~hidden]
    return (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)


def _scale(shape):
    """Take every how many-th pixel, and repeat it how often."""
    return -(-max(shape) // LARGEST), max(1, min(-(-SMALLEST // shape[0]), LARGEST // max(shape)))


def _colours(share):
    """RGB of shares of the scale."""
    levels = np.rint(255 * np.nan_to_num(share).clip(0, 1)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, COLOURS), cv2.COLOR_BGR2RGB).reshape(*share.shape, 3)


def _bar(height, low, high, title, *, unsure):
    """The bar with its numbers, its title above, and below it, if wanted, what gray means; black on white."""
    size = LETTERS * math.sqrt(height / SMALLEST)
    line = round(40 * size)  # height of a line of text
    labels = _labels(low, high)
    texts = [title, *labels.values(), "unsure"]
    width = round(2.5 * line) + max(cv2.getTextSize(text, FONT, size, 1)[0][0] for text in texts)
    bar = np.full((height, width, 3), 255, np.uint8)
    left, right = line // 2, line // 2 + line
    top, bottom = round(1.75 * line), height - line // 2 - (round(1.5 * line) if unsure else 0)
    share = np.linspace(1, 0, bottom - top) if high > low else np.zeros(bottom - top)
    bar[top:bottom, left:right] = _colours(share[:, None])
    _write(bar, title, (left, line), size)
    for value, label in labels.items():
        y = round(bottom - 1 - (value - low) / ((high - low) or 1) * (bottom - top - 1))
        cv2.line(bar, (right, y), (right + line // 4, y), (0, 0, 0))
        _write(bar, label, (right + line // 2, y + line // 4), size)
    if unsure:
        bar[height - round(1.25 * line) : height - line // 4, left:right] = GRAY
        _write(bar, "unsure", (right + line // 2, height - line // 2), size)
    return bar


def _write(picture, text, place, size):
    cv2.putText(picture, text, place, FONT, size, (0, 0, 0), 1, cv2.LINE_AA)


def _labels(low, high):
    """Round numbers from low to high, as {value: text}."""
    if not high > low:
        return {low: f"{low:.6g}"}
    step = _round_step((high - low) / TICKS)
    values = [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return {value: f"{value:.{digits}f}" for value in values}


def _round_step(least):
    """The smallest of 1, 2, 5, 10, ... times a power of ten that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))


def _beside(left, right):
    """Two pictures in one; where the left one ends, white goes on. The right one is at least as high."""
    below = np.full((len(right) - len(left), *left.shape[1:]), 255, np.uint8)
    return np.concatenate([np.concatenate([left, below]), right], axis=1)

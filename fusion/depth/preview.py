"""A depth map as a picture in colours, with a bar that tells what they mean; needs no matplotlib."""

import math
import sys

import cv2
import numpy as np

COLOURS = cv2.COLORMAP_VIRIDIS  # even to the eye, also to one that cannot tell red from green
GRAY = 128  # of pixels that are unsure; the colours have no gray
LARGEST = 1600  # pixels: a longer side is reduced to it
SMALLEST = 240  # pixels: a shorter map is enlarged, or its bar could not be read
TICKS = 6  # on the bar, about
EXPONENT = 6  # powers of ten that are written as such, from this one up, and down
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
        If the depth is no map, `unsure` has another shape, or the limits are not finite, or do not rise.
    """
    depth = np.asarray(depth)
    hidden = hidden_pixels(depth, unsure)
    low, high = limits_of([depth], [hidden], limits)
    step, times = _scale(depth.shape)
    values, hidden = depth[::step, ::step].astype(np.float64), hidden[::step, ::step]
    painted = colours_of(_shares(values, low, high))
    painted[hidden] = GRAY
    painted = np.repeat(np.repeat(painted, times, axis=0), times, axis=1)
    return _beside(painted, _bar(max(len(painted), SMALLEST), low, high, f"depth ({unit})", unsure=hidden.any()))


def hidden_pixels(depth, unsure=None):
    """Tell where a depth map has no colour: bool (H, W), where it is `unsure` or not finite.

    Raises a ValueError if `depth` is no map of numbers, or `unsure` is not bool or of another shape.
    """
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


def limits_of(maps, hidden, limits=None):
    """Return the depths of the darkest and the brightest colour of maps that share a scale, as floats.

    They are the least and the largest depth that is not hidden in any of the maps, unless `limits` are given; these
    must be finite and rise, or a ValueError is raised.
    """
    if limits is not None:
        low, high = (float(limit) for limit in limits)
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"limits are {low:g} and {high:g}; give two finite numbers that rise")
        return low, high
    shown = [depth[~mask] for depth, mask in zip(maps, hidden, strict=True) if not mask.all()]
    return (min(float(part.min()) for part in shown), max(float(part.max()) for part in shown)) if shown else (0.0, 1.0)


def _shares(values, low, high):
    """Where values lie between low, 0, and high, 1; also where these are too small or too large to be subtracted."""
    scale = 2.0 ** (math.frexp(max(abs(low), abs(high)))[1] - 1)  # dividing by a power of two is exact
    span = high / scale - low / scale
    with np.errstate(over="ignore", invalid="ignore"):  # of values that are hidden
        return (values / scale - low / scale) / (span or 1)


def _scale(shape):
    """Take every how many-th pixel, and repeat it how often."""
    return -(-max(shape) // LARGEST), max(1, min(-(-SMALLEST // shape[0]), LARGEST // max(shape)))


def colours_of(share):
    """Return the colours, uint8 (..., 3) RGB, of shares of the scale, float (...), from 0 for low to 1 for high."""
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
    bar[top:bottom, left:right] = colours_of(share[:, None])
    _write(bar, title, (left, line), size)
    for value, label in labels.items():
        y = round(bottom - 1 - _shares(value, low, high) * (bottom - top - 1))
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
    least = high / TICKS - low / TICKS  # in this order, the range may be as large as floats are
    if least < sys.float_info.min:
        return {value: f"{value:.6g}" for value in (low, high)}
    step = _round_step(least)
    values = [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    last = math.floor(math.log10(step) + 1e-9)  # power of ten of the last digit
    first = math.floor(math.log10(max(map(abs, values))))
    if first >= EXPONENT or last <= -EXPONENT:
        return {value: f"{value:.{first - last + 1}g}" for value in values}
    return {value: f"{value:.{max(0, -last)}f}" for value in values}


def _round_step(least):
    """The smallest of 1, 2, 5, 10, ... times a power of ten that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))


def _beside(left, right):
    """Two pictures in one; where the left one ends, white goes on. The right one is at least as high."""
    below = np.full((len(right) - len(left), *left.shape[1:]), 255, np.uint8)
    return np.concatenate([np.concatenate([left, below]), right], axis=1)

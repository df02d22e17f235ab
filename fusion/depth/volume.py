"""The focus volume: how sharp every frame is around every pixel, at full size or, for large stacks, at less."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from data import open_stack, to_float
from data.gray import LUMA
from fusion.depth.focus_measures import FOCUS_MEASURES, KERNEL_SIZE, LARGEST, ring_kernel

CELLS = 32e6  # values that a volume may hold: frames, times pixels of its grid
PIXELS = 1e6  # of its grid, at most
WINDOW = 0.7  # pixels: standard deviation of the Gaussian in which a measure is averaged
STEADY = 0.03  # of the brightness of a frame: so much its mean may change with focus alone
QUIET = 0.1  # share of the pixels in which nothing but noise is expected
LEAST_NOISE = 1e-9  # squared gray values, between those of rounding to 12 and to 13 bits


class FocusVolume(NamedTuple):
    """How sharp every frame is around every pixel."""

    focus: np.ndarray  # (N, h, w) float32, squared gray values; a grid of (H, W) or, where that is too large, of less
    shape: tuple  # (H, W) of the frames
    noise: float  # what a measure shows where there is nothing but noise, squared gray values


def focus_volume(stack, *, measure="log", kernel_size=KERNEL_SIZE, cells=CELLS, progress=None):
    """Measure the focus of every frame around every pixel.

    Reads every frame once and holds one, while the next one is read.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    measure : str, optional
        One of `FOCUS_MEASURES`.
    kernel_size : int, optional
        Of the measure, in pixels; odd.
    cells : float, optional
        Values that the volume may hold. If frames have more pixels than that allows, or more than `PIXELS`, means over
        small areas are kept.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    FocusVolume
        Light that flickers is no sharpness: a frame whose mean differs from that of most by more than 3 % is measured as
        if it were as bright. Smaller differences may come from defocus itself.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If the measure is unknown, the kernel is out of range, or no frame is sharper than another one anywhere.
    """
    stack = open_stack(stack)
    check_measure(measure, kernel_size, stack.shape[1:3])
    measure = FOCUS_MEASURES[measure]
    progress = progress or (lambda frames, what: frames)
    shape = stack.shape[1:3]
    grid = grid_of(shape, len(stack), cells)
    focus, brightness = np.empty((len(stack), *grid), np.float32), []
    for index, pixels in stack.read_ahead(progress(range(len(stack)), "measuring focus")):
        gray = gray_of(pixels)
        focus[index] = reduced(averaged(measure(gray, kernel_size)), grid)
        brightness.append(float(gray.mean()))
    _steady(focus, brightness)
    if len(stack) > 1 and not is_telling(focus):
        raise ValueError(
            f"all {len(stack)} frames are equally sharp everywhere, so nothing tells depth; give frames of one scene, each "
            "focused at another distance"
        )
    return FocusVolume(focus, shape, noise_of(focus))


def _steady(focus, brightness):
    """Scale, in place, what is measured in frames that are brighter or darker than defocus makes them; none if black."""
    usual = float(np.median(brightness))
    for frame, mean in zip(focus, brightness, strict=True):
        if mean > 0 < usual and abs(math.log(mean / usual)) > STEADY:
            frame *= np.float32((usual / mean) ** 2)


def check_measure(name, kernel_size, shape=None):
    """Raise a ValueError if a focus measure is unknown, or its kernel is out of range, or larger than frames (H, W)."""
    if not isinstance(name, str) or name not in FOCUS_MEASURES:
        raise ValueError(f"measure must be one of {', '.join(FOCUS_MEASURES)}, got {name!r}")
    if not (isinstance(kernel_size, int | np.integer) and 3 <= kernel_size <= LARGEST and kernel_size % 2):
        raise ValueError(f"kernel_size must be an odd number of pixels, 3 to {LARGEST}, got {kernel_size}")
    side = ring_kernel(kernel_size).shape[0] if name.endswith("ring") else kernel_size
    if shape is not None and kernel_size > KERNEL_SIZE and side > min(shape):
        raise ValueError(
            f"kernel_size {kernel_size} makes {name} look at {side} x {side} pixels, more than a frame of {shape[1]} x "
            f"{shape[0]} has; give a smaller one"
        )


def grid_of(shape, count, cells=CELLS):
    """Height and width of the volume of `count` frames of shape (H, W)."""
    scale = min(1, math.sqrt(min(PIXELS, cells / count) / (shape[0] * shape[1])))
    return tuple(max(1, round(length * scale)) for length in shape)


def gray_of(pixels):
    """Gray value of a frame, float32; unlike that of `data.to_gray`, never rounded, for rounding looks like detail."""
    image = to_float(pixels)
    return cv2.transform(image, LUMA) if image.ndim == 3 else image


def averaged(focus):
    """Mean of a focus measure around each pixel."""
    return cv2.GaussianBlur(focus, (0, 0), WINDOW, borderType=cv2.BORDER_REFLECT).reshape(focus.shape)


def reduced(image, grid):
    """Means of an image over the cells of a grid."""
    if image.shape[:2] == tuple(grid):
        return image
    return cv2.resize(image, grid[::-1], interpolation=cv2.INTER_AREA).reshape(*grid, *image.shape[2:])


def is_telling(focus):
    """Whether any pixel is sharper in one frame than in another."""
    return any((frame != focus[0]).any() for frame in focus[1:])


def noise_of(focus):
    """Focus measure of noise: the median over the frames, where that is low."""
    step = max(1, math.isqrt(focus[0].size // 100_000))  # every pixel of a small grid, some of a large one
    median = np.median(focus[:, ::step, ::step], axis=0)
    median = median[median > LEAST_NOISE]  # black borders and clipped lights have no noise that could be measured
    return float(np.quantile(median, QUIET)) if median.size else LEAST_NOISE

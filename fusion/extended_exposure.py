"""Extended exposure fusion (Hessel, Morel 2020): exposure fusion with smaller halos and nothing clipped."""

import math

import cv2
import numpy as np

from data import open_stack, to_float
from data.gray import LUMA
from fusion.blend import Look, enlarged_tile, fuse_looks, levels_or_paper
from fusion.exposure import check_options, quality
from fusion.pyramid import enlarged, reduced
from fusion.tiles import for_each_tile

TAIL = 0.005  # of the range at each end, into which outliers are pressed
OUTLIERS = 2.5  # percent of pixels at each end, which may leave the range before they are pressed into it
MOST_STRETCH = 1.4  # of the fused range
OWN = 0.7  # share of a channel's own change where colours are brought into range; the rest is that of the gray value
MOST_WINDOWS, MOST_AMPLIFICATION = 16, 1000
LEAST_QUALITY = np.float32(1e-9)  # so that without any contrast the window decides that values lie in
AIM = 0.35  # gray value that simulated exposures are to reach
MOST_COLOUR = 3.0  # times a difference between channels of a single frame grows: in the dark it is noise


def restricted(values, centre, width, shoulder):
    """Restrict the range of values: keep those of a window, and press all others into a shoulder at each side of it.

    Parameters
    ----------
    values : ndarray of float
        Any values.
    centre, width : float
        Of the window, in which values stay what they are.
    shoulder : float
        Widths of the two ranges beside the window that take all other values; more than 0.

    Returns
    -------
    ndarray of float32
        Values at most ``width / 2 + shoulder`` away from `centre`. They increase with the given ones, and so
        smoothly that the slope, 1 in the window, has no jump at its ends.

    Notes
    -----
    With e for how far a value is out of the window, it ends ``shoulder * e / (shoulder + e)`` out of it: the remapping
    of [1]_, whose beta is `width` and whose lambda is `shoulder`.

    References
    ----------
    .. [1] C. Hessel, J.-M. Morel, "An extended exposure fusion and its application to single image contrast
       enhancement," WACV 2020. :doi:`10.1109/WACV45572.2020.9093643`
    """
    values = np.asarray(values, np.float32)
    low, high = _window(centre, width)
    kept = np.clip(values, low, high)
    excess = values - kept
    kept += excess / (1 + np.abs(excess) * np.float32(1 / shoulder))
    return kept


def restriction_slope(values, centre, width, shoulder):
    """Slope of `restricted` at values: 1 in the window, towards 0 far from it; float32, of the shape of `values`."""
    values = np.asarray(values, np.float32)
    excess = np.abs(values - np.clip(values, *_window(centre, width)))
    excess *= np.float32(1 / shoulder)
    excess += 1
    return 1 / (excess * excess)


def _window(centre, width):
    return np.float32(centre - width / 2), np.float32(centre + width / 2)


def window_centres(count, width):
    """Centres of windows that share [0, 1]: the first begins at 0, the last ends at 1, others lie evenly between."""
    return np.linspace(width / 2, 1 - width / 2, count).tolist() if count > 1 else [0.5]


def stretched(image):
    """Stretch or shrink an image so that its gray values, but for 2.5 % at each end, lie in [0.005, 0.995].

    The stretch is 1.4 at most, and the image keeps its middle gray as far as the range allows.
    """
    return _stretch(np.array(to_float(image)))


def _stretch(image):
    """Do what `stretched` says, in place."""
    low, high = _range_of(image)
    room = 1 - 2 * TAIL
    slope = min(MOST_STRETCH, room / max(high - low, TAIL))
    half = slope * (high - low) / 2
    middle = np.clip((low + high) / 2, TAIL + half, 1 - TAIL - half)
    return _move(image, slope, middle - slope * (low + high) / 2)


def _range_of(image):
    return np.percentile(_gray(image), [OUTLIERS, 100 - OUTLIERS])


def _move(image, slope, offset):
    """Map values linearly, in place."""
    image *= np.float32(slope)
    image += np.float32(offset)
    return image


def pressed_into_range(image, levels=None):
    """Press what is out of [0, 1] into that range without loss of its details.

    Parameters
    ----------
    image : ndarray of float32 of shape (H, W) or (H, W, 3)
        Values of any range.
    levels : int, optional
        Sizes, of factor 2, at which outliers are looked for; 0 to `fusion.pyramid.most_levels`.

    Returns
    -------
    ndarray of float32
        Shape of `image`; values in [0, 1]. An image within [0.005, 0.995] stays what it is, but for rounding.

    Notes
    -----
    From the coarsest size to the finest, local means are restricted to the range before finer details are added: an
    area that is too bright as a whole comes down as a whole. In colour, a channel is changed by a mean of what it needs
    and what the gray value needs: the first alone makes a setting sun white, the second alone leaves it out of range.
    """
    return _bring_into_range(np.array(to_float(image)), levels_or_paper(levels, image.shape))


def _bring_into_range(image, levels):
    """Do what `pressed_into_range` says, in place."""
    change = _coarse_change(reduced(image), levels - 1) if levels else None

    def work(tile):
        part = image[tile] if change is None else image[tile] + enlarged_tile(change, tile, image.shape)
        image[tile] = _pressed(part)

    for_each_tile(work, image.shape)
    return image


def _coarse_change(image, levels):
    """What must be added to an image at all of its sizes, a mean for channels and gray value."""
    change = _change_into_range(image, levels)
    if image.ndim == 3:
        change += np.float32(1 - OWN) * (_change_into_range(_gray(image), levels)[..., None] - change)
    return change


def _change_into_range(image, levels):
    """What must be added to an image, and to every smaller size of it, so that it is in range; each channel alone."""
    restored = image
    if levels:
        restored = image + enlarged(_change_into_range(reduced(image), levels - 1), image.shape)
    return _pressed(restored) - image


def _pressed(image):
    return restricted(image, centre=0.5, width=1 - 2 * TAIL, shoulder=TAIL)


def _gray(image):
    return cv2.transform(image, LUMA) if image.ndim == 3 else image


def extended_exposure_fusion(
    stack,
    *,
    beta=0.5,
    shoulder=0.45,
    windows=2,
    contrast=1.0,
    saturation=1.0,
    exposedness=0.0,
    sigma=0.2,
    amplification=6.0,
    levels=None,
    progress=None,
):
    """Fuse an exposure bracket as `exposure_fusion` does, but with halos about half as strong, and nothing clipped.

    Every frame is blended in several times, each time with its range restricted to another window. So what is blended
    at coarse levels differs less, which is where halos and values out of range come from. Of a stack of one frame,
    longer exposures are simulated and fused: its dark parts come to light.

    Reads every frame twice, the last one once, and holds one while the next one is read.

    Parameters
    ----------
    stack : stack
        N aligned frames: array, list, `data.Stack`, folder or list of files.
    beta : float, optional
        Width of a window of values that stay what they are, more than 0 and at most 1.
    shoulder : float, optional
        Width of the range beside a window that takes all other values; lambda in the paper. Less of it, such as the
        paper's 0.125, makes most halos smaller still, and strong edges flatter.
    windows : int, optional
        Number of windows, spread over [0, 1], at most 16. The time grows with it.
    contrast, saturation, exposedness : float, optional
        Exponents of the measures of a frame, 0 to 50; 0 leaves a measure out. A gray stack has no saturation.
    sigma : float, optional
        Spread of the well-exposedness around the middle of the range.
    amplification : float, optional
        Of the longest exposure that is simulated for a single frame, 1 or more.
    levels : int, optional
        As for `exposure_fusion`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Fused image in [0, 1]; nothing is clipped. Every pixel depends on the whole picture.

    Raises
    ------
    DataError
        If a frame cannot be read, frames differ in size, or values leave [0, 1].
    ValueError
        If an option is out of range.

    See Also
    --------
    restricted, stretched, pressed_into_range

    Notes
    -----
    The paper [1]_ [2]_ is followed in its idea and its remapping; we leave it in these points, for smaller halos and
    more detail:

    - Weights leave well-exposedness out by default. Which exposure an area is taken from follows from contrast and
      saturation, and the slope of the remapping at the gray value. To prefer values near 0.5 on top of that pulls areas
      to the same gray which are not of the same light: that costs detail at every strong edge, and makes halos.
    - Shoulders take 0.45, not 0.125: edges higher than a window keep more of their height.
    - The fused range is stretched by 1.4 at most. What is out of range then is brought in at every size, see
      `pressed_into_range`, not clipped at a percentile.
    - The exposures that are simulated for a single frame are 1, 1.8, 3.3 and 6 times as long (for the default); none is
      shorter, as what is clipped cannot be restored. They are rated by the closeness of the gray value to 0.35, with
      `sigma`: `contrast`, `saturation` and `exposedness` are not used. All are made of the gray value, and the result
      takes the colours of the frame. It keeps the darkest gray of the frame and does not lose its lightest one, but
      for 2.5 % of pixels each, so that a frame that is well exposed changes little.

    References
    ----------
    .. [1] C. Hessel, J.-M. Morel, "An extended exposure fusion and its application to single image contrast
       enhancement," WACV 2020. :doi:`10.1109/WACV45572.2020.9093643`
    .. [2] C. Hessel, "Extended exposure fusion," IPOL 9, 2019. :doi:`10.5201/ipol.2019.278`
    """
    measures = {"contrast": contrast, "saturation": saturation, "exposedness": exposedness, "sigma": sigma}
    check_options(**measures)
    _check_windows(beta, shoulder, windows, amplification)
    stack = open_stack(stack)
    parts = [{"centre": c, "width": beta, "shoulder": shoulder} for c in window_centres(windows, beta)]
    if len(stack) == 1:
        return _fuse_simulated(stack, parts, amplification, sigma, levels, progress)
    looks = [_look(part, measures) for part in parts]
    fused = _stretch(fuse_looks(stack, looks, levels=levels, progress=progress))
    return _bring_into_range(fused, levels_or_paper(levels, fused.shape))


def _look(window, measures):
    """One window: its part of the range of a frame, weighed by the measures of the frame and by the slope."""
    table = restricted(np.arange(256, dtype=np.float32) / 255, **window)

    def image(pixels):
        return cv2.LUT(pixels, table) if pixels.dtype == np.uint8 else restricted(to_float(pixels), **window)

    def weight(pixels):
        rating = quality(pixels, **measures) + LEAST_QUALITY
        rating *= restriction_slope(_gray(to_float(pixels)), **window)
        return rating

    return Look(weight, image)


def _fuse_simulated(stack, windows, amplification, sigma, levels, progress):
    """Fuse longer exposures of the gray values of a frame, and give the result its colours."""
    frame = stack[0]
    gray = _gray(frame)
    factors = np.geomspace(1, amplification, math.ceil(math.log2(amplification)) + 1)
    looks = [_simulated(factor, window, sigma) for factor in factors for window in windows]
    fused = fuse_looks(open_stack([gray]), looks, levels=levels, progress=progress)
    (darkest, lightest), (low, high) = _range_of(gray), _range_of(fused)
    slope = np.clip((max(lightest, high) - darkest) / max(high - low, TAIL), 1, MOST_STRETCH)
    fused = pressed_into_range(_move(fused, slope, darkest - slope * low), levels)
    if frame.ndim == 2:
        return fused
    growth = np.minimum(fused / np.maximum(gray, np.float32(1e-6)), np.float32(MOST_COLOUR))
    return _pressed(fused[..., None] + (frame - gray[..., None]) * growth[..., None])


def _simulated(factor, window, sigma):
    """One window of a longer exposure of a gray frame, weighed by the exposure and by the slope."""
    factor = np.float32(factor)

    def image(pixels):
        return restricted(to_float(pixels) * factor, **window)

    def weight(pixels):
        values = to_float(pixels) * factor
        rating = np.exp(np.square(values - np.float32(AIM)) * np.float32(-0.5 / sigma**2))
        rating *= restriction_slope(values, **window)
        return rating

    return Look(weight, image)


def _check_windows(beta, shoulder, windows, amplification):
    if not 0 < beta <= 1:
        raise ValueError(f"beta must be more than 0 and at most 1, the whole range, got {beta}")
    if not 0 < shoulder < math.inf:
        raise ValueError(f"shoulder must be positive, got {shoulder}; the paper has 0.125")
    if not (1 <= windows <= MOST_WINDOWS and int(windows) == windows):
        raise ValueError(f"windows must be a whole number from 1 to {MOST_WINDOWS}, got {windows}")
    if not 1 <= amplification <= MOST_AMPLIFICATION:
        raise ValueError(
            f"amplification must lie in 1 (none)..{MOST_AMPLIFICATION}, got {amplification}; the paper has 6"
        )

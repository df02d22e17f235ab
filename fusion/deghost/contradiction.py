"""Where a frame contradicts a reference of another exposure."""

from typing import NamedTuple

import cv2
import numpy as np

from fusion.deghost.levels import BLACK, LEVELS, WHITE, check_pair, joint_histograms
from fusion.deghost.mapping import BANDS, mapping_between, near

LEAST_STILL = 0.25  # share of the pixels of a level near the mapping, for the level to tell about noise
LEVELS_AROUND, LEVELS_SIGMA = 15, 5  # levels on each side whose pixels tell about the noise at one, and their Gaussian
LEAST_KNOWN = 10  # pixels, weighted so, that tell about noise
TO_SIGMA = 1.4826  # standard deviation over median deviation, of normal noise
SLOPE_LEVELS = 9  # levels over which the slope of a mapping is averaged
LEAST_TOLERANCE = 1.0  # levels of a frame by which it may leave its bounds
REFERENCE_TOLERANCE = 3.0  # levels of the reference by which it may, seen through the mapping
EDGE_TOLERANCE = 0.05  # share of the range of values among the neighbours
BLEEDING = (225, 250, 2.0)  # levels of any channel from which, up to which, tolerance in colour grows by twice itself
SMOOTHING = 2.0  # pixels: sigma with which contradictions are averaged before they are judged
SURE, DOUBTFUL = 0.05, 0.8  # consistency below which a pixel is a ghost, and may belong to the ghost beside it
LEAST_AREA, LEAST_SURE = 60, 15  # pixels of a ghost, and of its sure part
CLOSING, GROWTH = 3, 2  # pixels by which gaps within ghosts are closed from each side, and by which ghosts are grown


def consistency(reference, frame, mapping=None):
    """Rate how well every pixel of a frame agrees with a reference of another exposure.

    Parameters
    ----------
    reference, frame : ndarray of shape (H, W) or (H, W, 3)
        Two exposures of a scene, of one shape: float in [0, 1], uint8 or uint16.
    mapping : ndarray of shape (256, C), optional
        What `intensity_mapping` finds, which is the default.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        1 where nothing contradicts, towards 0 where the frame cannot show what the reference does:
        ``exp(-z**2 / 2)``, for z the difference over its tolerance in the channel where that is largest.

    Raises
    ------
    DataError
        If one is no image.
    ValueError
        If the two differ in shape, or the mapping is not of shape (256, C).

    Notes
    -----
    A pixel of the reference sets bounds for the frame: the mapping one level below and above its own; none below where
    it is black, none above where it is white. Tolerance for leaving them grows with the slope of the mapping, with the
    noise found at that level, at edges, which may be a little out of place, and where a channel is nearly white, as
    cameras then turn colours towards white.
    """
    reference, frame = check_pair(reference, frame)
    joints = joint_histograms(reference, frame)
    mapping = mapping_between(joints) if mapping is None else _check_mapping(mapping, len(joints))
    bleeding = _bleeding(reference, frame)
    excess = np.zeros(reference.shape[:2], np.float32)
    for channel, joint in enumerate(joints):
        bounds = _bounds(mapping[:, channel].astype(np.float64) * 255, joint)
        ratio = _contradiction(reference[..., channel], frame[..., channel], bounds)
        ratio /= bleeding
        np.maximum(excess, np.abs(cv2.GaussianBlur(ratio, (0, 0), SMOOTHING)), out=excess)
    return np.exp(excess * excess * np.float32(-0.5))


def _check_mapping(mapping, channels):
    """Return a mapping as an array; raise a ValueError unless it has 256 levels for each channel."""
    mapping = np.asarray(mapping)
    if mapping.shape != (256, channels):
        raise ValueError(
            f"mapping must have shape (256, C), here (256, {channels}), as intensity_mapping returns it, "
            f"got {mapping.shape}"
        )
    return mapping


def ghost_mask(consistent):
    """Mark the regions where a frame shows something else than the reference.

    Parameters
    ----------
    consistent : ndarray of shape (H, W)
        What `consistency` returns.

    Returns
    -------
    ndarray of bool of shape (H, W)
        Connected pixels of consistency below 0.8, if there are 60 or more and 15 of them are below 0.05; gaps closed,
        and grown by 2 pixels to take in soft borders.
    """
    doubtful = (consistent < DOUBTFUL).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(doubtful, connectivity=8)
    sure = np.bincount(labels[consistent < SURE], minlength=count)
    kept = (stats[:, cv2.CC_STAT_AREA] >= LEAST_AREA) & (sure >= LEAST_SURE)
    kept[0] = False  # the background
    mask = cv2.morphologyEx(kept[labels].astype(np.uint8), cv2.MORPH_CLOSE, disc(CLOSING))
    return cv2.dilate(mask, disc(GROWTH)).astype(bool)


class _Bounds(NamedTuple):
    """What a frame may show, in levels, for each level of the reference."""

    table: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tolerance: np.ndarray


def _bounds(table, joint):
    low, high = (np.interp(LEVELS + step, LEVELS, table) for step in (-1, 1))
    slope = cv2.blur((high - low) / 2, (1, SLOPE_LEVELS), borderType=cv2.BORDER_REPLICATE)[:, 0].clip(0, 1)
    tolerance = LEAST_TOLERANCE + REFERENCE_TOLERANCE * slope + _noise(table, joint)
    low[: BLACK + 1], high[WHITE:] = 0, 255
    return _Bounds(*(values.astype(np.float32) for values in (table, low, high, tolerance)))


def _noise(table, joint):
    """Spread of the levels of the frame around the mapping, by level of the reference; robust against what moved."""
    steps = 4  # of a level
    believed = (joint * near(table, BANDS[-1])).sum(axis=1)
    still = joint * (believed > LEAST_STILL * joint.sum(axis=1))[:, None]
    still[: BLACK + 1], still[WHITE:] = 0, 0
    deviation = np.rint(np.abs(LEVELS - table[:, None]) * steps).astype(np.int64)
    cells = (LEVELS[:, None] * 256 * steps + deviation).ravel()
    counts = np.bincount(cells, still.ravel(), minlength=256 * 256 * steps).reshape(256, -1)
    window = (1, 2 * LEVELS_AROUND + 1)
    shared = cv2.GaussianBlur(counts, window, LEVELS_SIGMA, borderType=cv2.BORDER_REPLICATE)
    cumulated = shared.cumsum(axis=1)
    known = cumulated[:, -1] > LEAST_KNOWN
    if not known.any():
        return np.ones(256)
    medians = (cumulated[known] >= cumulated[known, -1:] / 2).argmax(axis=1) / steps
    return np.interp(LEVELS, LEVELS[known], TO_SIGMA * medians)


def _contradiction(reference, frame, bounds):
    """By how many times its tolerance a channel leaves its bounds, (H, W): positive above, negative below."""
    low, high = bounds.low[reference], bounds.high[reference]
    tolerance = bounds.tolerance[reference]
    tolerance += EDGE_TOLERANCE * np.maximum(_range(frame), _range(bounds.table[reference]))
    frame = frame.astype(np.float32)
    outside = np.maximum(frame - high, 0) - np.maximum(low - frame, 0)
    return outside / tolerance


def _range(image):
    """Range of the values of each pixel and its eight neighbours."""
    return cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(np.float32)


def _bleeding(reference, frame):
    """Factor of the tolerance, (H, W): 1, or more where any channel of either picture is nearly white."""
    if reference.shape[2] == 1:
        return 1
    low, high, most = BLEEDING
    factors = 1 + most * ((LEVELS - low) / (high - low)).clip(0, 1)
    return factors.astype(np.float32)[np.maximum(reference, frame).max(axis=2)]


def disc(radius):
    """Structuring element for OpenCV: 1 up to a radius in pixels from its centre, (2 radius + 1, 2 radius + 1)."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))

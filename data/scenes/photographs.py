"""Photographs that scikit-image carries, and what is measured or cut out of them."""

import functools
import warnings

import cv2
import numpy as np

from data.errors import DataError

FOCAL_LENGTH = 994.978  # pixels: calibration of the motorcycle at a quarter of its size
BASELINE = 0.193001  # metres between the two cameras
OFFSET = 31.086  # pixels between their principal points
COIN_AREA = (1000, 4000)  # pixels: everything else that is bright in the photograph of the coins is no coin


@functools.cache
def photograph(name):
    """Read a photograph that scikit-image carries, by its name there."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm's advice on widgets in notebooks
            from skimage import data

            return getattr(data, name)()
    except ImportError as error:
        raise DataError(
            "the built-in stacks are made from photographs of scikit-image, which is not installed; "
            "install it with: pip install scikit-image"
        ) from error


# --- the motorcycle --------------------------------------------------------------------------------------------------


@functools.cache
def motorcycle():
    """Photograph and depth of the motorcycle, both (500, 741): uint8 in colour, float32 in metres."""
    left, _, disparity = photograph("stereo_motorcycle")
    return left, depth_of(fill_from_far_side(disparity))


def depth_of(disparity):
    """Distance in metres of a disparity in pixels."""
    return np.float32(FOCAL_LENGTH * BASELINE) / (disparity + np.float32(OFFSET))


def fill_from_far_side(disparity):
    """Give every unknown disparity the smaller of the nearest known ones to its left and right: the far side.

    What one of two views cannot see lies behind an edge, so it belongs to what is farther away. Then thin near things
    are closed and grown by a pixel: their rims hold light of both sides, and would stay behind as a sharp outline.
    """
    known = np.where(np.isfinite(disparity), disparity, np.nan)
    left = fill_forward(known)
    right = fill_forward(known[:, ::-1])[:, ::-1]
    filled = np.fmin(left, right).astype(np.float32)
    filled = cv2.medianBlur(np.nan_to_num(filled, nan=float(np.nanmin(filled))), 3)
    closed = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.dilate(closed, np.ones((3, 3), np.uint8))


def fill_forward(rows):
    """Repeat the last known value of each row; NaN before the first one."""
    columns = np.where(np.isnan(rows), -1, np.arange(rows.shape[1]))
    last = np.maximum.accumulate(columns, axis=1)
    return np.where(last >= 0, np.take_along_axis(rows, last.clip(0), axis=1), np.nan)


# --- the coins -------------------------------------------------------------------------------------------------------


@functools.cache
def coins(scale=1.0):
    """Photograph of ancient coins and their alpha, both (H, W): uint8, and float32 in [0, 1]; enlarged by `scale`."""
    picture = photograph("coins")
    alpha = sum(alpha_of(outline, picture.shape) for outline in coin_outlines(picture))
    size = [round(length * scale) for length in picture.shape[::-1]]
    picture, alpha = (cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC) for plane in (picture, alpha))
    return picture, alpha.clip(0, 1)


@functools.cache
def one_coin():
    """The largest coin of the photograph alone and its alpha: uint8 and float32 of one shape (H, W)."""
    picture = photograph("coins")
    outline = max(coin_outlines(picture), key=cv2.contourArea)
    x, y, width, height = cv2.boundingRect(outline)
    box = slice(max(y - 3, 0), y + height + 3), slice(x - 3, x + width + 3)
    return picture[box], alpha_of(outline, picture.shape)[box]


def coin_outlines(picture):
    """Convex outlines of the whole coins in their photograph: what is brighter than its surroundings."""
    window = np.ones((41, 41), np.uint8)
    dark, bright = (cv2.GaussianBlur(f(picture, window), (0, 0), 15) for f in (cv2.erode, cv2.dilate))
    threshold = 0.7 * dark.astype(np.float32) + 0.3 * bright
    mask = (cv2.GaussianBlur(picture, (0, 0), 1.2) > threshold).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [outline for outline in map(cv2.convexHull, outlines) if is_coin(outline, picture.shape)]


def is_coin(outline, shape):
    """Whether an outline is as large and as round as a coin, and does not touch the border."""
    x, y, width, height = cv2.boundingRect(outline)
    inside = x > 1 and y > 1 and x + width < shape[1] - 1 and y + height < shape[0] - 1
    round_ = 0.8 < width / height < 1.25
    return inside and round_ and COIN_AREA[0] < cv2.contourArea(outline) < COIN_AREA[1]


def alpha_of(outline, shape):
    """Opacity of what lies within an outline, less a pixel that holds light of both sides, with a soft rim."""
    mask = cv2.fillPoly(np.zeros(shape, np.uint8), [outline], 255)
    mask = cv2.erode(mask, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(mask, (0, 0), 0.7).astype(np.float32) / 255

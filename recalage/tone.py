"""Tone: brightness and white balance of frames, compared and matched in linear light."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from data.image import FULL_SCALE, check_image, is_integer, to_integers
from data.scenes.light import LUMINANCE, to_linear, to_srgb

CELLS = 100  # along the longer side of a frame, about
SAMPLES = 10  # along a side of a cell, at least; fewer where a cell has fewer pixels
SMALLEST_CELL = 8  # pixels of its side; smaller ones would change with the focus
BRIGHTEST = 0.98  # of sRGB values; above that, JPEG hides what is clipped
DARKEST = 0.001  # mean light of a cell; below that, the black level of the camera counts
FEWEST = 12  # cells that are compared
WHOLE = 0.999  # share of exposed cells in one that is interpolated, but for rounding
ROWS = 256  # of a float image that are brightened at a time


class ToneSample(NamedTuple):
    """The mean linear light of a frame in large square cells.

    Attributes
    ----------
    light : ndarray of float32 of shape (rows, columns, C)
        C is 3 for colour, 1 for gray.
    is_exposed : ndarray of bool of the same shape
        Whether a cell is neither clipped anywhere nor black.
    """

    light: np.ndarray
    is_exposed: np.ndarray


def tone_sample(pixels):
    """Keep what of a frame is needed to compare its tone with that of another one.

    Parameters
    ----------
    pixels : ndarray of shape (H, W) or (H, W, 3)
        Image in the encoding of sRGB: float in [0, 1], uint8 or uint16.

    Returns
    -------
    ToneSample
        Of about 100 cells along the longer side, fewer where they would be smaller than 8 pixels.

    Raises
    ------
    DataError
        If `pixels` are no image.

    Notes
    -----
    Blur by defocus keeps the mean of linear light, not that of encoded values; so means of light over cells larger than
    the blur can be compared between frames of different focus. Large cells are sampled at every few pixels.
    """
    pixels = np.asarray(pixels)
    check_image("image", pixels)
    step, across = _grid(pixels.shape)
    samples = pixels[::step, ::step]
    rows, columns = (length // across for length in samples.shape[:2])
    samples = samples[: rows * across, : columns * across]
    levels = samples if is_integer(samples) else to_integers(samples, np.uint16)
    light = _means(_light_of_levels(levels.dtype.itemsize)[levels], rows, columns)
    clipped = _means((levels >= BRIGHTEST * FULL_SCALE[levels.dtype.itemsize]).astype(np.float32), rows, columns)
    return ToneSample(light, (clipped == 0) & (light > DARKEST))


def gains(samples, matrices, shape, reference):
    """Find by what the linear light of each frame is to be multiplied to match the reference.

    Parameters
    ----------
    samples : sequence of ToneSample or None
        Item k is what `tone_sample` kept of frame k; that of a frame left out is not looked at.
    matrices : ndarray of shape (N, 3, 3)
        Item k maps ``(x, y, 1)`` of frame k to the reference; NaN for frames left out.
    shape : tuple of int
        Height and width of the frames; more entries are ignored.
    reference : int
        Index of the reference.

    Returns
    -------
    ndarray of float64 of shape (N, C)
        C is 3 for colour, 1 for gray. 1 for the reference, NaN for frames left out. The median over cells that are
        exposed in both frames, so that what moves counts little. Where fewer than 12 cells can be compared, a channel
        takes the median of the other channels, and if none of them can be either, 1.
    """
    target, to_pixels = samples[reference], _cells_to_pixels(shape)
    found = np.full((len(matrices), target.light.shape[2]), np.nan)
    found[reference] = 1
    for index, matrix in enumerate(matrices):
        if index != reference and np.isfinite(matrix).all():
            found[index] = _gain(samples[index], target, np.linalg.inv(to_pixels) @ matrix @ to_pixels)
    return found


def match_tone(pixels, gains):
    """Multiply the linear light of a frame.

    Parameters
    ----------
    pixels : ndarray of shape (H, W) or (H, W, 3)
        Image in the encoding of sRGB: float in [0, 1], uint8 or uint16.
    gains : array_like of shape (3,) or (1,)
        Factor of each channel, or of all. Of three, a gray image takes the mean, weighted as luminance is.

    Returns
    -------
    ndarray of the shape of `pixels`
        uint8 and uint16 stay what they are, others are float32; more light than 1 is clipped. With gains of 1 these
        are the pixels themselves.

    Raises
    ------
    DataError
        If `pixels` are no image.
    ValueError
        If there are not 1 or 3 gains, or one is not positive.
    """
    pixels = np.asarray(pixels)
    check_image("image", pixels)
    factors = _factors(gains, pixels.ndim)
    if (factors == 1).all():
        return pixels
    if is_integer(pixels):
        pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
        return cv2.LUT(pixels, _table(pixels.dtype, factors))
    blocks = [_brighten(pixels[first : first + ROWS], factors) for first in range(0, len(pixels), ROWS)]
    return np.concatenate(blocks)


@cache
def _light_of_levels(itemsize):
    """Return the linear light of all levels of an unsigned integer."""
    return to_linear(np.linspace(0, 1, FULL_SCALE[itemsize] + 1))


def _grid(shape):
    """Return how many pixels samples of a frame are apart, and how many of them lie along a side of a cell."""
    side = min(max(SMALLEST_CELL, -(-max(shape[:2]) // CELLS)), *shape[:2])
    step = max(1, side // SAMPLES)
    return step, side // step


def _cells_to_pixels(shape):
    """Return the matrix that maps ``(column, row, 1)`` of a cell to its centre ``(x, y, 1)`` in the frame."""
    step, across = _grid(shape)
    pitch, first = step * across, step * (across - 1) / 2
    return np.array([[pitch, 0, first], [0, pitch, first], [0, 0, 1]])


def _means(values, rows, columns):
    """Average values over cells, of shape (rows, columns, C)."""
    return cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns, -1)


def _gain(moving, target, matrix):
    """Return the factor of each channel between two frames; the matrix maps cells of the one to cells of the other."""
    light = _warp_cells(moving.light, matrix, target.light.shape)
    is_exposed = _warp_cells(moving.is_exposed.astype(np.float32), matrix, target.light.shape) > WHOLE
    is_exposed &= target.is_exposed
    ratios = np.divide(target.light, light, out=np.full_like(light, np.nan), where=is_exposed)
    is_known = is_exposed.sum(axis=(0, 1)) >= FEWEST
    if not is_known.any():
        return 1.0
    medians = np.nanmedian(ratios[..., is_known], axis=(0, 1))
    factors = np.full(len(is_known), np.median(medians), np.float64)
    factors[is_known] = medians
    return factors


def _warp_cells(values, matrix, shape):
    """Draw cells where a matrix takes them; outside of the frame they are 0."""
    return cv2.warpPerspective(values, matrix, shape[1::-1], flags=cv2.INTER_LINEAR).reshape(shape)


def _factors(gains, ndim):
    """Return the factors of the channels of an image, 1 or 3 of them."""
    factors = np.asarray(gains, np.float64)
    if factors.shape not in ((1,), (3,)) or not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError(f"gains must be 1 or 3 positive numbers, got {factors.tolist()}")
    if ndim == 2 and len(factors) == 3:
        return np.array([np.average(factors, weights=LUMINANCE)])
    return factors


def _table(dtype, factors):
    """Return what becomes of all levels of an unsigned integer, of shape (1, levels, C)."""
    full_scale = FULL_SCALE[dtype.itemsize]
    light = _light_of_levels(dtype.itemsize)[None, :, None]
    return np.rint(_encode(light, factors) * full_scale).astype(dtype)


def _brighten(values, factors):
    """Multiply the light of sRGB values in [0, 1]."""
    return _encode(to_linear(values), factors)


def _encode(light, factors):
    return to_srgb((light * factors.astype(np.float32)).clip(0, 1))

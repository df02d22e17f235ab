"""Patches: how well two frames agree around every cell, and which way the one should move to agree better."""

from typing import NamedTuple

import cv2
import numpy as np

WINDOW = np.array([0.25, 0.5, 0.25])  # over cells: patches overlap, so that no edge is cut by the rim of its patch
LEAST_PART = 0.2  # of a patch that must be seen
LARGEST_GAIN = 10.0
FLAT = 1e-7  # mean square of detail below which a patch shows nothing but noise
EQUAL = 0.01  # share of a patch's detail by which equal patches are taken to differ


class Patches(NamedTuple):
    """What was found around the cells that are seen by both frames, M of them.

    Attributes
    ----------
    cells : ndarray of int of shape (M,)
        Which cells, counted row by row.
    centres : ndarray of shape (M, 2)
        Positions (x, y) in the template.
    curvature : ndarray of shape (M, 2, 2)
        How fast the difference of the two grows with displacement.
    pull : ndarray of shape (M, 2)
        `curvature` times the displacement of the template that would make them agree.
    weight : ndarray of shape (M,)
        How far a patch can be trusted.
    correlation : ndarray of shape (M,)
    detail : ndarray of shape (M,)
        Mean square of the template's detail.
    """

    cells: np.ndarray
    centres: np.ndarray
    curvature: np.ndarray
    pull: np.ndarray
    weight: np.ndarray
    correlation: np.ndarray
    detail: np.ndarray


def compare(template, moving, matrix, cells):
    """Compare two frames at one size.

    Parameters
    ----------
    template, moving : Level
    matrix : ndarray of shape (3, 3)
        Maps ``(x, y, 1)`` of the template to the moving frame.
    cells : ndarray of bool of shape template.grid
        Those to look at.

    Returns
    -------
    Patches

    Notes
    -----
    Each patch of the moving frame is scaled by a gain of its own, so that exposure, shading and contrast lost by blur do
    not matter. A patch counts by the share of it that the other one explains over the share that it does not.
    """
    x, y = template.slopes
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # not rounded to 1/32 pixel, as the smoother kinds are
    drawn = cv2.warpPerspective(moving.detail, matrix, template.shape[::-1], template.drawn, flags=flags)
    crossed = template.sums((x, drawn), (y, drawn), (template.detail, drawn), (drawn, drawn))
    seen = (cells & _is_inside(template, moving, matrix)).astype(np.float64)[..., None]
    sums = [*np.split(template.own_sums * seen, 2, axis=-1), crossed * seen, seen]
    smooth = np.concatenate([_smooth(part) for part in sums], axis=-1)
    kept = smooth[..., -1] > LEAST_PART
    xx, xy, yy, x_own, y_own, own, x_other, y_other, both, other, _ = smooth[kept].T
    gain = (both / np.maximum(other, 1e-12)).clip(0, LARGEST_GAIN)
    correlation = both / np.sqrt(np.maximum(own * other, 1e-20))
    explained = correlation.clip(0, 1) ** 2
    return Patches(
        cells=np.flatnonzero(kept),
        centres=template.centres[kept],
        curvature=np.stack([xx, xy, xy, yy], axis=-1).reshape(-1, 2, 2),
        pull=np.stack([gain * x_other - x_own, gain * y_other - y_own], axis=-1),
        weight=explained / ((1 - explained + EQUAL) * own + FLAT),
        correlation=correlation,
        detail=own,
    )


def mean_correlation(patches):
    """Mean correlation of patches, in [-1, 1]; they count by their contrast. -1 if there are none."""
    if not len(patches.detail):
        return -1.0
    return float(np.average(patches.correlation, weights=np.sqrt(patches.detail) + 1e-12))


def patch_count(cells):
    """Number of patches around cells, were all of them seen."""
    return int((_smooth(cells.astype(np.float64)) > LEAST_PART).sum())


def _smooth(sums):
    """Gather cells to patches; sums of at most four kinds at a time."""
    smooth = cv2.sepFilter2D(sums, -1, WINDOW, WINDOW, borderType=cv2.BORDER_CONSTANT)
    return smooth.reshape(sums.shape)


def _is_inside(template, moving, matrix):
    """Tell which cells of the template lie inside of the moving frame."""
    x, y, depth = matrix @ template.corners
    right, bottom = (length - 1 for length in moving.shape[::-1])
    inside = (depth > 0) & (x >= 0) & (y >= 0) & (x <= right * depth) & (y <= bottom * depth)
    return inside.reshape(4, *template.grid).all(axis=0)

"""The area that all frames cover."""

import numpy as np

from recalage.errors import RegistrationError
from recalage.homography import check_matrix

CANDIDATES = 65  # places of the left and of the right side that are tried in each round
FINER = 8  # how much closer they lie in the next round
TOLERANCE = 1e-6  # pixels


def common_area(matrices, shape):
    """Find a rectangle of the reference frame that every frame covers, within 1 % as large as the largest one.

    Parameters
    ----------
    matrices : sequence of ndarray of shape (3, 3)
        Item k maps ``(x, y, 1)`` of frame k to the reference, which for `homographies` is the last frame.
    shape : tuple of int
        Height and width of the frames; more entries are ignored.

    Returns
    -------
    rows, columns : slice
        ``image[rows, columns]`` is the rectangle; the origin of each of its pixels lies inside of every frame.

    Raises
    ------
    RegistrationError
        If there is no such rectangle, or it is narrower than 1/64 of a frame.
    ValueError
        If a matrix cannot be inverted.

    Notes
    -----
    What the frames share is a convex polygon, since each of them is one in the last. So the area that the best height
    gives has a single maximum over left and right sides; it is found on a grid of sides, made finer round by round.
    """
    borders = np.concatenate([_borders(matrix, shape) for matrix in [np.eye(3), *matrices]])
    last = shape[1] - 1
    step = max(1, -(-last // (CANDIDATES - 1)))
    left = right = step * (CANDIDATES // 2)
    around = np.arange(CANDIDATES) - CANDIDATES // 2
    while True:
        lefts, rights = (np.clip(side + step * around, 0, last) for side in (left, right))
        area, left, right = _best_sides(borders, lefts, rights)
        if step == 1 or area == 0:
            break
        step = max(1, step // FINER)
    if area == 0:
        raise RegistrationError(f"the {len(matrices)} frames cover no area together; leave out those that are far off")
    top, bottom = (int(end) for end in _extent(borders, left, right))
    return slice(top, bottom + 1), slice(left, right + 1)


def _borders(matrix, shape):
    """Return the 4 sides of a frame in the last one: rows (a, b, c) such that a x + b y + c >= 0 inside."""
    x, y, depth = np.linalg.inv(check_matrix(matrix))
    sides = np.stack([x, y, (shape[1] - 1) * depth - x, (shape[0] - 1) * depth - y])
    return sides / np.hypot(sides[:, 0], sides[:, 1])[:, None]


def _best_sides(borders, lefts, rights):
    """Return the largest area over pairs of sides, with its left and its right side."""
    top, bottom = _extent(borders, lefts[:, None], rights[None, :])
    areas = np.maximum(bottom - top + 1, 0) * np.maximum(rights[None, :] - lefts[:, None] + 1, 0)
    row, column = np.unravel_index(areas.argmax(), areas.shape)
    return int(areas[row, column]), int(lefts[row]), int(rights[column])


def _extent(borders, left, right):
    """Return the first and the last row of a rectangle between two columns; there is none if first > last."""
    top, bottom = np.float64(-np.inf), np.float64(np.inf)
    for a, b, c in borders:
        room = a * (left if a > 0 else right) + c + TOLERANCE  # at the corner that is nearest to this border
        if abs(b) < TOLERANCE:
            bottom = np.where(room >= 0, bottom, -np.inf)
        elif b > 0:
            top = np.maximum(top, -room / b)
        else:
            bottom = np.minimum(bottom, -room / b)
    return np.ceil(top), np.floor(bottom)

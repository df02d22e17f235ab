"""Homographies: the transforms between two images of a plane, or of any scene seen from one place."""

import numpy as np

LEAST_SCALE, LARGEST_SCALE = 0.5, 2.0  # of a homography between neighbours; others are mistakes


def project(homography, points):
    """Map points by a homography.

    Parameters
    ----------
    homography : ndarray of shape (3, 3)
        Maps ``(x, y, 1)``.
    points : ndarray of shape (M, 2)
        Positions (x, y).

    Returns
    -------
    ndarray of float64 of shape (M, 2)
    """
    mapped = np.column_stack([points, np.ones(len(points))]) @ np.transpose(homography)
    return mapped[:, :2] / mapped[:, 2:]


def scale_at(homography, point):
    """Tell by how much a homography enlarges the surroundings of a point.

    Parameters
    ----------
    homography : ndarray of shape (3, 3)
        Maps ``(x, y, 1)``.
    point : pair of float
        Position (x, y).

    Returns
    -------
    float
        Square root of how much an area there grows.
    """
    depth = homography[2] @ [*point, 1]
    return float(np.sqrt(np.linalg.det(homography) / depth**3))


def normalised(homography):
    """Scale a homography so that its last entry is 1."""
    return homography / homography[2, 2]


def check_matrix(matrix):
    """Return a matrix as float64; raise a ValueError unless it is (3, 3) and can be inverted."""
    matrix = np.asarray(matrix, np.float64)
    if not (matrix.shape == (3, 3) and np.isfinite(matrix).all() and np.linalg.det(matrix) != 0):
        raise ValueError(f"matrix must be a (3, 3) array that can be inverted, got {matrix.tolist()}")
    return matrix


def is_plausible(homography, shape):
    """Tell whether a homography could relate two frames of a stack.

    Parameters
    ----------
    homography : ndarray of shape (3, 3)
    shape : tuple of int
        Height and width of the image it maps.

    Returns
    -------
    bool
        Whether it neither mirrors nor scales by less than 0.5 or more than 2, in any direction, at the corners.
    """
    if not np.isfinite(homography).all():
        return False
    for corner in corners(shape):
        depth = homography[2] @ [*corner, 1]
        if not depth > 0:  # beyond the horizon
            return False
        mapped = project(homography, corner[None])[0]
        local = (homography[:2, :2] - np.outer(mapped, homography[2, :2])) / depth
        largest, least = np.linalg.svd(local, compute_uv=False)
        if np.linalg.det(local) <= 0 or least < LEAST_SCALE or largest > LARGEST_SCALE:
            return False
    return True


def corners(shape):
    """Positions (x, y) of the centres of the four corner pixels, of shape (4, 2)."""
    right, bottom = shape[1] - 1, shape[0] - 1
    return np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float64)


def corner_errors(found, true, shape):
    """How far a transform takes the four corners of a frame from where another one does: 4 distances in pixels."""
    places = corners(shape)
    return np.linalg.norm(project(found, places) - project(true, places), axis=1)


def centring(shape):
    """Return the matrix that moves the middle of a frame to 0, and its corners to distance 1 from there."""
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    reach = np.hypot(x, y)
    return np.array([[1, 0, -x], [0, 1, -y], [0, 0, reach]]) / reach

"""Polishing: the fit of a homography to all of its inliers."""

import numpy as np

from recalage.homography import normalised, project


def polish(homography, source, target, *, scale=1.0, rounds=10):
    """Fit a homography to matches by iterated least squares, from a good start.

    Parameters
    ----------
    homography : ndarray of shape (3, 3)
        The start.
    source, target : ndarray of shape (M, 2)
        Positions (x, y) of M >= 4 matches.
    scale : float, optional
        Reprojection error at which a match counts half, in pixels.
    rounds : int, optional
        Number of Gauss-Newton steps.

    Returns
    -------
    ndarray of float64 of shape (3, 3)
        Minimises the sum of ``log(1 + (error / scale)**2)``; ``homography[2, 2] == 1``.
    """
    centring = _centring(source)
    centred = project(centring, source)
    homography = normalised(homography @ np.linalg.inv(centring))
    for _ in range(rounds):
        errors = target - project(homography, centred)
        weights = 1 / np.hypot(1, np.linalg.norm(errors, axis=1) / scale)  # square roots of Cauchy's
        slopes = (_slopes(homography, centred) * weights[:, None, None]).reshape(-1, 8)
        step = np.linalg.lstsq(slopes.T @ slopes, slopes.T @ (errors * weights[:, None]).ravel())[0]
        homography = homography + np.append(step, 0).reshape(3, 3)
    return normalised(homography @ centring)


def _centring(points):
    """Return the matrix that moves points to mean 0 and standard deviation 1, where sums are well conditioned."""
    (x, y), spread = points.mean(axis=0), max(points.std(), 1e-9)
    return np.array([[1, 0, -x], [0, 1, -y], [0, 0, spread]]) / spread


def _slopes(homography, points):
    """Derivatives of projected points by the first 8 entries of the homography, of shape (M, 2, 8)."""
    ones = np.column_stack([points, np.ones(len(points))])
    scaled = ones / (ones @ homography[2])[:, None]
    projected = project(homography, points)
    slopes = np.zeros((len(points), 2, 8))
    slopes[:, 0, 0:3] = scaled
    slopes[:, 1, 3:6] = scaled
    slopes[:, :, 6:8] = -projected[:, :, None] * scaled[:, None, :2]
    return slopes

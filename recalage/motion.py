"""Models of motion: how a frame may move against another, by how many numbers that is told, and what they do."""

import numpy as np


def _translation(x, y):
    zero, one = np.zeros_like(x), np.ones_like(x)
    return [[one, zero], [zero, one]]


def _similarity(x, y):
    return [*_translation(x, y), [x, y], [-y, x]]


def _affine(x, y):
    zero = np.zeros_like(x)
    return [*_translation(x, y), [x, zero], [y, zero], [zero, x], [zero, y]]


def _homography(x, y):
    return [*_affine(x, y), [-x * x, -x * y], [-x * y, -y * y]]


MODELS = {"translation": _translation, "similarity": _similarity, "affine": _affine, "homography": _homography}
"""Displacements (x, y) that each parameter of a model adds to points, by name of the model."""


def slopes(model, points):
    """Derivatives of displacements by the parameters of a model, at no motion.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    points : ndarray of shape (M, 2)
        Positions (x, y).

    Returns
    -------
    ndarray of float64 of shape (M, 2, P)
        P is 2, 4, 6 or 8.
    """
    return np.array(MODELS[model](*np.transpose(points)), np.float64).transpose(2, 1, 0)


def matrix_of(model, parameters):
    """Return the 3 x 3 matrix that moves points as the parameters of a model say."""
    p = parameters
    if model == "translation":
        return np.array([[1, 0, p[0]], [0, 1, p[1]], [0, 0, 1.0]])
    if model == "similarity":
        return np.array([[1 + p[2], -p[3], p[0]], [p[3], 1 + p[2], p[1]], [0, 0, 1.0]])
    last = [0, 0] if model == "affine" else p[6:]
    return np.array([[1 + p[2], p[3], p[0]], [p[4], 1 + p[5], p[1]], [*last, 1.0]])


def fit_matches(model, source, target):
    """Fit a motion, but for a homography, to matches by least squares.

    Parameters
    ----------
    model : str
        "translation", "similarity" or "affine".
    source, target : ndarray of shape (M, 2)
        Positions (x, y).

    Returns
    -------
    ndarray of float64 of shape (3, 3)
        Maps ``(x, y, 1)`` of `source` to `target`.
    """
    moves = slopes(model, source).reshape(2 * len(source), -1)
    return matrix_of(model, np.linalg.lstsq(moves, (target - source).ravel())[0])

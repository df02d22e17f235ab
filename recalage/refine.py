"""Refinement: from a motion that is nearly right to one that is right to a hundredth of a pixel."""

import numpy as np

from recalage.homography import centring, normalised
from recalage.motion import matrix_of, slopes
from recalage.patches import compare

ROUNDS = 6  # of weighing patches anew, in each step
OUTLYING = 2.0  # times the median distance that patches are off: where one counts a quarter
FITTING = 0.25  # pixels: a median below which most patches obey the model; those that do not are then left behind
STRICT = 0.5  # what counts as outlying then
FINEST = 1e-3  # pixels: patches nearer than that agree exactly
LEAST_PATCHES = 6
UNKNOWN = 1e-5  # share of the best known combination of parameters: what patches tell less of stays as it is
LARGEST_STEP = 0.5  # of the way from the middle to a corner: a motion that goes farther at once is none
STIFFNESS = 1e-3  # share by which a patch resists along its edges, where it cannot tell how far it is off


def refine(template, moving, matrix, model, *, steps=15, precision=2e-3):
    """Fit a motion to all patches of one size that are not kept back for the test, by Gauss-Newton steps.

    Parameters
    ----------
    template, moving : Level
    matrix : ndarray of shape (3, 3)
        The start: maps ``(x, y, 1)`` of the template to the moving frame.
    model : str
        One of `motion.MODELS`.
    steps : int, optional
        At most.
    precision : float, optional
        Pixels: stop when a step moves no point farther.

    Returns
    -------
    matrix : ndarray of float64 of shape (3, 3)
    spread : float
        Median distance by which patches are still off, in pixels; infinite if there are too few of them, or they lead
        nowhere.

    Notes
    -----
    The slopes are those of the template, which stays (the inverse compositional step of [1]_). Patches that are pulled
    elsewhere than most, by the rims of near things that blur, or because they move, count next to nothing.

    References
    ----------
    .. [1] S. Baker, I. Matthews, "Lucas-Kanade 20 years on: a unifying framework," IJCV 56(3), 2004.
       :doi:`10.1023/B:VISI.0000011205.11775.fd`
    """
    to_middle = centring(template.shape)
    reach = 1 / to_middle[0, 0]  # pixels from the middle to a corner
    spread = np.inf
    for _ in range(steps):
        patches = compare(template, moving, matrix, ~template.kept_back)
        if len(patches.weight) < LEAST_PATCHES or not patches.weight.any():
            return matrix, np.inf
        moves = slopes(model, patches.centres * to_middle[0, 0] + to_middle[:2, 2]) * reach
        step, spread = _fit(patches, moves, spread)
        if not np.abs(step).max() < LARGEST_STEP:
            return matrix, np.inf
        moved = np.linalg.inv(to_middle) @ matrix_of(model, step) @ to_middle
        matrix = normalised(matrix @ np.linalg.inv(moved))
        if np.abs(step).max() * reach < precision:
            break
    return matrix, spread


def _fit(patches, moves, spread):
    """Fit the parameters of a model to what patches are pulled by; patches that contradict lose their weight.

    `spread` is that of the step before, infinite in the first one, where all patches may be displaced alike.
    """
    size = np.trace(patches.curvature, axis1=1, axis2=2)
    to_pixels = np.linalg.inv(patches.curvature + np.eye(2) * (STIFFNESS * size + 1e-12)[:, None, None])
    slope = patches.curvature @ moves
    rows, columns = moves.reshape(-1, moves.shape[2]), slope.reshape(-1, moves.shape[2])
    off = _lengths(to_pixels, patches.pull)
    for _ in range(ROUNDS):
        outlying = (STRICT if spread < FITTING else OUTLYING) * spread + FINEST
        weight = np.repeat(patches.weight / (1 + (off / outlying) ** 2) ** 2, 2)
        normal, right = rows.T @ (columns * weight[:, None]), rows.T @ (patches.pull.ravel() * weight)
        parameters = np.linalg.lstsq(normal, right, rcond=UNKNOWN)[0]
        off = _lengths(to_pixels, patches.pull - slope @ parameters)
        spread = _weighted_median(off, patches.weight * size)
    return parameters, spread


def _lengths(to_pixels, pulls):
    """How far patches are off, in pixels."""
    return np.hypot(*np.einsum("mde,me->dm", to_pixels, pulls))


def _weighted_median(values, weights):
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])

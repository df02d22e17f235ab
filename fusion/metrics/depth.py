"""Error of a depth map against the true one, and how well a confidence foretells it."""

from typing import NamedTuple

import numpy as np

SHARES = tuple(percent / 100 for percent in range(0, 100, 5))


class Sparsification(NamedTuple):
    """How the error shrinks as the least confident pixels are removed, and as the worst ones are."""

    shares: np.ndarray  # (K,): share of the pixels that is removed
    error: np.ndarray  # (K,): mean absolute error of the rest, when the least confident are removed
    oracle: np.ndarray  # (K,): the same, when those of the largest error are removed
    area: float  # between the two curves, in units of the mean absolute error of all pixels


class DepthError(NamedTuple):
    """How far a depth map is from the true one."""

    mae: float  # mean absolute error, in the unit of the depth
    rms: float  # root mean square error, in the same unit
    off: float  # fraction of the pixels that are wrong by more than one step
    sparsification: Sparsification | None  # None without a confidence


def depth_error(depth, truth, *, step=1.0, confidence=None):
    """Compare a depth map with the true one.

    Parameters
    ----------
    depth, truth : ndarray of one shape (H, W)
        In one unit: frame numbers, with fractions or without, or metres. Where the truth is NaN or infinite it is
        unknown, and the pixel is left out.
    step : float, optional
        Error above which a pixel counts as off, in the unit of the depth: 1 for frame numbers.
    confidence : ndarray of shape (H, W), optional
        Larger where the depth is more certain, in any unit.

    Returns
    -------
    DepthError
        `mae` and `rms` in the unit of the depth, the fraction `off` in [0, 1], and the `sparsification` by the
        confidence, None without one.

    Raises
    ------
    ValueError
        If an input is not (H, W), no numbers, or of another shape; if depth is not finite, or confidence is NaN, where
        the truth is known; if it is known nowhere; or if `step` is not positive.

    See Also
    --------
    sparsification
    """
    if not 0 < step < float("inf"):
        raise ValueError(f"step must be positive, in the unit of the depth (1 for frame numbers), got {step}")
    errors, known = _known_errors(depth, truth)
    ranks = None if confidence is None else _known_ranks(confidence, known)
    return DepthError(
        mae=float(errors.mean()),
        rms=float(np.sqrt(np.mean(errors**2))),
        off=float(np.mean(errors > step)),
        sparsification=None if ranks is None else _sparsify(errors, ranks, np.array(SHARES)),
    )


def sparsification(depth, truth, confidence, *, shares=SHARES):
    """Remove the least confident pixels of a depth map, share by share, and see whether the error shrinks.

    Parameters
    ----------
    depth, truth : ndarray of one shape (H, W)
        In one unit. Where the truth is NaN or infinite it is unknown, and the pixel is left out.
    confidence : ndarray of shape (H, W)
        Larger where the depth is more certain, in any unit: only its order counts, and infinite values may occur.
    shares : sequence of float, optional
        Shares of the pixels to remove, rising, from 0 to less than 1; by default 0, 5, ..., 95 %.

    Returns
    -------
    Sparsification
        `shares`; the mean absolute error of the pixels that are left, `error` and `oracle`, in the unit of the depth;
        and the `area` between both curves over the shares, divided by the mean absolute error of all pixels (AUSE in
        the paper). It is 0 for a confidence that orders the pixels as their errors do, or where there is no error.

    Raises
    ------
    ValueError
        If an input is not (H, W), no numbers, or of another shape; if depth is not finite, or confidence is NaN, where
        the truth is known; if it is known nowhere; or if the shares are not rising in [0, 1).

    Notes
    -----
    Of pixels of equal confidence, any might be removed first: they all count with their mean error, which is the
    expectation over their orders. Where a share is no whole number of pixels, the last one is removed in part.

    References
    ----------
    .. [1] E. Ilg et al., "Uncertainty estimates and multi-hypotheses networks for optical flow," ECCV 2018.
       :doi:`10.1007/978-3-030-01234-2_40`
    """
    shares = _checked_shares(shares)
    errors, known = _known_errors(depth, truth)
    return _sparsify(errors, _known_ranks(confidence, known), shares)


def _sparsify(errors, confidence, shares):
    error, oracle = (_error_of_the_rest(errors, order, shares) for order in (confidence, -errors))
    scale = errors.mean() or 1  # without any error, both curves are 0
    return Sparsification(shares, error, oracle, float(np.trapezoid(error - oracle, shares) / scale))


def _error_of_the_rest(errors, confidence, shares):
    """Mean error when the least confident shares are removed; pixels of equal confidence go together."""
    _, group, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    counts = np.append(0, np.cumsum(sizes))
    sums = np.append(0, np.cumsum(np.bincount(group, weights=errors)))
    kept = (1 - shares) * errors.size
    return np.interp(kept, counts, sums) / kept


def _known_errors(depth, truth):
    """Absolute errors where the truth is known, as a vector, and where that is."""
    depth, truth = _map("depth", depth), _map("truth", truth)
    _check_shape("depth", depth, truth)
    known = np.isfinite(truth)
    if not known.any():
        raise ValueError("truth is NaN or infinite at every pixel; it must be known at one at least")
    depth = depth[known]
    missing = np.count_nonzero(~np.isfinite(depth))
    if missing:
        raise ValueError(
            f"depth is not finite at {missing} of the {depth.size} pixels whose truth is known; fill them in, or set "
            "their truth to NaN to leave them out"
        )
    return np.abs(depth - truth[known]), known


def _known_ranks(confidence, known):
    """Confidence where the truth is known, as a vector."""
    confidence = _map("confidence", confidence)
    _check_shape("confidence", confidence, known)
    confidence = confidence[known]
    missing = np.count_nonzero(np.isnan(confidence))
    if missing:
        raise ValueError(
            f"confidence is NaN at {missing} of the {confidence.size} pixels whose truth is known; give those the "
            "lowest confidence, or set their truth to NaN to leave them out"
        )
    return confidence


def _map(name, values):
    """Numbers of shape (H, W) as float64."""
    values = np.asarray(values)
    if values.ndim != 2 or values.dtype.kind not in "uif":
        raise ValueError(
            f"{name} has shape {values.shape} and type {values.dtype}; it must be (H, W), integers or floats: one "
            "number for each pixel"
        )
    return values.astype(np.float64)


def _check_shape(name, values, truth):
    if values.shape != truth.shape:
        raise ValueError(
            f"{name} and truth must have one shape, got {values.shape} and {truth.shape}; crop or resize one"
        )


def _checked_shares(shares):
    shares = np.asarray(shares, np.float64)
    if shares.ndim != 1 or shares.size < 2 or not (shares[0] >= 0 and shares[-1] < 1 and (np.diff(shares) > 0).all()):
        raise ValueError(
            f"shares must be two or more, rising, from 0 to less than 1, such as (0, 0.5, 0.9); got {shares.tolist()}"
        )
    return shares

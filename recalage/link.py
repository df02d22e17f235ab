"""Links: how one frame lies against another, found from coarse to fine, and believed only if a test agrees."""

from typing import NamedTuple

import cv2
import numpy as np

from recalage.consensus import find_consensus
from recalage.homography import is_plausible, normalised
from recalage.levels import at_size
from recalage.matching import match
from recalage.motion import fit_matches
from recalage.patches import compare, mean_correlation
from recalage.refine import refine
from recalage.trial import Agreement, agreement, coarsest_tested

COARSE_PRECISION, FINE_PRECISION = 0.02, 2e-3  # pixels of the size at hand, at which steps end
SHARP = 0.6  # correlation from which on two frames are alike enough at a size to be brought together by it
LEAST_CORRELATION = 0.3  # in patches kept back
LEAST_EVIDENCE = 5.0  # standard errors, between blocks, by which the correlation of patches kept back is above 0
LEAST_MATCHES = 8  # of features, for a start
LOOSE = 3.0  # pixels that these may be off
LEAST_PEAK = 0.02  # of phase correlation, where 1 is a mere shift
MIDDLE = 2  # halvings of the size at which shifts are looked for


class Link(NamedTuple):
    """How a frame lies against another one.

    Attributes
    ----------
    matrix : ndarray of float64 of shape (3, 3)
        Maps ``(x, y, 1)`` of the moving frame, reduced, to the fixed one, reduced.
    spread : float
        Median distance by which patches are off, in pixels of the reduced frame.
    level : int
        Size at which it was found: the finest one at which the two are alike.
    found : Agreement
        There, in patches kept back.
    """

    matrix: np.ndarray
    spread: float
    level: int
    found: Agreement


def find_link(moving, fixed, model, starts=()):
    """Find how one frame lies against another.

    Parameters
    ----------
    moving, fixed : Frame
    model : str
        One of `motion.MODELS`.
    starts : iterable of ndarray of shape (3, 3), optional
        What the motion may be, as `Link.matrix`, beside none at all and the shift that phase correlation finds.

    Returns
    -------
    Link, or None
        None where patches kept back do not agree, or the motion is absurd.
    """
    if np.array_equal(moving.reduced.gray, fixed.reduced.gray):
        return Link(np.eye(3), 0.0, 0, Agreement(1.0, np.inf, 1.0))
    link = _descend(moving, fixed, model, [np.eye(3), *starts, *_shift(moving, fixed)])
    if is_believed(link, moving) and link.found.correlation > SHARP:
        return _or_still(link, moving, fixed)
    start = _from_features(moving, fixed, model)
    links = [link] if start is None else [link, _descend(moving, fixed, model, [start])]
    believed = [link for link in links if is_believed(link, moving)]
    best = max(believed, key=lambda link: (-link.level, link.found.correlation), default=None)
    return _still(moving, fixed) if best is None else _or_still(best, moving, fixed)


def refine_link(moving, fixed, model, start, level):
    """Find a link, at one size, from a start that is nearly right; None where patches kept back do not agree."""
    matrix = at_size(np.linalg.inv(start), level)
    matrix, spread = refine(fixed.levels[level], moving.levels[level], matrix, model, precision=FINE_PRECISION)
    link = _link(moving, fixed, matrix, spread, level)
    return link if is_believed(link, moving) else None


def _or_still(link, moving, fixed):
    """Return a link, or one without motion if the frames agree no worse as they are."""
    found = agreement(moving, fixed, np.eye(3), link.level)
    return link if link.found.correlation > found.correlation else link._replace(matrix=np.eye(3), found=found)


def _still(moving, fixed):
    """Return a link without motion if the frames agree so at any size, or None."""
    for level in range(coarsest_tested(fixed) + 1):
        found = agreement(moving, fixed, np.eye(3), level, everywhere=True)
        if found.correlation > SHARP and found.evidence > LEAST_EVIDENCE:
            return Link(np.eye(3), float(2**level), level, found)
    return None


def is_believed(link, moving):
    """Tell whether a link is plausible, and patches that did not make it agree with it."""
    return bool(
        np.isfinite(link.spread)
        and is_plausible(link.matrix, moving.levels[0].shape)
        and link.found.correlation > LEAST_CORRELATION
        and link.found.evidence > LEAST_EVIDENCE
    )


def _descend(moving, fixed, model, starts):
    """Refine the best of several starts from the smallest size to the finest at which the two are alike."""
    pairs = list(zip(fixed.levels, moving.levels))
    matrix = _best_start(*pairs[-1], model, [at_size(np.linalg.inv(start), len(pairs) - 1) for start in starts])
    best = None
    for level in range(len(pairs) - 2, -1, -1):
        precision = COARSE_PRECISION if level else FINE_PRECISION
        matrix, spread = refine(*pairs[level], at_size(matrix, -1), model, precision=precision)
        if level > coarsest_tested(fixed):
            continue
        link = _link(moving, fixed, matrix, spread, level)
        if best is not None and link.found.correlation < SHARP:
            break
        best = link
    return best


def _best_start(template, moving, model, starts):
    """Refine motions at the smallest size; return the one by which frames agree best."""
    refined = [refine(template, moving, start, model, precision=COARSE_PRECISION)[0] for start in starts]
    every = np.ones(template.grid, bool)
    return max(refined, key=lambda matrix: mean_correlation(compare(template, moving, matrix, every)))


def _link(moving, fixed, matrix, spread, level):
    """Express what was found at one size in pixels of the reduced frames."""
    matrix = normalised(np.linalg.inv(at_size(matrix, -level)))
    return Link(matrix, spread * 2**level, level, agreement(moving, fixed, matrix, level))


def _shift(moving, fixed):
    """Find the shift between two frames by phase correlation at a middle size: one `Link.matrix`, or none.

    References
    ----------
    .. [1] C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method," Int. Conf. on Cybernetics and
       Society, 1975.
    """
    level = min(MIDDLE, len(fixed.levels) - 1)
    target, source = fixed.levels[level].detail, moving.levels[level].detail
    window = cv2.createHanningWindow(target.shape[::-1], cv2.CV_32F)  # given to phaseCorrelate, it may spoil its input
    (x, y), peak = cv2.phaseCorrelate(source * window, target * window)
    return [at_size(np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]), -level)] if peak > LEAST_PEAK else []


def _from_features(moving, fixed, model):
    """Find a motion from features that match, as `Link.matrix`, or None."""
    source, target = match(moving.features, fixed.features)
    homography, is_inlier = find_consensus(source, target, LOOSE * max(moving.features.pitch, fixed.features.pitch))
    if is_inlier.sum() < LEAST_MATCHES:
        return None
    return homography if model == "homography" else fit_matches(model, source[is_inlier], target[is_inlier])

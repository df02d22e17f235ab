"""Do no harm: a frame is moved only where that is known to be better than to leave it as it is."""

from typing import NamedTuple

import numpy as np

from recalage.homography import corner_errors
from recalage.link import SHARP
from recalage.trial import Agreement, agreement, coarsest_tested, compare_motions

PER_LINK = 0.1  # of a link's spread: its error
TRUST = 6.0  # times the error that links have left on the way to the reference: less is no motion
# Pixels of the frame, at its farthest corner: less is not worth an interpolation, and freer models move corners by more
# without a cause.
LEAST_MOTION = {"translation": 0.25, "similarity": 0.25, "affine": 0.5, "homography": 0.5}
ADVANTAGE = 2.0  # standard errors, between blocks kept back, by which they must agree better
SLACK = 0.01  # of correlation that a frame and its neighbour, both moved, may lose on both as they are given
CLEAR = 10.0  # standard errors from which on the reference alone is asked
LEAST_GAIN = 0.01  # of what correlation lacks to 1: as much is gained by the mere smoothing of noise in a drawn frame


class Verdict(NamedTuple):
    """Whether a frame is to be moved, and by what that was judged.

    Attributes
    ----------
    reason : str
        Why it is not, or empty.
    judge : int
        The frame it was compared with.
    before, after : Agreement
        With that frame, in patches kept back: both as they are given, and as they are handed on.
    """

    reason: str
    judge: int
    before: Agreement
    after: Agreement


class Trial(NamedTuple):
    """A frame compared with another one, unmoved and moved."""

    judge: int
    level: int
    unmoved: Agreement
    moved: Agreement
    advantage: float


def judge(index, matrices, links, frames, reference, model):
    """Tell whether a frame agrees better if it is moved, with the reference or with its neighbour.

    The one that tells the difference more clearly decides. The reference is asked only where the two are alike, and the
    neighbour only where that one does not tell.

    Parameters
    ----------
    index : int
        Of the frame.
    matrices, links : dict
        As `place_by_chain` returns them.
    frames : dict of int to Frame
    reference : int
    model : str

    Returns
    -------
    Verdict
    """
    first = _toward_reference(links)
    neighbour = first[index]
    trials = [] if neighbour == reference else _by_reference(index, matrices, frames, reference)
    if not trials or abs(trials[0].advantage) < CLEAR:
        trials.append(_by_neighbour(index, neighbour, matrices, frames, links[index, neighbour].level))
    found = max(trials, key=lambda trial: abs(trial.advantage))
    before = found.unmoved
    if found.judge != reference:
        before = agreement(frames[index], frames[found.judge], np.eye(3), found.level)
    is_better = _is_better(found) and found.moved.correlation > before.correlation - SLACK
    error = _error(index, links, first, reference)
    reason = _too_little(matrices[index], frames[index].reduced, model, error)
    if not reason and not (is_better and min(trial.advantage for trial in trials) > -ADVANTAGE):
        reason = "no better if moved"
    return Verdict(reason, found.judge, before, found.unmoved if reason else found.moved)


def _too_little(matrix, reduced, model, error):
    """Tell why a motion is too small to be carried out, or nothing."""
    moved = corner_errors(matrix, np.eye(3), reduced.gray.shape).max()
    if moved < LEAST_MOTION[model] / reduced.pitch:
        return "found at rest"
    return "moves less than can be told" if moved < TRUST * error else ""


def _is_better(trial):
    """Tell whether a frame agrees better if it is moved, clearly and by more than drawing it would explain."""
    lacking = 1 - np.array([trial.unmoved.correlation, trial.moved.correlation])
    return trial.advantage > ADVANTAGE and lacking[1] < (1 - LEAST_GAIN) * lacking[0]


def _by_neighbour(index, neighbour, matrices, frames, level):
    """Compare a frame with its neighbour as that one is aligned."""
    back = np.linalg.inv(matrices[neighbour])
    found = compare_motions(frames[index], frames[neighbour], back, back @ matrices[index], level)
    return Trial(neighbour, level, *found)


def _by_reference(index, matrices, frames, reference):
    """Compare a frame with the reference at the finest size at which the two are alike: one trial, or none."""
    for level in range(coarsest_tested(frames[index]) + 1):
        found = compare_motions(frames[index], frames[reference], np.eye(3), matrices[index], level)
        if max(found[0].correlation, found[1].correlation) >= SHARP:
            return [Trial(reference, level, *found)]
    return []


def _toward_reference(links):
    """Return the frame that each one was matched with first."""
    first = {}
    for moving, fixed in links:
        first.setdefault(moving, fixed)
    return first


def _error(index, links, first, reference):
    """Error to be expected of the links from a frame to the reference, which add up like random steps."""
    squares = 0.0
    while index != reference:
        squares += (PER_LINK * links[index, first[index]].spread) ** 2
        index = first[index]
    return squares**0.5

"""Do no harm: a frame is moved only where that is known to be better than to leave it as it is."""

from typing import NamedTuple

import numpy as np

from recalage.homography import corners, project
from recalage.link import SHARP
from recalage.trial import Agreement, compare_motions, finest_tested

PER_LINK = 0.1  # of a link's spread: its error
TRUST = 6.0  # times the error that links have left on the way to the reference: less is no motion
LEAST_MOTION = 0.25  # pixels of the frame, at its farthest corner: less is never worth an interpolation
ADVANTAGE = 2.0  # standard errors by which patches kept back must agree better


class Verdict(NamedTuple):
    """Whether a frame is to be moved, and by what that was judged.

    Attributes
    ----------
    reason : str
        Why it is not, or empty.
    judge : int
        The frame it was compared with.
    before, after : Agreement
        With that frame, in patches kept back: both as they are given, and both aligned.
    """

    reason: str
    judge: int
    before: Agreement
    after: Agreement


def judge(index, matrices, links, frames, reference):
    """Compare a frame, unmoved and moved, with the reference, or with its neighbour where these two are too unlike.

    Parameters
    ----------
    index : int
        Of the frame.
    matrices, links : dict
        As `place_by_chain` returns them.
    frames : dict of int to Frame
    reference : int

    Returns
    -------
    Verdict
    """
    for level in range(finest_tested(frames[index]) + 1):
        before, after, advantage = compare_motions(frames[index], frames[reference], np.eye(3), matrices[index], level)
        if after.correlation >= SHARP:
            partner = reference
            break
    else:
        partner = _toward_reference(links)[index]
        motion = np.linalg.inv(matrices[partner]) @ matrices[index]
        level = links[index, partner].level
        before, after, advantage = compare_motions(frames[index], frames[partner], np.eye(3), motion, level)
    least = max(LEAST_MOTION / frames[index].reduced.pitch, TRUST * _error(index, links, reference))
    if _farthest(matrices[index], frames[index].reduced.gray.shape) < least:
        return Verdict("lies where it should", partner, before, after)
    is_better = advantage > ADVANTAGE and after.correlation > before.correlation
    return Verdict("" if is_better else "agrees no better if it is moved", partner, before, after)


def _farthest(matrix, shape):
    """Distance by which the farthest corner moves."""
    places = corners(shape)
    return float(np.linalg.norm(project(matrix, places) - places, axis=1).max())


def _toward_reference(links):
    """Return the frame that each one was matched with first."""
    first = {}
    for moving, fixed in links:
        first.setdefault(moving, fixed)
    return first


def _error(index, links, reference):
    """Error to be expected of the links from a frame to the reference, which add up like random steps."""
    first, squares = _toward_reference(links), 0.0
    while index != reference:
        squares += (PER_LINK * links[index, first[index]].spread) ** 2
        index = first[index]
    return squares**0.5

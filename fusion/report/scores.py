"""Scores of results without a truth, and how to read each in one line."""

import math

import cv2

from data import open_stack
from fusion.evaluation import score_with, scorers_for
from fusion.lineup import EXPOSURE, FOCUS
from fusion.report.contents import Metric

MEANINGS = {
    "MEF-SSIM": "Structure of the best of the exposures that is kept, at three scales; 1 is all of it. It sees neither "
    "brightness nor colour.",
    "Q_G": "Share of the edges of the frames, their strength and direction, that the result keeps; 1 is all.",
    "Q_CB": "Share of the local contrast, as the eye sees it, that the result keeps; 1 is all.",
    "Q_MI": "How much of the values of the frames can be told from the result. Copied pixels score high, mixed ones low, "
    "however near to the truth they are.",
    "Q_Y": "Structural similarity to whichever of two frames is to be seen in each place; 1 is equal.",
    "AG": "Mean gradient of the result, in levels: detail, and noise and halos as well. More is not always better.",
}
BY_KIND = {FOCUS: ("Q_G", "Q_CB", "Q_MI", "Q_Y"), EXPOSURE: ("MEF-SSIM", "Q_G", "Q_CB")}
LARGEST = 2e6  # pixels at which a frame is scored
BUDGET = 24e6  # pixels of all frames together
SMALLEST_SIDE = 64  # pixels, to which frames are reduced at most


def metrics_for(kinds, count):
    """List the metrics for frames that differ in `kinds`, the same for both or none: as Metric."""
    names = dict.fromkeys(name for kind in kinds or (FOCUS,) for name in BY_KIND[kind])
    names = [name for name in [*names, "AG"] if name != "Q_Y" or count == 2]
    return [Metric(name, False, MEANINGS[name]) for name in names]


def size_for_scores(shape, count):
    """Return the size, as (width, height), at which frames are scored: theirs, or a smaller one if they are large."""
    height, width = shape
    scale = min(1.0, math.sqrt(min(LARGEST, BUDGET / count) / (height * width)))
    scale = max(scale, min(1.0, SMALLEST_SIDE / min(height, width)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def score(stack, results, metrics, progress):
    """Score results against the frames.

    Parameters
    ----------
    stack : Stack
        N frames.
    results : list of ndarray of shape (H, W) or (H, W, 3)
    metrics : list of Metric
    progress : callable
        As methods take it.

    Returns
    -------
    list of dict of str to float
        NaN where a score is not defined.
    """
    size = size_for_scores(stack.shape[1:3], len(stack))
    small = open_stack([_reduced(pixels, size) for _, pixels in stack.read_ahead(range(len(stack)))])
    scorers = scorers_for([metric.name for metric in metrics], small)
    return [score_with(scorers, _reduced(pixels, size))[0] for pixels in progress(results, "scoring")]


def _reduced(pixels, size):
    return pixels if pixels.shape[1::-1] == size else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

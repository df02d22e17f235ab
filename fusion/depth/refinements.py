"""Ways from votes to depth: each pixel on its own, graph cut, weighted median, guided votes."""

from typing import NamedTuple

import numpy as np

from fusion.depth.graph_cut import graph_cut
from fusion.depth.semi_global import semi_global
from fusion.depth.votes import confidence_of, peak, sharpest
from fusion.depth.weighted_median import weighted_median
from fusion.filters import GuidedFilter

RADIUS, EPS = 8, 1e-3  # of the guided filter that smooths votes


class Estimate(NamedTuple):
    """What is known of depth on the grid of a volume."""

    votes: np.ndarray  # (N, h, w) float32
    index: np.ndarray  # (h, w) uint16: the frame whose peak is meant
    depth: np.ndarray  # (h, w) float32, in frames
    places: np.ndarray | None = None  # (N,) of the frames along the stack; None if they are evenly spread

    @property
    def confidence(self):
        """How sure the depth is, (h, w), 0 to 1."""
        return confidence_of(self.votes, self.index, self.depth)


def initial_estimate(votes, places=None):
    """Depth of each pixel on its own: the peak of its votes around the frame of most votes; places as for `peak`."""
    index = sharpest(votes)
    return Estimate(votes, index, peak(votes, index, places=places), places)


def first_estimate(votes, places, refinement):
    """Estimate that a refinement begins with: the peak of each pixel if it is one `OF_PEAKS`, else whole frames."""
    if refinement in OF_PEAKS:
        return initial_estimate(votes, places)
    index = sharpest(votes)
    return Estimate(votes, index, index.astype(np.float32), places)


def unrefined(estimate, guide, progress=None):
    """Leave an estimate as it is."""
    return estimate


def by_graph_cut(estimate, guide, progress=None):
    """Choose frames by graph cut, and find the peaks of the votes within half a frame of them."""
    index, _ = graph_cut(estimate.votes, progress=progress)
    depth = peak(estimate.votes, index, places=estimate.places, farthest=0.5)
    return estimate._replace(index=index, depth=depth)


def by_weighted_median(estimate, guide, progress=None):
    """Take weighted medians of depth, guided by the all-in-focus image."""
    depth = weighted_median(estimate.depth, len(estimate.votes), guide, progress=progress)
    return estimate._replace(index=np.rint(depth).astype(np.uint16), depth=depth)


def by_guided_votes(estimate, guide, progress=None):
    """Smooth the votes for each frame along the edges of the guide, let pixels agree, and find the peaks there.

    Parameters
    ----------
    estimate : Estimate
        Its votes are smoothed in place.
    guide : ndarray of float32 of shape (h, w)
        Gray all-in-focus image in [0, 1].
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is.

    Returns
    -------
    Estimate

    References
    ----------
    .. [1] A. Hosni, C. Rhemann, M. Bleyer, C. Rother, M. Gelautz, "Fast cost-volume filtering for visual correspondence
       and beyond," IEEE TPAMI 35(2), 2013. :doi:`10.1109/TPAMI.2012.156`
    .. [2] H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information," IEEE TPAMI 30(2), 2008.
       :doi:`10.1109/TPAMI.2007.1166`
    """
    votes, smooth = estimate.votes, GuidedFilter(guide, RADIUS, EPS)
    for frame in (progress or _all)(range(len(votes)), "smoothing"):
        votes[frame] = np.maximum(smooth(votes[frame]), 0)
    index = semi_global(votes, progress=progress)
    return estimate._replace(index=index, depth=peak(votes, index, places=estimate.places))


def _all(items, what):
    return items


REFINEMENTS = {
    "none": unrefined,
    "graph-cut": by_graph_cut,
    "weighted-median": by_weighted_median,
    "guided": by_guided_votes,
}
OF_PEAKS = ("none", "weighted-median")  # the others choose frames anew, and the fit takes long

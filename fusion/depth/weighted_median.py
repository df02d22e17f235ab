"""Weighted median of depth, in a time that does not depend on the window (Ma, He, Wei, Sun, Wu 2013)."""

import numpy as np

from fusion.filters import GuidedFilter

RADIUS, EPS = 9, 1e-3


def weighted_median(depth, count, guide, *, confidence=None, radius=RADIUS, eps=EPS, progress=None):
    """Replace each depth by the median of those around it, weighted by likeness in a guide.

    Parameters
    ----------
    depth : ndarray of shape (h, w)
        In frames, 0 to ``count - 1``.
    count : int
        Frames of the stack.
    guide : ndarray of float32 of shape (h, w)
        In [0, 1]: the gray all-in-focus image. Its edges part pixels that have nothing to say to each other.
    confidence : ndarray of float32 of shape (h, w), optional
        How much a pixel counts; by default all count alike.
    radius, eps : int, float, optional
        Of the guided filter whose weights are used.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is.

    Returns
    -------
    ndarray of float32 of shape (h, w)

    Notes
    -----
    The share of each frame among the pixels around is an indicator map, smoothed by the guided filter; a depth with a
    fraction counts for the frames on both sides. Where the shares, summed up from the first frame on, reach a half,
    there is the median, with a fraction.

    References
    ----------
    .. [1] Z. Ma, K. He, Y. Wei, J. Sun, E. Wu, "Constant time weighted median filtering for stereo matching and
       beyond," ICCV 2013. :doi:`10.1109/ICCV.2013.13`
    """
    weight = np.ones(depth.shape, np.float32) if confidence is None else np.maximum(confidence, np.float32(1e-3))
    smooth = GuidedFilter(guide, radius, eps)
    half = smooth(weight) / 2
    below, median = np.zeros_like(half), np.full_like(half, count - 1)
    is_open = np.ones(half.shape, bool)
    progress = progress or (lambda frames, what: frames)
    for frame in progress(range(count), "taking medians"):
        share = np.maximum(1 - np.abs(depth - frame), 0).astype(np.float32) * weight
        above = below + smooth(share).clip(0, None)
        reached = is_open & (above >= half)
        median[reached] = frame - 0.5 + (half - below)[reached] / (above - below)[reached]
        is_open &= ~reached
        below = above
    return median.clip(0, count - 1)

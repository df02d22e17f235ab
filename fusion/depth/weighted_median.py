"""Weighted median of depth, in a time that does not depend on the window (Ma, He, Wei, Sun, Wu 2013)."""

import numpy as np

from fusion.filters import GuidedFilter

RADIUS, EPS = 9, 1e-3


def weighted_median(depth, count, guide, *, radius=RADIUS, eps=EPS, progress=None):
    """Replace each depth by the median of those around it, weighted by likeness in a guide.

    Parameters
    ----------
    depth : ndarray of shape (h, w)
        In frames, 0 to ``count - 1``.
    count : int
        Frames of the stack.
    guide : ndarray of float32 of shape (h, w)
        In [0, 1]: the gray all-in-focus image. Its edges part pixels that have nothing to say to each other.
    radius, eps : int, float, optional
        Of the guided filter whose weights are used.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is.

    Returns
    -------
    ndarray of float32 of shape (h, w)

    Notes
    -----
    The share of each frame among the pixels around is an indicator map, smoothed by the guided filter. In the frame at
    which the shares, summed up from the first one on, reach a half, there is the median; its fraction is found among
    those of the pixels that are nearest to this frame, as if they were evenly spread. The paper knows whole labels only.

    References
    ----------
    .. [1] Z. Ma, K. He, Y. Wei, J. Sun, E. Wu, "Constant time weighted median filtering for stereo matching and
       beyond," ICCV 2013. :doi:`10.1109/ICCV.2013.13`
    """
    smooth = GuidedFilter(guide, radius, eps)
    half = smooth(np.ones(depth.shape, np.float32)) / 2
    nearest = np.rint(depth)
    below, median = np.zeros_like(half), depth.astype(np.float32)
    is_open = np.ones(half.shape, bool)
    progress = progress or (lambda frames, what: frames)
    for frame in progress(range(count), "taking medians"):
        share = (nearest == frame).astype(np.float32)
        held = smooth(share)
        reached = is_open & (below + held >= half)
        fraction = share * (depth - frame).astype(np.float32)
        mean, square = (smooth(part)[reached] / held[reached] for part in (fraction, fraction * fraction))
        width = np.sqrt(np.maximum(12 * (square - mean * mean), 0))  # of an even spread of such a variance
        inside = mean + width * ((half - below)[reached] / held[reached] - np.float32(0.5))
        median[reached] = frame + inside.clip(-0.5, 0.5)
        is_open &= ~reached
        below += held
    return median.clip(0, count - 1)

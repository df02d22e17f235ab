"""Matching: which features of two images are the same point."""

import numpy as np

ROUNDING = 1e-5  # of likeness: two neighbours that differ by less are equally near


def match(moving, reference, *, ratio=0.75):
    """Match features that are each other's nearest and have no second one nearly as near.

    Parameters
    ----------
    moving, reference : Features
        From `find_features`.
    ratio : float, optional
        Largest ratio of the distances to the first and second neighbour for which a match is kept, in (0, 1]; it is
        asked for in both directions.

    Returns
    -------
    source, target : ndarray of float64 of shape (M, 2)
        Positions (x, y) of the M matches in `moving` and in `reference`.

    Raises
    ------
    ValueError
        If `ratio` is out of range.

    References
    ----------
    .. [1] D. G. Lowe, "Distinctive image features from scale-invariant keypoints," IJCV 60(2), 2004.
       :doi:`10.1023/B:VISI.0000029664.99615.94`
    """
    check_ratio(ratio)
    if min(len(moving.points), len(reference.points)) < 2:  # no second neighbour to compare with
        return np.zeros((0, 2)), np.zeros((0, 2))
    likeness = moving.descriptors @ reference.descriptors.T
    forward, is_distinct = _nearest(likeness, ratio)
    backward, is_distinct_back = _nearest(np.ascontiguousarray(likeness.T), ratio)
    is_mutual = backward[forward] == np.arange(len(forward))
    kept = is_mutual & is_distinct & is_distinct_back[forward]
    return moving.points[kept], reference.points[forward[kept]]


def check_ratio(ratio):
    """Raise a ValueError unless the ratio of two distances is in range."""
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio must lie in (0, 1], such as 0.75; got {ratio}")


def _nearest(likeness, ratio):
    """Return the nearest neighbour of each row, and whether it is nearer than `ratio` times the second one.

    The likeness of two vectors of length 1 is their product: half their squared distance below 1. It is written over.
    """
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    first = likeness[rows, nearest]
    likeness[rows, nearest] = -1
    second = likeness.max(axis=1)
    likeness[rows, nearest] = first
    return nearest, 1 - first < ratio**2 * (1 - second) - ROUNDING

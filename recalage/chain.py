"""Chains: neighbours are matched, and the steps between them composed into transforms to the last frame."""

import numpy as np

from data import open_stack
from recalage.estimate import check_options, estimate_homography
from recalage.features import find_features
from recalage.homography import normalised


def compose(steps):
    """Compose steps from neighbour to neighbour into transforms to the last frame.

    Parameters
    ----------
    steps : sequence of ndarray of shape (3, 3)
        ``steps[k]`` maps ``(x, y, 1)`` of frame k to frame k + 1.

    Returns
    -------
    list of ndarray of float64 of shape (3, 3)
        One more than there are steps: item k maps frame k to the last frame; the last one is the identity.
    """
    to_last = [np.eye(3)]
    for step in reversed(steps):
        to_last.append(normalised(to_last[-1] @ step))
    return to_last[::-1]


def homographies(stack, *, ratio=0.75, reprojection_threshold=3.0, min_inliers=12):
    """Estimate the homographies that map every frame of a stack to its last frame.

    Reads every frame once and holds one at a time.

    Parameters
    ----------
    stack : stack
        N frames in an order in which neighbours look alike: array, list, `data.Stack`, folder or list of files.
    ratio, reprojection_threshold, min_inliers : optional
        As for `estimate_homography`.

    Returns
    -------
    list of N ndarray of float64 of shape (3, 3)
        Item k maps ``(x, y, 1)`` of frame k to the last frame; the last one is the identity.

    Raises
    ------
    RegistrationError
        If two neighbours cannot be matched; they are named.
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range.

    Notes
    -----
    Only neighbours are matched: in a focal stack, frames that are far apart share no sharp region, and what is sharp in
    one is blurred away in the other. The price is that errors of the steps add up along the chain.
    """
    check_options(ratio, reprojection_threshold, min_inliers)
    stack = open_stack(stack)
    options = {"ratio": ratio, "reprojection_threshold": reprojection_threshold, "min_inliers": min_inliers}
    steps, previous = [], None
    for index, name in enumerate(stack.names):
        features = find_features(stack.pixels(index), name=name) if len(stack) > 1 else None
        if previous is not None:
            steps.append(estimate_homography(previous, features, **options))
        previous = features
    return compose(steps)

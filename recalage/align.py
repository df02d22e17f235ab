"""Registration in one call: every image in the frame of the last."""

import numpy as np

from data import open_stack
from recalage.chain import homographies
from recalage.warping import warp


def registration(*images, ratio=0.75, reprojection_threshold=3.0, min_inliers=12):
    """Express images in the frame of reference of the last one.

    Parameters
    ----------
    *images : ndarray of shape (H, W) or (H, W, 3)
        N >= 1 images of one shape: float in [0, 1], uint8 or uint16, in an order in which neighbours look alike. One
        stack (list, array, `data.Stack`, folder) may be given instead.
    ratio, reprojection_threshold, min_inliers : optional
        As for `estimate_homography`.

    Returns
    -------
    list of ndarray
        The N images, each warped once; of integers the type is kept, others are float32 in [0, 1]. The last image is
        returned as it was given. Where an image shows nothing, its border is repeated; see `common_area`.

    Raises
    ------
    RegistrationError
        If two neighbours cannot be matched; they are named.
    DataError
        If no image is given, one is no image, or they differ in size.
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> aligned = registration(*stack)
    >>> rows, columns = common_area(homographies(stack), stack.shape[1:])
    """
    frames = _frames(images)
    to_last = homographies(frames, ratio=ratio, reprojection_threshold=reprojection_threshold, min_inliers=min_inliers)
    warped = (warp(frame, matrix) for frame, matrix in zip(frames, to_last[:-1]))
    return [*warped, frames[-1]]


def _frames(images):
    """Return images as they were given, those of a single stack too; files are opened."""
    if len(images) == 1 and not _is_image(images[0]):
        images = list(images[0]) if isinstance(images[0], np.ndarray) else images[0]
    is_open = isinstance(images, list | tuple) and all(isinstance(image, np.ndarray) for image in images)
    return images if is_open else open_stack(images)


def _is_image(item):
    """Tell a single image from an array of several."""
    return isinstance(item, np.ndarray) and (item.ndim == 2 or (item.ndim == 3 and item.shape[2] == 3))

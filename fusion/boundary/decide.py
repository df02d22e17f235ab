"""Decision maps: from scores to frame numbers, without small islands."""

import cv2
import numpy as np

from data.scenes.lens import nearest_true

SMALLEST = 0.001  # of the picture: a smaller region is taken for an error


def without_small_regions(labels, *, smallest=SMALLEST):
    """Give every small region the number of what is nearest to it.

    Parameters
    ----------
    labels : ndarray of int of shape (H, W)
        Frame numbers.
    smallest : float, optional
        Share of the picture: a connected region of fewer pixels is small. 0 leaves all regions as they are.

    Returns
    -------
    ndarray of int of shape (H, W)
        Frame numbers; unchanged where no region is large enough.
    """
    small = np.zeros(labels.shape, bool)
    for label in np.unique(labels):
        count, regions, told, _ = cv2.connectedComponentsWithStats((labels == label).astype(np.uint8), connectivity=4)
        is_small = told[:, cv2.CC_STAT_AREA] < smallest * labels.size
        is_small[0] = False  # everything else
        if count > 1 and is_small.any():
            small |= is_small[regions]
    if not small.any() or small.all():
        return labels
    nearest, _ = nearest_true(~small)
    return np.where(small, labels.ravel()[nearest], labels)

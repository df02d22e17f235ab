"""Decision maps without islands: small regions that the network is not sure of."""

import cv2
import numpy as np

from data.nearest import nearest_true

SMALLEST = 0.03  # of the picture: a larger region is never taken for an island
SURE = 0.7  # mean confidence from which a small region is no island, but something small
SPECK = 0.0002  # of the picture: a smaller region is an island however sure the network is


def without_islands(labels, confidence=None, *, smallest=SMALLEST, sure=SURE):
    """Give every island the number of what is nearest to it.

    Parameters
    ----------
    labels : ndarray of int of shape (H, W)
        Frame numbers.
    confidence : ndarray of float32 of shape (H, W), optional
        How sure the decision is, from 0 to 1. Without it every small region is an island, as in the paper.
    smallest : float, optional
        Share of the picture: a connected region of fewer pixels is small. 0 leaves all regions as they are.
    sure : float, optional
        A small region is an island if its mean confidence is less, or if it is a speck: below 1/5000 of the picture.

    Returns
    -------
    ndarray of int of shape (H, W)
        Frame numbers; unchanged where nothing but islands is there.
    """
    islands = np.zeros(labels.shape, bool)
    for label in np.unique(labels):
        count, regions, told, _ = cv2.connectedComponentsWithStats((labels == label).astype(np.uint8), connectivity=4)
        area = told[:, cv2.CC_STAT_AREA]
        is_island = area < smallest * labels.size
        is_island[0] = False  # everything else
        if not is_island.any():
            continue
        if confidence is not None:
            mean = np.bincount(regions.ravel(), confidence.ravel(), count) / np.maximum(area, 1)
            is_island &= (mean < sure) | (area < SPECK * labels.size)
        islands |= is_island[regions]
    if not islands.any() or islands.all():
        return labels
    nearest, _ = nearest_true(~islands)
    return np.where(islands, labels.ravel()[nearest], labels)

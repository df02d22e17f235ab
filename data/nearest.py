"""Where the nearest pixel lies that a mask holds."""

import cv2
import numpy as np


def nearest_true(mask):
    """Flat index of the nearest pixel where the mask holds, and the distance to it."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index_of_label = np.zeros(labels.max() + 1, np.intp)
    index_of_label[labels[mask]] = np.flatnonzero(mask)
    return index_of_label[labels], distance

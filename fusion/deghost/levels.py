"""Pictures in 256 gray levels, which is how exposures are compared."""

import cv2
import numpy as np

from data.image import check_image, to_integers

LEVELS = np.arange(256)
BLACK, WHITE = 2, 252  # levels up to which, and from which on, a value may be clipped


def check_pair(reference, frame):
    """Return two images in 256 levels, (H, W, C); or raise a DataError, if one is no image, or a ValueError."""
    pair = [np.asarray(image) for image in (reference, frame)]
    for name, image in zip(("reference", "frame"), pair, strict=True):
        check_image(name, image)
    if pair[0].shape != pair[1].shape:
        raise ValueError(
            f"reference and frame must be of one shape (H, W) or (H, W, 3), got {pair[0].shape} and "
            f"{pair[1].shape}; align and crop them first"
        )
    return [np.atleast_3d(to_integers(image, np.uint8)) for image in pair]


def joint_histograms(reference, frame):
    """How often each level of the reference meets each level of the frame, (256, 256) for each channel."""
    pairs = zip(cv2.split(reference), cv2.split(frame), strict=True)
    return [cv2.calcHist(list(pair), [0, 1], None, [256, 256], [0, 256, 0, 256]).astype(np.float64) for pair in pairs]

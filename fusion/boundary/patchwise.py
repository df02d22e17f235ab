"""The paper's network as the paper runs it: one patch for every pixel. Slow; what runs on whole pictures is held to it."""

import cv2
import numpy as np

from fusion.boundary import layers_numpy, resnet56
from fusion.boundary.networks import read_weights
from fusion.boundary.score import as_score


def score_patches(own, rival, rows, columns, *, weights="resnet56"):
    """Score single pixels, each by the patch of 64 x 64 pixels around it.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1]; continued by their mirror image.
    rows, columns : sequence of int
        Of the pixels; a patch reaches from 32 pixels before to 31 behind.
    weights : {"resnet56", "resnet56-boundary"}, optional

    Returns
    -------
    ndarray of float32
        In [0, 1], one for each pixel: 1 where the frame is in focus. Frames are not exchanged, so the order matters.
    """
    parameters, reach = read_weights(weights), resnet56.PATCH // 2
    border = 4 * (reach,)
    frames = np.stack([resnet56.scaled(cv2.copyMakeBorder(f, *border, cv2.BORDER_REFLECT_101)) for f in (own, rival)])
    patches = (frames[:, row : row + 2 * reach, column : column + 2 * reach] for row, column in zip(rows, columns))
    return as_score(np.array([resnet56.evidence(p, parameters, layers_numpy).mean() for p in patches], np.float32))

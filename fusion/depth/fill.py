"""Fill what is unsure from what is sure around it."""

import cv2
import numpy as np

TRACE = 1e-6  # weight that every cell has, so that sums of weights are not 0


def filled(depth, unsure):
    """Replace unsure depth by that of sure pixels around it, near ones first.

    Parameters
    ----------
    depth : ndarray of float32 of shape (H, W)
    unsure : ndarray of bool of shape (H, W)

    Returns
    -------
    ndarray of float32 of shape (H, W)
        A copy, unchanged where it is sure; and everywhere, if nothing is. Gaps are filled smoothly: by means of sure
        pixels in cells of 2, 4, 8, ... pixels, the smallest cells that hold any (pull and push).

    References
    ----------
    .. [1] S. J. Gortler, R. Grzeszczuk, R. Szeliski, M. F. Cohen, "The lumigraph," SIGGRAPH 1996.
       :doi:`10.1145/237170.237200`
    """
    if unsure.all() or not unsure.any():
        return depth.copy()
    sure = depth[~unsure]
    around = _pulled_and_pushed(np.where(unsure, 0, depth), (~unsure).astype(np.float32)).clip(sure.min(), sure.max())
    return np.where(unsure, around, depth)


def _pulled_and_pushed(values, weights):
    """Values where they have weight; elsewhere those of larger cells around."""
    if max(values.shape) == 1:
        return values
    size = tuple(-(-side // 2) for side in values.shape[::-1])
    share = cv2.resize(weights, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    mean = cv2.resize(values * weights, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    mean = np.divide(mean, share, out=mean, where=share > TRACE)
    coarse = _pulled_and_pushed(mean, np.minimum(share * 4, 1))
    around = cv2.resize(coarse, values.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    return around + weights * (values - around)

"""Energy of details, and what there is to see in the coarsest image of a pyramid: deviation and entropy."""

import cv2
import numpy as np

from data import to_gray
from fusion.measure import SUM

GRAYS = 16  # levels of gray that entropy tells apart


def region_energy(detail, window=5):
    """Energy of details around each pixel, summed over the channels.

    Parameters
    ----------
    detail : ndarray of float32 of shape (H, W) or (H, W, C)
        A level of a Laplacian pyramid.
    window : int, optional
        Side of the region in pixels, odd; pixels count by a Gaussian of standard deviation ``window / 5``.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] W. Wang, F. Chang, "A multi-focus image fusion method based on Laplacian pyramid," J. Comput. 6(12), 2011.
       :doi:`10.4304/jcp.6.12.2559-2566`
    """
    energy = cv2.multiply(detail, detail)
    if energy.ndim == 3:
        energy = cv2.transform(energy, SUM[:, : energy.shape[2]])
    return averaged(energy, window)


def coarsest_activity(image, window=5):
    """How much there is to see in the coarsest image of a pyramid: local variance, times entropy.

    Parameters
    ----------
    image : ndarray of float32 of shape (H, W) or (H, W, 3)
        In [0, 1].
    window : int, optional
        As for `region_energy`.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        Variance of the gray value around each pixel, times the entropy of `GRAYS` levels of gray there, in bits.

    References
    ----------
    .. [1] W. Wang, F. Chang, "A multi-focus image fusion method based on Laplacian pyramid," J. Comput. 6(12), 2011.
       :doi:`10.4304/jcp.6.12.2559-2566`
    """
    gray = to_gray(image)
    deviation = gray - averaged(gray, window)
    return averaged(deviation * deviation, window) * entropy(gray, window)


def entropy(gray, window=5):
    """Entropy of `GRAYS` levels of gray around each pixel, in bits; (H, W) in, float32 (H, W) out."""
    labels = np.minimum(gray * np.float32(GRAYS), GRAYS - 1).astype(np.uint8)
    bits = np.zeros(gray.shape, np.float32)
    for label in np.unique(labels):
        share = averaged((labels == label).astype(np.float32), window)
        bits -= share * np.log2(np.maximum(share, np.float32(1e-12)))
    return np.maximum(bits, 0, out=bits)


def averaged(plane, window):
    """Mean of a plane around each pixel, by a Gaussian that a window cuts off."""
    return cv2.GaussianBlur(plane, (window, window), window / 5, borderType=cv2.BORDER_REFLECT)

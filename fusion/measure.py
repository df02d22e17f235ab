"""How much a pixel has to say: saliency."""

import cv2
import numpy as np

from data import to_gray

SALIENCY_REACH = 6  # pixels: 1 of the Laplacian, 5 of the Gaussian


def saliency(image):
    """Local mean of the absolute Laplacian: high where the image is sharp or well exposed.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1], or integers.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        0 where the image is flat.

    References
    ----------
    .. [1] S. Li, X. Kang, J. Hu, "Image fusion with guided filtering," IEEE TIP 22(7), 2013, eq. 2 and 3.
       :doi:`10.1109/TIP.2013.2244222`
    """
    gray = to_gray(image)
    eight_bit = gray.dtype == np.uint8
    laplacian = cv2.Laplacian(gray, cv2.CV_16S if eight_bit else cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REPLICATE)
    kernel = cv2.getGaussianKernel(11, 5, cv2.CV_32F)
    scaled = kernel / np.float32(255 if eight_bit else 1)
    return cv2.sepFilter2D(np.abs(laplacian), cv2.CV_32F, scaled, kernel, borderType=cv2.BORDER_REPLICATE)

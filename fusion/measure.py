"""How much a pixel has to say: saliency; contrast, saturation and well-exposedness."""

from typing import NamedTuple

import cv2
import numpy as np

from data import to_gray
from data.gray import LUMA
from data.image import FULL_SCALE, is_integer

DIFFERENCES = np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1]], np.float32)  # of colour channels, pair by pair
SUM = np.ones((1, 3), np.float32)  # over colour channels
SALIENCY_REACH = 6  # pixels: 1 of the Laplacian, 5 of the Gaussian


def saliency(image):
    """Local mean of the absolute Laplacian: high where the image is sharp or well exposed.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1], uint8 or uint16.

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


def contrast(image):
    """Absolute value of the Laplacian of the gray value.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1], uint8 or uint16.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        0 to 4; exactly 0 where a pixel and its four neighbours are equal. Borders are replicated.

    Notes
    -----
    The gray value is not rounded to 8 bits, unlike that of `saliency`: the authors' programs differ in this. Integers
    are differenced as integers: where contrasts of channels nearly cancel, rounding would show in the weights.

    References
    ----------
    .. [1] T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion," Pacific Graphics 2007. :doi:`10.1109/PG.2007.17`
    """
    values, full_scale = unscaled(image)
    laplacian = cv2.Laplacian(values, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REPLICATE)
    gray = cv2.transform(laplacian, LUMA / full_scale) if values.ndim == 3 else laplacian / full_scale
    return np.abs(gray, out=gray)


def saturation(image):
    """Standard deviation over red, green and blue.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3)
        Image in [0, 1], uint8 or uint16.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        0 for gray, black and white, up to 0.47 for pure colours.

    References
    ----------
    .. [1] T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion," Pacific Graphics 2007. :doi:`10.1109/PG.2007.17`
    """
    values, full_scale = unscaled(image)
    squares = cv2.transform(values, DIFFERENCES)
    squares *= squares
    return cv2.sqrt(cv2.transform(squares, SUM / (3 * full_scale) ** 2))  # the squares sum up to 9 times the variance


def well_exposedness(image, sigma=0.2):
    """Closeness of all channels to the middle of the range, by a Gaussian curve.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1], uint8 or uint16.
    sigma : float, optional
        Spread of the curve.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        The product over the channels: 1 where all are 0.5.

    References
    ----------
    .. [1] T. Mertens, J. Kautz, F. Van Reeth, "Exposure fusion," Pacific Graphics 2007. :doi:`10.1109/PG.2007.17`
    """
    values, full_scale = unscaled(image)
    squares = np.subtract(values, full_scale / 2, order="C")  # as OpenCV writes to it, however `values` lie in memory
    squares *= squares
    factor = -0.5 / (sigma * full_scale) ** 2
    total = cv2.transform(squares, factor * SUM) if values.ndim == 3 else factor * squares
    return cv2.exp(total, dst=total)


class Unscaled(NamedTuple):
    """Pixels as float32, those of integers on their own scale, so that their differences are exact."""

    values: np.ndarray
    full_scale: np.float32


def unscaled(image):
    """Convert an image for several measures at once; what is converted is returned as it is."""
    if isinstance(image, Unscaled):
        return image
    if not is_integer(image) and image.dtype.kind != "f":
        raise ValueError(f"an image is uint8, uint16, or float in [0, 1], got values of type {image.dtype}")
    full_scale = FULL_SCALE[image.dtype.itemsize] if is_integer(image) else 1
    return Unscaled(image.astype(np.float32, copy=False), np.float32(full_scale))

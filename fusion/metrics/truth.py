"""Error of a picture against the true one."""

import cv2
import numpy as np

from data.image import check_image, is_integer, narrow, to_float
from fusion.metrics.windows import gaussian, mean_of

SIDE = 11  # of a window of SSIM, in pixels
WINDOW = gaussian(SIDE, 1.5)
K1, K2 = 0.01, 0.03  # keep SSIM defined where the means, or the deviations, are 0


def psnr(image, reference):
    """Peak signal-to-noise ratio of an image against the true one.

    Parameters
    ----------
    image, reference : ndarray of one shape, (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16; the two may differ in type.

    Returns
    -------
    float
        In decibels: 20 dB is a root mean square error of a tenth of the full range, 40 dB of a hundredth. Infinite for
        equal images.

    Raises
    ------
    DataError
        If one of the two is no image: a float image lies in [0, 1], without NaN.
    ValueError
        If the shapes differ.
    """
    image, reference = _pair(image, reference)
    error = np.mean((image - reference) ** 2)
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def ssim(image, reference):
    """Structural similarity of an image to the true one.

    Parameters
    ----------
    image, reference : ndarray of one shape, (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16; the two may differ in type. 11 x 11 pixels or more.

    Returns
    -------
    float
        In [-1, 1]: 1 for equal images, and for them only; near 0 where structures have nothing in common, below 0
        where one is the negative of the other. The mean over all windows that lie inside the picture, and over the
        channels of a colour image.

    Raises
    ------
    DataError
        If one of the two is no image: a float image lies in [0, 1], without NaN.
    ValueError
        If the shapes differ, or the images are smaller than the window.

    Notes
    -----
    With the constants of the paper: a Gaussian window of 11 x 11 pixels and a standard deviation of 1.5 pixels,
    ``K1 = 0.01`` and ``K2 = 0.03``. The paper compares gray images, its program after reducing large ones; here every
    channel is compared at full size.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to
       structural similarity," IEEE TIP 13(4), 2004. :doi:`10.1109/TIP.2003.819861`
    """
    image, reference = _pair(image, reference)
    height, width = image.shape[:2]
    if min(height, width) < SIDE:
        raise ValueError(
            f"ssim needs images of {SIDE} x {SIDE} pixels or more, the size of its window; got {width} x {height}"
        )
    channels = zip(cv2.split(image), cv2.split(reference))
    return float(np.mean([_similarity(*channel).mean() for channel in channels]))


def _similarity(image, reference):
    """Structural similarity of two planes, for every window that lies inside them."""
    mean, true_mean = mean_of(image, WINDOW), mean_of(reference, WINDOW)
    mean_product, mean_squares = mean * true_mean, mean**2 + true_mean**2
    covariance = mean_of(image * reference, WINDOW) - mean_product
    variances = mean_of(image**2 + reference**2, WINDOW) - mean_squares
    luminance = (2 * mean_product + K1**2) / (mean_squares + K1**2)
    return luminance * (2 * covariance + K2**2) / (variances + K2**2)


def _pair(image, reference):
    """Both pictures, checked, as float64 in [0, 1]."""
    image, reference = np.asarray(image), np.asarray(reference)
    for name, picture in (("image", image), ("reference", reference)):
        check_image(name, picture)
    if image.shape != reference.shape:
        raise ValueError(
            f"image and reference must have one shape, got {image.shape} and {reference.shape}; crop both alike, and "
            "give both in colour or both in gray"
        )
    return _to_float64(image), _to_float64(reference)


def _to_float64(pixels):
    """Pixels as float64: the same picture in 8 and 16 bits, and as `data.to_float` gives it, has the same values."""
    return (to_float(narrow(pixels)) if is_integer(pixels) else pixels).astype(np.float64)

"""Warping: drawing an image where a transform takes it."""

import cv2
import numpy as np

from data.image import check_image, is_integer
from recalage.homography import check_matrix

INTERPOLATIONS = {"lanczos": cv2.INTER_LANCZOS4, "cubic": cv2.INTER_CUBIC}


def warp(image, matrix, shape=None, *, interpolation="lanczos"):
    """Draw an image in the frame of reference that a matrix maps it to.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image: float in [0, 1], uint8 or uint16.
    matrix : ndarray of shape (3, 3)
        Maps ``(x, y, 1)`` of `image` to the result; (0, 0) is the centre of the first pixel.
    shape : tuple of int, optional
        Height and width of the result (more entries are ignored); those of `image` if not given.
    interpolation : {"lanczos", "cubic"}, optional
        Kernel: that of Lanczos over 8 x 8 pixels, which blurs the least, or a cubic one over 4 x 4, which takes a fifth
        of the time.

    Returns
    -------
    ndarray of shape (*shape[:2]) or (*shape[:2], 3)
        float32 in [0, 1] for float, else the type of `image`. Where `image` shows nothing, its nearest border pixel is
        repeated; `common_area` tells where all frames do show something.

    Raises
    ------
    DataError
        If `image` is no image.
    ValueError
        If `matrix` cannot be inverted, or `interpolation` is unknown.

    Notes
    -----
    Values are interpolated at positions rounded to 1/32 pixel, and clipped to the range.
    """
    image = np.asarray(image)
    check_image("image", image)
    matrix = check_matrix(matrix)
    height, width = (image.shape if shape is None else shape)[:2]
    if not min(height, width) >= 1:
        raise ValueError(f"shape must be a height and a width of 1 pixel or more, got {(height, width)}")
    kernel = check_interpolation(interpolation)
    pixels = image.astype(image.dtype.newbyteorder("=") if is_integer(image) else np.float32, copy=False)
    warped = cv2.warpPerspective(pixels, matrix, (width, height), flags=kernel, borderMode=cv2.BORDER_REPLICATE)
    return warped if is_integer(warped) else np.clip(warped, 0, 1, out=warped)


def check_interpolation(name):
    """Return OpenCV's number of a kernel; raise a ValueError if there is none of that name."""
    if name not in INTERPOLATIONS:
        raise ValueError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}; got {name!r}")
    return INTERPOLATIONS[name]

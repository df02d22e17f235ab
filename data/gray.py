"""Gray values of a colour picture."""

import cv2
import numpy as np

from data.image import narrow, to_float

# The luma weights of ITU-R BT.601 at full precision, as MATLAB's rgb2gray has them.
LUMA = np.array([[0.298936021293776, 0.587043074451121, 0.114020904255103]], np.float32)


def to_gray(image):
    """Weigh red, green and blue to one gray value; a gray image keeps its values.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Colours in RGB order: float in [0, 1], uint8 or uint16.

    Returns
    -------
    ndarray of shape (H, W)
        uint8 for a uint8 image, float32 in [0, 1] for any other.

    Notes
    -----
    The gray value of an 8-bit picture is rounded to 8 bits, as ``rgb2gray`` of MATLAB does, however the picture is
    held. This matters: in black and in clipped areas the rounded frames are *equal*, so that no frame wins by a
    rounding error.
    """
    if image.ndim == 2:
        return image if image.dtype == np.uint8 else to_float(image)
    pixels = narrow(image)
    if pixels.dtype != np.uint8:
        return cv2.transform(to_float(pixels), LUMA)
    gray = cv2.transform(pixels, LUMA)
    return gray if image.dtype == np.uint8 else to_float(gray)

"""Pictures as text: checked, rounded to 8 bits, and written into the address of an `img`."""

import base64

import cv2
import numpy as np

from data import to_float
from data.image import is_image_shape, is_integer

QUALITY = 95  # of WebP: photographs keep their luminance to 47 dB, at a quarter of the size without loss
LARGEST = 16383  # pixels: what WebP can hold in width and in height


def to_pixels(name, image):
    """Return a picture as uint8 of the same shape, or raise a ValueError that begins with its name.

    Parameters
    ----------
    name : str
    image : ndarray of shape (H, W) or (H, W, 3)
        Float, clipped to [0, 1]; uint8, uint16 or bool.
    """
    image = np.asarray(image)
    _check_shape(name, image.shape)
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind not in "fb" and not is_integer(image):
        raise ValueError(f"{name} has type {image.dtype}; a picture is uint8, uint16, or float in [0, 1]: convert it")
    image = to_float(image)
    if np.isnan(image).any():
        raise ValueError(
            f"{name} holds NaN; a picture has a value at every pixel: mask it, or fill it with np.nan_to_num"
        )
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def _check_shape(name, shape):
    if not is_image_shape(shape):
        raise ValueError(
            f"{name} has shape {shape}; a picture is (H, W) or (H, W, 3): move the channels last, "
            "and give the frames of a stack one by one"
        )
    if max(shape) > LARGEST:
        raise ValueError(f"{name} has shape {shape}; WebP holds up to {LARGEST} pixels a side: crop or reduce it")


def data_uri(pixels):
    """Write a picture of type uint8, gray or RGB, as WebP into an address that holds it."""
    return address_of(webp(pixels))


def webp(pixels, quality=QUALITY):
    """Encode a picture of type uint8, gray or RGB, as WebP; return the bytes."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return encoded.tobytes()


def address_of(file):
    """Write the bytes of a WebP file into an address that holds them."""
    return f"data:image/webp;base64,{base64.b64encode(file).decode('ascii')}"

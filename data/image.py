"""What an image is: its types, its range, and the checks at the door."""

import numpy as np

from data.errors import DataError

FULL_SCALE = {1: 255, 2: 65535}  # by bytes of an unsigned integer


def as_array(name, given):
    """Return an array; raise a DataError that begins with `name` if rows of numbers are not of one length."""
    try:
        return np.asarray(given)
    except ValueError as error:
        raise DataError(f"{name} is no image: its rows differ in length, or hold what is no number") from error


def check_image(name, array):
    """Raise a DataError that begins with `name` unless an array is an image.

    Parameters
    ----------
    name : str
    array : ndarray
        (H, W) or (H, W, 3); uint8, uint16, or float in [0, 1].
    """
    if not is_image_shape(array.shape):
        raise DataError(
            f"{name} has shape {array.shape}; an image is (H, W) or (H, W, 3), a stack (N, H, W) or (N, H, W, 3), "
            "so move the channels last and wrap a single image in a list"
        )
    if is_integer(array):
        return
    if array.dtype.kind != "f":
        raise DataError(f"{name} has type {array.dtype}; an image is uint8, uint16, or float in [0, 1]")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        values = range_in_words(low, high)
        raise DataError(f"{name} has values in {values}; an image lies in [0, 1]: scale, clip or mask it")


def range_in_words(low, high):
    """Write a range, in few digits; a value just above 1 is told from 1."""
    return f"[{low:g}, {f'1 + {high - 1:.1g}' if f'{high:g}' == '1' and high > 1 else f'{high:g}'}]"


def to_integers(image, dtype):
    """Round an image in [0, 1] to uint8 or uint16; one of that type is returned as it is."""
    if image.dtype == dtype:
        return image
    scale = np.float32(np.iinfo(dtype).max)
    pixels = np.empty(image.shape, dtype)
    for first in range(0, len(image), 256):
        rows = slice(first, first + 256)
        np.rint(to_float(image[rows]) * scale, out=pixels[rows], casting="unsafe")
    return pixels


def is_tensor(given):
    """Tell whether something is a tensor of PyTorch, which is not imported for that."""
    return any(base.__module__.partition(".")[0] == "torch" for base in type(given).__mro__)


def refuse_tensors(given):
    """Raise a DataError if something is a tensor of PyTorch, or a list of such, whose channels stand elsewhere."""
    if is_tensor(given[0] if isinstance(given, list | tuple) and given else given):
        raise DataError(
            "a tensor was given, and only fusion.exposure_fusion takes one, of shape (N, C, H, W); elsewhere give an "
            "array: tensor.detach().cpu().movedim(-3, -1).numpy()"
        )


def into_range(image):
    """Clip a float image that leaves [0, 1] by less than half a level of 8 bits, as sums of weighted frames may do.

    Any other image is returned as it is, for `check_image` to judge.
    """
    if image.dtype.kind != "f" or image.size == 0:
        return image
    slack = 0.5 / 255
    return image.clip(0, 1) if image.min() >= -slack and image.max() <= 1 + slack else image


def is_image_shape(shape):
    """Tell whether a shape is (H, W) or (H, W, 3), with at least one pixel."""
    return (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) and 0 not in shape


def is_one_colour_image(array):
    """Tell whether an array that should be a stack is one image in colour, too large to be frames 3 pixels wide."""
    return isinstance(array, np.ndarray) and array.ndim == 3 and array.shape[2] == 3 and min(array.shape[:2]) > 3


def is_integer(pixels):
    """Tell whether pixels are uint8 or uint16, in any byte order."""
    return pixels.dtype.kind == "u" and pixels.dtype.itemsize in FULL_SCALE


def to_float(pixels):
    """Return pixels of any accepted type, and truth values, as float32; integers are scaled to [0, 1]."""
    if not is_integer(pixels):
        return pixels.astype(np.float32, copy=False)
    image = pixels.astype(np.float32)
    image *= np.float32(1 / FULL_SCALE[pixels.dtype.itemsize])
    return image


def narrow(pixels):
    """Return pixels as uint8 if every value is one of the 256 of an 8-bit picture, else as uint16 or float32.

    So the same picture gives the same result whether it is held as uint8, as uint16 or as float.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if not _is_eight_bit(pixels[:1]) or not _is_eight_bit(pixels):
        return pixels.astype(np.uint16 if is_integer(pixels) else np.float32, copy=False)
    return (pixels // 257 if is_integer(pixels) else np.rint(pixels * 255)).astype(np.uint8)


def _is_eight_bit(pixels):
    if is_integer(pixels):
        return not (pixels % 257).any()
    levels = pixels * np.float32(255)
    return bool(np.abs(levels - np.rint(levels)).max() < 1e-4)

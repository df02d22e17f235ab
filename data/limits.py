"""How large a picture may say it is: checked on its header, before memory is taken for its pixels."""

import contextlib
import math
import threading
import warnings

from PIL import Image

from data.errors import DataError

# A frame of so many pixels takes 1.5 GB in colour with 8 bits, and 6 GB as float32; OpenCV decodes twice as many.
MOST_PIXELS = 1 << 29
# However little it shows: each block of 8 x 8 pixels of a JPEG's finest component takes a bit, and deflate shrinks a PNG,
# whose bytes hold 8 pixels at most, to 1/1032. Nothing is known of other formats.
PIXELS_PER_BYTE = {"JPEG": 8 * 8 * 8, "MPO": 8 * 8 * 8, "PNG": 8 * 1032}
LOCK = threading.RLock()  # around Pillow's own limit, which is set for the whole process


@contextlib.contextmanager
def of_our_own():
    """Let Pillow open pictures of any size, and without warnings, such as of damaged EXIF, which is passed over."""
    with LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def check_pixels(path, height, width, what="is"):
    """Raise a DataError if a size that the header of a file tells is none that a frame can have.

    Parameters
    ----------
    path : path
        Of the file, for the error.
    height, width : int
    what : str, optional
        What has this size, as the error begins.
    """
    if min(height, width) < 1:
        raise DataError(f"{path}: {what} {width} x {height} pixels, by its header, which is damaged; copy it again")
    if height * width > MOST_PIXELS:
        raise DataError(
            f"{path}: {what} {width} x {height} pixels, by its header, and a frame has {MOST_PIXELS} at most; cut it into "
            "parts, or make it smaller"
        )


def check_density(path, height, width, kind, size):
    """Raise a DataError if a file has fewer bytes than the pixels need that its header tells.

    Parameters
    ----------
    path : path
        Of the file, for the error.
    height, width : int
        That the header tells.
    kind : str
        Format, as Pillow names it.
    size : int
        Bytes of the file.
    """
    if height * width > PIXELS_PER_BYTE.get(kind, math.inf) * size:
        raise DataError(
            f"{path}: is damaged or truncated (its {size} bytes cannot hold {width} x {height} pixels); copy it again"
        )

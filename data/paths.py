"""Where names of files lead, and what is there, which may be no file at all."""

import os
import stat
from pathlib import Path

from data.errors import DataError

MOST_BYTES = 1 << 26  # of a file of text, such as saved motion: that of a frame takes a kilobyte


def real_path(path):
    """Return a path without links, absolute; links that go round in a circle stay as they are.

    `Path.resolve` raises an error for these, in Python 3.12 and before.
    """
    return Path(os.path.realpath(path))


def check_is_plain(path):
    """Raise a DataError if what is to be written at `path` would take the place of a device, a pipe or a socket."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); choose another name") from None
    if not stat.S_ISREG(mode):
        raise DataError(f"{path}: is a device, a pipe or a socket, and no file; choose another name for the output")


def read_text_bytes(path):
    """Return the bytes of a file of text.

    Parameters
    ----------
    path : path

    Returns
    -------
    bytes

    Raises
    ------
    DataError
        If it is a device or a pipe, which may never end, or longer than any such file is.
    OSError
        If it cannot be read.
    """
    known = os.stat(path)
    if not stat.S_ISREG(known.st_mode):
        raise DataError(f"{path}: cannot be read (it is a folder, a device or a pipe); write it to a file first")
    if known.st_size > MOST_BYTES:
        raise DataError(f"{path}: has {known.st_size} bytes, and {MOST_BYTES} are read at most; is it the right file?")
    return Path(path).read_bytes()

"""Folders for results."""

import contextlib

from data import DataError


@contextlib.contextmanager
def folder_made(folder, way_out):
    """Make a folder if it does not exist; take it away again if nothing came into it.

    Parameters
    ----------
    folder : Path
    way_out : str
        What to do if that is a file, as the end of an error.

    Raises
    ------
    DataError
        If it is a file, or the folder that it should lie in does not exist.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file; {way_out}")
    if not folder.absolute().parent.is_dir():
        raise DataError(f"{folder}: the folder it should lie in does not exist; create {folder.parent} first")
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()

"""What an image and a stack are; the one place that checks them."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data import io
from data.errors import DataError

CAMERA_NAME = r"_\w{3}\d{4}"  # _DSC0001, _MG_0001: what cameras call pictures in Adobe RGB
FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def natural_key(path):
    """Sort key in which frame2 stands before frame10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part.casefold()) for part in parts], str(path)


def to_float(pixels):
    """Return pixels of any accepted type as a float32 image in [0, 1]."""
    if pixels.dtype in FULL_SCALE:
        return np.multiply(pixels, np.float32(1 / FULL_SCALE[pixels.dtype]), dtype=np.float32)
    return pixels.astype(np.float32, copy=False)


def narrow(pixels):
    """Return pixels as uint8 if every value is one of the 256 of an 8-bit picture, else as they are.

    So the same picture gives the same result whether it is held as uint8, as uint16 or as float.
    """
    if pixels.dtype == np.uint8 or not _is_eight_bit(pixels[:1]) or not _is_eight_bit(pixels):
        return pixels
    if pixels.dtype == np.uint16:
        return (pixels // 257).astype(np.uint8)
    return np.rint(pixels * 255).astype(np.uint8)


def _is_eight_bit(pixels):
    if pixels.dtype == np.uint16:
        return not (pixels % 257).any()
    levels = pixels * np.float32(255)
    return bool(np.abs(levels - np.rint(levels)).max() < 1e-4)


class Stack(Sequence):
    """A lazy sequence of frames of one shape; one frame at a time is in memory.

    Made by `open_stack`. ``stack[k]`` reads frame k as a float32 image in [0, 1] of shape (H, W) or (H, W, 3);
    ``stack[a:b]`` is a shorter stack; ``numpy.asarray(stack)`` reads everything.

    Attributes
    ----------
    names : list of str
        Name of each frame: the file, the page of a TIFF, or the position in a list of arrays.
    shape : tuple of int
        (N, H, W) for gray frames, (N, H, W, 3) for colour.
    bit_depth : int
        8 or 16, of the deepest frame.
    """

    def __init__(self, readers, names, frame_shape, bit_depth, source=None):
        self._readers = list(readers)
        self.names = list(names)
        self.shape = (len(self._readers), *frame_shape)
        self.bit_depth = bit_depth
        self._source = source

    def __len__(self):
        return len(self._readers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Stack(self._readers[index], self.names[index], self.shape[1:], self.bit_depth, self._source)
        return to_float(self.pixels(index))

    def __array__(self, dtype=None, copy=None):
        return np.stack(list(self)).astype(dtype or np.float32, copy=False)

    def __repr__(self):
        height, width = self.shape[1:3]
        kind = "colour" if len(self.shape) == 4 else "gray"
        return f"<Stack of {len(self)} {kind} frames, {width} x {height} pixels, {self.bit_depth} bits: {self.names[0]} ...>"

    def pixels(self, index):
        """Read one frame in the smallest type that holds it: uint8, uint16 or float32."""
        return narrow(self._readers[index]())

    @property
    def metadata(self):
        """Colour profile and EXIF of the first frame, an `io.Metadata`."""
        return io.read_metadata(self._source) if self._source else io.Metadata()


def open_stack(source, *, exclude=()):
    """Open pictures as one stack; nothing but the headers of files is read.

    Parameters
    ----------
    source : Stack, path, list of paths, ndarray, or list of ndarray
        A folder (every picture in it, in natural order of names: 2 before 10, but for names that begin with ``.`` or
        ``_``, such as ``_reference.png``, and results that this program wrote there), a multi-page TIFF, a list of
        files (in the order given), an array of shape (N, H, W) or (N, H, W, 3), or a list of N images. Arrays are float in
        [0, 1], uint8 or uint16. A stack is returned as it is.
    exclude : iterable of paths, optional
        Files that are no frames, such as an output in the same folder.

    Returns
    -------
    Stack

    Raises
    ------
    DataError
        If nothing is found, a file is no picture, or the frames differ in size; the frame is named.
    """
    if isinstance(source, Stack):
        return source
    if isinstance(source, np.ndarray):
        return _stack_of_arrays(source)
    if isinstance(source, str | Path):
        return _stack_of_files(_files_of(Path(source), exclude))
    source = list(source)
    if all(isinstance(item, str | Path) for item in source):
        skipped = {Path(path).resolve() for path in exclude}
        return _stack_of_files([Path(item) for item in source if Path(item).resolve() not in skipped])
    return _stack_of_arrays(source)


def _files_of(path, exclude):
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; give a folder of pictures or the files themselves")
    skipped = {Path(other).resolve() for other in exclude}
    pictures = [p for p in path.iterdir() if p.suffix.lower() in io.READABLE and not _is_aside(p.stem)]
    frames = [p for p in pictures if p.resolve() not in skipped and not io.is_own_result(p)]
    if not frames:
        known = " ".join(sorted(io.READABLE))
        raise DataError(f"{path}: no picture in this folder; frames are files with one of the endings {known}")
    return sorted(frames, key=lambda p: natural_key(p.name))


def _is_aside(name):
    """Tell whether a name begins as those of hidden files and of references do, and is none that a camera gives."""
    return name.startswith((".", "_")) and not re.fullmatch(CAMERA_NAME, name)


def _stack_of_files(paths):
    if not paths:
        raise DataError("no file was given; give a folder of pictures or the files themselves")
    pages = [page for path in paths for page in _pages_of(path, alone=len(paths) == 1)]
    _check_shapes([page.name for page in pages], [page.shape for page in pages])
    readers = [partial(io.read_pixels, page) for page in pages]
    depth = max(page.bit_depth for page in pages)
    return Stack(readers, [page.name for page in pages], pages[0].shape, depth, source=pages[0])


def _pages_of(path, alone):
    pages = io.read_pages(path)
    if len(pages) > 1 and not alone:
        raise DataError(f"{path}: holds {len(pages)} pages; open a multi-page TIFF alone, not among other files")
    return pages


def _stack_of_arrays(arrays):
    if len(arrays) == 0:
        raise DataError("the stack is empty: give at least one image")
    frames = [np.asarray(array) for array in arrays]
    names = [f"frame {index}" for index in range(len(frames))]
    for name, frame in zip(names, frames, strict=True):
        _check_array(name, frame)
    _check_shapes(names, [frame.shape for frame in frames])
    depth = max(8 if narrow(frame).dtype == np.uint8 else 16 for frame in frames)
    return Stack([partial(np.asarray, frame) for frame in frames], names, frames[0].shape, depth)


def _check_array(name, frame):
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] != 3) or frame.size == 0:
        raise DataError(
            f"{name} has shape {frame.shape}; an image is (H, W) or (H, W, 3), a stack (N, H, W) or (N, H, W, 3), "
            "so move the channels last and wrap a single image in a list"
        )
    if frame.dtype in FULL_SCALE:
        return
    if not np.issubdtype(frame.dtype, np.floating):
        raise DataError(f"{name} has type {frame.dtype}; an image is uint8, uint16, or float in [0, 1]")
    low, high = float(frame.min()), float(frame.max())
    if not (low >= 0 and high <= 1):
        raise DataError(
            f"{name} has values in [{low:g}, {high:g}]; a float image lies in [0, 1]: scale, clip or mask it"
        )


def _check_shapes(names, shapes):
    for name, shape in zip(names, shapes, strict=True):
        if shape != shapes[0]:
            raise DataError(
                f"{name} is {_describe(shape)}, but {names[0]} is {_describe(shapes[0])}; all frames of a stack "
                f"are of one size and kind: {'crop' if shape[:2] != shapes[0][:2] else 'convert'} it or leave it out"
            )


def _describe(shape):
    return f"{shape[1]} x {shape[0]} pixels {'in colour' if len(shape) == 3 else 'in gray'}"

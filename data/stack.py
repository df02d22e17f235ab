"""What an image and a stack are; the one place that checks them."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from data import io
from data.errors import DataError
from data.image import check_image, is_integer, is_one_colour_image, narrow, refuse_tensors, to_float

CAMERA_NAME = r"_\w{3}\d{4}"  # _DSC0001, _MG_0001: what cameras call pictures in Adobe RGB


def natural_key(path):
    """Sort key in which frame2 stands before frame10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (-1, part.casefold()) for part in parts], str(path)


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

    def __init__(self, readers, names, frame_shape, bit_depth, pages=()):
        self._readers = list(readers)
        self.names = list(names)
        self.shape = (len(self._readers), *frame_shape)
        self.bit_depth = bit_depth
        self._pages = list(pages)  # of files; empty for arrays

    def __len__(self):
        return len(self._readers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = self._readers[index], self.names[index], self.shape[1:], self.bit_depth, self._pages[index]
            return Stack(*part)
        pixels = self.pixels(index)
        image = to_float(pixels)
        return image.copy() if image is pixels else image  # never the caller's own array

    def __array__(self, dtype=None, copy=None):
        return np.stack(list(self)).astype(dtype or np.float32, copy=False)

    def __repr__(self):
        height, width = self.shape[1:3]
        kind = "colour" if len(self.shape) == 4 else "gray"
        first = f": {self.names[0]} ..." if self.names else ""
        return f"<Stack of {len(self)} {kind} frames, {width} x {height} pixels, {self.bit_depth} bits{first}>"

    def with_frames(self, read, shape=None):
        """Return a stack of the same names, depth and metadata, whose frames come from a function.

        Parameters
        ----------
        read : callable
            ``read(index)`` gives the pixels of a frame.
        shape : tuple of int, optional
            Of a frame, if it is another one.
        """
        readers = [partial(read, index) for index in range(len(self))]
        return Stack(readers, self.names, shape or self.shape[1:], self.bit_depth, self._pages)

    def pixels(self, index):
        """Read one frame in the smallest type that holds it: uint8, uint16 or float32."""
        return narrow(self._readers[index]())

    def read_ahead(self, indices):
        """Read frames one after the other, each while the caller still works on the one before.

        Parameters
        ----------
        indices : iterable of int
            Which frames, in which order; one may come again.

        Yields
        ------
        index : int
        pixels : ndarray
            As `pixels` reads them. At most two frames are in memory: the one handed out, and the one that a thread
            reads. An error in a frame is raised when its turn comes.
        """
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = None
            for index, following in pairwise(chain(indices, [None])):
                frame = (coming or reader.submit(self.pixels, index)).result()
                coming = None if following is None else reader.submit(self.pixels, following)
                yield index, frame

    @property
    def metadata(self):
        """Colour profile and EXIF of the first frame, an `io.Metadata`."""
        return io.read_metadata(self._pages[0]) if self._pages else io.Metadata()


def open_stack(source, *, exclude=()):
    """Open pictures as one stack; nothing but the headers of files is read.

    Parameters
    ----------
    source : Stack, path, list of paths, ndarray, or list of ndarray
        A folder (every picture in it, in natural order of names: 2 before 10, but for names that begin with ``.`` or
        ``_``, such as ``_reference.png``, and results that this program wrote there), a multi-page TIFF, a list of
        files (in the order given), an array of shape (N, H, W) or (N, H, W, 3), or a list of N images. Arrays are float
        in [0, 1], uint8 or uint16. A stack is returned as it is.
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
    refuse_tensors(source)
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
    found = [p for p in path.iterdir() if p.suffix.lower() in io.READABLE and p.is_file() and not _is_aside(p.stem)]
    frames = [p for p in found if p.resolve() not in skipped and not io.is_own_result(p)]
    if not frames and found:
        raise DataError(f"{path}: holds nothing but results of fusion; name the files to fuse them again")
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
    return Stack(readers, [page.name for page in pages], pages[0].shape, depth, pages)


def _pages_of(path, alone):
    pages = io.read_pages(path)
    if len(pages) > 1 and not alone:
        raise DataError(f"{path}: holds {len(pages)} pages; open a multi-page TIFF alone, not among other files")
    return pages


def _stack_of_arrays(arrays):
    if len(arrays) == 0:
        raise DataError("the stack is empty: give at least one image")
    if is_one_colour_image(arrays):
        raise DataError(
            f"an array of shape {arrays.shape} is one colour image; wrap it in a list to make a stack of it"
        )
    frames = [np.asarray(array) for array in arrays]
    names = [f"frame {index}" for index in range(len(frames))]
    for name, frame in zip(names, frames, strict=True):
        check_image(name, frame)
    _check_shapes(names, [frame.shape for frame in frames])
    readers = [partial(np.asarray, frame) for frame in frames]
    return Stack(readers, names, frames[0].shape, max(_depth_of(frame) for frame in frames))


def _depth_of(frame):
    if is_integer(frame):
        return 8 * frame.dtype.itemsize
    return 8 if narrow(frame).dtype == np.uint8 else 16


def _check_shapes(names, shapes):
    for name, shape in zip(names, shapes, strict=True):
        if shape != shapes[0]:
            raise DataError(
                f"{name} is {_describe(shape)}, but {names[0]} is {_describe(shapes[0])}; all frames of a stack "
                f"are of one size and kind: {'crop' if shape[:2] != shapes[0][:2] else 'convert'} it or leave it out"
            )


def _describe(shape):
    return f"{shape[1]} x {shape[0]} pixels {'in colour' if len(shape) == 3 else 'in gray'}"

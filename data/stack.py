"""What an image and a stack are; the one place that checks them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import io
from data.errors import DataError
from data.image import as_array, check_image, is_integer, is_one_colour_image, narrow, refuse_tensors, to_float
from data.paths import real_path

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
        self._pages = list(pages) or [None] * len(self._readers)  # None for arrays, and files that are no frames

    def __len__(self):
        return len(self._readers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self.select(range(len(self))[index])
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

    def select(self, indices):
        """Return a stack of some of the frames, in the order of their indices; its bit depth is that of the whole."""
        indices = list(indices)
        readers, names = [self._readers[index] for index in indices], [self.names[index] for index in indices]
        pages = [self._pages[index] for index in indices]
        return Stack(readers, names, self.shape[1:], self.bit_depth, pages)

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

    def read_ahead(self, indices, *, tolerant=False):
        """Read frames one after the other, each while the caller still works on the one before.

        Parameters
        ----------
        indices : iterable of int
            Which frames, in which order; one may come again.
        tolerant : bool, optional
            Hand out the `DataError` of a frame that cannot be read in place of its pixels, and go on.

        Yields
        ------
        index : int
        pixels : ndarray
            As `pixels` reads them. At most two frames are in memory: the one handed out, and the one that a thread
            reads. An error in a frame is raised when its turn comes, unless `tolerant`.
        """
        read = self._pixels_or_error if tolerant else self.pixels
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = None
            for index, following in pairwise(chain(indices, [None])):
                frame = (coming or reader.submit(read, index)).result()
                coming = None if following is None else reader.submit(read, following)
                yield index, frame

    def _pixels_or_error(self, index):
        try:
            return self.pixels(index)
        except DataError as error:
            return error

    @property
    def metadata(self):
        """Colour profile and EXIF of the first frame that is part of the stack, an `io.Metadata`."""
        page = next((page for page in self._pages if page is not None), None)
        return io.Metadata() if page is None else io.read_metadata(page)


def open_stack(source, *, exclude=(), tolerant=False):
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
    tolerant : bool, optional
        Keep a frame that cannot be part of the stack, under its name, and raise its DataError when it is read. This is
        a file that is missing, damaged or no picture, a multi-page TIFF among other files, an array that is no image,
        and a frame of another size or kind than most (than the first, where no kind is more frequent).

    Returns
    -------
    Stack

    Raises
    ------
    DataError
        If nothing is found, a file is no picture, or the frames differ in size; the frame is named. If `tolerant`, only
        if not a single frame can be read.
    """
    if isinstance(source, Stack):
        return source
    refuse_tensors(source)
    if isinstance(source, np.ndarray) and source.ndim:
        return _join(_from_arrays(source), tolerant)
    if isinstance(source, str | Path):
        return _join(_from_files(_files_of(Path(source), exclude)), tolerant)
    if not isinstance(source, Iterable) or isinstance(source, np.ndarray):
        raise DataError(f"a stack is a folder, files, an array (N, H, W[, 3]) or a list of images, got {source!r}")
    source = list(source)
    if all(isinstance(item, str | Path) for item in source):
        skipped = {real_path(path) for path in exclude}
        return _join(_from_files([Path(item) for item in source if real_path(item) not in skipped]), tolerant)
    return _join(_from_arrays(source), tolerant)


def _files_of(path, exclude):
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; give a folder of pictures or the files themselves")
    skipped = {real_path(other) for other in exclude}
    found = [p for p in path.iterdir() if p.suffix.lower() in io.READABLE and p.is_file() and not _is_aside(p.stem)]
    frames = [p for p in found if real_path(p) not in skipped and not io.is_own_result(p)]
    if not frames and found:
        raise DataError(f"{path}: holds nothing but results of fusion; name the files to fuse them again")
    if not frames:
        known = " ".join(sorted(io.READABLE))
        raise DataError(f"{path}: no picture in this folder; frames are files with one of the endings {known}")
    return sorted(frames, key=lambda p: natural_key(p.name))


def _is_aside(name):
    """Tell whether a name begins as those of hidden files and of references do, and is none that a camera gives."""
    return name.startswith((".", "_")) and not re.fullmatch(CAMERA_NAME, name)


class _Frame(NamedTuple):
    """What may become a frame of a stack, or the error that it cannot."""

    name: str
    shape: tuple = ()
    read: Callable | None = None
    bit_depth: int = 0
    page: io.Page | None = None
    error: DataError | None = None


def _from_files(paths):
    if not paths:
        raise DataError("no file was given; give a folder of pictures or the files themselves")
    return [frame for path in paths for frame in _from_file(path, alone=len(paths) == 1)]


def _from_file(path, alone):
    try:
        pages = io.read_pages(path)
        if len(pages) > 1 and not alone:
            raise DataError(f"{path}: holds {len(pages)} pages; open a multi-page TIFF alone, not among other files")
    except DataError as error:
        return [_Frame(path.name, error=error)]
    return [_Frame(page.name, page.shape, partial(io.read_pixels, page), page.bit_depth, page) for page in pages]


def _from_arrays(arrays):
    if len(arrays) == 0:
        raise DataError("the stack is empty: give at least one image")
    if is_one_colour_image(arrays):
        raise DataError(
            f"an array of shape {arrays.shape} is one colour image; wrap it in a list to make a stack of it"
        )
    return [_from_array(f"frame {index}", array) for index, array in enumerate(arrays)]


def _from_array(name, given):
    try:
        array = as_array(name, given)
        check_image(name, array)
    except DataError as error:
        return _Frame(name, error=error)
    return _Frame(name, array.shape, partial(np.asarray, array), _depth_of(array))


def _join(frames, tolerant):
    """Make one stack of frames, of the shape of the first one or, if `tolerant`, of the shape that most have."""
    _raise_errors(frames, tolerant)
    shapes = [frame.shape for frame in frames if frame.error is None]
    shape = Counter(shapes).most_common(1)[0][0] if tolerant else shapes[0]
    first = next(frame for frame in frames if frame.shape == shape)
    frames = [_compare(frame, first) for frame in frames]
    _raise_errors(frames, tolerant)
    depth = max(frame.bit_depth for frame in frames if frame.error is None)
    pages = [None if frame.error else frame.page for frame in frames]
    return Stack([_reader(frame) for frame in frames], [frame.name for frame in frames], shape, depth, pages)


def _raise_errors(frames, tolerant):
    """Raise the first error of all frames; if `tolerant`, only if every frame has one."""
    errors = [frame.error for frame in frames if frame.error]
    if len(errors) == len(frames) or (errors and not tolerant):
        raise errors[0]


def _compare(frame, first):
    """Add an error to a frame whose size or kind is not that of the first one."""
    if frame.error or frame.shape == first.shape:
        return frame
    error = DataError(
        f"{frame.name} is {_describe(frame.shape)}, but {first.name} is {_describe(first.shape)}; all frames of a stack "
        f"are of one size and kind: {'crop' if frame.shape[:2] != first.shape[:2] else 'convert'} it or leave it out"
    )
    return frame._replace(error=error)


def _reader(frame):
    return partial(_refuse, str(frame.error)) if frame.error else frame.read


def _refuse(message):
    raise DataError(message)


def _depth_of(frame):
    if is_integer(frame):
        return 8 * frame.dtype.itemsize
    return 8 if narrow(frame).dtype == np.uint8 else 16


def _describe(shape):
    return f"{shape[1]} x {shape[0]} pixels {'in colour' if len(shape) == 3 else 'in gray'}"

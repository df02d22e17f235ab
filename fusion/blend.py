"""Blend frames by pyramids, one frame in memory at a time, tile by tile."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from data import to_float
from fusion.pyramid import check_kernel_size, check_levels, enlarged, level_shapes, most_levels, reduced
from fusion.tiles import for_each_tile

LEAST_WEIGHT = np.float32(1e-12)  # added to every weight, so that frames share equally where none has any
MARGIN = 4  # pixels around a tile: 3 that its details and the coarser weights depend on, 1 more for the weights


class Look(NamedTuple):
    """A way to look at a frame: what it shows, and how much that counts. Both are functions of a part of it."""

    weight: Callable  # pixels as the frame has them, (h, w[, 3]) -> float32 (h, w), 0 and more; may look at neighbours
    image: Callable = to_float  # the same pixels -> float32 (h, w[, 3]); each pixel on its own


def paper_levels(shape):
    """Number of levels of detail in the programs of papers: floor(log2(min(H, W))) images, with the coarsest."""
    return max(most_levels(shape) - 1, 0)


def levels_or_paper(levels, shape):
    """Return a number of levels that was given, or `paper_levels`; raise a ValueError if the image has less."""
    return check_levels(paper_levels(shape) if levels is None else levels, shape)


def fuse_looks(stack, looks, *, levels=None, kernel_size=5, progress=None):
    """Blend all frames under all looks by Laplacian pyramids, with weights that sum to 1.

    Reads every frame twice, the last one once, and holds one while the next one is read.

    Parameters
    ----------
    stack : data.Stack
        N frames.
    looks : sequence of Look
        Every frame is blended in once for each.
    levels : int, optional
        Levels of detail, 0 to `most_levels`; `paper_levels` by default.
    kernel_size : {5, 3}, optional
        Taps of the kernel of the pyramids.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        Sum of the fused pyramid. It may leave [0, 1], and is not clipped.

    Raises
    ------
    DataError
        If a frame cannot be read.
    ValueError
        If `levels` or `kernel_size` is out of range.
    """
    count, shape = len(stack), stack.shape[1:]
    levels = levels_or_paper(levels, shape)
    check_kernel_size(kernel_size)
    progress = progress or (lambda frames, what: frames)
    frames = stack.read_ahead([*range(count), *range(count - 1)[::-1]])  # the last one serves both passes
    total = np.zeros(shape[:2], np.float32)
    for _ in progress(range(count), "weighing"):
        pixels = None  # let a frame go before the next one is handed out
        _, pixels = next(frames)
        _add_weights(total, pixels, looks)
    blend = PyramidBlend(shape, levels, kernel_size)
    for step in progress(range(count), "blending"):
        if step:
            pixels = None
            _, pixels = next(frames)
        for look in looks:
            blend.add(_reader(pixels, look, total))
    return blend.result()


def _add_weights(total, pixels, looks):
    def work(tile):
        outer = tile.grow(1, pixels.shape)
        for look in looks:
            total[tile] += look.weight(pixels[outer])[tile.within(outer)] + LEAST_WEIGHT

    for_each_tile(work, pixels.shape)


def _reader(pixels, look, total):
    """Return a function that gives a tile of the image and of its weights."""

    def read(tile):
        weight = look.weight(pixels[tile]) + LEAST_WEIGHT
        return look.image(pixels[tile]), np.divide(weight, total[tile], out=weight)

    return read


class PyramidBlend:
    """Running sum of Laplacian pyramids, each level times that of a pyramid of weights."""

    def __init__(self, shape, levels, kernel_size=5):
        shapes = level_shapes(shape, levels)
        self._kernel_size = kernel_size
        self._fused = [np.zeros(shape, np.float32) for shape in shapes]
        self._images = [None, *(np.empty(shape, np.float32) for shape in shapes[1:])]  # of the frame in hand
        self._weights = [None, *(np.empty(shape[:2], np.float32) for shape in shapes[1:])]

    def add(self, read):
        """Blend in an image; ``read(tile)`` gives any part of it and of its weights."""
        for level, fused in enumerate(self._fused[:-1]):
            for_each_tile(lambda tile, level=level, read=read: self._add_tile(level, tile, read), fused.shape)
            read = self._reader(level + 1)
        for_each_tile(lambda tile: self._add_coarsest(tile, read), self._fused[-1].shape)

    def _reader(self, level):
        return lambda tile: (self._images[level][tile], self._weights[level][tile])

    def _add_tile(self, level, tile, read):
        """Add the details of a tile, and reduce it to its part of the next level."""
        outer = tile.grow(MARGIN, self._fused[level].shape)
        image, weight = read(outer)
        coarse = reduced(image, self._kernel_size)
        half, part = tile.halved(), tile.halved().within(outer.halved())
        self._images[level + 1][half] = coarse[part]
        self._weights[level + 1][half] = reduced(weight, self._kernel_size)[part]
        detail, inner = image - enlarged(coarse, image.shape, self._kernel_size), tile.within(outer)
        accumulate(self._fused[level][tile], detail[inner], weight[inner])

    def _add_coarsest(self, tile, read):
        outer = tile.grow(MARGIN, self._fused[-1].shape)
        accumulate(self._fused[-1][tile], *(part[tile.within(outer)] for part in read(outer)))

    def result(self):
        """Sum up all levels; nothing can be added after that."""
        for level in reversed(range(len(self._fused) - 1)):
            for_each_tile(lambda tile, level=level: self._collapse_tile(level, tile), self._fused[level].shape)
        return self._fused[0]

    def _collapse_tile(self, level, tile):
        fine, coarse = self._fused[level], self._fused[level + 1]
        fine[tile] += enlarged_tile(coarse, tile, fine.shape, self._kernel_size)


def enlarged_tile(coarse, tile, shape, kernel_size=5):
    """Interpolate one tile of the image of such a shape that a coarse image was reduced from."""
    outer = tile.grow(MARGIN, shape)
    size = tuple(part.stop - part.start for part in outer)
    inside = outer.is_inside(shape)
    return enlarged(coarse[outer.halved()], (*size, *shape[2:]), kernel_size, inside=inside)[tile.within(outer)]


def accumulate(total, image, weight):
    """Add an image times its weights; repeating these for each channel is faster here than broadcasting."""
    cv2.accumulateProduct(image, weight if image.ndim == 2 else cv2.cvtColor(weight, cv2.COLOR_GRAY2RGB), total)

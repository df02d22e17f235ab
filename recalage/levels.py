"""What registration looks at: the light of a frame at several sizes, without what exposure and shading change."""

from functools import cache, cached_property
from typing import NamedTuple

import cv2
import numpy as np

from data.image import to_float
from data.scenes.light import to_linear

MOST_PIXELS = 1_500_000  # of the largest size looked at
LEAST_SIDE = 32  # pixels of the smallest size looked at
STRIP = 64  # rows that are reduced at a time, so that they stay in the processor's cache
SMOOTHING = 1.0  # pixels: deviation of the blur that tames noise, and makes linear interpolation good enough
SHADING = 17  # pixels: what is wider than this is shading
LARGE_CELL, SMALL_CELL = 12, 8  # pixels: sides of the cells that sums are taken over
LONG_SIDE = 480  # pixels: a shorter frame gets small cells


class Reduced(NamedTuple):
    """A frame as registration remembers it, made by `reduce_frame`.

    Attributes
    ----------
    gray : ndarray of uint16 of shape (h, w)
        Gray values, 1.5 million at most; 65535 is white.
    pitch : int
        Pixels of the frame along one of these.
    """

    gray: np.ndarray
    pitch: int

    @property
    def to_frame(self):
        """Matrix that maps (x, y, 1) of `gray` to the frame; pixels are squares around whole numbers."""
        offset = (self.pitch - 1) / 2
        return np.array([[self.pitch, 0, offset], [0, self.pitch, offset], [0, 0, 1.0]])


def reduce_frame(pixels):
    """Reduce a frame, uint8, uint16 or float in [0, 1], gray or colour, to `Reduced`."""
    pitch = int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / MOST_PIXELS)))
    height, width = (length // pitch for length in pixels.shape[:2])
    gray = np.empty((height, width), np.uint16)
    for top in range(0, height, STRIP):
        strip = pixels[top * pitch : min(top + STRIP, height) * pitch, : width * pitch]
        values = to_float(strip if strip.ndim == 2 else cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY))
        means = cv2.resize(values, (width, len(values) // pitch), interpolation=cv2.INTER_AREA)
        gray[top : top + STRIP] = np.rint(means * 65535)
    return Reduced(gray, pitch)


@cache
def _table():
    return to_linear(np.linspace(0, 1, 65536, dtype=np.float32))


def light_of(gray):
    """Linear light, float32 in [0, 1], of gray values of 16 bits."""
    return np.take(_table(), gray)


def levels_of(reduced):
    """Return a frame at several sizes, from the largest to the smallest, a list of `Level`.

    Light is linear: blur mixes light, so in light, and only there, it moves no edge.
    """
    light = light_of(reduced.gray)
    cell = LARGE_CELL if min(light.shape) >= LONG_SIDE else SMALL_CELL
    levels = [Level(light, cell, block=4 * cell)]
    while min(light.shape) >= 2 * LEAST_SIDE:
        light, finer = cv2.pyrDown(light), levels[-1]
        levels.append(Level(light, max(finer.cell // 2, SMALL_CELL), block=finer.block // 2))
    return levels


def at_size(matrix, halvings):
    """Express a motion in pixels of a size that was halved so many times more."""
    scale = np.diag([2.0**halvings, 2.0**halvings, 1])
    return np.linalg.inv(scale) @ matrix @ scale


class Level:
    """A frame at one size: its detail, and sums over small cells of what its slopes tell.

    Attributes
    ----------
    detail : ndarray of float32 of shape (h, w)
        Light without shading and fine noise.
    cell : int
        Side of a cell, in pixels.
    block : int
        Side of the blocks of cells, in pixels, a fifth of which is kept back for the test.
    grid : tuple of int
        Rows and columns of cells.
    """

    def __init__(self, light, cell, block):
        smooth = cv2.GaussianBlur(light, (0, 0), SMOOTHING)
        self.detail = cv2.subtract(smooth, cv2.blur(smooth, (SHADING, SHADING)))
        self.cell, self.block = cell, block
        self.grid = light.shape[0] // cell, light.shape[1] // cell

    @property
    def shape(self):
        """Height and width."""
        return self.detail.shape

    def sums(self, *pairs):
        """Means over the cells of the products of pairs of images: float64 of shape ``(*grid, number of pairs)``."""
        rows, columns = (count * self.cell for count in self.grid)
        found = np.empty((*self.grid, len(pairs)))
        for place, (one, other) in enumerate(pairs):
            product = np.multiply(one, other, out=self._scratch)[:rows, :columns]
            found[..., place] = cv2.resize(product, self.grid[::-1], interpolation=cv2.INTER_AREA)
        return found

    @cached_property
    def _scratch(self):
        return np.empty_like(self.detail)

    @cached_property
    def drawn(self):
        """Room for another frame, drawn over this one; fresh memory would cost more than drawing does."""
        return np.empty_like(self.detail)

    @cached_property
    def slopes(self):
        """Slopes of the detail along x and y."""
        kernel = np.float32([[-0.5, 0, 0.5]])
        return cv2.filter2D(self.detail, -1, kernel), cv2.filter2D(self.detail, -1, kernel.T)

    @cached_property
    def own_sums(self):
        """Means over cells of xx, xy, yy of the slopes, of slope times detail (x, y), and of the detail squared."""
        (x, y), detail = self.slopes, self.detail
        return self.sums((x, x), (x, y), (y, y), (x, detail), (y, detail), (detail, detail))

    @cached_property
    def centres(self):
        """Positions (x, y) of the centres of the cells, of shape ``(*grid, 2)``."""
        rows, columns = np.indices(self.grid)
        return np.stack([columns, rows], axis=-1) * self.cell + (self.cell - 1) / 2

    @cached_property
    def corners(self):
        """Homogeneous positions (x, y, 1) of the centres of the pixels in the four corners of all cells, (3, 4 * cells)."""
        reach = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (self.cell - 1) / 2
        corners = (self.centres.reshape(-1, 2) + reach[:, None]).reshape(-1, 2)
        return np.column_stack([corners, np.ones(len(corners))]).T.copy()

    @cached_property
    def blocks(self):
        """Number of the block that each cell lies in."""
        rows, columns = np.indices(self.grid) * self.cell // self.block
        return rows * (columns.max() + 1) + columns

    @cached_property
    def kept_back(self):
        """Which cells are kept back for the test: whole blocks, one in five; none where blocks are below a cell."""
        rows, columns = np.indices(self.grid) * self.cell // self.block
        return ((columns + 2 * rows) % 5 == 0) & (self.block >= self.cell)

"""Choose, frame by frame, what a fused Laplacian pyramid is made of: running sums, weighted by evidence of focus."""

from functools import partial

import cv2
import numpy as np

from data import to_float
from data.image import to_integers
from fusion.blend import accumulate, enlarged_tile
from fusion.coverage import covered
from fusion.noise import LEAST_NOISE
from fusion.tiles import Tile, for_each_tile

POWER = 6  # of the evidence: of two frames, one with twice the energy of the other counts 64 times as much
FLOOR = 4  # times the noise, that is added to the evidence; where no frame has more, all count alike
MOST = 5e5  # units that more evidence makes no difference to, a contrast of the whole range: it stays within float32


def weights_of(evidence, noise, factor=1.0):
    """Return how much a frame counts in each pixel.

    Parameters
    ----------
    evidence : ndarray of float32 of shape (H, W)
        Energy that speaks for the frame.
    noise : float
        Energy of noise, that of all frames.
    factor : float, optional
        Of all weights of the frame.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        ``factor * (evidence + FLOOR * noise) ** POWER``, in a unit that is the same for all frames.
    """
    weights = np.multiply(evidence, np.float32(1 / LEAST_NOISE))
    weights += np.float32(FLOOR * noise / LEAST_NOISE)
    np.minimum(weights, np.float32(MOST), out=weights)
    cv2.pow(weights, POWER, dst=weights)
    if factor != 1:
        weights *= np.float32(factor)
    return weights


class Selection:
    """Running sums of the details of all frames and of their weights; of the finest level, for some rows at a time.

    Parameters
    ----------
    shapes : list of tuple
        Of the levels of its pyramid.
    rows : int
        Rows of the finest level that are summed up at a time.
    dtype : dtype
        Of the fused image: float32, uint8 or uint16.
    noise : list of float
        Energy of noise in each level.
    bounded : bool
        Keep each pixel within the range of the frames there.
    mapped : bool
        Find the frame that counts most in each pixel, too.
    workers : int, optional
        As for `for_each_tile`.
    """

    def __init__(self, shapes, rows, dtype, *, noise, bounded=True, mapped=False, workers=None):
        self._shapes, self._noise, self._mapped, self._bounded = shapes, noise, mapped, bounded
        self._for_each_tile = partial(for_each_tile, workers=workers)
        first = (min(rows, shapes[0][0]), *shapes[0][1:])
        self._sums = [np.zeros(shape, np.float32) for shape in (first, *shapes[1:])]
        self._totals = [np.zeros(shape[:2], np.float32) for shape in (first, *shapes[1:])]
        self._most = np.zeros(first[:2], np.float32) if mapped else None
        self._low = self._high = None
        self._rows = None
        self._coarse = None
        self._dtype = np.dtype(dtype)
        self.image = None
        self.index = np.zeros(shapes[0][:2], np.uint16) if mapped else None
        self.confidence = np.empty(shapes[0][:2], np.float32) if mapped else None

    def begin(self, rows):
        """Go on with some rows of the finest level, a slice; the first call begins the coarser levels too."""
        self._rows = rows
        self._low = self._high = None
        if self.image is not None:  # other rows were summed up before
            for part in (self._sums[0], self._totals[0], *([self._most] if self._mapped else [])):
                part[:] = 0

    def add(self, pyramid, pixels, position, *, factor=1.0, matrix=None):
        """Let a frame take part; levels above the finest count only while the first rows are summed up.

        Parameters
        ----------
        pyramid : FramePyramid
            That has measured it.
        pixels : ndarray of shape (H, W) or (H, W, 3)
            The frame itself.
        position : int
            Its place in the stack.
        factor : float, optional
            Of all its weights.
        matrix : ndarray of shape (3, 3), optional
            By which it was moved; what lies outside of it does not count.
        """
        add = partial(self._add_tile, pyramid, position, factor, matrix)
        for level in reversed(range(1, len(self._shapes))):
            work = add if self._coarse is None else pyramid.informed
            self._for_each_tile(partial(work, level), self._shapes[level])
        self._for_each_tile(partial(add, 0), self._shapes[0], rows=self._rows)
        if self._bounded:
            self._widen(pixels[self._rows])

    def _add_tile(self, pyramid, position, factor, matrix, level, tile):
        weights = weights_of(pyramid.informed(level, tile), self._noise[level], factor)
        if matrix is not None:
            weights *= covered(matrix, self._shapes[0], tile, 2**level)
        details = pyramid.coarsest[tile] if level == len(self._shapes) - 1 else pyramid.detail(level, tile)
        place = tile if level else self._place(tile)
        accumulate(self._sums[level][place], details, weights)
        self._totals[level][place] += weights
        if self._mapped and level == 0:
            stronger = weights > self._most[place]
            np.copyto(self._most[place], weights, where=stronger)
            np.copyto(self.index[tile], np.uint16(position), where=stronger)

    def _place(self, tile):
        """Return where a tile of the finest level lies in the rows that are summed up."""
        first = self._rows.start
        return Tile(slice(tile.rows.start - first, tile.rows.stop - first), tile.columns)

    def _widen(self, pixels):
        """Widen the range of values in each pixel to that of a frame."""
        if self._low is None:
            self._low, self._high = pixels.copy(), pixels.copy()
            return
        if pixels.dtype != self._low.dtype:
            self._low, self._high, pixels = alike(self._low, self._high, pixels)
        np.minimum(self._low, pixels, out=self._low)
        np.maximum(self._high, pixels, out=self._high)

    def finish(self, count):
        """Sum up the levels in the rows in hand; `count` frames took part."""
        if self._coarse is None:
            self._coarse = self._collapsed()
        if self.image is None:
            self.image = self._room_for_image()
        self._for_each_tile(partial(self._finish_tile, count), self._shapes[0], rows=self._rows)

    def _room_for_image(self):
        """Return where the result is written: over what it is the last to read, if that is of its kind."""
        if self._bounded and self._low.shape == self._shapes[0] and self._low.dtype == self._dtype:
            return self._low
        return np.empty(self._shapes[0], self._dtype)

    def _collapsed(self):
        """Return the sum of all levels but the finest."""
        for level in reversed(range(1, len(self._shapes))):
            self._for_each_tile(partial(self._collapse_tile, level), self._shapes[level])
        return self._sums[1]

    def _collapse_tile(self, level, tile):
        image = divided(self._sums[level][tile], self._totals[level][tile])
        if level < len(self._shapes) - 1:
            image += enlarged_tile(self._sums[level + 1], tile, self._shapes[level])
        self._sums[level][tile] = image

    def _finish_tile(self, count, tile):
        place = self._place(tile)
        total = self._totals[0][place]
        image = divided(self._sums[0][place], total)
        image += enlarged_tile(self._coarse, tile, self._shapes[0])
        low, high = (to_float(self._low[place]), to_float(self._high[place])) if self._bounded else (0, 1)
        image.clip(low, high, out=image)
        self.image[tile] = image if self._dtype == np.float32 else to_integers(image, self._dtype)
        if self._mapped:
            self.confidence[tile] = share_above_mean(self._most[place], total, count)


def share_above_mean(most, total, count):
    """Return 0 where the frame that counts most is one of `count` equal ones, 1 where it alone counts."""
    share = np.divide(most, total, out=np.zeros_like(most), where=total > 0)
    return ((count * share - 1) / max(count - 1, 1)).clip(0, 1)


def divided(image, weights):
    """Return an image over weights of its pixels."""
    return cv2.divide(image, weights if image.ndim == 2 else cv2.cvtColor(weights, cv2.COLOR_GRAY2RGB))


def alike(*frames):
    """Return pixels of different types in one that holds all of them."""
    if all(frame.dtype in (np.uint8, np.uint16) for frame in frames):
        return [frame.astype(np.uint16) * np.uint16(257) if frame.dtype == np.uint8 else frame for frame in frames]
    return [to_float(frame) for frame in frames]

"""How sharp a frame is, at every level of its Laplacian pyramid: region energy that the levels tell each other of."""

from functools import partial

import cv2
import numpy as np

from data import to_float
from fusion.blend import enlarged_tile
from fusion.energy import coarsest_activity, region_energy
from fusion.pyramid import enlarged, level_shapes, reduced
from fusion.tiles import for_each_tile

REACH = 4  # pixels: a detail depends on 3 around it, and a tile begins in an even row and column
SHARE = 0.2  # of the evidence of a coarser level, that a finer one believes: 0.05 of its energy for each level


class FramePyramid:
    """Gaussian pyramid of a frame and the evidence of focus in every level; the buffers serve one frame after the other.

    Attributes
    ----------
    evidence : list of ndarray of float32 of shape (h, w)
        One for each level of detail from fine to coarse, and for the coarsest image: energy that speaks for the frame.
    """

    def __init__(self, shape, levels, *, window=5, consistent=True, workers=None):
        self.shapes = level_shapes(shape, levels)
        self.evidence = [np.empty(shape[:2], np.float32) for shape in self.shapes]
        self._images = [None, *(np.empty(shape, np.float32) for shape in self.shapes[1:])]
        self._window, self._consistent = window, consistent
        ratio = 1 / 4 if consistent else 1  # the finest details count most
        self._scales = [np.float32(ratio**level) for level in range(levels + 1)]
        self._for_each_tile = partial(for_each_tile, workers=workers)

    @property
    def coarsest(self):
        """The coarsest image, float32."""
        return self._images[-1]

    def measure(self, pixels):
        """Take a frame in, from the finest level to the coarsest: its pyramid, and its evidence."""
        self._images[0] = pixels
        for level, shape in enumerate(self.shapes[:-1]):
            self._for_each_tile(partial(self._measure_tile, level), shape)
        self.evidence[-1][:] = coarsest_activity(self.coarsest, self._window) * self._scales[-1]
        if self._consistent:
            self.evidence[-1] += reduced(self.evidence[-2])

    def informed(self, level, tile):
        """Return evidence that has heard of the coarser levels, of which the next one must have heard of all above it."""
        evidence = self.evidence[level][tile]
        if not self._consistent or level == len(self.shapes) - 1:
            return evidence
        told = enlarged_tile(self.evidence[level + 1], tile, self.shapes[level][:2])
        told = cv2.scaleAdd(told, SHARE, evidence)
        if level:  # finer ones will ask for it
            evidence[:] = told
        return told

    def detail(self, level, tile):
        """Return details of a level, float32 (h, w[, 3]), around 0."""
        return cv2.subtract(
            to_float(self._images[level][tile]), enlarged_tile(self._images[level + 1], tile, self.shapes[level])
        )

    def forget(self):
        """Let go of the frame that was measured."""
        self._images[0] = None

    def _measure_tile(self, level, tile):
        """Reduce a tile to its part of the next level, and measure the energy of its details."""
        outer = tile.grow(REACH + self._window // 2 // 2 * 2 + 2, self.shapes[level])
        image = to_float(self._images[level][outer])
        coarse = reduced(image)
        half = tile.halved()
        self._images[level + 1][half] = coarse[half.within(outer.halved())]
        detail = cv2.subtract(image, enlarged(coarse, image.shape, inside=outer.is_inside(self.shapes[level])))
        evidence = region_energy(detail, self._window)[tile.within(outer)]
        if level:
            evidence *= self._scales[level]
        if level and self._consistent:
            evidence += self._told_by_finer(level, tile)
        self.evidence[level][tile] = evidence

    def _told_by_finer(self, level, tile):
        finer = tile.doubled(REACH, self.shapes[level - 1])
        return reduced(self.evidence[level - 1][finer])[tile.within(finer.halved())]

"""How sharp a frame is, at every level of its Laplacian pyramid: region energy that the levels tell each other of."""

from functools import partial

import cv2
import numpy as np

from data import to_float, to_gray
from fusion.blend import enlarged_tile
from fusion.measure import SUM
from fusion.pyramid import enlarged, level_shapes, reduced
from fusion.tiles import for_each_tile

REACH = 4  # pixels: a detail depends on 3 around it, and a tile begins in an even row and column
SHARE = 0.2  # of the evidence of a coarser level, that a finer one believes: 0.05 of its energy for each level
QUIET = 0.1  # share of a frame in which nothing but noise is expected, of what is not quite flat
LEAST_NOISE = 2e-6  # energy of rounding to 8 bits; no frame is taken to have less noise
STEP = 8  # pixels: one in so many rows and columns is looked at when noise is estimated
GRAYS = 16  # levels of gray that entropy tells apart


class FramePyramid:
    """Gaussian pyramid of a frame and the evidence of focus in every level; the buffers serve one frame after the other.

    Attributes
    ----------
    evidence : list of ndarray of float32 of shape (h, w)
        One for each level of detail from fine to coarse, and for the coarsest image: energy that speaks for the frame.
    noise : float
        What of the evidence is noise, in the finest level.
    """

    def __init__(self, shape, levels, *, window=5, consistent=True, workers=None):
        self.shapes = level_shapes(shape, levels)
        self.evidence = [np.empty(shape[:2], np.float32) for shape in self.shapes]
        self.noise = 0.0
        self._images = [None, *(np.empty(shape, np.float32) for shape in self.shapes[1:])]
        self._window, self._consistent = window, consistent
        ratio = 1 / 4 if consistent else 4  # fine details count most; alone, each level counts by what noise has there
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
        self.noise = noise_energy(self.evidence[0])

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


def region_energy(detail, window=5):
    """Energy of details around each pixel, summed over the channels.

    Parameters
    ----------
    detail : ndarray of float32 of shape (H, W) or (H, W, C)
        A level of a Laplacian pyramid.
    window : int, optional
        Side of the region in pixels, odd; pixels count by a Gaussian of standard deviation ``window / 5``.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] W. Wang, F. Chang, "A multi-focus image fusion method based on Laplacian pyramid," J. Comput. 6(12), 2011.
       :doi:`10.4304/jcp.6.12.2559-2566`
    """
    energy = cv2.multiply(detail, detail)
    if energy.ndim == 3:
        energy = cv2.transform(energy, SUM[:, : energy.shape[2]])
    return averaged(energy, window)


def coarsest_activity(image, window=5):
    """How much there is to see in the coarsest image of a pyramid: local variance, times entropy.

    Parameters
    ----------
    image : ndarray of float32 of shape (H, W) or (H, W, 3)
        In [0, 1].
    window : int, optional
        As for `region_energy`.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        Variance of the gray value around each pixel, times the entropy of `GRAYS` levels of gray there, in bits.

    References
    ----------
    .. [1] W. Wang, F. Chang, "A multi-focus image fusion method based on Laplacian pyramid," J. Comput. 6(12), 2011.
       :doi:`10.4304/jcp.6.12.2559-2566`
    """
    gray = to_gray(image)
    deviation = gray - averaged(gray, window)
    return averaged(deviation * deviation, window) * entropy(gray, window)


def entropy(gray, window=5):
    """Entropy of `GRAYS` levels of gray around each pixel, in bits; (H, W) in, float32 (H, W) out."""
    labels = np.minimum(gray * np.float32(GRAYS), GRAYS - 1).astype(np.uint8)
    bits = np.zeros(gray.shape, np.float32)
    for label in np.unique(labels):
        share = averaged((labels == label).astype(np.float32), window)
        bits -= share * np.log2(np.maximum(share, np.float32(1e-12)))
    return np.maximum(bits, 0, out=bits)


def averaged(plane, window):
    """Mean of a plane around each pixel, by a Gaussian that a window cuts off."""
    return cv2.GaussianBlur(plane, (window, window), window / 5, borderType=cv2.BORDER_REFLECT)


def noise_energy(energy):
    """Estimate what of the energy of details in the finest level is noise: all of it where a frame is quietest.

    Where there is none at all, as in clipped lights or a black border, nothing is learned of it.
    """
    samples = energy[::STEP, ::STEP]
    samples = samples[samples > LEAST_NOISE]
    return float(np.quantile(samples, QUIET)) if samples.size else LEAST_NOISE

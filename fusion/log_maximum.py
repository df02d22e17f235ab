"""The plainest focus stacking: each pixel from the frame whose Laplacian of Gaussian is strongest there."""

import cv2
import numpy as np

from data import to_float, to_gray
from fusion.coverage import covered
from fusion.selection import alike, share_above_mean
from fusion.tiles import whole


def laplacian_of_gaussian(image, kernel_size=5):
    """Magnitude of the Laplacian of a smoothed image.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image in [0, 1], uint8 or uint16.
    kernel_size : int, optional
        Side of the Gaussian and of the Laplacian, odd, 3 to 31.

    Returns
    -------
    ndarray of float32 of shape (H, W)

    References
    ----------
    .. [1] D. Marr, E. Hildreth, "Theory of edge detection," Proc. R. Soc. Lond. B 207, 1980.
       :doi:`10.1098/rspb.1980.0020`
    """
    smooth = cv2.GaussianBlur(to_float(to_gray(image)), (kernel_size, kernel_size), 0)
    laplacian = cv2.Laplacian(smooth, cv2.CV_32F, ksize=kernel_size)
    return np.abs(laplacian, out=laplacian)


class LogMaximum:
    """Running maximum over frames of the Laplacian of Gaussian; the pixels of the frame that has it are kept.

    Attributes
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Pixels of the frames.
    index : ndarray of uint16 of shape (H, W)
        The frame of each pixel; the first one, where several are as strong.
    """

    def __init__(self, kernel_size=5):
        self.image = self.index = None
        self._kernel_size = kernel_size
        self._strongest = self._sum = None

    def add(self, pixels, position, matrix=None):
        """Let a frame take part; of one that was moved by a matrix, what it shows."""
        strength = laplacian_of_gaussian(pixels, self._kernel_size)
        if matrix is not None:
            strength *= covered(matrix, strength.shape, whole(strength.shape), 1)
        if self.image is None:
            self.image, self.index = pixels.copy(), np.full(strength.shape, position, np.uint16)
            self._strongest, self._sum = strength, strength.copy()
            return
        if pixels.dtype != self.image.dtype:
            self.image, pixels = alike(self.image, pixels)
        stronger = strength > self._strongest
        self.image[stronger] = pixels[stronger]
        self.index[stronger] = position
        np.maximum(self._strongest, strength, out=self._strongest)
        self._sum += strength

    def confidence(self, count):
        """Return how far the strongest of `count` frames is above their mean, 0 to 1; float32 (H, W)."""
        return share_above_mean(self._strongest, self._sum, count)

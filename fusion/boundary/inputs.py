"""What the compact network sees of two frames: contrast, and which frame has more detail around a pixel."""

import cv2
import numpy as np

REACH = 15  # pixels around a pixel over which mean and contrast are taken
LEAST_CONTRAST = 0.03  # contrast below which a scene is taken as it is, not amplified
NOISE = 4e-6  # energy of detail that means nothing: of noise and of rounding, 0.002 squared
SCALES = (1.0, 3.0)  # pixels: standard deviations over which detail is averaged
PLANES = 5
ORDER, SIGNS = (1, 0, 2, 3, 4), (1, 1, -1, -1, 1)  # of planes and of their signs once the frames are exchanged
HALO = REACH + 10  # pixels around a pixel that its inputs depend on


def input_planes(own, rival):
    """Return what the compact network sees of a frame beside another one.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1].

    Returns
    -------
    ndarray of float32 of shape (5, H, W)
        Both frames less the mean of their surroundings and over its contrast; log of the ratio of their energies of
        detail, at two scales; log of the contrast. Exchanging the frames exchanges the first two planes, changes the
        sign of the next two, and leaves the last one.
    """
    mean = (own + rival) * np.float32(0.5)
    around = _box(mean)
    contrast = np.sqrt(np.maximum(_box(mean * mean) - around * around, 0)) + np.float32(LEAST_CONTRAST)
    planes = np.empty((PLANES, *own.shape), np.float32)
    planes[0], planes[1] = (own - around) / contrast, (rival - around) / contrast
    energies = [detail_energy(frame) for frame in (own, rival)]
    for plane, sigma in zip(planes[2:4], SCALES, strict=True):
        mine, other = (np.log(_smooth(energy, sigma) + np.float32(NOISE)) for energy in energies)
        np.subtract(mine, other, out=plane)  # a difference, not a quotient: exchanging the frames changes nothing else
    planes[4] = np.log(contrast)
    return planes


def exchanged(planes):
    """Return what the network sees of the rival beside the frame itself, from what it sees of the frame."""
    return np.stack([planes[k] if sign > 0 else -planes[k] for k, sign in zip(ORDER, SIGNS, strict=True)])


def _box(image):
    return cv2.blur(image, (2 * REACH + 1,) * 2, borderType=cv2.BORDER_REFLECT)


def detail_energy(image):
    """Return the energy of the Laplacian."""
    detail = cv2.Laplacian(image, cv2.CV_32F, borderType=cv2.BORDER_REFLECT)
    return detail * detail


def _smooth(image, sigma):
    size = 2 * int(3 * sigma) + 1
    return cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT)

"""Features: points that can be found again in another image, by the look of their neighbourhood."""

from typing import NamedTuple

import cv2
import numpy as np

from data import to_float, to_gray
from data.image import check_image

MAX_PIXELS = 500_000  # of the image that features are looked for in; more costs time and gains little accuracy
MAX_FEATURES = 2000  # the strongest ones
BLANK = 1 / 4096  # range of gray values below which an image is blank: what rounding leaves of an even one
MIN_CONTRAST = 0.005  # an eighth of what OpenCV asks for: in blurred frames, features are weak


class Features(NamedTuple):
    """Features of one image, made by `find_features`.

    Attributes
    ----------
    points : ndarray of float64 of shape (F, 2)
        Positions (x, y) in pixels of the image; (0, 0) is the centre of its first pixel.
    descriptors : ndarray of float32 of shape (F, 128)
        Vectors of length 1 that describe the neighbourhoods.
    pitch : float
        Size of a pixel of the reduced image that features were looked for in, in pixels of the image; at least 1.
    shape : tuple of int
        Height and width of the image.
    name : str
        What messages call the image.
    """

    points: np.ndarray
    descriptors: np.ndarray
    pitch: float
    shape: tuple
    name: str


def find_features(image, *, name="image"):
    """Find SIFT features of an image.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Image: float in [0, 1], uint8 or uint16.
    name : str, optional
        What messages call the image.

    Returns
    -------
    Features
        At most 2000 features, none for a blank image.

    Raises
    ------
    DataError
        If the array is no image.

    Notes
    -----
    Images above half a megapixel are reduced to that: fine detail, which blur takes away first, seldom matches between
    frames of different focus. Gray values are stretched over the full range, so that a dark or a flat frame has as
    many features as a well exposed one.

    References
    ----------
    .. [1] D. G. Lowe, "Distinctive image features from scale-invariant keypoints," IJCV 60(2), 2004.
       :doi:`10.1023/B:VISI.0000029664.99615.94`
    """
    image = np.asarray(image)
    check_image(name, image)
    gray = _reduce(to_float(to_gray(image)))
    detector = cv2.SIFT_create(MAX_FEATURES, contrastThreshold=MIN_CONTRAST, enable_precise_upscale=True)
    keypoints, descriptors = detector.detectAndCompute(_stretch(gray), None)
    shape = image.shape[:2]
    points = _to_full_size(cv2.KeyPoint_convert(keypoints), gray.shape, shape)
    return Features(points, _normalise(descriptors), max(1.0, shape[1] / gray.shape[1]), shape, name)


def _reduce(gray):
    """Reduce an image to `MAX_PIXELS`; a smaller one stays as it is."""
    factor = (MAX_PIXELS / gray.size) ** 0.5
    if factor >= 1:
        return gray
    height, width = (max(1, round(length * factor)) for length in gray.shape)
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)


def _stretch(gray):
    """Spread gray values over 8 bits, but for the darkest and the brightest half percent; a blank image gives 0."""
    low, high = np.percentile(gray[::4, ::4], (0.5, 99.5))
    if not high > low:
        low, high = float(gray.min()), float(gray.max())
    gain = 255 / (high - low) if high - low > BLANK else 0
    return cv2.convertScaleAbs(np.maximum(gray - np.float32(low), 0), alpha=gain)


def _to_full_size(points, reduced_shape, shape):
    """Take points of a reduced image to the full one; pixels are areas, and their centres lie at whole numbers."""
    points = np.asarray(points, np.float64).reshape(-1, 2)
    pitch = np.divide(shape[::-1], reduced_shape[::-1])
    return (points + 0.5) * pitch - 0.5


def _normalise(descriptors):
    """Scale descriptors to length 1; none at all is an empty array."""
    if descriptors is None:
        return np.zeros((0, 128), np.float32)
    return descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)

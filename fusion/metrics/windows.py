"""Separable windows: weighted means of those that fit in an image, or about every pixel of it."""

import cv2
import numpy as np


def gaussian(size, sigma):
    """Samples of a Gaussian around the middle of a window, of sum 1."""
    offsets = np.arange(size) - (size - 1) / 2
    samples = np.exp(-(offsets**2) / (2 * sigma**2))
    return samples / samples.sum()


def mean_of(image, window):
    """Weighted mean of every window that fits in an image: (H - n + 1, W - n + 1) for a window of n samples."""
    return mean_everywhere(image, window)[_fitting(image, len(window))]


def mean_everywhere(image, window):
    """Weighted mean of the window about every pixel, (H, W); zeros outside the image."""
    return cv2.sepFilter2D(image, cv2.CV_64F, window, window, borderType=cv2.BORDER_CONSTANT)


def is_constant(image, window):
    """Tell of every window that fits in an image whether all its pixels are equal."""
    size = len(window)
    square, anchor = np.ones((size, size), np.uint8), (size // 2, size // 2)
    fitting = _fitting(image, size)
    return cv2.dilate(image, square, anchor=anchor)[fitting] == cv2.erode(image, square, anchor=anchor)[fitting]


def _fitting(image, size):
    """Pixels of an image whose window fits; of an even size one more sample lies before the pixel than after it."""
    before, after = size // 2, (size - 1) // 2
    return np.s_[before : image.shape[0] - after, before : image.shape[1] - after]

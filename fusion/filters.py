"""Filters: window mean, guided filter."""

import functools

import cv2
import numpy as np

from data import to_float


def box(image, radius):
    """Mean over a square window of ``2 * radius + 1`` pixels, truncated where it leaves the image.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        float32 or float64.
    radius : int
        Half width of the window, in pixels; 0 returns a copy.

    Returns
    -------
    ndarray
        Shape and type of `image`.
    """
    radius = min(radius, max(image.shape[:2]))  # a wider window holds the same pixels
    size = 2 * radius + 1
    mean = cv2.boxFilter(image, -1, (size, size), borderType=cv2.BORDER_CONSTANT)  # a window counts zeros outside
    _rescale_border(mean, radius)
    _rescale_border(mean.swapaxes(0, 1), radius)
    return mean.reshape(image.shape)


def _rescale_border(lines, radius):
    """Divide by the pixels that a window holds, not by its full size, in the first and last lines."""
    factor = _border_factor(len(lines), radius, lines.dtype.type).reshape(-1, *[1] * (lines.ndim - 1))
    if len(lines) <= 2 * radius:
        lines *= factor
    elif radius:
        lines[:radius] *= factor[:radius]
        lines[-radius:] *= factor[-radius:]


@functools.lru_cache(maxsize=64)
def _border_factor(length, radius, dtype):
    position = np.arange(length)
    held = np.minimum(position + radius, length - 1) - np.maximum(position - radius, 0) + 1
    return ((2 * radius + 1) / held).astype(dtype)


def guided_filter(p, guide, r, eps):
    """Filter `p` so that it follows the edges of `guide`.

    In every window the output is a linear function of the guide, ``slope * guide + offset``, fitted to `p` by ridge
    regression; a pixel takes the mean of the functions of all windows that hold it.

    Parameters
    ----------
    p : ndarray of shape (H, W) or (H, W, C)
        What is filtered, channel by channel.
    guide : ndarray of shape (H, W) or (H, W, 3)
        Gray or colour guide in [0, 1]; integers are scaled to it, in `p` too.
    r : int
        Radius of the window, in pixels; the window is truncated at the border of the image.
    eps : float
        Regularisation, in squared units of the guide: windows of smaller variance are averaged.

    Returns
    -------
    ndarray of float32
        Shape of `p`. It may leave the range of `p` slightly. A result pixel depends on inputs up to ``2 * r`` away.
        It is exact to 1e-4, and to 5e-4 where a gray guide spans less than five levels of 255 and `eps` is 1e-6.

    Raises
    ------
    ValueError
        If the sizes differ, or `r` is negative, or `eps` is not positive.

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided image filtering," IEEE TPAMI 35(6), 2013. :doi:`10.1109/TPAMI.2012.213`
    """
    p, guide = to_float(np.asarray(p)), to_float(np.asarray(guide))
    _check_guided(p, guide, r, eps)
    if p.ndim == 3:
        return np.dstack([guided_filter(p[..., channel], guide, r, eps) for channel in range(p.shape[2])])
    if guide.ndim == 3:
        return _filter_by_colour(p, guide, r, eps)
    return GuidedFilter(guide, r, eps)(p)


class GuidedFilter:
    """`guided_filter` of many maps by one gray guide: what depends on the guide alone is computed once.

    Parameters
    ----------
    guide : ndarray of float32 of shape (H, W)
        In [0, 1].
    r, eps : int, float
        As for `guided_filter`.
    """

    def __init__(self, guide, r, eps):
        self._guide, self._r = centred(guide), r
        self._mean = box(self._guide, r)
        self._variance = box(self._guide * self._guide, r)
        self._variance -= self._mean * self._mean
        self._variance += eps

    def __call__(self, p):
        """Filter a map, float32 (H, W)."""
        mean = box(p, self._r)
        covariance = box(self._guide * p, self._r)
        covariance -= self._mean * mean
        slope = np.divide(covariance, self._variance, out=covariance)
        offset = np.subtract(mean, slope * self._mean, out=mean)
        fitted = box(slope, self._r)
        fitted *= self._guide
        fitted += box(offset, self._r)
        return fitted


def _check_guided(p, guide, r, eps):
    if p.shape[:2] != guide.shape[:2]:
        raise ValueError(f"p and guide must have one size, got {p.shape} and {guide.shape}; resize one of them")
    if guide.ndim not in (2, 3) or (guide.ndim == 3 and guide.shape[2] != 3) or p.ndim not in (2, 3):
        raise ValueError(
            f"guide must be (H, W) or (H, W, 3) and p (H, W) or (H, W, C), got {guide.shape} and {p.shape}"
        )
    _check_radius(r)
    if not eps > 0:
        raise ValueError(f"eps must be positive, got {eps}; a small value such as 1e-6 keeps every edge")


def _check_radius(r):
    if not (0 <= r < float("inf") and int(r) == r):
        raise ValueError(f"r must be a whole number of pixels, 0 or more, got {r}")


def centred(guide):
    """Return a guide around 0: a shift changes nothing in the result, and fewer digits cancel on the way."""
    return guide - np.float32(0.5)


def _filter_by_colour(p, guide, r, eps):
    """As by gray, with a covariance matrix in place of the variance; float64, for it is nearly singular."""
    p = p.astype(np.float64)
    channels = [np.ascontiguousarray(guide[..., channel], np.float64) for channel in range(3)]
    means, mean_p = [box(channel, r) for channel in channels], box(p, r)

    def covariance(i, j):
        return box(channels[i] * channels[j], r) - means[i] * means[j] + eps * (i == j)

    matrix = {(i, j): covariance(i, j) for i in range(3) for j in range(i, 3)}
    slopes = _solve_3x3(matrix, [box(channels[i] * p, r) - means[i] * mean_p for i in range(3)])
    offset = mean_p - sum(slope * mean for slope, mean in zip(slopes, means, strict=True))
    fitted = sum(box(slope, r) * channel for slope, channel in zip(slopes, channels, strict=True))
    return (fitted + box(offset, r)).astype(np.float32)


def _solve_3x3(matrix, right):
    """Solve a symmetric positive system in every pixel by elimination, which stays exact where cofactors cancel."""
    l10, l20 = matrix[0, 1] / matrix[0, 0], matrix[0, 2] / matrix[0, 0]
    d1 = matrix[1, 1] - l10 * matrix[0, 1]
    l21 = (matrix[1, 2] - l20 * matrix[0, 1]) / d1
    d2 = matrix[2, 2] - l20 * matrix[0, 2] - l21 * l21 * d1
    y1 = right[1] - l10 * right[0]
    y2 = right[2] - l20 * right[0] - l21 * y1
    x2 = y2 / d2
    x1 = y1 / d1 - l21 * x2
    x0 = right[0] / matrix[0, 0] - l10 * x1 - l20 * x2
    return x0, x1, x2


# --- in place of the guided filter, to see what it is good for --------------------------------------------------------


def gaussian_filter(p, guide, r, eps):
    """Smooth `p` as far as the guided filter does where its guide is flat, but across edges too.

    Parameters
    ----------
    p : ndarray of shape (H, W) or (H, W, C)
        What is filtered.
    guide, eps
        Not used; here so that the filter can stand where `guided_filter` does.
    r : int
        Radius of the window of the guided filter, in pixels. Two means over such windows spread a point by a standard
        deviation of ``sqrt(2 * r * (r + 1) / 3)``.

    Returns
    -------
    ndarray of float32
        Shape of `p`; borders are mirrored.

    Raises
    ------
    ValueError
        If `r` is not a whole number, 0 or more.
    """
    _check_radius(r)
    p, sigma = to_float(np.asarray(p)), (2 * r * (r + 1) / 3) ** 0.5
    return cv2.GaussianBlur(p, (0, 0), sigma).reshape(p.shape) if sigma else p.copy()


def unfiltered(p, guide, r, eps):
    """Return `p` as it is: no filter where `guided_filter` stands."""
    return to_float(np.asarray(p)).copy()


FILTERS = {"guided": guided_filter, "gaussian": gaussian_filter, "none": unfiltered}

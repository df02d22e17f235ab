"""Structural similarity of a fused image to its sources, window by window."""

from typing import NamedTuple

import cv2
import numpy as np

from fusion.metrics.door import OneAtATime, pair_metric
from fusion.metrics.windows import gaussian, is_constant, mean_of

YANG = gaussian(7, 1.5)  # window of Q_Y
BOX = np.full(8, 1 / 8)  # window of Q_W, Q_E and Q_C
TINY = 2e-16  # in place of Wang's constants in Q_Y and Q_C
WANG = (1e-6 * 255) ** 2  # both of them in Q_W and Q_E
PREWITT = np.array([[1.0, 0.0, -1.0]] * 3)


class Windows(NamedTuple):
    """The windows of an image: their means and variances, and where a variance is 0."""

    image: np.ndarray
    window: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    constant: np.ndarray


def windows_of(image, window):
    """Means and variances of all windows; the variance of a constant window is 0 exactly, not a rounding error."""
    mean, constant = mean_of(image, window), is_constant(image, window)
    variance = np.where(constant, 0, mean_of(image * image, window) - mean * mean)
    return Windows(image, window, mean, variance, constant)


def covariance(a, b):
    """Covariance of the windows of two images; 0 where one of them is constant."""
    product = mean_of(a.image * b.image, a.window)
    return np.where(a.constant | b.constant, 0, product - a.mean * b.mean)


def similarity(a, b, constant, covariance_ab=None):
    """Structural similarity of the windows of two images (Wang and Bovik), with one constant for both factors."""
    if covariance_ab is None:
        covariance_ab = covariance(a, b)
    luminance = (2 * a.mean * b.mean + constant) / (a.mean**2 + b.mean**2 + constant)
    return luminance * (2 * covariance_ab + constant) / (a.variance + b.variance + constant)


@pair_metric("Q_Y", most_sources=2, smallest=7)
def q_y(sources, fused):
    r"""Similarity to whichever source is to be seen (Yang et al. 2008), stable in flat areas.

    Parameters
    ----------
    sources : stack
        Two frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result, of 7 x 7 pixels or more.

    Returns
    -------
    float
        At most 1; higher is better. It sees whether the result is locally equal to *one* source, not to which:
        either source alone scores 0.99.

    Raises
    ------
    ValueError
        If there are not two sources, or sizes differ: that windows of the sources are alike is asked of two.
    UndefinedScore
        If the images are smaller than 7 x 7 pixels.

    Notes
    -----
    Where the sources are alike, :math:`s(A, B) \ge 0.75`, a window scores
    :math:`\lambda s(A, F) + (1 - \lambda) s(B, F)` with :math:`\lambda = v_A / (v_A + v_B)`, elsewhere the greater of
    the two. Where a window is constant, its variance and covariances are 0 exactly; the published formula divides
    rounding errors by each other there.

    References
    ----------
    .. [1] C. Yang, J.-Q. Zhang, X.-R. Wang, X. Liu, "A novel similarity based quality metric for image fusion,"
       Information Fusion 9(2), 2008. :doi:`10.1016/j.inffus.2006.09.001`
    """
    a, b, f = (windows_of(image, YANG) for image in (*sources, fused))
    to_a, to_b = similarity(a, f, TINY), similarity(b, f, TINY)
    share = share_of_first(a.variance, b.variance)
    alike = similarity(a, b, TINY) >= 0.75
    return np.mean(np.where(alike, share * to_a + (1 - share) * to_b, np.maximum(to_a, to_b)))


def share_of_first(a, b):
    """First of two amounts, of their sum; one half where both are 0."""
    total = a + b
    return np.divide(a, total, out=np.full_like(total, 0.5), where=total != 0)


@pair_metric("Q_C", most_sources=2, smallest=8)
def q_c(sources, fused):
    r"""Similarity to the sources, each weighed by its covariance with the result (Cvejic et al. 2005).

    Parameters
    ----------
    sources : stack
        Two frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result, of 8 x 8 pixels or more.

    Returns
    -------
    float
        At most 1; higher is better.

    Raises
    ------
    ValueError
        If there are not two sources, or sizes differ: weights cut to 0..1 sum to 1 for two only.
    UndefinedScore
        If the images are smaller than 8 x 8 pixels.

    Notes
    -----
    The mean over windows of 8 x 8 pixels of :math:`k s(A, F) + (1 - k) s(B, F)` with
    :math:`k = c_{AF} / (c_{AF} + c_{BF})` cut to 0..1, and 0.5 where both covariances are 0.

    References
    ----------
    .. [1] N. Cvejic, A. Loza, D. Bull, N. Canagarajah, "A similarity metric for assessment of image fusion
       algorithms," International Journal of Signal Processing 2(3), 2005.
    """
    a, b, f = (windows_of(image, BOX) for image in (*sources, fused))
    with_a, with_b = covariance(a, f), covariance(b, f)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(with_a / (with_a + with_b), 0, 1)
    share[np.isnan(share)] = 0.5
    return np.mean(share * similarity(a, f, TINY, with_a) + (1 - share) * similarity(b, f, TINY, with_b))


@pair_metric("Q_W", smallest=8)
def q_w(sources, fused):
    r"""Similarity to the sources, weighed by how much goes on in each (Piella and Heijmans 2003).

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result, of 8 x 8 pixels or more.

    Returns
    -------
    float
        At most 1; higher is better.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If the images are smaller than 8 x 8 pixels.

    Notes
    -----
    A window of 8 x 8 pixels scores :math:`\sum_k \lambda_k s(k, F)` with :math:`\lambda_k = v_k / \sum_j v_j`, for any
    number of sources; windows weigh by the greatest variance of a source. Where all sources are constant, their
    variances are taken for 0.5.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion," ICIP 2003.
       :doi:`10.1109/ICIP.2003.1247209`
    """
    return weighted_similarity(sources, fused)


@pair_metric("Q_E", smallest=8)
def q_e(sources, fused):
    """Similarity to the sources in the image times that in its edges (Piella and Heijmans 2003).

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result, of 8 x 8 pixels or more.

    Returns
    -------
    float
        At most 1; higher is better.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If the images are smaller than 8 x 8 pixels.

    Notes
    -----
    `q_w` of the images, times `q_w` of the magnitudes of their Prewitt gradients, for any number of sources.

    References
    ----------
    .. [1] G. Piella, H. Heijmans, "A new quality metric for image fusion," ICIP 2003.
       :doi:`10.1109/ICIP.2003.1247209`
    """
    edges = OneAtATime(sources, lambda index: prewitt_magnitude(sources[index]))
    return weighted_similarity(sources, fused) * weighted_similarity(edges, prewitt_magnitude(fused))


def prewitt_magnitude(image):
    """Magnitude of the Prewitt gradient; beyond the border the image is black."""
    dx, dy = (
        cv2.filter2D(image, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT) for kernel in (PREWITT, PREWITT.T)
    )
    return np.sqrt(dx * dx + dy * dy)


def weighted_similarity(sources, fused):
    """Q_W of planes of any range."""
    f = windows_of(fused, BOX)
    weighted, shared, total, greatest = (np.zeros_like(f.mean) for _ in range(4))
    for source in sources:
        source = windows_of(source, BOX)
        alike = similarity(source, f, WANG)
        weighted += source.variance * alike
        shared += alike / len(sources)
        total += source.variance
        greatest = np.maximum(greatest, source.variance)
    local = np.divide(weighted, total, out=shared, where=total != 0)
    greatest[total == 0] = 0.5
    return np.sum(greatest * local) / np.sum(greatest)

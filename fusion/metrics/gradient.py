"""How well the gradients of the sources are preserved (Xydeas and Petrovic 2000), in both ways it is computed."""

from typing import NamedTuple

import cv2
import numpy as np

from fusion.metrics.door import pair_metric

TINY = 1e-5  # in place of a gradient of 0, which could not divide


class Edges(NamedTuple):
    """Strength and orientation of the edges of an image."""

    strength: np.ndarray  # magnitude of the Sobel gradient, or `TINY` where that is 0
    angle: np.ndarray  # radians in (-pi/2, pi/2)


def edges_of(image):
    """Sobel edges of gray levels; beyond the border the image is black, which makes a strong edge there."""
    dx, dy = (cv2.Sobel(image, cv2.CV_64F, k, 1 - k, borderType=cv2.BORDER_CONSTANT) for k in (1, 0))
    strength = np.sqrt(dx * dx + dy * dy)
    strength[strength == 0] = TINY
    dx[dx == 0] = TINY
    return Edges(strength, np.arctan(dy / dx))


def sigmoid(x, top, slope, middle):
    """Rise from 0 to `top`, steepest at `middle`."""
    return top / (1 + np.exp(-slope * (x - middle)))


def strength_kept(source, fused):
    """Ratio of the weaker strength to the stronger one; 1 where both images are flat."""
    return np.minimum(source.strength, fused.strength) / np.maximum(source.strength, fused.strength)


@pair_metric("Q_G")
def q_g(sources, fused):
    r"""Preservation of the gradients of the sources, Q^AB/F, with the constants of the paper.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 0.9748; higher is better. Flat areas do not count: every pixel weighs by the gradients of the sources.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.

    Notes
    -----
    With gradients of strength :math:`g` and angle :math:`\theta`, source :math:`k` keeps
    :math:`Q_k = \frac{0.9994}{1 + e^{-15 (G - 0.5)}} \frac{0.9879}{1 + e^{-22 (a - 0.8)}}` with
    :math:`G = \min(g_k, g_F) / \max(g_k, g_F)` and :math:`a = 1 - |\theta_k - \theta_F| / (\pi / 2)`. The score is
    :math:`\sum_k \sum Q_k g_k / \sum_k \sum g_k` over all pixels, for any number of sources.

    References
    ----------
    .. [1] C. S. Xydeas, V. Petrovic, "Objective image fusion performance measure," Electronics Letters 36(4), 2000.
       :doi:`10.1049/el:20000267`
    """
    of_fused = edges_of(fused)
    kept = total = 0.0
    for source in map(edges_of, sources):
        alignment = 1 - np.abs(source.angle - of_fused.angle) / (np.pi / 2)
        quality = sigmoid(strength_kept(source, of_fused), 0.9994, 15, 0.5) * sigmoid(alignment, 0.9879, 22, 0.8)
        kept += np.sum(quality * source.strength)
        total += np.sum(source.strength)
    return kept / total


@pair_metric("Q_G_2003")
def q_g_2003(sources, fused):
    r"""Preservation of the gradients of the sources, as an older public toolbox computes it.

    Many tables print this as Q_G or Q^AB/F, that of Ma et al. 2019 among them; it is no estimate of `q_g`.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 0.9867; higher is better. Every pixel counts alike, so that noise in flat areas matters as edges do.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.

    Notes
    -----
    As `q_g`, but with :math:`a = \bigl| |\theta_k - \theta_F| - \pi / 2 \bigr| \, 2 / \pi`, the sigmoids
    :math:`1 / (1 + e^{-10 (G - 0.5)})` and :math:`1 / (1 + e^{-20 (a - 0.75)})`, and the mean over the pixels of
    :math:`\sum_k Q_k g_k / \sum_k g_k`.

    References
    ----------
    .. [1] C. S. Xydeas, V. Petrovic, "Objective image fusion performance measure," Electronics Letters 36(4), 2000.
       :doi:`10.1049/el:20000267`
    """
    of_fused = edges_of(fused)
    kept, total = np.zeros_like(fused), np.zeros_like(fused)
    for source in map(edges_of, sources):
        alignment = np.abs(np.abs(source.angle - of_fused.angle) - np.pi / 2) * (2 / np.pi)
        quality = sigmoid(strength_kept(source, of_fused), 1, 10, 0.5) * sigmoid(alignment, 1, 20, 0.75)
        kept += quality * source.strength
        total += source.strength
    return np.mean(kept / total)

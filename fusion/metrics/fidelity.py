"""How much of what the eye could learn from the sources it learns from a fused image."""

import numpy as np

from fusion.metrics.door import pair_metric
from fusion.metrics.windows import gaussian, mean_of

WINDOWS = [gaussian(width, width / 5) for width in (17, 9, 5, 3)]  # of the four scales
SHARES = (1, 0, 0.15, 1)  # of the scales, in the score
NOISE = 0.005 * 255**2  # variance that vision adds, in squared gray levels
TINY = 1e-10  # variance below which a window is flat
FLOOR = 1e-7  # information that every window has at least


@pair_metric("VIFF", smallest=41)
def viff(sources, fused):
    r"""Visual information fidelity of a fused image.

    Parameters
    ----------
    sources : stack
        N >= 2 frames of at least 41 x 41 pixels: the fourth scale keeps every 8th of them.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        From 0, and 1 for a copy of equal sources; higher is called better. More contrast than the sources have gives
        more than 1.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If the images are smaller than 41 x 41 pixels.

    Notes
    -----
    In each window the result is taken for a source times a gain :math:`g`, plus noise. The information that reaches
    the eye through it is compared with that of the source itself; of the N sources the one with the smallest gain
    counts, of equal gains the last. The scales weigh 1, 0, 0.15 and 1, divided by their sum. It is computed of the
    gray levels alone.

    References
    ----------
    .. [1] Y. Han, Y. Cai, Y. Cao, X. Xu, "A new image fusion performance metric based on visual information
       fidelity," Information Fusion 14(2), 2013. :doi:`10.1016/j.inffus.2011.08.002`
    """
    fused_scales = scales_of(fused)
    kept = {}
    for source in sources:
        for scale, image in enumerate(scales_of(source)):
            if SHARES[scale]:
                found = information(image, fused_scales[scale], WINDOWS[scale])
                kept[scale] = of_smaller_gain(kept[scale], found) if scale in kept else found
    scores = {scale: np.sum(carried + FLOOR) / np.sum(present + FLOOR) for scale, (_, carried, present) in kept.items()}
    return sum(SHARES[scale] * score for scale, score in scores.items()) / sum(SHARES)


def scales_of(image):
    """An image at its four scales: each after the first is smoothed with its window, and half the size of the last."""
    images = [image]
    for window in WINDOWS[1:]:
        images.append(mean_of(images[-1], window)[::2, ::2])
    return images


def of_smaller_gain(first, second):
    """Gain, and both informations, of the one of two sources whose gain is smaller in a window; the second at ties."""
    smaller = second[0] <= first[0]
    return tuple(np.where(smaller, new, old) for old, new in zip(first, second))


def information(source, fused, window):
    """Gain of every window, the information about the source that comes through it, and that of the source itself."""
    mean_source, mean_fused = mean_of(source, window), mean_of(fused, window)
    variance = np.maximum(mean_of(source**2, window) - mean_source**2, 0)
    variance_fused = np.maximum(mean_of(fused**2, window) - mean_fused**2, 0)
    covariance = mean_of(source * fused, window) - mean_source * mean_fused
    gain = np.maximum(covariance / (variance + TINY), 0)
    gain[(variance < TINY) | (variance_fused < TINY)] = 0
    noise = variance_fused - gain * covariance + NOISE
    return gain, np.log10(1 + gain**2 * variance / noise), np.log10(1 + variance / NOISE)

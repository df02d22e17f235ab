"""What the eye sees of a fused image: contrasts and differences, weighed by the sensitivity to their frequencies."""

import cv2
import numpy as np
from scipy import fft

from fusion.metrics.door import pair_metric, rescaled
from fusion.metrics.windows import mean_everywhere

# Q_CB
FIELD_OF_CONTRAST = 15  # degrees that an image spans
CENTRE, SURROUND = 2, 4  # standard deviations of the two means that a contrast compares, in pixels
RADIUS = 15  # where their windows end, in pixels
MASKING = 1e-4  # squared contrast at which half of it is seen
BROAD, NARROW, NARROW_SHARE = 15.3870, 1.3456, 0.7622  # Gaussians of the sensitivity: cycles per degree, and a factor

# Q_CV
FIELD_OF_DIFFERENCES = 4  # degrees that an image spans
BLOCK = 16  # side of a block, in pixels
MANNOS = 2.6, 0.0192, 0.144, 1.1  # gain, offset, degrees per cycle and power of the sensitivity


@pair_metric("Q_CB")
def q_cb(sources, fused):
    r"""How well a fused image preserves the contrast that the eye sees in its sources.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 1; higher is better.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If an image has one gray level that is not 0.

    Notes
    -----
    Each image is stretched to 0..255 first, and taken to span 15 degrees of the field of view whatever its size: the
    score of an image and of its half differ. The masked contrasts :math:`P` of source and result are preserved as far
    as the smaller reaches the larger, :math:`Q_k = \min(P_k, P_F) / \max(P_k, P_F)`, which is 1 where both are 0. The
    score is the mean of :math:`\sum_k \lambda_k Q_k` with :math:`\lambda_k = P_k^2 / \sum_j P_j^2` over all N
    sources, shared equally where no source has contrast. Black has no contrast.

    References
    ----------
    .. [1] Y. Chen, R. S. Blum, "A new automated quality assessment algorithm for image fusion," Image and Vision
       Computing 27(10), 2009. :doi:`10.1016/j.imavis.2007.12.002`
    """
    of_fused = masked_contrast(rescaled("Q_CB", fused))
    weighted, total, shared = (np.zeros_like(fused) for _ in range(3))
    for source in sources:
        of_source = masked_contrast(rescaled("Q_CB", source))
        preserved = ratio(np.minimum(of_source, of_fused), np.maximum(of_source, of_fused), np.ones_like(fused))
        weighted += of_source**2 * preserved
        total += of_source**2
        shared += preserved / len(sources)
    return np.mean(ratio(weighted, total, shared))


def ratio(numerator, denominator, otherwise):
    """Quotient where the denominator is above 0."""
    return np.divide(numerator, denominator, out=otherwise, where=denominator > 0)


def masked_contrast(image):
    """Local contrast of an image as the eye sees it, and as far as the contrast itself does not mask it."""
    seen = weigh_frequencies(image, sensitivity_to_contrast(cycles_per_image(image.shape) / FIELD_OF_CONTRAST))
    centre, surround = (mean_everywhere(seen, cut_off_gaussian(sigma)) for sigma in (CENTRE, SURROUND))
    contrast = np.abs(np.divide(centre, surround, out=np.ones_like(seen), where=surround != 0) - 1)
    square = contrast * contrast
    return contrast * square / (square + MASKING)


def cut_off_gaussian(sigma):
    """Samples of a Gaussian of integral 1; as it is cut off without rescaling, their sum is less."""
    return np.exp(-(np.arange(-RADIUS, RADIUS + 1) ** 2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)


@pair_metric("Q_CV")
def q_cv(sources, fused):
    r"""How far the eye sees a fused image differ from its sources, where they have edges.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        In squared gray levels, from 0; lower is better.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If an image has one gray level that is not 0, or all sources are black.

    Notes
    -----
    Each image is stretched to 0..255 first, and taken to span 4 degrees of the field of view whatever its size. In
    blocks of 16 x 16 pixels, filled with zeros at the right and the bottom, :math:`D_k` is the mean square of the
    difference of source and result as the eye sees it, and :math:`\lambda_k` the sum of the fifth powers of the
    gradient magnitude of the source. The score is :math:`\sum \lambda_k D_k / \sum \lambda_k`, both sums over the
    blocks of all N sources.

    References
    ----------
    .. [1] H. Chen, P. K. Varshney, "A human perception inspired quality metric for image fusion based on regional
       information," Information Fusion 8(2), 2007. :doi:`10.1016/j.inffus.2005.10.001`
    """
    fused = rescaled("Q_CV", fused)
    sensitivity = sensitivity_to_differences(cycles_per_image(fused.shape) / FIELD_OF_DIFFERENCES)
    weighted = total = 0
    for source in (rescaled("Q_CV", source) for source in sources):
        saliency = block_sums(edge_energy(source))
        difference = block_sums(weigh_frequencies(source - fused, sensitivity) ** 2) / BLOCK**2
        weighted += np.sum(saliency * difference)
        total += np.sum(saliency)
    return weighted / total


def edge_energy(image):
    """Fifth power of the Sobel gradient magnitude; zeros outside the image, so that its border is an edge."""
    along_rows, along_columns = (
        cv2.Sobel(image, cv2.CV_64F, dx, 1 - dx, borderType=cv2.BORDER_CONSTANT) for dx in (1, 0)
    )
    square = along_rows**2 + along_columns**2
    return square * square * np.sqrt(square)


def block_sums(values):
    """Sum over blocks, counted from the top left; those that leave the image count zeros outside."""
    rows, columns = values.shape
    whole = np.pad(values, ((0, -rows % BLOCK), (0, -columns % BLOCK)))
    return whole.reshape(whole.shape[0] // BLOCK, BLOCK, -1, BLOCK).sum(axis=(1, 3))


def cycles_per_image(shape):
    """Radial frequency of every coefficient of ``rfft2``, in cycles per image."""
    rows, columns = shape
    return np.hypot(fft.fftfreq(rows, 1 / rows)[:, np.newaxis], fft.rfftfreq(columns, 1 / columns))


def weigh_frequencies(image, weights):
    """Multiply the spectrum of an image, as of ``rfft2``, by real weights."""
    return fft.irfft2(fft.rfft2(image) * weights, s=image.shape, overwrite_x=True)


def sensitivity_to_contrast(frequency):
    """Contrast sensitivity as a difference of Gaussians of the frequency, in cycles per degree."""
    return np.exp(-((frequency / BROAD) ** 2)) - NARROW_SHARE * np.exp(-((frequency / NARROW) ** 2))


def sensitivity_to_differences(frequency):
    """Contrast sensitivity after Mannos and Sakrison, of the frequency in cycles per degree.

    With the factor 0.144 that published scores were computed with it is largest near 6 cycles; with 0.114, near 8.
    """
    gain, offset, scale, power = MANNOS
    scaled = scale * frequency
    return gain * (offset + scaled) * np.exp(-(scaled**power))

"""Phase congruency: an edge or a corner is where the waves of an image agree in phase, whatever its contrast."""

from typing import NamedTuple

import cv2
import numpy as np
from scipy import fft

from fusion.metrics.door import UndefinedScore, pair_metric

WAVELENGTHS = 3 * 2.1 ** np.arange(4)  # of the four scales, in pixels
ANGLES = np.arange(6) * np.pi / 6
FEATURE = 0.1  # phase congruency above which a pixel is an edge or a corner
EPS = 1e-4


class Features(NamedTuple):
    """Three maps of shape (H, W): phase congruency, and its largest (edges) and smallest (corners) moment."""

    congruency: np.ndarray
    edges: np.ndarray
    corners: np.ndarray


class Direction(NamedTuple):
    """One orientation of a bank of filters; `noise_gain` relates noise of all scales to noise of the smallest one."""

    angle: float
    spread: np.ndarray
    noise_gain: float


@pair_metric("Q_P", smallest=11)
def q_p(sources, fused):
    r"""How far the edges and corners of a fused image are those of its sources.

    Parameters
    ----------
    sources : stack
        N >= 2 frames of at least 11 x 11 pixels, the window of the correlations.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        At most 1; higher is better. Even a copy of equal sources stays a little below 1, see the notes. It knows no
        contrast: where most of the sources are blurred, blur may score higher than the sharp scene.

    Raises
    ------
    ValueError
        If there are fewer than two sources, sizes differ, or an image is too small.
    UndefinedScore
        If no source has an edge, or the fused image has none.

    Notes
    -----
    Three maps are compared: phase congruency, and its largest and smallest moment over the directions. A further set
    of maps takes every pixel from the source of the greatest congruency, of equal ones the last. The maps of the N
    sources and of this choice are set to 0 where their congruency is 0.1 or less, and correlated in Gaussian windows
    with those of the result, of which nothing is left out; outside its features a correlation counts 0. A pixel
    counts the largest of its N + 1 correlations; their sum is divided by the number of features of the choice, and
    the three quotients are multiplied. A source without edges does no harm: it lifts correlations below 0 to 0. A
    result without edges is refused: its constant maps would correlate perfectly with anything.

    References
    ----------
    .. [1] J. Zhao, R. Laganiere, Z. Liu, "Performance assessment of combinative pixel-level image fusion based on an
       absolute feature measurement," International Journal of Innovative Computing, Information and Control 3(6(A)), 2007.
    """
    scales, directions = filter_bank(fused.shape)
    of_fused = phase_congruency(fused, scales, directions)
    if not (of_fused.congruency > FEATURE).any():
        raise UndefinedScore(
            "Q_P is not defined for a fused image without edges: its flat maps would correlate perfectly with anything"
        )
    best, strongest = None, None
    for source in sources:
        found = phase_congruency(source, scales, directions)
        best = better(best, agreement(found, of_fused))
        strongest = found if strongest is None else more_congruent(strongest, found)
    best = better(best, agreement(strongest, of_fused))
    return np.prod([correlations.sum() for correlations in best] / (strongest.congruency > FEATURE).sum())


def agreement(given, result):
    """Correlations of the three maps of an image with those of the result, 0 where the image has no feature."""
    mask = given.congruency > FEATURE
    return [mask * correlation(mask * of_given, of_result) for of_given, of_result in zip(given, result)]


def better(first, second):
    """The greater of two correlations in every pixel of every map; the second if there is no first."""
    return second if first is None else [np.maximum(one, other) for one, other in zip(first, second)]


def more_congruent(first, second):
    """Choose the features of one of two images in every pixel, by congruency; the second of equal ones wins."""
    kept = first.congruency > second.congruency
    return Features(*(np.where(kept, one, other) for one, other in zip(first, second)))


def correlation(first, second):
    """Correlation of two maps in a Gaussian window about every pixel; about 1 where both are constant."""
    mean_first, mean_second = gaussian_mean(first), gaussian_mean(second)
    covariance = gaussian_mean(first * second) - mean_first * mean_second
    variance_first = gaussian_mean(first**2) - mean_first**2
    variance_second = gaussian_mean(second**2) - mean_second**2
    return (covariance + EPS) / (np.sqrt(np.abs(variance_first * variance_second)) + EPS)


def gaussian_mean(image):
    """Gaussian mean over a window of 11 x 11 pixels; zeros outside the image."""
    kernel = cv2.getGaussianKernel(11, 1.5)
    return cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_CONSTANT)


def phase_congruency(image, scales, directions):
    r"""Phase congruency of an image, and its largest and smallest moment over the directions.

    In every direction the responses of all scales are added as vectors; the congruency is the length they reach
    together, less the part that points aside and less what noise would reach, as a share of the length they would
    reach in line.

    Parameters
    ----------
    image : ndarray of shape (H, W)
        float64.
    scales, directions
        As `filter_bank` makes them for this shape.

    Returns
    -------
    Features

    Notes
    -----
    With :math:`P_o` in the direction :math:`\theta_o`, the moments are the principal values of
    :math:`\frac{1}{3} \sum_o P_o^2 d_o d_o^T`, :math:`d_o = (\cos \theta_o, \sin \theta_o)`, save that the term off
    the diagonal counts a quarter, as in the implementation that published scores come from.

    References
    ----------
    .. [1] P. Kovesi, "Image features from phase congruency," Videre 1(3), 1999.
    .. [2] P. Kovesi, "Phase congruency detects corners and edges," in Digital Image Computing: Techniques and
       Applications, 2003.
    """
    spectrum, responses = fft.fft2(image), np.empty(scales.shape, complex)
    energy, amplitude = np.zeros(image.shape), np.zeros(image.shape)
    moments = np.zeros((3, *image.shape))
    for angle, spread, noise_gain in directions:
        np.multiply(spectrum * spread, scales, out=responses)
        aligned, length = directional_energy(fft.ifft2(responses, overwrite_x=True), noise_gain)
        energy += aligned
        amplitude += length
        squared = np.divide(aligned, length, out=np.zeros_like(length), where=length > 0) ** 2
        cosine, sine = np.cos(angle), np.sin(angle)
        for moment, factor in zip(moments, (cosine**2, sine**2, cosine * sine)):
            moment += factor * squared
    return Features(energy / (amplitude + EPS), *principal_moments(*moments * (2 / len(directions))))


def directional_energy(responses, noise_gain):
    """Energy in phase above the noise, and the sum of the amplitudes, of one direction's responses (overwritten)."""
    amplitudes = np.abs(responses)
    length, longest = amplitudes.sum(axis=0), amplitudes.max(axis=0)
    mean_phase = responses.sum(axis=0)
    mean_phase /= np.abs(mean_phase) + EPS
    responses *= mean_phase.conj()
    energy = np.sum(responses.real - np.abs(responses.imag), axis=0) - noise_threshold(amplitudes[0], noise_gain)
    frequencies = length / (longest + EPS) / len(responses)
    return np.maximum(energy, 0) / (1 + np.exp(10 * (0.5 - frequencies))), length


def noise_threshold(smallest_scale, noise_gain):
    """Length that noise alone reaches: mean and two standard deviations of its Rayleigh distribution, over 1.7."""
    power = np.median(smallest_scale**2) / np.log(2)
    return np.sqrt(power * noise_gain) * (np.sqrt(np.pi / 2) + 2 * np.sqrt(2 - np.pi / 2)) / 1.7


def principal_moments(along_rows, along_columns, mixed):
    """Return the largest and the smallest moment; see the note of `phase_congruency` on the mixed one."""
    apart = np.sqrt((mixed / 2) ** 2 + (along_rows - along_columns) ** 2) + EPS
    together = along_rows + along_columns
    return (together + apart) / 2, (together - apart) / 2


def filter_bank(shape):
    """Make log-Gabor filters of the spectrum of an image.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.

    Returns
    -------
    scales : ndarray of shape (4, H, W)
        Over the radius: a Gaussian of the logarithm of the frequency, without the corners of the spectrum. Its zero
        frequency is first.
    directions : list of 6 Direction
        Over the angle: a Gaussian about the direction; one-sided, so that a response is complex, even and odd part.
    """
    rows, columns = (centred_frequencies(length) for length in shape)
    radius, angle = np.hypot(rows[:, np.newaxis], columns), np.arctan2(-rows[:, np.newaxis], columns)
    scales = log_gabor(radius)
    directions = [(given, angular_spread(angle, given)) for given in ANGLES]
    return scales, [Direction(given, spread, noise_gain(scales, spread)) for given, spread in directions]


def centred_frequencies(length):
    """Frequencies in cycles per pixel, zero first; -1/2 is one of them, for an odd length 1/2 too."""
    return fft.fftfreq(length, 1 / length) / (length - length % 2)


def log_gabor(radius):
    """Transfer function of every scale over the radial frequency; 0 at frequency 0."""
    within = 1 / (1 + (radius / 0.45) ** 30)
    logarithm = np.log(radius, out=np.full_like(radius, -np.inf), where=radius > 0)
    return np.stack(
        [within * np.exp(-((logarithm + np.log(length)) ** 2) / (2 * np.log(0.55) ** 2)) for length in WAVELENGTHS]
    )


def angular_spread(angle, direction):
    """Gaussian of the angle to a direction; its standard deviation is the distance of directions over 1.2."""
    distance = np.abs(angle - direction)
    np.minimum(distance, 2 * np.pi - distance, out=distance)
    return np.exp(-(distance**2) / (2 * (ANGLES[1] / 1.2) ** 2))


def noise_gain(scales, spread):
    """Power of white noise in the even part of the sum of all scales, over that at the smallest scale."""
    both = scales.sum(axis=0) * spread
    even = (both + np.roll(both[::-1, ::-1], 1, axis=(0, 1))) / 2
    return np.sum(even**2) / np.sum((scales[0] * spread) ** 2)

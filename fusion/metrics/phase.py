"""Phase congruency: an edge or a corner is where the waves of an image agree in phase, whatever its contrast."""

from typing import NamedTuple

import numpy as np
from scipy import fft

from fusion.metrics.door import UndefinedScore, pair_metric
from fusion.metrics.windows import gaussian, mean_everywhere

# Filters
WAVELENGTHS = 3 * 2.1 ** np.arange(4)  # of the four scales, in pixels
BANDWIDTH = 0.55  # standard deviation of a scale over its own frequency; their logarithms count
HIGHEST, FALL = 0.45, 30  # cycles per pixel where every filter has fallen to a half, and the power with which it falls
ANGLES = np.arange(6) * np.pi / 6
SPREAD = np.pi / 6 / 1.2  # standard deviation over the angle, in radians

# Phase congruency
NOISE_DEVIATIONS = 2  # of the noise above its mean, that a response must exceed
NOISE_SHARE = 1 / 1.7  # of the threshold so found
SPREAD_MIDDLE, SPREAD_SLOPE = 0.5, 10  # share of the scales where energy counts half, and how fast it counts more
FEATURE = 0.1  # phase congruency above which a pixel is an edge or a corner
EPS = 1e-4  # keeps quotients defined

WINDOW = gaussian(11, 1.5)  # of the correlations
BLOCK_PIXELS = 2**15  # so many are worked on at once: their responses stay in the cache


class Features(NamedTuple):
    """Three maps of shape (H, W): phase congruency, and its largest (edges) and smallest (corners) moment."""

    congruency: np.ndarray
    edges: np.ndarray
    corners: np.ndarray


class FilterBank(NamedTuple):
    """Log-Gabor filters of the spectrum of an image: of every scale over the radius, of every direction over the angle.

    A filter is the product of both; it is one-sided, so that a response is complex, with an even and an odd part.
    """

    scales: np.ndarray  # (4, H // 2 + 1, W): half of the rows; the others mirror them
    angles: np.ndarray  # (H, W), in radians
    noise_gains: list  # of every direction: power of noise at all scales together over that at the smallest one

    def filters(self, direction, rows):
        """Some rows of the filters of one direction, (4, n, W)."""
        rows = np.arange(len(self.angles))[rows]
        spread = angular_spread(self.angles[rows[0] : rows[-1] + 1], direction)
        return self.scales[:, np.minimum(rows, len(self.angles) - rows)] * spread


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
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If the images are smaller than 11 x 11 pixels, no source has an edge, or the fused image has none.

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
    bank = filter_bank(fused.shape)
    of_fused = phase_congruency(fused, bank)
    if not (of_fused.congruency > FEATURE).any():
        raise UndefinedScore(
            "Q_P is not defined for a fused image without edges: its flat maps would correlate perfectly with anything"
        )
    best, strongest = None, None
    for source in sources:
        found = phase_congruency(source, bank)
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
    mean_first, mean_second = mean_everywhere(first, WINDOW), mean_everywhere(second, WINDOW)
    covariance = mean_everywhere(first * second, WINDOW) - mean_first * mean_second
    variance_first = mean_everywhere(first**2, WINDOW) - mean_first**2
    variance_second = mean_everywhere(second**2, WINDOW) - mean_second**2
    return (covariance + EPS) / (np.sqrt(np.abs(variance_first * variance_second)) + EPS)


def phase_congruency(image, bank):
    r"""Phase congruency of an image, and its largest and smallest moment over the directions.

    In every direction the responses of all scales are added as vectors; the congruency is the length they reach
    together, less the part that points aside and less what noise would reach, as a share of the length they would
    reach in line.

    Parameters
    ----------
    image : ndarray of shape (H, W)
        float64.
    bank : FilterBank
        As `filter_bank` makes it for this shape.

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
    energy, amplitude, *moments = sums = np.zeros((5, *image.shape))
    spectrum, responses = fft.fft2(image), np.empty((len(WAVELENGTHS), *image.shape), complex)
    for angle, noise_gain in zip(ANGLES, bank.noise_gains):
        for rows in blocks(image.shape):
            np.multiply(bank.filters(angle, rows), spectrum[rows], out=responses[:, rows])
        responses = fft.ifft2(responses, overwrite_x=True)
        threshold = noise_threshold(responses[0], noise_gain)
        cosine, sine = np.cos(angle), np.sin(angle)
        for rows in blocks(image.shape):
            aligned, length = directional_energy(responses[:, rows], threshold)
            squared = np.divide(aligned, length, out=np.zeros_like(length), where=length > 0) ** 2
            sums[:, rows] += aligned, length, cosine**2 * squared, sine**2 * squared, cosine * sine * squared
    del spectrum, responses
    sums[2:] *= 2 / len(ANGLES)
    return Features(energy / (amplitude + EPS), *principal_moments(*moments))


def blocks(shape):
    """Slices of some rows each, which together are all rows."""
    height = max(BLOCK_PIXELS // shape[1], 1)
    return (slice(first, first + height) for first in range(0, shape[0], height))


def directional_energy(responses, threshold):
    """Energy in phase above the noise, and the sum of the amplitudes, of one direction's responses.

    The energy is the sum of all scales along their mean phase, less their parts that point aside; both are taken from
    the even and odd parts, without turning each response.
    """
    even, odd = responses.real.copy(), responses.imag.copy()
    mean_even, mean_odd = even.sum(axis=0), odd.sum(axis=0)
    squared_sum = mean_even**2 + mean_odd**2
    amplitudes = np.sqrt(even**2 + odd**2)
    length, longest = amplitudes.sum(axis=0), amplitudes.max(axis=0)
    odd *= mean_even
    even *= mean_odd
    aside = np.abs(odd - even).sum(axis=0)
    energy = (squared_sum - aside) / (np.sqrt(squared_sum) + EPS) - threshold
    share = length / (longest + EPS) / len(responses)
    return np.maximum(energy, 0) / (1 + np.exp(SPREAD_SLOPE * (SPREAD_MIDDLE - share))), length


def noise_threshold(smallest_scale, noise_gain):
    """Length that noise alone reaches, of the Rayleigh distribution that the responses of the smallest scale tell."""
    squared = smallest_scale.real**2
    squared += smallest_scale.imag**2
    power = np.median(squared, overwrite_input=True) / np.log(2)
    of_noise = np.sqrt(np.pi / 2) + NOISE_DEVIATIONS * np.sqrt(2 - np.pi / 2)
    return np.sqrt(power * noise_gain) * of_noise * NOISE_SHARE


def principal_moments(along_rows, along_columns, mixed):
    """Return the largest and the smallest moment; see the note of `phase_congruency` on the mixed one."""
    apart = np.sqrt((mixed / 2) ** 2 + (along_rows - along_columns) ** 2) + EPS
    together = along_rows + along_columns
    return (together + apart) / 2, (together - apart) / 2


def filter_bank(shape):
    """Make the filters for images of a shape (H, W); their zero frequency is first."""
    rows, columns = (centred_frequencies(length) for length in shape)
    half_of_rows = np.abs(rows[: shape[0] // 2 + 1, np.newaxis])
    scales, angles = log_gabor(np.hypot(half_of_rows, columns)), np.arctan2(-rows[:, np.newaxis], columns)
    bank = FilterBank(scales, angles, noise_gains=[])
    return bank._replace(noise_gains=[noise_gain(bank.filters(direction, slice(None))) for direction in ANGLES])


def centred_frequencies(length):
    """Frequencies in cycles per pixel, zero first; -1/2 is one of them, for an odd length 1/2 too."""
    return fft.fftfreq(length, 1 / length) / (length - length % 2)


def log_gabor(radius):
    """Transfer function of every scale over the radial frequency; 0 at frequency 0."""
    within = 1 / (1 + (radius / HIGHEST) ** FALL)
    logarithm = np.log(radius, out=np.full_like(radius, -np.inf), where=radius > 0)
    return np.stack(
        [within * np.exp(-((logarithm + np.log(length)) ** 2) / (2 * np.log(BANDWIDTH) ** 2)) for length in WAVELENGTHS]
    )


def angular_spread(angle, direction):
    """Gaussian of the angle to a direction; its standard deviation is `SPREAD`."""
    distance = np.abs(angle - direction)
    np.minimum(distance, 2 * np.pi - distance, out=distance)
    return np.exp(-(distance**2) / (2 * SPREAD**2))


def noise_gain(filters):
    """Power of white noise in the even part of the sum of all scales, over that at the smallest scale."""
    every = filters.sum(axis=0)
    even = (every + np.roll(every[::-1, ::-1], 1, axis=(0, 1))) / 2
    return np.sum(even**2) / np.sum(filters[0] ** 2)

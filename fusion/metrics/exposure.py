"""Structural similarity of a fused image to the frames of an exposure sequence (Ma, Zeng, Wang 2015)."""

import cv2
import numpy as np

from fusion.metrics.door import UndefinedScore, pair_metric
from fusion.metrics.windows import gaussian, mean_of

SMALLEST = 41  # rows and columns of an image: a quarter of it holds a window
SIDE = 11  # of a window, in pixels
PIXELS = SIDE**2
WINDOW = gaussian(SIDE, 1.5)
CONSTANT = (0.03 * 255) ** 2  # of the structural similarity: Wang's, of contrast and structure
LEAST_CONTRAST = 0.001  # added to the contrast of every window, in gray levels
GREATEST_POWER = 10  # to which a contrast is raised for a weight
EPSILON = np.finfo(np.float64).eps
SCALE_WEIGHTS = np.array([0.0448, 0.2856, 0.3001]) / (0.0448 + 0.2856 + 0.3001)  # powers: full, half, quarter size


@pair_metric("MEF-SSIM", smallest=SMALLEST)
def mef_ssim(sequence, fused):
    r"""Structural similarity of a fused image to an exposure sequence, over three scales.

    Parameters
    ----------
    sequence : stack
        N >= 2 frames of different exposure, in any order.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result, of 41 x 41 pixels or more.

    Returns
    -------
    float
        At most 1; higher is better. Luminance and colour are not measured: adding a constant costs nothing.

    Raises
    ------
    ValueError
        If there are fewer than two frames, or sizes differ.
    UndefinedScore
        If the images are smaller than 41 x 41 pixels; if, at a scale, the result contradicts the frames on the whole:
        the score is a power of the mean similarity there, which must not be negative.

    Notes
    -----
    Every window of 11 x 11 pixels of the result is compared with the one that the frames would make best: the
    contrast of the frame of highest contrast, and a weighted mean of the structures of all frames. The scores of the
    scales are multiplied, each to the power of its weight.

    All frames are in memory at once, and their covariances are needed pair by pair: memory grows with the number of
    frames, time with its square.

    References
    ----------
    .. [1] K. Ma, K. Zeng, Z. Wang, "Perceptual quality assessment for multi-exposure image fusion," IEEE TIP 24(11),
       2015. :doi:`10.1109/TIP.2015.2442920`
    """
    scores = scale_scores(sequence, fused)
    if min(scores) < 0:
        raise UndefinedScore(
            "MEF-SSIM is not defined for a result that contradicts its frames: is it a negative of them?"
        )
    return np.prod(scores**SCALE_WEIGHTS)


def scale_scores(sequence, fused):
    """Mean similarity at full, half and quarter size."""
    images = np.stack([*sequence, fused])
    scores = []
    for scale in range(len(SCALE_WEIGHTS)):
        if scale:
            images = np.stack([halve(image) for image in images])
        scores.append(np.mean(similarity_to_best(images[:-1], images[-1])))
    return np.array(scores)


def halve(image):
    """Mean of every pixel with its right and lower neighbours, of every second one; the last ones are repeated."""
    down = image + np.vstack([image[1:], image[-1:]])
    return ((down + np.hstack([down[:, 1:], down[:, -1:]])) / 4)[::2, ::2]


def similarity_to_best(frames, fused):
    """Similarity of every window of a result to the best one that the frames could make.

    The best window is a weighted sum of the windows of the frames without their means. It is never made: its
    variance, and covariance with the result, follow from the covariances of all pairs of frames.
    """
    sums = [sum_of(frame) for frame in frames]
    factors, longest = structure_factors(frames, sums)
    means = [mean_of(frame, WINDOW) for frame in frames]
    mean_of_fused = mean_of(fused, WINDOW)

    squared_length = variance = covariance = 0.0
    for k, frame in enumerate(frames):
        covariance += factors[k] * (mean_of(frame * fused, WINDOW) - means[k] * mean_of_fused)
        for other in range(k + 1):
            product = frame * frames[other]
            factor = factors[k] * factors[other] * (1 if other == k else 2)
            squared_length += factor * (sum_of(product) - sums[k] * sums[other] / PIXELS)
            variance += factor * (mean_of(product, WINDOW) - means[k] * means[other])
    squared_length = np.maximum(squared_length, 0)
    scale = np.divide(longest, np.sqrt(squared_length), out=np.zeros_like(longest), where=squared_length > 0)
    variance_of_fused = mean_of(fused * fused, WINDOW) - mean_of_fused**2
    return (2 * scale * covariance + CONSTANT) / (scale**2 * variance + variance_of_fused + CONSTANT)


def structure_factors(frames, sums):
    """What each frame's window, less its mean, is multiplied by in the best structure, and the length of the latter.

    A frame weighs by a power of its contrast: the more the structures of the frames agree, the greater the power.
    """
    lengths = np.stack([length_of(frame, total) for frame, total in zip(frames, sums, strict=True)])
    together = frames.sum(axis=0)
    agreement = (length_of(together, sum_of(together)) + EPSILON) / (lengths.sum(axis=0) + EPSILON)
    power = np.minimum(np.tan(np.pi / 2 * np.minimum(agreement, 1)), GREATEST_POWER)
    contrasts = lengths + LEAST_CONTRAST
    weights = (contrasts / SIDE) ** power + EPSILON
    factors = weights / (weights.sum(axis=0) * contrasts)
    factors[lengths == 0] = 0  # a constant window adds nothing but rounding errors
    return factors, contrasts.max(axis=0)


def length_of(image, sums):
    """Length of every window less its mean. Gray levels and their halves sum exactly: a flat window has length 0."""
    return np.sqrt(np.maximum(PIXELS * sum_of(image * image) - sums * sums, 0) / PIXELS)


def sum_of(image):
    """Sum of every window that fits in an image."""
    sums = cv2.boxFilter(image, cv2.CV_64F, (SIDE, SIDE), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return sums[SIDE // 2 : -(SIDE // 2), SIDE // 2 : -(SIDE // 2)]

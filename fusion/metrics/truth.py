"""Error against a known answer."""

import numpy as np


def psnr(image, reference):
    """Peak signal-to-noise ratio of an image against the true one.

    Parameters
    ----------
    image, reference : ndarray of one shape
        Float in [0, 1].

    Returns
    -------
    float
        In decibels: 20 dB is an error of a tenth of the full range, 40 dB of a hundredth. Infinite for equal images,
        NaN if a value is NaN.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    image, reference = np.asarray(image, np.float64), np.asarray(reference, np.float64)
    if image.shape != reference.shape:
        raise ValueError(f"image and reference must have one shape, got {image.shape} and {reference.shape}")
    error = np.mean((image - reference) ** 2)
    return float("inf") if error == 0 else float(-10 * np.log10(error))

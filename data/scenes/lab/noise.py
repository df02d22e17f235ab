"""A blank card beside a cup: where all frames show the same, noise is all that tells them apart."""

import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.slope import cup, lights_on_slope
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts

CARD = np.array([0.30, 0.27, 0.23], np.float32)  # light that it gives back
EDGE = 144  # column at which it begins
MARGIN = 8  # pixels beside the edge that blur of the table reaches


def noise(*, count=8, strength=0.04, seed=0):
    """Take a focus series of a cup and a blank card, with the noise of a sensor.

    Parameters
    ----------
    count : int, optional
        Frames; 1 or more.
    strength : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it. 0 leaves rounding.
    seed : int, optional
        Of the noise. With more frames of one seed, the noise of all of them is another.

    Returns
    -------
    LabScene
        `where` is the card.

    Raises
    ------
    DataError
        If scikit-image, for the cup, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(strength=strength)
    if not (count == int(count) and count >= 1):
        raise ValueError(f"count must be a whole number of frames, 1 or more, got {count}")
    light = cup()
    light[:, EDGE:] = CARD
    lights, _ = lights_on_slope(light, int(count))
    rng = np.random.default_rng(seed)
    frames = [to_float(to_eight_bits(with_noise(seen, strength, rng))) for seen in lights]
    where = np.zeros(light.shape[:2], bool)
    where[:, EDGE + MARGIN :] = True
    return LabScene(np.stack(frames), to_float(to_eight_bits(light)), where, "focus")

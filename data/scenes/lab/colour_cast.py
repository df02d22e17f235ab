"""A cup on a table, taken while the white balance of the camera wanders."""

import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.slope import cup, lights_on_slope
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts, check_stops

HELD = 0.8  # of the light that saturates the sensor: the brightest thing in the picture
WARM = np.array([0.5, 0.0, -0.5])  # of the cast: red gains what blue loses


def colour_cast(*, cast=1.0, drift=0.0, count=5, noise=0.005, seed=0):
    """Take a focus series whose colours and exposure change from frame to frame.

    Parameters
    ----------
    cast : float, optional
        Stops by which blue over red changes from the first frame to the last; with 0 colours stay.
    drift : float, optional
        Stops by which exposure changes from the first frame to the last.
    count : int, optional
        Frames, an odd number: the one in the middle shows true colours.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    LabScene
        The truth has the colours of the middle frame. `where` is what another frame shows most sharply.

    Raises
    ------
    DataError
        If scikit-image, for the cup, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(noise=noise)
    check_stops(cast=cast, drift=drift)
    if not (count == int(count) and count >= 3 and count % 2):
        raise ValueError(f"count must be an odd number of frames, 3 or more, got {count}")
    light = np.float32(HELD) * cup()
    lights, index = lights_on_slope(light, int(count))
    rng = np.random.default_rng(seed)
    frames = [
        to_float(to_eight_bits(with_noise(seen * gain, noise, rng)))
        for seen, gain in zip(lights, gains(cast, drift, int(count)), strict=True)
    ]
    return LabScene(np.stack(frames), to_float(to_eight_bits(light)), index != count // 2, "focus")


def gains(cast, drift, count):
    """Factors of the light of red, green and blue in each frame, (count, 3); 1 in the middle one."""
    place = np.linspace(-0.5, 0.5, count)[:, None]
    return np.exp2(place * (drift - cast * WARM)).astype(np.float32)

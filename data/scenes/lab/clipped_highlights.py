"""Sun on a table: a bracket whose darkest frame is not dark enough for it."""

import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.slope import cup
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts, check_stops

HELD = 0.9  # of the light that saturates the sensor: the brightest thing in the sun, when it is exposed for
SUN = 3.0  # stops more light than in the shade
PENUMBRA = 12.0  # pixels over which sun becomes shade
WHITE = 255


def clipped_highlights(*, over=1.0, frames=3, noise=0.005, seed=0):
    """Take a table that is half in the sun, at exposures that are spread evenly.

    Parameters
    ----------
    over : float, optional
        Stops by which the darkest frame is exposed longer than what lies in the sun can bear; with 0 it holds all.
    frames : int, optional
        Number of frames, 2 or more; the brightest is exposed for the shade.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    LabScene
        The truth is the table under even light, as well exposed as can be; the darkest frame comes first. `where` is
        what some channel of the darkest frame is clipped in.

    Raises
    ------
    DataError
        If scikit-image, for the cup, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(over=over, noise=noise)
    check_stops(over=over)
    if not (frames == int(frames) and frames >= 2):
        raise ValueError(f"frames must be a whole number, 2 or more, got {frames}")
    table = np.float32(HELD) * cup()
    light = table * np.exp2(np.float32(SUN) * sunlit(table.shape))
    exposures = np.linspace(over - SUN, 0, int(frames))
    rng = np.random.default_rng(seed)
    taken = [to_float(to_eight_bits(with_noise(light * np.float32(2.0**stop), noise, rng))) for stop in exposures]
    where = (to_eight_bits(light * np.float32(2.0 ** exposures[0])) == WHITE).any(axis=2)
    return LabScene(np.stack(taken), to_float(to_eight_bits(table)), where, "exposure")


def sunlit(shape):
    """Share of the sun that reaches each pixel, (H, W, 1): 1 left above a slanted shadow, 0 right below it."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    beyond = (0.55 * shape[1] + 0.4 * (0.5 * shape[0] - y) - x) / PENUMBRA
    return (1 / (1 + np.exp(-4 * beyond)))[..., None]

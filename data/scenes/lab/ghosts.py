"""A coin that slides over a table while the frames are taken."""

import cv2
import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.tilted import distances_of, in_focus, table
from data.scenes.light import to_eight_bits, to_linear, to_srgb, with_noise
from data.scenes.options import check_amounts
from data.scenes.photographs import one_coin

STOPS = (-1.0, 0.0, 1.0)
COPPER = np.array([0.80, 0.52, 0.33], np.float32)
SIZE = (42, 30)  # pixels: width and height of the coin
FIRST = 96  # column of the picture from which on frames are taken
PLACE = (91, 80)  # centre of the coin, x and y, in the middle frame
DIRECTION = (0.3, -1.0)  # of its way: away from the lens
VISIBLE = 2 / 255  # change of a value from which on a pixel counts as moved


def ghosts(*, moved=34.0, kind="exposure", noise=0.003, seed=0):
    """Take three frames of a table over which a coin slides.

    Parameters
    ----------
    moved : float, optional
        Pixels by which the coin slides from frame to frame, 0 to 45.
    kind : {"exposure", "focus"}, optional
        What else the frames differ in: their exposure, by a stop, or their focus, from near to far.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    LabScene
        The truth is the scene of the middle frame, well exposed and sharp; `where` is where another frame shows
        something else.

    Raises
    ------
    DataError
        If scikit-image, for the photographs, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(noise=noise)
    if not 0 <= moved <= 45:
        raise ValueError(f"moved must lie between 0 and 45 pixels, or the coin leaves the table, got {moved}")
    if kind not in ("exposure", "focus"):
        raise ValueError(f"kind must be 'exposure' or 'focus', got {kind!r}")
    moments = [with_coin(table()[:, FIRST:], moved * step) for step in (-1, 0, 1)]
    rng = np.random.default_rng(seed)
    frames = [to_eight_bits(with_noise(light, noise, rng)) for light in taken(moments, kind)]
    truth = to_float(to_eight_bits(moments[1]))
    return LabScene(
        to_float(np.stack(frames)), truth, changed(taken(moments, kind), taken(moments[1:2] * 3, kind)), kind
    )


def taken(moments, kind):
    """Linear light of three frames, each at its moment and at an exposure or a distance of its own."""
    if kind == "exposure":
        return [light * np.float32(2.0**stop) for light, stop in zip(moments, STOPS, strict=True)]
    return [in_focus(light, distance) for light, distance in zip(moments, distances_of(3), strict=True)]


def with_coin(light, way):
    """Lay a coin on the table, so many pixels along its way."""
    coin, alpha = one_coin()
    left, top = (place + way * part - length / 2 for place, part, length in zip(PLACE, DIRECTION, SIZE, strict=True))
    to_place = np.array([[SIZE[0] / coin.shape[1], 0, left], [0, SIZE[1] / coin.shape[0], top]])
    drawn = [
        cv2.warpAffine(plane, to_place, light.shape[1::-1], flags=cv2.INTER_AREA) for plane in smoothed(coin, alpha)
    ]
    opacity, metal = drawn[1][..., None], to_linear(drawn[0])[..., None] * COPPER
    shadow = cv2.GaussianBlur(np.roll(drawn[1], (2, -2), (0, 1)), (0, 0), 2.5)[..., None]
    return light * (1 - 0.5 * shadow) * (1 - opacity) + metal * opacity


def smoothed(coin, alpha):
    """Coin and alpha, freed from detail that is too fine for the size at which it is drawn."""
    sigma = 0.5 * np.array(coin.shape[::-1]) / SIZE
    return [cv2.GaussianBlur(plane, (0, 0), sigma[0], sigmaY=sigma[1]) for plane in (to_float(coin), alpha)]


def changed(lights, resting):
    """Where a frame shows something else than it would if nothing moved, (H, W)."""
    values = [[to_srgb(light.clip(0, 1)) for light in taken] for taken in (lights, resting)]
    differs = np.any([np.abs(a - b).max(axis=2) > VISIBLE for a, b in zip(*values, strict=True)], axis=0)
    return cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(bool)

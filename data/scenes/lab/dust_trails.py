"""Dust on a sensor, which stays where it is while the picture grows and shrinks from frame to frame."""

import cv2
import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.tilted import breathing_series, brought_back, inner, table
from data.scenes.lens import disc
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts

WALL = 0.5  # light of an even wall
SOFT = 1.5  # pixels: radius of the disc over which the shadow of a speck is spread, as it lies before the sensor
SIZES = (1.0, 2.2)  # pixels: radii of specks
DARKEST = 0.15  # share of the light that a speck lets through
VISIBLE = 0.03  # share of light, from which on a shadow counts


def dust_trails(*, dust=14, breathing=0.1, aligned=True, blank=False, noise=0.002, seed=0):
    """Take five frames of a tilted picture, from near to far, through a lens that breathes, on a sensor with dust.

    Parameters
    ----------
    dust : int, optional
        Number of specks; 0 is a clean sensor.
    breathing : float, optional
        By this share the first frame is drawn larger than the last one, 0 to 0.12.
    aligned : bool, optional
        Bring the frames together by their true motion, which moves the dust. Else they are as the camera took them.
    blank : bool, optional
        Hold an even wall before the lens in place of the picture: flat frames, of the same dust.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of specks and noise.

    Returns
    -------
    LabScene
        The truth has no dust, and lies as the middle frame does; `where` is what dust shades in some frame.

    Raises
    ------
    DataError
        If scikit-image, for the photograph, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(dust=dust, noise=noise)
    light = np.full_like(table(), WALL) if blank else table()
    seen, matrices = breathing_series(light, breathing)
    truth = to_eight_bits(inner(light))
    shade = shade_of(truth.shape, dust, np.random.default_rng(seed))
    rng = np.random.default_rng([seed, blank])
    frames = [to_eight_bits(with_noise(view * shade, noise, rng)) for view in seen]
    shades = [shade] * len(frames)
    if aligned:
        frames, shades = (list(map(brought_back, images, matrices)) for images in (frames, shades))
    where = np.min(shades, axis=0) < 1 - VISIBLE
    return LabScene(to_float(np.stack(frames)), to_float(truth), where.reshape(truth.shape[:2]), "focus")


def shade_of(shape, count, rng):
    """Share of the light that dust lets through, (H, W, 1)."""
    shade = np.ones(shape[:2], np.float32)
    for _ in range(int(count)):
        place = rng.uniform(SIZES[1], np.array(shape[:2]) - SIZES[1])
        shade = np.minimum(shade, speck(shape, place, rng.uniform(*SIZES), rng.uniform(0.7, 1.4)))
    return cv2.filter2D(shade, -1, disc(SOFT), borderType=cv2.BORDER_REPLICATE)[..., None]


def speck(shape, place, radius, flatness):
    """Share of the light that one speck lets through, (H, W), at a place (row, column)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    beyond = np.hypot(y - place[0], (x - place[1]) * flatness) - radius
    return (beyond + 0.5).clip(DARKEST, 1).astype(np.float32)

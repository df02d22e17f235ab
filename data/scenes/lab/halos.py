"""A bright thing before dull gravel: out of focus it glows over what lies beside it."""

import cv2
import numpy as np

from data.scenes.lab.kind import LabScene
from data.scenes.lens import blur
from data.scenes.pair import focus_pair
from data.scenes.photographs import photograph

HEIGHT, WIDTH = 144, 208
PAINT = np.array([1.0, 0.97, 0.9], np.float32)
EARTH = np.array([0.42, 0.38, 0.3], np.float32)
GRAIN = 0.012  # spread of the texture of the paint
FINER = 4  # bits behind the point in what OpenCV draws
VEILED = 0.02  # share of the light that comes from the bright thing, from which on a pixel counts as veiled


def halos(*, radius=6.0, brightness=0.95, seed=0):
    """Take a bright ring and a bright bar before dull gravel, focused near and far.

    Parameters
    ----------
    radius : float, optional
        Radius of the blur disc of what is out of focus, in pixels; 0 makes no halo.
    brightness : float, optional
        Of the bright things, as an encoded value in [0, 1]; the gravel has 0.2 on average.
    seed : int, optional
        Of the grain of the paint.

    Returns
    -------
    LabScene
        `where` are pixels of the gravel over which the blur of a bright thing spreads.

    Raises
    ------
    DataError
        If scikit-image, for the gravel, is not installed.
    ValueError
        If an option is out of range.
    """
    if not 0 <= brightness <= 1:
        raise ValueError(f"brightness must be an encoded value from 0 to 1, got {brightness}")
    grain = np.random.default_rng(seed).standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32)
    painted = (brightness * PAINT + np.float32(GRAIN) * cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None]).clip(0, 1)
    alpha = ring_and_bar()
    pair = focus_pair(painted, alpha, gravel(), radius=radius)
    where = (alpha < VEILED) & (blur(alpha, radius) > VEILED)
    return LabScene(np.asarray(pair.stack), pair.sharp, where, "focus")


def ring_and_bar():
    """Opacity of a ring and of a slanted bar, with a rim of a pixel."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(alpha, (62 << FINER, 72 << FINER), 36 << FINER, 255, 14, cv2.LINE_AA, FINER)
    cv2.line(alpha, (138 << FINER, 160 << FINER), (176 << FINER, -16 << FINER), 255, 20, cv2.LINE_AA, FINER)
    return alpha.astype(np.float32) / 255


def gravel():
    """Dull gravel, (HEIGHT, WIDTH, 3) float32."""
    stones = photograph("gravel")[:HEIGHT, :WIDTH, None].astype(np.float32) / 255
    return stones * EARTH

"""A smooth thing before a lively background, which shows through its blurred rim, or through all of it."""

import cv2
import numpy as np

from data.scenes.lab.kind import LabScene
from data.scenes.lens import blur
from data.scenes.pair import focus_pair
from data.scenes.photographs import photograph

HEIGHT, WIDTH = 144, 208
LEAF = np.array([0.72, 0.42, 0.26], np.float32)
STONES = np.array([0.9, 0.95, 1.0], np.float32)
CONTRAST = 1.6  # of the stones, against that of their photograph
GRAIN = 0.01  # spread of the texture of the leaves
LEAVES = (((58, 74), (52, 24), 25), ((150, 66), (44, 30), -35))  # centre, half axes, angle in degrees
INSIDE, SEEN_THROUGH = 0.99, 0.02


def transparent_foreground(*, radius=6.0, opacity=1.0, seed=0):
    """Take two smooth leaves before stones, focused near and far.

    Parameters
    ----------
    radius : float, optional
        Radius of the blur disc of what is out of focus, in pixels; with 0 nothing shows through an opaque leaf that
        should not.
    opacity : float, optional
        Of the leaves, in (0, 1]; below 1 they are gauze, and the stones behind them belong to the truth.
    seed : int, optional
        Of the grain of the leaves.

    Returns
    -------
    LabScene
        `where` are pixels within the outline of the leaves through which the frame focused far shows the stones.

    Raises
    ------
    DataError
        If scikit-image, for the stones, is not installed.
    ValueError
        If an option is out of range.
    """
    if not 0 < opacity <= 1:
        raise ValueError(f"opacity must be above 0 and at most 1, got {opacity}")
    grain = np.random.default_rng(seed).standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    leaf = (LEAF + np.float32(GRAIN) * cv2.GaussianBlur(grain, (0, 0), 1)[..., None]).clip(0, 1)
    outline = leaves()
    alpha = np.float32(opacity) * outline
    pair = focus_pair(leaf, alpha, stones(), radius=radius)
    where = (outline > INSIDE) & (1 - blur(alpha, radius) > SEEN_THROUGH)
    return LabScene(np.asarray(pair.stack), pair.sharp, where, "focus")


def leaves():
    """What the leaves cover, 0 to 1, with a rim of a pixel."""
    covered = np.zeros((HEIGHT, WIDTH), np.uint8)
    for centre, axes, angle in LEAVES:
        cv2.ellipse(covered, centre, axes, angle, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
    return covered.astype(np.float32) / 255


def stones():
    """Stones of strong contrast, (HEIGHT, WIDTH, 3) float32."""
    values = photograph("gravel")[200 : 200 + HEIGHT, 200 : 200 + WIDTH, None].astype(np.float32) / 255
    return ((values - values.mean()) * CONTRAST + values.mean()).clip(0, 1) * STONES

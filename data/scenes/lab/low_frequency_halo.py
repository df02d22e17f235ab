"""A window in a wall: two lights in one picture, which exposure fusion blends far beyond their border."""

import cv2
import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.light import to_eight_bits, to_linear, with_noise
from data.scenes.options import check_amounts, check_stops
from data.scenes.photographs import photograph

HEIGHT, WIDTH = 192, 256
PANES = [np.s_[60:92, 88:124], np.s_[60:92, 132:168], np.s_[100:132, 88:124], np.s_[100:132, 132:168]]
PLASTER = np.array([0.20, 0.18, 0.15], np.float32)  # light that a wall gives back; 0.18 is encoded as middle gray
GRAIN = 0.08  # spread of that light, as a share
LAWN = np.array([0.75, 1.15, 0.55], np.float32)  # times the light of the photograph of grass
REACH = 24  # pixels around the panes that count as beside them


def low_frequency_halo(*, stops=6.0, noise=0.005, seed=0):
    """Look from a room through a window, and expose once for the room, once for the lawn outside.

    Parameters
    ----------
    stops : float, optional
        Between the light outside and that in the room; with 0 there is no halo.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the grain of the wall and of the noise.

    Returns
    -------
    LabScene
        The truth is the wall as the one frame shows it and the lawn as the other does, without noise. `where` are the
        panes and the wall beside them.

    Raises
    ------
    DataError
        If scikit-image, for the grass, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(noise=noise)
    check_stops(stops=stops)
    rng = np.random.default_rng(seed)
    outside = pane_mask()
    scene = np.where(outside[..., None], lawn(), wall(rng))
    light = scene * np.where(outside, np.float32(2.0**stops), np.float32(1))[..., None]
    exposed = light, light * np.float32(2.0**-stops)
    frames = [to_float(to_eight_bits(with_noise(seen, noise, rng))) for seen in exposed]
    around = cv2.dilate(outside.astype(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1))) > 0
    return LabScene(np.stack(frames), to_float(to_eight_bits(scene)), around, "exposure")


def pane_mask():
    """Return where a wall has panes, (HEIGHT, WIDTH) bool."""
    outside = np.zeros((HEIGHT, WIDTH), bool)
    for pane in PANES:
        outside[pane] = True
    return outside


def wall(rng):
    """Light of an even wall with a fine grain, (HEIGHT, WIDTH, 3)."""
    return PLASTER * np.exp(GRAIN * rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32))


def lawn():
    """Light of grass, (HEIGHT, WIDTH, 3)."""
    return LAWN * to_linear(to_float(photograph("grass")[:HEIGHT, :WIDTH, None]))

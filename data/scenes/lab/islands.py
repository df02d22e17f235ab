"""A printed board before gravel: between its letters the sharp frame is blank, and the blurred one is not."""

import string

import cv2
import numpy as np

from data.scenes.lab.kind import LabScene
from data.scenes.lens import blur
from data.scenes.pair import focus_pair
from data.scenes.photographs import photograph

HEIGHT, WIDTH = 160, 224
EDGE = 168  # column at which the board ends
BOARD = np.array([0.86, 0.84, 0.8], np.float32)
INK = np.array([0.3, 0.12, 0.16], np.float32)
SAND = np.array([0.75, 0.7, 0.6], np.float32)
HOLES, HOLE = ((16, 24), (16, 80), (16, 136)), 6  # centres (x, y) and radius of holes through the board
LINES, LETTERS, SPACING = range(34, HEIGHT, 44), range(36, EDGE - 28, 30), 1.1
OPAQUE = 0.999  # blurred opacity from which on neither an edge nor a hole of the board is near
SMEARED = 4 / 255  # by which the blurred frame is wrong, from which on taking it shows


def islands(*, radius=5.0, noise=0.01, seed=0):
    """Take a board with large letters and three holes before gravel, focused near and far.

    Parameters
    ----------
    radius : float, optional
        Radius of the blur disc of what is out of focus, in pixels; with 0 no decision is wrong.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the letters and of the noise.

    Returns
    -------
    LabScene
        `where` are pixels of the board where the frame focused far smears letters, so that a wrong decision shows.

    Raises
    ------
    DataError
        If scikit-image, for the gravel, is not installed.
    ValueError
        If an option is out of range.
    """
    ink, alpha = letters(np.random.default_rng(seed)), board_with_holes()
    front = BOARD + ink[..., None] * (INK - BOARD)
    back = photograph("gravel")[:HEIGHT, :WIDTH, None].astype(np.float32) / 255 * SAND
    clean = focus_pair(front, alpha, back, radius=radius)
    pair = focus_pair(front, alpha, back, radius=radius, noise=noise, seed=seed)
    smeared = np.abs(clean.stack[1] - clean.sharp).max(axis=2) > SMEARED
    where = smeared & (alpha > OPAQUE) & (blur(alpha, radius) > OPAQUE)
    return LabScene(np.asarray(pair.stack), pair.sharp, where, "focus")


def letters(rng):
    """Ink of rows of capitals, 0 to 1, (HEIGHT, WIDTH) float32."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    for y in LINES:
        for x in LETTERS:
            letter = string.ascii_uppercase[rng.integers(26)]
            cv2.putText(ink, letter, (x, y), cv2.FONT_HERSHEY_SIMPLEX, SPACING, 255, 3, cv2.LINE_AA)
    return ink.astype(np.float32) / 255


def board_with_holes():
    """Opacity of the board, (HEIGHT, WIDTH) float32, with a rim of a pixel around its holes."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, :EDGE] = 255
    for centre in HOLES:
        cv2.circle(alpha, centre, HOLE, 0, cv2.FILLED, cv2.LINE_AA)
    return alpha.astype(np.float32) / 255

"""A printed page that leads away from the lens, with frames left out: bands of it are sharp in none."""

import numpy as np

from data.scenes.focal import focal_stack
from data.scenes.lab.kind import LabScene
from data.scenes.lens import circle_of_confusion
from data.scenes.photographs import photograph

COLUMNS = slice(0, 256)
PAPER = np.array([1.0, 0.98, 0.93], np.float32)
NEAR, FAR = 0.5, 0.6  # metres
FINE = 13  # frames of the whole series
FOCAL_LENGTH = 0.05  # metres
CONFUSION = 2.0  # pixels: diameter of the disc of a point that is one frame of the whole series off
F_NUMBER = 4.0
NEVER = 2.5  # pixels: smallest disc, of all frames, from which on a pixel is never in focus


def never_in_focus(*, step=4, beyond=2):
    """Take a focus series of a slanted page, too wide in its steps and too short.

    Parameters
    ----------
    step : int, optional
        Of a series of 13 frames in which everything is sharp, every so many are taken; 1 leaves no gap.
    beyond : int, optional
        So many frames at the far end are never taken, 0 to 12; 0 goes to the end.

    Returns
    -------
    LabScene
        Frames from near to far, and as `where` pixels that none of them draws with a disc of 2.5 pixels or less.

    Raises
    ------
    DataError
        If scikit-image, for the page, is not installed.
    ValueError
        If an option is out of range.
    """
    if not (step == int(step) and step >= 1):
        raise ValueError(f"step must be a whole number of frames, 1 or more, got {step}")
    if not (beyond == int(beyond) and 0 <= beyond < FINE):
        raise ValueError(f"beyond must be a whole number of frames, 0 to {FINE - 1}, got {beyond}")
    page = photograph("page")[:, COLUMNS, None].astype(np.float32) / 255 * PAPER
    depth = slanted(page.shape[:2])
    distances = 1 / np.linspace(1 / NEAR, 1 / FAR, FINE)[: FINE - int(beyond) : int(step)]
    pitch = pixel_pitch()
    made = focal_stack(
        page, depth, distances=distances, focal_length=FOCAL_LENGTH, f_number=F_NUMBER, pixel_pitch=pitch
    )
    where = smallest_disc(depth, distances) / pitch > NEVER
    return LabScene(np.asarray(made.stack), made.sharp, where, "focus")


def slanted(shape):
    """Distance of a page whose right side is farther away, even in nearness, as blur is."""
    nearness = np.linspace(1 / NEAR, 1 / FAR, shape[1], dtype=np.float32)
    return np.broadcast_to(1 / nearness, shape).copy()


def pixel_pitch():
    """Width of a pixel, in metres, for which one frame off means a disc of `CONFUSION` pixels at the near end."""
    nearness = np.linspace(1 / NEAR, 1 / FAR, FINE)
    disc = circle_of_confusion(1 / nearness[1], NEAR, focal_length=FOCAL_LENGTH, f_number=F_NUMBER)
    return float(disc) / CONFUSION


def smallest_disc(depth, distances):
    """Diameter on the sensor of the smallest disc that any frame makes of each pixel."""
    lens = {"focal_length": FOCAL_LENGTH, "f_number": F_NUMBER}
    return np.min([circle_of_confusion(depth, distance, **lens) for distance in distances], axis=0)

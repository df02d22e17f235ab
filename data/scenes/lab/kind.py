"""What a scene of the artefact lab is."""

from typing import NamedTuple

import numpy as np


class LabScene(NamedTuple):
    """Frames that bring an artefact about, and the truth.

    Attributes
    ----------
    stack : ndarray of float32 of shape (N, H, W, 3)
        Frames in [0, 1].
    truth : ndarray of float32 of shape (H, W, 3)
        What should come out.
    where : ndarray of bool of shape (H, W)
        Where the artefact shows: errors in it are those that the scene is about.
    kind : {"focus", "exposure"}
        What the frames differ in.
    """

    stack: np.ndarray
    truth: np.ndarray
    where: np.ndarray
    kind: str

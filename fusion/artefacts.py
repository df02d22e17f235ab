"""How far each method goes wrong where an artefact shows, and what a cure costs elsewhere."""

import cv2
import numpy as np

from fusion.lineup import fitting
from fusion.metrics import psnr
from fusion.table import CONTROL, RESULT, Row, Table

LEVELS = 255
THERE, ELSEWHERE = "error there", "error elsewhere"


def score_methods(scene, cures=None):
    """Score every method that fits on a scene of the artefact lab, and cures beside them.

    Parameters
    ----------
    scene : data.scenes.lab.LabScene
    cures : dict of str to ndarray of shape (H, W, 3), optional
        Results by other settings, by name.

    Returns
    -------
    fusion.table.Table
        A row for each method, cure and control. Root mean square errors against the truth, in levels of 255, where the
        artefact shows and elsewhere; and PSNR of the whole picture.
    """
    methods = fitting(scene.kind, shape=scene.stack.shape)
    rows = [
        Row(method.title, CONTROL if name == "mean" else RESULT, scores_of(method.fuse(scene.stack), scene))
        for name, method in methods.items()
    ]
    cured = [Row(name, RESULT, scores_of(image, scene)) for name, image in (cures or {}).items()]
    return Table(rows + cured, lower={THERE, ELSEWHERE})


def scores_of(image, scene):
    """Return errors of an image in levels of 255, where the artefact of a scene shows and elsewhere, and its PSNR.

    Parameters
    ----------
    image : ndarray of float of shape (H, W, 3)
    scene : data.scenes.lab.LabScene

    Returns
    -------
    dict of str to float
    """
    whole = psnr(image, scene.truth)  # first, for it refuses what is no image of that shape
    return {
        THERE: _error(image, scene.truth, scene.where),
        ELSEWHERE: _error(image, scene.truth, ~scene.where),
        "PSNR": whole,
    }


def _error(image, truth, where):
    """Root mean square error in levels of 255, within a mask; NaN where it is empty."""
    return (
        LEVELS * float(np.sqrt(np.mean((image[where] - truth[where]) ** 2, dtype=np.float64)))
        if where.any()
        else np.nan
    )


def closeup(image, scene, *, side=96):
    """Cut out the square of a picture in which most of an artefact shows.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
    scene : data.scenes.lab.LabScene
        Whose `where` says where to look.
    side : int, optional
        In pixels; that of the smaller side of the picture, if it is less.

    Returns
    -------
    ndarray of shape (side, side) or (side, side, 3)
        A view.
    """
    height, width = scene.where.shape
    side = min(side, height, width)
    shown = cv2.boxFilter(
        scene.where.astype(np.float32), -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    inside = shown[: height - side + 1, : width - side + 1]
    top, left = np.unravel_index(inside.argmax(), inside.shape)
    return image[top : top + side, left : left + side]

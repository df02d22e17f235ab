"""Registration in one call: every image in the frame of the last."""

import numpy as np

from data import open_stack
from recalage.engine import register
from recalage.errors import RegistrationError
from recalage.warping import warp


def registration(*images, model="homography"):
    """Express images in the frame of reference of the last one.

    Parameters
    ----------
    *images : ndarray of shape (H, W) or (H, W, 3)
        N >= 1 images of one shape: float in [0, 1], uint8 or uint16, in an order in which neighbours look alike. One
        stack (list, array, `data.Stack`, folder) may be given instead.
    model : str, optional
        As for `register`.

    Returns
    -------
    list of ndarray
        The N images, each warped once; of integers the type is kept, others are float32 in [0, 1]. The last image, and
        those that lie where they should, are returned as they were given. Where an image shows nothing, its border is
        repeated; see `common_area`.

    Raises
    ------
    RegistrationError
        If an image agrees with none of those beside it; it is named. `register` leaves it out instead.
    DataError
        If no image is given, one is no image, or they differ in size.
    ValueError
        If `model` is unknown.

    Examples
    --------
    >>> aligned = registration(*stack)
    """
    frames = _frames(images)
    alignment = register(open_stack(frames), model=model, reference="last")
    lost = [report for report in alignment.frames if report.status == "left out"]
    if lost:
        reasons = "; ".join(f"{report.name} {report.reason}" for report in lost)
        raise RegistrationError(
            f"{reasons}: leave out what shows something else, check the order", frames=[lost[0].name]
        )
    reports = zip(frames, alignment.matrices, alignment.frames, strict=True)
    return [warp(frame, matrix) if report.status == "aligned" else frame for frame, matrix, report in reports]


def _frames(images):
    """Return images as they were given, those of a single stack too; files are opened."""
    if len(images) == 1 and not _is_image(images[0]):
        images = list(images[0]) if isinstance(images[0], np.ndarray) else images[0]
    is_open = isinstance(images, list | tuple) and all(isinstance(image, np.ndarray) for image in images)
    return images if is_open else open_stack(images)


def _is_image(item):
    """Tell a single image from an array of several."""
    return isinstance(item, np.ndarray) and (item.ndim == 2 or (item.ndim == 3 and item.shape[2] == 3))

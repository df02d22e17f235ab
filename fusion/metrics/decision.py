"""Error of a decision map against the true one, everywhere and near the true boundaries."""

from typing import NamedTuple

import cv2
import numpy as np

MOST_FRAMES = 65536


class DecisionError(NamedTuple):
    """How often a decision map takes the wrong frame."""

    fraction: float  # of all pixels
    near: dict  # distance in pixels: fraction of the pixels within that distance of a true boundary


def decision_error(decision, truth, *, distances=(2, 5, 10)):
    """Compare a decision map with the true one.

    Parameters
    ----------
    decision, truth : ndarray of int or bool of one shape (H, W)
        Frame numbers, from 0.
    distances : sequence of float, optional
        In pixels, 1 or more. ``()`` for the fraction of all pixels alone.

    Returns
    -------
    DecisionError
        `fraction`, in [0, 1], of the pixels whose frame number is wrong, and `near`, which maps each of `distances` to
        the fraction among the pixels that lie within it of a true boundary.

    Raises
    ------
    ValueError
        If a map holds no frame numbers, the shapes differ, a distance is less than 1, or the truth has no boundary
        although `distances` were asked for.

    Notes
    -----
    The distance of a pixel to the true boundary is that from its centre to the centre of the nearest pixel with another
    true frame number. So the pixels within 1 are those that touch the boundary with one of their four sides, and a
    straight boundary has `d` rows within `d` on each of its sides.
    """
    decision, truth = _frame_numbers("decision", decision), _frame_numbers("truth", truth)
    if decision.shape != truth.shape:
        raise ValueError(
            f"decision and truth must have one shape, got {decision.shape} and {truth.shape}; crop or resize one"
        )
    distances = _checked_distances(distances)
    if distances and (truth == truth[0, 0]).all():
        raise ValueError(
            f"truth shows frame {truth[0, 0]} everywhere, so there is no boundary to be near; pass distances=() for "
            "the fraction of all pixels alone"
        )
    wrong = decision != truth
    near = {distance: float(wrong[near_boundary(truth, distance)].mean()) for distance in distances}
    return DecisionError(float(wrong.mean()), near)


def near_boundary(labels, distance):
    """Where a disc around a pixel holds more than one label."""
    reach = np.arange(-int(distance), int(distance) + 1)
    disc = (np.hypot(reach[:, None], reach) <= distance).astype(np.uint8)
    return cv2.dilate(labels, disc) != cv2.erode(labels, disc)


def _frame_numbers(name, labels):
    """Frame numbers, checked, as uint16."""
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.size == 0:
        raise ValueError(f"{name} has shape {labels.shape}; a decision map is (H, W), one frame number for each pixel")
    if labels.dtype.kind not in "bui":
        raise ValueError(
            f"{name} has type {labels.dtype}; frame numbers are integers, or truth values for two frames: threshold "
            "weights, or take their argmax over the frames"
        )
    if not (labels.min() >= 0 and labels.max() < MOST_FRAMES):
        raise ValueError(
            f"{name} has values in [{labels.min()}, {labels.max()}]; frames are numbered from 0 to {MOST_FRAMES - 1} "
            "at most: give every pixel the number of a frame"
        )
    return labels.astype(np.uint16)


def _checked_distances(distances):
    distances = tuple(np.ravel(distances).tolist())
    for distance in distances:
        if not 1 <= distance < float("inf"):
            raise ValueError(
                f"distances are in pixels, 1 or more (1 is for pixels that touch a boundary), got {distance}"
            )
    return distances

"""What the tests of registration need: photographs, and transforms with a known effect."""

import cv2
import numpy as np
import pytest
import skimage.data


@pytest.fixture(scope="session")
def photograph():
    """A textured colour photograph, uint8 of shape (512, 512, 3)."""
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def other_photograph():
    """A photograph of something else, of the same shape."""
    return cv2.resize(skimage.data.coffee(), (512, 512), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def steps():
    """Steps from frame to frame that do not commute: a turn with a shift, a scale about a corner, a perspective."""
    angle = np.deg2rad(5)
    turn = np.array([[np.cos(angle), -np.sin(angle), 30], [np.sin(angle), np.cos(angle), -25], [0, 0, 1]])
    shrink = np.diag([0.9, 0.9, 1])
    tilt = np.array([[1.02, 0.01, -34], [-0.01, 0.98, 26], [4e-5, -6e-5, 1]])
    return [turn, shrink, tilt]


@pytest.fixture(scope="session")
def to_last(steps):
    """Transforms of the four frames to the last, multiplied out by hand."""
    turn, shrink, tilt = steps
    return [tilt @ shrink @ turn, tilt @ shrink, tilt, np.eye(3)]


@pytest.fixture(scope="session")
def sequence(photograph, to_last):
    """Four frames of the photograph, related by `steps`; the last one is the photograph."""
    return [seen_through(photograph, matrix) for matrix in to_last]


@pytest.fixture(scope="session")
def corner_error():
    """The function that measures how far two homographies differ at the worst corner of a frame, in pixels."""
    return worst_corner


def seen_through(picture, matrix):
    """Draw the frame that `matrix` maps to the picture: its pixel p shows the picture at matrix(p)."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, matrix, picture.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)


def worst_corner(estimated, imposed, shape):
    bottom, right = shape[0] - 1, shape[1] - 1
    corners = np.array([[[0, 0], [right, 0], [right, bottom], [0, bottom]]], np.float64)
    moved = [cv2.perspectiveTransform(corners, np.asarray(matrix)) for matrix in (estimated, imposed)]
    return np.linalg.norm(moved[0] - moved[1], axis=-1).max()

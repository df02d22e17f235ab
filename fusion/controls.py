"""Pictures that no method made: what a score gives them, it gives for nothing."""

import cv2
import numpy as np

from data import open_stack
from fusion.measure import saliency
from fusion.weights import decision_map

REGION = 8.0  # pixels: of the Gaussian that makes sharpness a property of a place, not of a pixel


def controls(stack):
    """Make the pictures that any score should be read beside.

    Parameters
    ----------
    stack : stack
        N frames.

    Returns
    -------
    dict of str to ndarray of float32
        ``mean``: of all frames. ``random pixel``: each pixel from a frame drawn at random. ``defocused side``: each
        pixel from the frame that is least sharp there. Each source alone is a control too; it is at hand already.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    """
    stack = open_stack(stack)
    return {name: make(stack) for name, make in CONTROLS.items()}


def mean(stack):
    """Mean of all frames; holds one at a time."""
    stack = open_stack(stack)
    total = np.zeros(stack.shape[1:], np.float32)
    for frame in stack:
        total += frame
    return total / len(stack)


def pick(stack, decision):
    """Copy every pixel from the frame that a decision map names."""
    picked = np.zeros(stack.shape[1:], np.float32)
    for index, frame in enumerate(stack):
        chosen = decision == index
        picked[chosen] = frame[chosen]
    return picked


def least_sharp(stack):
    """Number the frame that is least sharp around every pixel."""
    frames = (stack.pixels(index) for index in range(len(stack)))
    return decision_map(-cv2.GaussianBlur(saliency(frame), (0, 0), REGION) for frame in frames)


def random_pixel(stack, *, seed=0):
    """Copy every pixel from a frame drawn at random."""
    return pick(stack, np.random.default_rng(seed).integers(len(stack), size=stack.shape[1:3]))


def defocused_side(stack):
    """Copy every pixel from the frame that is least sharp around it."""
    return pick(stack, least_sharp(stack))


CONTROLS = {"mean": mean, "random pixel": random_pixel, "defocused side": defocused_side}

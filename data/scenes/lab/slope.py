"""A cup on a table that rises from near to far, drawn by a lens: what scenes of the lab that differ in focus begin with."""

import numpy as np

from data.scenes.lens import circle_of_confusion, cut_into_layers, defocus
from data.scenes.light import to_linear
from data.scenes.photographs import photograph

NEAREST, FARTHEST = 0.8, 1.2  # metres
LENS = {"focal_length": 0.050, "f_number": 2.8}
PIXEL_PITCH = 50e-6  # metres: of a coarse sensor, as pictures of the lab are small
LAYERS = 24


def cup():
    """Return light of a cup on a table, (160, 224, 3): every other pixel of a photograph."""
    return to_linear(photograph("coffee")[40:360:2, 150:598:2].astype(np.float32) / 255)


def depth_of_slope(shape):
    """Return the distance of every pixel in metres: the lowest row is nearest, even in 1 / distance."""
    rows = 1 / np.linspace(1 / FARTHEST, 1 / NEAREST, shape[0], dtype=np.float32)
    return np.repeat(rows[:, None], shape[1], axis=1)


def lights_on_slope(light, count):
    """Draw light that lies on the slope, focused from near to far.

    Parameters
    ----------
    light : ndarray of float32 of shape (H, W, 3)
    count : int
        Frames; what they are focused at is even in 1 / distance.

    Returns
    -------
    lights : list of ndarray of float32 of shape (H, W, 3)
    index : ndarray of int of shape (H, W)
        The frame in which a pixel is sharpest.
    """
    depth = depth_of_slope(light.shape)
    distances = 1 / np.linspace(1 / NEAREST, 1 / FARTHEST, count + 2)[1:-1]
    blurs = np.stack([blur_at(depth, distance) for distance in distances])
    layers = cut_into_layers(light, depth, count=LAYERS, reach=int(np.ceil(blurs.max())) + 1)
    lights = [
        defocus(layers, light.shape, [blur_at(layer.depth, distance) / 2 for layer in layers]) for distance in distances
    ]
    return lights, blurs.argmin(axis=0)


def blur_at(depth, distance):
    """Return the diameter of blur in pixels, at a depth, focused at a distance."""
    return circle_of_confusion(depth, distance, **LENS) / PIXEL_PITCH

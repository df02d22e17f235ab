"""A thin lens: how large a point off the focus is drawn, and what a scene looks like through it."""

from typing import NamedTuple

import cv2
import numpy as np

from data.nearest import nearest_true

STEP = 0.5  # pixels of the circle of confusion between two slices of a scene
MOST_LAYERS = 128
FINER = 16  # points along a pixel at which it is asked whether it lies in a disc; fewer in large discs


def circle_of_confusion(depth, distance, *, focal_length, f_number):
    """Diameter on the sensor of the image of a point.

    Parameters
    ----------
    depth : ndarray or float
        Distance of the point, in metres.
    distance : float
        Distance that the lens is focused at, in metres; more than the focal length.
    focal_length : float
        In metres.
    f_number : float
        Focal length over diameter of the aperture; ``inf`` is a pinhole.

    Returns
    -------
    ndarray or float
        In metres, 0 in focus, for a thin lens: ``aperture * focal_length / (distance - focal_length) * abs(depth -
        distance) / depth``.

    Raises
    ------
    ValueError
        If the lens is focused at its focal length or nearer.

    References
    ----------
    .. [1] M. Potmesil, I. Chakravarty, "A lens and aperture camera model for synthetic image generation," SIGGRAPH
       1981. :doi:`10.1145/800224.806818`
    """
    if not distance > focal_length:
        raise ValueError(f"a lens of {focal_length:g} m focuses at more than that, got a distance of {distance:g} m")
    aperture = focal_length / f_number
    return aperture * focal_length / (distance - focal_length) * np.abs(depth - distance) / depth


def disc(radius):
    """Blur kernel of a round aperture: the part of each pixel that the disc covers; none but one up to 0.5 px."""
    reach = max(0, int(np.ceil(radius - 0.5)))
    if not reach:
        return np.ones((1, 1), np.float32)
    pixels, finer = 2 * reach + 1, int(np.clip(8 * FINER / radius, 2, FINER))
    position = (np.arange(pixels * finer) + 0.5) / finer - pixels / 2
    covered = position[:, None] ** 2 + position**2 <= radius * radius
    kernel = cv2.resize(covered.astype(np.float32), (pixels, pixels), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


class Layer(NamedTuple):
    """A slice of a scene at one depth, with what the nearer slices hide of it filled in around its edges."""

    depth: float
    rows: slice
    columns: slice
    light: np.ndarray  # (h, w, channels + 1): light times opacity, and opacity


def cut_into_layers(light, depth, *, count, reach):
    """Cut a scene into layers of like depth, from far to near, even in 1 / depth, as blur is.

    Parameters
    ----------
    light : ndarray of float32 of shape (H, W, C)
        Linear light.
    depth : ndarray of shape (H, W)
        In metres.
    count : int
        Number of slices; those that hold no pixel are left out.
    reach : int
        Pixels for which a layer goes on behind the nearer ones, so that a blurred edge in front shows it through;
        twice the largest radius of blur is enough, one for each of the two.

    Returns
    -------
    list of Layer
    """
    nearness = 1 / depth
    edges = np.linspace(nearness.min(), nearness.max(), count + 1)
    slices = np.digitize(nearness, edges[1:-1])
    layers = []
    for level in np.unique(slices):
        nearest, distance = nearest_true(slices <= level)
        opaque = (slices.ravel()[nearest] == level) & (distance <= reach)
        rows, columns = bounding_box(opaque, margin=reach)
        colour = light.reshape(-1, light.shape[2])[nearest[rows, columns]]
        opacity = opaque[rows, columns, None].astype(np.float32)
        layer_depth = 1 / float(nearness[slices == level].mean())
        layers.append(Layer(layer_depth, rows, columns, np.concatenate([colour * opacity, opacity], axis=2)))
    return layers


def bounding_box(mask, *, margin):
    """Smallest rows and columns that hold the mask and a margin."""
    y, x = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return tuple(slice(max(0, i[0] - margin), i[-1] + margin + 1) for i in (y, x))


def defocus(layers, shape, radii):
    """Light of a scene seen through a lens.

    Parameters
    ----------
    layers : list of Layer
        The scene from far to near.
    shape : tuple of int
        Height, width and channels.
    radii : sequence of float
        Radius of the blur disc of each layer, in pixels.

    Returns
    -------
    ndarray of float32 of shape (H, W, C)
        Linear light; blur mixes light, not encoded values. Near layers cover far ones as thin as they are blurred, and
        a blurred far layer stays behind the outline of a sharp near one.
    """
    light = np.zeros(shape, np.float32)
    for layer, radius in zip(layers, radii, strict=True):
        blurred = blur(layer.light, radius)
        behind = light[layer.rows, layer.columns]
        behind *= 1 - blurred[..., -1:]
        behind += blurred[..., :-1]
    return light


def blur(light, radius):
    """Spread every point of light over a disc; nothing is lost at the border."""
    if radius <= 0.5:
        return light
    return cv2.filter2D(light, -1, disc(radius), borderType=cv2.BORDER_REPLICATE).reshape(light.shape)

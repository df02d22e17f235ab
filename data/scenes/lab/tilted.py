"""A photograph that lies tilted before a lens, near below and far above: what frames that move are made of."""

import cv2
import numpy as np

from data.scenes.lab.slope import FARTHEST, LENS, NEAREST, depth_of_slope
from data.scenes.lens import circle_of_confusion, cut_into_layers, defocus
from data.scenes.light import to_linear
from data.scenes.photographs import photograph

PIXEL_PITCH = 40e-6  # metres: of a coarse sensor, as pictures of the lab are small
LAYERS = 32
ROWS, COLUMNS = slice(40, 360), slice(150, 598)  # of the photograph
EVERY = 2  # so many of its pixels make one of the picture
MARGIN = 12  # pixels that are cut off, so that frames which move show no border
COUNT = 5  # frames of a lens that breathes
LARGEST = 0.12  # breathing for which the margin is wide enough


def table():
    """Linear light of a cup of coffee on a table, (160, 224, 3)."""
    picture = photograph("coffee")[ROWS, COLUMNS]
    size = [length // EVERY for length in picture.shape[1::-1]]
    return cv2.resize(to_linear(picture / np.float32(255)), size, interpolation=cv2.INTER_AREA)


def in_focus(light, distance):
    """Linear light (H, W, 3) of a tilted picture, as a lens draws it that is focused at a distance, in metres."""
    largest = circle_of_confusion(np.array([NEAREST, FARTHEST]), distance, **LENS).max() / PIXEL_PITCH
    layers = cut_into_layers(light, depth_of_slope(light.shape), count=LAYERS, reach=int(np.ceil(largest)) + 1)
    radii = [circle_of_confusion(layer.depth, distance, **LENS) / PIXEL_PITCH / 2 for layer in layers]
    return defocus(layers, light.shape, radii)


def distances_of(count):
    """Distances of so many frames, in metres, from near to far, which share the depth of the picture evenly."""
    shares = (np.arange(count) + 0.5) / count
    return 1 / (1 / NEAREST + shares * (1 / FARTHEST - 1 / NEAREST))


# --- motion ----------------------------------------------------------------------------------------------------------


def breathing_series(light, breathing):
    """Five frames of a tilted picture, from near to far, through a lens that draws near things larger.

    Returns
    -------
    list of ndarray of float32 of shape (H - 24, W - 24, 3)
        Linear light, without the margin.
    list of ndarray of shape (3, 3)
        Matrices that map what is left of the picture to each frame; the middle frame lies on it.

    Raises
    ------
    ValueError
        If `breathing` is none, or frames would show more than there is.
    """
    if not 0 <= breathing <= LARGEST:
        raise ValueError(f"breathing must lie between 0 and {LARGEST}, got {breathing}; 0 leaves it out")
    scales = 1 + breathing * np.linspace(0.5, -0.5, COUNT)
    matrices = [scaled(inner(light).shape, scale) for scale in scales]
    drawn = [in_focus(light, distance) for distance in distances_of(COUNT)]
    return list(map(moved, drawn, matrices)), matrices


def scaled(shape, scale):
    """Matrix that enlarges a picture about its centre."""
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array([[scale, 0, x * (1 - scale)], [0, scale, y * (1 - scale)], [0, 0, 1.0]])


def moved(light, matrix):
    """Light as a frame sees it, to which a matrix maps what is left of the picture without its margin."""
    without = np.array([[1, 0, -MARGIN], [0, 1, -MARGIN], [0, 0, 1.0]])
    size = [length - 2 * MARGIN for length in light.shape[1::-1]]
    return cv2.warpPerspective(light, matrix @ without, size, flags=cv2.INTER_LANCZOS4).clip(0, None)


def brought_back(frame, matrix):
    """Draw a frame where the picture lies; where it shows nothing, its last pixel is repeated."""
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(frame, matrix, frame.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


def inner(image):
    """Cut off the margin."""
    return image[MARGIN:-MARGIN, MARGIN:-MARGIN]

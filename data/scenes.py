"""Pictures with a known answer: made from photographs that come with scikit-image, so that they need no download."""

import functools
import warnings
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from data.errors import DataError

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709, of linear light
NEAR_TO_FAR = (57, 48, 39, 30, 21, 12)  # disparities, in pixels, that cover the motorcycle's garage
SEED = 2014


class Scene(NamedTuple):
    """One built-in stack: what it is and how it is made."""

    kind: str
    size: tuple  # width, height
    frame_count: int
    credit: str
    terms: str
    frames: Callable
    truth: Callable | None


def built_in_names():
    """Names of the stacks that are made on the spot, without files of one's own or a network.

    Returns
    -------
    list of str
    """
    return sorted(SCENES)


def frames(name):
    """Make the frames of a built-in stack.

    Parameters
    ----------
    name : str
        One of `built_in_names`.

    Returns
    -------
    list of ndarray of uint8
        Images of shape (H, W) or (H, W, 3); `data.load` gives the same as float32 in [0, 1]. They are the same at
        every call, to the bit, and read-only: they are made once.

    Raises
    ------
    DataError
        If the name is unknown or scikit-image, whose photographs are used, is not installed.

    Notes
    -----
    The motorcycle is the left view of the stereo pair of [1]_ at a quarter of its size, with the disparities measured
    there. Frame k is what a lens focused at disparity ``focus[k]`` would see, see `defocus`. The bracket `coffee` is a
    photograph by Rachel Michetti that scikit-image carries, lit anew, see `bracket`.

    References
    ----------
    .. [1] D. Scharstein et al., "High-resolution stereo datasets with subpixel-accurate ground truth," GCPR 2014.
       :doi:`10.1007/978-3-319-11752-2_3`
    """
    return list(made_once(name))


@functools.cache
def made_once(name):
    """Frames of a built-in stack, kept for the next call."""
    made = tuple(scene(name).frames())
    for frame in made:
        frame.flags.writeable = False
    return made


def truth(name):
    """All-in-focus picture of a built-in focal stack.

    Parameters
    ----------
    name : str
        One of `built_in_names` of kind focal-stack or multi-focus.

    Returns
    -------
    ndarray of float32 of shape (H, W) or (H, W, 3)
        The photograph that the frames were made from, in [0, 1].

    Raises
    ------
    DataError
        If the name is unknown, or its frames differ in exposure: no picture is the one answer then.
    """
    picture = scene(name).truth
    if picture is None:
        focal = ", ".join(n for n in built_in_names() if SCENES[n].truth)
        raise DataError(f"{name} has no all-in-focus picture, its frames differ in exposure; focal stacks are {focal}")
    return picture().astype(np.float32) / 255


def scene(name):
    """Entry of a built-in stack."""
    if name not in SCENES:
        raise DataError(f"no built-in stack is called {name!r}; there are {', '.join(built_in_names())}")
    return SCENES[name]


# --- light -----------------------------------------------------------------------------------------------------------


def to_linear(encoded):
    """Light of sRGB values in [0, 1]."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_eight_bits(light):
    """Picture of linear light as sRGB in 256 steps; more light than 1 is clipped."""
    light = light.clip(0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)


# --- defocus ---------------------------------------------------------------------------------------------------------


def disc(radius):
    """Blur kernel of a round aperture: a disc with a soft rim; up to a radius of 0.5 px it changes nothing."""
    reach = max(0, int(np.ceil(radius - 0.5)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = (radius + 0.5 - np.hypot(x, y)).clip(0, 1) if reach else np.ones((1, 1))
    return (kernel / kernel.sum()).astype(np.float32)


class Layer(NamedTuple):
    """A slice of a scene at one disparity, with what the nearer slices hide of it filled in around its edges."""

    disparity: float
    rows: slice
    columns: slice
    light: np.ndarray  # (h, w, 4): red, green, blue times opacity, and opacity


def cut_into_layers(light, disparity, *, count=24, reach=12):
    """Cut a scene into layers of like disparity, from far to near.

    A layer goes on for `reach` pixels behind the nearer ones, so that a blurred edge in front shows it through.
    """
    edges = np.linspace(disparity.min(), disparity.max(), count + 1)
    slices = np.digitize(disparity, edges[1:-1])
    layers = []
    for level in np.unique(slices):
        nearest, distance = nearest_true(slices <= level)
        opaque = (slices.ravel()[nearest] == level) & (distance <= reach)
        rows, columns = bounding_box(opaque, margin=reach)
        colour = light.reshape(-1, 3)[nearest[rows, columns]]
        opacity = opaque[rows, columns, None].astype(np.float32)
        layer_disparity = float(disparity[slices == level].mean())
        layers.append(Layer(layer_disparity, rows, columns, np.concatenate([colour * opacity, opacity], axis=2)))
    return layers


def nearest_true(mask):
    """Flat index of the nearest pixel where the mask holds, and the distance to it."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index_of_label = np.zeros(labels.max() + 1, np.intp)
    index_of_label[labels[mask]] = np.flatnonzero(mask)
    return index_of_label[labels], distance


def bounding_box(mask, *, margin):
    """Smallest rows and columns that hold the mask and a margin."""
    y, x = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return tuple(slice(max(0, i[0] - margin), i[-1] + margin + 1) for i in (y, x))


def defocus(layers, shape, focus, *, aperture, tolerance=0.0):
    """Light of a scene seen through a lens.

    Parameters
    ----------
    layers : list of Layer
        The scene from far to near.
    shape : tuple of int
        Height and width.
    focus : float
        Disparity that is sharp.
    aperture : float
        Radius of the blur disc, in pixels, per pixel of disparity off the focus.
    tolerance : float
        Disparity off the focus up to which all is sharp: the depth of field.

    Returns
    -------
    ndarray of float32 of shape (H, W, 3)
        Linear light; blur mixes light, not encoded values. Near layers cover far ones as thin as they are blurred.
    """
    light = np.zeros((*shape, 3), np.float32)
    for layer in layers:
        radius = aperture * max(0.0, abs(layer.disparity - focus) - tolerance)
        blurred = cv2.filter2D(layer.light, -1, disc(radius), borderType=cv2.BORDER_REPLICATE)
        behind = light[layer.rows, layer.columns]
        behind *= 1 - blurred[..., 3:]
        behind += blurred[..., :3]
    return light


def fill_from_far_side(disparity):
    """Give every unknown disparity the smaller of the nearest known ones to its left and right: the far side.

    What one of two views cannot see lies behind an edge, so it belongs to what is farther away. Then thin near things
    are closed and grown by a pixel: their rims hold light of both sides, and would stay behind as a sharp outline.
    """
    known = np.where(np.isfinite(disparity), disparity, np.nan)
    left = fill_forward(known)
    right = fill_forward(known[:, ::-1])[:, ::-1]
    filled = np.fmin(left, right).astype(np.float32)
    filled = cv2.medianBlur(np.nan_to_num(filled, nan=float(np.nanmin(filled))), 3)
    closed = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return cv2.dilate(closed, np.ones((3, 3), np.uint8))


def fill_forward(rows):
    """Repeat the last known value of each row; NaN before the first one."""
    columns = np.where(np.isnan(rows), -1, np.arange(rows.shape[1]))
    last = np.maximum.accumulate(columns, axis=1)
    return np.where(last >= 0, np.take_along_axis(rows, last.clip(0), axis=1), np.nan)


# --- exposure --------------------------------------------------------------------------------------------------------


def lamp(shape, *, centre, stops):
    """Light of a lamp that falls from 1 by so many stops to the farthest corner, smoothly."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    distance = np.hypot(y - centre[0], x - centre[1])
    return np.exp2(-stops * distance / distance.max()).astype(np.float32)


def bracket(light, stops, *, noise=0.0, seed=SEED):
    """Take one scene at several exposures.

    Parameters
    ----------
    light : ndarray of float32
        Linear light; 1 is what just saturates at 0 stops.
    stops : sequence of float
        Exposures: light is multiplied by 2 to their power, then clipped and rounded to 8 bits.
    noise : float
        Standard deviation of the light itself, the same in all frames; it hides the 8-bit steps of the photograph
        that the scene was made from.
    seed : int
        Of the noise.

    Returns
    -------
    list of ndarray of uint8
    """
    grain = np.random.default_rng(seed).standard_normal(light.shape, dtype=np.float32)
    light = light + np.float32(noise) * grain
    return [to_eight_bits(light * 2.0**stop) for stop in stops]


# --- the scenes ------------------------------------------------------------------------------------------------------


def photograph(name):
    """Read a photograph that scikit-image carries, by its name there."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm's advice on widgets in notebooks
            from skimage import data

            return getattr(data, name)()
    except ImportError as error:
        raise DataError(
            "the built-in stacks are made from photographs of scikit-image, which is not installed; "
            "install it with: pip install scikit-image"
        ) from error


@functools.cache
def motorcycle():
    """Photograph and disparity of the motorcycle, both (500, 741): uint8 in colour, float32 in pixels."""
    left, _, disparity = photograph("stereo_motorcycle")
    return left, fill_from_far_side(disparity)


def motorcycle_photograph():
    """Motorcycle, sharp everywhere: uint8 of shape (500, 741, 3)."""
    return motorcycle()[0]


def motorcycle_frames(focuses, *, aperture, tolerance=0.0):
    """Motorcycle focused at each of the disparities."""
    photograph, disparity = motorcycle()
    layers = cut_into_layers(to_linear(photograph / np.float32(255)), disparity)
    shape = disparity.shape
    return [to_eight_bits(defocus(layers, shape, f, aperture=aperture, tolerance=tolerance)) for f in focuses]


def gray_photograph():
    """Motorcycle in gray: the luminance of its light."""
    return to_eight_bits(to_linear(motorcycle_photograph() / np.float32(255)) @ LUMINANCE)


def coffee_light():
    """A cup of coffee under a lamp: two stops too much light beside it, five stops less in the far corner."""
    light = to_linear(photograph("coffee") / np.float32(255))
    return 4 * light * lamp(light.shape, centre=(100, 430), stops=5)[..., None]


def gray_frames(focuses, **lens):
    """Motorcycle in gray, focused at each of the disparities."""
    return [to_eight_bits(to_linear(f / np.float32(255)) @ LUMINANCE) for f in motorcycle_frames(focuses, **lens)]


def coffee_frames():
    """Three exposures of the coffee, two stops apart, from dark to bright."""
    return bracket(coffee_light(), (-2, 0, 2), noise=3e-4)


MIDDLEBURY = ("Middlebury 2014 stereo (Scharstein et al.), via scikit-image", "not stated")
NEAR_OR_FAR = {"focuses": (47, 19), "aperture": 0.3, "tolerance": 14.0}  # every pixel is sharp in one of two frames

SCENES = {
    "built-in/motorcycle": Scene(
        "focal-stack",
        (741, 500),
        6,
        *MIDDLEBURY,
        functools.partial(motorcycle_frames, NEAR_TO_FAR, aperture=0.18),
        motorcycle_photograph,
    ),
    "built-in/motorcycle-pair": Scene(
        "multi-focus",
        (741, 500),
        2,
        *MIDDLEBURY,
        functools.partial(motorcycle_frames, **NEAR_OR_FAR),
        motorcycle_photograph,
    ),
    "built-in/gray": Scene(
        "multi-focus",
        (741, 500),
        2,
        *MIDDLEBURY,
        functools.partial(gray_frames, **NEAR_OR_FAR),
        gray_photograph,
    ),
    "built-in/coffee": Scene(
        "multi-exposure",
        (600, 400),
        3,
        "photograph by Rachel Michetti, via scikit-image",
        "CC0",
        coffee_frames,
        None,
    ),
}

"""The built-in stacks: scenes with a name, for pages, samples and tests."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from data.errors import DataError
from data.scenes.exposure import exposure_bracket
from data.scenes.focal import focal_stack
from data.scenes.light import LUMINANCE, to_eight_bits, to_linear
from data.scenes.pair import focus_pair
from data.scenes.photographs import motorcycle
from data.scenes.thin import fence_before_lawn


class Scene(NamedTuple):
    """One built-in stack: what it is and how it is made."""

    kind: str
    size: tuple  # width, height
    frame_count: int
    credit: str
    terms: str
    make: Callable


def built_in_names():
    """Names of the stacks that are made on the spot, without files of one's own or a network.

    Returns
    -------
    list of str
    """
    return sorted(SCENES)


@functools.cache
def built_in(name):
    """Make a built-in stack with its truth.

    Parameters
    ----------
    name : str
        One of `built_in_names`.

    Returns
    -------
    FocalStack, FocusPair or ExposureBracket
        Its `stack` is what `data.load` returns. It is made once, and nothing in it can be changed.

    Raises
    ------
    DataError
        If the name is unknown or scikit-image, whose photographs are used, is not installed.
    """
    made = scene(name).make()
    for array in [*map(made.stack.pixels, range(len(made.stack))), *made[1:]]:
        array.flags.writeable = False
    return made


def truth(name):
    """All-in-focus picture of a built-in focal stack or multi-focus pair.

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
    if scene(name).kind == "multi-exposure":
        focal = ", ".join(n for n in built_in_names() if SCENES[n].kind != "multi-exposure")
        raise DataError(
            f"{name} has no all-in-focus picture, its frames differ in exposure; its truth is the radiance of "
            f"scenes.built_in({name!r}); focal stacks are {focal}"
        )
    return built_in(name).sharp


def scene(name):
    """Entry of a built-in stack."""
    if name not in SCENES:
        raise DataError(f"no built-in stack is called {name!r}; there are {', '.join(built_in_names())}")
    return SCENES[name]


def motorcycle_stack(**options):
    """The motorcycle in six frames, from near to far."""
    return focal_stack(distances=6, f_number=1.4, **options)


def motorcycle_pair(photograph=None):
    """The motorcycle in two frames, so that nearly every pixel is sharp in one of them."""
    picture, depth = motorcycle()
    picture = picture if photograph is None else photograph
    return focal_stack(picture, depth, distances=NEAR_AND_FAR, **LARGE_LENS)


def gray_pair():
    """The same in gray: the luminance of its light."""
    return motorcycle_pair(to_eight_bits(to_linear(motorcycle()[0] / np.float32(255)) @ LUMINANCE))


def thin_pair():
    """Wires, twigs and leaves before a lawn."""
    return focus_pair(*fence_before_lawn())


NEAR_AND_FAR = (2.46, 3.83)  # metres
LARGE_LENS = {"f_number": 0.43, "tolerance": 8.4}  # larger than any that is made, and with depth of field all the same
HAND_HELD = {"breathing": 0.03, "shift": 3.0, "drift": 0.3, "noise": 0.01, "seed": 2014}
MIDDLEBURY = ("Middlebury 2014 stereo (Scharstein et al.), via scikit-image", "not stated")
COFFEE = ("photograph by Rachel Michetti, via scikit-image", "CC0")

SCENES = {
    "built-in/motorcycle": Scene("focal-stack", (741, 500), 6, *MIDDLEBURY, motorcycle_stack),
    "built-in/motorcycle-pair": Scene("multi-focus", (741, 500), 2, *MIDDLEBURY, motorcycle_pair),
    "built-in/gray": Scene("multi-focus", (741, 500), 2, *MIDDLEBURY, gray_pair),
    "built-in/hand-held": Scene(
        "focal-stack", (713, 472), 6, *MIDDLEBURY, functools.partial(motorcycle_stack, **HAND_HELD)
    ),
    "built-in/coins": Scene(
        "multi-focus",
        (512, 404),
        2,
        "coins of the Brooklyn Museum, gravel of CC0Textures, via scikit-image",
        "no known restrictions; CC0",
        focus_pair,
    ),
    "built-in/coffee": Scene(
        "multi-exposure", (600, 400), 3, *COFFEE, functools.partial(exposure_bracket, light=6, exposures=(-2, 0, 2))
    ),
    "built-in/ten-stops": Scene("multi-exposure", (600, 400), 5, *COFFEE, exposure_bracket),
    "built-in/thin": Scene(
        "multi-focus",
        (512, 400),
        2,
        "grass of linolafett, via scikit-image, behind a fence and a plant that are drawn",
        "CC0",
        thin_pair,
    ),
}

"""The door of the metrics: pictures come in as gray levels, and no score leaves that is not a number."""

import functools
from collections.abc import Sequence

import numpy as np

from data import open_stack
from data.image import FULL_SCALE, check_image, is_integer


class UndefinedScore(ValueError):
    """A metric has no value for these images; no picture is at fault."""


# The luma weights of ITU-R BT.601 at full precision, in float64: a weight of three digits moves some pixels by a level.
LUMA = np.array([0.298936021293776, 0.587043074451121, 0.114020904255103])


def gray_levels(image):
    """Round an image to 8 bits, and its colours to one of 256 gray levels.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16. RGB.

    Returns
    -------
    ndarray of uint8 of shape (H, W)
        ``floor(255 image + 0.5)``, in colour the weighted sum of the rounded channels, rounded again, as MATLAB's
        ``rgb2gray`` does it. Gray levels come out as they went in.
    """
    levels = eight_bits(image)
    return levels if levels.ndim == 2 else np.floor(levels @ LUMA + 0.5).astype(np.uint8)


def eight_bits(image):
    """Round an image to 8 bits.

    Parameters
    ----------
    image : ndarray of any shape
        Float in [0, 1], uint8 or uint16.

    Returns
    -------
    ndarray of uint8
        ``floor(255 image + 0.5)``; what has 8 bits is returned as it is, not copied.
    """
    if image.dtype == np.uint8:
        return image
    full_scale = FULL_SCALE[image.dtype.itemsize] if is_integer(image) else 1
    return np.floor(image * (255 / full_scale) + 0.5).astype(np.uint8)


def pair_metric(name, *, most_sources=None, smallest=1):
    """Make a metric of (sources, fused) from a score of gray levels.

    The score gets a sequence of N float64 arrays, made when they are asked for, and one array more: whole numbers in
    0..255 of one shape (H, W).

    Parameters
    ----------
    name : str
        How errors call the metric.
    most_sources : int, optional
        For how many sources it is defined; by default any number from two on.
    smallest : int, optional
        Fewest rows and columns an image must have.
    """

    def make(score):
        @functools.wraps(score)
        def metric(sources, fused):
            stack, image = _sources_and_fused(name, sources, fused)
            check_count(name, len(stack), most_sources)
            check_size(name, image.shape, smallest)
            return _finite(name, score, _levels_of(stack), gray_levels(image).astype(np.float64))

        metric.most_sources = most_sources
        return metric

    return make


def no_reference_metric(name, *, smallest=1):
    """Make a metric of (fused) alone from a score of gray levels."""

    def make(score):
        @functools.wraps(score)
        def metric(fused):
            image = _image("fused", fused)
            check_size(name, image.shape, smallest)
            return _finite(name, score, gray_levels(image).astype(np.float64))

        return metric

    return make


def rescaled(name, image):
    """Stretch gray levels to the whole of 0..255, rounded; black stays black.

    Raises
    ------
    UndefinedScore
        If the image has one level that is not 0: there is nothing to stretch.
    """
    low, high = image.min(), image.max()
    if low == high == 0:
        return image
    if low == high:
        raise UndefinedScore(
            f"{name} is not defined for an image of one gray level ({low:g} everywhere): it stretches each image to "
            "the whole range first; leave such a source or result out"
        )
    return np.floor(255 * (image - low) / (high - low) + 0.5)


class OneAtATime(Sequence):
    """As many planes as another sequence has items, each made from its number when it is asked for, and not kept."""

    def __init__(self, items, make):
        self._items, self._make = items, make

    def __len__(self):
        return len(self._items)

    def __getitem__(self, index):
        return self._make(index)


def _levels_of(stack):
    return OneAtATime(stack, lambda index: gray_levels(stack.pixels(index)).astype(np.float64))


def _image(name, image):
    image = np.asarray(image)
    check_image(name, image)
    return image


def _sources_and_fused(name, sources, fused):
    stack, image = open_stack(sources), _image("fused", fused)
    if image.shape[:2] != stack.shape[1:3]:
        raise ValueError(
            f"{name}: fused is {_size(image.shape)} pixels, but the sources are {_size(stack.shape[1:])}; a result is "
            "compared with sources of its own size: crop them alike"
        )
    return stack, image


def check_count(name, count, most_sources=None):
    """Raise a ValueError unless a metric is defined for so many sources."""
    if count < 2:
        raise ValueError(f"{name} compares a fused image with its sources: give two or more of them, got {count}")
    if most_sources is not None and count > most_sources:
        raise ValueError(
            f"{name} is defined for {most_sources} sources only, got {count}; leave it out, or score pairs of sources"
        )


def check_size(name, shape, smallest):
    """Raise an UndefinedScore if an image is too small for a metric."""
    if min(shape[:2]) < smallest:
        raise UndefinedScore(f"{name} needs images of {smallest} x {smallest} pixels or more, got {_size(shape)}")


def _size(shape):
    return f"{shape[1]} x {shape[0]}"


def _finite(name, score, *images):
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(score(*images))
    if not np.isfinite(value):
        raise UndefinedScore(
            f"{name} is not defined for these images: its formula gives {value} for them; leave it out there"
        )
    return value

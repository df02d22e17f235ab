"""Every method of this house that fuses a stack, with the defaults it is best known by: what is compared with what."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import fusion
from fusion.controls import mean

FOCUS, EXPOSURE = "focus", "exposure"
MOST_FOR_NETWORKS = 50e6  # pixels of all frames: networks take some 6 s for each million
MOST_FOR_CLIMBING = 1e6  # the same for what climbs a score, 30 s for each


class Method(NamedTuple):
    """One row of a comparison.

    Attributes
    ----------
    title : str
        As tables and pages call it.
    fuse : callable
        ``fuse(stack, progress=None)`` returns the fused image, float32 in [0, 1] of shape (H, W) or (H, W, 3).
    fits : frozenset of str
        What frames differ in: `FOCUS`, `EXPOSURE` or both.
    use : str
        When to take it, in a few words.
    command : str
        The same on the command line, without the frames and the output.
    page : str
        The page of the book that builds it.
    most : float
        Pixels of all frames together, above which it takes too long to be tried.
    """

    title: str
    fuse: Callable
    fits: frozenset
    use: str
    command: str
    page: str
    most: float = float("inf")


def _by(name, **options):
    """Return a function that fuses by a method of this package, which is imported at its first use."""

    def fuse(stack, progress=None):
        return getattr(fusion, name)(stack, progress=progress, **options)

    return fuse


def _mean(stack, progress=None):
    return mean(stack)


_FOCUS, _EXPOSURE = frozenset([FOCUS]), frozenset([EXPOSURE])

LINEUP = {
    "pyramid": Method(
        "pyramids",
        _by("pyramid_fusion"),
        _FOCUS,
        "focus series of any length, noise",
        "fusion stack --align none",
        "focus_stacking",
    ),
    "boundary-blended": Method(
        "boundary-aware, blended",
        _by("boundary_fusion", blend="pyramid"),
        _FOCUS,
        "pairs, blurred foregrounds",
        "fusion boundary --blend pyramid",
        "boundary_fusion",
        MOST_FOR_NETWORKS,
    ),
    "boundary": Method(
        "boundary-aware, copied",
        _by("boundary_fusion"),
        _FOCUS,
        "where every pixel must be that of a frame",
        "fusion boundary",
        "boundary_fusion",
        MOST_FOR_NETWORKS,
    ),
    "guided": Method(
        "guided filter",
        _by("guided_fusion"),
        _FOCUS | _EXPOSURE,
        "frames that differ in focus and in exposure; the paper's yardstick",
        "fusion guided",
        "image_fusion",
    ),
    "log-maximum": Method(
        "strongest Laplacian",
        _by("pyramid_fusion", naive=True),
        _FOCUS,
        "to see what a method must beat",
        "fusion stack --align none --naive",
        "focus_stacking",
    ),
    "exposure": Method(
        "exposure fusion",
        _by("exposure_fusion"),
        _EXPOSURE,
        "brackets, natural light",
        "fusion exposure",
        "exposure_fusion",
    ),
    "extended": Method(
        "extended exposure fusion",
        _by("extended_exposure_fusion"),
        _EXPOSURE,
        "brackets of many stops, halos, one frame alone",
        "fusion exposure --extended",
        "exposure_fusion",
    ),
    "optimised": Method(
        "optimised for MEF-SSIM",
        _by("optimised_exposure_fusion"),
        _EXPOSURE,
        "to see what a score rewards; PyTorch",
        "",
        "exposure_fusion",
        MOST_FOR_CLIMBING,
    ),
    "mean": Method(
        "mean of the frames",
        _mean,
        _FOCUS | _EXPOSURE,
        "to see what no method is needed for",
        "",
        "how_good",
    ),
}


def fitting(*kinds, shape=(0, 0, 0)):
    """Return the methods for frames that differ in what is named.

    Parameters
    ----------
    *kinds : {"focus", "exposure"}
        One or both; with both, methods for either take part, for none but the guided filter is made for both.
    shape : tuple of int, optional
        Of the stack, for methods that take too long for many or large frames.

    Returns
    -------
    dict of str to Method

    Raises
    ------
    ValueError
        If no kind is named, or another one.
    """
    if not kinds or not {FOCUS, EXPOSURE}.issuperset(kinds):
        raise ValueError(f'frames differ in "{FOCUS}", in "{EXPOSURE}" or in both, got {", ".join(map(repr, kinds))}')
    pixels = math.prod(shape[:3])
    return {
        name: method for name, method in LINEUP.items() if not method.fits.isdisjoint(kinds) and pixels <= method.most
    }

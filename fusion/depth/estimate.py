"""Depth from focus: from a focal stack to the depth of every pixel, its confidence, and the all-in-focus image."""

import warnings
from dataclasses import dataclass

import cv2
import numpy as np

from data import open_stack
from fusion.depth.fill import filled
from fusion.depth.focus_measures import KERNEL_SIZE
from fusion.depth.refinements import REFINEMENTS, first_estimate
from fusion.depth.several_peaks import has_several_peaks
from fusion.depth.volume import check_measure, focus_volume, gray_of, reduced
from fusion.depth.votes import clarity_of, votes_of
from fusion.stacking import pyramid_fusion
from fusion.weights import copied

PRESETS = ("graph-cut",)
STEPS = 100  # heights that there must be, at least, between two frames
LEAST = 1e-30  # of the largest distance, and its inverse, so that float32 holds all heights
LEAST_CONFIDENCE = 0.2  # below which depth is marked as unsure


@dataclass(frozen=True, eq=False, repr=False)
class Depth:
    """Depth of every pixel of a focal stack.

    Attributes
    ----------
    depth : ndarray of float32 of shape (H, W)
        In frames, 0 to N - 1, with fractions; the best guess where it is unsure, or what is around, if that was asked for.
    confidence : ndarray of float32 of shape (H, W)
        In [0, 1].
    unsure : ndarray of bool of shape (H, W)
        Where confidence is below `LEAST_CONFIDENCE`: dark and textureless areas, as a rule.
    index : ndarray of uint16 of shape (H, W)
        The frame that is nearest to the depth.
    all_in_focus : ndarray of float32 of shape (H, W) or (H, W, 3)
        In [0, 1].
    height : ndarray of float32 of shape (H, W), or None
        Depth in the unit of the distances, if these were given.
    """

    depth: np.ndarray
    confidence: np.ndarray
    unsure: np.ndarray
    index: np.ndarray
    all_in_focus: np.ndarray
    height: np.ndarray | None = None

    def __repr__(self):
        height, width = self.depth.shape
        frames = f"{self.depth.min():.1f} to {self.depth.max():.1f} frames"
        return f"<Depth of {width} x {height} pixels: {frames}, {self.unsure.mean():.1%} unsure>"


def depth_from_focus(
    stack,
    *,
    measure="log",
    kernel_size=KERNEL_SIZE,
    refine="guided",
    preset=None,
    distances=None,
    fill=False,
    progress=None,
):
    """Estimate the depth of every pixel of a focal stack from where in the stack it is sharpest.

    Reads every frame three times and holds one, while the next one is read.

    Parameters
    ----------
    stack : stack
        N >= 2 aligned frames in the order of their focus: array, list, `data.Stack`, folder or list of files.
    measure : str, optional
        How sharpness is measured: one of `fusion.depth.FOCUS_MEASURES`.
    kernel_size : int, optional
        Of the measure, in pixels; odd. More stands more noise, and blurs the outlines of depth.
    refine : {"guided", "graph-cut", "weighted-median", "none"}, optional
        How pixels learn from their neighbours: votes for frames, smoothed along the edges of the all-in-focus image and
        made to agree along eight directions; a graph cut (needs PyMaxflow); a weighted median; or not at all.
    preset : {None, "graph-cut"}, optional
        "graph-cut" is the plain pipeline: whole frames, graph cut, then weighted median; and an all-in-focus image of
        pixels that are copied from the frame in which they are sharpest. Leave `refine` out then.
    distances : float or sequence of N floats, optional
        Step from frame to frame, or place of every frame, in a unit of your choice, such as the readings of a stage.
    fill : bool, optional
        Replace depth that is unsure by what is sure around it. It stays marked.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    Depth

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.
    ImportError
        If a graph cut is asked for and PyMaxflow is not installed.
    ValueError
        If there is one frame only, or all are equally sharp, or an option is out of range.

    Warns
    -----
    UserWarning
        If there are two frames, or the frames seem not to be in the order of their focus.

    Notes
    -----
    Sharpness is measured in every pixel. In frames of more than a megapixel, or in very long stacks, it is kept, and
    depth is estimated, on a coarser grid, and interpolated. A pixel of unsure depth is one whose peak in the stack hardly
    rises above the rest: it is dark or without texture, or lies at an outline, where two depths are seen.

    References
    ----------
    .. [1] S. K. Nayar, Y. Nakagawa, "Shape from focus," IEEE TPAMI 16(8), 1994. :doi:`10.1109/34.308479`
    .. [2] S. Pertuz, D. Puig, M. A. Garcia, "Analysis of focus measure operators for shape-from-focus," Pattern
       Recognition 46(5), 2013. :doi:`10.1016/j.patcog.2012.11.011`
    """
    stack = open_stack(stack)
    check_measure(measure, kernel_size)
    refinements = check_refinement(refine, preset)
    check_count(len(stack))
    places = places_of(distances, len(stack))
    volume = focus_volume(stack, measure=measure, kernel_size=kernel_size, progress=progress)
    if has_several_peaks(volume.focus):
        warnings.warn(
            "the focus of most pixels has several peaks along the stack: the frames seem not to be in the order of their "
            "focus, or not to be aligned; depth is the highest peak, which may be the wrong one",
            stacklevel=2,
        )
    clarity = clarity_of(volume)
    first = first_estimate(votes_of(volume), places, refinements[0])
    image = _sharp_image(stack, first.index, preset, progress)
    guide = gray_of(reduced(image, first.index.shape))
    found = first
    for refinement in refinements:
        found = REFINEMENTS[refinement](found, guide, progress=progress)
    between = cv2.INTER_NEAREST_EXACT if preset else cv2.INTER_LINEAR  # no frame between two whole ones
    depth = _at_full_size(found.depth, volume.shape, between)
    confidence = _at_full_size(found.confidence * clarity, volume.shape)
    return _depth(depth, confidence, image, places, whole=preset is not None, fill=fill)


def _sharp_image(stack, index, preset, progress):
    """All-in-focus image: by pyramids, or of pixels that are copied."""
    if preset is None:
        return pyramid_fusion(stack, progress=progress)
    size = stack.shape[2:0:-1]
    return copied(
        stack, cv2.resize(index, size, interpolation=cv2.INTER_NEAREST).reshape(size[::-1]), progress=progress
    )


def _at_full_size(values, shape, between=cv2.INTER_LINEAR):
    """Interpolate values on a grid at every pixel."""
    if values.shape == shape:
        return values
    return cv2.resize(values, shape[::-1], interpolation=between).reshape(shape)


def _depth(depth, confidence, image, places, *, whole, fill):
    unsure = confidence < LEAST_CONFIDENCE
    if fill:
        depth = filled(depth, unsure)
    index = np.rint(depth).astype(np.uint16)
    depth = index.astype(np.float32) if whole else depth
    return Depth(
        depth=depth,
        confidence=confidence,
        unsure=unsure,
        index=index,
        all_in_focus=image,
        height=None if places is None else heights_at(depth, places),
    )


def heights_at(depth, places):
    """Height of every depth, linear between the frames; float32 (H, W), in the unit of the places (N,)."""
    return np.interp(depth, np.arange(len(places)), places).astype(np.float32)


# --- checks ----------------------------------------------------------------------------------------------------------


def check_refinement(refine, preset):
    """Return the names of the refinements that are to be made; raise a ValueError if one is unknown."""
    if preset is None:
        if not isinstance(refine, str) or refine not in REFINEMENTS:
            raise ValueError(f"refine must be one of {', '.join(REFINEMENTS)}, got {refine!r}")
        return (refine,)
    if preset not in PRESETS:
        raise ValueError(f"preset must be None or one of {', '.join(PRESETS)}, got {preset!r}")
    if refine not in ("guided", "graph-cut"):
        raise ValueError(f"the preset {preset!r} refines by graph cut; leave out refine={refine!r}, or the preset")
    return ("graph-cut", "weighted-median")


def check_count(count):
    """Raise a ValueError if there are too few frames for depth; warn if they are too few for fractions."""
    if count < 2:
        raise ValueError(
            "the stack has one frame; depth from focus needs two or more, and three for fractions of frames"
        )
    if count == 2:
        warnings.warn(
            "the stack has two frames, so no pixel has a peak between frames: depth says nearer to the first or to the "
            "second, and heights between them are a rough guess; three frames or more give fractions of frames",
            stacklevel=3,
        )


def places_of(distances, count):
    """Return the place of every frame, float64 (N,); None without distances. Raise a ValueError if they do not fit."""
    if distances is None:
        return None
    places = np.asarray(distances)
    if places.dtype.kind not in "fiu":
        raise ValueError(f"distances must be numbers, in a unit of your choice, got {distances!r}")
    if places.ndim == 0:
        places = np.array([float(places) * frame for frame in range(count)])
    if places.shape != (count,):
        raise ValueError(
            f"distances must be one step or the place of each of the {count} frames, got {len(places)} numbers of shape "
            f"{places.shape}"
        )
    places = places.astype(np.float64)
    rises_or_falls = np.isfinite(places).all() and abs(np.sign(np.diff(places)).sum()) == count - 1
    if not rises_or_falls:
        raise ValueError(
            f"distances must be finite, and rise or fall from frame to frame, got {places.tolist()}; sort the frames with "
            "them"
        )
    _check_digits(places)
    return places


def _check_digits(places):
    """Raise a ValueError if heights between places, which are float32, would hardly differ."""
    largest = float(np.abs(places).max())
    digits = float(np.finfo(np.float32).eps) * largest
    if not (LEAST < largest < 1 / LEAST and np.abs(np.diff(places)).min() > STEPS * digits):
        raise ValueError(
            f"distances of {places[0]:g} to {places[-1]:g} have too few digits left for what lies between frames; count them "
            "from the first frame, or in another unit"
        )

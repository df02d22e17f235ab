"""Exposure brackets taken by hand: frames that are aligned when they are read."""

from itertools import pairwise

import numpy as np

from data import open_stack, to_float, to_gray
from recalage.area import common_area
from recalage.chain import compose
from recalage.estimate import check_options, fit_homography
from recalage.features import find_features
from recalage.homography import normalised, project
from recalage.matching import match
from recalage.warping import warp

SPREAD = 2  # times the median error of a step: a match that is nearer is explained
FINEST = 0.05  # pixels of a frame: nearer than that, all matches are explained
COARSEST = 0.5  # pixels of the reduced image that features are looked for in: farther than that, none is
LEAST_GAIN = 1.25  # times as many matches as staying in place a step explains; else it is not trusted


def aligned(stack, *, ratio=0.75, reprojection_threshold=3.0, min_inliers=12, progress=None):
    """Align an exposure bracket to its frame of middle brightness, cropped to what all frames show.

    Each frame is matched with the next brighter one, so their order does not matter. Every frame is read once,
    two at a time in memory; the result reads and warps a frame when it is asked for it.

    Parameters
    ----------
    stack : stack
        N frames of different exposure: array, list, `data.Stack`, folder or list of files.
    ratio, reprojection_threshold, min_inliers : optional
        As for `estimate_homography`.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same frames and shows how far it is, as tqdm does.

    Returns
    -------
    Stack
        As many frames, in the same order, with the same names, types, depth and metadata.

    Raises
    ------
    RegistrationError
        If two neighbours in brightness cannot be matched (they are named), or the frames share no area.
    DataError
        If a frame cannot be read, or frames differ in size.
    ValueError
        If an option is out of range.

    Notes
    -----
    Aligned frames stay as they are: a step from neighbour to neighbour is taken only if it brings at least a quarter
    more matches close to their targets than no step does. Close is twice the median error that the step leaves, at
    least 0.05 pixels, and at most half a pixel (above half a megapixel, of the frame reduced to that). So noise moves
    nothing, and neither does a thing that moves before a camera that stands still. What is left in place is shake less
    than about twice the error of matches: a tenth of a pixel where frames are clean, a few where they are noisy.
    """
    check_options(ratio, reprojection_threshold, min_inliers)
    options = {"ratio": ratio, "reprojection_threshold": reprojection_threshold, "min_inliers": min_inliers}
    stack = open_stack(stack)
    progress = progress or (lambda frames, what: frames)
    features, brightness = _look_at(stack, progress(range(len(stack)), "aligning"))
    order = np.argsort(brightness, kind="stable").tolist()
    to_middle = _to_middle([_step(features[a], features[b], options) for a, b in pairwise(order)])
    rows, columns = common_area(to_middle, stack.shape[1:])
    matrices = dict(zip(order, to_middle, strict=True))
    shape = (rows.stop - rows.start, columns.stop - columns.start, *stack.shape[3:])
    return stack.with_frames(lambda index: _read(stack, index, matrices[index], rows, columns), shape)


def _look_at(stack, indices):
    """Return the features and the brightness of all frames."""
    features, brightness = [], []
    for index, pixels in stack.read_ahead(indices):
        features.append(find_features(pixels, name=stack.names[index]))
        brightness.append(to_float(to_gray(pixels)).mean())
    return features, brightness


def _step(moving, reference, options):
    """Estimate the homography between two frames; the identity, if that explains nearly as many matches."""
    source, target = match(moving, reference, ratio=options["ratio"])
    step = fit_homography(
        (source, target), moving, reference, options["reprojection_threshold"], options["min_inliers"]
    )
    after, before = (np.linalg.norm(target - points, axis=1) for points in (project(step, source), source))
    pitch = max(moving.pitch, reference.pitch)
    close = np.clip(SPREAD * np.median(after), FINEST, COARSEST * pitch)
    explained, in_place = ((errors < close).sum() for errors in (after, before))
    return step if explained > LEAST_GAIN * in_place else np.eye(3)


def _to_middle(steps):
    """Compose steps from neighbour to neighbour into transforms to the middle frame."""
    to_last = compose(steps)
    from_last = np.linalg.inv(to_last[len(to_last) // 2])
    return [normalised(from_last @ matrix) for matrix in to_last]


def _read(stack, index, matrix, rows, columns):
    """Read a frame, aligned and cropped; one that stays in its place need not be warped."""
    pixels = stack.pixels(index)
    if np.allclose(matrix, np.eye(3), rtol=0, atol=1e-9):
        return np.ascontiguousarray(pixels[rows, columns])
    into_area = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]])
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    return warp(pixels, into_area @ matrix, shape)

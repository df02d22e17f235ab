"""Which frame each pixel of a fused stack comes from, as files: a picture of depth, and the numbers themselves."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from data import save
from data.io import check_output, replacing

STRIP = 256  # rows that are worked on at a time; an even number
WINDOW = 9  # pixels: side of the surroundings that a position should agree with
SPREAD = 0.15  # of the whole stack: a pixel whose surroundings differ by so much counts as if half as confident
POWER = 4  # of confidence, as weight of a pixel
TRACE = 1e-12  # of weight that every pixel has, so that sums of weights are not 0
AROUND = 0.5  # of the weight of cells of twice the size that counts beside that of a pixel
WHITE = 65535
MEDIAN = 5  # pixels


def depth_map(index, confidence, count):
    """Make a picture of depth from the frames that pixels come from.

    Parameters
    ----------
    index : ndarray of uint16 of shape (H, W)
        Position of the frame that counts most in each pixel.
    confidence : ndarray of float32 of shape (H, W)
        In [0, 1].
    count : int
        Frames in the stack.

    Returns
    -------
    ndarray of uint16 of shape (H, W)
        0 for the first frame, 65535 for the last one.

    Notes
    -----
    Where confidence is low, or positions vary from pixel to pixel as those of noise do, they are those of better
    neighbours, however far away: weighted means are taken in cells of 2, 4, 8, ... pixels, and each position is averaged
    with that of the next larger cells, by weight. A median removes single pixels that are wrong with confidence.
    """
    scale = np.float32(1 / max(1, count - 1))
    size, depth = index.shape[::-1], np.empty(index.shape, np.uint16)
    around = [_enlarged(part, size) for part in _smoothed(*_halved(index, confidence, scale))]
    for rows in _strips(len(index)):
        weights = _weights_of(index, confidence, rows, scale)
        positions, _ = _joined(index[rows], weights, *(part[rows] for part in around))
        depth[rows] = np.rint(positions * (scale * WHITE))
    return cv2.medianBlur(depth, MEDIAN)


def _strips(height):
    return [slice(first, min(first + STRIP, height)) for first in range(0, height, STRIP)]


def _weights_of(index, confidence, rows, scale):
    """Return how much pixels of some rows count: by confidence, and by how well they agree with their surroundings."""
    first, last = max(0, rows.start - WINDOW // 2), rows.stop + WINDOW // 2
    positions = index[first:last] * scale
    means, squares = (cv2.blur(part, (WINDOW, WINDOW)).reshape(part.shape) for part in (positions, positions**2))
    spread = np.maximum(positions**2 - 2 * positions * means + squares, 0)  # mean square of the differences
    agreement = 1 / (1 + spread / np.float32(SPREAD**2))
    return (confidence[rows] * agreement[rows.start - first :][: rows.stop - rows.start]) ** POWER + np.float32(TRACE)


def _halved(index, confidence, scale):
    """Return means of positions in cells of 2 x 2 pixels, and their weights."""
    parts = [_in_cells(index[rows], _weights_of(index, confidence, rows, scale)) for rows in _strips(len(index))]
    return tuple(np.concatenate(part) for part in zip(*parts))


def _in_cells(values, weights):
    """Return weighted means of values in cells of 2 x 2, and the means of their weights."""
    size = tuple(-(-side // 2) for side in weights.shape[::-1])
    means = cv2.resize(weights, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    return cv2.resize(weights * values, size, interpolation=cv2.INTER_AREA).reshape(size[::-1]) / means, means


def _smoothed(values, weights):
    """Average values with those of ever larger cells around them, by weight; return them, and their weights."""
    if max(values.shape) == 1:
        return values, weights
    around = _smoothed(*_in_cells(values, weights))
    return _joined(values, weights, *(_enlarged(part, values.shape[::-1]) for part in around))


def _enlarged(image, size):
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).reshape(size[::-1])


def _joined(values, weights, around, weights_around):
    total = weights + AROUND * weights_around
    return around + weights / total * (values - around), total / (1 + AROUND)


def save_depth_map(stacked, count, path, *, force=False, made_by=None):
    """Write the depth map of a fused stack as a gray picture, of 16 bits where the format can.

    Parameters
    ----------
    stacked : fusion.stacking.Stacked
        With index and confidence.
    count : int
        Frames in the stack.
    path, force, made_by
        As for `data.save`.
    """
    save(depth_map(stacked.index, stacked.confidence, count), path, force=force, made_by=made_by)


def is_index(path):
    """Tell whether a file holds the arrays that --index writes."""
    if not Path(path).is_file():
        return False
    try:
        with zipfile.ZipFile(path) as file:
            return set(file.namelist()) == {"index.npy", "confidence.npy", "names.npy"}
    except (OSError, zipfile.BadZipFile):
        return False


def save_arrays(path, *, force=False, **arrays):
    """Write arrays into a file of NumPy, whole or not at all; the same arrays give the same bytes.

    Parameters
    ----------
    path : path
        Ends in .npz.
    force : bool, optional
        Replace an existing file.
    **arrays
        By the name that each is to have in the file.

    Raises
    ------
    DataError
        If the file exists, or cannot be written.
    """
    path = Path(path)
    check_output(path, force=force, endings={".npz"})
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)

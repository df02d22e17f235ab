"""Files of depth: gray pictures of 16 bits that know their scale, and tables of heights."""

import json
import math
from pathlib import Path

import numpy as np

from data import DataError, save
from data.io import SIXTEEN_BIT, check_output, read_note, read_pages, read_pixels, replacing

KIND = "all-in-focus depth map"  # what the note of such a picture says of itself
UNSURE, LOW, HIGH = 0, 1, 65535  # gray values: not known, and the two ends of the scale
DIGITS = 9  # of heights in a table: so many give a float32 back exactly


def save_depth(
    depth, path, *, low, high, unit="frames", unsure=None, frames=None, pixel_size=None, force=False, made_by=None
):
    """Write a depth map as a gray picture of 16 bits that carries its scale, whole or not at all.

    Parameters
    ----------
    depth : ndarray of shape (H, W)
        In `unit`, from `low` to `high`.
    path : path
        Ends in .png or .tif.
    low, high : float
        Depth of the first and the last frame, which become 1 and 65535; what lies between is linear. `high` may be the
        smaller one.
    unit : str, optional
        Empty for a length without a unit.
    unsure : ndarray of bool of shape (H, W), optional
        Where the depth is not known, which becomes 0.
    frames : int, optional
        How many there were.
    pixel_size : float, optional
        Side of a pixel in the scene, in `unit`.
    force, made_by
        As for `data.save`.

    Raises
    ------
    DataError
        If the file exists, or cannot be written, or its format does not hold 16 bits.
    ValueError
        If a depth that is known is no number from `low` to `high`, or these two are equal.

    Notes
    -----
    The scale is JSON in the ImageDescription of a TIFF and in the text Description of a PNG, such as ``{"kind":
    "all-in-focus depth map", "unit": "mm", "value_0": "unsure", "value_1": 0.0, "value_65535": 1.45, "frames": 30}``.
    """
    check_deep(path, "a depth map", force=force)
    known = np.ones(np.shape(depth), bool) if unsure is None else ~np.asarray(unsure)
    gray = _gray(np.asarray(depth, np.float64), known, low, high)
    scale = {"kind": KIND, "unit": unit, "value_0": "unsure", "value_1": float(low), "value_65535": float(high)}
    more = {"frames": frames, "pixel_size": pixel_size}
    note = json.dumps(scale | {name: value for name, value in more.items() if value is not None})
    save(gray, path, force=force, made_by=made_by, note=note)


def _gray(depth, known, low, high):
    """Spread depth over the gray values; what is beyond the ends by no more than rounding counts as the end."""
    if not (np.isfinite([low, high]).all() and low != high):
        raise ValueError(f"the ends of the scale of a depth map must be two numbers that differ, got {low} and {high}")
    rounding = float(np.spacing(np.float32(max(abs(low), abs(high)))))
    is_inside = (depth > min(low, high) - rounding) & (depth < max(low, high) + rounding)
    if (known & ~is_inside).any():
        worst = depth[known & ~is_inside][0]
        raise ValueError(f"depth must lie between {low:g} and {high:g} where it is known, got {worst:g}")
    values = LOW + (depth - low) / (high - low) * (HIGH - LOW)
    return np.where(known, np.rint(values).clip(LOW, HIGH), UNSURE).astype(np.uint16)


def read_depth(path):
    """Read a depth map that `save_depth` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    values : ndarray of float32 of shape (H, W)
        Depth, NaN where it is not known.
    unit : str
        "frames", counted from 0, a unit of length, or empty.

    Raises
    ------
    DataError
        If the file is no picture, or one that does not say what its values mean, or no gray one of 16 bits any more.
    """
    scale = _scale_of(path)
    low, high = scale["value_1"], scale["value_65535"]
    gray = read_pixels(read_pages(path)[0])
    if gray.dtype != np.uint16 or gray.ndim != 2:
        raise DataError(
            f"{path}: a depth map is gray and has 16 bits, and this one has {8 * gray.itemsize} and shape {gray.shape}; "
            "another program has saved it again: read the file that was written at first, or make it anew"
        )
    values = low + (gray - float(LOW)) / (HIGH - LOW) * (high - low)
    return np.where(gray == UNSURE, np.nan, values).astype(np.float32), scale["unit"]


def _scale_of(path):
    """Return what a depth map says of its values."""
    try:
        scale = json.loads(read_note(path))
    except json.JSONDecodeError:
        scale = None
    if not _is_complete(scale):
        raise DataError(
            f"{path}: does not say what its values mean, as a depth map of this program does; it may have been saved "
            "again by another one: read the file that was written at first, or make it anew"
        )
    return scale


def _is_complete(scale):
    """Tell whether what a picture says of itself is the scale of a depth map."""
    if not (isinstance(scale, dict) and scale.get("kind") == KIND and isinstance(scale.get("unit"), str)):
        return False
    ends = [scale.get(name) for name in ("value_1", "value_65535")]
    return all(isinstance(end, int | float) and math.isfinite(end) for end in ends)


def save_confidence(confidence, path, *, force=False, made_by=None):
    """Write confidence in [0, 1], float of shape (H, W), as a gray picture of 16 bits, 65535 for 1; as `save_depth`."""
    check_deep(path, "a map of confidence", force=force)
    save(np.rint(np.asarray(confidence) * np.float32(HIGH)).astype(np.uint16), path, force=force, made_by=made_by)


def check_deep(path, what, *, force=False):
    """Raise a DataError unless a gray picture of 16 bits, such as "a depth map", may be written at `path`."""
    ending = Path(path).suffix.lower()
    if ending in {".jpg", ".jpeg", ".webp"}:
        raise DataError(
            f"{path}: {what} has 16 bits, and {ending} holds 8; use one of the endings {' '.join(sorted(SIXTEEN_BIT))}"
        )
    check_output(path, force=force, endings=SIXTEEN_BIT)


def save_heights(height, path, *, unit="frames", unsure=None, pixel_size=None, force=False):
    """Write heights as a table, a line for each row of the picture, whole or not at all.

    Parameters
    ----------
    height : ndarray of shape (H, W)
        In `unit`.
    path : path
        Ends in .csv.
    unit : str, optional
        Empty for a length without a unit.
    unsure : ndarray of bool of shape (H, W), optional
        Where the height is not known, which becomes ``nan``.
    pixel_size : float, optional
        Side of a pixel in the scene, in `unit`.
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    DataError
        If the file exists, or cannot be written.

    Notes
    -----
    Values are set apart by commas, and lines before them begin with ``#``, so that ``numpy.genfromtxt(path,
    delimiter=",")`` reads the table back.
    """
    check_output(path, force=force, endings={".csv"})
    known = np.asarray(height, np.float32)
    known = known if unsure is None else np.where(unsure, np.float32(np.nan), known)
    line = ",".join([f"%.{DIGITS}g"] * known.shape[1]) + "\n"
    with replacing(path) as temporary, open(temporary, "w", encoding="ascii", newline="\n") as file:
        file.writelines(f"# {told}\n" for told in _told_of(known.shape, unit, pixel_size))
        file.writelines(line % tuple(row.tolist()) for row in known)


def _told_of(shape, unit, pixel_size):
    """Yield what is said of a table of heights in front of it."""
    yield f"depth in {unit or 'the unit of the distances'}; nan: not known"
    yield f"{shape[0]} rows of {shape[1]} pixels" + (f" of {pixel_size:g} {unit}".rstrip() if pixel_size else "")

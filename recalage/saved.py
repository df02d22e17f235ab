"""Saved alignments: what a file must hold, and the errors that say what is wrong with one."""

import json

from data import DataError
from data.entries import check_entries
from data.paths import read_text_bytes
from recalage.errors import RegistrationError

STATUSES = ("reference", "aligned", "untouched", "left out")
KIND, VERSION = "all-in-focus alignment", 1  # what a saved file says of itself
LARGEST = 1e300  # of a number in a saved file: neither infinite nor NaN


def read_saved(path):
    """Return what a file holds that `Alignment.save` wrote, unchecked.

    Raises a DataError if the file cannot be read, and a RegistrationError if it is no JSON.
    """
    try:
        content = read_text_bytes(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise RegistrationError(
            f"{path}: is no JSON, or damaged; give a file that Alignment.save or --transforms wrote"
        ) from None


def check_saved(content, path):
    """Raise a RegistrationError unless entries are those of an alignment of the version we know, each as it should be."""
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise RegistrationError(f"{path}: is no alignment; give a file that Alignment.save or --transforms wrote")
    if content.get("version") != VERSION:
        raise RegistrationError(
            f"{path}: is an alignment of version {content.get('version')}, and version {VERSION} is read; "
            "register the stack again"
        )
    check_entries(content, HEAD_ENTRIES, path, error=RegistrationError)
    for index, entry in enumerate(content["frames"]):
        check_entries(entry, FRAME_ENTRIES, path, f"frames[{index}].", error=RegistrationError)


def _is_text(value):
    return isinstance(value, str)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value, low=-LARGEST, high=LARGEST):
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_size(value):
    return isinstance(value, list) and len(value) == 2 and all(_is_whole(side) and side > 0 for side in value)


def _is_matrix(value):
    rows = value if isinstance(value, list) else []
    return len(rows) == 3 and all(isinstance(row, list) and len(row) == 3 and all(map(_is_number, row)) for row in rows)


def _is_gains(value):
    return isinstance(value, list) and len(value) in (1, 3) and all(map(_is_number, value))


TEXT = (_is_text, "a text")
CORRELATION = (lambda value: _is_number(value, -1, 1), "a number in [-1, 1]")
HEAD_ENTRIES = {
    "model": TEXT,
    "strategy": TEXT,
    "shape": (_is_size, "a height and a width"),
    "reference": (_is_whole, "the index of a frame"),
    "frames": (lambda value: isinstance(value, list) and value, "a list of frames"),
}
FRAME_ENTRIES = {
    "name": TEXT,
    "status": (lambda value: value in STATUSES, f"one of {', '.join(STATUSES)}"),
    "reason": TEXT,
    "neighbour": TEXT,
    "matched_area": (lambda value: _is_number(value, 0, 1), "a number in [0, 1]"),
    "before": CORRELATION,
    "after": CORRELATION,
    "matrix": (lambda value: value is None or _is_matrix(value), "3 rows of 3 numbers, or null"),
    "gains": (lambda value: value is None or _is_gains(value), "1 or 3 numbers, or null"),
}

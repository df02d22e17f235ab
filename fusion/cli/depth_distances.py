"""Where the frames of a focus series were taken: a step between them, or a file with the position of each."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import DataError
from data.paths import read_text_bytes

METRES = {"nm": 1e-9, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254}
MICRO = ("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")  # which look alike
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
SHOWN = 60  # characters of a line that an error repeats
UNITS = f"{', '.join(METRES)}, or none"


class Distances(NamedTuple):
    """Positions of frames."""

    step: float | None  # between two frames, where they are evenly spread
    positions: np.ndarray | None  # (N,) float64, where each is given
    unit: str  # of `METRES`, or empty
    source: str  # as given: the step, or the file

    def of(self, count):
        """Return the positions of so many frames; raise a DataError if other than so many are given."""
        if self.positions is None:
            return self.step * np.arange(count)
        if len(self.positions) != count:
            raise DataError(
                f"{self.source}: holds {len(self.positions)} positions for {count} frames; give one for each, in natural "
                "order of names, 2 before 10; frames that are the same count once"
            )
        return self.positions


def read_distances(text):
    """Read what --distances names.

    Parameters
    ----------
    text : str
        A step with its unit or without one, such as ``0.05mm``, or the path of a file with a position on each line.

    Returns
    -------
    Distances

    Raises
    ------
    DataError
        If it is neither, or the file is not as it should be; the line is named.
    """
    number, unit = split_length(text)
    if number is None:
        return _distances_in(text)
    if unit is None or not 0 < number < float("inf"):
        raise DataError(
            f"--distances {text}: a step between frames is a positive number with one of the units {UNITS}, such as 0.05mm"
        )
    return Distances(number, None, unit, text)


def read_pixel_size(text, unit):
    """Read what --pixel-size gives, and return it in a unit; '' for none. Raise a DataError if that cannot be done."""
    size, own = split_length(text)
    if size is None or own is None or not 0 < size < float("inf"):
        raise DataError(
            f"--pixel-size {text}: the side of a pixel is a positive number with one of the units {UNITS}, such as "
            "0.0024mm"
        )
    if bool(own) != bool(unit):
        raise DataError(
            f"--pixel-size {text}: has {'a' if own else 'no'} unit, and --distances has {'one' if unit else 'none'}; give "
            "both a unit, or none"
        )
    return size * METRES[own] / METRES[unit] if unit else size


def split_length(text):
    """Split a text such as ``0.05 mm`` into a number and its unit.

    Parameters
    ----------
    text : str

    Returns
    -------
    number : float or None
        None if the text does not begin with a number.
    unit : str or None
        Of `METRES`, or empty; None if what stands there is none.
    """
    parts = re.fullmatch(rf"({NUMBER})\s*([^\W\d_]*)", text.strip())
    return (float(parts[1]), _unit_of(parts[2])) if parts else (None, None)


def _unit_of(word):
    """Return a unit as we write it, an empty text for none, and None for what is no unit."""
    for letter in MICRO:
        word = word.replace(letter, "u")
    return word if word in METRES or not word else None


def _distances_in(path):
    """Read a file with a position on each line."""
    lines = [(number, line) for number, line in enumerate(_lines_of(path), start=1) if line]
    header = None
    if lines and split_length(lines[0][1])[0] is None:
        header = _unit_in_header(path, *lines.pop(0))
    if not lines:
        raise DataError(f"{path}: holds no position; give one number on each line")
    lengths = [_length_in(path, number, line) for number, line in lines]
    unit = _common_unit(path, header, [(number, own) for (number, _), (_, own) in zip(lines, lengths, strict=True)])
    positions = np.array([position for position, _ in lengths])
    _check_order(path, positions, [number for number, _ in lines])
    return Distances(None, positions, unit, path)


def _lines_of(path):
    """Read the lines of a file, without comments."""
    if not Path(path).is_file():
        raise DataError(
            f"--distances {path}: is neither a step between frames, such as 0.05mm, nor a file with their positions"
        )
    try:
        text = read_text_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no text; give one number on each line") from None
    return [line.partition("#")[0].strip() for line in text.splitlines()]


def _unit_in_header(path, number, line):
    """Return the unit that the first line ends with, as in ``z (mm)``."""
    word = re.search(r"([^\W\d_]+)\W*$", line)
    unit = _unit_of(word[1]) if word else None
    if unit is None:
        raise DataError(
            f"{path}, line {number}: {line[:SHOWN]!r} is no position, nor a header that ends with a unit, as in z (mm); units are "
            f"{', '.join(METRES)}"
        )
    return unit


def _length_in(path, number, line):
    position, unit = split_length(line)
    if position is None or not np.isfinite(position):
        raise DataError(
            f"{path}, line {number}: {line[:SHOWN]!r} is no position; give one number on each line, with a decimal point"
        )
    if unit is None:
        raise DataError(f"{path}, line {number}: {line[:SHOWN]!r} has a unit that is not known; units are {UNITS}")
    return position, unit


def _common_unit(path, header, units):
    """Return the unit of all lines; a line without one has that of the header."""
    first = units[0][1] or header or ""
    for number, unit in units:
        if (unit or header or "") != first:
            told = f"has the unit {unit}" if unit else "has no unit"
            raise DataError(f"{path}, line {number}: {told}, and others have {first or 'none'}; give all in one unit")
    if header and first != header:
        raise DataError(f"{path}: the header says {header}, and positions have {first}; give all in one unit")
    return first


def _check_order(path, positions, numbers):
    """Raise a DataError, which names a line, if positions neither rise nor fall from each frame to the next."""
    steps = np.diff(positions)
    direction = np.sign(steps[0]) if len(steps) else 0
    wrong = np.flatnonzero((np.sign(steps) != direction) | (steps == 0))
    if len(wrong):
        at = wrong[0] + 1
        before = "is that of the frame before" if steps[wrong[0]] == 0 else "turns back"
        raise DataError(
            f"{path}, line {numbers[at]}: the position {positions[at]:g} {before}; positions rise, or fall, from each "
            "frame to the next, in natural order of names"
        )

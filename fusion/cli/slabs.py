"""Slabs: parts of a focus series, each of which becomes a picture for retouching."""

import argparse
import re
from typing import NamedTuple


class Slab(NamedTuple):
    """How a focus series is cut: frames in each slab, and how many of them the slab before has too."""

    size: int
    overlap: int

    def __str__(self):
        return f"{self.size}/{self.overlap}"


def parse_slab(text):
    """Read what ``--slab`` takes, such as 10/3, as the type of an argument.

    Parameters
    ----------
    text : str
        Frames in each slab, a slash, and frames shared with the slab before.

    Returns
    -------
    Slab

    Raises
    ------
    argparse.ArgumentTypeError
        If it is anything else, a slab has fewer than two frames, or it is shared as a whole.
    """
    numbers = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip(), re.ASCII)
    if not numbers:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no slab; give the frames in each, a slash, and those shared with the one before, such as 10/3"
        )
    slab = Slab(*map(int, numbers.groups()))
    if slab.size < 2:
        raise argparse.ArgumentTypeError(f"{slab}: a slab needs 2 frames or more to be fused, such as 10/3")
    if slab.overlap >= slab.size:
        raise argparse.ArgumentTypeError(
            f"{slab}: slabs of {slab.size} frames share {slab.size - 1} at most, or they would never get on; try "
            f"{slab.size}/{slab.size // 3}"
        )
    return slab


def slabs_of(count, slab):
    """Cut a series into slabs of one length.

    Parameters
    ----------
    count : int
        Frames in the series.
    slab : Slab or (int, int)
        Frames in each slab, and frames shared with the slab before.

    Returns
    -------
    list of range
        Positions of the frames of each slab, from 0. The last slab ends with the series and shares more frames with the
        one before where it has to, so as to be as long as the others. A series that is no longer than a slab is one.
    """
    size, overlap = slab
    if count <= size:
        return [range(count)]
    starts = [*range(0, count - size, size - overlap), count - size]
    return [range(start, start + size) for start in starts]

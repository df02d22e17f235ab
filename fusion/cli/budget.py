"""Budgets of memory: what --ram says, and whether a stack can be fused with it."""

import argparse
import math
import re

from data import DataError
from fusion.cli.pictures import size_of
from fusion.stacking import memory_needed

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
MEGABYTE = UNITS["m"]

# What `recalage.register` takes, by measurement on frames of 3 to 60 megapixels.
LIBRARIES = 100e6  # bytes of Python and what is imported
REMEMBERED = 1_500_000  # pixels, at most, of the gray picture of each frame that is kept
GRAY = 2  # bytes of such a pixel
MATCHING = 145  # bytes for each of these pixels, of the two frames that are brought together
READING = {8: 3.25, 16: 4.5}  # frames, by bit depth: the one looked at, the one read ahead, and what decoders need


def parse_bytes(text):
    """Read an amount of memory, as the type of an argument.

    Parameters
    ----------
    text : str
        A number of bytes, or one with K, M, G or T, with or without B or iB behind: 2G, 1.5GiB, 800 MB. Each is 1024
        times the one before.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is anything else, or nothing at all.
    """
    given = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?", text.strip().lower(), re.ASCII)
    amount = int(float(given[1]) * UNITS[given[2] or ""]) if given else 0
    if not amount:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no amount of memory; give bytes, or a number with K, M, G or T, such as 2G or 800M"
        )
    return amount


def registration_needed(count, shape, bit_depth):
    """Estimate the memory that finding the motion of a stack takes.

    Parameters
    ----------
    count : int
        Frames.
    shape : tuple of int
        Of a frame: (H, W) or (H, W, 3).
    bit_depth : int
        8 or 16.

    Returns
    -------
    int
        Bytes of the whole process.

    Notes
    -----
    A small gray picture of each frame is remembered. First all frames are read, then the gray pictures are matched,
    two at a time: the larger of these two needs counts.
    """
    pixels = math.prod(shape[:2])
    remembered = pixels / math.ceil(math.sqrt(pixels / REMEMBERED)) ** 2
    reading = READING[bit_depth] * math.prod(shape) * bit_depth / 8
    return int(LIBRARIES + max(MATCHING * remembered, reading) + count * GRAY * remembered)


def check_budget(ram, stack, *, is_estimated, mapped=False, naive=False):
    """Raise a DataError that says how much is needed if a stack cannot be aligned and fused in `ram` bytes.

    Parameters
    ----------
    ram : int or None
        The budget, of the whole process; None is as much as there is.
    stack : Stack
    is_estimated : bool
        Whether motion is estimated first.
    mapped, naive : bool, optional
        As for `fusion.stacking.memory_needed`.
    """
    if ram is None:
        return
    needs = {"fusing": memory_needed(stack.shape[1:], stack.bit_depth, mapped=mapped, naive=naive)}
    if is_estimated:
        needs["aligning"] = registration_needed(len(stack), stack.shape[1:], stack.bit_depth)
    needed = math.ceil(max(needs.values()) / MEGABYTE)
    if max(needs.values()) > ram:
        told = " and ".join(f"{what} them {math.ceil(amount / MEGABYTE)}M" for what, amount in sorted(needs.items()))
        given = f"{ram / MEGABYTE:.4g}M" if ram >= MEGABYTE else ram
        raise DataError(
            f"--ram {given} is too little for {len(stack)} frames of {size_of(stack)} pixels and "
            f"{stack.bit_depth} bits: {told}; give --ram {needed}M or more, or smaller frames"
        )

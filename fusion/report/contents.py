"""What a report of a comparison holds: the contract between those who measure and the page that shows it."""

from typing import NamedTuple

import numpy as np


class Picture(NamedTuple):
    """A frame, or the result of a method."""

    title: str
    pixels: np.ndarray  # uint8 (H, W) or (H, W, 3); all pictures of a report have one size


class Result(NamedTuple):
    """What one method made of the frames, and what it took."""

    name: str  # key of `fusion.lineup.LINEUP`
    picture: Picture
    seconds: float  # of wall time, of fusing alone
    megabytes: float  # peak memory of the process that fused
    scores: dict  # name of a metric to float; NaN where it is not defined
    command: str  # one that makes the same picture, or "" if the command line has none
    use: str  # when to take this method, in a few words


class Failure(NamedTuple):
    """A method that fits, and made nothing."""

    title: str
    reason: str


class Metric(NamedTuple):
    """A score, and how to read it."""

    name: str
    lower: bool  # whether less is better
    meaning: str  # one line


class Trait(NamedTuple):
    """A property of the frames that was measured, on which the recommendation rests."""

    name: str
    value: str  # with its unit
    meaning: str  # one line: what is measured, and what it says of these frames


class Region(NamedTuple):
    """A rectangle in which results differ much, in pixels of the results."""

    x: int
    y: int
    width: int
    height: int
    difference: float  # mean over its pixels of the range of the details of the results there, in levels of 255


class Report(NamedTuple):
    """A comparison of methods on one stack."""

    title: str
    kinds: tuple  # of "focus" and "exposure": what the frames differ in
    frames: list  # of Picture: some of the frames, as they were fused
    frame_names: list  # of str: all that were fused
    left_out: list  # of (name, reason)
    alignment: str  # one sentence: what was done to the frames before
    results: list  # of Result, the recommended one first
    failures: list  # of Failure
    metrics: list  # of Metric, in the order of the table
    traits: list  # of Trait
    regions: list  # of Region, the largest difference first
    advice: str  # the recommendation in one sentence
    reasons: list  # of str: why, one sentence each
    depth: str  # bits of the frames and of what was compared, in words
    made_by: str  # name and version of the program

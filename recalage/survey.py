"""The first look at a stack: what each frame shows, how bright it is, and in which order frames look alike."""

from typing import NamedTuple

import numpy as np

from data import DataError
from recalage.levels import LEAST_SIDE, light_of, reduce_frame
from recalage.tone import tone_sample
from recalage.trial import Frame

BLANK = 64  # of 65536 gray values: a frame that spans less shows nothing
BRACKET_STEP = 1.15  # ratio of light from one exposure to the next of a bracket, or more
SAMPLED = 4  # of so many pixels one is looked at for brightness


class Survey(NamedTuple):
    """What a first look at a stack has found.

    Attributes
    ----------
    frames : dict of int to Frame
        Those that can be registered.
    reasons : dict of int to str
        Why the others cannot.
    order : list of int
        All frames that can be registered, so that neighbours look alike.
    tones : list
        A `ToneSample` of each frame of the stack, or None; empty if they were not asked for.
    """

    frames: dict
    reasons: dict
    order: list
    tones: list


def look_at(stack, progress, *, tones=False):
    """Read every frame of a stack once; return a `Survey`."""
    frames, reasons, brightness = {}, {}, {}
    samples = [None] * len(stack) if tones else []
    for index, pixels in stack.read_ahead(progress(range(len(stack)), "reading"), tolerant=True):
        if isinstance(pixels, DataError):
            reasons[index] = _without_name(str(pixels), stack.names[index])
            continue
        reduced = reduce_frame(pixels)
        if np.ptp(reduced.gray) < BLANK:
            reasons[index] = "is blank: all of it has one gray value"
        elif min(reduced.gray.shape) < 2 * LEAST_SIDE:
            reasons[index] = f"is too small to be matched: {2 * LEAST_SIDE} pixels a side are needed"
        else:
            frames[index] = Frame(stack.names[index], reduced)
            brightness[index] = float(light_of(reduced.gray[::SAMPLED, ::SAMPLED]).mean())
            if tones:
                samples[index] = tone_sample(pixels)
    return Survey(frames, reasons, _order(brightness), samples)


def _without_name(message, name):
    """Cut a message behind the name of the frame, path and all."""
    return message.partition(name)[2].lstrip(": ") or message


def _order(brightness):
    """Order frames as they are given; those of an exposure bracket by brightness."""
    by_brightness = sorted(brightness, key=brightness.get)
    light = np.array([brightness[index] for index in by_brightness]) + 1e-6
    is_bracket = len(light) > 1 and np.median(light[1:] / light[:-1]) > BRACKET_STEP
    return by_brightness if is_bracket else sorted(brightness)

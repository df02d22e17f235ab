"""Facts about the doors of all methods: how frames are held does not matter, and what is no stack is named."""

import re

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, open_stack
from fusion.exposure import quality
from fusion.log_maximum import laplacian_of_gaussian
from fusion.measure import saliency
from tests.fusion.every_method import METHODS, every, holds, noise, quiet, slopes, stacks, trait_of

pytestmark = [pytest.mark.usefixtures("one_torch_thread"), pytest.mark.filterwarnings("error")]

SLOW = "boundary, resnet56"


def strided(stack):
    """The same frames as every second pixel of larger ones."""
    sparse = np.zeros([2 * side for side in stack.shape[:3]] + list(stack.shape[3:]), stack.dtype)
    sparse[::2, ::2, ::2] = stack
    return sparse[::2, ::2, ::2]


def turned(stack):
    """The same frames, stored from their last pixel to their first."""
    return stack[:, ::-1, ::-1].copy()[:, ::-1, ::-1]


def read_only(stack):
    locked = stack.copy()
    locked.flags.writeable = False
    return locked


HELD = {
    "list": list,
    "tuple": tuple,
    "generator": lambda stack: (frame for frame in stack),
    "Stack": open_stack,
    "strided": strided,
    "turned": turned,
    "column by column": np.asfortranarray,
    "channels first": lambda stack: np.moveaxis(np.ascontiguousarray(np.moveaxis(stack, -1, 0)), 0, -1),
    "read-only": read_only,
    "other byte order": lambda stack: stack.astype(stack.dtype.newbyteorder()),
}
EIGHT_BITS = {
    "uint16": lambda stack: stack.astype(np.uint16) * np.uint16(257),
    "float32": lambda stack: stack / np.float32(255),
    "float64": lambda stack: stack / 255,
    "mixed": lambda stack: [stack[0].astype(np.uint16) * np.uint16(257), stack[1] / 255, *stack[2:]],
}
SIXTEEN_BITS = {
    "float32": lambda stack: stack / np.float32(65535),
    "float64": lambda stack: stack / 65535,
}


@every(SLOW)
def test_the_way_frames_are_held_changes_no_bit(name):
    def fact(frames, depth):
        stack = frames.make() if depth is None else np.rint(frames.make() * np.iinfo(depth).max).astype(depth)
        kept, fused = stack.copy(), METHODS[name](stack)
        for way, hold in HELD.items():
            held = hold(stack)
            assert_array_equal(METHODS[name](held), fused, err_msg=way)
            if isinstance(held, np.ndarray):
                assert_array_equal(held, kept, err_msg=way)

    few = stacks(name, kinds=(noise, slopes), fewest=2, smallest=5, largest=20)
    holds(name, fact, few, st.sampled_from([None, np.uint8, np.uint16]))


@every(SLOW)
def test_a_picture_of_8_bits_gives_the_same_bits_in_any_type(name):
    def fact(frames):
        stack = np.rint(255 * frames.make()).astype(np.uint8)
        fused = METHODS[name](stack)
        for dtype, convert in EIGHT_BITS.items():
            assert_array_equal(METHODS[name](convert(stack)), fused, err_msg=dtype)

    holds(name, fact, stacks(name, kinds=(noise, slopes), fewest=2, smallest=5, largest=20))


@every(SLOW)
def test_a_picture_of_16_bits_gives_the_same_in_any_type(name):
    def fact(frames):
        stack = np.rint(65535 * frames.make()).astype(np.uint16)
        fused = METHODS[name](stack)
        for dtype, convert in SIXTEEN_BITS.items():
            difference = trait_of(name).rounding
            assert_allclose(METHODS[name](convert(stack)), fused, rtol=0, atol=difference, err_msg=dtype)

    holds(name, fact, stacks(name, kinds=(quiet, slopes), fewest=2, smallest=5, largest=20))


@pytest.mark.parametrize("rate", [quality, saliency, laplacian_of_gaussian])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_measures_of_a_frame_do_not_ask_how_it_is_held(rate, channels):
    frame = np.random.default_rng(5).random((21, 34, *channels), np.float32)
    for held in (np.asfortranarray(frame), turned(frame[None])[0], read_only(frame)):
        assert_allclose(rate(held), rate(frame), rtol=1e-5, atol=1e-7)


# --- what is no stack ------------------------------------------------------------------------------------------------

PAIR = np.random.default_rng(4).random((2, 43, 45), np.float32)
COLOURS = np.random.default_rng(4).random((2, 43, 45, 4), np.float32)


def with_value(value):
    stack = PAIR.copy()
    stack[1, 30, 7] = value
    return stack


WRONG = {
    "NaN": (with_value(np.nan), "frame 1 has values in [nan, nan]"),
    "infinite": (with_value(np.inf), "inf]; an image lies in [0, 1]"),
    "minus infinite": (with_value(-np.inf), "frame 1 has values in [-inf, "),
    "above 1": (with_value(2), ", 2]; an image lies in [0, 1]"),
    "just above 1": (with_value(np.nextafter(np.float32(1), np.float32(2))), ", 1 + 1e-07]; an image lies in [0, 1]"),
    "below 0": (with_value(-0.1), "frame 1 has values in [-0.1, "),
    "levels as floats": (255 * PAIR, "frame 0 has values in ["),
    "one gray frame": (PAIR[0], "wrap a single image in a list"),
    "one colour frame": (COLOURS[0, ..., :3], "wrap it in a list"),
    "a row": (PAIR[0, 0], "frame 0 has shape ()"),
    "a number": (np.array(0.5), "a stack is a folder, files, an array (N, H, W[, 3]) or a list of images, got"),
    "a Python number": (7, "a stack is a folder, files, an array (N, H, W[, 3]) or a list of images, got 7"),
    "nothing": (None, "a stack is a folder, files, an array (N, H, W[, 3]) or a list of images, got None"),
    "five axes": (COLOURS[None, ..., :3], "frame 0 has shape (2, 43, 45, 3)"),
    "one channel": (COLOURS[..., :1], "frame 0 has shape (43, 45, 1)"),
    "two channels": (COLOURS[..., :2], "frame 0 has shape (43, 45, 2)"),
    "four channels": (COLOURS, "frame 0 has shape (43, 45, 4)"),
    "channels first": (np.moveaxis(COLOURS[..., :3], -1, 1), "move the channels last"),
    "no frame": (PAIR[:0], "the stack is empty"),
    "no frame in a list": ([], "no file was given"),
    "no row": (PAIR[:, :0], "frame 0 has shape (0, 45)"),
    "no column": (PAIR[:, :, :0], "frame 0 has shape (43, 0)"),
    "complex": (PAIR.astype(complex), "frame 0 has type complex128"),
    "objects": (PAIR.astype(object), "frame 0 has type object"),
    "truth values": (PAIR > 0.5, "frame 0 has type bool"),
    "int64": ((255 * PAIR).astype(np.int64), "frame 0 has type int64"),
    "uint32": ((255 * PAIR).astype(np.uint32), "frame 0 has type uint32"),
    "int8": ((100 * PAIR).astype(np.int8), "frame 0 has type int8"),
    "words": (np.array([["a", "b"], ["c", "d"]]), "frame 0 has shape (2,)"),
    "times": (PAIR.astype("M8[s]"), "frame 0 has type datetime64[s]"),
    "two sizes": ([PAIR[0], PAIR[1, :40]], "frame 1 is 45 x 40 pixels in gray, but frame 0 is 45 x 43 pixels in gray"),
    "gray and colour": ([PAIR[0], COLOURS[1, ..., :3]], "frame 1 is 45 x 43 pixels in colour, but frame 0 is"),
    "rows of two lengths": ([[[0, 1], [1]], [[0, 1], [1, 0]]], "frame 0 is no image: its rows differ in length"),
    "a missing frame": ([PAIR[0], None], "frame 1 has shape ()"),
    "no such file": (["nowhere.png", "nothing.png"], "nowhere.png: no such file"),
    "no such folder": ("nowhere", "nowhere: no such file or folder"),
}


@every()
def test_what_is_no_stack_is_refused_with_a_reason(name):
    for stack, reason in WRONG.values():
        with pytest.raises(DataError, match=re.escape(reason)):
            METHODS[name](stack)


@every(*[name for name in METHODS if name.startswith("exposure")])
def test_a_tensor_is_refused_where_none_is_taken(name):
    torch = pytest.importorskip("torch")
    frames = torch.from_numpy(PAIR)
    for given in (frames, list(frames)):
        with pytest.raises(DataError, match=r"a tensor was given, and only fusion\.exposure_fusion takes one"):
            METHODS[name](given)

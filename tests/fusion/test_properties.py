"""Facts about all methods that fuse a stack: what comes back, whatever the frames are."""

from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import fusion
from fusion import evidence
from fusion.blend import LEAST_WEIGHT
from fusion.boundary.fuse import NEARBY, SLACK
from fusion.deghost import best_exposed
from fusion.energy import coarsest_activity
from fusion.extended_exposure import (
    LEAST_QUALITY,
    TAIL,
    pressed_into_range,
    restricted,
    restriction_slope,
    window_centres,
)
from fusion.metrics import UndefinedScore
from tests.fusion.every_method import METHODS, every, holds, noise, quiet, slopes, stacks, trait_of

pytestmark = [pytest.mark.usefixtures("one_torch_thread"), pytest.mark.filterwarnings("error")]

ROUNDING = 2e-6
BANDS = 4  # of a blend by networks: levels of detail that they know of
EQUALLY_SHARP = "frames are equally sharp everywhere"
SIZES = [
    (1, 1),
    (1, 2),
    (2, 1),
    (3, 1),
    (1, 5),
    (2, 2),
    (3, 4),
    (1, 97),
    (61, 1),
    (2, 61),
    (16, 16),
    (17, 33),
    (97, 61),
]


def as_stack(values, height, width):
    """Frames that are the same everywhere, (N, H, W) of N gray values, (N, H, W, 3) of N colours."""
    values = np.asarray(values, np.float32)
    return np.broadcast_to(values[:, None, None], (len(values), height, width, *values.shape[1:])).copy()


def repeated(frame, count):
    return np.repeat(frame[None], count, axis=0)


def in_colour(gray):
    """The same frames with three equal channels."""
    return np.repeat(gray[..., None], 3, axis=-1)


def check_image(fused, stack):
    """An image of the shape of a frame: float32, finite, in [0, 1]."""
    assert fused.dtype == np.float32 and fused.shape == stack.shape[1:]
    assert fused.min() >= 0 and fused.max() <= 1  # no NaN is


# --- images ----------------------------------------------------------------------------------------------------------


@every()
def test_an_image_comes_out(name):
    def fact(frames):
        stack, given = frames.make(), frames.make()
        try:
            fused = METHODS[name](stack)
        except ValueError as error:
            assert name == "depth" and EQUALLY_SHARP in str(error)
            return
        check_image(fused, stack)
        assert_array_equal(stack, given)
        if trait_of(name).within:
            assert (fused >= stack.min(axis=0) - 1e-7).all() and (fused <= stack.max(axis=0) + 1e-7).all()

    holds(name, fact, stacks(name))


@pytest.mark.parametrize("count", [1, 2, 3])
@every("boundary, resnet56")  # its patches are of one size, and it takes a second for each picture
def test_any_size_works_or_what_is_needed_is_said(name, count):
    rng = np.random.default_rng(count)
    for size in SIZES:
        stack = rng.random((count, *size, *[(), (3,)][sum(size) % 2]), np.float32)
        least = trait_of(name)
        if count < least.fewest:
            with pytest.raises(ValueError, match=r"needs? two or more"):
                METHODS[name](stack)
        elif count > 1 and min(size) < least.smallest:
            with pytest.raises(UndefinedScore, match=f"{least.smallest} x {least.smallest} pixels or more, got"):
                METHODS[name](stack)
        elif name == "depth" and max(size) <= 2:
            with pytest.raises(ValueError, match=EQUALLY_SHARP):
                METHODS[name](stack)
        elif not (name == "optimised" and count > 2):
            check_image(METHODS[name](stack), stack)


# --- frames that are the same everywhere -----------------------------------------------------------------------------

LEVEL = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 1 / 255, 1e-6]), st.floats(0, 1, width=32))
COLOUR = st.tuples(LEVEL, LEVEL, LEVEL)
SIDE = st.integers(1, 23)


def side_of(name, side):
    return max(side, trait_of(name).smallest)


@every("depth", "extended")
def test_a_constant_comes_back(name):
    def fact(level, height, width, count):
        stack = as_stack([level] * max(count, trait_of(name).fewest), side_of(name, height), side_of(name, width))
        assert_allclose(METHODS[name](stack), stack[0], rtol=0, atol=ROUNDING)

    holds(name, fact, st.one_of(LEVEL, COLOUR), SIDE, SIDE, st.integers(1, 3))


@every("depth", "extended")
def test_constants_give_a_constant_between_them(name):
    def fact(levels, height, width):
        stack = as_stack(levels, side_of(name, height), side_of(name, width))
        fused = METHODS[name](stack)
        assert (fused >= min(levels) - ROUNDING).all() and (fused <= max(levels) + ROUNDING).all()
        if not name.startswith("boundary"):  # networks may choose between what nothing tells apart
            assert_allclose(fused, fused[0, 0], atol=ROUNDING)

    holds(name, fact, st.lists(LEVEL, min_size=2, max_size=3), SIDE, SIDE)


@every(names=["exposure", "exposure, tensor", "pyramid", "mean", "sharpest details"])
def test_where_nothing_tells_constants_apart_they_share_equally(name):
    def fact(levels, height, width):
        stack = as_stack(levels, height, width)
        assert_allclose(METHODS[name](stack), stack.mean(axis=0, dtype=np.float64), rtol=0, atol=ROUNDING)

    holds(name, fact, st.lists(LEVEL, min_size=2, max_size=3), SIDE, SIDE)


@every(names=["guided", "gff"])
def test_of_constants_that_tie_the_first_is_taken(name):
    def fact(levels, height, width):
        assert_allclose(METHODS[name](as_stack(levels, height, width)), np.float32(levels[0]), rtol=0, atol=ROUNDING)

    holds(name, fact, st.lists(LEVEL, min_size=2, max_size=3), SIDE, SIDE)


def test_of_constants_there_is_no_depth():
    def fact(levels, height, width):
        with pytest.raises(ValueError, match=EQUALLY_SHARP):
            METHODS["depth"](as_stack(levels, height, width))

    holds("depth", fact, st.lists(LEVEL, min_size=2, max_size=3), SIDE, SIDE)


def remapped(levels):
    """What extended exposure fusion makes of gray constants: a mean over frames and windows, weighed by the slope."""
    windows = [{"centre": centre, "width": 0.5, "shoulder": 0.45} for centre in window_centres(2, 0.5)]
    values = np.array([restricted(levels, **window) for window in windows], np.float64)
    slopes_ = np.array([restriction_slope(levels, **window) for window in windows], np.float64)
    weights = slopes_ * LEAST_QUALITY + LEAST_WEIGHT
    return np.sum(weights * values) / weights.sum()


def test_extended_exposure_fusion_remaps_constants_by_its_windows():
    def fact(levels, height, width):
        fused = METHODS["extended"](as_stack(levels, height, width))
        assert_allclose(fused, remapped(levels), rtol=0, atol=1e-5)

    holds("extended", fact, st.lists(LEVEL, min_size=2, max_size=3), SIDE, SIDE)
    assert remapped([0, 0]) == pytest.approx(0.0484, abs=1e-4)  # by how much it lifts black


def test_extended_exposure_fusion_of_one_constant_presses_it_into_range():
    def fact(level, height, width):
        stack = as_stack([level], height, width)
        assert_allclose(METHODS["extended"](stack), pressed_into_range(stack[0]), rtol=0, atol=1e-5)
        assert np.abs(pressed_into_range(stack[0]) - np.float32(level)).max() < TAIL

    holds("extended", fact, LEVEL, SIDE, SIDE)


# --- copies of one picture -------------------------------------------------------------------------------------------


@every("depth", "extended")
def test_copies_of_a_picture_give_the_picture(name):
    def fact(frames, count):
        copies = repeated(frames.make()[0], max(count, trait_of(name).fewest))
        assert_allclose(METHODS[name](copies), copies[0], rtol=0, atol=ROUNDING)

    holds(name, fact, stacks(name), st.integers(1, 5))


def test_copies_of_a_picture_have_no_depth():
    def fact(frames, count):
        with pytest.raises(ValueError, match=EQUALLY_SHARP):
            METHODS["depth"](repeated(frames.make()[0], count))

    holds("depth", fact, stacks("depth"), st.integers(2, 4))


def test_a_blend_leaves_the_range_of_the_frames_by_no_more_than_they_differ_nearby():
    def fact(frames):
        stack = frames.make()
        low, high = stack.min(axis=0), stack.max(axis=0)
        slack = SLACK * cv2.dilate(high - low, np.ones((NEARBY, NEARBY), np.uint8))
        fused = METHODS["boundary-blended"](stack)
        assert (fused >= low - slack - 1e-5).all() and (fused <= high + slack + 1e-5).all()

    holds("boundary-blended", fact, stacks("boundary-blended"))


def test_extended_exposure_fusion_of_copies_does_not_depend_on_their_number():
    def fact(frames, count):
        picture = frames.make()[0]
        pair = METHODS["extended"](repeated(picture, 2))
        assert_allclose(METHODS["extended"](repeated(picture, count)), pair, rtol=0, atol=1e-5)

    holds("extended", fact, stacks("extended"), st.integers(3, 5))


# --- order -----------------------------------------------------------------------------------------------------------


@every("pyramid, first")  # which wants an order
def test_order_does_not_matter(name):
    def fact(frames, random):
        stack, order = frames.make(), list(range(frames.shape[0]))
        random.shuffle(order)
        if name == "exposure, no ghosts":  # of frames that are equally well exposed, the first is the reference
            assume(order[best_exposed(stack[order])] == best_exposed(stack))
        fused, again = METHODS[name](stack), METHODS[name](stack[order])
        assert_allclose(again, fused, rtol=0, atol=trait_of(name).rounding)

    shuffled = stacks(name, kinds=(noise, slopes), fewest=2, smallest=8)
    holds(name, fact, shuffled, st.randoms(use_true_random=False))


def test_a_preference_for_an_end_is_an_order():
    def fact(frames):
        stack = frames.make()
        last = fusion.pyramid_fusion(stack[::-1], prefer="last")
        assert_allclose(METHODS["pyramid, first"](stack), last, rtol=0, atol=1e-5)

    holds("pyramid, first", fact, stacks("pyramid, first", kinds=(noise, slopes), fewest=2))


# --- gray and colour -------------------------------------------------------------------------------------------------

PYRAMIDS = ("pyramid", "pyramid, first", "pyramid, levels alone", "pyramid, unbounded", "depth")
EXPOSURES = ("exposure", "exposure, tensor", "exposure, no ghosts", "extended", "optimised")


@every("guided, colour guide", *PYRAMIDS, *EXPOSURES)
def test_gray_is_colour_with_equal_channels(name):
    def fact(frames):
        gray = frames.make()
        fused = METHODS[name](in_colour(gray))
        assert_allclose(fused, in_colour(METHODS[name](gray)), rtol=0, atol=1e-5)

    holds(name, fact, stacks(name, kinds=(noise, slopes), smallest=4, colour=False))


@every(names=PYRAMIDS)
def test_pyramids_differ_in_gray_by_the_unit_of_the_coarsest_activity_alone(name):
    """Energy is summed over the channels, activity is of the gray value: in colour it counts a third.

    So does the most evidence that makes a difference, which noise of the whole range reaches, and quiet noise does not.
    """

    def summed(image, window):
        return coarsest_activity(image, window) * np.float32(3 if image.ndim == 3 else 1)

    def fact(frames):
        gray = frames.make()
        with mock.patch.object(evidence, "coarsest_activity", summed):
            fused = METHODS[name](in_colour(gray))
        assert_allclose(fused, in_colour(METHODS[name](gray)), rtol=0, atol=1e-5)

    holds(name, fact, stacks(name, kinds=(quiet, slopes), fewest=2, smallest=4, colour=False))


def test_a_colour_guide_of_equal_channels_is_a_gray_one_of_a_third_of_eps():
    def fact(frames):
        gray = frames.make()
        fused = fusion.guided_fusion(in_colour(gray), base=(45, 0.3), detail=(7, 3e-3), guide="rgb")
        third = fusion.guided_fusion(gray, base=(45, 0.1), detail=(7, 1e-3))
        assert_allclose(fused, in_colour(third), rtol=0, atol=1e-4)

    holds("guided", fact, stacks("guided", kinds=(noise, slopes), smallest=4, colour=False))


def test_exposure_fusion_of_gray_is_that_of_colour_without_saturation():
    """Well-exposedness is a product over channels: in colour it counts three times."""

    def fact(frames, exponent):
        gray = frames.make()
        colour = fusion.exposure_fusion(in_colour(gray), saturation=0, exposedness=exponent)
        assert_allclose(colour, in_colour(fusion.exposure_fusion(gray, exposedness=3 * exponent)), rtol=0, atol=1e-4)

    exponents = st.sampled_from([0.0, 0.5, 1.0])
    holds("exposure", fact, stacks("exposure", kinds=(noise, slopes), smallest=4, colour=False), exponents)


def test_extended_exposure_fusion_of_gray_is_that_of_colour_without_saturation():
    """A single frame in colour is pressed into range a second time, when colours are there again."""

    def fact(frames):
        gray = frames.make()
        fused = METHODS["extended"](gray)
        fused = restricted(fused, centre=0.5, width=1 - 2 * TAIL, shoulder=TAIL) if len(gray) == 1 else fused
        colour = fusion.extended_exposure_fusion(in_colour(gray), saturation=0)
        assert_allclose(colour, in_colour(fused), rtol=0, atol=1e-4)

    holds("extended", fact, stacks("extended", kinds=(noise, slopes), smallest=4, colour=False))

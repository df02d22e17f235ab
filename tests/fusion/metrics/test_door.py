"""What metrics take, what they refuse, and that no score is nonsense in silence."""

import numpy as np
import pytest

from data import DataError, open_stack, save
from fusion.metrics import EXPOSURE, METRICS, NO_REFERENCE, UndefinedScore
from fusion.metrics.door import eight_bits, gray_levels, rescaled

OF_SOURCES = METRICS | EXPOSURE
FOR_TWO = {"Q_Y", "Q_C", "SCD"}
EVERY = OF_SOURCES | NO_REFERENCE


def score(name, sources, fused):
    return NO_REFERENCE[name](fused) if name in NO_REFERENCE else OF_SOURCES[name](sources, fused)


@pytest.fixture(scope="module")
def pair(focus_pair):
    """Two frames, and a result that copies neither."""
    return focus_pair, np.where(np.arange(128)[:, None] < 70, focus_pair[0], focus_pair[1])


def test_gray_levels_are_rounded_half_up_and_weigh_colours_as_matlab_does():
    assert gray_levels(np.array([[0.4999, 0.5, 2.5, 254.5]]) / 255).tolist() == [[0, 1, 3, 255]]
    assert gray_levels(np.array([[127, 128, 129, 65535]], np.uint16)).tolist() == [[0, 0, 1, 255]]
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]], np.uint8)
    assert gray_levels(colours).tolist() == [[76, 150, 29, 7]]


def test_colours_are_rounded_before_they_are_weighed():
    nearly_three, nearly_two = np.full((1, 1, 3), 2.6 / 255), np.full((1, 1, 3), 2.4 / 255)
    mixed = np.array([[[2.6, 2.4, 2.4]]]) / 255
    assert [int(gray_levels(image)[0, 0]) for image in (nearly_three, nearly_two, mixed)] == [3, 2, 2]


def test_colours_of_eight_bits_stay_colours_and_are_not_copied():
    levels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert eight_bits(levels) is levels
    assert np.array_equal(eight_bits(levels / np.float32(255)), levels)
    assert np.array_equal(eight_bits(levels.astype(np.uint16) * 257), levels)
    assert eight_bits(np.array([[0.5, 1.5]]) / 255).tolist() == [[1, 2]]


def test_gray_levels_of_luma_weights_with_three_digits_would_differ():
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)
    short = np.floor(image @ np.array([0.299, 0.587, 0.114]) + 0.5)
    share = np.mean(short != gray_levels(image))
    assert 0 < share < 0.02


def test_stretching_reaches_both_ends_and_leaves_black_alone():
    assert rescaled("Q", np.array([[10.0, 20, 110]])).tolist() == [[0, 26, 255]]
    assert rescaled("Q", np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(UndefinedScore, match=r"^Q is not defined for an image of one gray level \(7 everywhere\)"):
        rescaled("Q", np.full((2, 2), 7.0))


@pytest.mark.parametrize("name", OF_SOURCES)
def test_one_source_is_refused(name, pair):
    stack, fused = pair
    with pytest.raises(ValueError, match=f"^{name} compares a fused image with its sources: give two or more"):
        OF_SOURCES[name](stack[:1], fused)


@pytest.mark.parametrize("name", OF_SOURCES)
def test_three_sources_are_scored_or_refused(name, pair):
    stack, fused = pair
    three = np.concatenate([stack, fused[None]])
    if name in FOR_TWO:
        with pytest.raises(ValueError, match=f"^{name} is defined for 2 sources only, got 3"):
            OF_SOURCES[name](three, fused)
    else:
        assert np.isfinite(OF_SOURCES[name](three, fused))


@pytest.mark.parametrize("name", OF_SOURCES)
def test_the_order_of_sources_does_not_matter(name, pair):
    stack, fused = pair
    assert score(name, stack[::-1], fused) == pytest.approx(score(name, stack, fused), rel=1e-9)


@pytest.mark.parametrize("name", OF_SOURCES)
def test_sizes_that_differ_are_named(name, pair):
    stack, fused = pair
    with pytest.raises(ValueError, match=f"^{name}: fused is 127 x 96 pixels, but the sources are 128 x 96"):
        OF_SOURCES[name](stack, fused[:, 1:])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("value", "told"), [(np.nan, "nan"), (1.5, r"values in \[.*, 1.5\]"), (-0.1, r"values in \[-0.1")]
)
def test_values_that_are_no_picture_are_refused(name, value, told, pair):
    stack, fused = pair
    spoilt = fused.copy()
    spoilt[3, 4] = value
    with pytest.raises(DataError, match=f"^fused has .*{told}"):
        score(name, stack, spoilt)
    if name in OF_SOURCES:
        with pytest.raises(DataError, match=f"^frame 1 has .*{told}"):
            score(name, [stack[0], spoilt], fused)


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_too_small_is_refused_or_scored(name):
    tiny = np.arange(4.0).reshape(2, 2) / 4
    try:
        assert np.isfinite(score(name, [tiny, tiny.T], tiny))
    except UndefinedScore as error:
        if name != "SCD":
            assert str(error).startswith(f"{name} needs images of ") and str(error).endswith(
                "pixels or more, got 2 x 2"
            )


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_have_a_score_or_an_error_that_says_so(name, level, recwarn):
    flat = np.full((64, 64), level)
    try:
        assert np.isfinite(score(name, [flat, flat], flat))
    except UndefinedScore as error:
        assert str(error).startswith(f"{name} is not defined")
        assert name not in NO_REFERENCE
    assert not recwarn.list


@pytest.mark.parametrize("name", OF_SOURCES)
def test_a_flat_result_or_source_has_a_score_or_an_error_that_says_so(name, pair, recwarn):
    stack, fused = pair
    for sources, image in ((stack, fused * 0), (stack, fused * 0 + 0.5), ([stack[0], fused * 0 + 1], fused)):
        try:
            assert np.isfinite(OF_SOURCES[name](sources, image))
        except UndefinedScore as error:
            assert name in str(error)
    assert not recwarn.list


def test_files_are_sources_too(pair, tmp_path):
    stack, fused = pair
    for index, frame in enumerate(stack):
        save(frame, tmp_path / f"{index}.png")
    opened = open_stack(tmp_path)
    assert METRICS["Q_G"](tmp_path, fused) == METRICS["Q_G"](opened, fused)


@pytest.mark.parametrize("name", EVERY)
def test_pictures_stay_as_they_are(name, pair):
    stack, fused = ([gray_levels(frame) for frame in pair[0]], gray_levels(pair[1]))
    before = [frame.copy() for frame in (*stack, fused)]
    score(name, stack, fused)
    for frame, copy in zip((*stack, fused), before, strict=True):
        assert np.array_equal(frame, copy)

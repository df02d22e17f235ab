"""Pictures that no method made, of which it is known what they are made of."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import open_stack, save, to_float, to_gray
from fusion.controls import controls, least_sharp, mean, pick, random_pixel


@pytest.fixture(scope="module", params=["colour", "gray"])
def pair(request, focus_pair):
    """Two frames of 128 x 96 pixels, sharp on the left and on the right."""
    return focus_pair if request.param == "colour" else np.stack([to_gray(frame) for frame in focus_pair])


def as_pixels(image):
    """Colours on a last axis, gray ones too."""
    return image.reshape(*image.shape[:2], -1)


def test_all_are_images_of_the_size_of_a_frame(pair):
    made = controls(pair)
    assert list(made) == ["mean", "random pixel", "defocused side"]
    for image in made.values():
        assert image.shape == pair.shape[1:] and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1


def test_the_mean_is_that_of_all_frames(pair, texture):
    assert_allclose(controls(pair)["mean"], pair.mean(axis=0), atol=1e-6)
    three = [np.full((4, 5), value, np.float32) for value in (0, 0.3, 0.9)]
    assert_allclose(mean(open_stack(three)), 0.4, atol=1e-6)
    assert mean(open_stack([np.ones((4, 5), np.float32)] * 7)).max() == 1


def test_every_random_pixel_is_whole_and_of_some_frame(pair):
    stack = np.concatenate([pair, 1 - pair[:1]])
    picked = as_pixels(controls(stack)["random pixel"])
    same = np.stack([(as_pixels(frame) == picked).all(axis=-1) for frame in stack])
    assert same.any(axis=0).all()
    assert same.mean(axis=(1, 2)) == pytest.approx([1 / 3] * 3, abs=0.03)


def test_the_random_choice_is_that_of_the_seed(pair):
    first, again, other = (random_pixel(open_stack(pair), seed=seed) for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert_array_equal(first, controls(pair)["random pixel"])
    assert 0.4 < (as_pixels(first) != as_pixels(other)).any(axis=-1).mean() < 0.6


def test_the_defocused_side_is_the_blurred_frame(pair):
    left = np.arange(128) < 64
    blurred = np.where(left, 1, 0)
    assert (least_sharp(open_stack(pair)) == blurred).mean() > 0.95
    defocused = controls(pair)["defocused side"]
    expected = pick(open_stack(pair), np.broadcast_to(blurred, pair.shape[1:3]))
    assert (as_pixels(defocused) == as_pixels(expected)).all(axis=-1).mean() > 0.95


def test_of_three_frames_the_blurred_one_is_the_defocused_side(texture, focus_pair):
    blurred = np.where(np.arange(128)[:, None] < 64, focus_pair[1], focus_pair[0])
    for place in range(3):
        stack = [texture, texture]
        stack.insert(place, blurred)
        assert (least_sharp(open_stack(stack)) == place).all()
        assert_array_equal(controls(stack)["defocused side"], blurred)


def test_sharpness_is_that_of_a_place_not_of_a_pixel():
    """Noise, in each frame a tenth weaker on one side: the choice is two regions, not patches all over."""
    left = np.arange(128) < 64
    noise = np.random.default_rng(3).random((2, 96, 128), np.float32)
    noise *= np.stack([np.where(left, 1, 0.9), np.where(left, 0.9, 1)]).astype(np.float32)[:, None]
    chosen = least_sharp(open_stack(noise))
    assert (chosen == np.where(left, 1, 0)).mean() > 0.9
    assert np.abs(np.diff(chosen.astype(int))).sum() / 96 < 2  # changes along a row


def test_pick_copies_pixels_of_the_frame_that_is_named(pair):
    decision = np.zeros(pair.shape[1:3], int)
    decision[10:20, 30:50] = 1
    picked = pick(open_stack(pair), decision)
    assert_array_equal(picked[10:20, 30:50], pair[1][10:20, 30:50])
    assert_array_equal(picked[20:], pair[0][20:])


def test_sixteen_bits_stay_sixteen(pair, tmp_path):
    deep = (pair * 65535).astype(np.uint16)
    for index, frame in enumerate(deep):
        save(frame, tmp_path / f"{index}.png")
    as_float = np.stack([to_float(frame) for frame in deep])
    for stack in (deep, tmp_path):
        made = controls(stack)
        assert_allclose(made["mean"], as_float.mean(axis=0), atol=1e-6)
        for name in ("random pixel", "defocused side"):
            picked = as_pixels(made[name])
            assert np.logical_or(*((as_pixels(frame) == picked).all(axis=-1) for frame in as_float)).all()
        assert_array_equal(made["defocused side"], controls(as_float)["defocused side"])


def test_frames_stay_as_they_are(pair):
    stack = pair.copy()
    controls(list(stack))
    assert_array_equal(stack, pair)

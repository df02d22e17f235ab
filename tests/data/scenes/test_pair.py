"""A pair of a near and a far focus follows the physics of a foreground that spreads when it is blurred."""

import cv2
import numpy as np
import pytest

from data import DataError, scenes
from data.scenes.light import to_linear


@pytest.fixture(scope="module")
def coins():
    return scenes.focus_pair()


def a_square(shape=(60, 70)):
    alpha = np.zeros(shape, np.float32)
    alpha[20:40, 25:45] = 1
    return alpha


def test_without_blur_both_frames_are_the_scene():
    pair = scenes.focus_pair(radius=0)
    for frame in pair.stack:
        np.testing.assert_array_equal(frame, pair.sharp)


def test_each_frame_shows_what_it_is_focused_on(coins):
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    inside = cv2.erode((coins.alpha > 0.999).astype(np.uint8), disc) > 0
    outside = cv2.dilate((coins.alpha > 0).astype(np.uint8), disc) == 0
    near, far = (np.abs(frame - coins.sharp) for frame in coins.stack)
    assert near[inside].max() <= 1 / 255
    assert far[outside].max() <= 1 / 255
    assert far[inside].mean() > 0.03
    assert near[outside].mean() > 0.03


def test_the_decision_is_the_frame_that_is_nearer_to_the_scene(coins):
    near, far = (cv2.blur(np.abs(frame - coins.sharp), (5, 5)) for frame in coins.stack)
    told = np.abs(near - far) > 0.02
    assert (coins.decision == (far < near))[told].mean() > 0.95
    assert coins.decision[coins.alpha == 1].max() == 0
    assert coins.decision[coins.alpha == 0].min() == 1


def test_the_decision_is_the_near_frame_where_the_foreground_covers_half_or_more():
    alpha = np.tile(np.float32([0, 0.25, 0.49, 0.5, 0.75, 1]), (8, 1))
    pair = scenes.focus_pair(np.ones((8, 6)), alpha, np.zeros((8, 6)), radius=0)
    np.testing.assert_array_equal(pair.decision[0], [1, 1, 1, 0, 0, 0])


def test_the_blurred_foreground_veils_the_background_beside_it():
    alpha = a_square()
    white, black = np.ones((60, 70), np.float32), np.zeros((60, 70), np.float32)
    near, far = (to_linear(frame) for frame in scenes.focus_pair(white, alpha, black, radius=5).stack)
    assert near[30, 47] == 0
    assert far[30, 47] == pytest.approx(0.24, abs=0.05)  # light of the foreground where there is only background
    assert far.sum() == pytest.approx(alpha.sum(), rel=0.01)  # spread, not lost


def test_the_blurred_background_stays_behind_the_outline():
    alpha = a_square()
    white, black = np.ones((60, 70), np.float32), np.zeros((60, 70), np.float32)
    near, far = scenes.focus_pair(black, alpha, white, radius=5).stack
    assert near[alpha == 1].max() == 0
    assert far[30, 26] > 0.5  # light from behind passes through the thin rim
    np.testing.assert_array_equal(near[alpha == 0], 1)


def test_an_even_scene_stays_even():
    even = np.full((60, 70, 3), 0.5, np.float32)
    for frame in scenes.focus_pair(even, a_square(), even, radius=8).stack:
        np.testing.assert_allclose(frame, 128 / 255, atol=1.01 / 255)  # rounded from just above or below a half


def test_noise_is_as_strong_as_asked_differs_between_frames_and_is_not_in_the_truth():
    even = np.full((80, 90), 0.8, np.float32)
    pair = scenes.focus_pair(even, np.ones((80, 90)), even, noise=0.02)
    near, far = (to_linear(frame) for frame in pair.stack)
    for light in (near, far):
        assert light.std() == pytest.approx(0.02 * np.sqrt(to_linear(np.float32(0.8)) + 0.01), rel=0.05)
    assert abs(np.corrcoef(near.ravel(), far.ravel())[0, 1]) < 0.05
    np.testing.assert_allclose(pair.sharp, 0.8, atol=0.5 / 255)


def test_a_seed_repeats_the_noise():
    first, again, other = (scenes.focus_pair(noise=0.02, seed=seed).stack.pixels(0) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((np.zeros((4, 5)), None, np.zeros((4, 5))), "give all three"),
        ((np.zeros((4, 5)), np.zeros((4, 5)), np.zeros((4, 6))), "must have one shape"),
        ((np.zeros((4, 5, 3)), np.zeros((5, 4)), np.zeros((4, 5, 3))), r"alpha \(5, 4\)"),
        ((np.zeros((4, 5)), np.full((4, 5), 1.5), np.zeros((4, 5))), "alpha has values in"),
    ],
)
def test_parts_that_do_not_fit_are_named(parts, text):
    with pytest.raises(DataError, match=text):
        scenes.focus_pair(*parts)


def test_integers_and_floats_are_the_same_parts():
    foreground, alpha, background = np.random.default_rng(0).integers(0, 256, (3, 20, 30), dtype=np.uint8)
    levels = scenes.focus_pair(foreground, alpha, background)
    floats = scenes.focus_pair(*(part / np.float32(255) for part in (foreground, alpha, background)))
    np.testing.assert_allclose(levels.alpha, alpha / 255, atol=1e-6)
    for frame, same in zip(levels.stack, floats.stack, strict=True):
        np.testing.assert_allclose(frame, same, atol=1.01 / 255)


@pytest.mark.parametrize("option", ["radius", "noise"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf])
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be 0 or more, and finite, got {value}"):
        scenes.focus_pair(**{option: value})


def test_a_blur_wider_than_the_picture_is_refused():
    with pytest.raises(ValueError, match="wider than the picture of 512 x 404"):
        scenes.focus_pair(radius=300)


def test_a_pair_owns_its_alpha(coins):
    scenes.focus_pair().alpha[:] = 0
    assert scenes.focus_pair().alpha.max() == 1

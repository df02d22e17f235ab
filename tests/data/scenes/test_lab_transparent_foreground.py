"""Stones show through the rim of leaves that are out of focus, within their outline, and nowhere else in them."""

import numpy as np
import pytest

import fusion
from data.scenes import lab
from fusion.artefacts import scores_of


@pytest.fixture(scope="module")
def scene():
    return lab.transparent_foreground()


@pytest.fixture(scope="module")
def orange(scene):
    """Where the truth shows nothing but a leaf; stones are gray, or bluish."""
    return scene.truth[..., 0] - scene.truth[..., 2] > 0.42


def test_is_a_scene_of_the_lab(scene):
    assert scene.stack.shape == (2, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"


def test_within_the_outline_the_near_frame_is_the_truth(scene, orange):
    assert orange[scene.where].mean() > 0.95
    assert np.abs(scene.stack[0] - scene.truth)[scene.where & orange].max() <= 4 / 255


def test_the_far_frame_is_wrong_in_the_rim_and_right_in_the_middle_of_a_leaf(scene, orange):
    off = np.abs(scene.stack[1] - scene.truth).max(axis=2)
    assert off[scene.where].mean() > 10 / 255
    middle = orange & ~scene.where
    assert off[middle].mean() < 0.15 * off[scene.where].mean()


def test_naive_fusion_errs_in_the_rim_and_a_preference_helps_there(scene):
    naive = scores_of(fusion.pyramid_fusion(scene.stack, naive=True), scene)
    assert naive["error there"] > 1.5 * naive["error elsewhere"]
    plain, first, last = (
        scores_of(fusion.pyramid_fusion(scene.stack, prefer=end), scene)["error there"]
        for end in (None, "first", "last")
    )
    assert first < 0.7 * plain < 0.6 * last


def test_gauze_is_seen_through_all_over(orange):
    gauze = lab.transparent_foreground(opacity=0.5)
    assert gauze.where[orange].mean() > 0.98 and not gauze.where[~orange].any()


def test_without_blur_nothing_shows_through():
    sharp = lab.transparent_foreground(radius=0)
    np.testing.assert_array_equal(sharp.stack, [sharp.truth] * 2)
    assert not sharp.where.any()


def test_the_same_seed_makes_the_same_pictures(scene):
    np.testing.assert_array_equal(scene.stack, lab.transparent_foreground(seed=0).stack)
    assert (scene.truth != lab.transparent_foreground(seed=1).truth).any()


def test_an_opacity_that_is_none_is_refused():
    with pytest.raises(ValueError, match="opacity must be above 0 and at most 1, got 0"):
        lab.transparent_foreground(opacity=0)

"""A bright thing out of focus veils what lies beside it, as far as its blur reaches, and nothing else."""

import numpy as np
import pytest

from data.scenes import lab
from data.scenes.light import to_linear
from fusion.artefacts import scores_of
from fusion.controls import mean


@pytest.fixture(scope="module")
def scene():
    return lab.halos()


def test_is_a_scene_of_the_lab(scene):
    assert scene.stack.shape == (2, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"


def test_where_it_glows_the_far_frame_has_too_much_light_and_away_from_it_none(scene):
    far = to_linear(scene.stack[1]) - to_linear(scene.truth)
    bright = to_linear(scene.truth).min(axis=2) > 0.5
    assert far[scene.where].min() >= 0 and far[scene.where].mean() > 0.05
    away = ~scene.where & ~bright
    assert np.median(np.abs(far[away])) == 0


def test_the_glow_lies_within_the_reach_of_the_blur():
    narrow, wide = (lab.halos(radius=radius).where for radius in (3, 6))
    assert 1.7 * narrow.sum() < wide.sum() < 2.3 * narrow.sum() and not (narrow & ~wide).any()


def test_the_mean_errs_where_it_glows(scene):
    found = scores_of(mean(scene.stack), scene)
    assert found["error there"] > 3 * found["error elsewhere"]


def test_a_thing_as_dark_as_the_gravel_hardly_glows(scene):
    dark = lab.halos(brightness=0.2)
    glow, none = (np.abs(made.stack[1] - made.truth)[scene.where].mean() for made in (scene, dark))
    assert none < 0.2 * glow


def test_without_blur_there_is_no_halo():
    sharp = lab.halos(radius=0)
    np.testing.assert_array_equal(sharp.stack, [sharp.truth] * 2)
    assert not sharp.where.any()


def test_the_same_seed_makes_the_same_pictures(scene):
    np.testing.assert_array_equal(scene.stack, lab.halos(seed=0).stack)
    assert (scene.truth != lab.halos(seed=1).truth).any()


def test_a_brightness_that_is_none_is_refused():
    with pytest.raises(ValueError, match="brightness must be an encoded value from 0 to 1, got 1.5"):
        lab.halos(brightness=1.5)

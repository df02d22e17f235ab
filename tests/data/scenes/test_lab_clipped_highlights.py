"""What every frame has clipped, no method can show."""

import numpy as np
import pytest

from data.scenes.lab.clipped_highlights import clipped_highlights
from fusion import exposure_fusion
from fusion.artefacts import ELSEWHERE, THERE, scores_of


@pytest.fixture(scope="module")
def scene():
    return clipped_highlights()


def test_shapes_and_kind(scene):
    assert scene.stack.shape == (3, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "exposure"
    assert 0.1 < scene.where.mean() < 0.4


def test_the_artefact_is_where_some_channel_is_white_in_every_frame():
    clean = clipped_highlights(noise=0)
    np.testing.assert_array_equal(clean.where, (clean.stack == 1).any(axis=3).all(axis=0))
    assert (clean.truth < 1).all()


def test_each_light_is_right_in_the_frame_that_is_exposed_for_it():
    clean = clipped_highlights(over=0, noise=0)
    sun, shade = np.s_[:70, :60], np.s_[90:, 180:]
    assert np.abs(clean.stack[0] - clean.truth)[sun].mean() < 1.5 / 255
    assert np.abs(clean.stack[-1] - clean.truth)[shade].mean() < 1.5 / 255


def test_with_a_frame_that_holds_all_nothing_is_clipped_and_the_error_falls(scene):
    darker = clipped_highlights(over=0, frames=4)
    assert not darker.where.any() and (darker.stack[0] < 1).all()
    given, cured = (scores_of(exposure_fusion(s.stack), scene) for s in (scene, darker))
    assert cured[THERE] < 0.6 * given[THERE] and cured[ELSEWHERE] < given[ELSEWHERE]


def test_mean_and_method_err_most_where_all_is_clipped(scene):
    for image in (scene.stack.mean(axis=0), exposure_fusion(scene.stack)):
        assert scores_of(image, scene)[THERE] > 1.4 * scores_of(image, scene)[ELSEWHERE]


def test_a_darker_bracket_holds_the_same_frames():
    given, darker = clipped_highlights(noise=0), clipped_highlights(over=0, frames=4, noise=0)
    np.testing.assert_array_equal(darker.stack[1:], given.stack)


def test_one_seed_is_one_picture(scene):
    np.testing.assert_array_equal(clipped_highlights().stack, scene.stack)
    assert (clipped_highlights(seed=1).stack != scene.stack).any()


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match="over must be 0 or more"):
        clipped_highlights(over=-1)
    with pytest.raises(ValueError, match="frames must be a whole number, 2 or more, got 1"):
        clipped_highlights(frames=1)

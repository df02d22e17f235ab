"""Noise on a blank card is all that tells frames apart there."""

import numpy as np
import pytest

from data.scenes.lab.noise import EDGE, MARGIN, noise
from fusion import pyramid_fusion
from fusion.artefacts import ELSEWHERE, THERE, scores_of


@pytest.fixture(scope="module")
def scene():
    return noise()


def test_shapes_and_kind(scene):
    assert scene.stack.shape == (8, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"
    assert scene.where[:, EDGE + MARGIN :].all() and not scene.where[:, : EDGE + MARGIN].any()


def test_without_noise_every_frame_is_the_truth_on_the_card():
    scene = noise(strength=0)
    assert np.ptp(scene.stack[:, scene.where], axis=0).max() == 0
    np.testing.assert_array_equal(scene.stack[0][scene.where], scene.truth[scene.where])


def test_focus_decides_beside_the_card():
    scene = noise(strength=0)
    errors = [scores_of(frame, scene)[ELSEWHERE] for frame in scene.stack]
    assert scores_of(pyramid_fusion(scene.stack), scene)[ELSEWHERE] < min(errors) / 5


def test_noise_is_as_strong_as_asked_for():
    single, double = (scores_of(noise(count=1, strength=s).stack[0], noise(count=1))[THERE] for s in (0.02, 0.04))
    assert double / single == pytest.approx(2, rel=0.05)


def test_the_strongest_laplacian_errs_more_than_a_frame_and_the_mean_less(scene):
    frame, mean = (scores_of(image, scene)[THERE] for image in (scene.stack[0], scene.stack.mean(axis=0)))
    naive = scores_of(pyramid_fusion(scene.stack, naive=True), scene)[THERE]
    assert naive > 1.05 * frame and mean == pytest.approx(frame / np.sqrt(8), rel=0.1)


def test_more_frames_are_noisier_by_the_strongest_laplacian():
    errors = [scores_of(pyramid_fusion(s.stack, naive=True), s)[THERE] for s in (noise(count=2), noise(count=12))]
    assert errors[1] > 1.05 * errors[0]


def test_one_seed_is_one_picture(scene):
    np.testing.assert_array_equal(noise().stack, scene.stack)
    assert (noise(seed=1).stack != scene.stack).any()


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match="strength must be 0 or more"):
        noise(strength=-1)
    with pytest.raises(ValueError, match="count must be a whole number of frames, 1 or more, got 0"):
        noise(count=0)

"""Beside letters the sharp frame is blank and the blurred one is not, so decisions scatter, and show."""

import numpy as np
import pytest

import fusion
from data.scenes import lab
from fusion import stacking
from fusion.artefacts import scores_of
from fusion.controls import mean

HOLES = ((16, 24), (16, 80), (16, 136))  # x, y


@pytest.fixture(scope="module")
def scene():
    return lab.islands()


def test_is_a_scene_of_the_lab(scene):
    assert scene.stack.shape == (2, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"


def test_without_noise_the_near_frame_is_right_on_the_board_and_the_far_one_in_the_gravel():
    clean = lab.islands(noise=0)
    np.testing.assert_array_equal(clean.stack[0][clean.where], clean.truth[clean.where])
    np.testing.assert_array_equal(clean.stack[1][:, -40:], clean.truth[:, -40:])
    assert np.abs(clean.stack[1] - clean.truth).max(axis=2)[clean.where].min() > 4 / 255


def test_through_the_holes_the_gravel_is_seen(scene):
    board = scene.truth[5, 5]
    assert all(np.abs(scene.truth[y, x] - board).max() > 0.1 for x, y in HOLES)


def test_naive_decisions_scatter_and_show(scene):
    naive = stacking.stack_frames(scene.stack, naive=True, mapped=True, dtype=np.float32)
    assert 0.02 < naive.index[scene.where].mean() < 0.5
    found = scores_of(naive.image, scene)
    assert found["error there"] > 1.5 * found["error elsewhere"]
    assert found["error there"] > 4 * scores_of(fusion.pyramid_fusion(scene.stack), scene)["error there"]


def test_the_mean_errs_there(scene):
    found = scores_of(mean(scene.stack), scene)
    assert found["error there"] > 3 * found["error elsewhere"]


def test_without_blur_no_decision_is_wrong():
    sharp = lab.islands(radius=0, noise=0)
    np.testing.assert_array_equal(sharp.stack, [sharp.truth] * 2)
    assert not sharp.where.any()


def test_the_same_seed_makes_the_same_pictures(scene):
    np.testing.assert_array_equal(scene.stack, lab.islands(seed=0).stack)
    other = lab.islands(seed=1)
    assert (scene.truth != other.truth).any()
    assert (scene.stack[:, :8, 40:140] != other.stack[:, :8, 40:140]).any()  # noise, above the letters
    assert (lab.islands(noise=0).truth == scene.truth).all()

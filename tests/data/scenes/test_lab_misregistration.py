"""Frames that do not lie on top of each other: edges err."""

import numpy as np
import pytest

from data.scenes.lab.misregistration import misregistration


def error(image, truth, where):
    return 255 * np.sqrt(np.mean((image[where] - truth[where]) ** 2))


def test_frames_and_truth_are_of_one_shape():
    scene = misregistration()
    assert scene.stack.shape == (3, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"
    assert 0.1 < scene.where.mean() < 0.2


def test_the_first_frame_is_shifted_to_the_right_and_down_and_the_last_one_back():
    still, shifted = (misregistration(shift=shift, noise=0).stack for shift in (0, 3))
    assert np.abs(shifted[0, 8:, 8:] - still[0, 5:-3, 5:-3]).mean() < 0.5 / 255
    assert np.abs(shifted[2, :-8, :-8] - still[2, 3:-5, 3:-5]).mean() < 0.5 / 255
    assert np.array_equal(shifted[1], still[1])


def test_breathing_enlarges_the_first_frame():
    still, breathing = (misregistration(shift=0, breathing=share, noise=0).stack for share in (0, 0.06))
    middle = np.s_[60:76, 92:108]
    assert np.abs(breathing[0][middle] - still[0][middle]).mean() < np.abs(breathing[0] - still[0]).mean() / 2
    x = 100  # columns from the centre of 200, where 3 % are 3 pixels
    assert np.abs(breathing[0][68, x + 90] - still[0][68, x + 87]).max() < 4 / 255


@pytest.mark.parametrize("options", [{"shift": 1.5}, {"shift": 0, "breathing": 0.05}])
def test_a_mean_errs_at_edges(options):
    apart, aligned = misregistration(**options), misregistration(shift=0)
    errors = [error(scene.stack.mean(axis=0), scene.truth, scene.where) for scene in (apart, aligned)]
    assert errors[0] > 1.2 * errors[1]
    mean = apart.stack.mean(axis=0)
    assert error(mean, apart.truth, apart.where) > 2 * error(mean, apart.truth, ~apart.where)


def test_without_motion_each_part_is_right_in_some_frame():
    scene = misregistration(shift=0, noise=0)
    nearest = np.abs(scene.stack - scene.truth).max(axis=3).min(axis=0)
    assert 255 * nearest.mean() < 1


def test_the_same_seed_makes_the_same_frames():
    first, second, third = (misregistration(seed=seed).stack for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, third)


def test_too_much_motion_is_refused():
    with pytest.raises(ValueError, match="frames move by up to 9.0 pixels, 8 are the most"):
        misregistration(shift=9)

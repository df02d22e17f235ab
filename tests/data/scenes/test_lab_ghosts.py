"""A coin that slides over a table: where it was and is, frames contradict the truth."""

import numpy as np
import pytest

from data.scenes.lab.ghosts import ghosts

KINDS = ("exposure", "focus")


def error(image, truth, where):
    return 255 * np.sqrt(np.mean((image[where] - truth[where]) ** 2))


@pytest.mark.parametrize("kind", KINDS)
def test_frames_and_truth_are_of_one_shape(kind):
    scene = ghosts(kind=kind)
    assert scene.stack.shape == (3, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == kind
    assert 0.02 < scene.where.mean() < 0.3


def test_the_truth_is_the_middle_frame_of_a_bracket():
    scene = ghosts(noise=0)
    assert np.array_equal(scene.stack[1], scene.truth)
    assert scene.stack[0].mean() < scene.truth.mean() < scene.stack[2].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mean_errs_where_the_coin_moved(kind):
    moving, resting = ghosts(kind=kind), ghosts(kind=kind, moved=0)
    errors = [error(scene.stack.mean(axis=0), scene.truth, moving.where) for scene in (moving, resting)]
    assert errors[0] > 2 * errors[1]
    elsewhere = [error(scene.stack.mean(axis=0), scene.truth, ~moving.where) for scene in (moving, resting)]
    assert elsewhere[0] == pytest.approx(elsewhere[1], rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_coin_that_rests_leaves_no_ghost(kind):
    scene = ghosts(kind=kind, moved=0)
    assert not scene.where.any()


def test_each_frame_of_a_focus_series_is_sharpest_in_its_own_third():
    scene = ghosts(kind="focus", moved=0, noise=0)
    off = np.abs(scene.stack - scene.truth).mean(axis=(2, 3))
    assert off[0, -40:].mean() < off[2, -40:].mean() / 3
    assert off[2, :40].mean() < off[0, :40].mean() / 3


def test_the_same_seed_makes_the_same_frames():
    first, second, third = ghosts(seed=3), ghosts(seed=3), ghosts(seed=4)
    assert np.array_equal(first.stack, second.stack) and not np.array_equal(first.stack, third.stack)


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match="moved must lie between 0 and 45 pixels"):
        ghosts(moved=60)
    with pytest.raises(ValueError, match="kind must be 'exposure' or 'focus', got 'both'"):
        ghosts(kind="both")

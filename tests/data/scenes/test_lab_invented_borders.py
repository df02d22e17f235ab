"""Frames of a lens that breathes: brought together, some of them end before the border does."""

import numpy as np
import pytest

from data.scenes.lab.invented_borders import invented_borders


def error(image, truth, where):
    return 255 * np.sqrt(np.mean((image[where] - truth[where]) ** 2))


def test_frames_and_truth_are_of_one_shape():
    scene = invented_borders()
    assert scene.stack.shape == (5, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"


def test_only_a_frame_around_the_picture_is_not_reached():
    where = invented_borders(breathing=0.1).where
    assert where[0].all() and where[:, 0].all() and where[-1].all() and where[:, -1].all()
    rows, columns = (np.flatnonzero(~where.all(axis=axis)) for axis in (1, 0))
    assert not where[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].any()
    height, width = where.shape
    assert rows[0] == height - 1 - rows[-1] == pytest.approx(height / 2 * (1 - 1 / 1.05), abs=1)
    assert columns[0] == width - 1 - columns[-1] == pytest.approx(width / 2 * (1 - 1 / 1.05), abs=1)


def test_what_a_frame_does_not_reach_repeats_its_border():
    first, last = invented_borders(noise=0).stack[[0, -1]]
    for side in (np.s_[:3], np.s_[-3:], np.s_[:, :4], np.s_[:, -4:]):
        assert np.ptp(first[side], axis=int(isinstance(side, tuple))).max() < 4 / 255
        assert np.ptp(last[side], axis=int(isinstance(side, tuple))).max() > 10 / 255


def test_the_sharp_frame_errs_where_it_does_not_reach():
    scene = invented_borders()
    lowest = np.zeros_like(scene.where)
    lowest[-30:] = True  # in focus in the first frame
    assert error(scene.stack[0], scene.truth, lowest & scene.where) > 3 * error(
        scene.stack[0], scene.truth, lowest & ~scene.where
    )


def test_brought_together_the_frames_lie_on_the_truth():
    aligned, raw = invented_borders(), invented_borders(aligned=False)
    inside = ~aligned.where
    assert np.array_equal(aligned.stack[2], raw.stack[2])
    for k in (0, 4):
        assert error(aligned.stack[k], aligned.truth, inside) < 0.7 * error(raw.stack[k], raw.truth, inside)


def test_without_breathing_every_frame_reaches_the_border():
    scene = invented_borders(breathing=0)
    assert not scene.where.any()
    assert np.array_equal(scene.stack, invented_borders(breathing=0, aligned=False).stack)


def test_the_same_seed_makes_the_same_frames():
    first, second, third = (invented_borders(seed=seed).stack for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, third)


def test_too_much_breathing_is_refused():
    with pytest.raises(ValueError, match="breathing must lie between 0 and 0.12, got 0.3"):
        invented_borders(breathing=0.3)

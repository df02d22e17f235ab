"""Dust on a sensor: it rests while the picture breathes, and moves when the frames are brought together."""

import numpy as np
import pytest

from data.scenes.lab.dust_trails import dust_trails
from data.scenes.light import to_linear


def error(image, truth, where):
    return 255 * np.sqrt(np.mean((image[where] - truth[where]) ** 2))


def test_frames_and_truth_are_of_one_shape():
    scene = dust_trails()
    assert scene.stack.shape == (5, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"
    assert 0.01 < scene.where.mean() < 0.1


def test_dust_shades_the_same_pixels_of_every_frame_as_taken():
    dusty, clean = (to_linear(dust_trails(dust=dust, aligned=False, noise=0).stack)[..., 0] for dust in (14, 0))
    lit = (clean > 0.1).all(axis=0)
    shades = dusty[:, lit] / clean[:, lit]
    shaded = shades.min(axis=0) < 0.8
    assert shaded.sum() > 50
    assert np.ptp(shades[:, shaded], axis=0).max() < 0.1


def test_brought_together_the_dust_of_each_frame_lies_elsewhere():
    resting, moving = dust_trails(aligned=False), dust_trails()
    assert moving.where.sum() > 1.5 * resting.where.sum()
    assert (moving.where | ~resting.where).all()


def test_the_mean_errs_more_where_dust_went():
    scene, clean = dust_trails(), dust_trails(dust=0)
    there = [error(made.stack.mean(axis=0), made.truth, scene.where) for made in (scene, clean)]
    elsewhere = [error(made.stack.mean(axis=0), made.truth, ~scene.where) for made in (scene, clean)]
    assert there[0] > 1.4 * there[1] and elsewhere[0] == pytest.approx(elsewhere[1], rel=0.05)


def test_a_clean_sensor_leaves_no_trail():
    assert not dust_trails(dust=0).where.any()


def test_flat_frames_show_the_dust_and_nothing_else():
    flat, dusty = dust_trails(blank=True, aligned=False), dust_trails(aligned=False)
    assert np.ptp(flat.truth) == 0 and flat.where.tolist() == dusty.where.tolist()
    assert np.abs(flat.stack - flat.truth)[:, ~flat.where].max() < 0.04
    assert (flat.truth - flat.stack)[:, flat.where].max() > 0.2


def test_the_same_seed_makes_the_same_frames():
    first, second, third = (dust_trails(seed=seed).stack for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, third)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="breathing must lie between 0 and 0.12"):
        dust_trails(breathing=1)
    with pytest.raises(ValueError, match="dust must be 0 or more"):
        dust_trails(dust=-1)

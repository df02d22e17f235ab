"""Filling gaps: what is sure stays, and what is not takes after what is near."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.depth.fill import filled


def with_gap(shape=(40, 50), gap=np.s_[10:25, 15:40]):
    unsure = np.zeros(shape, bool)
    unsure[gap] = True
    return unsure


def test_sure_pixels_stay_to_the_bit_and_inputs_too():
    depth, unsure = np.random.default_rng(0).random((40, 50), np.float32), with_gap()
    before = depth.copy()
    found = filled(depth, unsure)
    assert found.dtype == np.float32
    assert_array_equal(found[~unsure], before[~unsure])
    assert_array_equal(depth, before)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (37, 50), (64, 64), (61, 97)])
@pytest.mark.parametrize("share", [0.1, 0.9, 0.99])
def test_among_even_depth_gaps_are_even_whatever_was_there(shape, share):
    rng = np.random.default_rng(0)
    unsure = rng.random(shape) < share
    unsure[0, 0] = False
    depth = np.where(unsure, rng.random(shape) * 1000 - 500, 3.3).astype(np.float32)
    assert_allclose(filled(depth, unsure), 3.3, rtol=1e-6)


def test_what_is_unsure_has_no_say():
    depth, unsure = np.random.default_rng(0).random((40, 50), np.float32), with_gap()
    other = np.where(unsure, depth + 77, depth).astype(np.float32)
    assert_allclose(filled(other, unsure), filled(depth, unsure), atol=1e-4)


def test_a_plane_goes_on_through_a_gap():
    y, x = np.indices((60, 80))
    plane = (0.05 * x + 0.02 * y).astype(np.float32)
    unsure = with_gap((60, 80), np.s_[20:36, 30:50])
    found = filled(np.where(unsure, 0, plane).astype(np.float32), unsure)
    assert np.abs(found - plane).max() < 0.25 < 0.4 * np.ptp(plane[unsure])


def test_near_pixels_count_more_than_far_ones():
    depth = np.where(np.arange(64) < 32, 1, 5).astype(np.float32) * np.ones((64, 1), np.float32)
    unsure = with_gap((64, 64), np.s_[20:44, 20:44])
    found = filled(depth, unsure)
    assert found[32, 21] < 1.5
    assert found[32, 42] > 4.5
    assert (np.diff(found[32, 20:44]) > -0.1).all()


@pytest.mark.parametrize("levels", [[0.1, 0.7, 2.7, 3.0], [3.3], [7.9]])
def test_fills_lie_between_sure_values(levels):
    rng = np.random.default_rng(0)
    for seed in range(30):
        shape = tuple(np.random.default_rng(seed).integers(1, 60, 2))
        depth, unsure = rng.choice(levels, shape).astype(np.float32), rng.random(shape) < 0.8
        if unsure.all():
            continue
        found = filled(depth, unsure)
        assert found.min() >= depth[~unsure].min()
        assert found.max() <= depth[~unsure].max()


def test_the_smallest_cells_that_hold_anything_sure_count_fully():
    """One pixel of four is sure: a wave twenty pixels long is seen all the same."""
    y, x = np.indices((64, 64))
    wave = (np.sin(x / 3) + np.cos(y / 3)).astype(np.float32)
    unsure = np.ones((64, 64), bool)
    unsure[::2, ::2] = False
    assert np.abs(filled(np.where(unsure, 0, wave).astype(np.float32), unsure) - wave).mean() < 0.15


def test_a_gap_from_border_to_border_is_filled_from_one_side():
    depth = np.full((50, 70), 2, np.float32)
    unsure = with_gap((50, 70), np.s_[:, 7:])
    depth[unsure] = 9
    assert_allclose(filled(depth, unsure), 2, rtol=1e-6)


def test_mirroring_mirrors_the_fill():
    depth, unsure = np.random.default_rng(0).random((64, 64), np.float32), with_gap((64, 64))
    for turn in (np.flipud, np.fliplr, np.transpose):
        assert_allclose(filled(np.ascontiguousarray(turn(depth)), turn(unsure)), turn(filled(depth, unsure)), atol=1e-5)


@pytest.mark.parametrize("value", [True, False])
def test_with_nothing_to_fill_from_or_nothing_to_fill_depth_is_copied(value):
    depth = np.random.default_rng(0).random((7, 9), np.float32)
    found = filled(depth, np.full((7, 9), value))
    assert_array_equal(found, depth)
    assert found is not depth and not np.shares_memory(found, depth)

"""The weighted median against the plain one, and how it keeps to the edges of its guide."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.depth.weighted_median import weighted_median

FLAT = np.full((20, 26), 0.5, np.float32)


def plain_median(depth, radius):
    """Frame at which half the weight of the pixels around is reached: by sorting, window by window.

    On a flat guide the guided filter is a mean over windows of means over windows: pixels count by in how many windows
    they are together.
    """
    height, width = depth.shape
    medians = np.empty(depth.shape)
    for y, x in np.ndindex(height, width):
        share = np.zeros(depth.shape)
        windows = [
            (v, u)
            for v in range(max(y - radius, 0), min(y + radius + 1, height))
            for u in range(max(x - radius, 0), min(x + radius + 1, width))
        ]
        for v, u in windows:
            window = np.s_[max(v - radius, 0) : v + radius + 1, max(u - radius, 0) : u + radius + 1]
            share[window] += 1 / share[window].size / len(windows)
        order = np.argsort(depth, axis=None)
        reached = np.cumsum(share.ravel()[order]) >= share.sum() / 2
        medians[y, x] = depth.ravel()[order][reached.argmax()]
    return medians


@pytest.mark.parametrize("radius", [1, 3])
def test_on_a_flat_guide_it_is_the_plain_median_of_whole_frames(radius):
    depth = np.random.default_rng(0).integers(0, 9, FLAT.shape).astype(np.float32)
    found = weighted_median(depth, 9, FLAT, radius=radius)
    assert found.dtype == np.float32
    assert (found == plain_median(depth, radius)).mean() > 0.97  # but where a half is reached to the digit


@pytest.mark.parametrize("depth", [0, 3, 3.1, 3.3, 3.5, 3.7, 3.9, 7.6, 8])
def test_even_depth_stays_to_a_tenth_of_a_frame(depth):
    found = weighted_median(np.full(FLAT.shape, depth, np.float32), 9, FLAT)
    assert_allclose(found, depth, atol=0.1)
    if depth == int(depth):
        assert_allclose(found, depth, atol=1e-4)


def test_a_slope_stays():
    slope = np.linspace(1, 7, 26, dtype=np.float32) * np.ones((20, 1), np.float32)
    found = weighted_median(slope, 9, FLAT, radius=2)
    assert_allclose(found[:, 5:-5], slope[:, 5:-5], atol=0.12)


@pytest.mark.parametrize("outliers", [0, 0.25])
def test_of_fractions_that_are_evenly_spread_it_is_the_plain_median(outliers):
    rng = np.random.default_rng(0)
    depth = (3.6 + 0.8 * rng.random(FLAT.shape)).astype(np.float32)
    depth[rng.random(FLAT.shape) < outliers] = 7
    found, expected = weighted_median(depth, 9, FLAT, radius=4), plain_median(depth, 4)
    assert_allclose(found, expected, atol=0.1)
    assert np.abs(found - expected).mean() < 0.025


def test_reversing_the_stack_reverses_the_median(texture):
    depth = np.rint(texture[:61, :97, 1] * 24) / 3
    guide = texture[:61, :97, 0]
    there, back = weighted_median(depth, 9, guide), weighted_median(8 - depth, 9, guide)
    assert_allclose(back, 8 - there, atol=1e-3)


def test_outliers_are_taken_away():
    rng = np.random.default_rng(0)
    depth = np.full(FLAT.shape, 4.0, np.float32)
    wrong = rng.random(FLAT.shape) < 0.2
    depth[wrong] = rng.random(wrong.sum()) * 8
    found = weighted_median(depth, 9, FLAT)
    assert np.abs(found - 4).max() < 0.2 < np.abs(depth - 4).mean()


def test_edges_of_the_guide_part_what_is_on_both_sides():
    """Also where fewer pixels than half the window are on one side."""
    rng, columns = np.random.default_rng(0), np.arange(40)
    guide = np.where(columns < 6, 0.2, 0.8).astype(np.float32) * np.ones((30, 1), np.float32)
    truth = np.where(columns < 6, 1, 7).astype(np.float32) * np.ones((30, 1), np.float32)
    depth = truth.copy()
    wrong = rng.random(truth.shape) < 0.2
    depth[wrong] = rng.integers(0, 9, wrong.sum())
    by_guide = np.abs(weighted_median(depth, 9, guide) - truth)
    by_flat = np.abs(weighted_median(depth, 9, np.full_like(guide, 0.5)) - truth)
    assert by_guide.max() < 0.3
    assert by_flat[:, :6].max() > 5


def test_medians_lie_between_the_frames_that_there_are(texture):
    depth = np.random.default_rng(0).random((61, 97), np.float32) * 4
    found = weighted_median(depth, 5, texture[:61, :97, 0])
    assert np.isfinite(found).all()
    assert (weighted_median(np.full_like(depth, 4), 5, texture[:61, :97, 0]) <= 4).all()
    assert found.min() >= 0 and found.max() <= 4


def test_inputs_stay_and_progress_is_told_of_every_frame(texture):
    depth, guide = np.random.default_rng(0).random((20, 26), np.float32) * 4, texture[:20, :26, 0].copy()
    before, told = (depth.copy(), guide.copy()), []
    weighted_median(depth, 5, guide, progress=lambda items, what: (told.append((what, item)) or item for item in items))
    assert_array_equal(depth, before[0])
    assert_array_equal(guide, before[1])
    assert told == [("taking medians", frame) for frame in range(5)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_tiny_maps(shape):
    depth = np.full(shape, 2, np.float32)
    assert_allclose(weighted_median(depth, 4, np.full(shape, 0.5, np.float32)), depth, atol=1e-4)

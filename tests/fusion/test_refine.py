"""Tiles equal the whole; the coarse grid stays near the exact filter."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import load, open_stack, to_gray
from fusion import guided, guided_fusion, refine
from fusion import tiles as tiling
from fusion.metrics import psnr
from fusion.refine import SMALLEST, CoarseRefiner, ExactRefiner, block_mean, refined, refiner, window_kernel
from fusion.tiles import Tile, for_each_tile, tiles


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_tiles_cover_an_image_once(size):
    count = np.zeros((5, 9), int)
    for tile in tiles(count.shape, size):
        count[tile] += 1
    assert (count == 1).all()


def test_a_tile_grows_as_far_as_the_image_goes():
    tile = Tile(slice(0, 4), slice(6, 9))
    outer = tile.grow(2, (5, 9))
    assert outer == (slice(0, 5), slice(4, 9))
    assert tile.within(outer) == (slice(0, 4), slice(2, 5))


def test_the_number_of_workers_does_not_matter(focus_pair, monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 20)
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(tiling, "WORKERS", workers)
        results.append(guided_fusion(focus_pair))
    assert_array_equal(*results)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_a_tile_is_not_lost(monkeypatch, workers):
    monkeypatch.setattr(tiling, "WORKERS", workers)

    def work(tile):
        raise ValueError(f"tile {tile}")

    with pytest.raises(ValueError, match="tile"):
        for_each_tile(work, (4, 4))


@pytest.mark.parametrize("size", [17, 50])
@pytest.mark.parametrize("guide", ["gray", "rgb"])
def test_tiles_equal_the_whole(focus_pair, monkeypatch, size, guide):
    options = {"base": (13, 0.3), "detail": (3, 1e-6), "guide": guide}  # too small for the grid
    whole = guided_fusion(focus_pair, **options)
    monkeypatch.setattr(tiling, "TILE", size)
    monkeypatch.setattr(refine, "LARGE", 0)
    assert_allclose(guided_fusion(focus_pair, **options), whole, atol=1e-6)


def test_exact_tiles_equal_the_filter(focus_pair):
    gray = to_gray(focus_pair[0])
    mask = gray > np.median(gray)
    whole = refined(mask, gray, 20, 0.01)
    by_tile = ExactRefiner(mask, gray, 20, 0.01)
    for tile in tiles(mask.shape, 31):
        assert_allclose(by_tile(tile), whole[tile], atol=1e-6)


@pytest.mark.parametrize("size", [40, 64])
def test_coarse_tiles_equal_their_whole(focus_pair, size):
    gray = to_gray(focus_pair[0])
    coarse = CoarseRefiner(gray > np.median(gray), gray, 45, 0.3, 3)
    whole = coarse(Tile(slice(0, 96), slice(0, 128)))
    for tile in tiles(gray.shape, size):
        assert_allclose(coarse(tile), whole[tile], atol=1e-6)


@pytest.mark.parametrize("step", [2, 3, 4])
@pytest.mark.parametrize("radius", [45, 100])
def test_coarse_weights_are_near_the_exact_ones(focus_pair, radius, step):
    """In sizes that no step divides, and with windows larger than the image."""
    gray = to_gray(focus_pair[0])[:95, :127]
    mask = gray > np.median(gray)
    coarse = CoarseRefiner(mask, gray, radius, 0.3, step)(Tile(slice(0, 95), slice(0, 127)))
    assert np.abs(coarse - refined(mask, gray, radius, 0.3)).max() < 0.01


def near_enough(stack, monkeypatch):
    """Fuse a stack exactly and with the grid; the approximation must be invisible, and not idle."""
    exact = guided_fusion(stack)
    monkeypatch.setattr(refine, "LARGE", 0)
    coarse = guided_fusion(stack)
    difference = np.abs(coarse - exact).max()
    assert psnr(coarse, exact) > 60
    assert 0 < difference <= 2 / 255


@pytest.mark.parametrize("name", ["built-in/motorcycle-pair", "built-in/coffee", "built-in/gray"])
def test_the_grid_changes_nothing_that_is_seen(name, monkeypatch):
    near_enough(load(name), monkeypatch)


@pytest.mark.parametrize("name", ["mef/candle", "mef/venice", "mef/office", "lytro/01", "classic/clock"])
def test_the_grid_changes_nothing_that_is_seen_in_real_pictures(real_data, name, monkeypatch):
    near_enough(open_stack(real_data / name), monkeypatch)


def test_large_frames_use_the_grid(texture, monkeypatch):
    large = cv2.resize(texture, (1700, 1300))
    assert large[..., 0].size > refine.LARGE
    used = []
    monkeypatch.setattr(
        refine, "CoarseRefiner", lambda *arguments: used.append(arguments[4]) or CoarseRefiner(*arguments)
    )
    guided_fusion([large, large[::-1]])
    assert used == [3, 3]  # one per frame: the base weights, on every third pixel


def test_block_mean_counts_nothing_outside():
    assert_allclose(block_mean(np.ones((4, 5), np.float32), 3), [[1, 2 / 3], [1 / 3, 2 / 9]], rtol=1e-6)


def test_window_kernel_has_the_exact_size():
    kernel = window_kernel(91, 3)
    assert kernel.sum() == pytest.approx(1)
    assert kernel.sum() / kernel.max() * 3 == pytest.approx(91)


def test_a_frame_chosen_nowhere_has_no_weight_and_any_other_a_little(focus_pair):
    labels = np.zeros(focus_pair.shape[1:3], np.uint8)
    labels[:, :9] = 1
    nowhere = focus_pair[:1]
    weights = guided.refine(labels, np.concatenate([focus_pair, nowhere]), radius=7, eps=1e-6)
    assert_array_equal(weights[2], 0)
    assert weights[:2].min() == np.float32(SMALLEST) == np.float32(1e-12)
    assert weights.max() == 1


@pytest.mark.parametrize("large", [0, 2_000_000])
@pytest.mark.parametrize("radius", [7, 45])
def test_weights_lie_between_the_smallest_and_1(focus_pair, monkeypatch, large, radius):
    monkeypatch.setattr(refine, "LARGE", large)
    gray = to_gray(focus_pair[0])
    mask = np.zeros(gray.shape, bool)
    mask[:40, :40] = True
    weight = refiner(mask, gray, radius, 1e-6)(Tile(slice(0, 96), slice(0, 128)))
    assert weight.min() == np.float32(1e-12)
    assert 0.4 < weight.max() <= 1


def test_a_map_of_1_everywhere_stays_as_it_is(focus_pair):
    assert_array_equal(refined(np.ones((96, 128), bool), to_gray(focus_pair[0]), 7, 1e-6), 1)


@pytest.mark.parametrize("column", [208, 209, 210])
def test_on_the_grid_a_change_does_not_reach_further_than_stated(monkeypatch, column):
    monkeypatch.setattr(refine, "LARGE", 0)
    rng = np.random.default_rng(3)
    stack = rng.random((2, 40, 420), np.float32)
    changed = stack.copy()
    changed[:, :, column] = rng.random((2, 40))
    touched = np.abs(guided_fusion(stack) - guided_fusion(changed)).max(axis=0) > 0
    reached = np.abs(np.nonzero(touched)[0] - column).max()
    assert 96 < reached <= 102


def test_on_the_grid_a_window_wider_than_the_image_is_the_whole_image(focus_pair, monkeypatch):
    monkeypatch.setattr(refine, "LARGE", 0)
    whole = guided_fusion(focus_pair, base=(128, 0.3))
    assert_array_equal(guided_fusion(focus_pair, base=(10**9, 0.3)), whole)

"""Tiles equal the whole; the coarse grid stays near the exact filter."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import load, open_stack, to_gray
from fusion import guided_fusion, refine
from fusion import tiles as tiling
from fusion.metrics import psnr
from fusion.refine import CoarseRefiner, ExactRefiner, block_mean, refined, window_kernel
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


def test_an_error_in_a_tile_is_not_lost():
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

"""Tiles of a pyramid: each level is cut where the one below it is. Other facts about tiles are in test_refine."""

import threading

import numpy as np
import pytest

from fusion import tiles as tiling
from fusion.tiles import TILE, Tile, for_each_tile, tiles, whole


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (16, 33), (37, 64, 3)], ids=str)
@pytest.mark.parametrize("size", [2, 6, 16])
def test_halved_tiles_cover_the_image_of_half_the_size_once(shape, size):
    half = tuple((side + 1) // 2 for side in shape[:2])
    count = np.zeros(half, int)
    for tile in tiles(shape, size):
        halved = tile.halved()
        assert halved == Tile(*(slice(side.start // 2, -(-side.stop // 2)) for side in tile))
        assert all(side.stop <= length for side, length in zip(halved, half, strict=True))
        count[halved] += 1
    assert (count == 1).all()


def test_a_halved_tile_has_rows_before_columns():
    assert Tile(slice(4, 9), slice(0, 6)).halved() == (slice(2, 5), slice(0, 3))


def test_the_size_in_use_can_be_halved():
    assert TILE % 2 == 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (17, 33), (38, 64, 3)], ids=str)
@pytest.mark.parametrize("margin", [0, 2, 4])
def test_a_doubled_tile_holds_all_that_is_halved_into_it(shape, margin):
    half = tuple((side + 1) // 2 for side in shape[:2])
    for tile in tiles(half, 6):
        larger = tile.doubled(margin, shape)
        assert larger.halved() == tile.grow(margin // 2, half)
        inner = tile.doubled(0, shape)
        assert inner.halved() == tile and inner.grow(margin, shape) == larger
        assert all(side.stop <= length for side, length in zip(larger, shape, strict=False))


def test_a_doubled_tile_has_rows_before_columns():
    assert Tile(slice(4, 9), slice(0, 6)).doubled(4, (17, 99)) == (slice(4, 17), slice(0, 16))


def test_the_whole_is_one_tile():
    assert whole((5, 9, 3)) == (slice(0, 5), slice(0, 9))


@pytest.mark.parametrize("rows", [slice(0, 6), slice(6, 18), slice(12, 40)], ids=str)
def test_some_rows_are_cut_as_in_the_whole(rows):
    shape = (19, 15, 3)
    expected = [tile for tile in tiles(shape, 6) if rows.start <= tile.rows.start < rows.stop]
    assert list(tiles(shape, 6, rows)) == expected
    assert list(tiles(shape, 6, slice(0, 19))) == list(tiles(shape, 6))


def test_the_last_of_some_rows_ends_a_tile():
    assert [tile.rows for tile in tiles((30, 3), 6, slice(6, 16))] == [slice(6, 12), slice(12, 16)]


@pytest.mark.parametrize("workers", [1, 3])
def test_work_is_done_once_in_every_tile_of_some_rows(monkeypatch, workers):
    monkeypatch.setattr(tiling, "TILE", 6)
    count = np.zeros((25, 20), int)

    def work(tile):
        count[tile] += 1

    for_each_tile(work, count.shape, rows=slice(6, 18), workers=workers)
    assert (count[6:18] == 1).all() and (count[:6] == 0).all() and (count[18:] == 0).all()


@pytest.mark.parametrize("workers", [2, 3])
def test_so_many_workers_work_at_the_same_time(monkeypatch, workers):
    """Each waits for the others: with fewer of them, the barrier would break."""
    monkeypatch.setattr(tiling, "TILE", 5)
    together = threading.Barrier(workers)
    for_each_tile(lambda tile: together.wait(timeout=10), (5, 5 * workers), workers=workers)
    assert not together.broken


def test_one_worker_is_the_caller():
    threads = []
    for_each_tile(lambda tile: threads.append(threading.current_thread()), (800, 800), workers=1)
    assert len(threads) > 1 and set(threads) == {threading.current_thread()}

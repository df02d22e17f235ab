"""Tiles of a pyramid: each level is cut where the one below it is. Other facts about tiles are in test_refine."""

import numpy as np
import pytest

from fusion.tiles import TILE, Tile, tiles


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

"""What a frame that was moved covers of the picture, by the position of every pixel in the frame."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fusion.coverage import UNCOVERED, covered
from fusion.tiles import Tile, tiles

SHAPE = (60, 90)
TURN = np.array([[0.9, -0.2, 12.3], [0.25, 0.95, -9.7], [0, 0, 1]])
TILT = np.array([[1.1, 0.1, -20.4], [0.05, 0.9, 8.2], [1.5e-3, -2e-3, 1]])
HORIZON = np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0.004, 1]])  # beyond it, the picture shows nothing of the frame


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def shown(matrix, shape=SHAPE, scale=1):
    """By the definition: where each pixel of a level comes from, (h, w) bool."""
    rows, columns = np.mgrid[: -(-shape[0] // scale), : -(-shape[1] // scale)] * scale
    points = np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1)
    x, y, depth = (np.linalg.inv(matrix) @ points).reshape(3, *rows.shape)
    x, y = x / depth, y / depth
    inside = (x >= -0.5) & (x <= shape[1] - 0.5) & (y >= -0.5) & (y <= shape[0] - 0.5)
    return inside & (depth > 0)


@pytest.mark.parametrize("scale", [1, 2, 8])
@pytest.mark.parametrize("size", [8, 30, 100])
@pytest.mark.parametrize("matrix", [shift(7.3, -4.2), TURN, TILT, HORIZON], ids=["shift", "turn", "tilt", "horizon"])
def test_a_tile_is_covered_where_its_pixels_come_from_the_frame(matrix, size, scale):
    expected = shown(matrix, scale=scale)
    assert 0 < expected.mean() < 1
    for tile in tiles(expected.shape, size):
        found = np.broadcast_to(covered(matrix, SHAPE, tile, scale), expected[tile].shape)
        assert_array_equal(found, np.where(expected[tile], np.float32(1), np.float32(UNCOVERED)))


def test_a_frame_reaches_half_a_pixel_beside_its_outer_pixels():
    whole = Tile(slice(0, 60), slice(0, 90))
    for distance, columns in ((0.49, 0), (0.51, 1), (1.49, 1), (-0.49, 0), (-0.51, 1)):
        beside = covered(shift(distance, 0), SHAPE, whole, 1)
        count = 0 if np.ndim(beside) == 0 else (beside < 1).any(axis=0).sum()
        assert count == columns, distance


def test_a_tile_that_is_covered_all_over_has_one_weight():
    assert covered(np.eye(3), SHAPE, Tile(slice(0, 60), slice(0, 90)), 1) == 1.0
    assert np.ndim(covered(TURN, SHAPE, Tile(slice(24, 32), slice(32, 48)), 1)) == 0


def test_weights_stay_within_float32():
    weights = covered(shift(10, 0), SHAPE, Tile(slice(0, 60), slice(0, 90)), 1)
    assert weights.dtype == np.float32
    assert 0 < weights.min() < 1e-9 and weights.max() == 1

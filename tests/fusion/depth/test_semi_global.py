"""Semi-global agreement against a plain implementation, and what it does to outliers and outlines."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fusion.depth.semi_global import LARGE, SMALL, semi_global

DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]


def path_costs(costs, direction, small, large):
    """Costs of the best paths that come along one direction, pixel by pixel, as eq. 13 of the paper has them."""
    count, height, width = costs.shape
    down, across = direction
    paths = np.zeros(costs.shape)
    for y in range(height)[:: down or 1]:
        for x in range(width)[:: across or 1]:
            before = y - down, x - across
            paths[:, y, x] = costs[:, y, x]
            if not (0 <= before[0] < height and 0 <= before[1] < width):
                continue
            came = paths[:, before[0], before[1]]
            for frame in range(count):
                steps = [came[frame], came.min() + large]
                steps += [came[near] + small for near in (frame - 1, frame + 1) if 0 <= near < count]
                paths[frame, y, x] += min(steps) - came.min()
    return paths


def slow_sums(votes, small, large):
    costs = 1 - votes.astype(np.float64)
    return sum(path_costs(costs, direction, small, large) for direction in DIRECTIONS)


@pytest.mark.parametrize(("small", "large"), [(0.05, 0.4), (0.2, 0.3), (0.01, 1.5), (0.3, 0.3)])
@pytest.mark.parametrize("shape", [(4, 7, 9), (2, 9, 5), (6, 1, 8), (5, 8, 1), (3, 2, 2), (7, 5, 6)])
def test_frames_are_those_of_the_plain_implementation(shape, small, large):
    votes = np.random.default_rng(sum(shape)).random(shape, np.float32)
    index = semi_global(votes, small=small, large=large)
    assert index.dtype == np.uint16
    assert_array_equal(index, slow_sums(votes, small, large).argmin(axis=0))


def test_defaults_are_those_of_the_plain_implementation():
    votes = np.random.default_rng(0).random((5, 8, 9), np.float32)
    assert_array_equal(semi_global(votes), slow_sums(votes, SMALL, LARGE).argmin(axis=0))
    assert (semi_global(votes) != votes.argmax(axis=0)).mean() > 0.05


def test_without_a_price_the_most_votes_win():
    votes = np.random.default_rng(0).random((6, 20, 30), np.float32)
    assert_array_equal(semi_global(votes, small=0, large=0), votes.argmax(axis=0))


@pytest.mark.parametrize("along", [np.flipud, np.fliplr, np.transpose, np.rot90, lambda plane: plane[::-1, ::-1].T])
def test_all_directions_count_alike(along):
    votes = np.random.default_rng(0).random((5, 14, 17), np.float32)
    turned = np.stack([along(vote) for vote in votes])
    assert_array_equal(semi_global(turned), along(semi_global(votes)))


def test_reversing_the_stack_reverses_the_frames():
    votes = np.random.default_rng(0).random((5, 14, 17), np.float32)
    assert_array_equal(semi_global(votes[::-1]), 4 - semi_global(votes))


def even(index, count=8, height=0.6):
    """Votes that are high for the frames of an index, and have less for their neighbours."""
    distance = np.abs(np.arange(count)[:, None, None] - index)
    return (height * np.exp(-0.5 * distance**2)).astype(np.float32)


def test_an_outlier_is_taken_away():
    index = np.full((15, 17), 2)
    votes = even(index)
    outlier = index.copy()
    outlier[7, 8] = 6
    votes[:, 7, 8] = (0.5 * votes + 0.9 * even(outlier))[:, 7, 8]  # ahead by less than the price of two steps
    assert votes.argmax(axis=0)[7, 8] == 6
    assert_array_equal(semi_global(votes), index)


def test_an_outline_and_a_slope_stay():
    outline = np.where(np.arange(30) < 13, 1, 6) * np.ones((20, 1), int)
    assert_array_equal(semi_global(even(outline)), outline)
    slope = np.arange(40)[None] // 5 * np.ones((20, 1), int)
    assert_array_equal(semi_global(even(slope)), slope)


@pytest.mark.parametrize(("noise", "prices"), [(0.3, {}), (0.5, {"small": 0.3, "large": 1.0})])
def test_noise_is_taken_and_things_stay(noise, prices):
    y, x = np.indices((60, 70))
    truth = np.where((y - 30) ** 2 + (x - 35) ** 2 < 18**2, 1, 5)
    votes = even(truth) + np.random.default_rng(0).random((8, 60, 70), np.float32) * np.float32(noise)
    plain, agreed = (np.mean(index != truth) for index in (votes.argmax(axis=0), semi_global(votes, **prices)))
    assert plain > 0.03
    assert agreed < 0.15 * plain


def test_digits_are_not_lost_on_a_long_way():
    votes = np.zeros((3, 1, 5000), np.float32)
    votes[1, 0, 4998:] = 1e-5
    assert_array_equal(semi_global(votes)[0, -2:], 1)


def test_where_nothing_votes_neighbours_decide():
    truth = np.full((20, 30), 4)
    votes = even(truth)
    votes[:, 8:12, 10:20] = 0
    assert_array_equal(semi_global(votes), truth)


def test_votes_are_left_as_they_are_and_progress_is_told_of_four_pairs_of_directions():
    votes = np.random.default_rng(0).random((4, 6, 7), np.float32)
    before, told = votes.copy(), []
    semi_global(votes, progress=lambda items, what: (told.append(what) or item for item in items))
    assert_array_equal(votes, before)
    assert told == ["agreeing"] * 4

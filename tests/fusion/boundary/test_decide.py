"""Facts about decision maps without islands."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fusion.boundary.decide import SMALLEST, SPECK, SURE, without_islands


def halves(shape=(20, 30), left=0, right=1):
    labels = np.full(shape, left, np.uint16)
    labels[:, shape[1] // 2 :] = right
    return labels


def test_an_island_is_given_to_what_surrounds_it():
    labels, expected = halves(), halves()
    labels[5:8, 4:7] = 1
    labels[10:12, 20:25] = 0
    found = without_islands(labels, smallest=11 / 600)
    assert_array_equal(found, expected)
    assert found.dtype == np.uint16
    assert labels[5, 4] == 1  # the map that was given is as it was


def test_a_region_of_exactly_the_size_stays():
    labels = halves()
    labels[5:8, 4:7] = 1
    assert_array_equal(without_islands(labels, smallest=9 / 600), labels)
    assert_array_equal(without_islands(labels, smallest=9.5 / 600), halves())


def test_regions_that_touch_in_a_corner_are_two():
    labels = halves()
    labels[5:7, 4:6] = labels[7:9, 6:8] = 1
    assert_array_equal(without_islands(labels, smallest=5 / 600), halves())
    assert_array_equal(without_islands(labels, smallest=4 / 600), labels)


def test_among_many_frames_an_island_goes_to_the_nearest_region():
    labels = halves((20, 40), left=3, right=700)
    labels[:, 18:22] = 5
    labels[8:10, 1:3] = 9
    labels[8:10, 35:37] = 9
    found = without_islands(labels, smallest=10 / 800)
    expected = halves((20, 40), left=3, right=700)
    expected[:, 18:22] = 5
    assert_array_equal(found, expected)


def test_an_island_between_two_is_divided():
    labels = halves((20, 40))
    labels[8:12, 16:24] = 2
    assert_array_equal(without_islands(labels, smallest=33 / 800), halves((20, 40)))


def test_small_regions_beside_each_other_go_to_a_large_one():
    labels = halves()
    labels[5:8, 4:7], labels[5:8, 7:9] = 2, 4
    assert_array_equal(without_islands(labels, smallest=10 / 600), halves())


def test_a_share_of_nothing_leaves_all_as_it_is():
    labels = np.random.default_rng(0).integers(0, 3, (20, 30))
    assert_array_equal(without_islands(labels, smallest=0), labels)


def test_where_nothing_is_large_all_stays():
    labels = np.arange(600).reshape(20, 30)
    assert_array_equal(without_islands(labels, smallest=0.5), labels)


def test_one_frame_everywhere_stays():
    assert_array_equal(without_islands(np.zeros((20, 30), np.uint16), smallest=0.9), 0)


@pytest.mark.parametrize("is_small", [True, False])
def test_by_default_a_documented_share_is_small(is_small):
    labels = halves((400, 100))
    area = round(SMALLEST * labels.size) + (-1 if is_small else 1)
    labels[20:380, 10:20].flat[:area] = 1
    assert_array_equal(without_islands(labels), halves((400, 100)) if is_small else labels)


@pytest.mark.parametrize("doubt", [-0.01, 0.01])
def test_of_small_regions_only_those_are_islands_that_are_not_sure(doubt):
    labels, confidence = halves((200, 200)), np.full((200, 200), 0.2, np.float32)
    labels[50:60, 40:50] = 1
    confidence[50:60, 40:50] = SURE - doubt
    found = without_islands(labels, confidence)
    assert_array_equal(found, halves((200, 200)) if doubt > 0 else labels)


def test_a_speck_is_an_island_however_sure_it_is():
    labels, confidence = halves((200, 200)), np.ones((200, 200), np.float32)
    labels[50, 40 : 40 + round(SPECK * labels.size) - 1] = 1
    labels[90, 40 : 40 + round(SPECK * labels.size) + 1] = 1
    expected = halves((200, 200))
    expected[90] = labels[90]
    assert_array_equal(without_islands(labels, confidence), expected)

"""Where results differ most."""

import numpy as np

from fusion.report.regions import LARGEST, MOST, find_regions, range_of


def test_the_one_place_that_differs_is_found():
    first = np.full((400, 600), 100, np.uint8)
    second = first.copy()
    second[200:248, 300:348] = 160
    region = find_regions([first, second])[0]
    assert abs(region.x - 300) <= 12 and abs(region.y - 200) <= 12
    assert 30 < region.difference <= 60


def test_the_largest_difference_comes_first_and_regions_lie_apart():
    rng = np.random.default_rng(0)
    first = np.full((500, 700, 3), 128, np.uint8)
    second = rng.integers(0, 256, first.shape).astype(np.uint8)
    second[:, 350:] //= 8
    regions = find_regions([first, second])
    assert len(regions) == MOST
    assert sorted((r.difference for r in regions), reverse=True) == [r.difference for r in regions]
    for index, one in enumerate(regions):
        assert 0 <= one.x <= 700 - one.width and 0 <= one.y <= 500 - one.height
        for other in regions[:index]:
            assert abs(one.x - other.x) >= one.width or abs(one.y - other.y) >= one.height


def test_pictures_that_are_alike_have_none():
    picture = np.random.default_rng(0).integers(0, 255, (90, 90, 3)).astype(np.uint8)
    assert find_regions([picture, picture]) == find_regions([picture]) == []
    assert find_regions([picture, picture | 1]) == []


def test_what_differs_in_brightness_alone_has_none():
    picture = np.random.default_rng(0).integers(0, 120, (300, 400)).astype(np.uint8)
    assert find_regions([picture, picture + 100]) == []


def test_small_and_large_pictures_have_regions_that_fit():
    for shape, side in (((20, 30), 20), ((1, 1), 1), ((3000, 4000), LARGEST)):
        pictures = [np.full(shape, 100, np.uint8) for _ in range(2)]
        pictures[1][::2, ::2] = 200
        for region in find_regions(pictures):
            assert region.width == region.height == side
            assert 15 < region.difference < 60


def test_range_is_that_of_the_details_of_all_pictures():
    pictures = [np.full((9, 9), 100, np.uint8) for _ in range(3)]
    pictures[1][4, 4], pictures[2][4, 4] = 190, 55
    found = range_of(pictures, 3)
    assert (found[4, 4], found[0, 0]) == (120, 0)

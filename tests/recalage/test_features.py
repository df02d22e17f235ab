"""Features are found at the right places, in dark, flat and large pictures too."""

import cv2
import numpy as np
import pytest

from data import DataError
from recalage import find_features, match


def test_a_half_turn_takes_features_to_the_opposite_place(photograph):
    """Sensitive to half a pixel: the mean error of 300 matches or more is that of the convention."""
    turned = photograph[::-1, ::-1]
    source, target = match(find_features(photograph), find_features(turned))
    height, width = photograph.shape[:2]
    assert len(source) > 300
    assert np.abs(np.median(source + target - (width - 1, height - 1), axis=0)).max() < 0.02


@pytest.mark.parametrize("size", [(1280, 1280), (901, 1403)])
def test_features_of_a_large_picture_are_at_its_own_pixels(photograph, size):
    height, width = size
    large = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_CUBIC)
    features = find_features(large)
    source, target = match(features, find_features(photograph))
    scale = np.divide((512, 512), (width, height))
    assert features.pitch > 1.5
    assert np.abs(np.median((source + 0.5) * scale - 0.5 - target, axis=0)).max() < 0.04


def test_a_small_picture_is_not_reduced(photograph):
    assert find_features(photograph).pitch == 1


@pytest.mark.parametrize("contrast", [0.02, 0.2])
def test_a_flat_picture_has_the_features_of_a_contrasted_one(photograph, contrast):
    image = photograph.astype(np.float32) / 255
    source, target = match(find_features(image), find_features(0.3 + contrast * image))
    assert len(source) > 0.8 * len(find_features(image).points)
    assert np.median(np.abs(source - target)) < 0.1


def test_however_the_picture_is_held_its_features_are_the_same(photograph):
    held = [photograph, photograph.astype(np.uint16) * 257, (photograph / 255).astype(np.float32)]
    points = [find_features(image).points for image in held]
    assert np.array_equal(points[0], points[1]) and np.array_equal(points[0], points[2])


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_a_blank_picture_has_none(value):
    features = find_features(np.full((80, 100), value, np.float32))
    assert features.points.shape == (0, 2) and features.descriptors.shape == (0, 128)


@pytest.mark.parametrize("blank", [np.uint8(90), np.uint16(30000), np.float32(0.1234)])
@pytest.mark.parametrize("shape", [(800, 1200), (1200, 801, 3)])
def test_a_large_blank_picture_has_none(blank, shape):
    """Reducing it leaves rounding errors, which are no features."""
    assert len(find_features(np.full(shape, blank)).points) == 0


def test_a_line_of_pixels_has_none():
    assert len(find_features(np.linspace(0, 1, 50, dtype=np.float32)[None]).points) == 0


def test_what_is_no_image_is_refused():
    with pytest.raises(DataError, match=r"^image has values in \[0, 2\]"):
        find_features(np.diag([2.0, 1.0]))


def test_matches_are_pairs_in_either_direction(photograph, other_photograph):
    first, second = find_features(photograph), find_features(cv2.GaussianBlur(photograph, (0, 0), 2))
    forward, backward = match(first, second), match(second, first)
    order, reverse = (np.lexsort(np.hstack(pair).T) for pair in (forward, backward[::-1]))
    assert np.array_equal(np.hstack(forward)[order], np.hstack(backward[::-1])[reverse])


def test_a_stricter_ratio_keeps_fewer_matches(photograph):
    first, second = find_features(photograph), find_features(cv2.GaussianBlur(photograph, (0, 0), 2))
    counts = [len(match(first, second, ratio=ratio)[0]) for ratio in (0.5, 0.75, 1)]
    assert counts[0] < counts[1] < counts[2]


def test_a_picture_that_repeats_itself_has_no_match(photograph):
    """Its features are there twice, but for those at the seam and at the border, so that none is distinct."""
    twice = np.hstack([photograph[:256, :256]] * 2)
    assert len(match(find_features(twice), find_features(twice))[0]) < 0.3 * len(find_features(twice).points)


@pytest.mark.parametrize("ratio", [0, -1, 1.1, float("nan")])
def test_a_ratio_out_of_range_is_refused(photograph, ratio):
    features = find_features(photograph[:64, :64])
    with pytest.raises(ValueError, match=r"ratio must lie in \(0, 1\]"):
        match(features, features, ratio=ratio)

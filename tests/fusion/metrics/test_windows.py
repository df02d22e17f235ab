"""Means over windows, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fusion.metrics.windows import gaussian, is_constant, mean_everywhere, mean_of


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(1).integers(0, 256, (11, 13)).astype(float)


def test_a_gaussian_is_symmetric_and_sums_to_one():
    samples = gaussian(7, 1.5)
    assert samples.sum() == pytest.approx(1)
    assert samples[0] / samples[3] == pytest.approx(np.exp(-2))
    assert_allclose(samples, samples[::-1])
    assert_allclose(gaussian(4, 1)[1:3], 1 / (2 + 2 * np.exp(-1)))  # at +-0.5 and +-1.5


@pytest.mark.parametrize("size", [3, 7, 8])
def test_windows_that_fit_are_those_inside(image, size):
    """A lopsided window tells which sample meets which pixel."""
    window = np.arange(1.0, size + 1)
    means = mean_of(image, window)
    assert means.shape == (12 - size, 14 - size)
    assert means[0, 0] == pytest.approx(window @ image[:size, :size] @ window)
    assert means[-1, -1] == pytest.approx(window @ image[-size:, -size:] @ window)


@pytest.mark.parametrize("size", [3, 7, 8])
def test_outside_the_image_are_zeros(image, size):
    window = np.arange(1.0, size + 1)
    means, padded = mean_everywhere(image, window), np.pad(image, size)
    assert means.shape == image.shape
    for row, column in ((0, 0), (10, 12), (5, 0)):
        top, left = row + size - size // 2, column + size - size // 2
        around = padded[top : top + size, left : left + size]
        assert means[row, column] == pytest.approx(window @ around @ window)


@pytest.mark.parametrize("size", [7, 8])
def test_a_window_is_constant_only_if_every_pixel_is(size):
    image = np.full((12, 14), 3.0)
    image[5, 6] = 4
    constant = is_constant(image, np.ones(size))
    expected = [
        [np.ptp(image[row : row + size, column : column + size]) == 0 for column in range(15 - size)]
        for row in range(13 - size)
    ]
    assert constant.tolist() == expected

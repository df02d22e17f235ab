"""Maximum of the Laplacian of Gaussian: the filter by hand, the choice by the definition."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import convolve2d

from data import to_float, to_gray
from fusion.log_maximum import LogMaximum, laplacian_of_gaussian

SMOOTH = {3: np.array([1, 2, 1.0]), 5: np.array([1, 4, 6, 4, 1.0])}
CURVATURE = {3: np.array([1, -2, 1.0]), 5: np.array([1, 0, -2, 0, 1.0])}


def frames_of(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def chosen(frames, kernel_size=5):
    found = LogMaximum(kernel_size)
    for position, frame in enumerate(frames):
        found.add(frame, position)
    return found


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_the_response_to_a_point_is_that_of_both_kernels(kernel_size):
    image = np.zeros((21, 21), np.float32)
    image[10, 10] = 0.75
    smooth, reach = SMOOTH[kernel_size], kernel_size - 1
    second = np.outer(CURVATURE[kernel_size], smooth)
    kernel = convolve2d(np.outer(smooth, smooth) / smooth.sum() ** 2, second + second.T)
    expected = np.zeros_like(image)
    expected[10 - reach : 11 + reach, 10 - reach : 11 + reach] = 0.75 * np.abs(kernel)
    assert_allclose(laplacian_of_gaussian(image, kernel_size), expected, atol=1e-5)


@pytest.mark.parametrize("kernel_size", [3, 5, 9])
def test_a_plane_has_none_and_a_bowl_the_same_everywhere(kernel_size):
    y, x = np.mgrid[:60, :60] / 60
    inner = slice(kernel_size, -kernel_size)
    plane = laplacian_of_gaussian((0.3 * x + 0.2 * y).astype(np.float32), kernel_size)
    bowl = laplacian_of_gaussian((0.4 * x * x + 0.5 * y * y).astype(np.float32), kernel_size)
    assert_allclose(bowl[inner, inner], np.median(bowl), rtol=0.02)
    assert plane[inner, inner].max() < 0.02 * np.median(bowl)


@pytest.mark.parametrize("kernel_size", [3, 5, 31])
@pytest.mark.parametrize("shape", [(5, 40, 33, 3), (5, 40, 33)], ids=str)
def test_each_pixel_is_that_of_the_frame_with_the_maximum(shape, kernel_size):
    frames = frames_of(shape)
    strengths = np.array([laplacian_of_gaussian(frame, kernel_size) for frame in frames])
    strongest = strengths.argmax(axis=0)
    found = chosen(frames, kernel_size)
    assert_array_equal(found.index, strongest)
    assert found.index.dtype == np.uint16
    rows, columns = np.indices(strongest.shape)
    assert_array_equal(found.image, frames[strongest, rows, columns])
    share = strengths.max(axis=0) / strengths.sum(axis=0)
    assert_allclose(found.confidence(5), (5 * share - 1) / 4, atol=1e-5)


def test_ties_go_to_the_first_frame():
    frame = np.rint(256 * frames_of((20, 20))) / 256  # so that nothing is rounded
    found = chosen([frame, 1 - frame, frame])  # the negative is as strong
    assert_array_equal(found.index, 0)
    assert_array_equal(found.image, frame)


def test_colours_are_judged_by_their_gray_value():
    frame = np.rint(255 * frames_of((20, 20, 3))).astype(np.uint8)
    assert_array_equal(laplacian_of_gaussian(frame), laplacian_of_gaussian(to_float(to_gray(frame))))


def test_frames_of_8_and_16_bits_go_together():
    eight = np.rint(255 * frames_of((30, 30))).astype(np.uint8)
    sixteen = np.rint(65535 * frames_of((30, 30), seed=1)).astype(np.uint16)
    expected = chosen([eight.astype(np.uint16) * 257, sixteen])
    for frames in ([eight, sixteen], [sixteen, eight]):
        found = chosen(frames)
        assert found.image.dtype == np.uint16
        assert_array_equal(found.image, expected.image)


def test_frames_are_not_changed():
    frames = frames_of((3, 20, 20))
    before = frames.copy()
    chosen(frames)
    assert_array_equal(frames, before)

"""Focus measures against their formulas, and what all of them have in common."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from fusion.depth import FOCUS_MEASURES
from fusion.depth.focus_measures import SINGLE_SCALE, multi_scale, ring_kernel

LAPLACE = np.float64([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def filtered(gray, kernel):
    """Correlation in float64, the picture mirrored about its outermost pixels."""
    return ndimage.correlate(gray.astype(np.float64), np.asarray(kernel, np.float64), mode="mirror")


def outer(down, across):
    return np.outer(down, across)


def gaussian(size):
    """Weights of a Gaussian; up to a side of 9 OpenCV has rounded ones of its own, binomial for 3."""
    if size == 3:
        return np.float64([1, 2, 1]) / 4
    weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / (0.15 * size + 0.35)) ** 2)
    return weights / weights.sum()


def slow_log(gray, size):
    return filtered(filtered(gray, outer(gaussian(size), gaussian(size))), LAPLACE) ** 2


def slow_sml(gray, size):
    step = size // 2
    padded = np.pad(gray.astype(np.float64), step, mode="reflect")
    height, width = gray.shape
    middle = padded[step : step + height, step : step + width]
    left, right = padded[step : step + height, :width], padded[step : step + height, 2 * step :]
    above, below = padded[:height, step : step + width], padded[2 * step :, step : step + width]
    return (np.abs(2 * middle - left - right) + np.abs(2 * middle - above - below)) ** 2


def slow_tenengrad(gray, size):
    smooth = gaussian(size)
    slope = (np.arange(size) - size // 2) * smooth
    slope /= (slope * (np.arange(size) - size // 2)).sum()
    return filtered(gray, outer(smooth, slope)) ** 2 + filtered(gray, outer(slope, smooth)) ** 2


def slow_variance(gray, size):
    padded = np.pad(gray.astype(np.float64), size // 2, mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size)).var(axis=(2, 3))


def slow_ring(gray, size):
    inner = size // 2
    outer_radius = inner + max(1, inner) + 1
    y, x = np.indices((2 * outer_radius + 1, 2 * outer_radius + 1)) - outer_radius
    disc, ring = np.hypot(x, y) <= inner + 0.25, np.abs(np.hypot(x, y) - outer_radius) <= 0.5
    return (filtered(gray, disc / disc.sum()) - filtered(gray, ring / ring.sum())) ** 2


SLOW = {"log": slow_log, "sml": slow_sml, "tenengrad": slow_tenengrad, "variance": slow_variance, "ring": slow_ring}


@pytest.fixture(scope="module")
def gray(texture):
    return np.ascontiguousarray(texture[:61, :97, 1])


@pytest.mark.parametrize("size", [3, 11, 15])
@pytest.mark.parametrize("name", SLOW)
def test_measures_are_their_formulas(gray, name, size):
    measured = FOCUS_MEASURES[name](gray, size)
    assert_allclose(measured, SLOW[name](gray, size), rtol=1e-3, atol=1e-6)
    assert measured.max() > 1e-4


def test_there_is_a_formula_for_every_measure_and_each_has_a_multi_scale_one():
    assert set(SLOW) == set(SINGLE_SCALE)
    assert set(FOCUS_MEASURES) == {*SLOW, *(f"multi-scale-{name}" for name in SLOW)}


@pytest.mark.parametrize(
    ("name", "middle", "beside"),
    [
        ("log", 0.5**2, 0.125**2),
        ("sml", 4.0**2, 1.0),
        ("tenengrad", 0, (0.5 * 0.5) ** 2),
        ("variance", 1 / 9 - 1 / 81, 1 / 9 - 1 / 81),
        ("ring", 0.2**2, 0.2**2),
    ],
)
def test_a_single_white_pixel(name, middle, beside):
    picture = np.zeros((15, 17), np.float32)
    picture[7, 8] = 1
    measured = FOCUS_MEASURES[name](picture)
    assert measured[7, 8] == pytest.approx(middle, abs=1e-6)
    assert_allclose([measured[6, 8], measured[8, 8], measured[7, 7], measured[7, 9]], beside, atol=1e-6)
    assert_array_equal(measured[0], 0)


def test_a_ramp_has_a_slope_and_no_curvature():
    ramp = np.float32(0.01) * np.arange(40, dtype=np.float32) * np.ones((30, 1), np.float32)
    inside = np.s_[8:-8, 8:-8]
    assert_allclose(FOCUS_MEASURES["tenengrad"](ramp)[inside], 0.01**2, rtol=1e-3)
    assert_allclose(FOCUS_MEASURES["variance"](ramp)[inside], 0.01**2 * 2 / 3, rtol=1e-3)
    for name in ("log", "sml", "ring"):
        assert FOCUS_MEASURES[name](ramp)[inside].max() < 1e-12


@pytest.mark.parametrize("size", [3, 5, 9])
def test_disc_and_ring_weigh_the_same_and_a_gap_parts_them(size):
    kernel, inner = ring_kernel(size), size // 2
    assert kernel.sum() == pytest.approx(0, abs=1e-6)
    assert kernel[kernel > 0].sum() == pytest.approx(1, abs=1e-6)
    assert_array_equal(kernel, kernel.T)
    assert_array_equal(kernel, kernel[::-1])
    middle = kernel[len(kernel) // 2]
    assert np.count_nonzero(middle > 0) == size
    assert_array_equal(middle[1 : 1 + inner], 0)  # the gap is as wide as the radius of the disc
    assert middle[0] < 0


@pytest.mark.parametrize("name", SLOW)
def test_more_scales_are_added(gray, name):
    measure, half = FOCUS_MEASURES[name], cv2.pyrDown(gray)
    quarter = cv2.pyrDown(half)
    coarse = measure(half, 3) + cv2.pyrUp(measure(quarter, 3), dstsize=half.shape[::-1])
    expected = measure(gray, 3) + cv2.pyrUp(coarse, dstsize=gray.shape[::-1])
    assert_allclose(FOCUS_MEASURES[f"multi-scale-{name}"](gray, 3), expected, rtol=1e-6)


@pytest.mark.parametrize("name", SLOW)
def test_coarse_scales_lie_on_fine_ones(name):
    """A blob stays in its place: the centre of gravity of its measure is its own."""
    y, x = np.indices((101, 121))
    blob = np.exp(-((y - 48) ** 2 + (x - 60) ** 2) / (2 * 4**2)).astype(np.float32)
    measured = FOCUS_MEASURES[f"multi-scale-{name}"](blob, 3).astype(np.float64)
    assert np.average(y, weights=measured) == pytest.approx(48, abs=0.05)
    assert np.average(x, weights=measured) == pytest.approx(60, abs=0.05)


def test_scales_smaller_than_two_kernels_are_left_out(gray):
    for side, scales in ((13, 1), (14, 2), (26, 2), (28, 3), (56, 3)):
        square = gray[:side, :side].copy()
        expected = multi_scale(FOCUS_MEASURES["log"], square, 7, scales=scales)
        assert_array_equal(FOCUS_MEASURES["multi-scale-log"](square, 7), expected)
        assert scales == 1 or (expected != multi_scale(FOCUS_MEASURES["log"], square, 7, scales=scales - 1)).any()


@pytest.mark.parametrize("name", FOCUS_MEASURES)
@pytest.mark.parametrize("level", [0, 0.2, 1])
def test_nothing_is_sharp_on_an_even_picture(name, level):
    assert FOCUS_MEASURES[name](np.full((20, 30), level, np.float32), 5).max() < 1e-12


@pytest.mark.parametrize("name", FOCUS_MEASURES)
def test_blur_lowers_and_contrast_raises_by_its_square(gray, name):
    measure = FOCUS_MEASURES[name]
    sums = [measure(cv2.GaussianBlur(gray, (0, 0), sigma), 5).sum() for sigma in (0.3, 1, 2, 4)]
    assert (np.diff(sums) < -0.1 * np.float64(sums[:-1])).all()
    assert_allclose(measure(gray / 2, 5), measure(gray, 5) / 4, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("name", FOCUS_MEASURES)
def test_turning_and_mirroring_the_picture_does_so_to_the_measure(gray, name):
    square = gray[:61, :61].copy()  # whose half has every other pixel from the first to the last
    measure, rim = FOCUS_MEASURES[name], 0 if name in SLOW else 12  # OpenCV enlarges both rims differently
    inside = np.s_[rim : 61 - rim, rim : 61 - rim]
    for turned in (np.transpose, np.flipud, np.fliplr):
        again = measure(np.ascontiguousarray(turned(square)), 3)
        assert_allclose(again[inside], turned(measure(square, 3))[inside], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3), (61, 97)])
@pytest.mark.parametrize("name", FOCUS_MEASURES)
def test_sizes_of_pictures_and_kernels(gray, name, shape):
    picture = gray[: shape[0], : shape[1]].copy()
    before = picture.copy()
    for size in (3, 7, 49):
        measured = FOCUS_MEASURES[name](picture, size)
        assert measured.shape == shape
        assert measured.dtype == np.float32
        assert np.isfinite(measured).all() and measured.min() >= 0
    assert_array_equal(picture, before)

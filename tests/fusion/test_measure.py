"""Facts about contrast, saturation and well-exposedness; those about saliency are in test_guided."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import to_gray
from fusion.measure import contrast, saturation, unscaled, well_exposedness

LUMA = (0.298936021293776, 0.587043074451121, 0.114020904255103)
MEASURES = [contrast, saturation, well_exposedness]


def flat(colour, dtype=np.float32, shape=(6, 7)):
    return np.full((*shape, 3), colour, dtype)


def levels(shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


# --- contrast --------------------------------------------------------------------------------------------------------


def test_contrast_of_a_point_is_the_laplacian():
    point = np.zeros((5, 5), np.float32)
    point[2, 1] = 0.5
    expected = np.zeros((5, 5))
    expected[2, 0:3] = expected[1:4, 1] = 0.5
    expected[2, 1] = 2
    found = contrast(point)
    assert found.dtype == np.float32
    assert_allclose(found, expected, atol=1e-7)


def test_contrast_at_the_border_continues_the_last_pixel():
    image = np.array([[0.1, 0.5], [0.2, 0.9]], np.float32)
    assert_allclose(contrast(image), [[0.4 + 0.1, 0.4 - 0.4], [0.7 - 0.1, 0.7 + 0.4]], atol=1e-6)
    assert_allclose(contrast(np.array([[0.1, 0.5, 0.2]], np.float32)), [[0.4, 0.7, 0.3]], atol=1e-6)
    assert_array_equal(contrast(np.array([[0.3]], np.float32)), [[0]])


def test_contrast_of_colour_is_that_of_its_gray_value_unrounded():
    image = levels((9, 11, 3))
    gray = image / 255 @ LUMA
    assert_allclose(contrast(image), contrast(gray.astype(np.float32)), atol=1e-6)
    assert np.abs(contrast(image) - contrast(to_gray(image))).max() > 1e-3  # rounded to 8 bits, as for saliency


@pytest.mark.parametrize("channel", range(3))
def test_each_channel_counts_by_its_share_of_luma(channel):
    image = np.zeros((3, 3, 3), np.float32)
    image[1, 1, channel] = 1
    assert contrast(image)[1, 1] == pytest.approx(4 * LUMA[channel], rel=1e-6)
    assert contrast(image)[0, 1] == pytest.approx(LUMA[channel], rel=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_differences_of_integers_are_exact(dtype):
    """Scaled to [0, 1] before the differences are taken, a ramp would have contrast by rounding."""
    ramp = np.tile(np.arange(20, dtype=dtype) * 5, (5, 1))
    assert_array_equal(contrast(np.dstack([ramp, 2 * ramp, ramp + 3]))[:, 1:-1], 0)


# --- saturation ------------------------------------------------------------------------------------------------------


def test_saturation_is_the_standard_deviation_over_the_channels():
    image = np.random.default_rng(3).random((5, 4, 3), np.float32)
    found = saturation(image)
    assert found.dtype == np.float32
    assert_allclose(found, image.astype(float).std(axis=2), atol=1e-6)


def test_saturation_of_colours_known_by_name():
    colours = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0.5, 0.25, 0]]], np.float32)
    assert_allclose(saturation(colours), [[np.sqrt(2) / 3] * 4 + [np.sqrt(1 / 24)]], rtol=1e-6)


# --- well-exposedness ------------------------------------------------------------------------------------------------


def test_well_exposedness_by_hand():
    gray = np.array([[0.5, 0.7, 0.3, 0, 1]], np.float32)
    expected = [[1, np.exp(-0.5), np.exp(-0.5), np.exp(-3.125), np.exp(-3.125)]]  # 0.2 is one sigma
    assert_allclose(well_exposedness(gray), expected, rtol=1e-5)
    assert_allclose(well_exposedness(gray, 0.1), np.array(expected) ** 4, rtol=1e-5)
    assert well_exposedness(gray).dtype == np.float32


def test_well_exposedness_of_colour_is_the_product_of_its_channels():
    image = np.random.default_rng(4).random((5, 4, 3), np.float32)
    product = well_exposedness(image[..., 0]) * well_exposedness(image[..., 1]) * well_exposedness(image[..., 2])
    assert_allclose(well_exposedness(image), product, rtol=1e-5)


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("share", [0, 1 / 255, 0.1, 1 / 3, 0.5, 0.7, 1])
def test_flat_gray_has_no_contrast_and_no_saturation_at_all(share, dtype):
    value = round(share * np.iinfo(dtype).max) if np.dtype(dtype).kind == "u" else share
    gray = flat((value,) * 3, dtype)
    assert_array_equal(saturation(gray), 0)
    assert_array_equal(contrast(gray), 0)
    assert_array_equal(contrast(gray[..., 0]), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_flat_colours_have_no_contrast_at_all(dtype):
    for colour in np.random.default_rng(5).random((40, 3)):
        scaled = colour if dtype is np.float32 else (colour * np.iinfo(dtype).max).astype(dtype)
        assert_array_equal(contrast(flat(scaled, dtype)), 0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_measure_as_floats_do(measure, dtype):
    image = levels((13, 17, 3), dtype)
    as_float = (image / np.iinfo(dtype).max).astype(np.float32)
    assert_allclose(measure(image), measure(as_float), atol=1e-6)
    if measure is not saturation:
        assert_allclose(measure(image[..., 1]), measure(as_float[..., 1]), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_is_unscaled_once_measures_the_same_and_stays_as_it_is(dtype):
    image = levels((8, 9, 3), dtype) if dtype is not np.float32 else np.random.default_rng(6).random((8, 9, 3), dtype)
    before, once = image.copy(), unscaled(image)
    for measure in MEASURES:
        assert_array_equal(measure(once), measure(image))
    assert_array_equal(image, before)
    assert unscaled(once) is once


@pytest.mark.parametrize("dtype", [np.int32, np.int8, bool, complex])
def test_values_of_other_types_are_refused(dtype):
    with pytest.raises(ValueError, match="uint8, uint16, or float"):
        contrast(np.zeros((4, 4, 3), dtype))


def test_integers_keep_their_values_and_name_their_white():
    for dtype, white in ((np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1)):
        values, full_scale = unscaled(np.array([[0, 1]], dtype))
        assert values.dtype == np.float32
        assert_array_equal(values, [[0, 1]])
        assert full_scale == white


def test_big_endian_integers_are_integers_too():
    image = levels((4, 5, 3), np.uint16)
    assert_array_equal(contrast(image.astype(">u2")), contrast(image))

"""The gray value of a colour does not depend on how the picture is held."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import to_gray
from data.gray import LUMA


@pytest.fixture(scope="module")
def levels(texture):
    return np.rint(texture * 255).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64, ">f4"])
def test_gray_of_an_eight_bit_picture_is_rounded_however_it_is_held(levels, dtype):
    held = levels.astype(np.uint16) * 257 if dtype == np.uint16 else (levels / 255).astype(dtype)
    gray = to_gray(held)
    assert gray.dtype == np.float32
    assert_allclose(gray * 255, to_gray(levels), atol=1e-4)


@pytest.mark.parametrize("deep", [False, True])
def test_gray_of_a_finer_picture_is_not_rounded(texture, deep):
    image = (texture * 65535).astype(np.uint16) if deep else texture
    expected = (image / (65535 if deep else 1)) @ LUMA[0].astype(float)
    assert_allclose(to_gray(image), expected, atol=1e-6)
    assert np.abs(expected * 255 - np.rint(expected * 255)).max() > 0.4


def test_gray_of_eight_bits_is_the_nearest_level(levels):
    assert np.abs(to_gray(levels) - levels @ LUMA[0].astype(float)).max() < 0.501

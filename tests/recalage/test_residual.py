"""Misalignment reads what was imposed."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError
from recalage import RegistrationError, misalignment


def moved(photograph, matrix):
    size = photograph.shape[1::-1]
    return cv2.warpPerspective(photograph, matrix, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)


def shifted(photograph, distance):
    return moved(photograph, np.array([[1, 0, 0.6 * distance], [0, 1, 0.8 * distance], [0, 0, 1]]))


def test_equal_images_are_not_apart(photograph):
    assert misalignment(photograph, photograph) == 0


@pytest.mark.parametrize("distance", [0.3, 1, 3, 10, 30])
def test_a_shift_is_read(photograph, distance):
    assert misalignment(photograph, shifted(photograph, distance)) == pytest.approx(distance, rel=0.01, abs=0.07)


@pytest.mark.parametrize("distance", [1, 10, 30])
def test_a_shift_of_a_blurred_image_is_read(photograph, distance):
    blurred = cv2.GaussianBlur(shifted(photograph, distance), (0, 0), 3)
    assert misalignment(photograph, blurred) == pytest.approx(distance, rel=0.02, abs=0.2)


def test_blur_alone_reads_little(photograph):
    assert misalignment(photograph, cv2.GaussianBlur(photograph, (0, 0), 3)) < 0.3


@pytest.mark.parametrize("scale", [0.9, 0.95, 0.99, 1.02, 1.06])
def test_a_scale_is_read(photograph, scale):
    """About the centre, the root mean square over all pixels of a square is its side times 0.408."""
    centre = 511 / 2 * (1 - scale)
    scaled = moved(photograph, np.array([[scale, 0, centre], [0, scale, centre], [0, 0, 1]]))
    assert misalignment(photograph, scaled) == pytest.approx(0.408 * 512 * abs(1 - scale), rel=0.15)


def test_a_scale_is_read_from_few_matches(photograph):
    """Where displacements cancel in the mean, a plain median would read next to nothing."""
    scale, centre = 0.95, 511 / 2 * 0.05
    scaled = moved(photograph, np.array([[scale, 0, centre], [0, scale, centre], [0, 0, 1]]))
    blurred = [cv2.GaussianBlur(image, (0, 0), 7) for image in (photograph, scaled)]
    assert misalignment(*blurred) == pytest.approx(0.408 * 512 * 0.05, rel=0.3)


def test_a_large_frame_is_measured_in_its_own_pixels(photograph):
    large = cv2.resize(photograph, (1400, 1400), interpolation=cv2.INTER_CUBIC)
    assert misalignment(large, shifted(large, 10)) == pytest.approx(10, abs=0.1)


def test_a_displaced_part_counts(photograph):
    """A sixteenth of the image, 8 pixels off: 2 in the root mean square; 0.5 if it were lost in the mean."""
    patched = photograph.copy()
    patched[192:320, 192:320] = photograph[200:328, 192:320]
    assert 1.2 < misalignment(photograph, patched) < 3.5


@pytest.mark.parametrize("shift", [9, 30])
@pytest.mark.parametrize("share", [0.25, 0.4])
def test_a_large_part_far_away_counts(photograph, share, shift):
    """Neither its size nor its distance takes a part out of the measure."""
    width = photograph.shape[1]
    patched, first = photograph.copy(), round((1 - share) * width)
    patched[:, first:] = np.roll(photograph, shift, axis=0)[:, first:]
    assert misalignment(photograph, patched) == pytest.approx(shift * share**0.5, rel=0.35)


@pytest.mark.parametrize(("scale", "sigma"), [(1.01, 2), (0.97, 5), (0.9, 5)])
def test_the_order_does_not_matter(photograph, scale, sigma):
    """With much blur, the inliers of the two directions differ."""
    turn = np.array([[scale, 0.03, 5], [-0.03, scale, 9], [1e-4, 0, 1]])
    turned = cv2.warpPerspective(photograph, turn, (512, 512))
    blurred = cv2.GaussianBlur(turned, (0, 0), sigma)
    assert misalignment(photograph, blurred) == misalignment(blurred, photograph)


def test_exposure_does_not_matter(photograph):
    assert_allclose(misalignment(photograph, shifted(photograph, 4) // 3), 4, atol=0.1)


def test_unrelated_images_cannot_be_measured(photograph, other_photograph):
    with pytest.raises(RegistrationError, match=r"cannot be measured: \d+ of \d+ matches agree, and 12") as error:
        misalignment(photograph, other_photograph)
    assert error.value.matches < 12


def test_sizes_must_agree(photograph):
    with pytest.raises(ValueError, match=r"one size, got shapes \(512, 512, 3\) and \(512, 400, 3\)"):
        misalignment(photograph, photograph[:, :400])


def test_what_is_no_image_is_named(photograph):
    with pytest.raises(DataError, match="^target has values"):
        misalignment(photograph, photograph * 2.0)

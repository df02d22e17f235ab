"""What VIFF takes for information."""

import cv2
import numpy as np
import pytest

from fusion.metrics import UndefinedScore
from fusion.metrics.fidelity import NOISE, WINDOWS, information, viff
from fusion.metrics.windows import mean_of

FIVE = WINDOWS[2]  # samples


@pytest.fixture(scope="module")
def picture(texture):
    """Gray levels 64..191, all even, so that their contrast can be doubled and halved."""
    return (64 + 2 * np.rint(63 * texture[..., 0])).astype(np.uint8)


def contrast(picture, factor):
    return np.rint(128 + factor * (picture.astype(float) - 128)).astype(np.uint8)


def test_information_through_a_gain_by_hand():
    source = np.random.default_rng(4).uniform(0, 255, (20, 20))
    gain, carried, present = information(source, 0.5 * source + 7, FIVE)
    variance = mean_of(source**2, FIVE) - mean_of(source, FIVE) ** 2
    assert gain.shape == (16, 16)
    assert gain == pytest.approx(np.full((16, 16), 0.5))
    assert present == pytest.approx(np.log10(1 + variance / NOISE))
    assert carried == pytest.approx(np.log10(1 + variance / 4 / NOISE))


@pytest.mark.parametrize("level", [0.0, 77.0, 201.3])
def test_a_flat_window_has_no_gain_at_all(level):
    """Rounding errors would decide between two sources."""
    image, flat = np.random.default_rng(4).uniform(0, 255, (20, 20)), np.full((20, 20), level)
    for source, fused in ((flat, image), (image, flat)):
        gain, carried, _ = information(source, fused, FIVE)
        assert not gain.any() and not carried.any()


def test_a_window_means_what_lies_in_it():
    image = np.random.default_rng(4).uniform(0, 255, (9, 12))
    offset = np.arange(-4, 5)
    weights = np.exp(-np.add.outer(offset**2, offset**2) / (2 * 1.8**2))
    mean = mean_of(image, WINDOWS[1])
    assert mean.shape == (1, 4)
    assert mean[0, 3] == pytest.approx(np.sum(weights * image[:, 3:]) / weights.sum())


def test_a_copy_carries_everything_and_more_contrast_more(picture):
    assert viff([picture, picture], picture) == pytest.approx(1, abs=1e-9)
    assert viff([picture, picture], contrast(picture, 2)) > 1.1
    assert viff([picture, picture], contrast(picture, 0.5)) < 0.9
    assert viff([picture, picture], cv2.GaussianBlur(picture, (0, 0), 2)) < 0.9


def test_brightness_is_no_information(picture):
    assert viff([picture, picture], picture + 40) == pytest.approx(1, abs=1e-9)


def test_nothing_comes_through_a_flat_or_a_negative_image(picture):
    assert viff([picture, picture], np.full_like(picture, 9)) == pytest.approx(0, abs=1e-5)
    assert viff([picture, picture], 255 - picture) == pytest.approx(0, abs=1e-5)


def test_black_sources_leave_nothing_to_miss(picture):
    black = np.zeros_like(picture)
    assert viff([black, black], picture) == pytest.approx(1)


def test_the_source_of_the_smallest_gain_counts(picture):
    weak, strong = contrast(picture, 0.5), contrast(picture, 2)
    alone = viff([strong, strong], picture)
    assert alone < viff([weak, weak], picture)
    for sources in ([weak, strong], [strong, weak], [weak, strong, picture], [picture, weak, strong]):
        assert viff(sources, picture) == pytest.approx(alone, rel=1e-12)


def test_of_equal_gains_the_last_source_counts(picture):
    """A negative has gain 0, as black has; black alone leaves nothing to miss."""
    black = np.zeros_like(picture)
    assert viff([255 - picture, black], picture) == pytest.approx(1)
    assert viff([black, 255 - picture], picture) == pytest.approx(0, abs=1e-5)


def test_four_scales_fit_into_41_pixels(picture):
    small = picture[:41, :90]
    assert viff([small, small], small) == pytest.approx(1)
    with pytest.raises(UndefinedScore, match="VIFF needs images of 41 x 41 pixels or more, got 90 x 40"):
        viff([small[:40], small[:40]], small[:40])

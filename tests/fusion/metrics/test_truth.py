"""Facts about the error of a picture against the true one."""

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from data import DataError, to_float
from fusion.metrics.truth import psnr, ssim


@pytest.fixture
def eight_bit(texture):
    return np.rint(texture * 255).astype(np.uint8)


def noisy(image, amount=0.1, seed=0):
    noise = np.random.default_rng(seed).normal(0, amount, image.shape)
    return (image + noise).clip(0, 1)


def test_psnr_of_a_known_error():
    image = np.full((4, 4), 0.5)
    assert psnr(image, image + 0.1) == pytest.approx(20)
    assert psnr(image, image - 0.01) == pytest.approx(40)
    assert psnr(image, image) == float("inf")
    assert isinstance(psnr(image, image + 0.1), float)


def test_psnr_of_one_wrong_channel_is_the_mean_over_all_three():
    image = np.zeros((4, 4, 3))
    wrong = image.copy()
    wrong[..., 1] = 0.3
    assert psnr(wrong, image) == pytest.approx(-10 * np.log10(0.09 / 3))


def test_integers_are_shares_of_their_range():
    black, one_level = np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8)
    assert psnr(one_level, black) == pytest.approx(20 * np.log10(255))
    assert psnr(one_level.astype(np.uint16), black) == pytest.approx(20 * np.log10(65535))
    assert psnr(black, black + 255) == 0  # the unsigned difference does not wrap


@pytest.mark.parametrize(("metric", "best"), [(psnr, float("inf")), (ssim, 1)])
def test_the_way_a_picture_is_held_does_not_matter(eight_bit, metric, best):
    held = [eight_bit, eight_bit.astype(np.uint16) * 257, to_float(eight_bit)]
    other = noisy(to_float(eight_bit))
    for image in held:
        assert all(metric(image, reference) == best for reference in held)
        assert metric(image, other) == metric(other, image) == metric(eight_bit, other)


def test_all_sixteen_bits_count(eight_bit):
    sixteen_bit = eight_bit.astype(np.uint16) * 257
    sixteen_bit[0, 0, 0] ^= 1
    assert 120 < psnr(sixteen_bit, eight_bit) < float("inf")


def test_float64_is_not_rounded():
    image = np.full((12, 12), 0.5)
    assert psnr(image, image + 1e-9) == pytest.approx(180, abs=0.01)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize("spoilt", [np.nan, np.inf, 1.01, -0.01])
def test_what_is_no_image_is_refused_by_name(metric, spoilt):
    image, bad = np.full((16, 16), 0.5), np.full((16, 16), 0.5)
    bad[1, 2] = spoilt
    with pytest.raises(DataError, match=r"^image has values.*scale, clip or mask"):
        metric(bad, image)
    with pytest.raises(DataError, match=r"^reference has values.*scale, clip or mask"):
        metric(image, bad)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_pictures_of_different_shape_are_not_compared(metric):
    image = np.full((16, 16), 0.5)
    with pytest.raises(ValueError, match=r"one shape, got \(16, 16\) and \(15, 16\); crop"):
        metric(image, image[1:])
    with pytest.raises(ValueError, match="both in colour or both in gray"):
        metric(image, np.dstack([image] * 3))
    with pytest.raises(DataError, match=r"^image has shape \(2, 16, 16\)"):
        metric(np.stack([image] * 2), image)


def others_ssim(image, reference):
    return structural_similarity(
        image,
        reference,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=2 if image.ndim == 3 else None,
    )


@pytest.mark.parametrize("size", [(96, 128), (11, 11), (12, 61)])
@pytest.mark.parametrize("colour", [True, False])
def test_ssim_is_that_of_scikit_image(texture, size, colour):
    reference = texture[: size[0], : size[1]].astype(np.float64)
    reference = reference if colour else reference[..., 0]
    for image in (noisy(reference), cv2.GaussianBlur(reference, (0, 0), 2), 1 - reference, reference * 0.5):
        assert ssim(image, reference) == pytest.approx(others_ssim(image, reference), abs=1e-10)


def test_ssim_of_flat_pictures_is_the_luminance_term():
    dark, bright = np.full((20, 20), 0.2), np.full((20, 20), 0.6)
    assert ssim(dark, bright) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4))


def test_ssim_falls_with_blur_and_is_negative_for_the_negative(texture):
    scores = [ssim(cv2.GaussianBlur(texture, (0, 0), sigma), texture) for sigma in (0.5, 1, 2, 4)]
    assert scores == sorted(scores, reverse=True) and scores[0] < 1
    zero_mean_structure = 0.5 + 0.4 * np.sign(np.random.default_rng(5).standard_normal((64, 64)))
    assert ssim(1 - zero_mean_structure, zero_mean_structure) < -0.8


def test_ssim_needs_one_window():
    image = np.full((10, 30), 0.5)
    with pytest.raises(ValueError, match="11 x 11 pixels or more, the size of its window; got 30 x 10"):
        ssim(image, image)

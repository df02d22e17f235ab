"""Noise: what is left of detail where frames are quietest, whatever else they show."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import open_stack
from fusion.energy import region_energy
from fusion.noise import LEAST_NOISE, common_noise, frame_noise, stack_noise
from fusion.pyramid import laplacian_pyramid


def noisy(sigma, shape=(256, 300), seed=3):
    return (0.5 + sigma * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32).clip(0, 1)


def textured(shape, seed=0):
    texture = cv2.GaussianBlur(np.random.default_rng(seed).random(shape, np.float32), (0, 0), 0.8)
    return (texture - texture.min()) / np.ptp(texture)


@pytest.mark.parametrize("shape", [(256, 300), (700, 900), (256, 300, 3)])
def test_noise_is_the_tenth_of_the_energies_of_the_finest_details(shape):
    image = noisy(0.02, shape)
    energies = region_energy(laplacian_pyramid(image, 1)[0])
    assert_allclose(frame_noise(image), np.quantile(energies, 0.1), rtol=0.03)


def test_noise_grows_with_its_variance():
    energies = [frame_noise(noisy(sigma)) for sigma in (0.01, 0.02, 0.04)]
    assert_allclose(np.divide(energies[1:], energies[:-1]), 4, rtol=0.03)


def test_a_wider_window_comes_closer_to_the_mean():
    image = noisy(0.02)
    assert frame_noise(image) < frame_noise(image, window=9) < region_energy(laplacian_pyramid(image, 1)[0]).mean()


def test_what_is_sharp_in_most_of_a_frame_is_not_taken_for_noise():
    image = noisy(0.01)
    image[:, :230] += 0.4 * textured((256, 230)) - 0.2
    assert frame_noise(image.clip(0, 1)) < 2 * frame_noise(noisy(0.01))


def test_nothing_is_learned_where_a_frame_is_clipped():
    image = noisy(0.02)
    expected = frame_noise(image)
    image[:, :100] = 1
    assert_allclose(frame_noise(image), expected, rtol=0.05)


@pytest.mark.parametrize("value", [0, 0.5, 1])
@pytest.mark.parametrize("shape", [(64, 64), (1, 1), (2, 3), (3, 200, 3), (7, 7)])
def test_a_flat_frame_has_the_noise_of_rounding(value, shape):
    assert frame_noise(np.full(shape, value, np.float32)) == LEAST_NOISE


def test_rounding_to_8_bits_is_no_more_than_the_least_noise():
    ramp = np.tile(np.linspace(0.2, 0.8, 800, dtype=np.float32), (64, 1))
    assert LEAST_NOISE <= frame_noise(np.rint(ramp * 255).astype(np.uint8)) < 2 * LEAST_NOISE


def test_all_types_have_the_same_noise():
    pixels = np.rint(noisy(0.02) * 255).astype(np.uint8)
    expected = frame_noise(pixels)
    assert_allclose(frame_noise(pixels.astype(np.uint16) * 257), expected, rtol=1e-5)
    assert_allclose(frame_noise(pixels / np.float32(255)), expected, rtol=1e-5)


def test_the_quieter_frames_count():
    assert common_noise([4.0, 3, 2, 1]) == 1
    assert common_noise([9.0, 5, 4, 3, 2, 8, 7, 6, 1]) == 3
    assert common_noise([9.0, 2]) == 2


def test_a_frame_that_is_sharp_all_over_does_not_raise_the_noise_of_a_stack():
    sharp = textured((256, 300))
    blurred = cv2.GaussianBlur(sharp, (0, 0), 6) + noisy(0.005) - 0.5
    assert frame_noise(sharp) > 30 * frame_noise(blurred)
    assert stack_noise([sharp, blurred.clip(0, 1)]) == frame_noise(blurred.clip(0, 1))


def test_the_noise_of_a_stack_does_not_depend_on_its_order():
    frames = [noisy(sigma, seed=k) for k, sigma in enumerate((0.02, 0.01, 0.03, 0.015, 0.025))]
    assert stack_noise(frames) == stack_noise(open_stack(frames[::-1]))

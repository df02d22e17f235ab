"""Response curves can be undone, and noise is that of a sensor."""

import numpy as np
import pytest

from data.scenes.light import RESPONSES, to_eight_bits, to_film, to_linear, with_noise


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_rises_from_0_to_1_and_has_an_inverse(name):
    encode, decode = RESPONSES[name]
    light = np.linspace(0, 1, 2001, dtype=np.float32)
    values = encode(light)
    assert (values[0], values[-1]) == (0, pytest.approx(1, abs=1e-6))
    assert np.all(np.diff(values) > 0)
    np.testing.assert_allclose(decode(values), light, atol=3e-6)


def test_middle_gray_is_encoded_alike_by_srgb_and_film():
    encode, _ = RESPONSES["srgb"]
    assert encode(np.float32(0.18)) == pytest.approx(0.461, abs=0.002)
    assert to_film(np.float32(0.18)) == pytest.approx(0.461, abs=0.005)


def test_film_bends_at_both_ends():
    slope = np.diff(to_film(np.linspace(0, 1, 1001, dtype=np.float32)))
    assert slope[0] < slope[30]  # a toe
    assert slope[-1] < 0.2 * slope[100]  # a shoulder


def test_light_and_bits_are_inverse():
    steps = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_eight_bits(to_linear(steps / np.float32(255))), steps)


def test_light_out_of_range_is_clipped():
    np.testing.assert_array_equal(to_eight_bits(np.float32([-0.1, 0, 1, 7])), [0, 0, 255, 255])


def test_noise_falls_with_the_root_of_the_light():
    rng = np.random.default_rng(0)
    spread = [with_noise(np.full(40000, light, np.float32), 0.02, rng).std() for light in (1.0, 0.25, 0.0)]
    assert spread == pytest.approx([0.0201, 0.0102, 0.002], rel=0.03)


def test_no_noise_changes_nothing():
    light = np.linspace(0, 2, 50, dtype=np.float32)
    assert with_noise(light, 0.0, np.random.default_rng(0)) is light


def test_less_than_no_light_is_as_noisy_as_the_dark():
    noisy = with_noise(np.full(40000, -0.5, np.float32), 0.02, np.random.default_rng(0))
    assert noisy.std() == pytest.approx(0.002, rel=0.03)

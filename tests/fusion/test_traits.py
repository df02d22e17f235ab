"""What is measured of a stack before a method is chosen, on frames whose traits are known."""

import cv2
import numpy as np
import pytest

import data
from data import scenes
from fusion.choice import kinds_of
from fusion.traits import Traits, measure_traits

BRACKETS = (
    "balloons belgium-house cadik-lamp candle cave chinese-garden farmhouse house kluki lamp landscape lighthouse "
    "madison-capitol memorial office tower venice"
).split()


def exposed(image, stops):
    """The same light, exposed for longer, encoded with the exponent that is assumed."""
    return (image**2.2 * 2.0**stops).clip(0, 1) ** (1 / 2.2)


def test_a_pair_differs_in_focus_alone(focus_pair):
    traits = measure_traits(focus_pair)
    assert traits.count == 2 and traits.shape == (96, 128)
    assert abs(traits.stops) < 0.05
    assert traits.refocused > 0.9
    assert traits.moving == 0
    assert kinds_of(traits) == ("focus",)


@pytest.mark.parametrize("stops", [1.5, 3.0])
def test_stops_are_those_of_the_exposures(texture, stops):
    dim = 0.1 + 0.25 * texture
    traits = measure_traits([dim, exposed(dim, stops / 2), exposed(dim, stops)])
    assert traits.stops == pytest.approx(stops, abs=0.15)
    assert traits.refocused < 0.03
    assert kinds_of(traits) == ("exposure",)


def test_frames_that_differ_in_both_are_told(focus_pair):
    near, far = 0.1 + 0.4 * focus_pair
    assert kinds_of(measure_traits([near, exposed(far, 2)])) == ("focus", "exposure")


def test_equal_frames_differ_in_nothing(texture):
    traits = measure_traits([texture] * 3)
    assert kinds_of(traits) == ()
    assert (traits.refocused, traits.jumps, traits.moving, traits.glare) == (0, 0, 0, 0)


@pytest.mark.parametrize("sigma", [1, 3, 8])
def test_noise_is_its_standard_deviation(sigma):
    rng = np.random.default_rng(0)
    smooth = np.broadcast_to(np.linspace(0.2, 0.8, 400, dtype=np.float32), (300, 400))
    noisy = smooth + rng.normal(0, sigma / 255, (2, 300, 400)).astype(np.float32)
    assert measure_traits(noisy.clip(0, 1)).noise == pytest.approx(sigma, rel=0.3)


def test_noise_is_no_change_of_focus(texture):
    soft = cv2.GaussianBlur(texture, (0, 0), 2)
    noisy = soft + np.random.default_rng(0).normal(0, 0.03, (4, *soft.shape)).astype(np.float32)
    assert measure_traits(noisy.clip(0, 1)).refocused < 0.03


def test_clipped_shares_are_those_of_the_frames():
    first, second = np.full((2, 64, 64), 0.5, np.float32)
    first[:32], second[:16] = 1, 1
    first[48:], second[48:] = 0, 0
    traits = measure_traits([first, second])
    assert (traits.white, traits.black, traits.glare) == (0.25, 0.25, 0.25)


def test_a_coin_that_slides_over_a_bracket_moves():
    options = {"exposures": (-3, 0, 3), "light": 6.0}
    still, moving = (measure_traits(scenes.exposure_bracket(**options, moving=moves).stack) for moves in (False, True))
    assert still.moving < 0.01 < moving.moving < 0.3


def test_frames_are_held_against_the_best_exposed_one():
    moving = scenes.exposure_bracket(exposures=(-9, 0, 1.5), light=6.0, moving=True)
    told = measure_traits(moving.stack).moving
    assert told == pytest.approx(moving.ghosts.any(axis=0).mean(), abs=0.03)


def test_a_thing_that_moves_through_a_focus_series_moves(focus_pair):
    moved = focus_pair.copy()
    moved[1, 20:70, 30:80] = 1
    assert measure_traits(moved).moving > 0.08


def test_lines_before_a_distant_background_cross():
    thin, coins = (measure_traits(scenes.built_in(f"built-in/{name}").stack) for name in ("thin", "coins"))
    assert thin.jumps > 0.1 > coins.jumps


def test_doors_are_one(focus_pair):
    eight = (focus_pair * 255).round().astype(np.uint8)
    wide, exact = eight.astype(np.uint16) * 257, eight.astype(np.float32) / 255
    expected = measure_traits(eight)
    for frames in (wide, exact, list(eight), data.open_stack(eight)):
        assert np.allclose(measure_traits(frames)[2:], expected[2:], atol=0.02)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 3), (2, 2), (97, 61)])
def test_frames_of_any_shape_have_traits(shape):
    frames = np.random.default_rng(1).random((3, *shape), np.float32)
    traits = measure_traits(frames)
    assert isinstance(traits, Traits) and traits.shape == shape
    assert np.isfinite(traits[2:]).all()


@pytest.mark.parametrize("name", BRACKETS)
def test_real_brackets_are_known(real_data, name):
    assert kinds_of(measure_traits(real_data / "mef" / name)) == ("exposure",)


@pytest.mark.parametrize("number", range(1, 21))
def test_real_pairs_are_known(real_data, number):
    assert kinds_of(measure_traits(real_data / "lytro" / f"{number:02}")) == ("focus",)

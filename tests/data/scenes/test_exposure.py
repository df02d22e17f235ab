"""An exposure bracket holds the light that its truth says."""

import cv2
import numpy as np
import pytest

from data import DataError, scenes
from data.scenes.exposure import COPPER, lamp_light
from data.scenes.light import to_srgb
from data.scenes.photographs import one_coin, photograph


@pytest.fixture(scope="module")
def bracket():
    return scenes.exposure_bracket()


@pytest.fixture(scope="module")
def moving():
    return scenes.exposure_bracket(moving=True)


@pytest.mark.parametrize("response", scenes.RESPONSES)
def test_undoing_the_camera_gives_the_radiance(response):
    made = scenes.exposure_bracket(response=response, noise=0.0)
    _, decode = scenes.RESPONSES[response]
    for frame, stop in zip(made.stack, made.exposures, strict=True):
        well = (frame > 0.2) & (frame < 0.9)
        light = decode(frame[well]) / 2**stop
        assert well.mean() > 0.05
        np.testing.assert_allclose(light, made.radiance[well], rtol=0.04)


def test_light_spans_the_stops_asked_for():
    lamp = lamp_light((400, 600), stops=10)
    assert np.log2(lamp.max() / lamp.min()) == pytest.approx(10, abs=0.01)


def test_the_scene_has_ten_stops_and_more(bracket):
    low, high = np.percentile(bracket.radiance.mean(axis=2), (1, 99))
    assert np.log2(high / low) > 10


def test_no_single_exposure_shows_everything(bracket):
    lost = [((frame < 0.02) | (frame > 0.98)).all(axis=2).mean() for frame in bracket.stack]
    assert min(lost) > 0.05
    seen_once = np.any([((f > 0.05) & (f < 0.98)).any(axis=2) for f in bracket.stack], axis=0)
    assert seen_once.mean() > 0.95


def test_more_exposure_is_never_darker():
    frames = scenes.exposure_bracket(noise=0.0).stack
    for darker, brighter in zip(frames, list(frames)[1:]):
        assert np.all(brighter >= darker)


def test_one_stop_doubles_the_light():
    gray = np.full((8, 8), 0.5, np.float32)
    made = scenes.exposure_bracket(gray, light=0, exposures=(-1.4, -0.4), noise=0)
    low, high = (scenes.to_linear(frame).mean() for frame in made.stack)
    assert high / low == pytest.approx(2, rel=0.02)


def test_even_light_and_no_noise_return_the_photograph():
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    made = scenes.exposure_bracket(picture, light=0, exposures=[0.0], noise=0)
    at_lamp = made.stack[0] / 2**0  # light of 0 stops falls evenly: 2 ** 0 everywhere
    assert np.abs(at_lamp - picture / 255).max() < 3 / 255
    assert np.abs(made.photograph - picture / 255).max() < 3 / 255


def test_the_photograph_is_that_under_even_light_however_the_lamp_shines(bracket):
    assert np.abs(bracket.photograph - photograph("coffee") / 255).max() < 4 / 255


def test_the_steps_of_the_photograph_are_not_those_of_the_light():
    """Eight bits are coarse where it is dark and the exposure long: half a step of grain hides them."""
    even = np.full((80, 100), 10, np.uint8)
    radiance = scenes.exposure_bracket(even, light=0).radiance
    assert to_srgb(radiance / radiance.mean() * scenes.to_linear(10 / 255)).std() == pytest.approx(0.5 / 255, rel=0.05)


def test_without_motion_there_are_no_ghosts(bracket):
    assert not bracket.ghosts.any()


def test_ghosts_are_where_frames_show_something_else(moving, bracket):
    assert not moving.ghosts[2].any()  # the middle frame is the truth
    for index in (0, 1, 3, 4):
        assert 0.01 < moving.ghosts[index].mean() < 0.12
    frame, still = moving.stack[3], bracket.stack[3]
    untouched = ~moving.ghosts[3] & ~moving.ghosts[0] & ~moving.ghosts[4] & ~moving.ghosts[1]
    np.testing.assert_allclose(frame[untouched].mean(), still[untouched].mean(), atol=0.002)
    light = scenes.to_linear(frame) / 2**2
    wrong = np.abs(light - moving.radiance).max(axis=2) / (moving.radiance.max(axis=2) + 0.01)
    inside = moving.ghosts[3] & (frame < 0.95).all(axis=2) & (frame > 0.1).any(axis=2)
    clear = untouched & (frame < 0.95).all(axis=2) & (frame > 0.1).any(axis=2)
    assert np.median(wrong[inside]) > 5 * np.median(wrong[clear])


def test_a_copper_coin_slides_over_the_table_with_its_shadow():
    even = np.full((400, 600, 3), 0.5, np.float32)
    made = scenes.exposure_bracket(even, light=0, exposures=(-1, -1, -1), noise=0, moving=True)
    table = np.median(made.stack[0])
    places = []
    for frame in made.stack:
        coin = frame[..., 0] - frame[..., 2] > 0.06  # red, as nothing else here is
        y, x = np.nonzero(coin)
        height, width = np.ptp(y) + 1, np.ptp(x) + 1
        assert width == pytest.approx(0.17 * 600, rel=0.15)  # with a margin that is no coin
        assert height / width == pytest.approx(0.62, rel=0.06)  # seen from above, at a slant
        assert coin.sum() == pytest.approx(np.pi / 4 * width * height, rel=0.06)  # and round
        beside = cv2.dilate(coin.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
        below, left = np.nonzero((frame < table - 0.01).all(axis=2) & beside)
        assert below.mean() > y.mean() + 4 and left.mean() < x.mean() - 4  # its shadow
        places.append((x.min() / 600, y.max() / 400))
    np.testing.assert_allclose(places, [(0.81, 0.73), (0.735, 0.85), (0.66, 0.97)], atol=0.015)


def test_the_coin_gives_back_a_share_of_the_light_as_what_it_lies_on_does():
    coin, alpha = one_coin()
    expected = np.average(scenes.to_linear(coin / 255), weights=alpha) * COPPER
    made = scenes.exposure_bracket(np.zeros((400, 600, 3)), light=0, exposures=(0,), noise=0, moving=True)
    lit = made.radiance[..., 0] > 0.01
    np.testing.assert_allclose(made.radiance[lit].mean(axis=0), expected, rtol=0.1)


def test_outside_the_ghosts_every_frame_shows_the_light_of_the_truth_in_every_colour():
    made = scenes.exposure_bracket(light=0, exposures=(0, 0, 0), noise=0, moving=True)
    for frame, ghosts in zip(made.stack, made.ghosts, strict=True):
        assert np.abs(frame - made.stack[1])[~ghosts].max() <= 4 / 255  # 1 / 64 of the light, there and here


def test_what_looks_alike_by_chance_within_a_ghost_is_part_of_it(moving):
    for ghosts in moving.ghosts:
        _, _, statistics, _ = cv2.connectedComponentsWithStats((~ghosts).astype(np.uint8), connectivity=4)
        assert statistics[1:, cv2.CC_STAT_AREA].min() >= 25  # no hole is smaller than 5 x 5 pixels


def test_a_gray_picture_gives_gray_frames():
    made = scenes.exposure_bracket(np.full((40, 60), 0.5, np.float32), moving=True)
    assert made.stack.shape == (5, 40, 60)
    assert made.radiance.shape == made.photograph.shape == (40, 60)


def test_noise_is_that_of_the_light_that_each_frame_takes_in():
    even = np.full((80, 100), 0.5, np.float32)
    still = scenes.exposure_bracket(even, light=0, exposures=(1, -2), noise=0)
    noisy = scenes.exposure_bracket(even, light=0, exposures=(1, -2), noise=0.05)
    added = []
    for frame, clean, stop in zip(noisy.stack, still.stack, (1, -2), strict=True):
        added.append(scenes.to_linear(frame) - scenes.to_linear(clean))
        taken_in = scenes.to_linear(np.float32(0.5)) * 2.0**stop
        assert added[-1].std() == pytest.approx(0.05 * np.sqrt(taken_in + 0.01), rel=0.05)
    assert abs(np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1]) < 0.05


def test_a_seed_repeats_the_noise():
    first, again, other = (scenes.exposure_bracket(seed=seed).stack.pixels(0) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"response": "kodak"}, "response must be one of srgb, film, linear, got 'kodak'"),
        ({"exposures": ()}, "exposures must be a list of stops"),
        ({"exposures": 3}, "exposures must be a list of stops"),
        ({"exposures": (0, np.nan)}, "exposures must be a list of stops"),
        ({"exposures": [[0, 1], [2, 3]]}, "exposures must be a list of stops"),
        ({"light": -1}, "light must be 0 or more"),
        ({"noise": np.inf}, "noise must be 0 or more"),
        ({"light": 400}, "light must be at most 40 stops"),
        ({"exposures": (0, 200)}, "exposure 1 must be at most 40 stops"),
    ],
)
def test_bad_options_are_named(options, text):
    with pytest.raises(ValueError, match=text):
        scenes.exposure_bracket(**options)


def test_what_is_no_picture_is_named():
    with pytest.raises(DataError, match="picture has shape"):
        scenes.exposure_bracket(np.zeros((4, 5, 2)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (12, 200), (8, 8)])
def test_a_picture_without_room_for_a_coin_is_named(shape):
    with pytest.raises(DataError, match=f"{shape[1]} x {shape[0]} pixels is too small or too flat for a coin"):
        scenes.exposure_bracket(np.full(shape, 0.5), moving=True)

"""The built-in pictures do what a lens and a shutter would do."""

import sys

import numpy as np
import pytest

import data
from data import scenes

FOCAL = ["built-in/motorcycle", "built-in/motorcycle-pair", "built-in/gray"]


def error_of(frame, name):
    """Error of an 8-bit frame against the all-in-focus picture, (H, W), in [0, 1]."""
    difference = np.abs(frame / np.float32(255) - scenes.truth(name))
    return difference.mean(axis=2) if difference.ndim == 3 else difference


def test_every_scene_is_what_its_entry_says():
    for name in scenes.built_in_names():
        scene, stack = scenes.scene(name), data.load(name)
        assert len(stack) == scene.frame_count
        assert stack.shape[2:0:-1] == scene.size
        assert stack.bit_depth == 8


@pytest.mark.parametrize("name", scenes.built_in_names())
def test_values_are_those_of_eight_bits(name):
    frame = data.load(name)[0]
    assert frame.dtype == np.float32
    np.testing.assert_array_equal(np.rint(frame * 255), scenes.frames(name)[0])


def test_scenes_are_the_same_every_time():
    first = scenes.scene("built-in/motorcycle-pair").frames() + scenes.scene("built-in/coffee").frames()
    again = scenes.scene("built-in/motorcycle-pair").frames() + scenes.scene("built-in/coffee").frames()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_frames_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        scenes.frames("built-in/gray")[0][0, 0] = 0


@pytest.mark.parametrize(("index", "focus"), list(enumerate(scenes.NEAR_TO_FAR)))
def test_frame_is_the_photograph_where_the_lens_is_focused(index, focus):
    error = error_of(scenes.frames("built-in/motorcycle")[index], "built-in/motorcycle")
    off = np.abs(scenes.motorcycle()[1] - focus)
    assert np.median(error[off < 2]) <= 1 / 255
    assert error[off < 2].mean() < 0.5 * error[off > 15].mean()


def test_frames_go_from_near_to_far():
    disparity = scenes.motorcycle()[1]
    near, far = disparity > 45, disparity < 15
    errors = [error_of(frame, "built-in/motorcycle") for frame in scenes.frames("built-in/motorcycle")]
    assert errors[0][near].mean() < errors[0][far].mean()
    assert errors[-1][far].mean() < errors[-1][near].mean()
    assert np.all(np.diff([error[far].mean() for error in errors]) < 0)


@pytest.mark.parametrize("name", ["built-in/motorcycle-pair", "built-in/gray"])
def test_nearly_every_pixel_of_a_pair_is_sharp_in_one_frame(name):
    best = np.minimum(*(error_of(frame, name) for frame in scenes.frames(name)))
    assert (best <= 2 / 255).mean() > 0.95
    for frame in scenes.frames(name):
        assert (error_of(frame, name) <= 2 / 255).mean() < 0.8


def test_blurred_foreground_has_no_hard_edge():
    light = np.zeros((60, 60, 3), np.float32)
    light[:, 30:] = 1
    disparity = np.where(np.arange(60) < 30, 10, 50).astype(np.float32) * np.ones((60, 1), np.float32)
    seen = scenes.defocus(scenes.cut_into_layers(light, disparity), (60, 60), 10, aperture=0.2)
    assert np.abs(np.diff(seen[30, :, 0])).max() < 0.2
    assert np.all(np.diff(seen[30, :, 0]) > -1e-6)


def test_sharp_foreground_keeps_its_edge_before_a_blurred_background():
    light = np.random.default_rng(0).random((60, 60, 3), dtype=np.float32)
    disparity = np.where(np.arange(60) < 30, 10, 50).astype(np.float32) * np.ones((60, 1), np.float32)
    seen = scenes.defocus(scenes.cut_into_layers(light, disparity), (60, 60), 50, aperture=0.2)
    np.testing.assert_allclose(seen[:, 30:], light[:, 30:], atol=1e-6)
    assert seen[:, :28].std() < 0.3 * light[:, :28].std()


def test_blur_keeps_the_light():
    light = np.full((50, 50, 3), 0.3, np.float32)
    disparity = np.tile(np.linspace(5, 60, 50, dtype=np.float32), (50, 1))
    seen = scenes.defocus(scenes.cut_into_layers(light, disparity), (50, 50), 20, aperture=0.2)
    np.testing.assert_allclose(seen, 0.3, atol=1e-5)


@pytest.mark.parametrize("name", FOCAL)
def test_no_frame_is_brighter_or_darker_than_the_photograph(name):
    light = scenes.to_linear(scenes.truth(name)).mean()
    for frame in scenes.frames(name):
        assert scenes.to_linear(frame / np.float32(255)).mean() == pytest.approx(light, rel=0.002)


def test_unknown_disparity_is_that_of_the_far_side():
    disparity = np.full((30, 60), 10, np.float32)
    disparity[:, 20:40] = 50
    disparity[:, 12:20] = np.inf
    filled = scenes.fill_from_far_side(disparity)
    assert np.all(filled[:, 12:18] == 10)
    assert np.all(filled[:, 20:40] == 50)


def test_more_exposure_is_never_darker():
    dark, middle, bright = (frame.astype(int) for frame in scenes.frames("built-in/coffee"))
    assert np.all(middle >= dark)
    assert np.all(bright >= middle)


def test_no_single_exposure_shows_everything():
    dark, middle, bright = scenes.frames("built-in/coffee")
    assert (dark == 255).mean() < 0.001
    assert (middle == 255).any(axis=2).mean() > 0.05
    assert (bright == 255).any(axis=2).mean() > 0.2
    assert (dark < 8).all(axis=2).mean() > 0.05
    assert (bright < 8).all(axis=2).mean() < 0.005


def test_one_stop_doubles_the_light():
    light = np.full((8, 8, 3), 0.2, np.float32)
    frames = scenes.bracket(light, (0, 1))
    low, high = (scenes.to_linear(frame[0, 0, 0] / np.float32(255)) for frame in frames)
    assert high / low == pytest.approx(2, rel=0.02)


def test_light_and_bits_are_inverse():
    steps = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(scenes.to_eight_bits(scenes.to_linear(steps / np.float32(255))), steps)


def test_truth_of_a_bracket_is_refused():
    with pytest.raises(data.DataError, match=r"differ in exposure.*built-in/motorcycle"):
        scenes.truth("built-in/coffee")


def test_unknown_scene_names_the_others():
    with pytest.raises(data.DataError, match=r"'built-in/tea'.*built-in/coffee"):
        data.load("built-in/tea")


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(data.DataError, match="pip install scikit-image"):
        scenes.scene("built-in/coffee").frames()

"""The built-in stacks are what their entries say, and hold what pages and tests rely on."""

import cv2
import numpy as np
import pytest

import data
from data import scenes

FOCAL = [name for name in scenes.built_in_names() if scenes.scene(name).kind != "multi-exposure"]
PAIRS = ["built-in/motorcycle-pair", "built-in/gray"]


def error_of(frame, name):
    """Error of a frame against the all-in-focus picture, (H, W), in [0, 1]."""
    difference = np.abs(frame - scenes.truth(name))
    return difference.mean(axis=2) if difference.ndim == 3 else difference


@pytest.mark.parametrize("name", scenes.built_in_names())
def test_every_stack_is_what_its_entry_says(name):
    scene, stack = scenes.scene(name), data.load(name)
    assert len(stack) == scene.frame_count
    assert stack.shape[2:0:-1] == scene.size
    assert stack.bit_depth == 8


@pytest.mark.parametrize("name", ["built-in/coins", "built-in/coffee", "built-in/hand-held", "built-in/thin"])
def test_stacks_are_the_same_every_time(name):
    first, again = (scenes.scene(name).make() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first.stack, again.stack, strict=True))


@pytest.mark.parametrize("name", ["built-in/motorcycle", "built-in/coins", "built-in/coffee"])
def test_nothing_can_be_changed_by_accident(name):
    made = scenes.built_in(name)
    for array in [*(made.stack.pixels(index) for index in range(len(made.stack))), *made[1:]]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_stack_is_made_once():
    assert scenes.built_in("built-in/coins") is scenes.built_in("built-in/coins")


def test_names_are_in_order():
    names = scenes.built_in_names()
    assert names == sorted(names)
    assert set(names) >= {"built-in/motorcycle", "built-in/coins", "built-in/coffee"}


def test_frames_go_from_near_to_far():
    made = scenes.built_in("built-in/motorcycle")
    near, far = made.depth < 2.5, made.depth > 4
    errors = [error_of(frame, "built-in/motorcycle") for frame in made.stack]
    assert errors[0][near].mean() < errors[0][far].mean()
    assert errors[-1][far].mean() < errors[-1][near].mean()
    assert np.all(np.diff([error[far].mean() for error in errors]) < 0)


@pytest.mark.parametrize("name", PAIRS)
def test_nearly_every_pixel_of_a_pair_is_sharp_in_one_frame(name):
    frames = data.load(name)
    best = np.minimum(*(error_of(frame, name) for frame in frames))
    assert (best <= 2 / 255).mean() > 0.95
    for frame in frames:
        assert (error_of(frame, name) <= 2 / 255).mean() < 0.8


@pytest.mark.parametrize("name", PAIRS)
def test_the_first_of_a_pair_is_focused_near(name):
    near, far = (error_of(frame, name) for frame in data.load(name))
    depth = scenes.built_in(name).depth
    assert near[depth < 2.6].mean() < 0.2 * far[depth < 2.6].mean()
    assert far[depth > 4].mean() < 0.2 * near[depth > 4].mean()


def test_hand_held_frames_are_noisy():
    noisy, clean = (data.load(f"built-in/{name}")[0] for name in ("hand-held", "motorcycle"))
    assert np.median(np.abs(cv2.Laplacian(noisy, -1))) > 2 * np.median(np.abs(cv2.Laplacian(clean, -1)))


def test_hand_held_frames_become_brighter():
    made = scenes.built_in("built-in/hand-held")
    light = [scenes.to_linear(frame).mean() for frame in made.stack]
    assert np.all(np.diff(light) > 0)
    assert np.log2(light[-1] / light[0]) == pytest.approx(0.3, abs=0.03)


def test_hand_held_frames_do_not_lie_on_top_of_each_other():
    made = scenes.built_in("built-in/hand-held")
    height, width = made.depth.shape
    corner = np.array([width - 1, height - 1, 1.0])
    moved = np.linalg.norm((made.matrices @ corner - corner)[:, :2], axis=1)
    assert moved[[0, 1, 2, 4, 5]].min() > 1
    assert moved.max() > 8


@pytest.mark.parametrize("name", [name for name in FOCAL if name != "built-in/hand-held"])
def test_no_frame_is_brighter_or_darker_than_the_scene(name):
    light = scenes.to_linear(scenes.truth(name)).mean()
    layered = name in ("built-in/coins", "built-in/thin")  # what is blurred in front lets more or less light through
    tolerance = 0.02 if layered else 0.002
    for frame in data.load(name):
        assert scenes.to_linear(frame).mean() == pytest.approx(light, rel=tolerance)


def test_gray_is_the_luminance_of_the_light():
    colour, gray = (scenes.to_linear(scenes.truth(name)) for name in PAIRS)
    red, green, blue = np.moveaxis(colour, 2, 0)
    np.testing.assert_allclose(gray, 0.2126 * red + 0.7152 * green + 0.0722 * blue, atol=0.005)  # BT.709


def test_the_three_exposures_of_the_coffee_need_each_other():
    dark, middle, bright = data.load("built-in/coffee")
    assert (dark == 1).mean() < 0.01
    assert (middle == 1).any(axis=2).mean() > 0.05
    assert (bright == 1).any(axis=2).mean() > 0.2
    assert (dark < 8 / 255).all(axis=2).mean() > 0.05
    assert (bright < 8 / 255).all(axis=2).mean() < 0.01


@pytest.mark.parametrize(("name", "stops"), [("built-in/coffee", 6), ("built-in/ten-stops", 10)])
def test_the_light_of_the_brackets_falls_off_as_told(name, stops):
    made = scenes.built_in(name)
    seen = made.photograph.min(axis=2) > 0.2
    lamp = made.radiance[seen] / scenes.to_linear(made.photograph[seen])
    assert np.log2(lamp.max() / lamp.min()) == pytest.approx(stops, abs=0.3)


def test_truth_of_a_bracket_is_refused():
    with pytest.raises(data.DataError, match=r"differ in exposure.*built-in/motorcycle"):
        scenes.truth("built-in/coffee")


def test_unknown_scene_names_the_others():
    with pytest.raises(data.DataError, match=r"'built-in/tea'.*built-in/coffee"):
        data.load("built-in/tea")


def test_a_scene_is_one_line_to_read():
    made = scenes.built_in("built-in/coins")
    assert repr(made) == f"<FocusPair of {made.stack!r}>"

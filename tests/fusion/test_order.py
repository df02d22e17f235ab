"""Frames can be ordered by focus, whatever order they come in."""

import numpy as np
import pytest

import data
from data import scenes
from fusion.order import focus_order


def shuffled(stack, seed):
    order = np.random.default_rng(seed).permutation(len(stack))
    return order, focus_order([stack.pixels(index) for index in order])


def is_one_way(numbers):
    steps = np.diff(numbers)
    return np.all(steps == 1) or np.all(steps == -1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["built-in/motorcycle", "built-in/hand-held"])
def test_shuffled_frames_are_put_in_order(name, seed):
    order, found = shuffled(data.load(name), seed)
    assert is_one_way(order[found])


@pytest.mark.parametrize("name", ["ours/stylos2", "stack/pcb", "dff/keyboard", "dff/balls"])
def test_real_stacks_are_put_in_order(real_data, name):
    order, found = shuffled(data.open_stack(real_data / name), 1)
    assert is_one_way(order[found])


def test_the_direction_is_that_of_the_frames_given():
    stack = data.load("built-in/motorcycle")
    assert focus_order(stack) == [0, 1, 2, 3, 4, 5]
    assert focus_order(list(stack)[::-1]) == [0, 1, 2, 3, 4, 5]


def test_a_stack_of_many_frames():
    stack = scenes.focal_stack(distances=15).stack
    order, found = shuffled(stack, 5)
    assert is_one_way(order[found])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_equal_frames_stay(count):
    assert focus_order([np.zeros((40, 50), np.float32)] * count) == list(range(count))


def narrow_focus(count):
    """Frames of noise, each of them sharp in a band a little to the right of the one before."""
    noise = np.random.default_rng(0).random((48, 320), dtype=np.float32) - np.float32(0.5)
    places = np.linspace(10, 310, count)
    return [0.5 + noise * np.exp(-(((np.arange(320) - place) / 6) ** 2)).astype(np.float32) for place in places]


def test_a_long_stack_is_put_in_order_from_wherever_it_starts():
    """Parts of the way that are turned around do not mend every start; the start must be good."""
    frames = narrow_focus(40)
    for seed in range(10):
        order, found = shuffled(data.open_stack(frames), seed)
        assert is_one_way(order[found])


@pytest.mark.parametrize("seed", range(3))
def test_contrast_that_comes_and_goes_does_not_matter(seed):
    contrast = np.random.default_rng(seed).uniform(0.2, 1, 6).astype(np.float32)
    frames = [0.5 + c * (frame - 0.5) for c, frame in zip(contrast, data.load("built-in/motorcycle"), strict=True)]
    order, found = shuffled(data.open_stack(frames), seed)
    assert is_one_way(order[found])


def test_frames_that_come_twice_are_put_side_by_side():
    frames = [frame for frame in data.load("built-in/motorcycle") for _ in range(2)]
    order, found = shuffled(data.open_stack(frames), 0)
    steps = np.diff(order[found] // 2)
    assert np.all(steps >= 0) or np.all(steps <= 0)


def test_the_order_is_a_list_of_frame_numbers():
    found = focus_order(narrow_focus(4))
    assert sorted(found) == [0, 1, 2, 3]
    assert all(type(number) is int for number in found)


@pytest.mark.parametrize("seed", range(4))
def test_frames_that_come_twice_stand_together(seed):
    stack = scenes.focal_stack(distances=8).stack
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(8), 2))
    found = focus_order([stack.pixels(index) for index in order])
    assert np.all(np.diff(order[found]) >= 0) or np.all(np.diff(order[found]) <= 0)

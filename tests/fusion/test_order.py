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

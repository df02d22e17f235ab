"""A lens blurs what is off its focus, and keeps the light and the outlines that a real one keeps."""

import numpy as np
import pytest

from data import scenes
from data.scenes import circle_of_confusion
from data.scenes.lens import blur, cut_into_layers, defocus, disc

NEAR, FAR = 1.0, 4.0  # metres


def seen(light, depth, *, radius_near=0.0, radius_far=0.0):
    layers = cut_into_layers(light, depth, count=8, reach=12)
    radii = [radius_near if layer.depth < 2 else radius_far for layer in layers]
    return defocus(layers, light.shape, radii)


@pytest.fixture
def near_on_the_right():
    return np.where(np.arange(60) < 30, FAR, NEAR).astype(np.float32) * np.ones((60, 1), np.float32)


def test_circle_of_confusion_is_that_of_a_thin_lens():
    lens = {"focal_length": 0.05, "f_number": 2.0}
    # aperture 25 mm, image of the focus 50 / 1950 as large: 25 mm * 50 / 1950 * (4 - 2) / 4
    assert circle_of_confusion(4.0, 2.0, **lens) == pytest.approx(0.32051e-3, rel=1e-4)
    assert circle_of_confusion(1.0, 2.0, **lens) == pytest.approx(0.64103e-3, rel=1e-4)
    assert circle_of_confusion(2.0, 2.0, **lens) == 0
    assert circle_of_confusion(4.0, 2.0, focal_length=0.05, f_number=np.inf) == 0


@pytest.mark.parametrize("radius", [0.0, 0.5, 0.6, 1.0, 2.5, 7.3])
def test_a_disc_keeps_the_light_and_is_as_wide_as_it_says(radius):
    kernel = disc(radius)
    y, x = np.indices(kernel.shape) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert (kernel * (x * x + y * y)).sum() == pytest.approx(radius * radius / 2, rel=0.02, abs=0.3)


def test_blurred_foreground_has_no_hard_edge(near_on_the_right):
    light = np.zeros((60, 60, 3), np.float32)
    light[:, 30:] = 1
    line = seen(light, near_on_the_right, radius_near=8)[30, :, 0]
    assert np.abs(np.diff(line)).max() < 0.2
    assert np.all(np.diff(line) > -1e-6)
    assert line[25] > 0.1  # it spreads over what is behind
    assert line[34] < 0.95  # and is thinner there itself


def test_sharp_foreground_keeps_its_edge_before_a_blurred_background(near_on_the_right):
    light = np.random.default_rng(0).random((60, 60, 3), dtype=np.float32)
    frame = seen(light, near_on_the_right, radius_far=8)
    np.testing.assert_allclose(frame[:, 30:], light[:, 30:], atol=1e-6)
    assert frame[:, :28].std() < 0.3 * light[:, :28].std()


def test_blurred_background_takes_no_light_from_a_sharp_foreground(near_on_the_right):
    light = np.zeros((60, 60, 1), np.float32)
    light[:, 30:] = 1
    np.testing.assert_array_equal(seen(light, near_on_the_right, radius_far=8), light)


def test_no_blur_returns_the_scene(near_on_the_right):
    light = np.random.default_rng(0).random((60, 60, 3), dtype=np.float32)
    np.testing.assert_array_equal(seen(light, near_on_the_right), light)


def test_an_even_scene_stays_even_however_deep():
    light = np.full((50, 50, 3), 0.3, np.float32)
    depth = np.tile(np.linspace(1, 5, 50, dtype=np.float32), (50, 1))
    layers = cut_into_layers(light, depth, count=20, reach=24)
    frame = defocus(layers, light.shape, [4 * abs(layer.depth - 2) for layer in layers])
    np.testing.assert_allclose(frame, 0.3, atol=1e-5)


def test_blur_spreads_light_and_keeps_it():
    light = np.zeros((41, 41, 1), np.float32)
    light[18:23, 18:23] = 1
    spread = blur(light, 6.0)
    assert spread.sum() == pytest.approx(light.sum(), rel=1e-5)
    assert spread.max() < 0.3


def test_a_layer_goes_on_behind_nearer_ones_as_far_as_asked(near_on_the_right):
    light = np.random.default_rng(0).random((60, 60, 3), dtype=np.float32)
    far, near = cut_into_layers(light, near_on_the_right, count=2, reach=12)
    assert (far.depth, near.depth) == pytest.approx((FAR, NEAR))
    np.testing.assert_array_equal(far.light[..., -1].sum(axis=1), 30 + 12)
    np.testing.assert_array_equal(far.light[:, 35, :3], light[:, 29])  # in the colours of its edge
    assert far.columns == slice(0, 30 + 12 + 12)  # with room to be blurred in


def test_a_layer_lies_where_its_blur_is_that_of_its_pixels_on_average(near_on_the_right):
    (layer,) = cut_into_layers(np.ones((60, 60, 1), np.float32), near_on_the_right, count=1, reach=0)
    assert layer.depth == pytest.approx(1 / np.mean([1 / NEAR, 1 / FAR]))  # for blur goes with 1 / depth


@pytest.mark.parametrize("distance", [0.05, 0.04, np.nan])
def test_a_lens_cannot_focus_within_its_focal_length(distance):
    with pytest.raises(ValueError, match="a lens of 0.05 m focuses at more than that"):
        circle_of_confusion(2.0, distance, focal_length=0.05, f_number=2)


def test_layers_are_fine_enough_for_a_focus_in_between():
    """What is off the focus by less than a pixel is sharp, what is off by two is not, to the column."""
    picture = np.random.default_rng(0).random((40, 600), dtype=np.float32)
    depth = np.tile(np.linspace(1.5, 6, 600, dtype=np.float32), (40, 1))
    made = scenes.focal_stack(picture, depth, distances=[2.4], f_number=0.8)
    pitch = 0.05 / 994.978
    circle = circle_of_confusion(depth[0], 2.4, focal_length=0.05, f_number=0.8) / pitch
    off = np.abs(made.stack[0] - picture).mean(axis=0) > 1 / 255
    assert circle.max() > 12
    assert not off[circle < 0.7].any()
    assert off[circle > 1.3].all()

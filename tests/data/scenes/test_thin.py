"""The drawn fence and plant are thin, repeatable, and in focus in one frame only."""

import time

import cv2
import numpy as np
import pytest

from data import scenes
from data.scenes import thin as thin_module
from data.scenes.light import to_linear
from data.scenes.photographs import photograph
from data.scenes.thin import FINER, Shape, band, fence_before_lawn, painted, round_thing


@pytest.fixture(scope="module")
def parts():
    return fence_before_lawn()


@pytest.fixture(scope="module")
def thin():
    return scenes.built_in("built-in/thin")


def left_after(alpha, pixels):
    """Share of the foreground that is left if so many pixels are taken off its rim."""
    mask = (alpha > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.erode(mask, disc).sum() / mask.sum()


def test_parts_fit_each_other(parts):
    foreground, alpha, background = parts
    assert foreground.shape == background.shape == (400, 512, 3)
    assert foreground.dtype == background.dtype == np.uint8
    assert alpha.shape == (400, 512) and alpha.dtype == np.float32
    assert (alpha.min(), alpha.max()) == (0, 1)


def test_structures_are_thin(parts):
    alpha = parts[1]
    assert (alpha > 0.5).mean() == pytest.approx(0.2, abs=0.01)
    assert left_after(alpha, 1) == pytest.approx(0.5, abs=0.02)
    assert left_after(alpha, 4) < 0.1


def test_wires_twigs_and_hairs_are_as_wide_as_told(monkeypatch):
    widths = []
    monkeypatch.setattr(thin_module, "round_thing", lambda middle, half_width, _: widths.extend(2 * half_width) or ())
    rng = np.random.default_rng(0)
    for shapes in (thin_module.wires(rng), thin_module.plant(rng), thin_module.hairs(rng)):
        list(shapes)
    assert (min(widths), max(widths)) == (1.5, 6)


def test_much_is_mixed_and_the_background_is_seen_through_many_openings(parts):
    alpha = parts[1]
    assert ((alpha > 0.1) & (alpha < 0.9)).mean() == pytest.approx(1 / 11, abs=0.005)
    assert cv2.connectedComponents((alpha < 0.5).astype(np.uint8))[0] - 1 == pytest.approx(200, abs=10)
    assert cv2.connectedComponents((alpha > 0.5).astype(np.uint8))[0] - 1 < 15  # it hangs together


def test_a_seed_repeats_the_drawing(parts):
    assert all(np.array_equal(one, other) for one, other in zip(parts, fence_before_lawn(), strict=True))
    other = fence_before_lawn(seed=1)
    assert (other[1] != parts[1]).mean() > 0.1
    assert np.array_equal(other[2], parts[2])


def test_the_frame_focused_near_shows_the_opaque_foreground_as_it_is(thin):
    near, far = thin.stack
    opaque = thin.alpha == 1
    np.testing.assert_array_equal(near[opaque], thin.sharp[opaque])
    assert np.abs(far[opaque] - thin.sharp[opaque]).mean() > 0.05


def test_the_frame_focused_far_shows_the_background_where_nothing_is_near(thin, parts):
    away = cv2.dilate((thin.alpha > 0).astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    near, far = thin.stack
    assert away.mean() > 0.1
    np.testing.assert_array_equal(far[away], thin.sharp[away])
    np.testing.assert_allclose(thin.sharp[away], parts[2][away] / 255, atol=1e-6)
    assert np.abs(near[away] - thin.sharp[away]).mean() > 0.05


def test_near_and_far_have_detail_nearly_everywhere(thin, parts):
    for image, where in ((parts[2], np.full(thin.alpha.shape, True)), (parts[0], thin.alpha == 1)):
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        contrast = np.abs(gray - cv2.blur(gray, (5, 5)))
        assert (cv2.blur(contrast, (9, 9))[where] > 3).mean() > 0.99  # of 255


def test_no_single_frame_comes_near_the_truth(thin):
    errors = [np.sqrt(np.mean((frame - thin.sharp) ** 2)) for frame in thin.stack]
    assert min(errors) > 0.08
    assert max(errors) < 1.25 * min(errors)  # neither is much the better one


def test_it_costs_little():
    started = time.process_time()
    scenes.scene("built-in/thin").make()
    assert time.process_time() - started < 2  # 0.2 s measured


# --- how it is drawn -------------------------------------------------------------------------------------------------


def test_a_straight_wire_is_as_wide_as_asked():
    middle = np.stack([np.linspace(-20, 532, 30), np.full(30, 200.3)], axis=1)
    for half_width in (0.75, 1.0, 3.0):
        colour, alpha = painted(round_thing(middle, np.full(30, half_width), np.float32([200, 100, 50])))
        assert alpha.sum(axis=0).mean() == pytest.approx(2 * half_width, abs=0.15)
        rows = np.arange(400)
        assert (alpha.sum(axis=1) * (rows + 0.5)).sum() / alpha.sum() == pytest.approx(200.3, abs=0.5 / FINER + 0.01)
        assert colour[200, 200, 0] > colour[200, 200, 2]


@pytest.mark.parametrize("turn", [1, -1])
def test_round_things_are_lit_from_above_whichever_way_they_run(turn):
    middle = np.stack([np.linspace(-20, 532, 30), np.full(30, 200.0)], axis=1)[::turn]
    colour, _ = painted(round_thing(middle, np.full(30, 6.0), np.float32([200, 200, 200])))
    assert colour[194:200, 100].mean() > 1.2 * colour[200:206, 100].mean()


def test_the_rim_of_what_is_painted_keeps_its_colour():
    middle = np.stack([np.linspace(50, 450, 30), np.linspace(60, 340, 30)], axis=1)
    colour, alpha = painted([Shape(band(middle, np.full(30, 2.0)), np.float32([240, 120, 60]))])
    rim = (alpha > 0.2) & (alpha < 0.8)
    assert rim.sum() > 200
    assert np.abs(colour[rim] - [240, 120, 60]).max() < 6  # alpha and colour are of 8 bits


def test_painted_things_get_a_grain_of_single_pixels():
    even = np.full((400, 512, 3), 150, np.float32)
    grainy = thin_module.weathered(even, np.random.default_rng(0))[..., 0].astype(np.float32)
    assert grainy.mean() == pytest.approx(150, abs=1)
    assert np.abs(np.diff(grainy, axis=1)).mean() > 5


def test_the_lawn_is_green_and_as_bright_as_its_photograph(parts):
    light = to_linear(parts[2] / np.float32(255)).mean(axis=(0, 1))
    assert light[1] > light[0] > light[2]
    brightness = parts[2].astype(int).sum(axis=2)
    assert np.corrcoef(brightness.ravel(), photograph("grass")[:400, :512].ravel())[0, 1] > 0.98

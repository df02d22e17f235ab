"""Patches read what was imposed on them: displacement, contrast, noise, and how much of them is seen."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from recalage.levels import Level
from recalage.patches import Patches, compare, mean_correlation, patch_count

CELL = 8
SHAPE = (120, 160)
GRID = (15, 20)
EVERY = np.ones(GRID, bool)


def smooth_noise(seed, sigma=2.5):
    noise = np.random.default_rng(seed).standard_normal((SHAPE[0] + 40, SHAPE[1] + 40)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), sigma)
    return 0.4 + 0.1 * blurred / blurred.std()


def cut(picture, x=0, y=0):
    return np.ascontiguousarray(picture[20 + y : 20 + y + SHAPE[0], 20 + x : 20 + x + SHAPE[1]])


def level(light):
    return Level(light, CELL, block=4 * CELL)


def shift(x, y=0.0):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def patches_of(detail, correlation):
    count = len(detail)
    fields = {"cells": np.arange(count), "centres": np.zeros((count, 2)), "curvature": np.zeros((count, 2, 2))}
    return Patches(
        **fields,
        pull=np.zeros((count, 2)),
        weight=np.ones(count),
        correlation=np.array(correlation),
        detail=np.array(detail),
    )


@pytest.fixture(scope="module")
def light():
    return smooth_noise(1)


@pytest.fixture(scope="module")
def template(light):
    return level(cut(light))


@pytest.mark.parametrize("shape", [(70, 90), (600, 800)])
def test_opencv_draws_at_positions_that_are_not_rounded(shape):
    """Linear interpolation of float images; other kinds round to 1/32 pixel. Else refinement could end nowhere."""
    ramp = np.tile(np.arange(shape[1], dtype=np.float32), (shape[0], 1))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpPerspective(ramp, shift(0.0137), shape[::-1], np.empty_like(ramp), flags=flags)
    assert_allclose((drawn - ramp)[:, :-2], 0.0137, atol=2e-4)
    drawn = cv2.warpPerspective(np.ascontiguousarray(ramp.T), shift(0, 0.0137), shape, flags=flags)
    assert_allclose((drawn - ramp.T)[:-2], 0.0137, atol=2e-4)


def test_equal_frames_agree_everywhere(template, light):
    patches = compare(template, level(cut(light)), np.eye(3), EVERY)
    assert len(patches.cells) == EVERY.size == patch_count(EVERY)
    assert_allclose(patches.correlation, 1, atol=1e-5)
    assert_allclose(np.linalg.solve(patches.curvature, patches.pull[..., None]), 0, atol=1e-4)
    assert mean_correlation(patches) == pytest.approx(1, abs=1e-6)


def test_cells_are_counted_row_by_row(template, light):
    chosen = np.zeros(GRID, bool)
    chosen[3, 5] = chosen[9, 2] = True
    patches = compare(template, level(cut(light)), np.eye(3), chosen)
    assert patches.cells.tolist() == [3 * 20 + 5, 9 * 20 + 2]
    assert_allclose(patches.centres, [[5 * 8 + 3.5, 3 * 8 + 3.5], [2 * 8 + 3.5, 9 * 8 + 3.5]])


def test_a_patch_needs_a_fifth_of_its_window():
    """The window is 1 2 1 across and down: one cell fills a quarter of its own patch, and an eighth of the next one."""
    one, two, corner = (np.zeros((5, 5), bool) for _ in range(3))
    one[2, 2] = True
    two[1, 2] = two[3, 2] = True  # each an eighth of the patch between them
    corner[0, 0] = corner[1, 1] = True
    assert patch_count(one) == 1
    assert patch_count(two) == 3
    assert patch_count(corner) == 4  # and the two beside both get an eighth of each: 1/4
    assert patch_count(np.zeros((5, 5), bool)) == 0


@pytest.mark.parametrize(("x", "y"), [(0.2, 0), (0, -0.2), (0.15, 0.1)])
def test_patches_are_pulled_towards_where_they_agree(template, light, x, y):
    """The moving frame shows at p what the template shows at p + (x, y); its slopes tell so."""
    grown = cv2.warpPerspective(light, shift(x, y), light.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    patches = compare(template, level(cut(grown)), np.eye(3), EVERY)
    displacements = np.linalg.solve(patches.curvature, patches.pull[..., None])[..., 0]
    assert_allclose(np.median(displacements, axis=0), [x, y], atol=0.03)
    right = compare(template, level(cut(grown)), shift(-x, -y), EVERY)
    assert np.abs(right.pull).mean() < 0.1 * np.abs(patches.pull).mean()


def test_the_matrix_maps_the_template_to_the_moving_frame(template, light):
    patches = compare(template, level(cut(light, x=6, y=-4)), shift(-6, 4), EVERY)
    assert np.median(patches.correlation) > 0.999
    assert mean_correlation(compare(template, level(cut(light, x=6, y=-4)), shift(6, -4), EVERY)) < 0.5


@pytest.mark.parametrize("contrast", [0.3, 3])
def test_contrast_and_shading_change_nothing(template, light, contrast):
    moving = cut(light, x=1)
    plain, changed = (compare(template, level(frame), np.eye(3), EVERY) for frame in (moving, contrast * moving + 0.2))
    assert_allclose(changed.correlation, plain.correlation, atol=1e-4)
    assert_allclose(changed.pull, plain.pull, rtol=1e-2, atol=1e-7)


def test_a_gain_has_a_limit(template, light):
    """A patch a hundred times as faint as the template is brightened tenfold: it pulls by a tenth of what it should."""
    dark, faint, plain = (compare(template, level(c * cut(light, x=1)), np.eye(3), EVERY).pull for c in (0, 0.01, 1))
    assert_allclose(np.median(np.abs(faint - dark)) / np.median(np.abs(plain - dark)), 0.1, atol=0.01)


def test_a_negative_explains_nothing(template, light):
    patches = compare(template, level(1 - cut(light)), np.eye(3), EVERY)
    assert_allclose(patches.correlation, -1, atol=1e-4)
    equal = compare(template, level(cut(light)), np.eye(3), EVERY)
    assert patches.weight.max() == 0 < equal.weight.min()


def test_patches_count_by_what_is_explained(template, light):
    noise = cut(smooth_noise(2)) - 0.4
    weights = [
        np.median(compare(template, level(cut(light) + share * noise), np.eye(3), EVERY).weight)
        for share in (0, 0.2, 1, 4)
    ]
    assert weights[0] > 3 * weights[1] > 9 * weights[2] > 27 * weights[3] > 0


def test_only_cells_inside_of_the_moving_frame_are_seen(template, light):
    """Shifted by 84 pixels: ten columns of cells lie beyond its border, and half of the eleventh."""
    patches = compare(template, level(cut(light)), shift(84), EVERY)
    columns = np.unique(patches.cells % GRID[1])
    assert columns.tolist() == list(range(0, 10))
    beyond = compare(template, level(cut(light)), shift(0, 500), EVERY)
    assert len(beyond.cells) == 0 and mean_correlation(beyond) == -1


def test_frames_of_even_gray_give_numbers(template, light):
    even = np.full(SHAPE, 0.5, np.float32)
    for one, other in ((level(even), template), (template, level(even)), (level(even), level(even))):
        patches = compare(one, other, np.eye(3), EVERY)
        assert all(np.isfinite(field).all() for field in patches)
        assert np.abs(patches.correlation).max() < 0.01


def test_comparing_again_does_not_change_what_was_found(template, light):
    moving = level(cut(light, x=1))
    first = compare(template, moving, np.eye(3), EVERY)
    kept = [field.copy() for field in first]
    compare(template, moving, shift(3, 2), EVERY)
    assert all(np.array_equal(*pair) for pair in zip(first, kept, strict=True))


def test_correlations_count_by_contrast():
    """Contrast is the root of the mean square: 2 and 1."""
    assert mean_correlation(patches_of([4.0, 1.0], [1.0, 0.1])) == pytest.approx((2 + 0.1) / 3)
    assert mean_correlation(patches_of([], [])) == -1
    assert mean_correlation(patches_of([0.0, 0.0], [0.5, 0.7])) == pytest.approx(0.6)

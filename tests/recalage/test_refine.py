"""Refinement finds an imposed motion to a hundredth of a pixel, and is not led astray by parts that contradict it."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from recalage.homography import corners, project
from recalage.levels import Level
from recalage.refine import _weighted_median, refine

SHAPE = (192, 256)
IMPOSED = {
    "translation": np.array([[1, 0, 1.37], [0, 1, -0.83], [0, 0, 1.0]]),
    "similarity": np.array([[1.008, -0.006, 0.4], [0.006, 1.008, -1.9], [0, 0, 1]]),
    "affine": np.array([[1.006, 0.004, -1.5], [-0.003, 0.995, 1.2], [0, 0, 1]]),
    "homography": np.array([[1.004, 0.003, -1], [-0.002, 1.003, 0.5], [2e-5, -1e-5, 1]]),
}


def light_of_noise(seed, sigma=2.0):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32), (0, 0), sigma)
    return 0.4 + 0.1 * noise / noise.std()


def moved_by(picture, matrix):
    """Draw what `matrix`, from the template to the moving frame, makes of a template."""
    rows, columns = np.indices(SHAPE)
    places = project(np.linalg.inv(matrix), np.column_stack([columns.ravel(), rows.ravel()]))
    return map_coordinates(picture, places[:, ::-1].T, order=3, mode="mirror").reshape(SHAPE).astype(np.float32)


def level(light):
    return Level(light, 8, block=32)


def error(matrix, imposed):
    places = corners(SHAPE)
    return np.linalg.norm(project(matrix, places) - project(imposed, places), axis=1).max()


@pytest.fixture(scope="module")
def light():
    return light_of_noise(1)


@pytest.fixture(scope="module")
def template(light):
    return level(light)


@pytest.mark.parametrize("model", IMPOSED)
def test_a_motion_is_found(template, light, model):
    matrix, spread = refine(template, level(moved_by(light, IMPOSED[model])), np.eye(3), model)
    assert error(matrix, IMPOSED[model]) < 0.03  # pixels, at the worst corner; measured: 0.002 to 0.01
    assert 0 < spread < 0.02
    assert matrix[2, 2] == 1


@pytest.mark.parametrize("model", IMPOSED)
def test_what_is_found_is_of_the_model(template, light, model):
    matrix, _ = refine(template, level(moved_by(light, IMPOSED["homography"])), np.eye(3), model)
    linear = matrix[:2, :2]
    assert np.array_equal(linear, np.eye(2)) == (model == "translation")
    assert np.allclose(linear.T @ linear, np.eye(2) * np.linalg.det(linear), atol=1e-9) == (
        model in ("translation", "similarity")
    )
    assert np.array_equal(matrix[2], [0, 0, 1]) == (model != "homography")


def test_the_start_does_not_matter_where_it_is_near(template, light):
    imposed, moving = IMPOSED["similarity"], level(moved_by(light, IMPOSED["similarity"]))
    starts = (np.eye(3), imposed, imposed @ [[1, 0, 1.5], [0, 1, 1], [0, 0, 1]])
    found = [refine(template, moving, start, "similarity", precision=1e-4, steps=40)[0] for start in starts]
    assert max(error(matrix, found[0]) for matrix in found) < 2e-3


def test_steps_end_at_the_precision_asked_for(template, light):
    moving = level(moved_by(light, IMPOSED["affine"]))
    errors = {
        precision: error(refine(template, moving, np.eye(3), "affine", precision=precision)[0], IMPOSED["affine"])
        for precision in (10.0, 0.002)
    }
    one_step = error(refine(template, moving, np.eye(3), "affine", steps=1)[0], IMPOSED["affine"])
    assert errors[10.0] == one_step > 5 * errors[0.002]


@pytest.mark.parametrize("share", [0.15, 0.3])
def test_a_part_that_moves_otherwise_is_left_behind(template, light, share):
    columns = round(share * SHAPE[1])
    moving = moved_by(light, IMPOSED["similarity"])
    moving[:, :columns] = moved_by(light, np.array([[1, 0, 4], [0, 1, 2.5], [0, 0, 1.0]]))[:, :columns]
    matrix, _ = refine(template, level(moving), np.eye(3), "similarity")
    assert error(matrix, IMPOSED["similarity"]) < 0.1  # measured: 0.01 to 0.04


def test_a_part_that_moves_little_is_left_behind_too(template, light):
    """A quarter that is off by half a pixel would pull the whole by an eighth, were all patches counted alike."""
    moving = moved_by(light, IMPOSED["translation"])
    other = IMPOSED["translation"] + np.array([[0, 0, 0.5], [0, 0, 0], [0, 0, 0]])
    moving[:, :64] = moved_by(light, other)[:, :64]
    matrix, _ = refine(template, level(moving), np.eye(3), "translation")
    assert error(matrix, IMPOSED["translation"]) < 0.02


def test_blur_noise_and_contrast_move_nothing(template, light):
    moving = cv2.GaussianBlur(moved_by(light, IMPOSED["similarity"]), (0, 0), 2) * 0.4 + 0.1
    moving += np.random.default_rng(9).normal(0, 0.002, SHAPE).astype(np.float32)
    matrix, spread = refine(template, level(moving), np.eye(3), "similarity")
    assert error(matrix, IMPOSED["similarity"]) < 0.1
    assert spread > refine(template, level(light), np.eye(3), "similarity")[1]


def test_the_spread_is_how_far_patches_are_off(template, light):
    """Where each patch is displaced on its own, by a sixth of a pixel in the median, that is what is left."""
    rng = np.random.default_rng(6)
    rows, columns = np.indices(SHAPE, np.float32)
    offsets = [cv2.resize(rng.normal(0, 0.15, (12, 16)).astype(np.float32), SHAPE[::-1]) for _ in range(2)]
    moving = map_coordinates(light, [rows + offsets[0], columns + offsets[1]], order=3, mode="mirror")
    matrix, spread = refine(template, level(moving), np.eye(3), "translation")
    assert spread == pytest.approx(np.median(np.hypot(*offsets)), rel=0.35)
    assert error(matrix, np.eye(3)) < 0.1


def test_what_is_kept_back_takes_no_part(light):
    """Inside of the cells kept back the moving frame may show anything."""
    template, moving = level(light), level(moved_by(light, np.array([[1, 0, 0.4], [0, 1, -0.3], [0, 0, 1]])))
    matrix, spread = refine(template, moving, np.eye(3), "affine")
    inner = np.tile(np.pad(np.ones((4, 4), bool), 2), template.grid)  # of each cell, its inner half
    anything = np.random.default_rng(2).normal(0, 0.3, SHAPE).astype(np.float32)
    moving.detail = np.where(inner & np.kron(template.kept_back, np.ones((8, 8), bool)), anything, moving.detail)
    again, again_spread = refine(template, moving, np.eye(3), "affine")
    assert np.allclose(again, matrix, atol=1e-9) and again_spread == pytest.approx(spread)


def test_too_few_patches_find_nothing(template, light):
    start = np.array([[1, 0, 250.0], [0, 1, 180], [0, 0, 1]])
    matrix, spread = refine(template, level(light), start, "similarity")
    assert np.array_equal(matrix, start) and spread == np.inf
    matrix, spread = refine(template, level(np.full(SHAPE, 0.5, np.float32)), np.eye(3), "similarity")
    assert np.array_equal(matrix, np.eye(3)) and spread == np.inf


def test_six_patches_are_needed(light):
    found = {}
    for count in (5, 6):
        template = level(light)
        template.kept_back = np.ones(template.grid, bool)  # but for cells so far apart that each is one patch
        template.kept_back[3::6, 3::6].flat[:count] = False
        found[count] = refine(template, level(light), np.eye(3), "translation")[1]
    assert found[5] == np.inf > found[6]


def test_edges_in_one_direction_do_not_let_a_frame_slide(light):
    """Stripes tell nothing of the way along them."""
    stripes = np.tile(light[:1], (SHAPE[0], 1))
    imposed = np.array([[1, 0, 0.7], [0, 1, 0], [0, 0, 1.0]])
    matrix, _ = refine(level(stripes), level(moved_by(stripes, imposed)), np.eye(3), "translation")
    assert error(matrix, imposed) < 0.05


def test_a_weighted_median():
    assert _weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])) == 2
    assert _weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0])) == 3
    assert _weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 1.0])) == 1

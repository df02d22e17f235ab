"""Models of motion: their slopes are those of their matrices, and fits are least squares."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from recalage.homography import project
from recalage.motion import MODELS, fit_matches, matrix_of, slopes

NUMBERS = {"translation": 2, "similarity": 4, "affine": 6, "homography": 8}
RNG = np.random.default_rng(3)
POINTS = RNG.uniform(-1, 1, (40, 2))


def squared_error(matrix, source, target):
    return ((project(matrix, source) - target) ** 2).sum()


def test_there_are_four_models():
    assert {model: slopes(model, POINTS).shape for model in MODELS} == {
        model: (40, 2, count) for model, count in NUMBERS.items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_without_parameters_nothing_moves(model):
    assert_allclose(matrix_of(model, np.zeros(NUMBERS[model])), np.eye(3))


@pytest.mark.parametrize("model", MODELS)
def test_slopes_are_those_of_the_matrices(model):
    """Central differences of where points go, by each parameter."""
    step = 1e-5
    for number in range(NUMBERS[model]):
        parameters = step * (np.arange(NUMBERS[model]) == number)
        ahead, behind = (project(matrix_of(model, sign * parameters), POINTS) for sign in (1, -1))
        assert_allclose(slopes(model, POINTS)[:, :, number], (ahead - behind) / (2 * step), atol=1e-8)


def test_a_similarity_keeps_angles():
    linear = matrix_of("similarity", [3, 4, 0.1, 0.2])[:2, :2]
    assert_allclose(linear.T @ linear, np.eye(2) * (1.1**2 + 0.2**2), atol=1e-12)
    assert np.linalg.det(linear) > 0


def test_parameters_are_what_the_models_say():
    """A shift; then how x and y change along x and y; then the tilt."""
    assert_allclose(project(matrix_of("translation", [2, -3]), [[5, 7]]), [[7, 4]])
    assert_allclose(project(matrix_of("similarity", [0, 0, 0.5, 0.25]), [[4, 0]]), [[6, 1]])
    assert_allclose(project(matrix_of("affine", [1, 2, 0.1, 0.2, 0.3, 0.4]), [[10, 10]]), [[14, 19]])
    assert_allclose(project(matrix_of("homography", [0, 0, 0, 0, 0, 0, 0.1, 0.2]), [[5, 2.5]]), [[2.5, 1.25]])


@pytest.mark.parametrize("model", ["translation", "similarity", "affine"])
def test_exact_matches_give_the_exact_motion(model):
    imposed = matrix_of(model, np.array([9, -4, 0.03, 0.05, -0.02, 0.04])[: NUMBERS[model]])
    source = RNG.uniform(0, 500, (20, 2))
    assert_allclose(fit_matches(model, source, project(imposed, source)), imposed, atol=1e-9)


@pytest.mark.parametrize("model", ["translation", "similarity", "affine"])
def test_no_motion_near_the_fit_fits_better(model):
    target = POINTS * [1.2, 0.9] + 0.3 + RNG.normal(0, 0.1, POINTS.shape)
    fitted = fit_matches(model, POINTS, target)
    least = squared_error(fitted, POINTS, target)
    for number in range(NUMBERS[model]):
        for change in (-1e-3, 1e-3):
            changed = fitted + matrix_of(model, change * (np.arange(NUMBERS[model]) == number)) - np.eye(3)
            assert squared_error(changed, POINTS, target) > least

"""Warping: direction, places, range."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError
from recalage import project, warp

TURN = np.array([[0.9, -0.3, 25], [0.28, 0.95, -4], [2e-4, -1e-4, 1]])


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "float64"])
def test_a_shift_by_whole_pixels_moves_values_to_the_right_and_down(texture, kind):
    image = (texture * {"uint8": 255, "uint16": 65535}.get(kind, 1)).astype(kind)
    moved = warp(image, shift(5, 3))
    assert_allclose(moved[3:, 5:], image[:-3, :-5], rtol=0, atol=1e-6)
    assert moved.dtype == ("float32" if kind == "float64" else kind)


@pytest.mark.parametrize("matrix", [TURN, shift(3.3, -2.7), np.diag([1.5, 0.7, 1])])
def test_a_spot_lands_where_the_matrix_maps_it(matrix):
    spot = np.array([[62.0, 41.0]])
    rows, columns = np.mgrid[:96, :128]
    image = np.exp(-((columns - 62) ** 2 + (rows - 41) ** 2) / 18).astype(np.float32)
    moved = warp(image, matrix).astype(np.float64)
    centre = [(moved * places).sum() / moved.sum() for places in (columns, rows)]
    assert_allclose(centre, project(matrix, spot)[0], atol=0.1)


def test_there_and_back_again_loses_little(texture):
    smooth = cv2.GaussianBlur(texture, (0, 0), 1)
    back = warp(warp(smooth, TURN, (160, 200)), np.linalg.inv(TURN), smooth.shape)
    assert np.abs(back - smooth)[30:-30, 30:-30].max() < 0.02


def test_the_shape_of_the_result_can_be_given(texture):
    assert warp(texture, np.eye(3), (50, 60)).shape == (50, 60, 3)
    assert warp(texture, np.eye(3), (50, 60, 3)).shape == (50, 60, 3)
    assert warp(texture[..., 0], np.eye(3), (150, 160)).shape == (150, 160)


def test_borders_are_repeated(texture):
    moved = warp(texture, shift(10, 0))
    assert_allclose(moved[:, :10], np.repeat(texture[:, :1], 10, axis=1), atol=1e-6)


def test_values_stay_in_range():
    checks = (np.indices((40, 40)).sum(axis=0) // 4 % 2).astype(np.float32)
    moved = warp(checks, shift(0.5, 0.5))
    assert moved.min() == 0 and moved.max() == 1


def test_big_endian_pixels_are_read(texture):
    image = (texture * 65535).astype(np.uint16)
    assert np.array_equal(warp(image.astype(">u2"), TURN), warp(image, TURN))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_a_cubic_kernel_moves_values_to_the_same_places(texture, kind):
    image = (texture * {"uint8": 255, "uint16": 65535}.get(kind, 1)).astype(kind)
    moved = warp(image, shift(5, 3), interpolation="cubic")
    assert_allclose(moved[3:, 5:], image[:-3, :-5], rtol=0, atol=1e-6)
    assert moved.dtype == kind


def test_a_point_is_spread_over_as_many_pixels_as_the_kernel_has():
    point = np.full((21, 21), 0.5, np.float32)
    point[10, 10] = 0.9
    for interpolation, width in (("lanczos", 8), ("cubic", 4)):
        moved = warp(point, shift(0.5, 0.5), interpolation=interpolation)
        rows, columns = np.nonzero(np.abs(moved - 0.5) > 1e-5)
        assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == width


def test_lanczos_is_the_default_and_blurs_the_least(texture):
    fine = texture[..., 0]
    back = {
        name: warp(warp(fine, shift(0.5, 0.5), **given), shift(-0.5, -0.5), **given)
        for name, given in (
            ("default", {}),
            ("lanczos", {"interpolation": "lanczos"}),
            ("cubic", {"interpolation": "cubic"}),
        )
    }
    assert np.array_equal(back["default"], back["lanczos"])
    errors = {name: np.square(image - fine)[8:-8, 8:-8].mean() for name, image in back.items()}
    assert errors["lanczos"] < 0.8 * errors["cubic"]


def test_a_cubic_kernel_stays_in_range_too():
    checks = (np.indices((40, 40)).sum(axis=0) // 4 % 2).astype(np.float32)
    moved = warp(checks, shift(0.5, 0.5), interpolation="cubic")
    assert moved.min() == 0 and moved.max() == 1


@pytest.mark.parametrize("name", ["linear", "", None])
def test_an_unknown_kernel_is_refused(texture, name):
    with pytest.raises(ValueError, match=f"interpolation must be one of lanczos, cubic; got {name!r}"):
        warp(texture, np.eye(3), interpolation=name)


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.eye(2), np.full((3, 3), np.nan)])
def test_a_matrix_without_inverse_is_refused(texture, matrix):
    with pytest.raises(ValueError, match=r"matrix must be a \(3, 3\) array that can be inverted"):
        warp(texture, matrix)


def test_what_is_no_image_is_refused():
    with pytest.raises(DataError, match="image has type int64"):
        warp(np.zeros((5, 5), np.int64), np.eye(3))

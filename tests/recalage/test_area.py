"""The common area: covered by every frame, and as large as can be."""

import numpy as np
import pytest

from recalage import RegistrationError, common_area, project


def covered(matrices, shape):
    """Which pixels of the last frame have their origin inside of every frame, one by one."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    points = np.column_stack([columns.ravel(), rows.ravel()])
    inside = np.ones(len(points), bool)
    for matrix in matrices:
        x, y = project(np.linalg.inv(matrix), points).T
        inside &= (x > -1e-5) & (y > -1e-5) & (x < shape[1] - 1 + 1e-5) & (y < shape[0] - 1 + 1e-5)
    return inside.reshape(shape)


def largest_area(mask):
    """Try every rectangle."""
    sums = np.pad(mask.astype(int), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    best = 0
    for top in range(mask.shape[0]):
        for bottom in range(top + 1, mask.shape[0] + 1):
            strip = sums[bottom] - sums[top]
            inside = strip[None, :] - strip[:, None]
            width = np.arange(len(strip))[None, :] - np.arange(len(strip))[:, None]
            areas = np.where((width > 0) & (inside == width * (bottom - top)), inside, 0)
            best = max(best, areas.max())
    return best


def random_transform(rng):
    angle, scale = rng.normal(0, 0.1), rng.uniform(0.85, 1.15)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2], matrix[2, :2] = turn, rng.normal(0, 4, 2), rng.normal(0, 1e-3, 2)
    return matrix


@pytest.mark.parametrize("seed", range(12))
def test_it_is_covered_by_all_and_the_largest(seed):
    rng = np.random.default_rng(seed)
    shape = (48, 70)
    matrices = [random_transform(rng) for _ in range(3)]
    mask = covered(matrices, shape)
    rows, columns = common_area(matrices, shape)
    assert mask[rows, columns].all()
    assert mask[rows, columns].size == largest_area(mask)


def test_frames_that_need_no_transform_share_everything():
    assert common_area([np.eye(3)] * 3, (30, 50, 3)) == (slice(0, 30), slice(0, 50))


def test_a_frame_that_reaches_beyond_the_last_one_is_cut_off():
    enlarge = np.array([[1.2, 0, -5], [0, 1.2, -3], [0, 0, 1]])
    assert common_area([enlarge], (30, 50)) == (slice(0, 30), slice(0, 50))


def test_a_shift_takes_its_stripe():
    to_the_right = np.array([[1, 0, 7.5], [0, 1, -4], [0, 0, 1]])
    assert common_area([to_the_right, np.eye(3)], (3000, 4000)) == (slice(0, 2996), slice(8, 4000))


def test_a_large_frame_is_searched_to_the_pixel():
    shrink = np.array([[0.9, 0, 150.2], [0, 0.9, 100.7], [0, 0, 1]])
    assert common_area([shrink], (3000, 4000)) == (slice(101, 2800), slice(151, 3750))


def test_frames_without_a_common_area_are_refused():
    far = np.array([[1, 0, 60], [0, 1, 0], [0, 0, 1]])
    with pytest.raises(RegistrationError, match="the 2 frames cover no area together"):
        common_area([far, np.eye(3)], (30, 50))


def test_a_matrix_without_inverse_is_refused():
    with pytest.raises(ValueError, match="can be inverted"):
        common_area([np.zeros((3, 3))], (30, 50))

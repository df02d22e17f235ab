"""The slope of the lab: sharp at the bottom in the first frame, at the top in the last."""

import numpy as np
import pytest

from data.scenes.lab.slope import FARTHEST, NEAREST, blur_at, cup, depth_of_slope, lights_on_slope


def test_the_lowest_row_is_nearest():
    depth = depth_of_slope((160, 224))
    assert depth[-1] == pytest.approx(NEAREST) and depth[0] == pytest.approx(FARTHEST)
    assert (np.diff(depth[:, 0]) < 0).all()


def test_the_first_frame_is_sharpest_at_the_bottom():
    lights, index = lights_on_slope(cup(), 4)
    assert (index[-1] == 0).all() and (index[0] == 3).all() and (np.diff(index[:, 0]) <= 0).all()
    errors = np.array(
        [[np.abs(light - cup())[rows].mean() for rows in np.split(np.arange(160), 4)] for light in lights]
    )
    np.testing.assert_array_equal(errors.argmin(axis=0), [3, 2, 1, 0])


def test_a_point_is_drawn_as_wide_as_the_lens_says():
    point = np.zeros((160, 224, 3), np.float32)
    point[5, 100] = 1
    (light,), _ = lights_on_slope(point, 1)
    depth = depth_of_slope(point.shape)[5, 100]
    focus = 2 / (1 / NEAREST + 1 / FARTHEST)
    area = np.pi / 4 * blur_at(depth, focus) ** 2
    assert 1 / light.max() == pytest.approx(area, rel=0.15)

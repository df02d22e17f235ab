"""What a homography does to points and to what is around them."""

import cv2
import numpy as np
import pytest

from recalage import project, scale_at

TILTED = np.array([[0.9, 0.1, 12], [-0.08, 1.1, -3], [2e-4, -1e-4, 1]])


def test_points_go_where_opencv_puts_them():
    points = np.array([[0.0, 0], [100, 20], [37, 255]])
    np.testing.assert_allclose(project(TILTED, points), cv2.perspectiveTransform(points[None], TILTED)[0])


@pytest.mark.parametrize("factor", [1, -2.5])
def test_scale_is_that_of_a_small_square_there(factor):
    x, y = 320, 100
    square = np.float32([[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1]])
    area = cv2.contourArea(project(TILTED, square).astype(np.float32) - project(TILTED, [[x, y]]).astype(np.float32))
    assert scale_at(factor * TILTED, (x, y)) == pytest.approx((area / 0.01) ** 0.5, rel=1e-3)

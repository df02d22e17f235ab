"""What is measured in, and cut out of, photographs."""

import sys

import cv2
import numpy as np
import pytest

import data
from data.scenes import photographs


def test_motorcycle_is_as_far_away_as_its_calibration_says():
    picture, depth = photographs.motorcycle()
    assert picture.shape == (500, 741, 3)
    assert depth.shape == (500, 741)
    # 994.978 px * 0.193001 m / (60 px + 31.086 px) = 2.108 m, for the nearest disparity, which is about 60 pixels
    assert photographs.depth_of(np.float32(60)) == pytest.approx(2.1082, abs=1e-3)
    assert depth.min() == pytest.approx(2.11, abs=0.02)
    assert depth.max() < 5.5


def test_unknown_disparity_is_that_of_the_far_side():
    disparity = np.full((30, 60), 10, np.float32)
    disparity[:, 20:40] = 50
    disparity[:, 12:20] = np.inf
    filled = photographs.fill_from_far_side(disparity)
    assert np.all(filled[:, 12:18] == 10)
    assert np.all(filled[:, 20:40] == 50)


def test_one_wrong_pixel_is_no_thing_that_is_near():
    disparity = np.full((30, 60), 10, np.float32)
    disparity[15, 30] = 50
    assert np.all(photographs.fill_from_far_side(disparity) == 10)


def test_a_row_of_which_nothing_is_known_is_as_far_as_anything():
    disparity = np.tile(np.linspace(10, 50, 60, dtype=np.float32), (30, 1))
    disparity[:6] = np.inf
    assert np.all(photographs.fill_from_far_side(disparity)[:3] == 10)


def test_coins_are_cut_out_whole():
    picture, alpha = photographs.coins()
    outlines = photographs.coin_outlines(picture)
    assert len(outlines) == 23  # of 24; the last one touches the border
    assert (alpha.min(), alpha.max()) == (0, 1)
    assert not alpha[[0, -1]].any()
    assert picture[alpha > 0.9].mean() > 1.4 * picture[alpha < 0.1].mean()


def test_enlarged_coins_are_as_opaque_as_can_be_and_no_more():
    picture, alpha = photographs.coins(4 / 3)
    assert picture.shape == alpha.shape == (404, 512)
    assert (alpha.min(), alpha.max()) == (0, 1)


@pytest.mark.parametrize(
    ("centre", "axes", "is_one"),
    [
        ((100, 100), (26, 26), True),
        ((100, 100), (26, 22), True),
        ((100, 100), (32, 18), False),  # not round
        ((100, 100), (18, 32), False),
        ((100, 100), (15, 15), False),  # too small
        ((100, 100), (40, 40), False),  # too large
        ((26, 100), (26, 26), False),  # at the border
        ((100, 173), (26, 26), False),
    ],
)
def test_a_coin_is_round_and_whole_and_as_large_as_coins_are(centre, axes, is_one):
    outline = cv2.ellipse2Poly(centre, axes, 0, 0, 360, 5)[:, None]
    assert photographs.is_coin(outline, (200, 200)) == is_one


def test_what_is_cut_out_loses_a_pixel_and_has_a_soft_rim():
    outline = np.array([[20, 20], [40, 20], [40, 40], [20, 40]])[:, None]  # 21 x 21 pixels
    alpha = photographs.alpha_of(outline, (60, 70))
    assert alpha.sum() == pytest.approx(19 * 19, rel=0.01)
    assert alpha[30, 30] == 1
    assert np.abs(np.diff(alpha, axis=1)).max() < 0.6


def test_one_coin_is_round():
    picture, alpha = photographs.one_coin()
    assert picture.shape == alpha.shape
    largest = max(cv2.contourArea(outline) for outline in photographs.coin_outlines(photographs.photograph("coins")))
    assert 0.9 * largest < alpha.sum() < largest  # less the pixel at the rim
    assert alpha.sum() == pytest.approx(np.pi / 4 * (alpha.shape[0] - 7) * (alpha.shape[1] - 7), rel=0.05)


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(data.DataError, match="pip install scikit-image"):
        photographs.photograph.__wrapped__("coffee")

"""What is measured in, and cut out of, photographs."""

import sys

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


def test_coins_are_cut_out_whole():
    picture, alpha = photographs.coins()
    outlines = photographs.coin_outlines(picture)
    assert len(outlines) == 23  # of 24; the last one touches the border
    assert (alpha.min(), alpha.max()) == (0, 1)
    assert not alpha[[0, -1]].any()
    assert picture[alpha > 0.9].mean() > 1.4 * picture[alpha < 0.1].mean()


def test_one_coin_is_round():
    picture, alpha = photographs.one_coin()
    assert picture.shape == alpha.shape
    assert alpha.sum() == pytest.approx(np.pi / 4 * (alpha.shape[0] - 7) * (alpha.shape[1] - 7), rel=0.05)


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(data.DataError, match="pip install scikit-image"):
        photographs.photograph.__wrapped__("coffee")

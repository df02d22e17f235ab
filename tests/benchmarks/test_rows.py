"""Rows are pictures: as 8 bits hold them, and stored as the published ones beside them are."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from benchmarks.leaderboard import rows
from data import open_stack, to_float
from fusion import guided_fusion
from fusion.metrics.door import eight_bits


@pytest.fixture
def pixels(texture):
    return eight_bits(texture)


def saved(pixels, path, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


# --- 8 bits ----------------------------------------------------------------------------------------------------------


def test_every_level_survives():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert_array_equal(eight_bits(to_float(levels)), levels)
    assert_array_equal(eight_bits(levels.astype(np.uint16) * 257), levels)
    assert eight_bits(levels) is levels


def test_a_half_is_rounded_up():
    halves = np.array([[0.4999, 0.5, 1.5, 2.5, 254.49]]) / 255
    assert_array_equal(eight_bits(halves), [[0, 1, 2, 3, 254]])


# --- as published results are stored ---------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("sampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_a_picture_is_stored_exactly_as_the_published_one(pixels, tmp_path, quality, sampling):
    path = saved(pixels, tmp_path / "fused.jpg", quality=quality, subsampling=sampling)
    assert_array_equal(rows.stored_like(pixels, [path]), rows.picture(path))


def test_beside_a_gray_published_one_it_is_gray(pixels, texture, tmp_path):
    gray = eight_bits(texture[..., 1])
    path = saved(gray, tmp_path / "fused.jpg", quality=75)
    assert_array_equal(rows.stored_like(gray, [path]), rows.picture(path))
    assert rows.stored_like(pixels, [path]).shape == pixels.shape[:2]


def test_a_gray_picture_stays_gray_beside_a_published_one_in_colour(pixels, tmp_path):
    path = saved(pixels, tmp_path / "fused.jpg", quality=75)
    assert rows.stored_like(pixels[..., 0], [path]).shape == pixels.shape[:2]


def test_of_several_published_ones_most_decide(pixels, tmp_path):
    odd = saved(pixels, tmp_path / "a.jpg", quality=20, subsampling="4:4:4")
    usual = [saved(pixels, tmp_path / f"{name}.jpg", quality=75, subsampling="4:2:0") for name in "bc"]
    assert_array_equal(rows.stored_like(pixels, [odd, *usual]), rows.picture(usual[0]))


def test_nothing_is_stored_like_nothing(pixels):
    with pytest.raises(ValueError, match="no published results are stored as JPEG"):
        rows.stored_like(pixels, [])


def test_an_encoding_is_read_from_the_header(pixels, tmp_path):
    mode, sampling, tables = rows.encoding_of(saved(pixels, tmp_path / "a.jpg", quality=75, subsampling="4:2:0"))
    assert (mode, sampling, len(tables)) == ("RGB", 2, 2)
    assert tables[0][0] == 8 and tables[1][0] == 9  # of libjpeg at quality 75: half of the standard's 16 and 17


# --- methods and controls --------------------------------------------------------------------------------------------


def test_unrefined_copies_the_sharp_halves(focus_pair, texture):
    picked = rows.unrefined(open_stack(focus_pair))
    wrong = (picked != texture).any(axis=2)
    assert np.isin(picked, focus_pair).all()
    assert wrong.mean() < 0.2  # of the defocused side, all
    assert wrong.mean() < (rows.CONTROLS["defocused side"](open_stack(focus_pair)) != texture).any(axis=2).mean() / 4


def test_random_pixel_takes_as_much_from_each_frame_and_is_the_same_each_time():
    stack = open_stack([np.full((60, 80), level, np.float32) for level in (0, 0.5, 1)])
    picked = rows.CONTROLS["random pixel"](stack)
    assert_array_equal(picked, rows.CONTROLS["random pixel"](stack))
    for level in (0, 0.5, 1):
        assert np.mean(picked == level) == pytest.approx(1 / 3, abs=0.03)


def test_methods_are_those_of_the_library(focus_pair):
    stack = open_stack(focus_pair)
    assert_array_equal(rows.METHODS["guided"](stack), guided_fusion(stack))
    assert_array_equal(rows.METHODS["guided, colour guide"](stack), guided_fusion(stack, guide="rgb"))
    for fuse in (rows.METHODS | rows.CONTROLS).values():
        assert fuse(stack).shape == focus_pair.shape[1:]


def test_a_method_of_ones_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def fuse(stack):\n    return stack[0]\n")
    stack = open_stack([np.zeros((8, 8)), np.ones((8, 8))])
    assert_array_equal(rows.method_from(path)(stack), stack[0])


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("gone.py", None, "gone.py: no such file; a method is a Python file that defines fuse"),
        ("notes.txt", "def fuse(stack): ...", r"notes.txt: is not called \*.py"),
        ("empty.py", "", r"empty.py: defines no function fuse\(stack\)"),
        ("number.py", "fuse = 3", r"number.py: defines no function fuse\(stack\)"),
    ],
)
def test_a_file_that_is_no_method(tmp_path, name, code, told):
    if code is not None:
        (tmp_path / name).write_text(code)
    with pytest.raises(ValueError, match=told):
        rows.method_from(tmp_path / name)

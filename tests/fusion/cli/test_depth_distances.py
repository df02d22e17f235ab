"""What --distances and --pixel-size take, and what they say of mistakes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError, save
from fusion.cli.depth_distances import read_distances, read_pixel_size


@pytest.mark.parametrize(
    ("text", "positions", "unit"),
    [
        ("0.05mm", [0, 0.05, 0.1], "mm"),
        ("50 um", [0, 50, 100], "um"),
        ("50\N{MICRO SIGN}m", [0, 50, 100], "um"),
        ("50\N{GREEK SMALL LETTER MU}m", [0, 50, 100], "um"),
        (" 1e2nm ", [0, 100, 200], "nm"),
        (".5in", [0, 0.5, 1], "in"),
        ("3", [0, 3, 6], ""),
    ],
)
def test_steps_have_a_unit_or_none(text, positions, unit):
    given = read_distances(text)
    assert given.unit == unit
    assert_allclose(given.of(3), positions)


@pytest.mark.parametrize(
    ("text", "positions", "unit"),
    [
        ("0\n1.5\n2\n", [0, 1.5, 2], ""),
        ("-1 mm\n0mm\n 4e-1\tmm", [-1, 0, 0.4], "mm"),
        ("# a stage\nz (mm)\n\n3 # top\n2\n-1\n", [3, 2, -1], "mm"),
        ("position in \N{MICRO SIGN}m\r\n1\r\n2\r\n3\r\n", [1, 2, 3], "um"),
        ("cm\n1\n2 cm\n3", [1, 2, 3], "cm"),
        ("\ufeff1\n2\n3", [1, 2, 3], ""),
        ("1 in\n2 in\n3 in\n", [1, 2, 3], "in"),
    ],
)
def test_files_of_distances_hold_a_number_on_each_line(tmp_path, text, positions, unit):
    (tmp_path / "z.txt").write_text(text, encoding="utf-8", newline="")
    given = read_distances(str(tmp_path / "z.txt"))
    assert given.unit == unit
    assert given.of(3).tolist() == positions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no position; give one number on each line"),
        ("# nothing\nmm\n", "holds no position"),
        ("1\n2\nthree\n", "line 3: 'three' is no position; give one number on each line"),
        ("1\n\n# more\n0,5\n", "line 4: '0,5' is no position"),
        ("1 2\n3 4\n", "line 1: '1 2' is no position, nor a header that ends with a unit"),
        ("1\n2 3\n", "line 2: '2 3' is no position"),
        ("height\n1\n2\n", "line 1: 'height' is no position, nor a header that ends with a unit"),
        ("1\n1e999\n", "line 2: '1e999' is no position"),
        ("nan\n1\n", "line 1: 'nan' is no position"),
        ("1 mm\n2 furlong\n", "line 2: '2 furlong' has a unit that is not known; units are nm, um, mm, cm, m, in"),
        ("1 mm\n2 mm\n3 um\n", "line 3: has the unit um, and others have mm; give all in one unit"),
        ("1 mm\n2\n3 mm\n", "line 2: has no unit, and others have mm"),
        ("1\n2 mm\n", "line 2: has the unit mm, and others have none"),
        ("z (um)\n1 mm\n2 mm\n", "the header says um, and positions have mm"),
        ("1\n2\n1.5\n3\n", "line 3: the position 1.5 turns back"),
        ("3\n# one\n2\n2\n", "line 4: the position 2 is that of the frame before"),
        ("5\n5\n6\n", "line 2: the position 5 is that of the frame before"),
    ],
)
def test_what_is_wrong_with_a_file_of_distances_is_told(tmp_path, text, message):
    path = tmp_path / "z.txt"
    path.write_text(text)
    with pytest.raises(DataError) as told:
        read_distances(str(path))
    assert str(told.value).startswith(f"{path}") and message in str(told.value)


def test_a_file_of_distances_is_text(tmp_path):
    save(np.ones((9, 9)), tmp_path / "z.png")
    with pytest.raises(DataError, match="z.png: is no text; give one number on each line"):
        read_distances(str(tmp_path / "z.png"))


@pytest.mark.parametrize("text", ["0", "0mm", "-1mm", "1e999mm", "3 furlongs", "1 MM"])
def test_steps_are_positive_lengths(text):
    with pytest.raises(DataError, match=f"--distances {text}: a step between frames is a positive number"):
        read_distances(text)


@pytest.mark.parametrize("text", ["0,05mm", "missing.txt", "", "mm"])
def test_what_is_no_step_must_be_a_file(text):
    with pytest.raises(DataError, match=f"--distances {text}: is neither a step between frames, such as 0.05mm, nor"):
        read_distances(text)


@pytest.mark.parametrize(
    ("text", "unit", "size"), [("0.0024mm", "um", 2.4), ("2.4 um", "mm", 0.0024), ("1in", "cm", 2.54), ("3", "", 3)]
)
def test_the_size_of_a_pixel_is_brought_to_the_unit_of_distances(text, unit, size):
    assert read_pixel_size(text, unit) == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("0", "", "the side of a pixel is a positive number"),
        ("-1mm", "mm", "the side of a pixel is a positive number"),
        ("wide", "mm", "the side of a pixel is a positive number"),
        ("3 pt", "mm", "the side of a pixel is a positive number with one of the units nm, um, mm, cm, m, in, or none"),
        ("3", "mm", "has no unit, and --distances has one; give both a unit, or none"),
        ("3mm", "", "has a unit, and --distances has none; give both a unit, or none"),
    ],
)
def test_sizes_of_pixels_that_make_no_sense(text, unit, message):
    with pytest.raises(DataError) as told:
        read_pixel_size(text, unit)
    assert str(told.value) == f"--pixel-size {text}: {message}" or message in str(told.value)

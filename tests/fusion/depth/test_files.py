"""Files of depth say what their numbers mean, and give the numbers back."""

import json
import os

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose
from PIL import Image

from data import DataError, open_stack, save
from data.io import is_own_result, read_pages, read_pixels
from fusion.depth.files import read_depth, save_confidence, save_depth, save_heights

ENDINGS = (".png", ".tif")


@pytest.fixture
def depth():
    """Depth between 0 and 8 frames, both of which occur, float32 of shape (13, 21)."""
    values = np.random.default_rng(5).uniform(0, 8, (13, 21)).astype(np.float32)
    values[0, :2] = 0, 8
    return values


@pytest.fixture
def unsure(depth):
    return np.random.default_rng(6).random(depth.shape) < 0.3


def gray_in(path):
    """Read the values as they are stored."""
    return read_pixels(read_pages(path)[0])


def note_in(path):
    """Read the scale as another program sees it."""
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return json.loads(picture.info["Description"])
    with tifffile.TiffFile(path) as file:
        return json.loads(file.pages[0].description)


# --- depth maps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("low", "high"), [(0, 8), (-3.5, 8.25), (8, 0)])
def test_depth_comes_back(tmp_path, depth, unsure, ending, low, high):
    path = tmp_path / f"depth{ending}"
    save_depth(depth, path, low=low, high=high, unit="mm", unsure=unsure)
    values, unit = read_depth(path)
    assert (values.dtype, unit) == (np.float32, "mm")
    assert np.array_equal(np.isnan(values), unsure)
    assert_allclose(values[~unsure], depth[~unsure], rtol=0, atol=0.501 * abs(high - low) / 65534)


@pytest.mark.parametrize("ending", ENDINGS)
def test_gray_values_are_those_of_the_scale(tmp_path, ending):
    path = tmp_path / f"depth{ending}"
    depth = np.array([[2.0, 3.0, 4.0], [2.5, 9.0, 2.0]])
    save_depth(depth, path, low=2, high=4, unsure=depth > 4)
    gray = gray_in(path)
    assert gray.dtype == np.uint16
    assert gray.tolist() == [[1, 32768, 65535], [16384, 0, 1]]  # 16384.5 goes to the even one


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_programs_read_the_scale(tmp_path, depth, ending):
    path = tmp_path / f"depth{ending}"
    save_depth(depth * 0.05, path, low=0, high=0.4, unit="mm", frames=9, pixel_size=0.002)
    assert note_in(path) == {
        "kind": "all-in-focus depth map",
        "unit": "mm",
        "value_0": "unsure",
        "value_1": 0.0,
        "value_65535": 0.4,
        "frames": 9,
        "pixel_size": 0.002,
    }
    save_depth(depth, path, low=0, high=8, force=True)
    assert note_in(path).keys() == {"kind", "unit", "value_0", "value_1", "value_65535"}
    assert read_depth(path)[1] == "frames"


def test_what_is_unsure_may_be_any_number(tmp_path, depth):
    unsure = np.zeros(depth.shape, bool)
    unsure[3, :3] = True
    depth[3, :3] = np.nan, np.inf, -1e9
    save_depth(depth, tmp_path / "depth.png", low=0, high=8, unsure=unsure)
    assert np.array_equal(np.isnan(read_depth(tmp_path / "depth.png")[0]), unsure)


@pytest.mark.parametrize("value", [-0.001, 8.001, np.nan])
def test_depth_off_the_scale_is_no_depth(tmp_path, depth, value):
    depth[2, 3] = value
    with pytest.raises(ValueError, match="depth must lie between 0 and 8 where it is known, got"):
        save_depth(depth, tmp_path / "depth.png", low=0, high=8)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ends", [(0, 0.1), (24531.2, 24531.3), (24531.3, 24531.2), (-0.1, 0)])
def test_rounding_does_not_leave_the_scale(tmp_path, ends):
    depth = np.array([ends, ends], np.float32)  # a little more or less than the doubles
    assert (depth != np.float64([ends, ends])).any()
    save_depth(depth, tmp_path / "depth.png", low=ends[0], high=ends[1])
    assert gray_in(tmp_path / "depth.png").tolist() == [[1, 65535]] * 2
    assert (read_depth(tmp_path / "depth.png")[0] == depth).all()


@pytest.mark.parametrize(("low", "high"), [(1, 1), (0, np.nan), (np.inf, 0)])
def test_a_scale_has_two_ends(tmp_path, low, high):
    with pytest.raises(ValueError, match="must be two numbers that differ"):
        save_depth(np.ones((2, 2)), tmp_path / "depth.png", low=low, high=high)


def test_a_depth_map_is_no_frame(tmp_path, depth):
    save_depth(depth, tmp_path / "depth.png", low=0, high=8, made_by="test")
    assert is_own_result(tmp_path / "depth.png")


@pytest.mark.parametrize(
    "note",
    [
        None,
        "a rose",
        "[1, 2]",
        '{"unit": "mm", "value_1": 0, "value_65535": 9}',
        '{"kind": "all-in-focus depth map"}',
        '{"kind": "all-in-focus depth map", "unit": "mm", "value_65535": 9}',
        '{"kind": "all-in-focus depth map", "unit": "mm", "value_1": 0}',
        '{"kind": "all-in-focus depth map", "unit": "mm", "value_1": 0, "value_65535": "9"}',
        '{"kind": "all-in-focus depth map", "unit": "mm", "value_1": NaN, "value_65535": 9}',
        '{"kind": "all-in-focus depth map", "value_1": 0, "value_65535": 9}',
    ],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_without_a_scale_is_no_depth_map(tmp_path, ending, note):
    path = tmp_path / f"rose{ending}"
    save(np.ones((2, 2), np.uint16), path, note=note)
    with pytest.raises(DataError, match=f"rose{ending}: does not say what its values mean.* make it anew"):
        read_depth(path)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda gray: (gray // 257).astype(np.uint8), r"this one has 8 and shape \(13, 21\)"),
        (lambda gray: np.stack([gray] * 3, axis=2), r"this one has 16 and shape \(13, 21, 3\)"),
    ],
)
def test_what_another_program_saved_again_is_no_depth_map(tmp_path, depth, ending, change, told):
    """A copy of 8 bits, or in colour, keeps the note."""
    path, copy = tmp_path / f"depth{ending}", tmp_path / f"copy{ending}"
    save_depth(depth, path, low=0, high=8, unit="mm")
    save(change(gray_in(path)), copy, note=json.dumps(note_in(path)))
    with pytest.raises(DataError, match=f"copy{ending}: a depth map is gray and has 16 bits, .*{told}.* make it anew"):
        read_depth(copy)


# --- confidence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_confidence_has_sixteen_bits(tmp_path, ending):
    confidence = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    save_confidence(confidence, tmp_path / f"sure{ending}", made_by="test")
    stack = open_stack([tmp_path / f"sure{ending}"])
    assert stack.bit_depth == 16
    assert_allclose(stack[0], confidence, rtol=0, atol=0.51 / 65535)
    assert is_own_result(tmp_path / f"sure{ending}")


@pytest.mark.parametrize("ending", [".jpg", ".JPEG", ".webp"])
def test_formats_of_eight_bits_are_refused(tmp_path, depth, ending):
    path = tmp_path / f"d{ending}"
    with pytest.raises(
        DataError, match=f"a depth map has 16 bits, and {ending.lower()} holds 8; use .* .png .tif .tiff"
    ):
        save_depth(depth, path, low=0, high=8)
    with pytest.raises(DataError, match=f"a map of confidence has 16 bits, and {ending.lower()} holds 8"):
        save_confidence(depth / 8, path)


# --- heights ---------------------------------------------------------------------------------------------------------


def test_a_table_of_heights_is_read_by_numpy(tmp_path, depth, unsure):
    save_heights(depth, tmp_path / "h.csv", unit="um", unsure=unsure, pixel_size=2.4)
    table = np.genfromtxt(tmp_path / "h.csv", delimiter=",")
    assert np.array_equal(np.isnan(table), unsure)
    assert np.array_equal(table[~unsure].astype(np.float32), depth[~unsure])


def test_a_table_of_heights_holds_every_digit(tmp_path):
    heights = np.random.default_rng(7).uniform(8, 16, (30, 40)).astype(np.float32)  # where 7 digits are the least
    save_heights(heights, tmp_path / "h.csv")
    assert np.array_equal(np.genfromtxt(tmp_path / "h.csv", delimiter=",").astype(np.float32), heights)


def test_a_table_of_heights_tells_its_unit(tmp_path):
    heights = np.array([[1.5, 2], [0.25, 2**-20]], np.float32)
    path = tmp_path / "h.csv"
    save_heights(heights, path, unit="mm", unsure=heights == 2, pixel_size=0.0024)
    told = "# depth in mm; nan: not known\n# 2 rows of 2 pixels of 0.0024 mm\n"
    assert path.read_text("ascii") == told + "1.5,nan\n0.25,9.53674316e-07\n"
    save_heights(heights, path, unit="", pixel_size=3, force=True)
    assert path.read_text("ascii").splitlines()[:2] == [
        "# depth in the unit of the distances; nan: not known",
        "# 2 rows of 2 pixels of 3",
    ]
    save_heights(heights, path, force=True)
    assert path.read_text("ascii").splitlines()[:2] == ["# depth in frames; nan: not known", "# 2 rows of 2 pixels"]


# --- files -----------------------------------------------------------------------------------------------------------

WRITERS = {
    "d.png": lambda depth, path, **options: save_depth(depth, path, low=0, high=8, **options),
    "c.tif": lambda depth, path, **options: save_confidence(depth / 8, path, **options),
    "h.csv": save_heights,
}


@pytest.mark.parametrize("name", WRITERS)
def test_existing_files_are_kept_unless_forced(tmp_path, depth, name):
    path = tmp_path / name
    path.write_text("precious")
    with pytest.raises(DataError, match=f"{name}: exists already"):
        WRITERS[name](depth, path)
    assert path.read_text() == "precious"
    WRITERS[name](depth, path, force=True)
    assert path.read_bytes() != b"precious"


@pytest.mark.parametrize("name", WRITERS)
def test_a_failed_write_leaves_nothing(tmp_path, depth, name, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DataError, match="cannot be written"):
        WRITERS[name](depth, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", WRITERS)
def test_other_endings_are_refused(tmp_path, depth, name):
    with pytest.raises(DataError, match="cannot be written in this format"):
        WRITERS[name](depth, tmp_path / "h.txt")

"""TIFF in its many forms: pages, planes, tiles, compressions, and what the tags of a file tell."""

import re

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from data import DataError, open_stack, save

MAKE, MODEL, DATE, X_RESOLUTION, Y_RESOLUTION, UNIT, ORIENTATION = 271, 272, 306, 282, 283, 296, 274
REDUCED = 1  # NewSubfileType of a smaller version of another page
CENTIMETRE = 3
COMPRESSIONS = pytest.mark.parametrize("compression", ["lzw", "deflate"])


@pytest.fixture(scope="module")
def deep(texture):
    """Colours of 16 bits whose low byte matters."""
    return (texture * 65535).astype(np.uint16)


def write_pages(path, *pages, **options):
    """Write pages of which each is its own, not one block of pixels."""
    with tifffile.TiffWriter(path, bigtiff=options.pop("bigtiff", False)) as file:
        for page in pages:
            file.write(page, photometric="rgb" if page.shape[-1] == 3 else "minisblack", metadata=None, **options)


def pixels_of(path):
    return open_stack([path]).pixels(0)


def error_of(action):
    """Return the text of the DataError that an action ends in; it is one line."""
    with pytest.raises(DataError) as raised:
        action()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["thumbnail last", "thumbnail first"])
def test_a_reduced_page_is_no_frame(tmp_path, deep, order):
    pages = [(deep, 0), (deep[::4, ::4], REDUCED)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page, kind in (pages[index] for index in order):
            file.write(page, photometric="rgb", subfiletype=kind, metadata=None)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.shape == (1, *deep.shape)
    assert_array_equal(stack.pixels(0), deep)


@COMPRESSIONS
def test_every_compressed_page_has_its_own_pixels(tmp_path, deep, compression):
    pages = [deep, deep[::-1].copy(), deep // 2, deep[:, ::-1].copy()]
    write_pages(tmp_path / "a.tif", *pages, compression=compression, predictor=True)
    stack = open_stack(tmp_path / "a.tif")
    assert len(stack) == 4
    for index in (2, 0, 3, 1):
        assert_array_equal(stack.pixels(index), pages[index])


@COMPRESSIONS
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_a_truncated_compressed_file_is_named_in_one_line(tmp_path, deep, compression, kept):
    good, cut = tmp_path / "good.tif", tmp_path / "cut.tif"
    for path in (good, cut):
        write_pages(path, deep, compression=compression, predictor=True, rowsperstrip=16)
    cut.write_bytes(cut.read_bytes()[: int(kept * cut.stat().st_size)])
    for paths in ([cut], [good, cut, good]):
        message = error_of(lambda paths=paths: np.asarray(open_stack(paths)))
        assert re.match(r".*cut\.tif: is damaged or truncated", message)


@COMPRESSIONS
def test_planes_with_predictor_are_read(tmp_path, deep, compression):
    planes = np.moveaxis(deep, 2, 0)
    options = {"photometric": "rgb", "planarconfig": "separate", "compression": compression, "predictor": True}
    tifffile.imwrite(tmp_path / "a.tif", planes, **options)
    assert_array_equal(pixels_of(tmp_path / "a.tif"), deep)


def test_colours_under_a_constant_alpha_are_exact(tmp_path, texture):
    colours = (texture * 255).astype(np.uint8)
    alpha = np.full((*colours.shape[:2], 1), 127, np.uint8)
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"], "compression": "lzw", "predictor": True}
    tifffile.imwrite(tmp_path / "a.tif", np.concatenate([colours, alpha], axis=2), **options)
    assert_array_equal(pixels_of(tmp_path / "a.tif"), colours)


@pytest.mark.parametrize("arrangement", ["contig", "separate"])
def test_gray_values_beside_an_alpha_are_exact(tmp_path, deep, arrangement):
    gray = deep[..., 0]
    pair = np.stack([gray, np.full_like(gray, 40_000)], axis=2 if arrangement == "contig" else 0)
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": arrangement}
    tifffile.imwrite(tmp_path / "a.tif", pair, **options)
    assert_array_equal(pixels_of(tmp_path / "a.tif"), gray)
    pair[-1, -1, -1] += 1
    tifffile.imwrite(tmp_path / "a.tif", pair, **options)
    assert "a.tif: is partly transparent" in error_of(lambda: pixels_of(tmp_path / "a.tif"))


@pytest.mark.parametrize("options", [{"tile": (32, 48)}, {"bigtiff": True}, {"byteorder": ">"}], ids=str)
@pytest.mark.parametrize("compression", [None, "lzw"])
def test_tiles_large_files_and_both_byte_orders_are_read(tmp_path, deep, options, compression):
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", compression=compression, **options)
    assert_array_equal(pixels_of(tmp_path / "a.tif"), deep)


def test_an_orientation_that_does_not_exist_counts_as_upright(tmp_path, deep):
    write_pages(tmp_path / "a.tif", deep, extratags=[(ORIENTATION, "H", 1, 9, True)])
    assert_array_equal(pixels_of(tmp_path / "a.tif"), deep)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((4, 16, 16), {"volumetric": True, "tile": (4, 16, 16), "photometric": "minisblack"}, "page 0 is MINISBLACK"),
        ((8, 8, 5), {"photometric": "rgb", "extrasamples": ["unspecified"] * 2}, "page 0 is RGB with 5 channels"),
        ((8, 8, 5), {"photometric": "minisblack", "extrasamples": ["unspecified"] * 4}, "page 0 is MINISBLACK with 5"),
    ],
    ids=["volume", "colour and 2 more", "gray and 4 more"],
)
def test_pages_that_are_no_pictures_are_refused(tmp_path, shape, options, message):
    tifffile.imwrite(tmp_path / "odd.tif", np.zeros(shape, np.uint8), **options)
    assert re.match(rf".*odd\.tif: .*{message}", error_of(lambda: open_stack([tmp_path / "odd.tif"])[0]))


def test_resolution_and_unit_survive(tmp_path, deep):
    write_pages(tmp_path / "a.tif", deep, resolution=((3000, 10), (1181, 10)), resolutionunit=CENTIMETRE)
    stack = open_stack(tmp_path)
    save(stack[0], tmp_path / "b.tif", like=stack)
    with Image.open(tmp_path / "b.tif") as picture:
        assert picture.tag_v2[X_RESOLUTION] == 300
        assert picture.tag_v2[Y_RESOLUTION] == pytest.approx(118.1, rel=1e-6)
        assert picture.tag_v2[UNIT] == CENTIMETRE


@pytest.mark.parametrize("ending", [".tif", ".jpg", ".png"])
@pytest.mark.parametrize(
    "odd",
    [
        {X_RESOLUTION: (0, 0), Y_RESOLUTION: (0, 0)},
        {X_RESOLUTION: (300, 0)},
        {X_RESOLUTION: (0, 1)},
        {DATE: "the day after tomorrow, or so"},
        {UNIT: 9},
    ],
    ids=str,
)
def test_odd_tags_stop_no_save(tmp_path, deep, odd, ending):
    texts = [(MAKE, "s", 0, "Holga", True), (DATE, "s", 0, "2020:01:02 03:04:05", True)]
    write_pages(tmp_path / "a.tif", deep, resolution=(300, 300), extratags=texts)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        for tag, value in odd.items():
            file.pages[0].tags[tag].overwrite(value)
    stack = open_stack([tmp_path / "a.tif"])
    save(stack[0], tmp_path / f"b{ending}", like=stack)
    with Image.open(tmp_path / f"b{ending}") as picture:
        assert picture.getexif()[MAKE] == "Holga"
        assert picture.getexif().get(X_RESOLUTION, 1) > 0

"""Pictures keep their values, their depth and their story on the way through a file."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms, PngImagePlugin

from data import DataError, as_jpeg, open_stack, save
from data.exif import ORIENTATION
from data.io import check_size, copy, is_own_result, read_note, save_json

MAKE, MODEL, DATE, X_RESOLUTION, EXPOSURE_IFD, EXPOSURE_TIME = 271, 272, 306, 282, 0x8769, 0x829A
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CORNER = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10


def camera_exif(orientation=1):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE], exif[MODEL], exif[DATE], exif[X_RESOLUTION] = "Holga", "120N", "2020:01:02 03:04:05", 300.0
    exif[283] = 300.0
    exif.get_ifd(EXPOSURE_IFD)[EXPOSURE_TIME] = 0.01
    return exif


def read_back(path):
    """Return EXIF and colour profile as another program sees them."""
    with Image.open(path) as picture:
        picture.load()
        return picture.getexif(), picture.info.get("icc_profile")


@pytest.fixture
def photograph(tmp_path, texture):
    path = tmp_path / "photograph.jpg"
    Image.fromarray((texture * 255).astype(np.uint8)).save(path, exif=camera_exif(6), icc_profile=ICC, quality=95)
    return path


@pytest.mark.parametrize("ending", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gray", [False, True])
def test_lossless_formats_keep_every_value(tmp_path, texture, ending, dtype, gray):
    pixels = (texture * np.iinfo(dtype).max).astype(dtype)
    pixels = pixels[..., 0].copy() if gray else pixels
    save(pixels, tmp_path / f"a{ending}")
    stack = open_stack(tmp_path)
    assert stack.shape[1:] == pixels.shape
    assert stack.bit_depth == 8 * pixels.itemsize
    assert_array_equal(stack.pixels(0), pixels)


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
def test_lossy_formats_stay_near(tmp_path, texture, ending):
    save(texture, tmp_path / f"a{ending}", quality=98)
    assert np.abs(open_stack(tmp_path)[0] - texture).mean() < (0.01 if ending == ".jpg" else 0.04)  # WebP halves colour


def test_quality_makes_files_larger(tmp_path, texture):
    sizes = []
    for quality in (30, 95):
        save(texture, tmp_path / f"{quality}.jpg", quality=quality)
        sizes.append((tmp_path / f"{quality}.jpg").stat().st_size)
    assert sizes[0] < sizes[1] / 2
    with pytest.raises(DataError, match="quality must be a whole number in 1..100, got 101"):
        save(texture, tmp_path / "b.jpg", quality=101)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
def test_pictures_are_read_upright(tmp_path, orientation, ending):
    wide = np.kron(CORNER, np.ones((16, 16, 1), np.uint8))
    path = tmp_path / f"turned{ending}"
    options = {"tiffinfo": {ORIENTATION: orientation}} if ending == ".tif" else {"exif": camera_exif(orientation)}
    Image.fromarray(wide).save(path, **options, **({"lossless": True} if ending == ".webp" else {}))
    expected = {
        1: wide,
        2: wide[:, ::-1],
        3: wide[::-1, ::-1],
        4: wide[::-1],
        5: wide.transpose(1, 0, 2),
        6: np.rot90(wide, -1),
        7: wide[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(wide),
    }[orientation]
    stack = open_stack([path])
    assert stack.shape[1:] == expected.shape
    middles = (slice(8, None, 16), slice(8, None, 16))
    assert np.abs(stack.pixels(0)[middles].astype(int) - expected[middles]).max() <= (6 if ending == ".jpg" else 0)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_compressed_tiffs_are_read(tmp_path, texture, compression, orientation):
    pixels = (texture * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.tif", compression=compression, tiffinfo={ORIENTATION: orientation})
    assert_array_equal(open_stack(tmp_path).pixels(0), np.rot90(pixels, -1) if orientation == 6 else pixels)


def test_planar_tiffs_are_read(tmp_path, texture):
    planes = np.moveaxis((texture * 65535).astype(np.uint16), 2, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert_array_equal(open_stack(tmp_path).pixels(0), np.moveaxis(planes, 0, 2))


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "1", "L"])
def test_modes_become_gray_or_colour(tmp_path, mode):
    Image.fromarray((np.indices((8, 8)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert(mode).save(tmp_path / "a.png")
    stack = open_stack(tmp_path)
    frame = stack[0]
    assert frame.shape == stack.shape[1:] == ((8, 8, 3) if mode in ("RGBA", "P") else (8, 8))
    assert_array_equal(frame.reshape(8, 8, -1)[..., 0], np.indices((8, 8)).sum(axis=0) % 2)


def test_constant_alpha_is_dropped_and_varying_alpha_refused(tmp_path):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[..., 3] = 77
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert open_stack(tmp_path)[0].shape == (4, 4, 3)
    pixels[0, 0, 3] = 78
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="a.png: is partly transparent; flatten it"):
        open_stack(tmp_path)[0]


def test_other_colour_models_are_refused(tmp_path):
    Image.new("CMYK", (4, 4)).save(tmp_path / "print.jpg")
    with pytest.raises(DataError, match="print.jpg: has colour mode CMYK; convert it"):
        open_stack(tmp_path)
    (tmp_path / "print.jpg").unlink()
    tifffile.imwrite(tmp_path / "height.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(DataError, match="height.tif: page 0 is .* float32; convert it"):
        open_stack(tmp_path)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_profile_and_exif_follow_the_frame(tmp_path, photograph, texture, ending):
    stack = open_stack([photograph])
    save(stack[0], tmp_path / f"out{ending}", like=stack)
    exif, icc = read_back(tmp_path / f"out{ending}")
    assert icc == ICC
    assert exif[MAKE] == "Holga" and exif[MODEL] == "120N" and exif[DATE] == "2020:01:02 03:04:05"
    assert exif.get_ifd(EXPOSURE_IFD)[EXPOSURE_TIME] == pytest.approx(0.01)
    assert exif[ORIENTATION] == 1  # the pixels have been turned
    assert open_stack([tmp_path / f"out{ending}"]).shape == stack.shape


def test_tiff_keeps_make_model_date_resolution_and_profile(tmp_path, photograph):
    stack = open_stack([photograph])
    save(stack[0], tmp_path / "out.tif", like=stack)
    exif, icc = read_back(tmp_path / "out.tif")
    assert icc == ICC
    assert exif[MAKE] == "Holga" and exif[MODEL] == "120N" and exif[DATE] == "2020:01:02 03:04:05"
    assert exif[X_RESOLUTION] == 300
    assert exif.get(ORIENTATION, 1) == 1
    again = open_stack([tmp_path / "out.tif"])  # and from TIFF on to JPEG
    save(again[0], tmp_path / "again.jpg", like=again)
    exif, icc = read_back(tmp_path / "again.jpg")
    assert icc == ICC and exif[MAKE] == "Holga" and exif[X_RESOLUTION] == 300


@pytest.mark.parametrize("garbage", [b"", b"II*\0", b"MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_does_no_harm(tmp_path, texture, garbage):
    Image.fromarray((texture * 255).astype(np.uint8)).save(tmp_path / "a.jpg", exif=garbage)
    stack = open_stack([tmp_path / "a.jpg"])
    save(stack[0], tmp_path / "b.jpg", like=stack)
    assert open_stack([tmp_path / "b.jpg"]).shape == stack.shape


def test_depth_follows_the_source(tmp_path, texture):
    save((texture * 65535).astype(np.uint16), tmp_path / "deep.png")
    deep = open_stack([tmp_path / "deep.png"])
    save(deep[0], tmp_path / "out.tif", like=deep)
    assert_array_equal(open_stack([tmp_path / "out.tif"]).pixels(0), deep.pixels(0))
    save(deep[0], tmp_path / "out.png")
    assert open_stack([tmp_path / "out.png"]).bit_depth == 8


def test_sixteen_bit_pictures_of_the_book_come_back(real_data, tmp_path):
    stack = open_stack(real_data / "ours/barriere")
    save(stack[0], tmp_path / "a.png", like=stack)
    again = open_stack([tmp_path / "a.png"])
    assert_array_equal(again.pixels(0), stack.pixels(0))
    assert again.metadata.icc == stack.metadata.icc is not None


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_values_out_of_range_are_refused(tmp_path, value):
    image = np.full((4, 4), 0.5, np.float32)
    image[1, 2] = value
    with pytest.raises(DataError, match="lies in .0, 1."):
        save(image, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "a.png"
    save(np.zeros((4, 4)), path)
    before = path.read_bytes()
    with pytest.raises(DataError, match="a.png: exists already; choose another name, or replace it with force"):
        save(np.ones((4, 4)), path)
    assert path.read_bytes() == before
    save(np.ones((4, 4)), path, force=True)
    assert open_stack([path])[0].min() == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    save(np.zeros((4, 4)), path)
    before = path.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(DataError, match="a.png: cannot be written .No space left on device."):
        save(np.ones((4, 4)), path, force=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", "cannot be written in this format"),
        ("a", "cannot be written in this format"),
        ("missing/a.png", "its folder does not exist"),
        ("folder.png", "is a folder"),
    ],
)
def test_unwritable_outputs_are_named(tmp_path, name, message):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match=message):
        save(np.zeros((4, 4)), tmp_path / name)


def test_a_picture_too_large_for_its_format_is_named(tmp_path):
    with pytest.raises(
        DataError, match="wide.webp: 20000 x 2 pixels cannot be written as .webp, which holds 16383 a side"
    ):
        save(np.zeros((2, 20000), np.uint8), tmp_path / "wide.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ending", "largest"), [(".jpg", 65_500), (".JPEG", 65_500), (".webp", 16_383)])
def test_pictures_as_large_as_their_format_holds_are_written(tmp_path, ending, largest):
    for shape in ((2, largest), (largest, 2)):
        check_size(tmp_path / f"a{ending}", shape)
        save(np.zeros(shape, np.uint8), tmp_path / f"a{ending}", force=True)
        assert open_stack([tmp_path / f"a{ending}"]).shape[1:3] == shape
    for shape in ((2, largest + 1), (largest + 1, 2, 3)):
        with pytest.raises(DataError, match=f"which holds {largest} a side; use .tif, which has no such limit"):
            check_size(tmp_path / f"a{ending}", shape)


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_other_formats_have_no_limit_of_size(tmp_path, ending):
    check_size(tmp_path / f"a{ending}", (2, 70_000))
    save(np.zeros((2, 70_000), np.uint8), tmp_path / f"a{ending}")
    assert open_stack([tmp_path / f"a{ending}"]).shape == (1, 2, 70_000)


def test_new_files_have_the_usual_permissions(tmp_path):
    save(np.zeros((4, 4)), tmp_path / "a.tif")
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.tif").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("rows", [256, 257, 300, 513])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_every_row_of_a_tall_image_is_saved(tmp_path, rows, ending):
    image = np.random.default_rng(rows).random((rows, 5), np.float32)
    save(image, tmp_path / f"tall{ending}")
    assert_array_equal(open_stack(tmp_path).pixels(0), np.rint(image * 255))


def test_quality_makes_webp_larger(tmp_path, texture):
    for quality in (30, 95):
        save(texture, tmp_path / f"{quality}.webp", quality=quality)
    assert (tmp_path / "30.webp").stat().st_size < (tmp_path / "95.webp").stat().st_size / 2


@pytest.mark.parametrize("size", [70_000, 300_000])
def test_long_colour_profiles_survive_in_jpeg(tmp_path, texture, size):
    profile = ICC + np.random.default_rng(size).bytes(size - len(ICC))
    Image.fromarray((texture * 255).astype(np.uint8)).save(tmp_path / "a.jpg", icc_profile=profile)
    stack = open_stack([tmp_path / "a.jpg"])
    save(stack[0], tmp_path / "b.jpg", like=stack, made_by="fusion guided")
    assert read_back(tmp_path / "b.jpg")[1] == profile


def test_exif_too_long_for_jpeg_stops_no_save(tmp_path, texture):
    exif = camera_exif()
    exif[270] = "a long story " * 6000
    Image.fromarray((texture * 255).astype(np.uint8)).save(tmp_path / "a.png", exif=exif, icc_profile=ICC)
    stack = open_stack([tmp_path / "a.png"])
    assert len(stack.metadata.exif) > 65_535
    save(stack[0], tmp_path / "b.jpg", like=stack)
    assert open_stack([tmp_path / "b.jpg"]).shape == stack.shape
    assert read_back(tmp_path / "b.jpg")[1] == ICC


def test_a_result_in_jpeg_keeps_exif_and_profile_beside_its_mark(tmp_path, photograph):
    stack = open_stack([photograph])
    save(stack[0], tmp_path / "out.jpg", like=stack, made_by="fusion guided 1.0")
    exif, icc = read_back(tmp_path / "out.jpg")
    assert icc == ICC
    assert exif[MAKE] == "Holga" and exif.get_ifd(EXPOSURE_IFD)[EXPOSURE_TIME] == pytest.approx(0.01)
    with Image.open(tmp_path / "out.jpg") as picture:
        assert picture.info["comment"] == b"All in Focus: fusion guided 1.0"
    assert (tmp_path / "out.jpg").read_bytes()[2:4] == b"\xff\xe0"  # JFIF comes first, as its standard asks


@pytest.mark.parametrize("kind", ["comment", "xmp", "png", "software"])
def test_a_photograph_that_mentions_this_program_stays_a_frame(tmp_path, texture, kind):
    picture = Image.fromarray((texture * 255).astype(np.uint8))
    told = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:title>All in Focus: a book</dc:title></x:xmpmeta>'
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("XML:com.adobe.xmp", told)
    ending, options = {
        "comment": (".jpg", {"comment": "a frame for All in Focus: fusion guided"}),
        "xmp": (".jpg", {"xmp": told.encode()}),
        "png": (".png", {"pnginfo": chunks}),
        "software": (".tif", {"tiffinfo": {305: "Camera, see All in Focus: a book"}}),
    }[kind]
    picture.save(tmp_path / f"a{ending}", **options)
    assert b"All in Focus: " in (tmp_path / f"a{ending}").read_bytes()
    assert len(open_stack(tmp_path)) == 1


def test_a_folder_of_results_says_so(tmp_path, texture):
    for ending in (".jpg", ".png", ".tif", ".webp"):
        save(texture, tmp_path / f"out{ending}", made_by="fusion guided")
    with pytest.raises(DataError, match="holds nothing but results of fusion; name the files"):
        open_stack(tmp_path)


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_decoders_print_nothing_of_their_own(tmp_path, texture, capfd, caplog, ending, kept):
    path = tmp_path / f"cut{ending}"
    options = {"compression": "tiff_lzw"} if ending == ".tif" else {}
    Image.fromarray((texture * 255).astype(np.uint8)).save(path, **options)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match=f"cut{ending}"):
        open_stack([path])[0]
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []  # outside of a test, these are printed too


def test_threads_leave_the_settings_of_the_process_as_they_were(tmp_path, monkeypatch):
    """Each reader changes Pillow's limit of size and OpenCV's log level, and must not put back what another one set."""
    for index in range(40):
        save(np.full((8, 8), index, np.uint8), tmp_path / f"{index}.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_345_678)
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):  # one round may go well by chance
            with ThreadPoolExecutor(4) as pool:
                values = list(pool.map(lambda path: open_stack([path]).pixels(0)[0, 0], tmp_path.iterdir()))
            assert sorted(values) == list(range(40))
            assert Image.MAX_IMAGE_PIXELS == 12_345_678
    finally:
        sys.setswitchinterval(interval)
        after = cv2.utils.logging.setLogLevel(before)
    assert after == cv2.utils.logging.LOG_LEVEL_ERROR


def test_a_replaced_file_keeps_its_mode(tmp_path):
    path = tmp_path / "private.png"
    save(np.zeros((4, 4)), path)
    path.chmod(0o600)
    save(np.ones((4, 4)), path, force=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_stack([path])[0].min() == 1


def test_a_link_stays_a_link_to_the_file_that_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target.png", tmp_path / "link.png"
    save(np.zeros((4, 4)), target)
    link.symlink_to(target)
    save(np.ones((4, 4)), link, force=True)
    assert link.is_symlink() and not target.is_symlink()
    assert open_stack([target])[0].min() == 1


SCORES = {"name": "déjà vu", "scores": [0.5, None, "inf"]}


def test_json_comes_back_as_it_was(tmp_path):
    save_json(SCORES, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == SCORES
    assert text.endswith("}\n") and "déjà vu" in text and text.count("\n") > 5
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_names_that_are_no_text_come_back_as_they_were(tmp_path):
    names = {"ü": ["frame\udcff.png", "フレーム.png"]}
    save_json(names, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == names and "\\udcff" in text
    save_json({"ü": 1}, tmp_path / "b.json")
    assert "ü" in (tmp_path / "b.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("-inf")])
def test_json_of_what_is_no_number_is_not_written(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_json({"good": 1, "bad": [value]}, tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.json").write_text("precious")
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_json({"bad": value}, tmp_path / "a.json", force=True)
    assert (tmp_path / "a.json").read_text() == "precious"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_existing_json_is_kept_unless_forced(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("precious")
    with pytest.raises(DataError, match="a.json: exists already; choose another name, or replace it with force"):
        save_json(SCORES, path)
    assert path.read_text() == "precious"
    save_json(SCORES, path, force=True)
    assert json.loads(path.read_text(encoding="utf-8")) == SCORES


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.txt", "a.txt: cannot be written in this format; use one of the endings .json$"),
        ("a.png", "a.png: cannot be written in this format"),
        ("missing/a.json", "its folder does not exist; create .*missing first"),
        ("folder.json", "folder.json: is a folder; name a file in it"),
    ],
)
def test_json_goes_where_it_can_be_written(tmp_path, name, message):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(DataError, match=message):
        save_json(SCORES, tmp_path / name)
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.json"]


def test_a_failed_write_of_json_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("precious")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(DataError, match="a.json: cannot be written .No space left on device."):
        save_json(SCORES, path, force=True)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_is_not_written_as_json(tmp_path):
    with pytest.raises(DataError, match="a.json: cannot be written in this format"):
        save(np.zeros((4, 4)), tmp_path / "a.json")


@pytest.mark.parametrize("quality", [75, 95])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_jpeg_in_memory_is_that_of_other_programs(quality, channels):
    rng = np.random.default_rng(4)
    pixels = cv2.GaussianBlur(rng.integers(0, 256, (40, 56, *channels), dtype=np.uint8), (0, 0), 2) * 2
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)  # 4:2:0, as most programs have it
    ours = as_jpeg(pixels, quality)
    assert np.abs(ours.astype(int) - np.asarray(Image.open(stream))).max() <= 1
    assert (ours != pixels).any()
    assert_array_equal(as_jpeg(pixels / 255, quality), ours)
    assert_array_equal(as_jpeg(pixels.astype(np.uint16) * 257, quality), ours)


def test_a_jpeg_in_memory_of_no_picture_or_quality_is_refused():
    with pytest.raises(DataError, match="^the image to compress has values in"):
        as_jpeg(np.full((4, 4), 2.0))
    with pytest.raises(DataError, match="^quality must be a whole number in 1..100, got 0"):
        as_jpeg(np.zeros((4, 4)), 0)


@pytest.mark.parametrize("length", range(1, 17))
def test_the_mark_of_a_png_ends_where_it_should(tmp_path, length):
    """The encoder takes it for a C string, and would read on."""
    image = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    save(image, tmp_path / "out.png", made_by="a" * length)
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.info["XML:com.adobe.xmp"].endswith("</x:xmpmeta>")


def test_a_copy_is_the_same_file(tmp_path):
    save(np.full((4, 5, 3), 0.3), tmp_path / "a.jpg")
    copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(DataError, match="b.jpg: exists already"):
        copy(tmp_path / "a.jpg", tmp_path / "b.jpg")


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="b.jpg: cannot be written"):
        copy(tmp_path / "missing.jpg", tmp_path / "b.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_note_is_read_by_other_programs(tmp_path, texture, photograph, ending, dtype):
    note, path = '{"unit": "mm", "1": 0.05}', tmp_path / f"a{ending}"
    pixels = (texture * np.iinfo(dtype).max).astype(dtype)
    save(pixels, path, note=note, made_by="test")
    assert read_note(path) == note and is_own_result(path)
    assert_array_equal(open_stack([path]).pixels(0), pixels)
    with Image.open(path) as picture:
        assert (picture.tag_v2[270] if ending == ".tif" else picture.info["Description"]) == note
        picture.load()  # checks the sums of a PNG
    save(texture, path, like=open_stack([photograph]), note=note, force=True)
    exif, icc = read_back(path)
    assert (read_note(path), exif[MODEL], icc) == (note, "120N", ICC)


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp"])
def test_without_a_note_there_is_none(tmp_path, texture, ending):
    save(texture, tmp_path / f"a{ending}", made_by="test")
    assert read_note(tmp_path / f"a{ending}") == ""


@pytest.mark.parametrize(
    ("ending", "note", "message"),
    [
        (".jpg", "a note", r"a.jpg: has no room for a note; use one of the endings .png .tif .tiff"),
        (".webp", "a note", "has no room for a note"),
        (".png", "5 \u00b5m", "a note is a line of ASCII characters, got"),
        (".tif", "two\nlines", "a note is a line of ASCII characters, got"),
        (".png", "end\0", "a note is a line of ASCII characters, got"),
    ],
)
def test_a_note_that_cannot_be_kept_is_refused(tmp_path, texture, ending, note, message):
    with pytest.raises(DataError, match=message):
        save(texture, tmp_path / f"a{ending}", note=note)
    assert not list(tmp_path.iterdir())

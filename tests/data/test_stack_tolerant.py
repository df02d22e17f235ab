"""A tolerant stack keeps the place and the name of frames that are none; all others are as they would be alone."""

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal

from data import DataError, open_stack, save


def picture(seed, shape=(24, 32, 3), dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape).astype(dtype)


@pytest.fixture
def folder(tmp_path):
    """Four good frames, d to g, after one of each way to be none: another size, another kind, no picture."""
    save(picture(0, (24, 30, 3)), tmp_path / "a.png")
    save(picture(1, (24, 32), np.uint16), tmp_path / "b.png")
    (tmp_path / "c.jpg").write_text("not a picture")
    for index, name in enumerate("defg"):
        save(picture(10 + index), tmp_path / f"{name}.png")
    return tmp_path


def refusal(read):
    """Return what a frame is refused with."""
    with pytest.raises(DataError) as caught:
        read()
    return str(caught.value)


def test_frames_that_are_none_stay_under_their_names(folder):
    stack = open_stack(folder, tolerant=True)
    assert stack.names == ["a.png", "b.png", "c.jpg", "d.png", "e.png", "f.png", "g.png"]
    assert stack.shape == (7, 24, 32, 3) and stack.bit_depth == 8  # not 16, as the gray one has
    for index in range(4):
        assert_array_equal(stack.pixels(3 + index), picture(10 + index))
        assert_array_equal(stack[3 + index], picture(10 + index) * np.float32(1 / 255))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (0, "a.png is 30 x 24 pixels in colour, but d.png is 32 x 24 pixels in colour; all frames .* crop it or leave"),
        (
            1,
            "b.png is 32 x 24 pixels in gray, but d.png is 32 x 24 pixels in colour; all frames .* convert it or leave",
        ),
        (2, "c.jpg: is not a picture"),
    ],
)
def test_reading_one_raises_what_opening_would_have(folder, index, message):
    stack = open_stack(folder, tolerant=True)
    for read in (lambda: stack.pixels(index), lambda: stack[index], lambda: list(stack.read_ahead([3, index]))):
        with pytest.raises(DataError, match=message):
            read()
    assert refusal(lambda: np.asarray(stack)).startswith("a.png is 30 x 24")


def test_it_raises_the_very_words(folder):
    for name in "ab":
        (folder / f"{name}.png").unlink()
    assert refusal(lambda: open_stack(folder)) == refusal(lambda: open_stack(folder, tolerant=True).pixels(0))


def test_without_tolerance_the_first_one_is_refused_at_once(folder):
    assert refusal(lambda: open_stack(folder)).startswith(f"{folder / 'c.jpg'}: is not a picture")
    (folder / "c.jpg").unlink()
    assert refusal(lambda: open_stack(folder)).startswith("b.png is 32 x 24 pixels in gray, but a.png is 30 x 24")


def test_read_ahead_goes_on_after_an_error(folder):
    stack = open_stack(folder, tolerant=True)
    (folder / "e.png").write_bytes((folder / "e.png").read_bytes()[:60])  # its header is whole
    read = dict(stack.read_ahead(range(7), tolerant=True))
    assert list(read) == list(range(7))
    assert [index for index, frame in read.items() if isinstance(frame, DataError)] == [0, 1, 2, 4]
    assert str(read[4]).startswith(f"{folder / 'e.png'}: is damaged or truncated")
    for index in (3, 5, 6):
        assert_array_equal(read[index], stack.pixels(index))


def test_read_ahead_passes_on_other_errors():
    def fail(index):
        raise ZeroDivisionError

    stack = open_stack(np.zeros((2, 4, 6))).with_frames(fail)
    with pytest.raises(ZeroDivisionError):
        list(stack.read_ahead(range(2), tolerant=True))


def test_missing_files_and_pages_among_files_are_kept(folder):
    tifffile.imwrite(folder / "pages.tif", np.zeros((2, 24, 32), np.uint8), photometric="minisblack")
    stack = open_stack([folder / name for name in ("gone.png", "d.png", "pages.tif")], tolerant=True)
    assert stack.names == ["gone.png", "d.png", "pages.tif"]
    assert refusal(lambda: stack.pixels(0)) == f"{folder / 'gone.png'}: no such file"
    assert "holds 2 pages; open a multi-page TIFF alone" in refusal(lambda: stack.pixels(2))
    assert_array_equal(stack.pixels(1), picture(10))


def test_pages_of_another_size_are_kept(tmp_path):
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        for index, shape in enumerate([(24, 32), (12, 16), (24, 32)]):
            file.write(picture(index, shape), photometric="minisblack", contiguous=False)
    stack = open_stack(tmp_path / "pages.tif", tolerant=True)
    assert stack.shape == (3, 24, 32)
    assert refusal(lambda: stack.pixels(1)).startswith("pages.tif[1] is 16 x 12 pixels in gray, but pages.tif[0] is")
    assert_array_equal(stack.pixels(2), picture(2, (24, 32)))


def test_the_shape_is_that_of_most_frames_and_of_the_first_where_they_tie():
    small, large, gray = np.zeros((4, 6, 3)), np.zeros((8, 6, 3)), np.zeros((4, 6))
    assert open_stack([gray, large, small, large], tolerant=True).shape == (4, 8, 6, 3)
    assert open_stack([gray, large, small], tolerant=True).shape == (3, 4, 6)
    assert open_stack([small, large, large, small], tolerant=True).shape == (4, 4, 6, 3)


@pytest.mark.parametrize("is_list", [True, False])
@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.5])
def test_a_frame_with_values_out_of_range_is_kept(shape, value, is_list):
    frames = np.random.default_rng(5).random((3, *shape), np.float32)
    frames[1, 3, 4] = value
    stack = open_stack(list(frames) if is_list else frames, tolerant=True)
    assert stack.names == ["frame 0", "frame 1", "frame 2"] and stack.shape == frames.shape and stack.bit_depth == 16
    assert "an image lies in [0, 1]" in refusal(lambda: stack[1])
    assert refusal(lambda: open_stack(frames)) == refusal(lambda: stack.pixels(1))
    assert_array_equal(stack[0], frames[0])
    assert_array_equal(stack[2], frames[2])


def test_arrays_that_are_no_images_are_kept():
    good = picture(0)
    others = [good.astype(np.int64), good[..., :2], np.zeros((0, 3)), good > 5]
    stack = open_stack([*others, good], tolerant=True)
    assert stack.shape == (5, 24, 32, 3)
    for index, message in enumerate(("has type int64", "has shape", "has shape", "has type bool")):
        with pytest.raises(DataError, match=f"^frame {index} {message}"):
            stack.pixels(index)
    assert_array_equal(stack.pixels(4), good)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.full((2, 4, 6), np.nan), "frame 0 has values"),
        ([], "no file was given"),
        (np.zeros((0, 4, 6)), "the stack is empty"),
        (["gone.png", "lost.png"], "gone.png: no such file"),
        ("nowhere", "nowhere: no such file or folder"),
        (np.zeros((40, 50, 3)), "is one colour image"),
    ],
)
def test_a_stack_without_any_frame_is_refused(source, message):
    told = refusal(lambda: open_stack(source, tolerant=True))
    assert message in told
    assert told == refusal(lambda: open_stack(source))


def test_slices_and_other_frames_keep_what_is_refused(folder):
    stack = open_stack(folder, tolerant=True)
    part = stack[1:4]
    assert part.names == ["b.png", "c.jpg", "d.png"] and part.shape == (3, 24, 32, 3)
    assert "c.jpg: is not a picture" in refusal(lambda: part.pixels(1))
    assert_array_equal(part.pixels(2), picture(10))
    darker = stack.with_frames(lambda index: stack.pixels(index) // 2)
    assert_array_equal(darker.pixels(3), picture(10) // 2)
    assert "c.jpg: is not a picture" in refusal(lambda: darker.pixels(2))


def test_metadata_are_those_of_the_first_frame_that_is_one(tmp_path):
    shapes = {"Holga": (9, 7), "Lomo": (24, 32), "Zenit": (24, 32)}
    for index, (make, shape) in enumerate(shapes.items()):
        options = {"photometric": "minisblack", "extratags": [(271, "s", 0, make, True)]}
        tifffile.imwrite(tmp_path / f"{index}.tif", picture(index, shape), **options)
    stack = open_stack(tmp_path, tolerant=True)
    assert b"Lomo" in stack.metadata.exif
    assert b"Zenit" in stack[2:].metadata.exif
    assert stack[:1].metadata.exif is None


def test_frames_are_selected_in_any_order(folder):
    stack = open_stack(folder, tolerant=True)
    part = stack.select(iter([5, 3, -1]))
    assert part.names == ["f.png", "d.png", "g.png"] and part.shape == (3, 24, 32, 3) and part.bit_depth == 8
    assert_array_equal(part.pixels(0), picture(12))
    assert_array_equal(part.pixels(2), picture(13))
    assert stack.select([]).shape == (0, 24, 32, 3)


def test_selected_frames_keep_their_own_metadata(tmp_path):
    for index, make in enumerate(("Holga", "Lomo")):
        options = {"photometric": "minisblack", "extratags": [(271, "s", 0, make, True)]}
        tifffile.imwrite(tmp_path / f"{index}.tif", picture(index, (24, 32)), **options)
    assert b"Lomo" in open_stack(tmp_path).select([1, 0]).metadata.exif

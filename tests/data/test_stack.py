"""What a stack is, and every way in which pictures fail to be one."""

import threading
import time
import weakref
from functools import partial

import cv2
import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from data import DataError, Stack, open_stack, save, to_float
from data.image import narrow
from fusion import guided_fusion
from fusion.measure import saliency
from fusion.weights import decision_map


@pytest.fixture
def folder(tmp_path):
    """Frames 1, 2 and 10, each as bright as its number."""
    for number in (10, 2, 1):
        save(np.full((4, 6, 3), number, np.uint8), tmp_path / f"frame{number}.png")
    return tmp_path


def test_a_folder_is_read_in_natural_order(folder):
    stack = open_stack(folder)
    assert stack.names == ["frame1.png", "frame2.png", "frame10.png"]
    assert stack.shape == (3, 4, 6, 3)
    assert stack.bit_depth == 8
    assert [round(float(frame[0, 0, 0] * 255)) for frame in stack] == [1, 2, 10]


def test_files_are_read_in_the_order_given(folder):
    paths = [folder / "frame10.png", str(folder / "frame1.png")]
    assert open_stack(paths).names == ["frame10.png", "frame1.png"]


def test_frames_are_read_one_at_a_time(folder):
    stack = open_stack(folder)
    (folder / "frame2.png").write_bytes(b"gone bad")
    assert stack[0].shape == (4, 6, 3)  # opening read the headers only
    with pytest.raises(DataError, match="frame2.png"):
        stack[1]


def test_a_slice_is_a_stack(folder):
    part = open_stack(folder)[1:]
    assert isinstance(part, Stack)
    assert part.names == ["frame2.png", "frame10.png"]
    assert_array_equal(np.asarray(part), np.stack([part[0], part[1]]))
    assert open_stack(part) is part


def test_an_image_is_float32_in_the_unit_range(folder):
    frame = open_stack(folder)[2]
    assert frame.dtype == np.float32
    assert_allclose(frame, 10 / 255)


def test_hidden_files_references_and_other_files_are_no_frames(folder):
    for name in (".hidden.png", "_expected.png"):
        save(np.zeros((9, 9), np.uint8), folder / name)
    (folder / "notes.txt").write_text("shot at dusk")
    assert len(open_stack(folder)) == 3


def test_names_that_cameras_give_are_frames(folder):
    for name in ("_DSC0001.png", "_MG_0002.png"):
        save(np.zeros((4, 6, 3), np.uint8), folder / name)
    assert len(open_stack(folder)) == 5


def test_an_animation_is_refused(tmp_path):
    pictures = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 200)]
    pictures[0].save(tmp_path / "a.png", save_all=True, append_images=pictures[1:])
    with pytest.raises(DataError, match="a.png: is an animation"):
        open_stack(tmp_path)


def test_an_output_in_the_folder_is_not_taken_for_a_frame(folder):
    save(np.zeros((4, 6, 3), np.uint8), folder / "sum.png")
    assert "sum.png" not in open_stack(folder, exclude=[folder / "sum.png"]).names
    assert "sum.png" in open_stack(folder).names


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp"])
def test_a_result_is_known_as_one_later(folder, ending):
    save(np.zeros((4, 6, 3), np.uint8), folder / f"sum{ending}", made_by="fusion guided")
    assert len(open_stack(folder)) == 3
    assert len(open_stack([folder / f"sum{ending}"])) == 1  # asked for by name, it opens


def test_pages_of_a_tiff_are_frames(tmp_path):
    pages = np.arange(5 * 4 * 6, dtype=np.uint16).reshape(5, 4, 6) * 500
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    stack = open_stack(tmp_path / "stack.tif")
    assert stack.shape == (5, 4, 6)
    assert stack.bit_depth == 16
    assert_array_equal(np.stack([stack.pixels(index) for index in range(5)]), pages)
    assert stack.names[2] == "stack.tif[2]"
    assert open_stack(tmp_path).shape == (5, 4, 6)


def test_arrays_of_every_type_are_frames():
    eight_bit = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert_allclose(open_stack(eight_bit)[1], eight_bit[1] / 255, rtol=1e-6)
    assert_allclose(open_stack(eight_bit.astype(np.uint16) * 1000)[1], eight_bit[1] / 65.535, rtol=1e-6)
    assert_allclose(open_stack(eight_bit / 100)[1], eight_bit[1] / 100, rtol=1e-6)
    assert open_stack(eight_bit / 100)[0].dtype == np.float32


def test_eight_bits_are_known_however_they_are_held():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for held in (levels, levels.astype(np.uint16) * 257, levels / np.float32(255), levels / 255):
        assert_array_equal(narrow(held), levels)
    assert narrow(levels / np.float32(254)[None]).dtype == np.float32


def test_depth_is_that_of_the_deepest_frame():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert open_stack([levels, levels / 255]).bit_depth == 8
    assert open_stack([levels, levels.astype(np.uint16)]).bit_depth == 16
    assert open_stack([levels, levels.astype(np.uint16) * 257]).bit_depth == 16
    assert open_stack([levels, levels / 256]).bit_depth == 16


def test_bad_sources_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        open_stack(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no picture in this folder"):
        open_stack(tmp_path)
    with pytest.raises(DataError, match="empty"):
        open_stack(np.zeros((0, 4, 4)))
    with pytest.raises(DataError, match="no file was given"):
        open_stack([])


def test_a_text_file_with_the_wrong_ending_is_named(tmp_path):
    (tmp_path / "letter.jpg").write_text("Dear reader")
    with pytest.raises(DataError, match="letter.jpg: is not a picture"):
        open_stack(tmp_path)


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "nothing.png").touch()
    with pytest.raises(DataError, match="nothing.png: is not a picture"):
        open_stack(tmp_path)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif", ".bmp"])
@pytest.mark.parametrize("kept", [0.4, 0.9])
def test_a_truncated_file_is_named(tmp_path, texture, ending, kept):
    path = tmp_path / f"half{ending}"
    pixels = (texture * 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match=rf"half{ending}.*(damaged or truncated|not a picture)"):
        open_stack([path])[0]


def test_frames_of_different_size_are_named(folder):
    save(np.zeros((4, 5, 3), np.uint8), folder / "frame11.png")
    with pytest.raises(DataError, match="frame11.png is 5 x 4 pixels in colour, but frame1.png is 6 x 4"):
        open_stack(folder)


def test_a_gray_frame_among_colours_is_named(folder):
    save(np.zeros((4, 6), np.uint8), folder / "frame0.png")
    with pytest.raises(
        DataError, match="frame1.png is 6 x 4 pixels in colour, but frame0.png is 6 x 4 pixels in gray.*convert it"
    ):
        open_stack(folder)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 3, 3), np.nan), "frame 0 has values in .nan"),
        (np.stack([np.zeros((3, 3)), np.full((3, 3), 1.5)]), "frame 1 has values in .1.5, 1.5."),
        (np.full((2, 3, 3), -0.1), "lies in .0, 1."),
        (np.zeros((2, 3, 3), np.int64), "type int64"),
        (np.zeros((2, 3, 3), bool), "type bool"),
        (np.zeros((2, 3, 5, 5)), r"\(3, 5, 5\); an image is \(H, W\)"),
        (np.zeros((2, 0, 3)), "has shape"),
        (np.zeros(5), "has shape"),
    ],
)
def test_bad_arrays_are_named(array, message):
    with pytest.raises(DataError, match=message):
        open_stack(array)


def test_a_multi_page_file_among_others_is_refused(folder):
    tifffile.imwrite(folder / "stack.tif", np.zeros((2, 4, 6), np.uint8), photometric="minisblack")
    with pytest.raises(DataError, match="stack.tif: holds 2 pages; open a multi-page TIFF alone"):
        open_stack(folder)


@pytest.mark.parametrize("name", ["lytro/01", "mef/venice", "classic/clock", "ours/barriere", "petrovic/083-pepsi"])
def test_real_pictures_open(real_data, name):
    stack = open_stack(real_data / name)
    frame = stack[0]
    assert frame.shape == stack.shape[1:]
    assert 0.05 < frame.mean() < 0.95
    assert stack.bit_depth == (16 if name == "ours/barriere" else 8)


def test_a_slice_keeps_depth_and_names_and_the_story_of_its_own_first_frame(tmp_path):
    for index, (make, dtype) in enumerate((("Holga", np.uint16), ("Lomo", np.uint8), ("Zenit", np.uint8))):
        options = {"photometric": "minisblack", "extratags": [(271, "s", 0, make, True)]}
        tifffile.imwrite(tmp_path / f"{index}.tif", np.full((4, 6), 100, dtype), **options)
    stack = open_stack(tmp_path)
    assert [stack[:1].bit_depth, stack[1:].bit_depth] == [stack.bit_depth] * 2 == [16, 16]
    for first, make in ((0, b"Holga"), (1, b"Lomo"), (2, b"Zenit")):
        part = stack[first:]
        assert part.names == stack.names[first:]
        assert make in part.metadata.exif
    assert stack[::-1].names == stack.names[::-1]


def test_a_stack_says_what_it_is(folder):
    stack = open_stack(folder)
    assert repr(stack) == "<Stack of 3 colour frames, 6 x 4 pixels, 8 bits: frame1.png ...>"
    assert repr(stack[3:]) == "<Stack of 0 colour frames, 6 x 4 pixels, 8 bits>"


def test_the_depth_of_files_is_that_of_the_deepest(tmp_path):
    for name, dtype in (("0.png", np.uint8), ("1.png", np.uint16), ("2.png", np.uint8)):
        save(np.zeros((4, 6), dtype), tmp_path / name)
    assert open_stack(tmp_path).bit_depth == 16


def test_a_frame_is_never_the_array_it_comes_from(texture):
    before = texture.copy()
    frame = open_stack(texture[None])[0]
    frame[:] = 0
    assert_array_equal(texture, before)


def test_a_single_colour_image_is_refused_with_a_hint(texture):
    with pytest.raises(DataError, match=r"\(96, 128, 3\) is one colour image; wrap it in a list"):
        open_stack(texture)
    assert open_stack([texture]).shape == (1, 96, 128, 3)


@pytest.mark.parametrize("gray", [True, False])
@pytest.mark.parametrize("dtype", [">f4", ">f8", "f8", "f2", ">f2", ">u2", "u2"])
def test_byte_order_and_precision_of_arrays_do_not_matter(focus_pair, dtype, gray):
    frames = focus_pair[..., 0] if gray else focus_pair
    held = (frames * 65535 if "u" in dtype else frames).astype(dtype)
    assert open_stack(held).pixels(0).dtype in (np.uint16, np.float32)  # of this computer
    native = held.astype(np.float32) / (65535 if "u" in dtype else 1)
    assert_allclose(guided_fusion(held), guided_fusion(native.astype(np.float32)), atol=1e-5)


def test_a_list_of_mixed_types_is_fused_as_its_floats(texture):
    sharp, blurred = texture[..., 0], cv2.GaussianBlur(texture[..., 0], (0, 0), 3)
    thirds = np.arange(texture.shape[1]) * 3 // texture.shape[1]
    gray = [np.where(thirds == index, sharp, blurred) for index in range(3)]
    mixed = [np.rint(gray[0] * 255).astype(np.uint8), (gray[1] * 65535).astype(np.uint16), gray[2]]
    assert (mixed[1] % 257).any()
    floats = [to_float(frame) for frame in mixed]
    mixed_labels, labels = (
        decision_map(saliency(stack.pixels(index)) for index in range(3)) for stack in map(open_stack, (mixed, floats))
    )
    assert set(np.unique(labels)) == {0, 1, 2}
    assert_array_equal(mixed_labels, labels)
    assert_allclose(guided_fusion(mixed), guided_fusion(floats), atol=1e-5)


def test_frames_read_ahead_are_those_that_are_read_one_by_one(folder):
    stack = open_stack(folder)
    order = [2, 0, 0, -2]
    assert [index for index, _ in stack.read_ahead(order)] == order
    for index, pixels in stack.read_ahead(iter(order)):
        assert pixels.dtype == np.uint8
        assert_array_equal(pixels, stack.pixels(index))
    assert list(stack.read_ahead([])) == []


def test_arrays_are_read_ahead_too(focus_pair):
    read = [pixels for _, pixels in open_stack(focus_pair).read_ahead(range(2))]
    assert_array_equal(np.stack(read), focus_pair)


class Scene:
    """Four frames whose reader tells what it does: which frames were begun, how many lived when one was read."""

    def __init__(self, broken=None):
        self.broken, self.begun, self.alive, self._frames = broken, [], [], []
        self.reading = [threading.Event() for _ in range(4)]
        self.stack = Stack([partial(self._read, index) for index in range(4)], "abcd", (4, 6), 8)

    def _read(self, index):
        self.begun.append(index)
        self.reading[index].set()
        time.sleep(0.1)  # the caller takes the frame before
        if index == self.broken:
            raise DataError("c: is damaged")
        frame = np.full((4, 6), index, np.uint8)
        self._frames.append(weakref.ref(frame))
        self.alive.append(sum(frame() is not None for frame in self._frames))
        return frame


def test_the_next_frame_is_read_while_the_caller_works():
    scene = Scene()
    for index, _ in scene.stack.read_ahead(range(4)):
        assert index == 3 or scene.reading[index + 1].wait(timeout=10)
    assert scene.begun == [0, 1, 2, 3]


def test_two_frames_at_most_are_in_memory():
    scene = Scene()
    for _ in scene.stack.read_ahead(range(4)):
        time.sleep(0.2)  # time enough to read more than one
    assert scene.alive == [1, 2, 2, 2]


def test_an_error_in_a_frame_is_raised_when_its_turn_comes():
    scene, seen = Scene(broken=2), []
    with pytest.raises(DataError, match="^c: is damaged$"):
        for index, _ in scene.stack.read_ahead(range(4)):
            seen.append(index)
    assert seen == [0, 1]


def test_a_caller_that_stops_early_leaves_no_thread():
    scene, before = Scene(), threading.active_count()
    frames = scene.stack.read_ahead(range(4))
    assert next(frames)[0] == 0
    assert threading.active_count() == before + 1
    frames.close()
    assert threading.active_count() == before
    assert scene.begun == [0, 1]


def test_a_stack_may_get_its_frames_from_a_function(tmp_path):
    first = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    for name in ("a.png", "b.png"):
        save(first, tmp_path / name)
    stack = open_stack(tmp_path)
    dark = stack.with_frames(lambda index: stack.pixels(index)[:4] // (index + 1), (4, 8, 3))
    assert (dark.names, dark.bit_depth, dark.shape) == (["a.png", "b.png"], 8, (2, 4, 8, 3))
    assert_array_equal(dark.pixels(1), first[:4] // 2)
    assert dark.metadata == stack.metadata


def test_tensors_are_told_where_to_go(tmp_path):
    torch = pytest.importorskip("torch")
    frames = torch.zeros(2, 3, 8, 9)
    for given in (frames, list(frames)):
        with pytest.raises(DataError, match="only fusion.exposure_fusion takes one"):
            open_stack(given)
    with pytest.raises(DataError, match="movedim"):
        save(frames[0], tmp_path / "out.png")

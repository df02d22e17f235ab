"""fusion stack, as a user meets it: one sharp picture, maps of where it comes from, one line for whatever is wrong."""

import json
import os
import sys
import time

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from data import DataError, open_stack, save
from data.image import to_integers
from data.io import is_own_result
from fusion.cli import build_parser, main, stack
from fusion.cli.budget import check_budget, parse_bytes, registration_needed
from fusion.cli.maps import depth_map, is_index, save_arrays
from fusion.cli.noise import NoiseMeter
from fusion.cli.sharpness import average_gradient
from fusion.cli.stack import run_stack
from fusion.metrics.activity import ag
from fusion.stacking import memory_needed, stack_frames
from recalage.alignment import Alignment, FrameReport
from recalage.tone import match_tone

NAMES = ["f1.png", "f2.png", "f9.png", "f10.png"]  # in natural order
STRIP = 32  # columns in which each of them is sharp


def focused(texture):
    """Four frames of a texture, float32, each sharp in one strip of columns."""
    blurred = cv2.GaussianBlur(texture, (0, 0), 3)
    place = np.arange(texture.shape[1])[:, None] // STRIP
    return [np.where(place == index, texture, blurred) for index in range(len(NAMES))]


@pytest.fixture
def frames(tmp_path, texture):
    """Folder with four 8-bit frames."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for name, frame in zip(NAMES, focused(texture), strict=True):
        save(frame, folder / name)
    return folder


@pytest.fixture
def series(texture):
    """The frames as a stack, in their order, as they lie at first."""
    return open_stack([to_integers(frame, np.uint8) for frame in focused(texture)])


@pytest.fixture
def fuse(tmp_path, capsys):
    """Run the command quietly, expect it to do well; return its result as it was stored."""

    def run(*arguments, out="out.png", said=""):
        status = main(["stack", *map(str, arguments), "-o", str(tmp_path / out), "--quiet"])
        assert (status, capsys.readouterr().err) == (0, said)
        return open_stack([tmp_path / out]).pixels(0)

    return run


@pytest.fixture
def failing(failing_in_a_line):
    """Run the command, expect it to fail in one line with nothing written; return that line."""
    return failing_in_a_line("stack", "out.png")


@pytest.fixture
def given_options(monkeypatch):
    """Watch what `stack_frames` is given, call by call."""
    calls = []

    def watched(frames, **options):
        calls.append(options)
        return stack_frames(frames, **options)

    monkeypatch.setattr(stack, "stack_frames", watched)
    return calls


# --- the result --------------------------------------------------------------------------------------------------


def test_a_folder_is_fused(frames, series, tmp_path, capsys):
    out = tmp_path / "out.png"
    assert main(["stack", str(frames), "-o", str(out), "--align", "none"]) == 0
    assert capsys.readouterr() == (f"{out}: 4 frames of 128 x 96 pixels fused\n", "")
    assert np.array_equal(open_stack([out]).pixels(0), stack_frames(series).image)


def test_the_result_is_sharp_all_over(frames, texture, fuse):
    error = np.abs(fuse(frames, "--align", "none") / 255 - texture)
    assert error.mean() < 0.2 * np.abs(focused(texture)[0] - texture).mean()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["-d", 2, "-k", 9], {"levels": 2, "kernel_size": 9}),
        (["--depth", 1], {"levels": 1}),
        (["--k_size", 7], {"kernel_size": 7}),
        (["--naive"], {"naive": True}),
        (["--naive", "-k", 9], {"naive": True, "kernel_size": 9}),
        (["--prefer", "first"], {"prefer": "first"}),
        (["--prefer", "last"], {"prefer": "last"}),
    ],
)
def test_options_reach_the_method(frames, series, fuse, arguments, options):
    expected = stack_frames(series, **options).image
    assert not np.array_equal(expected, stack_frames(series).image)
    assert np.array_equal(fuse(frames, "--align", "none", *arguments), expected)


def test_frames_of_sixteen_bits_give_sixteen(tmp_path, texture, fuse):
    deep = [np.rint(frame * 65535).astype(np.uint16) for frame in focused(texture)]
    for index, frame in enumerate(deep):
        save(frame, tmp_path / f"{index}.tif")
    result = fuse(tmp_path / "*.tif", "--align", "none", out="out.tif")
    assert result.dtype == np.uint16
    assert np.array_equal(result, stack_frames(deep).image)


def test_where_one_frame_has_sixteen_bits_so_has_the_result(frames, texture, fuse):
    save(np.rint(focused(texture)[3] * 65535).astype(np.uint16), frames / "f11.png")
    assert fuse(frames, "--align", "none").dtype == np.uint16


def test_metadata_are_those_of_the_reference(tmp_path, texture, known_motion, fuse):
    for index, frame in enumerate(focused(texture)):
        exif = Image.Exif()
        exif[0x010F] = f"Maker {index}"
        Image.fromarray(np.rint(frame * 255).astype(np.uint8)).save(tmp_path / f"{index}.jpg", exif=exif)
    known_motion(*[(0, 0)] * 3)  # to the first of them, 1.jpg
    fuse(*(tmp_path / f"{index}.jpg" for index in (1, 2, 3)), out="a.jpg")
    assert Image.open(tmp_path / "a.jpg").getexif()[0x010F] == "Maker 1"
    paths = [str(tmp_path / f"{index}.jpg") for index in range(4)]
    fuse(*paths, "--align", "none", out="b.jpg")
    assert Image.open(tmp_path / "b.jpg").getexif()[0x010F] == "Maker 0"
    run_stack(arguments_of(*paths, "-o", tmp_path / "c.jpg", "--quiet"), alignment_to(2, paths, texture.shape))
    assert Image.open(tmp_path / "c.jpg").getexif()[0x010F] == "Maker 2"


def test_quality_is_passed_on(frames, fuse, tmp_path):
    for quality in (30, 95):
        fuse(frames, "--align", "none", "--quality", quality, out=f"{quality}.jpg")
    assert (tmp_path / "30.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size / 2


def test_results_among_the_frames_do_not_change_the_next_result(frames, tmp_path, fuse):
    maps = ["--depth-map", frames / "depth.png", "--plot", "--align", "none", "--force"]
    first = fuse(frames, *maps, out="frames/out.png")
    assert len(list(frames.iterdir())) == len(NAMES) + 3
    assert np.array_equal(fuse(frames, *maps, out="frames/out.png"), first)
    assert np.array_equal(fuse(frames / "*.png", *maps, out="frames/out.png"), first)
    assert np.array_equal(fuse(frames, "--align", "none"), first)


# --- which frames --------------------------------------------------------------------------------------------------


def names_in(index):
    with np.load(index) as file:
        return file["names"].tolist()


def test_frames_come_in_natural_order(frames, tmp_path, fuse):
    fuse(*sorted(frames.iterdir()), "--align", "none", "--index", tmp_path / "a.npz")
    fuse(frames, "--align", "none", "--index", tmp_path / "b.npz", out="b.png")
    assert sorted(NAMES) != NAMES
    assert names_in(tmp_path / "a.npz") == names_in(tmp_path / "b.npz") == NAMES


def test_patterns_are_expanded(frames, series, tmp_path, fuse):
    fuse(frames / "f?.png", frames / "f1[0-9].*", "--align", "none", "--index", tmp_path / "a.npz")
    assert names_in(tmp_path / "a.npz") == NAMES
    (tmp_path / "deep").mkdir()
    frames.rename(tmp_path / "deep" / "frames")
    fuse(tmp_path / "**" / "f?.png", "--align", "none", "--index", tmp_path / "b.npz", out="b.png")
    assert names_in(tmp_path / "b.npz") == NAMES[:3]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(frames, tmp_path, fuse):
    (frames / "f2.png").rename(frames / "f[2].png")
    fuse(frames / "f1.png", frames / "f[2].png", "--align", "none", "--index", tmp_path / "a.npz")
    assert sorted(names_in(tmp_path / "a.npz")) == ["f1.png", "f[2].png"]


def test_a_pattern_that_finds_nothing_is_named(failing, frames):
    assert "*.nef: finds no file" in failing(frames, frames / "*.nef")


def test_results_that_a_pattern_finds_are_no_frames(frames, series, fuse):
    save(series[0], frames / "old.png", made_by="fusion stack")
    save(series[1], frames / "older.png", made_by="fusion guided")
    names = f"{frames / 'old.png'} {frames / 'older.png'}"
    said = f"{names}: a result of this program, and no frame; give the name of each to fuse it\n"
    expected = stack_frames(series).image
    assert np.array_equal(fuse(frames / "*.png", "--align", "none", said=said), expected)
    assert np.array_equal(fuse(frames, "--align", "none", out="b.png"), expected)


def test_a_result_that_is_named_is_a_frame(frames, series, fuse, tmp_path):
    save(series[0], frames / "old.png", made_by="fusion stack")
    said = f"{frames / 'old.png'}: a result of this program, and fused nevertheless, for it was named\n"
    for given in ([frames / name for name in NAMES], [frames / "*.png"]):
        index = tmp_path / f"{len(given)}.npz"
        options = ["--align", "none", "--index", index]
        fuse(*given, frames / "old.png", *options, said=said, out=f"{len(given)}.png")
        assert names_in(index) == [*NAMES, "old.png"]


def test_a_pattern_that_finds_nothing_but_results_is_named(frames, series, capsys):
    for name in ("old.png", "older.png"):
        save(series[0], frames / name, made_by="fusion stack")
    assert main(["stack", str(frames / "o*.png"), "-o", str(frames.parent / "out.png")]) == 2
    assert "o*.png: finds nothing but results of fusion; name the files" in capsys.readouterr().err


def test_a_frame_that_is_given_twice_counts_once(frames, series, fuse):
    twice = frames / "f2.png"
    result = fuse(frames / "*.png", twice, "--align", "none", said=f"{twice}: is given twice, and counts once\n")
    assert np.array_equal(result, stack_frames(series).image)


def test_frames_of_equal_bytes_count_once(frames, series, fuse):
    (frames / "f11.png").write_bytes((frames / "f9.png").read_bytes())
    told = f"{frames / 'f11.png'}: is the same, byte for byte, as {frames / 'f9.png'}, and counts once\n"
    assert np.array_equal(fuse(frames, "--align", "none", said=told), stack_frames(series).image)


@pytest.mark.parametrize("row", [0, 100])
def test_frames_of_equal_size_that_differ_in_a_pixel_all_count(tmp_path, fuse, row):
    for index in range(2):
        frame = np.full((200, 300, 3), 128, np.uint8)
        frame[row, 0] = index
        Image.fromarray(frame).save(tmp_path / f"{index}.bmp")
    assert fuse(tmp_path / "*.bmp", "--align", "none").shape == (200, 300, 3)


def test_frames_that_count_once_are_in_the_report(frames, fuse, tmp_path):
    copy, first = frames / "f11.png", frames / "f9.png"
    copy.write_bytes(first.read_bytes())
    told = f"{copy}: is the same, byte for byte, as {first}, and counts once\n"
    fuse(frames, "--align", "none", "--json", tmp_path / "r.json", said=told)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["left_out"] == [{"name": "f11.png", "reason": f"is the same, byte for byte, as {first}"}]
    assert [entry["path"] for entry in report["inputs"]] == [str(frames / name) for name in NAMES]


def test_copies_of_one_frame_are_no_stack(frames, tmp_path, capsys):
    paths = [str(frames / "f1.png")] * 3
    assert main(["stack", *paths, "-o", str(tmp_path / "out.png")]) == 2
    *twice, error = capsys.readouterr().err.splitlines()
    assert "f1.png: is the only frame" in error
    assert twice == [f"{frames / 'f1.png'}: is given twice, and counts once"] * 2


def test_one_frame_only(failing, frames):
    assert "f1.png: is the only frame; fusion needs two or more" in failing(frames / "f1.png")


def test_pages_of_a_tiff_are_frames(tmp_path, series, fuse):
    tifffile.imwrite(tmp_path / "pages.tif", np.stack([series.pixels(k) for k in range(4)]), photometric="rgb")
    assert np.array_equal(fuse(tmp_path / "pages.tif", "--align", "none"), stack_frames(series).image)


# --- alignment -----------------------------------------------------------------------------------------------------


def arguments_of(*arguments):
    """Parse arguments of the command."""
    return build_parser().parse_args(["stack", *map(str, arguments)])


def alignment_to(reference, names, shape, shift=(0, 0)):
    """Frames that lie on one of them, but for the last one, which is moved."""
    names = [os.path.basename(name) for name in names]
    matrices = np.tile(np.eye(3), (len(names), 1, 1))
    matrices[-1, :2, 2] = shift
    reports = [FrameReport(name, "untouched", "", names[reference], 1.0, 1.0, 1.0) for name in names]
    reports[-1] = reports[-1]._replace(status="aligned" if any(shift) else "untouched")
    reports[reference] = FrameReport(names[reference], "reference", "", "", 1.0, 1.0, 1.0)
    return Alignment(matrices, reports, shape=shape, reference=reference, model="similarity", strategy="chain")


@pytest.fixture
def moved(frames):
    """Folder in which the last frame lies 6 pixels to the left, and 4 pixels down."""
    last = open_stack([frames / NAMES[-1]]).pixels(0)
    save(np.roll(last, (4, -6), axis=(0, 1)), frames / NAMES[-1], force=True)
    return frames


SHIFTS = ((0, 0), (0, 0), (0, 0), (6, -4))


def test_frames_are_aligned_by_default(moved, series, known_motion, tmp_path, capsys):
    still = [series.pixels(index) for index in range(4)]
    calls = known_motion(*SHIFTS)
    assert main(["stack", str(moved), "-o", str(tmp_path / "out.png"), "--crop"]) == 0
    told = (
        "aligned: 1 of 4 frames moved, corners by up to 7.2 pixels, 0 left out; 122 x 92 of 128 x 96 pixels are in all"
    )
    assert capsys.readouterr().out.startswith(told)
    expected = stack_frames([frame[:92, 6:] for frame in still]).image
    assert np.array_equal(open_stack([tmp_path / "out.png"]).pixels(0), expected)
    assert calls == [{"model": "similarity", "strategy": "chain", "tone": None}]


def test_without_a_crop_all_of_the_reference_is_kept(moved, series, known_motion, tmp_path, capsys):
    known_motion(*SHIFTS)
    assert main(["stack", str(moved), "-o", str(tmp_path / "out.png")]) == 0
    rim = "the outer 6 pixels may be blurred, for some frames do not reach there; --crop cuts them off"
    assert f"; all of the reference frame is kept; {rim}\n" in capsys.readouterr().out
    assert open_stack([tmp_path / "out.png"]).shape == (1, 96, 128, 3)


def test_no_rim_is_told_of_where_there_is_none(frames, known_motion, tmp_path, capsys):
    known_motion(*[(0, 0)] * 4)
    assert main(["stack", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    assert "; all of the reference frame is kept\n" in capsys.readouterr().out


def test_frames_without_a_part_in_common_can_be_fused_but_not_cropped(frames, known_motion, tmp_path, capsys):
    known_motion((0, 0), (100, 0), (-100, 0), (0, 0))
    assert main(["stack", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    assert "kept, of which frames have no part in common\n" in capsys.readouterr().out


def test_frames_are_found_where_they_moved(tmp_path, texture, fuse):
    """With the motion estimated, of a handheld series of a larger scene."""
    scene = cv2.resize(texture, (512, 384), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    blurred = cv2.GaussianBlur(scene, (0, 0), 3)
    left = np.arange(512)[:, None] < 256
    for index, (frame, shift) in enumerate(
        [(np.where(left, scene, blurred), (0, 0)), (np.where(left, blurred, scene), (7, 5))]
    ):
        x, y = shift
        save(np.ascontiguousarray(frame[20 + y : 340 + y, 20 + x : 460 + x]), tmp_path / f"{index}.png")
    options = [tmp_path / "[01].png", "--reference", "first"]
    aligned, unaligned = fuse(*options), fuse(tmp_path / "[01].png", "--align", "none", out="still.png")
    inside, sharp = (slice(16, 300), slice(16, 420)), scene[20:340, 20:460]
    errors = [np.abs(result / 255 - sharp)[inside].mean() for result in (aligned, unaligned)]
    assert errors[0] < 0.3 * errors[1]


@pytest.mark.parametrize(
    ("wanted", "reference"), [("first", "first"), ("last", "last"), ("2", 1), ("f10.png", 3), ("middle", "middle")]
)
def test_the_reference_is_passed_on(frames, known_motion, fuse, wanted, reference):
    calls = known_motion(*[(0, 0)] * 4, gains=np.ones((4, 3)))
    fuse(frames, "--reference", wanted, "--align", "affine", "--tone")
    assert calls == [{"model": "affine", "strategy": "chain", "tone": "match", "reference": reference}]


@pytest.mark.parametrize(
    ("wanted", "reference"),
    [
        ("f1.png", 0),
        ("f1b.png", 0),
        ("2", 0),
        ("3", 1),
        ("5", 3),
        ("f10.png", 3),
        ("frames/f1b.png", 0),
        ("middle", "middle"),
    ],
)
def test_copies_do_not_shift_the_reference(frames, known_motion, fuse, monkeypatch, wanted, reference):
    monkeypatch.chdir(frames.parent)
    (frames / "f1b.png").write_bytes((frames / "f1.png").read_bytes())  # second in natural order
    calls = known_motion(*[(0, 0)] * 4)
    files = [f"frames/{name}" for name in ("f10.png", "f9.png", "f2.png", "f1b.png", "f1.png")]
    said = "frames/f1b.png: is the same, byte for byte, as frames/f1.png, and counts once\n"
    fuse(*files, "--reference", wanted, said=said)
    assert calls[0]["reference"] == reference


def test_the_reference_is_found_by_its_path_whatever_the_order_of_files(frames, known_motion, fuse, tmp_path, capsys):
    calls = known_motion(*[(0, 0)] * 4)
    paths = sorted(frames.iterdir())
    fuse(*paths, "--reference", frames / "f10.png")
    assert [call["reference"] for call in calls] == [3]
    pages = np.stack([open_stack([path]).pixels(0) for path in paths])
    tifffile.imwrite(tmp_path / "pages.tif", pages, photometric="rgb")
    fuse(tmp_path / "pages.tif", "--reference", "pages.tif[2]", out="b.png")
    assert calls[1]["reference"] == 2
    arguments = [str(tmp_path / "pages.tif"), "--reference", str(tmp_path / "pages.tif"), "-o", str(tmp_path / "c.png")]
    assert main(["stack", *arguments]) == 2
    assert "pages.tif: is none of the frames pages.tif[0] ... pages.tif[3]" in capsys.readouterr().err


def noise_of(frames):
    """The noise of frames as they are given, before they are moved or matched."""
    return NoiseMeter(frames, 5).noise_of(range(len(frames)), lambda indices, what: indices)


def test_tone_is_matched(frames, series, known_motion, fuse):
    gains = np.ones((4, 3))
    gains[3] = 0.5, 0.6, 0.7
    known_motion(*[(0, 0)] * 4, gains=gains)
    matched = [*(series.pixels(index) for index in range(3)), match_tone(series.pixels(3), gains[3])]
    expected = stack_frames(matched, noise=noise_of(series)).image
    assert np.array_equal(fuse(frames, "--tone"), expected)
    assert not np.array_equal(fuse(frames, out="unmatched.png"), expected)


def test_motion_is_saved_and_used_again(moved, tmp_path, known_motion, fuse):
    file = tmp_path / "motion.json"
    calls = known_motion(*SHIFTS)
    first = fuse(moved, "--transforms", file)
    assert Alignment.load(file).matrices[3, 0, 2] == 6
    assert np.array_equal(fuse(moved, "--transforms", file, out="again.png"), first)
    assert len(calls) == 1


def test_saved_motion_is_used_whatever_its_model(moved, tmp_path, known_motion, fuse):
    known_motion(*SHIFTS)
    first = fuse(moved, "--transforms", tmp_path / "m.json", "--align", "affine")
    assert np.array_equal(fuse(moved, "--transforms", tmp_path / "m.json", out="again.png"), first)


def test_frames_that_do_not_fit_are_left_out(frames, series, known_motion, fuse):
    save(np.zeros((50, 40, 3)), frames / "f11.png")
    (frames / "f12.png").write_bytes((frames / "f1.png").read_bytes()[:3000])
    known_motion(*[(0, 0)] * 4, None, None)
    said = "".join(f"{name}: left out: it shows another scene\n" for name in ("f11.png", "f12.png"))
    assert np.array_equal(fuse(frames, said=said), stack_frames(series).image)


def test_the_reason_is_told_why_a_frame_is_left_out(tmp_path, texture, fuse, capsys):
    scene = cv2.resize(texture, (384, 288), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    for index in range(2):
        save(scene * (1 - index / 100), tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_text("no picture")
    assert main(["stack", str(tmp_path / "?.png"), "-o", str(tmp_path / "out.png"), "--quiet"]) == 0
    assert capsys.readouterr().err.startswith("2.png: left out: is not a picture")


def test_too_few_frames_are_left(failing, frames, known_motion, capsys):
    known_motion((0, 0), None, None, None)
    assert main(["stack", str(frames), "-o", str(frames / "out.png")]) == 2
    assert "f1.png: is all that is left of 4 frames, and 2 are needed" in capsys.readouterr().err


def test_without_alignment_a_frame_that_does_not_fit_is_an_error(failing, frames):
    save(np.zeros((50, 40, 3)), frames / "f11.png")
    assert "f11.png is 40 x 50 pixels in colour, but f1.png is 128 x 96" in failing(frames, "--align", "none")
    (frames / "f11.png").write_text("no picture")
    assert "f11.png: is not a picture" in failing(frames, "--align", "none")


def test_known_motion_is_applied_to_frames_as_they_are_given(moved, series, known_motion, tmp_path):
    calls = known_motion(*SHIFTS)
    paths = [moved / NAMES[index] for index in (3, 1, 2, 0)]
    shift = alignment_to(0, paths, (96, 128), (-6, 4))
    args = arguments_of(*paths, "-o", tmp_path / "out.png", "--quiet", "--index", tmp_path / "i.npz")
    run_stack(args, shift, exact=True)
    assert calls == []
    assert names_in(tmp_path / "i.npz") == [path.name for path in paths]
    frames, noise = shift.apply(open_stack(paths)), noise_of(open_stack(paths))
    expected = stack_frames(frames, matrices=shift.matrices, noise=noise).image  # what a frame does not show, loses
    assert not np.array_equal(expected, stack_frames(frames, noise=noise).image)
    assert np.array_equal(open_stack([tmp_path / "out.png"]).pixels(0), expected)


@pytest.mark.parametrize("option", [["--crop"], ["--tone"], ["--reference", "first"]])
def test_without_alignment_its_options_make_no_sense(failing, frames, option):
    message = f"--align none leaves frames as they are, and nothing is left to do for {option[0]};"
    assert message in failing(frames, "--align", "none", *option)


def test_saved_motion_has_its_reference(failing, frames, tmp_path, known_motion, fuse):
    known_motion(*[(0, 0)] * 4)
    fuse(frames, "--transforms", tmp_path / "m.json")
    message = failing(frames, "--transforms", tmp_path / "m.json", "--reference", "first", out=tmp_path / "b.png")
    assert "m.json: exists, so its motion is applied, and nothing is left to do for --reference" in message
    assert "holds no gains, which --tone needs" in failing(
        frames, "--transforms", tmp_path / "m.json", "--tone", out=tmp_path / "b.png"
    )
    message = failing(frames, "--transforms", tmp_path / "m.json", "--align", "none", out=tmp_path / "b.png")
    assert "--align none leaves them where they are" in message


# --- maps ----------------------------------------------------------------------------------------------------------


def test_the_index_tells_where_pixels_come_from(frames, series, tmp_path, fuse):
    fuse(frames, "--align", "none", "--index", tmp_path / "a.npz")
    expected = stack_frames(series, mapped=True)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert sorted(file.files) == ["confidence", "index", "names"]
        assert file["index"].dtype == np.uint16 and file["confidence"].dtype == np.float32
        assert np.array_equal(file["index"], expected.index)
        assert np.array_equal(file["confidence"], expected.confidence)
        assert (file["index"] == np.arange(128) // STRIP).mean() > 0.8


def test_the_same_result_gives_the_same_index_file(frames, tmp_path, fuse, monkeypatch):
    fuse(frames, "--align", "none", "--index", tmp_path / "a.npz")
    later = time.time() + 1e6
    monkeypatch.setattr(time, "time", lambda: later)
    fuse(frames, "--align", "none", "--index", tmp_path / "b.npz", out="b.png")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(("name", "depth"), [("depth.png", np.uint16), ("depth.tif", np.uint16), ("d.jpg", np.uint8)])
def test_the_depth_map_is_black_at_the_first_frame_and_white_at_the_last(frames, tmp_path, fuse, name, depth):
    fuse(frames, "--align", "none", "--depth-map", tmp_path / name)
    picture = open_stack([tmp_path / name])
    assert picture.shape == (1, 96, 128)
    assert picture.bit_depth == np.iinfo(depth).bits
    columns = picture[0][:, STRIP // 2 :: STRIP].mean(axis=0)
    assert np.abs(columns - np.array([0, 1 / 3, 2 / 3, 1])).max() < 0.05
    assert is_own_result(tmp_path / name)


def test_depth_is_taken_from_neighbours_where_nothing_is_sharp():
    rng = np.random.default_rng(3)
    index = np.where(np.arange(300) < 150, 2, 6) * np.ones((200, 1), int)
    confidence = np.full(index.shape, 0.9, np.float32)
    hole = (slice(60, 140), slice(20, 100))
    mask = np.zeros(index.shape, np.uint8)
    mask[hole] = 1
    truth = index.copy()
    index[hole], confidence[hole] = rng.integers(0, 9, (80, 80)), 0.1
    depth = depth_map(index.astype(np.uint16), confidence, 9) / 65535 * 8
    assert np.abs(depth - truth)[hole].mean() < 0.15 * np.abs(index - truth)[hole].mean()
    outside = np.abs(np.arange(300) - 150)[None] > 5
    outside = outside & ~cv2.dilate(mask, np.ones((9, 9), np.uint8)).astype(bool)
    assert np.abs(depth - truth)[outside].max() < 0.3


def test_positions_that_vary_from_pixel_to_pixel_are_not_believed():
    index = np.full((200, 300), 2, np.uint16)
    index[80:100, 100:120] = np.random.default_rng(3).integers(0, 9, (20, 20))
    depth = depth_map(index, np.full(index.shape, 0.9, np.float32), 9) / 65535 * 8
    assert np.abs(depth - 2)[80:100, 100:120].mean() < 0.15 * np.abs(index - 2.0)[80:100, 100:120].mean()


def test_depth_is_the_same_in_strips(monkeypatch):
    rng = np.random.default_rng(5)
    index = cv2.resize(rng.integers(0, 9, (40, 10), np.uint16), (40, 600), interpolation=cv2.INTER_NEAREST)
    confidence = rng.random(index.shape, np.float32)
    in_strips = depth_map(index, confidence, 9).astype(int)
    monkeypatch.setattr("fusion.cli.maps.STRIP", 1000)
    assert np.abs(in_strips - depth_map(index, confidence, 9)).max() <= 1


def test_a_single_wrong_pixel_is_removed_from_the_depth():
    index = np.full((40, 50), 3, np.uint16)
    index[20, 20] = 0
    assert depth_map(index, np.ones(index.shape, np.float32), 4).min() > 0.9 * 65535


@pytest.mark.parametrize("shape", [(2, 2), (1, 37), (301, 3), (517, 600)])
def test_depth_of_any_size(shape):
    index = np.full(shape, 1, np.uint16)
    for confidence in (0, 1):
        depth = depth_map(index, np.full(shape, confidence, np.float32), 3)
        assert depth.shape == shape and np.abs(depth - 65535 / 2).max() <= 1


def test_a_sharp_step_of_depth_stays_sharp():
    index = np.where(np.arange(64) < 31, 0, 1) * np.ones((600, 1), int)
    depth = depth_map(index.astype(np.uint16), np.ones(index.shape, np.float32), 2) / 65535
    assert depth[:, 30].max() < 0.5 < depth[:, 31].min()


def test_arrays_replace_a_file_only_if_forced(tmp_path):
    save_arrays(tmp_path / "a.npz", numbers=np.arange(3))
    with pytest.raises(DataError, match="exists already"):
        save_arrays(tmp_path / "a.npz", numbers=np.arange(4))
    save_arrays(tmp_path / "a.npz", numbers=np.arange(4), force=True)
    assert np.load(tmp_path / "a.npz")["numbers"].tolist() == [0, 1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


# --- figure and table ----------------------------------------------------------------------------------------------


def test_the_figure_lies_beside_the_result(frames, tmp_path, fuse):
    fuse(frames, "--align", "none", "--plot", out="beetle.tif")
    figure = open_stack([tmp_path / "beetle_plot.png"])
    assert figure.shape[3] == 3 and min(figure.shape[1:3]) > 600
    assert is_own_result(tmp_path / "beetle_plot.png")


def test_the_figure_shows_frames_result_and_index(series):
    pytest.importorskip("matplotlib")
    from fusion.show import pixels_of, plot_stack

    stacked = stack_frames(series, mapped=True)
    figure = plot_stack((series[k] for k in (0, 3)), stacked.image, stacked.index, labels=["near", "far"], count=4)
    drawn = [axes for axes in figure.axes if axes.get_images()]
    assert [axes.get_title() for axes in drawn] == ["near", "far", "fused", "frame that counts most"]
    pictures = [axes.get_images()[0].get_array() for axes in drawn]
    for picture, expected in zip(pictures, [series[0], series[3], stacked.image / 255], strict=False):
        assert np.abs(picture - expected).max() < 1e-6
    assert np.array_equal(pictures[3], stacked.index + 1)
    assert pixels_of(figure).std() > 30


def test_large_pictures_are_reduced_in_the_figure():
    pytest.importorskip("matplotlib")
    from fusion.show import plot_stack

    large = np.zeros((40, 2000), np.uint8)
    figure = plot_stack([large], large, large.astype(np.uint16), labels=["a"], count=1)
    assert max(max(axes.get_images()[0].get_array().shape) for axes in figure.axes if axes.get_images()) <= 900


def test_a_figure_needs_matplotlib(failing, frames, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "--plot draws with matplotlib, which is not installed" in failing(frames, "--align", "none", "--plot")


def test_the_average_gradient_is_printed(frames, series, tmp_path, capsys):
    out = tmp_path / "out.png"
    assert main(["stack", str(frames), "-o", str(out), "--align", "none", "--eval", "--quiet"]) == 0
    heading, *rows, mean, result, warning = capsys.readouterr().out.splitlines()
    assert "average gradient magnitude" in heading and "more is not always better" in warning
    scores = [ag(frame) for frame in series]
    assert [row.split() for row in rows] == [[name, f"{score:.2f}"] for name, score in zip(NAMES, scores)]
    assert mean.split()[-1] == f"{np.mean(scores):.2f}"
    assert result.split() == ["result", f"{ag(open_stack([out])[0]):.2f}"]
    assert ag(open_stack([out])[0]) > max(scores)


def test_the_average_gradient_is_that_of_aligned_frames(moved, known_motion, tmp_path, capsys):
    known_motion(*SHIFTS)
    main(["stack", str(moved), "-o", str(tmp_path / "out.png"), "--crop", "--eval", "--quiet"])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if NAMES[0] in line)
    assert line.split()[1] == f"{ag(open_stack(moved)[0][:92, 6:]):.2f}"


@pytest.mark.parametrize("height", [1, 255, 256, 257, 513])
def test_the_average_gradient_is_the_same_in_strips(height):
    image = np.random.default_rng(height).random((height, 9, 3)).astype(np.float32)
    assert average_gradient(image) == pytest.approx(ag(image), rel=1e-12)


# --- memory, threads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2G", 2 << 30),
        ("2g", 2 << 30),
        ("2GB", 2 << 30),
        ("2GiB", 2 << 30),
        ("1.5 G", 3 << 29),
        ("800M", 800 << 20),
        ("64k", 64 << 10),
        ("1T", 1 << 40),
        ("123456", 123456),
        ("123456B", 123456),
    ],
)
def test_amounts_of_memory(text, amount):
    assert parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "G", "two", "-1G", "2X", "2iB", "0", "0.1", "nan", "1e9", "2 G B", "٢G"])
def test_what_is_no_amount_of_memory(text, frames, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["stack", str(frames), "-o", str(tmp_path / "out.png"), f"--ram={text}"])
    assert stopped.value.code == 2
    assert f"argument --ram: {text!r} is no amount of memory; give bytes, or a number with" in capsys.readouterr().err


def test_a_budget_that_is_too_small_is_refused_before_frames_are_aligned(failing, frames, known_motion):
    calls = known_motion(*[(0, 0)] * 4)
    message = failing(frames, "--ram", "20M")
    assert "--ram 20M is too little for 4 frames of 128 x 96 pixels and 8 bits: aligning them" in message
    needed = message.partition("give --ram ")[2].split()[0]
    assert calls == []
    assert main(["stack", str(frames), "-o", str(frames.parent / "out.png"), "--ram", needed]) == 0
    assert len(calls) == 1


def test_without_alignment_only_fusing_counts(failing, frames):
    message = failing(frames, "--ram", "2000", "--align", "none")
    assert message.startswith("fusion: error: --ram 2000 is too little for 4 frames")
    assert "aligning" not in message and "fusing them" in message


def test_saved_motion_takes_no_memory(failing, frames, tmp_path, known_motion, fuse):
    known_motion(*[(0, 0)] * 4)
    fuse(frames, "--transforms", tmp_path / "m.json")
    message = failing(frames, "--transforms", tmp_path / "m.json", "--ram", "20M", out=tmp_path / "b.png")
    assert "aligning" not in message and "fusing them" in message


def test_wanted_maps_count_in_the_budget(failing, tmp_path):
    for index in range(2):
        save(np.full((600, 800, 3), 0.25 + index / 4), tmp_path / f"{index}.png")
    enough = memory_needed((600, 800, 3), 8)
    message = failing(tmp_path / "?.png", "--align", "none", "--ram", enough, "--depth-map", tmp_path / "d.png")
    assert message.startswith("fusion: error: --ram ")


def test_maps_count_in_the_budget():
    frames = open_stack(np.zeros((2, 600, 800, 3), np.uint8))
    enough = memory_needed(frames.shape[1:], 8)
    check_budget(enough, frames, is_estimated=False)
    with pytest.raises(DataError, match="is too little"):
        check_budget(enough, frames, is_estimated=False, mapped=True)
    with pytest.raises(DataError, match="is too little"):
        check_budget(enough - 1, frames, is_estimated=False)


def test_what_registration_needs_follows_the_frames():
    """Measured on frames of 3 to 60 megapixels: never less than was taken, and at most half as much again."""
    taken = {  # MiB, by frames, shape and bit depth
        (6, (1500, 2000, 3), 8): 196,
        (10, (3000, 4016, 3), 8): 292,
        (40, (3000, 4016, 3), 8): 378,
        (6, (4000, 6000, 3), 8): 304,
        (4, (6320, 9500, 3), 8): 635,
        (6, (3000, 4016, 3), 16): 377,
        (4, (4000, 6000, 3), 16): 564,
        (4, (3000, 4000), 16): 242,
    }
    for case, amount in taken.items():
        assert amount <= registration_needed(*case) / 2**20 <= 1.5 * amount


def test_budget_and_threads_reach_the_method(frames, fuse, given_options):
    first = fuse(frames, "--align", "none", "--ram", "2G", "--jobs", 3)
    assert (given_options[0]["ram"], given_options[0]["workers"]) == (2 << 30, 3)
    assert np.array_equal(fuse(frames, "--align", "none", out="b.png"), first)
    assert (given_options[1]["ram"], given_options[1]["workers"]) == (None, None)


@pytest.mark.parametrize("wanted", [[], ["--depth-map", "d.png"], ["--index", "i.npz"], ["--plot"]])
def test_maps_are_made_only_if_they_are_wanted(frames, fuse, given_options, tmp_path, wanted, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fuse(frames, "--align", "none", *wanted)
    assert given_options[0]["mapped"] == bool(wanted)


# --- slabs, reports, batches ---------------------------------------------------------------------------------------


def test_slabs_are_pictures_of_their_own(frames, series, known_motion, tmp_path, capsys):
    calls = known_motion(*[(0, 0)] * 4)
    maps = ["--depth-map", tmp_path / "d.png", "--index", tmp_path / "i.npz", "--plot"]
    assert main(["stack", *map(str, [frames, "-o", tmp_path / "out.png", "--slab", "3/2", *maps])]) == 0
    numbers = ("001-003", "002-004")
    expected = {f"{stem}_{number}{end}" for number in numbers for stem, end in (("out", ".png"), ("d", ".png"))}
    expected |= {f"i_{number}.npz" for number in numbers} | {f"out_{number}_plot.png" for number in numbers}
    assert {path.name for path in tmp_path.iterdir()} == expected | {"frames"}
    for first, number in enumerate(numbers):
        slab = open_stack([tmp_path / f"out_{number}.png"]).pixels(0)
        assert np.array_equal(slab, stack_frames(series[first : first + 3]).image)
    assert names_in(tmp_path / "i_002-004.npz") == NAMES[1:]
    assert len(calls) == 1
    assert capsys.readouterr().out.count("3 frames of 128 x 96 pixels fused") == 2


def test_slabs_go_by_frames_as_they_are_given(frames, series, known_motion, tmp_path, capsys):
    known_motion((0, 0), None, (0, 0), (0, 0))
    assert main(["stack", str(frames), "-o", str(tmp_path / "out.png"), "--slab", "2/0", "--quiet"]) == 0
    alone = f"{tmp_path / 'out_001-002.png'}: is not written, for fewer than two of its frames are left\n"
    assert capsys.readouterr().err.endswith(alone)
    assert not (tmp_path / "out_001-002.png").exists()
    written = open_stack([tmp_path / "out_003-004.png"]).pixels(0)
    assert np.array_equal(written, stack_frames(series[2:]).image)


def test_slabs_know_where_their_frames_lie(moved, tmp_path, known_motion, fuse):
    known_motion(*SHIFTS)
    motion = tmp_path / "m.json"
    main(["stack", *map(str, [moved, "-o", tmp_path / "out.png", "--slab", "2/0", "--transforms", motion])])
    alignment = Alignment.load(motion)
    frames = alignment.apply(series_of(moved))[2:]
    expected = stack_frames(frames, matrices=alignment.matrices[2:]).image
    assert np.array_equal(open_stack([tmp_path / "out_003-004.png"]).pixels(0), expected)
    assert not np.array_equal(expected, stack_frames(frames, matrices=alignment.matrices[:2]).image)


def test_slabs_that_exist_are_not_replaced(failing, frames, tmp_path):
    (tmp_path / "out_002-004.png").write_text("precious")
    assert "out_002-004.png: exists already" in failing(frames, "--slab", "3/2", "--align", "none")


def test_the_report_tells_what_was_done(moved, tmp_path, known_motion, fuse):
    known_motion(*SHIFTS)
    named = {"--json": "r.json", "--transforms": "m.json", "--index": "i.npz", "--depth-map": "d.png"}
    fuse(moved, "--plot", *(part for option, name in named.items() for part in (option, tmp_path / name)))
    report = json.loads((tmp_path / "r.json").read_text())
    assert [entry["path"] for entry in report["inputs"]] == [str(moved / name) for name in NAMES]
    written = {entry["path"] for entry in report["outputs"]}
    assert written == {str(tmp_path / name) for name in ("m.json", "i.npz", "d.png", "out.png", "out_plot.png")}
    assert report["parameters"]["align"] == "similarity"
    assert {"aligning", "fusing", "writing"} <= set(report["seconds"])
    assert report["transforms"]["frames"][3]["matrix"][0][2] == 6


def test_every_sub_folder_is_a_stack(frames, series, tmp_path, capsys):
    other = tmp_path / "outer" / "b"
    other.parent.mkdir()
    frames.rename(tmp_path / "outer" / "a")
    other.mkdir()
    for index, name in enumerate(("1.png", "2.png")):
        save(series_of(tmp_path / "outer" / "a")[index], other / name)
    out = tmp_path / "out"
    assert main(["stack", str(other.parent), "-o", str(out), "--batch", "--align", "none", "--quiet"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png"]
    expected = stack_frames(open_stack(other)).image
    assert np.array_equal(open_stack([out / "b.png"]).pixels(0), expected)


def series_of(folder):
    return open_stack([folder / name for name in NAMES])


# --- what is wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-k", 4], "kernel_size must be an odd number of pixels, 3 to 31, got 4"),
        (["-k", 1], "kernel_size must be an odd number of pixels, 3 to 31, got 1"),
        (["-d", 0], "levels must be"),
        (["-d", 30], "levels must be"),
        (["--jobs", 0], "--jobs takes a number of threads, 1 or more, got 0"),
        (["--naive", "--prefer", "first"], "leave out --naive or --prefer"),
        (["--naive", "-d", 3], "leave out --naive or --depth"),
        (["--quality", 0], "--quality must lie in 1..100, got 0"),
        (["--reference", "nobody"], "--reference nobody: is none of the frames f1.png ... f10.png"),
    ],
)
def test_bad_options_are_told_before_frames_are_aligned(failing, frames, known_motion, options, message):
    calls = known_motion(*[(0, 0)] * 4)
    assert message in failing(frames, *options)
    assert calls == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--depth-map", "out.png"], "out.png: is what both -o and --depth-map would write"),
        (["--json", "a.json", "--transforms", "./a.json"], "is what both --json and --transforms would write"),
        (["--plot", "--depth-map", "OUT_plot.png"], "out_plot.png: is what both --depth-map and --plot would write"),
        (["--depth-map", "d.gif"], "d.gif: cannot be written in this format"),
        (["--index", "i.txt"], "i.txt: cannot be written in this format; use one of the endings .npz"),
        (["--json", "r.txt"], "r.txt: cannot be written in this format; use one of the endings .json"),
        (["--transforms", "m.txt"], "m.txt: cannot be written in this format; use one of the endings .json"),
        (["--depth-map", "missing/d.png"], "its folder does not exist"),
        (["--index", "missing/i.npz"], "its folder does not exist"),
        (["--depth-map", "frames/f1.png", "--force"], "frames/f1.png: is one of the frames"),
        (["--depth-map", "old.png"], "old.png: exists already"),
        (["--index", "old.npz"], "old.npz: exists already"),
        (["--json", "old.json"], "old.json: exists already"),
    ],
)
def test_outputs_are_checked_before_frames_are_aligned(failing, frames, known_motion, monkeypatch, options, message):
    monkeypatch.chdir(frames.parent)
    for ending in ("png", "npz", "json"):
        (frames.parent / f"old.{ending}").write_text("precious")
    calls = known_motion(*[(0, 0)] * 4)
    assert message in failing("frames", *options, out="out.png")
    assert calls == []


def test_an_existing_figure_is_not_replaced(failing, frames, tmp_path, fuse):
    (tmp_path / "out_plot.png").write_text("precious")
    assert "out_plot.png: exists already" in failing(frames, "--plot", "--align", "none")
    fuse(frames, "--plot", "--align", "none", "--force")
    assert is_own_result(tmp_path / "out_plot.png")


def test_an_output_never_replaces_a_frame(failing, frames):
    message = failing(frames, "--align", "none", "--force", out=frames / "f2.png")
    assert "f2.png: is one of the frames" in message


@pytest.mark.parametrize("given", ["frames", "frames/*.png", "frames/f[0-9]*"])
@pytest.mark.parametrize(
    ("out", "options"),
    [
        ("frames/f1.png", []),
        ("./frames/../frames/f1.png", []),
        ("frames/link.png", []),
        ("link.png", []),
        ("out.png", ["--depth-map", "frames/f1.png"]),
        ("out.png", ["--depth-map", "frames/link.png"]),
        ("out.png", ["--json", "link.json"]),
        ("out.png", ["--index", "link.npz"]),
        ("plotted.png", ["--plot"]),
        ("frames/f.png", ["--slab", "3/2"]),
    ],
)
def test_no_frame_is_replaced_under_whatever_name(frames, capsys, monkeypatch, given, out, options):
    monkeypatch.chdir(frames.parent)
    (frames / "f9.png").rename(frames / "f_001-003.png")
    given = [given, "frames/f_001-003.png"] if given == "frames/f[0-9]*" else [given]
    for link in ("frames/link.png", "link.png", "link.json", "link.npz", "plotted_plot.png"):
        if link == out or link in options or link == "plotted_plot.png":
            (frames.parent / link).symlink_to(frames / "f1.png")
    assert main(["stack", *given, "-o", out, *options, "--align", "none", "--force"]) == 2
    assert ": is one of the frames; choose another name" in capsys.readouterr().err
    assert {path.name for path in frames.iterdir() if not path.is_symlink()} == {
        "f1.png",
        "f2.png",
        "f10.png",
        "f_001-003.png",
    }
    assert not any(is_own_result(path) for path in frames.iterdir())


def test_a_photograph_beside_the_frames_is_not_replaced(failing, frames, texture):
    save(texture, frames / "_reference.png")
    assert "_reference.png: is one of the frames" in failing(frames, "--force", out=frames / "_reference.png")


@pytest.mark.parametrize("method", ["guided", "exposure"])
def test_no_command_replaces_a_frame_through_a_link(frames, capsys, method):
    (frames / "out.png").symlink_to("f1.png")
    before = (frames / "f1.png").read_bytes()
    assert main([method, str(frames), "-o", str(frames / "out.png"), "--force"]) == 2
    assert "out.png: is one of the frames" in capsys.readouterr().err
    assert (frames / "f1.png").read_bytes() == before


def test_a_copy_of_a_frame_is_not_replaced_either(frames, failing, capsys):
    (frames / "f11.png").write_bytes((frames / "f1.png").read_bytes())
    pattern = str(frames / "*.png")
    assert main(["stack", pattern, "-o", str(frames / "f11.png"), "--align", "none", "--force"]) == 2
    assert "f11.png: is one of the frames" in capsys.readouterr().err
    assert (frames / "f11.png").read_bytes() == (frames / "f1.png").read_bytes()


def test_a_result_that_is_named_as_a_frame_is_not_replaced_as_a_slab(frames, capsys):
    slab = frames.parent / "out_001-003.png"
    save(open_stack(frames)[1], slab, made_by="fusion stack")
    before = slab.read_bytes()
    paths = [*map(str, sorted(frames.iterdir())), str(slab)]
    assert main(["stack", *paths, "-o", str(frames.parent / "out.png"), "--slab", "3/1", "--force"]) == 2
    assert "out_001-003.png: is one of the frames" in capsys.readouterr().err
    assert slab.read_bytes() == before


def test_existing_output(failing, frames, tmp_path):
    (tmp_path / "out.png").write_text("precious")
    assert "out.png: exists already" in failing(frames, "--align", "none")


@pytest.mark.parametrize(("ending", "largest"), [(".jpg", 65_500), (".jpeg", 65_500), (".webp", 16_383)])
def test_a_picture_too_large_for_its_format_is_refused_before_frames_are_fused(
    failing, tmp_path, known_motion, ending, largest
):
    for index in range(2):
        save(np.full((2, largest + 1), index / 2, np.float32), tmp_path / f"{index}.png")
    calls = known_motion((0, 0), (0, 0))
    told = f"{largest + 1} x 2 pixels cannot be written as {ending}, which holds {largest} a side; use .tif"
    assert told in failing(tmp_path / "?.png", out=tmp_path / f"out{ending}")
    depth = tmp_path / f"depth{ending}"
    assert f"depth{ending}: {told}" in failing(tmp_path / "?.png", "--depth-map", depth)
    assert calls == []


def test_a_cropped_picture_may_fit_a_format_that_frames_do_not(tmp_path, known_motion, fuse, capsys, monkeypatch):
    rng = np.random.default_rng(3)
    for index in range(2):
        save(rng.random((4, 16_390), np.float32), tmp_path / f"{index}.png")
    known_motion((0, 0), (10, 0))
    assert fuse(tmp_path / "?.png", "--crop", out="out.webp").shape[:2] == (4, 16_380)
    known_motion((0, 0), (5, 0))
    monkeypatch.setattr(stack, "stack_frames", lambda *_, **__: pytest.fail("frames were fused"))
    assert main(["stack", str(tmp_path / "?.png"), "--crop", "-o", str(tmp_path / "b.webp"), "--quiet"]) == 2
    assert "16385 x 4 pixels cannot be written as .webp" in capsys.readouterr().err


def test_frames_too_small_to_be_matched_can_be_fused_as_they_lie(failing, fuse, tmp_path, texture, capsys):
    for index, frame in enumerate(focused(texture)[:2]):
        save(frame[:40, :80], tmp_path / f"{index}.png")
    message = failing(tmp_path / "?.png")
    assert "64 pixels a side are needed" in message
    assert message.endswith("; with --align none, frames are fused as they lie\n")
    assert main(["align", *(str(tmp_path / f"{index}.png") for index in range(2)), "-o", str(tmp_path / "a")]) == 2
    assert "--align" not in capsys.readouterr().err  # which that command does not have
    assert fuse(tmp_path / "?.png", "--align", "none").shape == (40, 80, 3)


def test_a_name_that_is_no_text_is_fused_and_reported(frames, fuse, tmp_path, capsys):
    strange = os.fsdecode(os.fsencode(frames / "f1") + b"\xff.png")
    try:
        (frames / "f1.png").rename(strange)
    except OSError:
        pytest.skip("this file system takes no such name")
    (tmp_path / "out").mkdir()
    options = ["--align", "none", "--json", tmp_path / "r.json", "--index", tmp_path / "i.npz", "--plot"]
    first = fuse(frames, *options)
    assert json.loads((tmp_path / "r.json").read_text())["inputs"][0]["path"] in (strange, str(frames / "f2.png"))
    assert os.path.basename(strange) in names_in(tmp_path / "i.npz")
    assert main(["rerun", str(tmp_path / "r.json"), "-o", str(tmp_path / "again.png"), "--quiet"]) == 0
    assert np.array_equal(open_stack([tmp_path / "again.png"]).pixels(0), first)
    out = os.fsdecode(os.fsencode(tmp_path / "o") + b"\xff.png")
    assert main(["stack", str(frames), "-o", out, "--align", "none", "--eval"]) == 0
    assert "o\\udcff.png: 4 frames" in capsys.readouterr().out


def test_an_index_is_known_as_such(frames, fuse, tmp_path):
    fuse(frames, "--align", "none", "--index", tmp_path / "i.npz")
    np.savez(tmp_path / "other.npz", index=np.zeros(3))
    (tmp_path / "bad.npz").write_text("precious")
    known = {name: is_index(tmp_path / name) for name in ("i.npz", "other.npz", "bad.npz", "missing.npz")}
    assert known == {"i.npz": True, "other.npz": False, "bad.npz": False, "missing.npz": False}


def test_missing_frames(failing, frames, tmp_path):
    assert "nowhere: no such file or folder" in failing(tmp_path / "nowhere")
    assert "f7.png: no such file" in failing(frames / "f1.png", frames / "f7.png")


def test_the_output_alone_is_no_frame(failing, tmp_path):
    assert "out.png: no such file" in failing(tmp_path / "out.png")
    save(np.ones((20, 30)), tmp_path / "out.png", made_by="fusion stack")
    assert "out.png: is the output; give the frames too" in failing(tmp_path / "out.png")


def test_black_frames(failing, tmp_path):
    for index in range(3):
        save(np.zeros((20, 30, 3), np.uint8), tmp_path / f"{index}.png")
        with open(tmp_path / f"{index}.png", "ab") as file:
            file.write(bytes([index]))  # so that they are no copies
    message = failing(tmp_path / "*.png", "--align", "none", "--depth-map", tmp_path / "d.tif")
    assert "the result is black, for all 3 frames are black" in message


def test_the_picture_is_written_when_its_maps_are_there(frames, tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stack, "save_result", stopped)
    options = ["--align", "none", "--depth-map", tmp_path / "d.png", "--index", tmp_path / "i.npz", "--plot"]
    assert main(["stack", *map(str, [frames, "-o", tmp_path / "out.png", *options])]) == 130
    assert {path.name for path in tmp_path.iterdir()} == {"frames", "d.png", "i.npz"}


def test_a_figure_that_cannot_be_drawn_costs_no_picture(frames, tmp_path, monkeypatch, capsys):
    def broken(*_, **__):
        raise ValueError("cannot be drawn")

    monkeypatch.setattr("fusion.show.plot_stack", broken)
    options = ["--align", "none", "--plot"]
    assert main(["stack", *map(str, [frames, "-o", tmp_path / "out.png", *options])]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"frames", "out.png"}
    assert capsys.readouterr().err == "fusion: error: cannot be drawn\n"


@pytest.mark.parametrize("name", ["$^$.png", "$\\frac{$.png", "$.png"])
def test_names_of_any_kind_stand_in_the_figure(frames, tmp_path, fuse, name):
    (frames / "f1.png").rename(frames / name)
    fuse(frames, "--align", "none", "--plot")
    assert is_own_result(tmp_path / "out_plot.png")


def test_a_stop_by_the_user_leaves_nothing(frames, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stack, "stack_frames", interrupted)
    options = ["--align", "none", "--json", tmp_path / "r.json", "--plot"]
    assert main(["stack", *map(str, [frames, "-o", tmp_path / "out.png", *options])]) == 130
    assert capsys.readouterr().err == "fusion: stopped\n"
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_the_progress_bar_appears_on_a_terminal(frames, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["stack", str(frames), "-o", str(tmp_path / "out.png"), "--align", "none", "--eval"]) == 0
    err = capsys.readouterr().err
    assert "fusing:   0%" in err and "measuring:   0%" in err and "0/4" in err


def test_help_has_examples_and_groups(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["stack", "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "examples:\n  fusion stack" in out
    assert all(f"\n{group}:\n" in out for group in ("fusion", "alignment", "further results", "large and many stacks"))
    assert "(default: similarity)" in out and "crops them" not in out
    told = " ".join(out.split())
    assert "PATH a folder, a multi-page TIFF, the frames, or a pattern in quotes" in told
    assert "OUT, maps, figure and report, but never a frame" in told
    assert "first and last in natural order of names" in told

"""fusion align, as a user meets it: aligned frames as files, and one line for whatever is wrong."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from data import open_stack, save, scenes
from fusion.cli import main
from fusion.version import VERSION
from recalage.alignment import Alignment

SHIFTS = ((0, 0), (5, -3), (0, 0))  # of the three frames to the first, in pixels: whole, so that warping is exact
ALL_ROWS, ALL_COLUMNS = slice(0, 61), slice(5, 96)  # of the first frame that all show
MAKES = ("Holga", "Lomo", "Zenit")


def views(scene):
    """Cut the three frames out of one scene, (96, 128[, 3]): each shows it as its shift says."""
    return [np.ascontiguousarray(scene[16 + y : 80 + y, 16 + x : 112 + x]) for x, y in SHIFTS]


@pytest.fixture
def scene(texture):
    """uint8, in colour."""
    return (texture * 255).astype(np.uint8)


@pytest.fixture
def frames(tmp_path, scene):
    """Folder with three 8-bit frames in colour."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for name, view in zip("abc", views(scene), strict=True):
        save(view, folder / f"{name}.png")
    return folder


@pytest.fixture
def align(tmp_path, capsys):
    """Run the command into the folder `out`, expect it to do well; return that folder."""

    def run(*arguments):
        status = main(["align", *map(str, arguments), "-o", str(tmp_path / "out"), "--quiet"])
        assert (status, *capsys.readouterr()) == (0, "", "")
        return tmp_path / "out"

    return run


@pytest.fixture
def failing(failing_in_a_line):
    """Run the command, expect it to fail in one line with nothing written; return that line."""
    return failing_in_a_line("align", "out")


def test_frames_are_written_where_they_lie_in_the_first(frames, known_motion, align):
    known_motion(*SHIFTS)
    out = align(frames)
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png"]
    written = np.asarray(open_stack(out))
    assert written.shape == (3, 64, 96, 3)
    assert np.array_equal(written[1][ALL_ROWS, ALL_COLUMNS], written[0][ALL_ROWS, ALL_COLUMNS])
    assert not np.array_equal(open_stack(frames)[1], written[1])


def test_cropped_frames_show_what_all_of_them_show(frames, known_motion, align):
    known_motion(*SHIFTS)
    written = np.asarray(open_stack(align(frames, "--crop")))
    assert (written == open_stack(frames)[0][ALL_ROWS, ALL_COLUMNS]).all()


def test_what_is_done_is_told(frames, tmp_path, known_motion, capsys):
    known_motion(*SHIFTS)
    assert main(["align", str(frames), "-o", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    *table, last = out.splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["a.png", "reference"],
        ["b.png", "aligned"],
        ["c.png", "untouched"],
    ]
    assert "5.83 px" in table[2]
    assert last == f"{tmp_path / 'out'}: 3 frames of 96 x 64 pixels written, 2 of them copied as they are, 0 left out"
    assert err == ""


@pytest.mark.parametrize("ending", [".jpg", ".JPG", ".png", ".tif", ".webp"])
def test_untouched_frames_are_copied_byte_for_byte(tmp_path, scene, known_motion, align, ending):
    paths = [tmp_path / f"{name}{ending}" for name in "abc"]
    for path, view in zip(paths, views(scene), strict=True):
        save(view, path, quality=60)
    known_motion(*SHIFTS)
    out = align(*paths, "--quality", 90)
    same = [(out / path.name).read_bytes() == path.read_bytes() for path in paths]
    assert same == [True, False, True]
    assert np.array_equal(open_stack([out / paths[0].name])[0], open_stack(paths)[0])


def test_untouched_frames_are_copied_if_a_crop_cuts_nothing(frames, known_motion, align):
    known_motion(*[(0, 0)] * 3)
    out = align(frames, "--crop")
    assert all((out / path.name).read_bytes() == path.read_bytes() for path in frames.iterdir())


def test_a_copied_frame_still_stands_upright(tmp_path, scene, known_motion, align):
    paths = [tmp_path / f"{index}.jpg" for index in range(2)]
    for path in paths:
        block = Image.Exif()
        block[0x0112] = 6
        Image.fromarray(scene).save(path, exif=block)
    known_motion((0, 0), (4, 0))
    written = open_stack(align(*paths))
    assert written.shape == (2, 128, 96, 3)
    assert np.abs(written[1][:, 4:] - written[0][:, :-4]).mean() < 0.02


def test_each_frame_keeps_its_format_and_depth(tmp_path, scene, known_motion, align):
    deep = scene.astype(np.uint16) * 256
    save(deep, tmp_path / "a.tif")
    save(deep, tmp_path / "b.png")
    save(scene, tmp_path / "c.tiff")
    save(scene, tmp_path / "d.jpg")
    Image.fromarray(scene).save(tmp_path / "e.bmp")
    known_motion(*[(index, 0) for index in range(4)], (0, 0))
    paths = sorted(tmp_path.iterdir())
    out = align(*paths)
    depths = {path.name: open_stack([path]).bit_depth for path in out.iterdir()}
    assert depths == {"a.tif": 16, "b.png": 16, "c.tiff": 8, "d.jpg": 8, "e.png": 8}
    assert np.array_equal(open_stack([out / "b.png"]).pixels(0)[:, 1:], deep[:, :-1])
    assert np.array_equal(open_stack([out / "e.png"]).pixels(0), scene)


def test_gray_frames_stay_gray(tmp_path, scene, known_motion, align):
    paths = [tmp_path / f"{name}.jpg" for name in "abc"]
    for path, view in zip(paths, views(scene), strict=True):
        save(view[..., 0], path)
    known_motion(*SHIFTS)
    assert open_stack(align(*paths)).shape == (3, 64, 96)


@pytest.mark.parametrize("flag", [[], ["--crop"]])
def test_each_tiff_keeps_its_own_metadata(tmp_path, scene, known_motion, align, flag):
    paths = [tmp_path / f"{name}.tif" for name in "abc"]
    for path, view, make in zip(paths, views(scene), MAKES, strict=True):
        tifffile.imwrite(path, view, photometric="rgb", extratags=[(271, "s", 0, make, True)])
    known_motion(*SHIFTS)
    out = align(*paths, *flag)
    for path, make in zip(paths, MAKES, strict=True):
        with tifffile.TiffFile(out / path.name) as file:
            assert file.pages[0].tags[271].value == make


@pytest.mark.parametrize("flag", [[], ["--crop"]])
def test_each_jpeg_keeps_its_own_metadata(tmp_path, scene, known_motion, align, flag):
    paths = [tmp_path / f"{name}.jpg" for name in "abc"]
    for path, view, make in zip(paths, views(scene), MAKES, strict=True):
        block = Image.Exif()
        block[271] = make
        Image.fromarray(view).save(path, exif=block, icc_profile=f"profile of {make}".encode())
    known_motion(*SHIFTS)
    out = align(*paths, *flag)
    for path, make in zip(paths, MAKES, strict=True):
        with Image.open(out / path.name) as picture:
            assert picture.getexif()[271] == make
            assert picture.info["icc_profile"] == f"profile of {make}".encode()


def test_pages_become_files_with_a_number(tmp_path, scene, known_motion, align):
    deep = np.stack(views(scene)).astype(np.uint16) * 256
    tifffile.imwrite(tmp_path / "stack.tif", deep, photometric="rgb")
    known_motion(*SHIFTS)
    out = align(tmp_path / "stack.tif")
    assert sorted(path.name for path in out.iterdir()) == ["stack_001.tif", "stack_002.tif", "stack_003.tif"]
    written = open_stack(out)
    assert written.bit_depth == 16
    assert np.array_equal(written.pixels(2), deep[2])
    assert np.array_equal(written.pixels(1)[ALL_ROWS, ALL_COLUMNS], deep[0][ALL_ROWS, ALL_COLUMNS])


def test_each_page_keeps_its_own_metadata(tmp_path, scene, known_motion, align):
    with tifffile.TiffWriter(tmp_path / "stack.tif") as file:
        for view, make in zip(views(scene), MAKES, strict=True):
            file.write(view, photometric="rgb", extratags=[(271, "s", 0, make, True)])
    known_motion(*SHIFTS)
    out = align(tmp_path / "stack.tif")
    for path, make in zip(sorted(out.iterdir()), MAKES, strict=True):
        with tifffile.TiffFile(path) as file:
            assert file.pages[0].tags[271].value == make


def test_pages_of_the_only_file_of_a_folder(tmp_path, scene, known_motion, align):
    (tmp_path / "folder").mkdir()
    tifffile.imwrite(tmp_path / "folder/stack.tif", np.stack(views(scene)), photometric="rgb")
    known_motion(*SHIFTS)
    out = align(tmp_path / "folder")
    assert sorted(path.name for path in out.iterdir()) == ["stack_001.tif", "stack_002.tif", "stack_003.tif"]


def test_numbers_of_pages_are_in_natural_order(tmp_path, known_motion, align):
    pages = np.arange(1001 * 12, dtype=np.uint16).reshape(1001, 3, 4)
    tifffile.imwrite(tmp_path / "long.tif", pages, photometric="minisblack")
    known_motion(*[(0, 0)] * 1001)
    out = align(tmp_path / "long.tif")
    names = sorted(path.name for path in out.iterdir())
    assert (names[0], names[-1]) == ("long_0001.tif", "long_1001.tif")
    assert np.array_equal(open_stack([out / names[-1]]).pixels(0), pages[-1])


def test_aligned_frames_are_frames(frames, tmp_path, known_motion, align):
    known_motion(*SHIFTS)
    out = align(frames, "--crop")
    assert main(["guided", str(out), "-o", str(tmp_path / "fused.png"), "--quiet"]) == 0
    assert np.array_equal(open_stack([tmp_path / "fused.png"])[0], open_stack(out)[0])


def test_quality_is_that_of_what_is_encoded(tmp_path, scene, known_motion):
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path in paths:
        save(scene, path)
    known_motion((0, 0), (1, 0))
    for quality in ("30", "95"):
        arguments = [*map(str, paths), "-o", str(tmp_path / quality), "--quality", quality, "--quiet"]
        assert main(["align", *arguments]) == 0
    assert (tmp_path / "30/b.jpg").stat().st_size < (tmp_path / "95/b.jpg").stat().st_size / 2
    assert (tmp_path / "30/a.jpg").read_bytes() == paths[0].read_bytes()


def test_options_reach_registration(frames, known_motion, align):
    calls = known_motion(*SHIFTS, gains=np.ones((3, 3)))
    align(frames)
    align(frames, "--model", "affine", "--strategy", "reference", "--reference", "last", "--tone", "--force")
    assert calls[0] == {"model": "similarity", "strategy": "chain", "tone": None}
    assert calls[1] == {"model": "affine", "strategy": "reference", "tone": "match", "reference": "last"}


@pytest.mark.parametrize("wanted", ["b.png", "2", "frames/b.png"])
def test_the_reference_is_named_by_file_or_number(frames, known_motion, align, wanted):
    calls = known_motion(*SHIFTS)
    align(frames, "--reference", wanted)
    assert calls[0]["reference"] == 1


def test_models_are_those_of_registration():
    from fusion.cli.aligning import MODELS
    from recalage.motion import MODELS as KNOWN

    assert sorted(MODELS) == sorted(KNOWN)


@pytest.mark.parametrize("wanted", ["0", "4", "no.png", "²"])
def test_a_reference_that_is_not_there(failing, frames, wanted):
    said = failing(frames, "--reference", wanted)
    assert f"--reference {wanted}: is none of the frames a.png ... c.png; give the name of one or its number, 1" in said
    assert "or one of middle, first, last" in said


def test_tone_is_matched_in_linear_light(frames, known_motion, align):
    gains = np.array([[1, 1, 1], [1.25, 1.25, 1.25], [0.5, 1, 2]])
    known_motion((0, 0), (0, 0), (0, 0), gains=gains)
    out = align(frames, "--tone")
    given, written = open_stack(frames), open_stack(out)
    assert (out / "a.png").read_bytes() == (frames / "a.png").read_bytes()
    assert written[1].mean() > given[1].mean() + 0.02
    red, green, blue = (written[2] - given[2]).mean(axis=(0, 1))
    assert red < -0.05 and green == 0 and blue > 0.05
    assert np.array_equal(open_stack(align(frames, "--force"))[2], given[2])


def test_files_that_exist_are_refused_before_any_work(failing, frames, tmp_path, known_motion, align):
    calls = known_motion(*SHIFTS)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/c.png").write_text("precious")
    assert "out/c.png: exists already" in failing(frames)
    assert calls == []
    align(frames, "--force")
    assert (tmp_path / "out/c.png").read_bytes() == (frames / "c.png").read_bytes()


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_frames_are_never_replaced(failing, frames, tmp_path, known_motion, force):
    calls = known_motion(*SHIFTS)
    message = "a.png: is one of the frames, which are never replaced; name another folder"
    assert message in failing(frames, *force, out=frames)
    assert message in failing(*sorted(frames.iterdir()), *force, out=frames)
    (tmp_path / "link").symlink_to(frames)
    assert message in failing(frames, *force, out=tmp_path / "link")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/b.png").symlink_to(frames / "b.png")
    assert "links/b.png: is one of the frames" in failing(frames, *force, out=tmp_path / "links")
    assert calls == []


def test_a_folder_in_that_of_the_frames_is_fine(frames, known_motion):
    known_motion(*SHIFTS)
    assert main(["align", str(frames), "-o", str(frames / "aligned"), "--quiet"]) == 0
    assert len(open_stack(frames / "aligned")) == len(open_stack(frames)) == 3


def test_two_frames_of_one_name(failing, frames, tmp_path, scene, known_motion):
    known_motion((0, 0), (0, 0))
    (tmp_path / "more").mkdir()
    shutil.copy(frames / "a.png", tmp_path / "more/A.png")
    message = failing(frames / "a.png", tmp_path / "more/A.png")
    assert f"A.png: would be written twice, for {frames / 'a.png'} and for {tmp_path / 'more/A.png'}" in message
    Image.fromarray(views(scene)[1]).save(frames / "a.bmp")
    assert "a.png: would be written twice" in failing(frames / "a.bmp", frames / "a.png")


def test_a_folder_in_a_folder_that_is_missing(failing, frames, tmp_path):
    assert f"create {tmp_path / 'missing'} first" in failing(frames, out=tmp_path / "missing/out")


def test_a_file_where_a_folder_is_needed(failing, frames, tmp_path):
    (tmp_path / "out").write_text("precious")
    assert "out: is a file; name a folder for the aligned frames" in failing(frames)


@pytest.mark.parametrize("option", ["--report", "--transforms"])
def test_json_goes_where_it_can_be_written(failing, frames, tmp_path, known_motion, option):
    calls = known_motion(*SHIFTS)
    assert "use one of the endings .json" in failing(frames, option, tmp_path / "file.txt")
    assert "its folder does not exist" in failing(frames, option, tmp_path / "missing/file.json")
    assert calls == []


def test_an_existing_report_is_refused_before_any_work(failing, frames, tmp_path, known_motion):
    calls = known_motion(*SHIFTS)
    (tmp_path / "report.json").write_text("precious")
    assert "report.json: exists already" in failing(frames, "--report", tmp_path / "report.json")
    assert calls == []


def test_report_and_transforms_are_two_files(failing, frames, tmp_path):
    file = tmp_path / "both.json"
    assert "is named by --transforms and by --report" in failing(frames, "--report", file, "--transforms", file)


@pytest.mark.parametrize("stopped_at", [1, 2])
def test_a_stop_leaves_whole_files_only(frames, tmp_path, known_motion, capsys, monkeypatch, stopped_at):
    """The first frame is copied and the second one encoded; either is stopped just before it is in its place."""
    known_motion(*SHIFTS)
    replace, count = os.replace, []

    def stopped(*names):
        count.append(1)
        if len(count) == stopped_at:
            raise KeyboardInterrupt
        replace(*names)

    monkeypatch.setattr(os, "replace", stopped)
    assert main(["align", str(frames), "-o", str(tmp_path / "out")]) == 130
    assert "stopped" in capsys.readouterr().err
    left = {path.name: path.read_bytes() for path in tmp_path.glob("out/*")}
    assert left == ({} if stopped_at == 1 else {"a.png": (frames / "a.png").read_bytes()})
    assert (tmp_path / "out").exists() == (stopped_at == 2)


def test_a_copy_that_cannot_be_written(frames, tmp_path, known_motion, capsys, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    known_motion(*SHIFTS)
    monkeypatch.setattr(shutil, "copyfile", refuse)
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert "out/a.png: cannot be written (No space left on device)" in capsys.readouterr().err


@pytest.fixture
def green(tmp_path, scene):
    """Folder with another channel of the frames, in gray with 16 bits, under other names."""
    folder = tmp_path / "green"
    folder.mkdir()
    for index, view in enumerate(views(scene[..., 1].astype(np.uint16) * 256)):
        save(view, folder / f"green{index}.tif")
    return folder


def test_motion_is_saved_and_applied_to_another_channel(frames, green, tmp_path, known_motion, capsys):
    calls = known_motion(*SHIFTS)
    file = str(tmp_path / "motion.json")
    assert main(["align", str(frames), "-o", str(tmp_path / "red"), "--transforms", file]) == 0
    assert capsys.readouterr().out.startswith(f"{file}: the motion is saved\n")
    saved = open(file).read()
    assert Alignment.load(file).matrices[1, :2, 2].tolist() == [5, -3]
    assert main(["align", str(green), "-o", str(tmp_path / "out"), "--crop", "--transforms", file]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{file}: its motion is applied, nothing is estimated\n")
    assert len(told.splitlines()) == 2  # what was measured was measured of other pictures
    assert len(calls) == 1 and open(file).read() == saved
    written = np.asarray(open_stack(tmp_path / "out"))
    assert written.shape == (3, 61, 91) and (written == open_stack(green)[0][ALL_ROWS, ALL_COLUMNS]).all()


@pytest.fixture
def motion(frames, tmp_path, known_motion):
    """A file of motion without gains."""
    known_motion(*SHIFTS)
    arguments = ["-o", str(tmp_path / "first"), "--transforms", str(tmp_path / "motion.json"), "--quiet"]
    assert main(["align", str(frames), *arguments]) == 0
    return tmp_path / "motion.json"


@pytest.mark.parametrize(
    "option",
    [["--model", "similarity"], ["--reference", "middle"], ["--strategy", "chain"]],
    ids=lambda option: option[0],
)
def test_saved_motion_cannot_be_estimated_another_way(failing, frames, motion, option):
    said = failing(frames, "--transforms", motion, *option)
    assert f"exists, so its motion is applied, and nothing is left to do for {option[0]}; leave that out" in said


def test_saved_motion_of_another_stack(failing, frames, motion):
    few = failing(frames / "a.png", frames / "b.png", "--transforms", motion)
    assert f"{motion}: " in few and "2 frames" in few and "3 frames" in few


def test_a_file_that_holds_no_motion(failing, frames, tmp_path):
    (tmp_path / "motion.json").write_text("{}")
    assert "motion.json: is no alignment" in failing(frames, "--transforms", tmp_path / "motion.json")


def test_tone_needs_gains(failing, frames, tmp_path, motion, known_motion, align):
    said = failing(frames, "--tone", "--transforms", motion)
    assert f"{motion}: holds no gains, which --tone needs; make it anew with --tone" in said
    motion.unlink()
    calls = known_motion(*SHIFTS, gains=np.array([[1.0], [2.0], [0.5]]))
    toned = open_stack(align(frames, "--tone", "--transforms", motion))[2]
    assert np.array_equal(open_stack(align(frames, "--tone", "--transforms", motion, "--force"))[2], toned)
    assert len(calls) == 1
    assert np.array_equal(open_stack(align(frames, "--transforms", motion, "--force"))[2], open_stack(frames)[2])
    assert not np.array_equal(toned, open_stack(frames)[2])


def test_with_saved_motion_too_a_frame_of_another_size_is_no_frame(frames, tmp_path, motion, capsys):
    save(np.zeros((9, 9, 3)), frames / "c.png", force=True)
    arguments = ["align", str(frames), "-o", str(tmp_path / "out"), "--transforms", str(motion)]
    assert main([*arguments, "--quiet"]) == 2
    assert "c.png is 9 x 9 pixels in colour, but a.png is 96 x 64" in capsys.readouterr().err
    assert not (tmp_path / "out/c.png").exists()


def test_frames_that_are_left_out_are_named(frames, tmp_path, known_motion, capsys):
    known_motion((0, 0), None, (0, 0))
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "b.png: left out: it shows another scene\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), "--force"]) == 0
    assert "2 frames of 96 x 64 pixels written, 2 of them copied as they are, 1 left out\n" in capsys.readouterr().out


def test_an_older_file_of_a_frame_that_is_left_out_is_told(frames, tmp_path, known_motion, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b.png").write_text("old")
    known_motion((0, 0), None, (0, 0))
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), "--quiet", "--force"]) == 0
    assert capsys.readouterr().err.splitlines()[1] == (
        f"{tmp_path / 'out/b.png'}: is an older file, which is not replaced; remove it"
    )
    assert (tmp_path / "out/b.png").read_text() == "old"


def test_frames_that_cannot_be_read_do_no_harm(frames, tmp_path, known_motion, capsys):
    (frames / "b.png").write_text("not a picture")
    known_motion((0, 0), None, (0, 0))
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


def test_one_frame_alone_is_not_enough(frames, tmp_path, known_motion, capsys):
    known_motion((0, 0), None, None)
    arguments = ["--transforms", str(tmp_path / "motion.json")]
    assert main(["align", str(frames), "-o", str(tmp_path / "out"), *arguments]) == 2
    *named, error = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in named] == ["b.png", "c.png"]
    assert "a.png: is all that is left of 3 frames, and 2 are needed" in error
    assert not (tmp_path / "out").exists() and not (tmp_path / "motion.json").exists()


def test_one_frame_only(failing, frames):
    assert "a.png: is the only frame" in failing(frames / "a.png")


def test_a_name_that_is_mistyped(failing, frames):
    assert "d.png: no such file or folder" in failing(*sorted(frames.iterdir()), frames / "d.png")
    assert "--quality must lie in 1..100, got 0" in failing(frames, "--quality", "0")


def test_the_report_tells_what_was_done(frames, tmp_path, known_motion, align, capsys):
    gains = np.array([[1, 1, 1], [2, 1, 0.5], [np.nan] * 3, [1, 1, 1]])
    shutil.copy(frames / "c.png", frames / "d.png")
    known_motion(*SHIFTS[:2], None, (0, 0), gains=gains)
    out, file = tmp_path / "out", tmp_path / "out/report.json"
    assert main(["align", str(frames), "-o", str(out), "--tone", "--report", str(file), "--quiet"]) == 0
    told = json.loads(file.read_text())
    a, b, c, d = told.pop("frames")
    assert told == {
        "made_by": f"fusion align {VERSION}",
        "estimated": True,
        "paths": [str(frames)],
        "model": "similarity",
        "strategy": "chain",
        "reference": "a.png",
        "crop": False,
        "tone": True,
        "transforms": None,
        "quality": 95,
        "common_area": {"left": 5, "top": 0, "width": 91, "height": 61},
    }
    assert b == {
        "name": "b.png",
        "status": "aligned",
        "reason": "",
        "neighbour": "a.png",
        "matched_area": 0.75,
        "before": 0.5,
        "after": 0.875,
        "displacement": pytest.approx(34**0.5),
        "matrix": [[1, 0, 5], [0, 1, -3], [0, 0, 1]],
        "gains": [2, 1, 0.5],
        "source": str(frames / "b.png"),
        "written": str(out / "b.png"),
        "unchanged": False,
    }
    assert (a["status"], a["unchanged"], d["status"], d["unchanged"]) == ("reference", True, "untouched", True)
    assert (c["status"], c["reason"], c["unchanged"]) == ("left out", "it shows another scene", False)
    assert c["matrix"] is c["gains"] is c["displacement"] is c["written"] is None


def test_the_report_tells_whether_motion_was_estimated(frames, green, tmp_path, motion, align):
    file = tmp_path / "report.json"
    align(green, "--report", file, "--transforms", motion)
    told = json.loads(file.read_text())
    assert told["estimated"] is False and told["transforms"] == str(motion)
    assert [(frame["name"], frame["neighbour"]) for frame in told["frames"]] == [
        ("green0.tif", ""),
        ("green1.tif", "green0.tif"),
        ("green2.tif", "green0.tif"),
    ]
    assert told["frames"][0]["gains"] is None


def test_frames_that_share_no_area_can_be_written_uncropped(frames, tmp_path, known_motion, align, capsys):
    known_motion((0, 0), (200, 0), (0, 0))
    align(frames, "--report", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["common_area"] is None
    assert main(["align", str(frames), "-o", str(tmp_path / "none"), "--crop"]) == 2
    assert "cover no area together" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_progress_appears_on_a_terminal(frames, tmp_path, known_motion, capsys, monkeypatch):
    known_motion(*SHIFTS)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["align", str(frames), "-o", str(tmp_path / "out")]) == 0
    err = capsys.readouterr().err
    assert "aligning:   0%" in err and "writing:   0%" in err and "0/3" in err and err.endswith(" \r")


def test_help_has_examples(capsys):
    for arguments, text in (
        (["align", "--help"], "examples:\n  fusion align"),
        (["--help"], "  fusion align handheld/"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        assert text in capsys.readouterr().out


def test_help_does_not_load_registration():
    code = "import sys; import fusion.cli; print('recalage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.fixture
def hand_held(tmp_path):
    """Folder with a bracket taken by hand, twice the middle frame, one that is black, and one that is no picture."""
    folder = tmp_path / "hand-held"
    folder.mkdir()
    still = scenes.exposure_bracket(exposures=(-1, 0, 1)).stack
    for name, shift, index in (("1", 9, 0), ("2", 0, 1), ("3", 0, 1), ("4", -7, 2)):
        save(np.roll(still.pixels(index), (shift, -shift), axis=(1, 0))[16:-16, 16:-16], folder / f"{name}.png")
    save(np.zeros_like(open_stack(folder).pixels(0)), folder / "5.png")
    (folder / "6.png").write_text("not a picture")
    return folder


def test_frames_taken_by_hand(hand_held, tmp_path, capsys):
    """From end to end: what moved is found, what stayed is copied, what cannot be aligned is left out and named."""
    out, file = tmp_path / "out", tmp_path / "motion.json"
    options = ["--reference", "2.png", "--transforms", str(file), "--quiet"]
    assert main(["align", str(hand_held), "-o", str(out), *options]) == 0
    said = capsys.readouterr()
    assert said.out == "" and [line[:15] for line in said.err.splitlines()] == ["5.png: left out", "6.png: left out"]
    assert said.err.count("5.png") == said.err.count("6.png") == 1
    assert sorted(path.name for path in out.iterdir()) == ["1.png", "2.png", "3.png", "4.png"]
    found = Alignment.load(file)
    assert [report.status for report in found.frames] == ["aligned", "reference", "untouched", "aligned"] + [
        "left out"
    ] * 2
    corners = np.array([[0, 0, 1], [567, 0, 1], [567, 367, 1], [0, 367, 1]])
    for index, shift in ((0, 9), (3, -7)):
        errors = corners @ found.matrices[index].T - corners - (-shift, shift, 0)
        assert np.abs(errors).max() < 0.1
    assert (out / "3.png").read_bytes() == (hand_held / "3.png").read_bytes()
    given, written = open_stack(hand_held, tolerant=True), open_stack(out)
    assert np.abs(written[0] - given[1])[40:-40, 40:-40].mean() < np.abs(given[0] - given[1])[40:-40, 40:-40].mean()


def test_a_folder_among_files_is_a_mistake_at_once(hand_held, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("recalage.engine.look_at", None)
    assert main(["align", str(hand_held / "1.png"), str(hand_held), "-o", str(tmp_path / "out")]) == 2
    assert f"{hand_held}: is a folder among files; give one folder" in capsys.readouterr().err

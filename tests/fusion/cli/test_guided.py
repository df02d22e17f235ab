"""fusion guided, as a user meets it: results, and one line for whatever is wrong."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from data import open_stack, save
from fusion import guided_fusion
from fusion.cli import main
from fusion.version import VERSION


@pytest.fixture
def frames(tmp_path, focus_pair):
    """Folder with two 8-bit frames."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, frame in enumerate(focus_pair):
        save(frame, folder / f"{index}.png")
    return folder


@pytest.fixture
def failing(capsys, tmp_path):
    """Run the command, expect it to fail in one line with nothing written; return that line."""

    def run(*arguments):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        status = main(["guided", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert status == 2
        assert out == ""
        assert err.startswith("fusion: error: ") and err.count("\n") == 1
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return err

    return run


def test_a_folder_is_fused(frames, tmp_path, capsys):
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out.png'}: 2 frames of 128 x 96 pixels fused\n"
    expected = guided_fusion(frames)
    assert np.abs(open_stack([tmp_path / "out.png"])[0] - expected).max() <= 0.5 / 255 + 1e-6


def test_options_reach_the_method(frames, tmp_path):
    options = ["--base", "9", "0.1", "--detail", "3", "1e-4", "--guide", "rgb", "--quiet"]
    assert main(["guided", *map(str, sorted(frames.iterdir())), "-o", str(tmp_path / "out.tif"), *options]) == 0
    expected = guided_fusion(frames, base=(9, 0.1), detail=(3, 1e-4), guide="rgb")
    assert np.abs(open_stack([tmp_path / "out.tif"])[0] - expected).max() <= 0.5 / 255 + 1e-6
    assert np.abs(guided_fusion(frames) - expected).max() > 0.01


def test_an_output_in_the_input_folder_does_not_change_the_next_result(frames):
    out = frames / "fused.png"
    assert main(["guided", str(frames), "-o", str(out)]) == 0
    first = out.read_bytes()
    assert main(["guided", str(frames), "-o", str(out), "--force"]) == 0
    assert main(["guided", *map(str, sorted(frames.iterdir())), "-o", str(out), "--force"]) == 0  # frames/*.png
    assert out.read_bytes() == first
    assert main(["guided", str(frames), "-o", str(frames / "again.png")]) == 0
    assert (frames / "again.png").read_bytes() == first


def test_sixteen_bits_stay_sixteen(tmp_path, focus_pair):
    deep = (focus_pair * 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", deep, photometric="rgb")
    assert main(["guided", str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out.png")]) == 0
    result = open_stack([tmp_path / "out.png"])
    assert result.bit_depth == 16
    assert np.abs(result[0] - guided_fusion(deep)).max() <= 1 / 65535


def test_frames_that_moved_are_aligned(frames, tmp_path, known_motion, capsys):
    """By whole pixels, so that the result is that of the frames as they were, cut to what both show."""
    calls = known_motion((0, 0), (6, -4))
    expected = guided_fusion([image[:92, 6:] for image in open_stack(frames)])
    moved = np.roll(open_stack(frames).pixels(1), (4, -6), axis=(0, 1))
    save(moved, frames / "1.png", force=True)
    file, out = str(tmp_path / "motion.json"), str(tmp_path / "out.png")
    for options in (["--align", "homography", "--transforms", file], ["--transforms", file, "--force"]):
        assert main(["guided", str(frames), "-o", out, *options]) == 0
        told = (
            "aligned: 1 of 2 frames moved, corners by up to 7.2 pixels, 0 left out; 122 x 92 of 128 x 96 pixels are in"
        )
        assert told in capsys.readouterr().out
        assert np.abs(open_stack([out])[0] - expected).max() <= 0.5 / 255 + 1e-6
    assert calls == [{"model": "homography", "strategy": "chain", "tone": None}]


def test_with_alignment_frames_that_do_not_fit_are_left_out(frames, tmp_path, known_motion, capsys):
    save(np.zeros((50, 40, 3)), frames / "2.png")
    known_motion((0, 0), (0, 0), None)
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.png"), "--align", "similarity", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "2.png: left out: it shows another scene\n")
    expected = guided_fusion([frames / "0.png", frames / "1.png"])
    assert np.abs(open_stack([tmp_path / "out.png"])[0] - expected).max() <= 0.5 / 255 + 1e-6


def test_bad_filters_are_named_before_frames_are_aligned(failing, frames, tmp_path, known_motion):
    calls = known_motion((0, 0), (0, 0))
    assert "--base takes" in failing(frames, "-o", tmp_path / "out.jpg", "--align", "similarity", "--base", "-1", "1")
    assert calls == []


def test_quality_is_passed_on(frames, tmp_path):
    for quality in ("30", "95"):
        assert main(["guided", str(frames), "-o", str(tmp_path / f"{quality}.jpg"), "--quality", quality]) == 0
    assert (tmp_path / "30.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size / 2


def test_help_has_examples(capsys):
    for arguments, first in ((["--help"], "fuse"), (["guided", "--help"], "guided")):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        assert f"examples:\n  fusion {first}" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"All in Focus {VERSION}\n"


def test_missing_folder(failing, tmp_path):
    assert "nowhere: no such file or folder" in failing(tmp_path / "nowhere", "-o", tmp_path / "out.jpg")


def test_missing_file_among_others(failing, frames, tmp_path):
    assert "9.png: no such file" in failing(frames / "0.png", frames / "9.png", "-o", tmp_path / "out.jpg")


def test_empty_folder(failing, tmp_path):
    assert "no picture in this folder" in failing(tmp_path, "-o", tmp_path / "out.jpg")


def test_text_file_named_jpg(failing, frames, tmp_path):
    (frames / "2.jpg").write_text("not a picture")
    assert "2.jpg: is not a picture" in failing(frames, "-o", tmp_path / "out.jpg")


def test_truncated_jpeg(failing, frames, tmp_path, texture):
    Image.fromarray((texture * 255).astype(np.uint8)).save(frames / "2.jpg")
    whole = (frames / "2.jpg").read_bytes()
    (frames / "2.jpg").write_bytes(whole[: len(whole) // 2])
    assert "2.jpg: is damaged or truncated" in failing(frames, "-o", tmp_path / "out.jpg")


def test_frames_of_different_size(failing, frames, tmp_path):
    save(np.zeros((50, 40, 3)), frames / "2.png")
    message = failing(frames, "-o", tmp_path / "out.jpg")
    assert "2.png is 40 x 50 pixels in colour, but 0.png is 128 x 96" in message


def test_one_frame_only(failing, frames, tmp_path):
    assert "0.png: is the only frame" in failing(frames / "0.png", "-o", tmp_path / "out.jpg")


def test_one_pixel_images(failing, tmp_path):
    for index in range(2):
        save(np.full((1, 1, 3), index / 2), tmp_path / f"{index}.png")
    assert "0.png: is 1 x 1 pixels" in failing(tmp_path, "-o", tmp_path / "out.jpg")


def test_all_black_frames(failing, tmp_path):
    for index in range(3):
        save(np.zeros((20, 30, 3)), tmp_path / f"{index}.png")
    assert "the result is black, for all 3 frames are black" in failing(tmp_path, "-o", tmp_path / "out.jpg")


def test_float_picture_with_nan(failing, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.full((2, 8, 8), np.nan, np.float32), photometric="minisblack")
    assert "a.tif: page 0 is MINISBLACK with 1 channels of type float32" in failing(
        tmp_path / "a.tif", "-o", tmp_path / "out.jpg"
    )


def test_existing_output(failing, frames, tmp_path):
    (tmp_path / "out.jpg").write_text("precious")
    assert "out.jpg: exists already" in failing(frames, "-o", tmp_path / "out.jpg")


def test_output_in_a_missing_folder(failing, frames, tmp_path):
    assert "its folder does not exist" in failing(frames, "-o", tmp_path / "missing/out.jpg")


def test_output_of_an_unknown_format(failing, frames, tmp_path):
    assert "out.gif: cannot be written in this format" in failing(frames, "-o", tmp_path / "out.gif")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_output_in_a_folder_that_may_not_be_written_to(failing, frames, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "may not be written to" in failing(frames, "-o", locked / "out.jpg")


def test_output_that_cannot_be_written(failing, frames, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert "out.jpg: cannot be written (Permission denied)" in failing(frames, "-o", tmp_path / "out.jpg")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base", "-1", "0.3"], "--base takes a radius in whole pixels and a positive eps"),
        (
            ["--base", "9", "inf"],
            "--base takes a radius in whole pixels and a positive eps, such as --base 45 0.3, got 9 inf",
        ),
        (["--base", "x", "0.3"], "--base takes a radius in whole pixels and a positive eps"),
        (["--detail", "7", "nan"], "--detail takes a radius in whole pixels and a positive eps"),
        (["--quality", "0"], "--quality must lie in 1..100, got 0"),
    ],
)
def test_bad_options(failing, frames, tmp_path, options, message):
    assert message in failing(frames, "-o", tmp_path / "out.jpg", *options)


def test_a_stop_by_the_user_is_no_traceback(frames, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("fusion.cli.guided.guided_fusion", interrupted)
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.jpg")]) == 130
    assert "stopped" in capsys.readouterr().err
    assert not (tmp_path / "out.jpg").exists()


def test_the_command_is_installed(frames, tmp_path):
    """As a process of its own: exit status, progress kept out of pipes."""
    command = [sys.executable, "-c", "import sys; from fusion.cli import main; sys.exit(main())", "guided"]
    done = subprocess.run([*command, frames, "-o", tmp_path / "out.jpg"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*command, frames, "-o", tmp_path / "out.jpg"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_an_output_never_replaces_a_frame(failing, frames):
    listed = sorted(frames.iterdir())
    assert "1.png: is one of the frames" in failing(*listed, "-o", listed[1], "--force")
    assert "1.png: is one of the frames" in failing(frames, "-o", listed[1], "--force")


def test_the_name_of_a_data_set_is_explained(failing, tmp_path):
    assert 'lytro/01: is a data set, not a path; "fusion data where lytro/01"' in failing(
        "lytro/01", "-o", tmp_path / "out.jpg"
    )


def test_raw_files_are_explained(failing, frames, tmp_path):
    raw = frames / "photo.cr2"
    raw.write_bytes(b"II*\0")
    assert "photo.cr2: files of this kind are not read; export it as TIFF" in failing(raw, "-o", tmp_path / "out.jpg")


def test_system_errors_are_one_line(failing, frames, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr("fusion.cli.guided.guided_fusion", refuse)
    assert failing(frames, "-o", tmp_path / "out.jpg") == "fusion: error: somewhere: Permission denied\n"


def be_a_terminal(monkeypatch):
    """Let the error stream pass for a terminal; only within a test, for pytest changes the stream before it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert sys.stderr.isatty()


def test_the_progress_bar_appears_on_a_terminal(frames, tmp_path, capsys, monkeypatch):
    be_a_terminal(monkeypatch)
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    out, err = capsys.readouterr()
    assert "choosing:   0%" in err and "blending:   0%" in err and "0/2" in err
    assert err.endswith(" \r")  # and is gone at the end
    assert out.count("\n") == 1


def test_the_progress_bar_stays_out_of_a_pipe(frames, tmp_path, capsys):
    assert not sys.stderr.isatty()
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    assert capsys.readouterr().err == ""


def test_quiet_prints_nothing(frames, tmp_path, capfd, monkeypatch):
    be_a_terminal(monkeypatch)
    assert main(["guided", str(frames), "-o", str(tmp_path / "out.png"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("told", "line"), [("", "not enough memory"), ("Unable to allocate\n 9 GiB", "Unable to allocate 9 GiB")]
)
def test_too_little_memory_is_one_line(failing, frames, tmp_path, monkeypatch, told, line):
    def exhausted(*_, **__):
        raise MemoryError(told)

    monkeypatch.setattr("fusion.cli.guided.guided_fusion", exhausted)
    assert failing(frames, "-o", tmp_path / "out.jpg") == f"fusion: error: {line}\n"


@pytest.mark.parametrize("radius", ["1000000000", "1" + "0" * 30])
def test_a_window_far_wider_than_the_frames_is_the_whole_frame(frames, tmp_path, radius):
    for name, value in (("huge", radius), ("whole", "128")):
        arguments = ["guided", str(frames), "-o", str(tmp_path / f"{name}.png"), "--base", value, "0.3"]
        assert main(arguments) == 0
    assert (tmp_path / "huge.png").read_bytes() == (tmp_path / "whole.png").read_bytes()

"""fusion boundary, as a user meets it: pixels of the frames, which frame they come from, and one line for errors."""

import inspect
import itertools
import os
import shlex
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

import fusion.boundary.fuse as method
from data import open_stack, save
from fusion import boundary_fusion
from fusion.boundary.decide import SMALLEST
from fusion.cli import boundary, build_parser, main

DEEP = {np.uint8: ".png", np.uint16: ".tif"}
LARGEST_OF = {np.uint8: 255, np.uint16: 65535}
BLUR = 3.0  # pixels, of what is out of focus; more in later frames, so that no two frames tie


def in_focus(count, shape):
    """Return which of so many frames is in focus in each pixel: upright stripes of equal width."""
    stripes = np.arange(shape[1]) * count // shape[1]
    return np.broadcast_to(stripes, shape[:2])


def series(image, count, dtype=np.uint8):
    """Return frames of an image, each in focus in a stripe of its own."""
    labels = in_focus(count, image.shape)
    frames = []
    for index in range(count):
        blurred = cv2.GaussianBlur(image, (0, 0), BLUR + index / 2, borderType=cv2.BORDER_REFLECT)
        is_sharp = (labels == index).reshape(labels.shape + (1,) * (image.ndim - 2))
        frames.append(np.rint(np.where(is_sharp, image, blurred) * LARGEST_OF[dtype]).astype(dtype))
    return frames


def write(frames, folder, ending=".png"):
    """Save frames as 0.png, 1.png and so on; return their paths."""
    paths = [folder / f"{index}{ending}" for index in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        save(frame, path)
    return paths


def pixels_of(path):
    return open_stack([path]).pixels(0)


def numbers_in(path, count):
    """Return the frame numbers that a decision map of so many frames stands for."""
    gray = pixels_of(path)
    return np.rint(gray / np.iinfo(gray.dtype).max * (count - 1)).astype(int)


def chosen(frames, numbers):
    """Take each pixel from the frame of its number."""
    return np.stack(frames)[numbers, *np.indices(numbers.shape)]


@pytest.fixture
def frames(tmp_path, texture):
    """Folder with two 8-bit frames."""
    folder = tmp_path / "frames"
    folder.mkdir()
    write(series(texture, 2), folder)
    return folder


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command, expect it to do well; return the files of the result and of the decision map."""
    numbers = itertools.count()

    def run(*arguments, ending=".png", map_ending=".png"):
        number = next(numbers)
        out, decision = tmp_path / f"out{number}{ending}", tmp_path / f"decision{number}{map_ending}"
        named = ["-o", out, "--decision-map", decision, "--quiet"]
        assert main(["boundary", *map(str, arguments), *map(str, named)]) == 0
        assert capsys.readouterr().out == ""
        return out, decision

    return run


@pytest.fixture
def failing(failing_in_a_line):
    """Run the command, expect it to fail in one line with nothing written; return that line."""
    return failing_in_a_line("boundary", "out.png")


@pytest.fixture
def refused(failing, monkeypatch):
    """As `failing`, and expect it to fail before any frame is looked at."""

    def look(*_, **__):
        raise AssertionError("frames were compared, though the command was to be refused first")

    monkeypatch.setattr(method, "boundary_decision", look)
    monkeypatch.setattr(method, "boundary_fusion", look)
    return failing


@pytest.fixture
def asked(monkeypatch):
    """Let decisions be made at once, all for the first frame; return the list of what was asked for, call by call."""
    calls = []

    def decide(stack, *, progress, **options):
        calls.append(options)
        return np.zeros(stack.shape[1:3], np.uint16)

    monkeypatch.setattr(method, "boundary_decision", decide)
    return calls


# --- results ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DEEP)
@pytest.mark.parametrize("is_gray", [False, True], ids=["colour", "gray"])
def test_pixels_of_a_pair_are_copied_bit_for_bit(tmp_path, texture, run, dtype, is_gray):
    pair = series(texture[..., 1] if is_gray else texture, 2, dtype)
    paths = write(pair, tmp_path, DEEP[dtype])
    out, decision = run(*paths, ending=DEEP[dtype])
    numbers, truth = numbers_in(decision, 2), in_focus(2, texture.shape)
    assert pixels_of(out).dtype == dtype
    assert np.array_equal(pixels_of(out), chosen(pair, numbers))
    assert (numbers == truth).mean() > 0.95


def test_the_result_is_that_of_the_method(frames, run):
    out, _ = run(frames)
    assert np.array_equal(pixels_of(out), np.rint(boundary_fusion(frames) * 255))


def test_three_frames_have_black_gray_and_white_in_the_decision_map(tmp_path, texture, run):
    stack = series(texture, 3)
    out, decision = run(*write(stack, tmp_path))
    gray, truth = pixels_of(decision), in_focus(3, texture.shape)
    assert gray.dtype == np.uint16 and gray.ndim == 2
    assert set(np.unique(gray)) == {0, 32768, 65535}
    assert np.array_equal(pixels_of(out), chosen(stack, numbers_in(decision, 3)))
    assert (numbers_in(decision, 3) == truth).mean() > 0.9


@pytest.mark.parametrize("count", [2, 3])
def test_the_order_of_frames_does_not_matter(tmp_path, texture, run, count):
    paths = write(series(texture, count), tmp_path)
    first, first_decision = run(*paths)
    for order in list(itertools.permutations(range(count)))[1:]:
        out, decision = run(*(paths[index] for index in order))
        assert np.array_equal(pixels_of(out), pixels_of(first))
        numbers = np.array(order)[numbers_in(decision, count)]
        assert np.array_equal(numbers, numbers_in(first_decision, count))


def test_without_a_decision_map_the_result_is_the_same(frames, tmp_path, capsys, run):
    alone = tmp_path / "alone.png"
    assert main(["boundary", str(frames), "-o", str(alone)]) == 0
    assert capsys.readouterr().out == f"{alone}: 2 frames of 128 x 96 pixels fused\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.png", "frames"]
    assert alone.read_bytes() == run(frames)[0].read_bytes()


def test_a_decision_map_of_eight_bits_comes_near(frames, run):
    _, exact = run(frames)
    for ending in (".jpg", ".webp"):
        _, decision = run(frames, map_ending=ending)
        differs = numbers_in(decision, 2) != numbers_in(exact, 2) if ending == ".jpg" else _of_webp(decision, exact)
        assert differs.mean() < 0.01


def _of_webp(decision, exact):
    """Return where a decision map of three channels, which are gray, differs from an exact one."""
    channels = pixels_of(decision)
    assert np.ptp(channels.astype(int), axis=2).max() <= 2
    return (channels[..., 1] > 127) != numbers_in(exact, 2)


def test_blending_by_pyramid_is_that_of_the_method(frames, tmp_path):
    assert main(["boundary", str(frames), "-o", str(tmp_path / "out.png"), "--blend", "pyramid"]) == 0
    mixed = np.rint(boundary_fusion(frames, blend="pyramid") * 255)
    assert np.array_equal(pixels_of(tmp_path / "out.png"), mixed)
    assert not np.array_equal(mixed, np.rint(boundary_fusion(frames) * 255))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], {}),
        (["--no-refine"], {"refine": False}),
        (["--network", "resnet56"], {"network": "resnet56"}),
        (["--smallest", "0"], {"smallest": 0.0}),
        (["--smallest", "0.25", "--network", "compact", "--blend", "copy"], {"smallest": 0.25}),
    ],
)
def test_options_reach_the_method_and_one_decision_is_made(frames, run, asked, flags, expected):
    out, decision = run(frames, *flags)
    defaults = {name: value.default for name, value in inspect.signature(boundary_fusion).parameters.items()}
    assert asked == [{name: defaults[name] for name in ("network", "refine", "smallest")} | expected]
    assert np.array_equal(pixels_of(out), pixels_of(frames / "0.png"))
    assert not pixels_of(decision).any()


def test_ways_of_blending_are_those_of_the_method():
    assert tuple(boundary.FUSE) == method.BLENDS


@pytest.mark.parametrize("flag", [[], ["--align", "affine"]])
def test_metadata_of_the_first_frame_is_kept(tmp_path, texture, run, known_motion, flag):
    known_motion((0, 0), (0, 0))
    for index, frame in enumerate(series(texture, 2)):
        block = Image.Exif()
        block[271] = ("Holga", "Lomo")[index]
        profile = f"profile {index}".encode()
        Image.fromarray(frame).save(tmp_path / f"{index}.jpg", exif=block, icc_profile=profile, quality=95)
    out, decision = run(tmp_path / "0.jpg", tmp_path / "1.jpg", *flag, ending=".jpg")
    with Image.open(out) as picture:
        assert picture.getexif()[271] == "Holga"
        assert picture.info["icc_profile"] == b"profile 0"
    with Image.open(decision) as picture:
        assert "icc_profile" not in picture.info


def test_tags_of_a_tiff_are_kept(tmp_path, texture, run):
    for index, frame in enumerate(series(texture, 2, np.uint16)):
        tags = [(271, "s", 0, ("Holga", "Lomo")[index], True)]
        tifffile.imwrite(tmp_path / f"{index}.tif", frame, photometric="rgb", extratags=tags)
    out, _ = run(tmp_path / "0.tif", tmp_path / "1.tif", ending=".tif")
    with tifffile.TiffFile(out) as written:
        assert written.pages[0].tags[271].value == "Holga"


def test_quality_is_passed_on(frames, run, asked):
    coarse, fine = (run(frames, "--quality", quality, ending=".jpg")[0] for quality in (30, 95))
    assert coarse.stat().st_size < fine.stat().st_size / 2


def test_results_in_the_input_folder_do_not_change_the_next_result(frames):
    named = ["-o", str(frames / "fused.png"), "--decision-map", str(frames / "map.png")]
    assert main(["boundary", str(frames), *named]) == 0
    first = [path.read_bytes() for path in sorted(frames.iterdir())]
    assert main(["boundary", str(frames), *named, "--force"]) == 0
    assert main(["boundary", *map(str, sorted(frames.iterdir())), *named, "--force"]) == 0  # frames/*.png
    assert [path.read_bytes() for path in sorted(frames.iterdir())] == first
    assert main(["boundary", str(frames), "-o", str(frames / "again.png")]) == 0
    assert (frames / "again.png").read_bytes() == (frames / "fused.png").read_bytes()


# --- motion ----------------------------------------------------------------------------------------------------------


def test_frames_that_moved_are_aligned(frames, tmp_path, known_motion, capsys):
    """By whole pixels, so that the result is that of the frames as they were, cut to what both show."""
    calls = known_motion((0, 0), (6, -4))
    pair = [pixels_of(path)[:92, 6:] for path in sorted(frames.iterdir())]
    expected = np.rint(boundary_fusion(pair) * 255)
    save(np.roll(pixels_of(frames / "1.png"), (4, -6), axis=(0, 1)), frames / "1.png", force=True)
    file, out, decision = (str(tmp_path / name) for name in ("motion.json", "out.png", "map.png"))
    for options in (["--align", "homography", "--transforms", file], ["--transforms", file, "--force"]):
        assert main(["boundary", str(frames), "-o", out, "--decision-map", decision, *options]) == 0
        assert "aligned: 1 of 2 frames moved, corners by up to 7.2 pixels, 0 left out" in capsys.readouterr().out
        assert np.array_equal(pixels_of(out), expected)
        assert np.array_equal(pixels_of(out), chosen(pair, numbers_in(decision, 2)))
    assert [call["model"] for call in calls] == ["homography"]


def test_with_alignment_frames_that_do_not_fit_are_left_out_of_the_decision_map_too(frames, run, known_motion, capsys):
    expected, expected_decision = run(frames)
    save(np.zeros((50, 40, 3)), frames / "2.png")
    known_motion((0, 0), (0, 0), None)
    out, decision = (str(frames.parent / name) for name in ("out.png", "map.png"))
    named = ["-o", out, "--decision-map", decision, "--align", "similarity", "--quiet"]
    assert main(["boundary", str(frames), *named]) == 0
    assert capsys.readouterr() == ("", "2.png: left out: it shows another scene\n")
    assert np.array_equal(pixels_of(out), pixels_of(expected))
    assert np.array_equal(pixels_of(decision), pixels_of(expected_decision))


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--network", "resnet"], "network must be one of 'compact', 'resnet56', got 'resnet'"),
        (["--blend", "mean"], "--blend must be copy or pyramid, got mean"),
        (["--smallest", "1"], "--smallest takes a share of the picture, 0 or more and less than 1, got 1"),
        (["--smallest", "-0.1"], "--smallest takes a share"),
        (["--smallest", "nan"], "--smallest takes a share"),
        (["--blend", "pyramid", "--smallest", "0"], "nothing is left to do for --smallest; leave it out"),
        (["--blend", "pyramid", "--network", "resnet56"], "--blend pyramid needs --network compact"),
        (["--quality", "0"], "--quality must lie in 1..100, got 0"),
        (["--transforms", "motion.txt"], "use one of the endings .json"),
    ],
)
def test_bad_options_are_named_before_frames_are_aligned(refused, frames, known_motion, options, message):
    calls = known_motion((0, 0), (0, 0))
    assert message in refused(frames, "--align", "similarity", *options)
    assert calls == []


def test_blended_pixels_come_from_no_single_frame(refused, frames, tmp_path):
    message = refused(frames, "--blend", "pyramid", "--decision-map", tmp_path / "map.png")
    assert "pixels come from no single one, and nothing is left to do for --decision-map" in message


def test_one_frame_only(refused, frames):
    assert "0.png: is the only frame" in refused(frames / "0.png")


def test_frames_of_different_size(refused, frames):
    save(np.zeros((50, 40, 3)), frames / "2.png")
    assert "2.png is 40 x 50 pixels in colour, but 0.png is 128 x 96" in refused(frames)


def test_all_black_frames_give_no_decision_map_either(failing, tmp_path):
    write([np.zeros((20, 30, 3), np.uint8)] * 3, tmp_path)
    assert "the result is black" in failing(tmp_path, "--decision-map", tmp_path / "map.png")


@pytest.mark.parametrize("option", ["out", "--decision-map"])
def test_no_frame_is_replaced(refused, frames, tmp_path, option):
    (tmp_path / "link.png").symlink_to(frames / "1.png")
    for given in ([frames], sorted(frames.iterdir())):
        for name in (frames / "1.png", tmp_path / "link.png"):
            named = {"out": name} if option == "out" else {}
            arguments = [] if named else [option, name]
            assert f"{name}: is one of the frames" in refused(*given, *arguments, "--force", **named)


@pytest.mark.parametrize("option", ["out", "--decision-map"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("there.png", "there.png: exists already"),
        ("map.gif", "map.gif: cannot be written in this format"),
        ("map.npz", "map.npz: cannot be written in this format"),
        ("missing/map.png", "its folder does not exist"),
        ("frames", "is a folder; name a file in it"),
    ],
)
def test_files_that_cannot_be_written_are_refused(refused, frames, tmp_path, option, name, message):
    (tmp_path / "there.png").write_text("precious")
    named = {"out": tmp_path / name} if option == "out" else {}
    assert message in refused(frames, *([] if named else [option, tmp_path / name]), **named)


def test_the_decision_map_is_not_the_output(refused, frames, tmp_path):
    for name in (tmp_path / "out.png", tmp_path / "OUT.png", tmp_path / "frames/../out.png"):
        message = refused(frames, "--decision-map", name, "--force")
        assert f"{name}: is what both -o and --decision-map name" in message


@pytest.mark.parametrize("option", ["-o", "--decision-map"])
def test_saved_motion_is_not_replaced(refused, frames, tmp_path, option):
    motion = tmp_path / "motion.png"
    motion.write_text("{}")
    named = {"out": motion} if option == "-o" else {}
    arguments = [] if named else [option, motion]
    message = refused(frames, "--transforms", motion, *arguments, "--force", **named)
    assert f"motion.png: is what both {option} and --transforms name" in message


def test_a_picture_too_wide_for_a_format_is_refused(refused, tmp_path):
    paths = write([np.full((2, 16400), level, np.uint8) for level in (9, 99)], tmp_path)
    message = refused(*paths, "--decision-map", tmp_path / "map.webp")
    assert "map.webp: 16400 x 2 pixels cannot be written as .webp" in message


def test_files_that_exist_are_replaced_by_force(frames, tmp_path, asked):
    out, decision = tmp_path / "out.png", tmp_path / "map.png"
    for path in (out, decision):
        path.write_text("old")
    assert main(["boundary", str(frames), "-o", str(out), "--decision-map", str(decision), "--force"]) == 0
    assert np.array_equal(pixels_of(out), pixels_of(frames / "0.png"))
    assert not pixels_of(decision).any()


@pytest.mark.parametrize("flag", [[], ["--decision-map"]])
def test_files_that_cannot_be_put_in_place_leave_nothing(failing, frames, tmp_path, asked, monkeypatch, flag):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    message = failing(frames, *flag, *[tmp_path / "map.png" for _ in flag])
    assert "cannot be written (Permission denied)" in message
    assert asked


@pytest.mark.parametrize("name", ["out.png", "map.png"])
def test_a_file_that_appears_meanwhile_is_not_replaced(frames, tmp_path, capsys, monkeypatch, name):
    def decide(stack, **_):
        (tmp_path / name).write_text("precious")
        return np.zeros(stack.shape[1:3], np.uint16)

    monkeypatch.setattr(method, "boundary_decision", decide)
    named = ["-o", str(tmp_path / "out.png"), "--decision-map", str(tmp_path / "map.png")]
    assert main(["boundary", str(frames), *named]) == 2
    assert f"{name}: exists already" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "precious"


def test_a_stop_by_the_user_leaves_nothing(frames, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("fusion.weights.copied", interrupted)
    out, decision = str(tmp_path / "out.png"), str(tmp_path / "map.png")
    assert main(["boundary", str(frames), "-o", out, "--decision-map", decision]) == 130
    assert "stopped" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


# --- the command line ------------------------------------------------------------------------------------------------


def test_only_what_is_needed_is_loaded(frames, tmp_path):
    code = (
        "import sys; from fusion.cli import main; assert main(sys.argv[1:]) == 0; "
        'assert "fusion.boundary.fuse" in sys.modules; '
        "print(*{'torch', 'skimage', 'matplotlib', 'scipy', 'recalage'} & set(sys.modules))"
    )
    named = ["-o", tmp_path / "out.png", "--decision-map", tmp_path / "map.png", "--quiet"]
    command = [sys.executable, "-c", code, "boundary", frames, *named]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == ([], "")


def test_other_commands_load_no_network():
    code = "import sys, fusion.cli; print('fusion.boundary.networks' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_progress_bar_appears_on_a_terminal(frames, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["boundary", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    out, err = capsys.readouterr()
    assert "comparing:   0%" in err and "copying:   0%" in err and "0/2" in err
    assert err.endswith(" \r")  # and is gone at the end
    assert out.count("\n") == 1


def test_quiet_prints_nothing(frames, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["boundary", str(frames), "-o", str(tmp_path / "out.png"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_help_has_examples_that_are_understood(capsys):
    for arguments in (["--help"], ["boundary", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        said = capsys.readouterr().out
        examples = [line for line in said.splitlines() if line.startswith("  fusion boundary ")]
        assert examples
        for example in examples:
            parsed = build_parser().parse_args(shlex.split(example.strip().split("  ")[0])[1:])
            assert parsed.run is boundary.run
    assert f"(default: {SMALLEST:g})" in said

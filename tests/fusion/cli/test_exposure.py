"""fusion exposure, as a user meets it: results, and one line for whatever is wrong."""

import inspect
import itertools
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tifffile

import recalage
from data import open_stack, save, scenes
from fusion.cli import main
from fusion.deghost import best_exposed, deghosted
from fusion.exposure import exposure_fusion
from fusion.extended_exposure import extended_exposure_fusion

NAMES = ("dark.png", "middle.png", "bright.png")


@pytest.fixture(scope="module")
def bracket():
    """Three exposures of a cup of coffee, uint8 of shape (200, 300, 3), with a coin that moves."""
    stack = scenes.exposure_bracket(exposures=(-3, 0, 3), moving=True).stack
    return [cv2.resize(stack.pixels(index), (300, 200), interpolation=cv2.INTER_AREA) for index in range(3)]


@pytest.fixture
def frames(tmp_path, bracket):
    """Folder with three 8-bit frames; in the order of their names: bright, dark, middle."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for name, frame in zip(NAMES, bracket, strict=True):
        save(frame, folder / name)
    return folder


@pytest.fixture
def fuse(tmp_path, capsys):
    """Run the command, expect it to do well; return the result as a float image."""
    numbers = itertools.count()

    def run(*arguments, ending=".png", left_out=0):
        out = tmp_path / f"out{next(numbers)}{ending}"
        assert main(["exposure", *map(str, arguments), "-o", str(out), "--quiet"]) == 0
        assert capsys.readouterr().err.count("\n") == left_out
        return open_stack([out])[0]

    return run


@pytest.fixture
def failing(capsys, tmp_path):
    """Run the command, expect it to fail in one line with nothing written; return that line."""

    def run(*arguments):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        status = main(["exposure", *map(str, arguments), "-o", str(tmp_path / "out.jpg")])
        out, err = capsys.readouterr()
        assert status == 2
        assert out == ""
        assert err.startswith("fusion: error: ") and err.count("\n") == 1
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return err

    return run


def is_stored(result, expected):
    """Tell whether a result is what was expected, rounded to 8 bits."""
    return np.abs(result - expected).max() <= 0.5 / 255 + 1e-6


def test_a_folder_is_fused(frames, tmp_path, capsys):
    assert main(["exposure", str(frames), "-o", str(tmp_path / "out.png")]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{tmp_path / 'out.png'}: 3 frames of 300 x 200 pixels fused\n", "")
    assert is_stored(open_stack([tmp_path / "out.png"])[0], exposure_fusion(frames))


def test_the_order_of_files_does_not_matter(frames, fuse):
    results = [fuse(*(frames / name for name in names)) for names in itertools.permutations(NAMES)]
    assert max(np.abs(result - results[0]).max() for result in results) <= 1 / 255 + 1e-6  # one level, by rounding
    assert max((result != results[0]).mean() for result in results) < 1e-3


@pytest.mark.parametrize("flag", [[], ["--extended"]])
@pytest.mark.parametrize(
    ("name", "value"), [("contrast", 0), ("saturation", 2), ("exposedness", 0.5), ("sigma", 0.4), ("levels", 2)]
)
def test_options_reach_the_method(frames, fuse, flag, name, value):
    method = extended_exposure_fusion if flag else exposure_fusion
    others = {"exposedness": 1} if name == "sigma" else {}  # whose spread it is
    result = fuse(frames, *flag, f"--{name}", value, *itertools.chain(*((f"--{k}", v) for k, v in others.items())))
    assert is_stored(result, method(frames, **{name: value}, **others))
    assert not is_stored(result, method(frames, **others))


def test_defaults_are_those_of_the_methods(capsys):
    with pytest.raises(SystemExit):
        main(["exposure", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    plain, extended = (inspect.signature(method).parameters for method in (exposure_fusion, extended_exposure_fusion))
    for name in ("contrast", "saturation", "exposedness", "sigma"):
        told = re.search(rf"--{name} [A-Z]+ [^()\[\]]*\(default: ([\d.]+)(?:, or ([\d.]+) with --extended)?\)", said)
        assert float(told[1]) == plain[name].default
        assert float(told[2] or told[1]) == extended[name].default
    assert plain["levels"].default is extended["levels"].default is None


def test_extended_fusion(frames, fuse):
    result = fuse(frames, "--extended")
    assert is_stored(result, extended_exposure_fusion(frames))
    assert not is_stored(result, exposure_fusion(frames))


def test_one_frame_can_be_enhanced(frames, tmp_path, capsys):
    out = tmp_path / "out.png"
    assert main(["exposure", str(frames / "dark.png"), "-o", str(out), "--extended"]) == 0
    assert capsys.readouterr().out == f"{out}: 1 frame of 300 x 200 pixels fused\n"
    result = open_stack([out])[0]
    assert is_stored(result, extended_exposure_fusion([frames / "dark.png"]))
    assert result.mean() > open_stack([frames / "dark.png"])[0].mean() + 0.05


@pytest.mark.parametrize("ending", [".tif", ".png"])
@pytest.mark.parametrize("flag", [[], ["--extended"], ["--align", "similarity"], ["--deghost"]])
def test_sixteen_bits_stay_sixteen(tmp_path, bracket, known_motion, ending, flag):
    known_motion((0, 0), (3, 0), (0, -2))
    deep = np.stack(bracket).astype(np.uint16) * 256
    tifffile.imwrite(tmp_path / "stack.tif", deep, photometric="rgb")
    arguments = ["exposure", str(tmp_path / "stack.tif"), "-o", str(tmp_path / f"out{ending}"), *flag]
    assert main(arguments) == 0
    result = open_stack([tmp_path / f"out{ending}"])
    assert result.bit_depth == 16
    assert result.pixels(0).dtype == np.uint16
    if not flag:
        assert np.abs(result[0] - exposure_fusion(deep)).max() <= 0.5 / 65535 + 1e-6


def test_gray_frames_give_a_gray_result(tmp_path, bracket, fuse):
    for index, frame in enumerate(bracket):
        save(frame[..., 1], tmp_path / f"{index}.tif")
    paths = sorted(tmp_path.glob("*.tif"))
    result = fuse(*paths, ending=".tif")
    assert result.ndim == 2
    assert is_stored(result, exposure_fusion(paths))


def test_ghosts_go_in_favour_of_one_frame(frames, fuse):
    """By name, by path, by number from 1; in the order of names, middle.png is the third."""
    expected = exposure_fusion(frames, deghost=2)
    assert not is_stored(fuse(frames), expected)
    for wanted in ("middle.png", str(frames / "middle.png"), "3"):
        assert is_stored(fuse(frames, "--deghost", wanted), expected)
    assert is_stored(fuse(*(frames / name for name in NAMES), "--deghost", frames / "middle.png"), expected)


def test_the_frame_that_is_kept_can_be_chosen_for_the_user(frames, fuse):
    assert is_stored(fuse(frames, "--deghost"), exposure_fusion(frames, deghost="auto"))
    assert is_stored(fuse(frames, "--extended", "--deghost"), extended_exposure_fusion(deghosted(frames)))


def test_of_two_files_of_one_name_the_path_decides(tmp_path, bracket, failing, fuse):
    for folder, frame in zip("abc", bracket, strict=True):
        (tmp_path / folder).mkdir()
        save(frame, tmp_path / folder / "same.png")
    paths = [str(tmp_path / folder / "same.png") for folder in "abc"]
    assert "3 frames have this name; give the number of one" in failing(*paths, "--deghost", "same.png")
    expected = exposure_fusion(paths, deghost=1)
    for wanted in (paths[1], "2"):
        assert is_stored(fuse(*paths, "--deghost", wanted), expected)


@pytest.mark.parametrize("wanted", ["0", "4", "-1", "no.png", "²", "frames"])
def test_a_frame_that_is_not_there(failing, frames, wanted):
    said = failing(frames, f"--deghost={wanted}")
    assert f"--deghost {wanted}: is none of the frames bright.png ... middle.png; give the name of one or its" in said
    assert "1 to 3" in said


def test_a_frame_swallowed_by_an_option_is_explained(failing, frames):
    paths = [frames / name for name in NAMES]
    assert "write --deghost behind the frames" in failing("--deghost", *paths)


SHIFTS = {"bright.png": (0, 0), "dark.png": (9, 0), "middle.png": (-7, 4)}  # of frames to the first one, in pixels
COMMON = slice(4, 200), slice(9, 293)  # rows and columns of the first that all show


@pytest.fixture
def hand_held(tmp_path, frames):
    """Folder with the three frames, of which two are shifted."""
    folder = tmp_path / "hand-held"
    folder.mkdir()
    for name, (x, y) in SHIFTS.items():
        save(np.roll(open_stack([frames / name]).pixels(0), (-y, -x), axis=(0, 1)), folder / name)
    return folder


def in_common(frames):
    """Frames as alignment should leave them."""
    return [image[COMMON] for image in open_stack(frames)]


def test_frames_taken_by_hand_are_aligned(frames, hand_held, tmp_path, known_motion, capsys):
    calls = known_motion(*SHIFTS.values())
    out = tmp_path / "out.png"
    assert main(["exposure", str(hand_held), "-o", str(out), "--align", "affine"]) == 0
    assert is_stored(open_stack([out])[0], exposure_fusion(in_common(frames)))
    farthest = max(np.hypot(*shift) for shift in SHIFTS.values())
    told = f"aligned: 2 of 3 frames moved, corners by up to {farthest:.1f} pixels, 0 left out; 284 x 196 of 300 x 200 pixels"
    said = f"{told} are in all frames\n{out}: 3 frames of 284 x 196 pixels fused\n"
    assert capsys.readouterr() == (said, "")
    assert calls == [{"model": "affine", "strategy": "chain", "tone": None}]


def test_motion_is_that_which_registration_finds(tmp_path, fuse):
    still = scenes.exposure_bracket(exposures=(-2, 0, 2)).stack
    for shift, index in ((9, 0), (0, 1), (-7, 2)):
        save(np.roll(still.pixels(index), shift, axis=1)[:, 16:-16], tmp_path / f"{index}.png")
    expected = exposure_fusion(recalage.register(tmp_path, model="translation").apply(tmp_path, crop=True))
    assert 540 < expected.shape[1] <= 568 - 16
    assert is_stored(fuse(tmp_path, "--align", "translation"), expected)


@pytest.mark.parametrize("flag", [[], ["--align", "none"]])
def test_frames_are_aligned_only_if_that_is_asked_for(frames, fuse, monkeypatch, flag):
    monkeypatch.setattr(
        recalage, "register", lambda *args, **options: pytest.fail("frames were aligned"), raising=False
    )
    assert is_stored(fuse(frames, *flag), exposure_fusion(frames))


def test_alignment_leaves_the_numbers_of_frames(frames, hand_held, fuse, known_motion):
    known_motion(*SHIFTS.values())
    expected = exposure_fusion(in_common(frames), deghost=2)
    assert is_stored(fuse(hand_held, "--align", "similarity", "--deghost", "3"), expected)
    known_motion((0, 0), None, (-7, 4))
    result = fuse(hand_held, "--align", "similarity", "--deghost", "3", left_out=1)
    bright, _, middle = open_stack(frames)
    expected = exposure_fusion([bright[4:, :293], middle[4:, :293]], deghost=1)
    assert not is_stored(expected, exposure_fusion([bright[4:, :293], middle[4:, :293]], deghost=0))
    assert is_stored(result, expected)


def test_frames_that_cannot_be_aligned_are_left_out_and_named(frames, hand_held, tmp_path, known_motion, capsys):
    (hand_held / "dark.png").write_text("not a picture")
    known_motion((0, 0), None, (-7, 4))
    arguments = ["exposure", str(hand_held), "-o", str(tmp_path / "out.png"), "--align", "similarity", "--quiet"]
    assert main(arguments) == 0
    assert capsys.readouterr() == ("", "dark.png: left out: it shows another scene\n")
    bright, _, middle = open_stack(frames)
    expected = exposure_fusion([bright[4:, :293], middle[4:, :293]])
    assert is_stored(open_stack([tmp_path / "out.png"])[0], expected)


def test_a_frame_that_was_left_out_is_no_reference(frames, tmp_path, known_motion, capsys):
    known_motion((0, 0), None, (0, 0))
    arguments = ["exposure", str(frames), "-o", str(tmp_path / "out.png"), "--align", "similarity", "--deghost", "2"]
    assert main([*arguments, "--quiet"]) == 2
    assert "--deghost dark.png: was left out when the frames were aligned" in capsys.readouterr().err


def test_one_frame_that_is_left_is_enough_only_where_one_is(frames, tmp_path, known_motion, capsys):
    known_motion((0, 0), None, None)
    arguments = ["exposure", str(frames), "-o", str(tmp_path / "out.png"), "--align", "similarity", "--quiet"]
    assert main(arguments) == 2
    assert "bright.png: is all that is left of 3 frames, and 2 are needed" in capsys.readouterr().err
    assert main([*arguments, "--extended"]) == 0
    assert is_stored(open_stack([tmp_path / "out.png"])[0], extended_exposure_fusion([frames / "bright.png"]))


def test_motion_is_saved_and_applied_again(frames, hand_held, tmp_path, fuse, known_motion, capsys):
    calls = known_motion(*SHIFTS.values())
    file, expected = tmp_path / "motion.json", exposure_fusion(in_common(frames))
    assert is_stored(fuse(hand_held, "--align", "affine", "--transforms", file), expected)
    saved = file.read_bytes()
    assert is_stored(fuse(hand_held, "--transforms", file), expected)
    assert is_stored(fuse(hand_held, "--align", "affine", "--transforms", file), expected)
    assert len(calls) == 1 and file.read_bytes() == saved
    assert main(["exposure", str(hand_held), "-o", str(tmp_path / "out.png"), "--transforms", str(file)]) == 0
    assert capsys.readouterr().out.startswith(f"{file}: its motion is applied, nothing is estimated\naligned: 2 of 3")


def test_options_of_alignment_that_contradict_each_other(failing, frames, tmp_path, fuse, known_motion):
    known_motion(*SHIFTS.values())
    file = tmp_path / "motion.json"
    said = failing(frames, "--transforms", file)
    assert "motion.json: does not exist; with --align similarity, motion is estimated and saved there" in said
    assert "--align none leaves them where they are" in failing(frames, "--align", "none", "--transforms", file)
    fuse(frames, "--align", "similarity", "--transforms", file)
    assert "--align none leaves them where they are" in failing(frames, "--align", "none", "--transforms", file)
    said = failing(frames, "--align", "affine", "--transforms", file)
    assert "motion.json: holds motion by similarity, not by affine; leave --align out to apply it" in said


def test_one_frame_only(failing, frames):
    assert "dark.png: is the only frame; fusion needs two or more" in failing(frames / "dark.png")
    assert "dark.png: is the only frame" in failing(frames / "dark.png", "--align", "similarity")
    assert "no.png: no such file" in failing(frames / "no.png", frames / "dark.png", "--align", "similarity")


def test_all_black_frames(failing, tmp_path):
    for index in range(3):
        save(np.zeros((20, 30, 3)), tmp_path / f"{index}.png")
    assert "the result is black, for all 3 frames are black" in failing(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--contrast", "-1"], "contrast must be an exponent from 0 (left out) to 50, got -1"),
        (["--saturation", "nan"], "saturation must be"),
        (["--exposedness", "inf"], "exposedness must be"),
        (["--sigma", "0"], "sigma must lie in"),
        (["--levels", "99"], "levels must be"),
        (["--levels", "-1"], "levels must be"),
        (["--quality", "0"], "--quality must lie in 1..100, got 0"),
    ],
)
@pytest.mark.parametrize("flag", [[], ["--extended"]])
def test_bad_options(failing, frames, options, message, flag):
    assert message in failing(frames, *options, *flag)


@pytest.mark.parametrize("option", ["--contrast", "--saturation", "--exposedness", "--sigma", "--levels"])
def test_words_for_numbers(frames, tmp_path, capsys, option):
    with pytest.raises(SystemExit) as stopped:
        main(["exposure", str(frames), "-o", str(tmp_path / "out.png"), option, "much"])
    assert stopped.value.code == 2
    assert f"argument {option}: invalid" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_frames_of_different_size(failing, frames):
    save(np.zeros((50, 40, 3)), frames / "small.png")
    assert "small.png is 40 x 50 pixels in colour, but bright.png is 300 x 200" in failing(frames)


def test_a_damaged_frame_leaves_no_output(failing, frames, bracket):
    cv2.imwrite(str(frames / "more.jpg"), bracket[0])
    whole = (frames / "more.jpg").read_bytes()
    (frames / "more.jpg").write_bytes(whole[: len(whole) // 2])
    assert "more.jpg: is damaged or truncated" in failing(frames)


def test_a_frame_that_goes_bad_on_the_second_reading(failing, frames, monkeypatch):
    """The error comes from the thread that reads ahead."""
    from data import DataError, Stack

    read, plain = [], Stack.pixels

    def pixels(stack, index):
        read.append(index)
        if read.count(1) == 2:
            raise DataError("dark.png: is damaged")
        return plain(stack, index)

    monkeypatch.setattr(Stack, "pixels", pixels)
    assert "dark.png: is damaged" in failing(frames)


def test_existing_output(failing, frames, tmp_path):
    (tmp_path / "out.jpg").write_text("precious")
    assert "out.jpg: exists already" in failing(frames)


def test_a_result_in_the_folder_is_no_frame_of_the_next(frames):
    out = frames / "fused.png"
    assert main(["exposure", str(frames), "-o", str(out)]) == 0
    first = out.read_bytes()
    assert main(["exposure", str(frames), "-o", str(out), "--force"]) == 0
    assert out.read_bytes() == first


def test_metadata_of_the_first_frame_is_kept(tmp_path, bracket, known_motion):
    known_motion((0, 0), (3, 0), (0, -2))
    for index, frame in enumerate(bracket):
        tags = [(271, "s", 0, ("Holga", "Lomo", "Zenit")[index], True)]
        tifffile.imwrite(tmp_path / f"{index}.tif", frame, photometric="rgb", extratags=tags)
    paths = [str(tmp_path / f"{index}.tif") for index in range(3)]
    for number, flag in enumerate(([], ["--align", "affine"], ["--deghost", "2"])):
        out = tmp_path / f"out{number}.tif"
        assert main(["exposure", *paths, "-o", str(out), *flag]) == 0
        with tifffile.TiffFile(out) as written:
            assert written.pages[0].tags[271].value == "Holga"


def test_the_progress_bar_appears_on_a_terminal(frames, tmp_path, known_motion, capsys, monkeypatch):
    known_motion(*SHIFTS.values())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["exposure", str(frames), "-o", str(tmp_path / "out.png"), "--align", "similarity"]) == 0
    out, err = capsys.readouterr()
    for what in ("aligning", "weighing", "blending"):
        assert f"{what}:   0%" in err
    assert "0/3" in err and err.endswith(" \r")
    assert out.startswith("aligned: ") and out.count("\n") == 2


def test_the_chosen_reference_is_told(frames, tmp_path, capsys):
    assert main(["exposure", str(frames), "-o", str(tmp_path / "out.png"), "--deghost"]) == 0
    stack = open_stack(frames)
    chosen = stack.names[best_exposed(stack)]
    assert capsys.readouterr().out.startswith(f"things that move are shown as in {chosen}\n")


def test_quiet_prints_nothing(frames, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["exposure", str(frames), "-o", str(tmp_path / "out.png"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["exposure", "--help"])
    assert stopped.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "examples: fusion exposure dark.jpg" in said
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "\n  fusion exposure bracket/ -o fused.jpg  " in capsys.readouterr().out


@pytest.mark.parametrize(("flag", "loaded"), [([], False), (["--extended"], False), (["--align", "similarity"], True)])
def test_only_what_is_needed_is_loaded(frames, tmp_path, flag, loaded):
    code = (
        "import sys; from fusion.cli import main; assert main(sys.argv[1:]) == 0; "
        "print(*{'torch', 'matplotlib', 'scipy', 'skimage', 'recalage'} & set(sys.modules))"
    )
    arguments = ["exposure", frames, "-o", tmp_path / "out.png", "--quiet", *flag]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["recalage"] if loaded else [])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--contrast", "-1"], "contrast must be"),
        (["--levels", "99"], "levels must be"),
        (["--deghost", "4"], "--deghost 4: is none of the frames"),
        (["--transforms", "motion.txt"], "use one of the endings .json"),
        (["--quality", "0"], "--quality must lie in"),
    ],
)
def test_bad_options_are_named_before_frames_are_aligned(failing, frames, option, message, known_motion):
    calls = known_motion(*SHIFTS.values())
    assert message in failing(frames, "--align", "similarity", *option)
    assert calls == []

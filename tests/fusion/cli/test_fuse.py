"""fusion fuse: the method that fits, and why."""

import shlex
from argparse import Namespace

import numpy as np
import pytest

import fusion
from data import open_stack, save
from data.image import to_integers
from fusion.choice import Choice
from fusion.cli import fuse, main
from fusion.lineup import LINEUP


@pytest.fixture
def bracket(tmp_path, texture):
    """The files of a bracket of 3 stops, 16 bits."""
    folder = tmp_path / "bracket"
    folder.mkdir()
    for k, factor in enumerate((0.1, 0.28, 0.8)):
        save(to_integers((texture * factor) ** (1 / 2.2), np.uint16), folder / f"{k}.tif")
    return folder


def pixels(path):
    return open_stack([path]).pixels(0)


def test_a_pair_goes_to_the_networks(pair, tmp_path, capsys):
    out = tmp_path / "fused.png"
    assert main(["fuse", str(pair), "-o", str(out), "--align", "none"]) == 0
    expected = fusion.boundary_fusion(open_stack(pair), blend="pyramid")
    assert np.array_equal(pixels(out), to_integers(expected, np.uint8))
    said = capsys.readouterr().out
    assert "Take boundary-aware fusion, blended." in said and "differ in focus" in said


def test_frames_of_different_depth_are_fused(tmp_path, focus_pair):
    save(to_integers(focus_pair[0], np.uint8), tmp_path / "a.png")
    save(to_integers(focus_pair[1], np.uint16), tmp_path / "b.png")
    out = tmp_path / "fused.png"
    assert main(["fuse", str(tmp_path), "-o", str(out), "--align", "none"]) == 0
    expected = fusion.boundary_fusion(focus_pair, blend="pyramid")
    assert np.abs(pixels(out) / 65535 - expected).mean() < 0.004


def test_a_bracket_goes_to_exposure_fusion_and_keeps_its_bits(bracket, tmp_path, capsys):
    out = tmp_path / "fused.tif"
    assert main(["fuse", str(bracket), "-o", str(out)]) == 0
    assert pixels(out).dtype == np.uint16
    said = capsys.readouterr().out
    assert "Take exposure fusion." in said and "by 3.0 stops" in said


@pytest.mark.parametrize("folder", ["pair", "bracket"])
@pytest.mark.parametrize("align", [[], ["--align", "none"], ["--align", "translation"]])
def test_the_command_that_is_told_makes_the_same_picture(request, folder, align, tmp_path, capsys):
    frames = request.getfixturevalue(folder)
    out = tmp_path / "fused.tif"
    assert main(["fuse", str(frames), "-o", str(out), *align]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("With more options: "))
    first = pixels(out)
    out.unlink()
    words = shlex.split(line.removeprefix("With more options: "))
    assert words[0] == "fusion" and main(words[1:]) == 0
    assert np.array_equal(pixels(out), first)


def test_four_frames_go_to_pyramids(tmp_path, texture, capsys):
    from data.scenes import focal_stack

    made = focal_stack(distances=4, f_number=1.4)
    for k in range(4):
        save(made.stack[k][::2, ::2], tmp_path / f"{k}.png")
    out = tmp_path / "fused.png"
    assert main(["fuse", *(str(tmp_path / f"{k}.png") for k in range(4)), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Take focus stacking by pyramids." in said
    first = pixels(out)
    line = next(line for line in said.splitlines() if line.startswith("With more options: "))
    assert main([*shlex.split(line)[4:], "--force"]) == 0
    assert np.abs(pixels(out).astype(int) - first).max() <= 1


def test_what_moves_is_shown_once(tmp_path, capsys):
    from data.scenes import exposure_bracket

    made = exposure_bracket(exposures=(-2, 0, 2), light=5.0, moving=True)
    for k in range(3):
        save(made.stack[k], tmp_path / f"{k}.png")
    out = tmp_path / "fused.png"
    assert main(["fuse", str(tmp_path), "-o", str(out), "--align", "none"]) == 0
    said = capsys.readouterr().out
    assert "with things that move shown as in one frame" in said and "--deghost" in said


def test_quiet_says_nothing(pair, tmp_path, capsys):
    assert main(["fuse", str(pair), "-o", str(tmp_path / "f.png"), "--align", "none", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_one_frame_is_refused(pair, tmp_path, capsys):
    assert main(["fuse", str(pair / "a.png"), "-o", str(tmp_path / "f.png")]) == 2
    assert "only frame" in capsys.readouterr().err
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize(
    ("name", "align", "transforms", "expected"),
    [
        ("pyramid", "similarity", None, "fusion stack in -o o.tif --crop --force"),
        ("pyramid", "affine", None, "fusion stack in -o o.tif --align affine --crop --force"),
        ("pyramid", "none", None, "fusion stack in -o o.tif --align none --force"),
        ("pyramid", None, "m.json", "fusion stack in -o o.tif --transforms m.json --crop --force"),
        ("guided", "similarity", None, "fusion guided in -o o.tif --align similarity --force"),
        ("guided", "none", None, "fusion guided in -o o.tif --force"),
        ("guided", None, "m.json", "fusion guided in -o o.tif --transforms m.json --force"),
    ],
)
def test_the_command_aligns_and_crops_as_this_one_does(name, align, transforms, expected):
    args = Namespace(paths=["in"], output="o.tif", align=align, transforms=transforms, quality=95)
    assert fuse._command(LINEUP[name], Choice(name, (), False, "", []), args) == expected

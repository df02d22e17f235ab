"""The benchmark of exposure fusion: what is compared, and what is kept of earlier runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks import brackets, exposure, exposure_scores, fuse_tensor, merge_mertens
from data import open_stack, save
from fusion.exposure import exposure_fusion

ROOT = Path(__file__).resolve().parents[2]
RUN = {"cpu_s": 2.0, "user_s": 1.5, "system_s": 0.5, "elapsed_s": 2.0, "peak_mb": 500.0}


@pytest.fixture
def bracket(texture):
    """A dark, a middle and a bright frame of 8 bits."""
    return [np.rint((texture * gain).clip(0, 1) * 255).astype(np.uint8) for gain in (0.3, 1, 3)]


@pytest.fixture
def files(bracket, tmp_path):
    for index, frame in enumerate(bracket):
        save(frame, tmp_path / f"frame{index}.png")
    return sorted(tmp_path.glob("frame*.png"))


@pytest.fixture
def small(monkeypatch):
    """Frames of 96 x 64 pixels in place of 12 megapixels."""
    monkeypatch.setattr(brackets, "SIZE", (96, 64))
    monkeypatch.setattr("benchmarks.frames.SIZE", (96, 64))


def without_enfuse(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.parametrize(("ending", "depth"), [(".jpg", 8), (".tif", 16)])
def test_a_bracket_goes_from_dark_to_bright(small, tmp_path, ending, depth):
    brackets.main(tmp_path / "new", 12, ending)
    stack = open_stack(sorted((tmp_path / "new").iterdir()))
    assert stack.shape == (12, 64, 96, 3) and stack.bit_depth == depth
    brightness = [frame.mean() for frame in stack]
    assert brightness == sorted(brightness)
    assert brightness[0] < 0.2 and brightness[-1] > 0.6
    if depth == 16:
        assert stack.pixels(5).dtype == np.uint16  # and no 8 bits in disguise


def test_opencv_gives_nearly_what_the_paper_does(bracket):
    """It leaves well-exposedness out, and differs in the depth of the pyramid: not by as much as any frame does."""
    bracket = [np.ascontiguousarray(frame) for frame in (bracket[0], bracket[2])]
    ours = exposure_fusion(np.stack(bracket), exposedness=0)
    fused = merge_mertens.fuse([frame[..., ::-1] for frame in bracket])[..., ::-1]
    nearest = min(np.abs(frame / 255 - ours).mean() for frame in [*bracket, np.mean(bracket, axis=0)])
    assert np.abs(fused - ours).mean() < nearest / 2
    deep = merge_mertens.fuse([frame[..., ::-1].astype(np.uint16) * 257 for frame in bracket])[..., ::-1]
    assert_allclose(deep, fused, atol=1e-5)


@pytest.mark.parametrize(("ending", "depth"), [(".png", 8), (".tif", 16)])
def test_the_yardstick_keeps_the_depth(bracket, tmp_path, ending, depth):
    for index, frame in enumerate(bracket):
        save(frame if depth == 8 else frame.astype(np.uint16) * 256, tmp_path / f"{index}{ending}")
    paths = sorted(map(str, tmp_path.glob(f"*{ending}")))
    merge_mertens.main(str(tmp_path / f"out{ending}"), paths)
    out = open_stack([tmp_path / f"out{ending}"])
    assert out.bit_depth == depth
    expected = merge_mertens.fuse([frame[..., ::-1] for frame in bracket])[..., ::-1].clip(0, 1)
    assert_allclose(out[0], expected, atol=1.5 / 255)


def test_all_programs_fuse_the_same_frames(files, tmp_path):
    for name, command in exposure.programs(files, tmp_path).items():
        subprocess.run(list(map(str, command)), cwd=ROOT, check=True)
        assert open_stack([tmp_path / f"{name}.png"]).shape == (1, 96, 128, 3)


def test_a_program_that_fails_is_noticed_though_it_is_quiet(tmp_path):
    quiet = subprocess.run([*exposure.QUIET, sys.executable, "-c", "raise SystemExit('no')"], capture_output=True)
    assert (quiet.returncode, quiet.stderr) == (1, b"")


def test_enfuse_takes_part_where_it_is_installed(files, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    assert exposure.programs(files, tmp_path)["enfuse"][4:6] == ["/opt/enfuse", "-o"]
    without_enfuse(monkeypatch)
    assert set(exposure.programs(files, tmp_path)) == {"ours", "merge_mertens"}


def test_ratios_are_ours_to_others():
    told = exposure.compared({"ours": RUN, "merge_mertens": RUN | {"cpu_s": 8.0}, "enfuse": RUN | {"cpu_s": 1.0}})
    assert told["cpu_ratio_to_merge_mertens"] == 0.25
    assert told["cpu_ratio_to_enfuse"] == 2.0
    assert told["enfuse"]["cpu_s"] == 1.0


def test_a_program_that_is_not_there_is_said_so():
    told = exposure.compared({"ours": RUN, "merge_mertens": RUN})
    assert told["enfuse"] == "not at hand"
    assert "cpu_ratio_to_enfuse" not in told


def test_speed_of_all_programs(files, tmp_path, monkeypatch):
    without_enfuse(monkeypatch)
    asked = []
    monkeypatch.setattr(exposure, "bracket", lambda folder, *which: asked.append(which) or files)
    monkeypatch.setattr(exposure, "measure", lambda command: RUN | {"peak_mb": 510.0})
    monkeypatch.setattr(exposure, "in_turn", lambda commands, repeats: dict.fromkeys(commands, RUN))
    told = exposure.speed(tmp_path, 3)["speed"]
    assert asked == [(5, ".jpg"), (5, ".tif"), (20,)]
    assert told["five_jpeg"]["cpu_ratio_to_merge_mertens"] == 1.0
    assert told["twenty_jpeg"]["ours"]["peak_mb"] == 510.0
    assert told["memory_growth"] == 1.02


def test_parts_run_alone_and_are_saved(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(exposure, "RESULTS", tmp_path / "results" / "exposure.json")
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    monkeypatch.setitem(exposure.PARTS, "speed", lambda folder, repeats: {"speed": {"repeats": repeats}})
    monkeypatch.setitem(exposure.PARTS, "quality", lambda folder, repeats: {"quality": "not at hand"})
    exposure.main(["--part", "speed", "--repeats", "2"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["speed"]["repeats"] == 2 and "processor" in printed["speed"]["machine"]
    assert not exposure.RESULTS.exists()
    exposure.main(["--part", "speed", "--save"])
    exposure.main(["--part", "quality", "--save"])
    saved = json.loads(exposure.RESULTS.read_text())
    assert saved["speed"]["repeats"] == 5 and saved["quality"] == "not at hand"


def test_speed_is_not_saved_without_a_program(monkeypatch, capsys):
    without_enfuse(monkeypatch)
    with pytest.raises(SystemExit):
        exposure.main(["--part", "speed", "--save"])
    assert "install Enfuse first" in capsys.readouterr().err


def test_the_share_of_values_that_are_reproduced():
    published = np.array([[1, 2], [3, 4]], np.uint8)
    assert exposure_scores.share_reproduced(published, published) == 1
    assert exposure_scores.share_reproduced(published, np.array([[1, 2], [3, 5]], np.uint8)) == 0.75


def test_values_are_rounded_down():
    values = np.array([0, 0.5, 254.999 / 255, 1], np.float32)
    assert exposure_scores.rounded_down(values).tolist() == [0, 127, 254, 255]


def test_scores_of_methods_with_their_mean(monkeypatch, bracket):
    stacks = {"mef/a": open_stack(bracket), "mef/b": open_stack(bracket[::-1])}
    monkeypatch.setattr(exposure_scores, "load", stacks.get)
    told = exposure_scores.scores(list(stacks), {"first": lambda stack: stack[0], "ours": exposure_fusion})
    assert set(told) == {"first", "ours"}
    assert told["first"]["mean"] == pytest.approx((told["first"]["mef/a"] + told["first"]["mef/b"]) / 2, abs=1e-4)
    assert told["ours"]["mean"] > told["first"]["mean"] + 0.01


def test_without_sequences_there_are_no_scores(monkeypatch, capsys):
    monkeypatch.setattr(exposure_scores.datasets, "place", lambda name: "not here")
    exposure_scores.main()
    assert "set FUSION_DATA" in json.loads(capsys.readouterr().out)


def test_sequences_at_hand_are_those_of_the_mef_database(real_data):
    names = exposure_scores.sequences()
    assert len(names) == 17 and "mef/candle" in names


def test_a_published_result_is_reproduced(real_data):
    told = exposure_scores.reproduced(["mef/house", "mef/cave"])
    assert set(told) == {"mef/house"}  # of the other one nothing is published
    assert told["mef/house"] > 0.999


def test_a_tensor_is_fused_and_timed(files, capsys):
    fuse_tensor.main("cpu", files)
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["elapsed_s"] < 60 and told["cpu_s"] > 0
    assert told["torch"].startswith("2.")


def test_without_a_device_it_is_said_so(files, capsys, monkeypatch):
    monkeypatch.setattr(fuse_tensor.torch.cuda, "is_available", lambda: False)
    fuse_tensor.main("cuda", files)
    assert json.loads(capsys.readouterr().out) == "no CUDA device at hand"

"""The benchmark of focus stacking: scenes with truth, programs that fuse them, and how they are scored."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks import breathing, large, moving, stackers, stacking, stacking_scores
from data import open_stack, save, scenes
from data.scenes.light import to_linear
from fusion.metrics import psnr

ROOT = Path(__file__).resolve().parents[2]
RUN = {"cpu_s": 4.0, "user_s": 3.5, "system_s": 0.5, "elapsed_s": 4.0, "peak_mb": 500.0}


@pytest.fixture
def small(monkeypatch):
    """Frames of 480 x 360 pixels in place of 12 megapixels, blurred by as many pixels."""
    monkeypatch.setattr(moving, "SIZE", (480, 360))
    monkeypatch.setattr(moving, "LENS", moving.LENS | {"f_number": 0.4})
    monkeypatch.setattr(moving, "MARGIN", 24)
    monkeypatch.setattr(moving, "SHIFT", 1.0)


@pytest.fixture
def no_others(monkeypatch):
    """Neither shinestacker nor Enfuse is at hand."""
    monkeypatch.delenv(stackers.VARIABLE, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.fixture
def all_others(monkeypatch):
    """Both are at hand, as far as can be told before they run."""
    monkeypatch.setenv(stackers.VARIABLE, "/opt/python")
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")


@pytest.fixture
def files(focus_pair, tmp_path):
    """Files of two frames, each sharp on one side."""
    (tmp_path / "given").mkdir()
    for index, frame in enumerate(focus_pair):
        save(frame, tmp_path / "given" / f"{index}.png")
    return sorted((tmp_path / "given").iterdir())


def frames_in(folder):
    return open_stack(sorted(folder.glob("*.jpg")))


# --- frames whose lens breathes --------------------------------------------------------------------------------------


def test_frames_are_scaled_and_shifted_but_not_turned():
    matrices = breathing.breathing(10, seed=0)
    assert_array_equal(matrices[:, [0, 1, 2, 2], [1, 0, 0, 1]], 0)
    assert_allclose(matrices[1:, 0, 0] / matrices[:-1, 0, 0], 1.001)
    assert_allclose(matrices[:, 1, 1], matrices[:, 0, 0])
    centre = np.array([*(np.array(moving.SIZE) - 1) / 2, 1])
    assert 2 < (matrices @ centre - centre)[:, :2].std() < 6
    assert_array_equal(matrices[5], np.eye(3))


def test_moving_and_still_frames_share_scene_light_and_grain(small):
    found = list(breathing.pairs(3, seed=0))
    assert_array_equal(*found[1])  # the middle frame does not move
    for pair in found:
        moved, still = (to_linear(frame).mean() for frame in pair)
        assert moved == pytest.approx(still, rel=0.01)
    assert np.abs(found[0][0] - found[0][1]).mean() > 2 / 255
    light = [to_linear(still).mean() for _, still in found]
    assert np.ptp(light) < 0.01 * np.mean(light)


def test_grain_differs_from_frame_to_frame_only(small, monkeypatch):
    monkeypatch.setattr(moving, "with_grain", lambda frame, rng: rng.standard_normal(100))
    grains = [grain for pair in breathing.pairs(2, seed=0) for grain in pair]
    assert_array_equal(grains[0], grains[1])
    assert_array_equal(grains[2], grains[3])
    assert abs(np.corrcoef(grains[0], grains[2])[0, 1]) < 0.4


def test_the_truth_is_what_a_pinhole_sees(small, monkeypatch):
    truth = breathing.truth(seed=4)
    monkeypatch.setattr(moving, "LENS", moving.LENS | {"f_number": float("inf")})
    for light in moving.lights(2, seed=4):
        assert_allclose(moving.pictured(light, np.eye(3)), truth, atol=1e-4)


def test_grain_has_the_spread_that_was_asked_for():
    gray = moving.with_grain(np.full((200, 300, 3), 0.5, np.float32), np.random.default_rng(0), 0.02)
    assert gray.std() == pytest.approx(0.02, rel=0.02)
    assert_array_equal(gray[..., 0], gray[..., 2])


def test_pixels_are_picked_by_number():
    stack = open_stack([np.full((2, 3), value, np.uint8) for value in (10, 20, 30)])
    index = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    assert breathing.picked(stack, index).tolist() == [[10, 20, 30], [30, 30, 10]]
    colour = open_stack([np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)])
    assert breathing.picked(colour, index)[..., 1].tolist() == [[10, 20, 30], [30, 30, 10]]


def test_the_best_pick_lies_on_the_frames(small):
    """Numbers that are shifted in any direction pick worse, and those of a frame before or behind do too."""
    stack = open_stack([still for _, still in breathing.pairs(6, seed=0)])
    truth, index = breathing.truth(seed=0), breathing.sharpest(6)
    assert index.shape == (360, 480) and set(np.unique(index)) == set(range(6))

    def score(numbers):
        return psnr(breathing.picked(stack, numbers)[20:-20, 20:-20], truth[20:-20, 20:-20])

    best = score(index)
    assert best > max(psnr(frame[20:-20, 20:-20], truth[20:-20, 20:-20]) for frame in stack) + 6
    for shift in ((0, 4), (0, -4), (4, 0), (-4, 0)):
        assert score(np.roll(index, shift, axis=(0, 1))) < best - 1
    assert score((index + 1).clip(0, 5)) < best - 4
    assert score(index.clip(1) - 1) < best - 4


def test_a_stack_is_made_once(small, tmp_path):
    folder = tmp_path / "new"
    breathing.main([str(folder), "2"])
    assert {path.name for path in folder.iterdir()} == {"made.json", "moving", "still", "truth.png", "picked.png"}
    moved, still = next(breathing.pairs(2, seed=0))
    for name, own, other in (("moving", moved, still), ("still", still, moved)):
        assert frames_in(folder / name).shape == (2, 360, 480, 3)
        first = frames_in(folder / name)[0]
        assert np.abs(first - own).mean() < 0.6 * np.abs(first - other).mean()
    written = (folder / "truth.png").stat().st_mtime_ns
    picked = open_stack([folder / "picked.png"]).pixels(0)
    assert_array_equal(picked, breathing.picked(frames_in(folder / "still"), breathing.sharpest(2)))
    assert_allclose(open_stack([folder / "truth.png"])[0], breathing.truth(0), atol=0.51 / 255)
    breathing.make(folder, 2)
    assert (folder / "truth.png").stat().st_mtime_ns == written
    breathing.main([str(folder), "2", "--seed", "1"])
    assert (folder / "truth.png").stat().st_mtime_ns > written


# --- a long stack ----------------------------------------------------------------------------------------------------


@pytest.fixture
def little(monkeypatch):
    monkeypatch.setattr(large, "SIZE", (300, 200))


def test_a_long_stack_is_written(little, tmp_path):
    large.main(tmp_path / "long", 7)
    stack = frames_in(tmp_path / "long")
    assert stack.names[0] == "000.jpg" and stack.shape == (7, 200, 300, 3)


def test_a_long_stack_has_six_pictures_that_get_blurred(little, monkeypatch):
    for name in ("STEP", "NOISE", "BLUR"):
        monkeypatch.setattr(large, name, 0)
    found = list(large.frames(12))
    assert len({frame.tobytes() for frame in found}) == large.PICTURES
    assert_array_equal(found[0], found[1])
    monkeypatch.setattr(large, "BLUR", 3)
    sharpness = [cv2.Laplacian(frame, cv2.CV_64F).std() for frame in large.frames(12)]
    assert sharpness[0] > 1.1 * sharpness[1] and sharpness[2] > 1.1 * sharpness[1]


def test_a_long_stack_moves(little, monkeypatch):
    """Frames of one picture, without noise, are parts of it: each lies where its offset says."""
    for name in ("NOISE", "BLUR"):
        monkeypatch.setattr(large, name, 0)
    monkeypatch.setattr(large, "PICTURES", 1)
    monkeypatch.setattr(large, "path", lambda count, rng: np.array([[0, 0], [3, -2]]))
    first, second = large.frames(2)
    assert_array_equal(first[10:150, 13:250], second[12:152, 10:247])


def test_offsets_stay_within_the_margin():
    offsets = large.path(300, np.random.default_rng(0))
    assert np.abs(offsets).max() <= large.MARGIN
    assert 1 < np.abs(np.diff(offsets, axis=0)).max() <= large.STEP


def test_noise_of_a_long_stack_differs(little, monkeypatch):
    monkeypatch.setattr(large, "STEP", 0)
    monkeypatch.setattr(large, "BLUR", 0)
    first, second = (frame.astype(float) for frame in list(large.frames(12))[:2])
    assert (first - second).std() == pytest.approx(np.sqrt(2) * large.NOISE, rel=0.15)


# --- others ----------------------------------------------------------------------------------------------------------


def test_others_take_part_where_they_are_installed(files, tmp_path, all_others):
    found = stackers.programs(files, tmp_path, align=True)
    command, file = found["shinestacker"]
    assert command[4:] == ["/opt/python", "-P", stackers.__file__, tmp_path / "given", file, "--align"]
    assert stackers.programs(files, tmp_path, align=False)["shinestacker"][0][-1] == file
    command, file = found["enfuse"]
    assert command[4] == "/opt/enfuse" and command[-3:] == [file, *files]
    assert {"--exposure-weight=0", "--saturation-weight=0", "--contrast-weight=1", "--hard-mask"} <= set(command[:-3])
    assert stackers.missing() == {}


def test_what_is_missing_is_said_with_the_way_out(files, tmp_path, no_others):
    assert stackers.programs(files, tmp_path, align=True) == {}
    assert set(stackers.missing()) == {"shinestacker", "enfuse"}
    assert "SHINESTACKER_PYTHON" in stackers.missing()["shinestacker"]
    assert "install enfuse" in stackers.missing()["enfuse"]


@pytest.fixture
def shinestacker(monkeypatch):
    """A stand-in for shinestacker: keeps what it is asked for, and its result is the first file."""
    asked = []

    class Job:
        succeeds = True

        def __init__(self, name, work, input_path):
            self.work, self.given = Path(work), Path(input_path)

        def add_action(self, action):
            asked.append(action)

        def run(self):
            (self.work / "stacked").mkdir()
            shutil.copy(sorted(self.given.iterdir())[0], self.work / "stacked" / "stack_of_all.png")
            return self.succeeds

    def action(kind):
        return lambda *options, **more: (kind, *options)

    kinds = {kind: action(kind) for kind in ("AlignFrames", "CombinedActions", "FocusStack", "PyramidStack")}
    monkeypatch.setitem(sys.modules, "shinestacker", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "shinestacker.algorithms", SimpleNamespace(StackJob=Job, **kinds))
    return SimpleNamespace(asked=asked, Job=Job)


def test_shinestacker_is_asked_to_align_only_if_it_is_to(files, tmp_path, shinestacker):
    out = tmp_path / "out.png"
    stackers.main([str(files[0].parent), str(out), "--align"])
    aligned = ("CombinedActions", "aligned", [("AlignFrames",)])
    assert shinestacker.asked == [aligned, ("FocusStack", "stacked", ("PyramidStack",))]
    assert out.read_bytes() == files[0].read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"given", "out.png"}
    shinestacker.asked.clear()
    stackers.main([str(files[0].parent), str(out)])
    assert shinestacker.asked == [("FocusStack", "stacked", ("PyramidStack",))]


def test_shinestacker_that_fails_is_noticed(files, tmp_path, shinestacker, monkeypatch):
    monkeypatch.setattr(shinestacker.Job, "succeeds", False)
    with pytest.raises(SystemExit, match="shinestacker failed"):
        stackers.main([str(files[0].parent), str(tmp_path / "out.png")])
    assert not (tmp_path / "out.png").exists()


@pytest.mark.skipif(not os.environ.get(stackers.VARIABLE), reason="needs SHINESTACKER_PYTHON")
@pytest.mark.parametrize("align", [False, True])
def test_shinestacker_writes_a_picture(tmp_path, align):
    (tmp_path / "given").mkdir()
    stack = scenes.focal_stack(distances=3, shift=2.0).stack
    for index in range(3):
        save(stack.pixels(index), tmp_path / "given" / f"{index}.png")
    files = sorted((tmp_path / "given").iterdir())
    command, file = stackers.programs(files, tmp_path, align=align)["shinestacker"]
    stacking_scores.run(command)
    assert open_stack([file]).shape == (1, *stack.shape[1:])


@pytest.mark.skipif(not shutil.which("enfuse"), reason="needs enfuse")
def test_enfuse_stacks_by_focus(files, tmp_path, texture):
    command, file = stackers.programs(files, tmp_path, align=False)["enfuse"]
    stacking_scores.run(command)
    fused = open_stack([file])[0]
    assert psnr(fused, texture) > max(psnr(frame, texture) for frame in open_stack(files)) + 6


def test_a_program_that_fails_is_no_result():
    with pytest.raises(subprocess.CalledProcessError):
        stacking_scores.run([*stackers.QUIET, sys.executable, "-c", "raise SystemExit('no')"])


# --- scores ----------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_pictures_of_8_bits():
    truth = np.full((8, 8), 100 / 255, np.float32)
    assert stacking_scores.score(np.full((8, 8), 110, np.uint8), truth) == 28.13
    assert stacking_scores.score(np.full((8, 8), 110.3 / 255, np.float32), truth) == 28.13


def test_below_the_best_pick_counts_down():
    assert stacking_scores.compared({"best pick": 40.0, "ours": 38.5})["below_best_pick"] == 1.5
    assert stacking_scores.compared({"best pick": 40.0, "ours": 41.0})["below_best_pick"] == -1


def test_breathing_frames_are_scored_as_the_command_fuses_them(small, no_others, tmp_path, monkeypatch):
    monkeypatch.setattr(stacking_scores, "FRAMES", 4)
    monkeypatch.setattr(stacking_scores, "BORDER", 20)
    told = stacking_scores.of_breathing(tmp_path)
    assert "install enfuse" in told["moving"]["enfuse"]
    truth = open_stack([tmp_path / "truth.png"]).pixels(0)[20:-20, 20:-20]
    single = [psnr(frame[20:-20, 20:-20], truth) for frame in frames_in(tmp_path / "still")]
    for name in ("moving", "still"):
        scores = told[name]
        assert scores["best pick"] > scores["best single frame"] + 1
        assert scores["ours"] > scores["best single frame"] + 1
        assert scores["best single frame"] == pytest.approx(max(single), abs=0.006)
        assert scores["below_best_pick"] == pytest.approx(scores["best pick"] - scores["ours"], abs=0.011)
    fused = open_stack([tmp_path / "still fused" / "ours.png"]).pixels(0)[20:-20, 20:-20]
    assert told["still"]["ours"] == pytest.approx(psnr(fused, truth), abs=0.006)


def test_only_frames_that_move_are_aligned(tmp_path, all_others, monkeypatch):
    ran = []
    monkeypatch.setattr(stacking_scores, "run", ran.append)
    (tmp_path / "0.jpg").touch()
    for align, model in ((True, "similarity"), (False, "none")):
        found = stacking_scores.fused_by_programs(tmp_path, tmp_path / "out", align=align)
        assert set(found) == {"ours", "shinestacker"} | (set() if align else {"enfuse"})  # which cannot align
        ours, theirs = ran[:2]
        assert found["ours"].suffix == ".png" and (align or found["enfuse"].suffix == ".png")
        assert ours[ours.index("--align") + 1] == model
        assert ("--align" in theirs) == align
        ran.clear()


def test_all_methods_are_scored_through_a_lens(tmp_path, no_others, monkeypatch):
    methods = {"ours": lambda stack: stack[3], "mean of two": lambda stack: (stack[3] + stack[4]) / 2}
    monkeypatch.setattr(stacking_scores, "METHODS", methods)
    told = stacking_scores.of_lens(tmp_path, f_number=2.0)
    assert set(told) == {
        *("best pick", "best single frame", "mean", "ours", "mean of two"),
        *("shinestacker", "enfuse", "below_best_pick"),
    }
    made = scenes.focal_stack(distances=8, f_number=2.0)
    assert told["ours"] == pytest.approx(psnr(made.stack.pixels(3), made.sharp), abs=0.006)
    assert told["best single frame"] >= told["ours"]
    assert told["best pick"] > told["best single frame"] + 6
    assert told["below_best_pick"] > 6
    given = open_stack(tmp_path / "frames")
    assert_array_equal(given.pixels(7), made.stack.pixels(7))  # what others get


def test_other_programs_are_scored_on_the_same_frames(tmp_path, monkeypatch):
    """A stand-in that copies the first frame is scored as that frame is."""

    def programs(frames, folder, *, align, lossless):
        assert align is False and lossless and len(frames) == 2
        return {"copy": ([sys.executable, "-c", COPY, frames[0], folder / "copy.png"], folder / "copy.png")}

    monkeypatch.setattr(stackers, "programs", programs)
    frames = [np.full((40, 40), value, np.uint8) for value in (110, 0)]
    told = stacking_scores.by_others(frames, np.full((40, 40), 100 / 255, np.float32), tmp_path)
    assert told == {"copy": 28.13}


COPY = "import shutil, sys; shutil.copy(*sys.argv[1:])"


def test_noise_that_is_left_is_a_share_of_that_of_a_frame(monkeypatch):
    methods = {"mean": lambda stack: np.mean(stack, axis=0), "first": lambda stack: stack[0]}
    monkeypatch.setattr(stacking_scores, "AVERAGING", methods)
    told = stacking_scores.shares_left(stacking_scores.flat_picture(16), np.s_[:, :])
    assert told["mean"] == pytest.approx(0.25, rel=0.02)
    assert told["first"] == pytest.approx(1, rel=0.02)
    frame = stacking_scores.flat_picture(1)[0]
    assert frame.std() == pytest.approx(stacking_scores.SIGMA, rel=0.02)


def test_a_flat_part_of_a_scene_shows_nothing_but_noise(monkeypatch):
    """The mean of its frames has noise of 1 / root of their number: no blur of its surroundings reaches it."""
    monkeypatch.setattr(stacking_scores, "AVERAGING", {"mean": lambda stack: np.mean(stack, axis=0)})
    monkeypatch.setattr(stacking_scores, "COUNTS", (4,))
    told = stacking_scores.of_flat(None)
    assert told["flat part of a scene"]["4_frames"]["mean"] == pytest.approx(0.5, rel=0.05)
    assert told["flat picture"]["4_frames"]["mean"] == pytest.approx(0.5, rel=0.02)
    stack = stacking_scores.scene_with_flat_part(4)
    assert stack[0].std() > 0.1  # the rest is a scene


def test_offsets_between_channels_are_no_noise():
    image = np.zeros((10, 10, 3)) + [0.1, 0.5, 0.9]
    assert stacking_scores.deviation(image) == pytest.approx(0, abs=1e-12)


def test_a_result_that_depends_on_the_order_is_told(monkeypatch):
    stack = stacking_scores.flat_picture(6)
    assert stacking_scores.difference_by_order(stack) < 1e-5
    monkeypatch.setattr(stacking_scores, "pyramid_fusion", lambda stack: np.asarray(stack[0]))
    assert stacking_scores.difference_by_order(stack) > 0.05


def test_scores_of_a_part_are_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(stacking_scores.PARTS, "flat", lambda folder: {"in": folder.name})
    stacking_scores.main("flat", tmp_path / "new")
    assert json.loads(capsys.readouterr().out) == {"in": "new"}
    assert (tmp_path / "new").is_dir()


# --- the command -----------------------------------------------------------------------------------------------------


def test_all_programs_align_and_fuse_up_to_20_frames(files, tmp_path, all_others):
    found = stacking.programs(files * 10, tmp_path)
    assert set(found) == {"ours", "shinestacker", "enfuse"}
    assert found["shinestacker"][-1] == "--align"
    assert found["ours"][3:] == [
        *("stack", *files * 10, "-o", tmp_path / "ours.jpg"),
        *("--align", "similarity", "--force", "--quiet"),
    ]
    assert set(stacking.programs([*files * 10, files[0]], tmp_path)) == {"ours"}


def test_ours_fuses(files, tmp_path, texture):
    command = stacking.fuse(files, tmp_path / "ours.png", "--ram", "2G")
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
    fused = open_stack([tmp_path / "ours.png"])[0]
    assert psnr(fused, texture) > max(psnr(frame, texture) for frame in open_stack(files)) + 6


def test_ratios_are_ours_to_others(no_others):
    told = stacking.compared({"ours": RUN, "enfuse": RUN | {"cpu_s": 8.0}})
    assert told["cpu_ratio_to_enfuse"] == 0.5
    assert "cpu_ratio_to_shinestacker" not in told
    assert told["shinestacker"].startswith("not at hand")


def test_speed_of_all_programs(tmp_path, monkeypatch, all_others):
    ran, asked, in_turns = [], [], []

    def make(name, folder, count):
        asked.append((name, folder.name, count))
        return [Path("frame.jpg")] * count

    monkeypatch.setattr(stacking, "made", make)
    monkeypatch.setattr(stacking, "measure", lambda command: ran.append(command) or RUN)
    monkeypatch.setattr(
        stacking,
        "in_turn",
        lambda commands, repeats: (
            in_turns.append(commands)
            or {
                name: RUN | {"runs": repeats, "peak_mb": 400.0 + commands["ours"].count(Path("frame.jpg"))}
                for name in commands
            }
        ),
    )
    told = stacking.speed(tmp_path, 2)["speed"]
    moved = [("moving", f"moving{count}", count) for count in (10, 20, 40)]
    assert asked == [*moved, ("large", "large", 100)]
    assert told["10_frames"]["ours"]["runs"] == 2
    assert set(told["20_frames"]) == {*("ours", "shinestacker", "enfuse"), *RATIOS}
    assert set(told["40_frames"]) == {"ours"}
    assert told["memory_growth"] == round(440 / 410, 3)
    assert in_turns[-1]["ours"][-2:] == ["--ram", "550M"] and in_turns[-1]["ours"].count(Path("frame.jpg")) == 10
    assert told["10_frames_in_550_mb"]["ours"]["runs"] == 2
    assert ran[-1].count(Path("frame.jpg")) == 100
    assert told["100_frames_of_24_megapixels"] == {"ours": RUN}


RATIOS = {"cpu_ratio_to_shinestacker", "cpu_ratio_to_enfuse"}


def test_stacks_are_made_by_modules(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: asked.append(command))
    for name in ("1.jpg", "0.jpg", "truth.json"):
        (tmp_path / name).touch()
    assert [path.name for path in stacking.made("moving", tmp_path, 10)] == ["0.jpg", "1.jpg"]
    assert asked == [[sys.executable, "-m", "benchmarks.moving", str(tmp_path), "10"]]


def test_quality_has_all_scores(tmp_path, monkeypatch):
    monkeypatch.setattr(stacking, "printed_by", lambda command: command[-2:])
    told = stacking.quality(tmp_path, 1)["quality"]
    assert told == {part: [part, tmp_path / part] for part in stacking_scores.PARTS}


def test_parts_run_alone_and_are_saved(monkeypatch, tmp_path, capsys, all_others):
    monkeypatch.setattr(stacking, "RESULTS", tmp_path / "stacking.json")
    monkeypatch.setitem(stacking.PARTS, "speed", lambda stacks, repeats: {"speed": {"asked": [str(stacks), repeats]}})
    monkeypatch.setitem(stacking.PARTS, "quality", lambda stacks, repeats: {"quality": {"repeats": repeats}})
    stacking.main(["--part", "quality"])
    assert not stacking.RESULTS.exists()
    stacking.main(["--part", "quality", "--save"])
    stacking.main(["--part", "speed", "--repeats", "5", "--stacks", "kept", "--save"])
    saved = json.loads(stacking.RESULTS.read_text())
    assert saved["quality"]["repeats"] == 3 and saved["speed"]["asked"] == ["kept", 5]
    assert "processor" in saved["speed"]["machine"]


def test_nothing_is_saved_without_the_others(no_others, capsys):
    with pytest.raises(SystemExit):
        stacking.main(["--save"])
    told = capsys.readouterr().err
    assert "SHINESTACKER_PYTHON" in told and "install enfuse" in told

"""The benchmark of depth from focus: scenes with truth, figures, yardsticks, refinements, and what is run."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks import depth, depth_labels, depth_scenes, depth_scores
from benchmarks.depth_scenes import Known
from benchmarks.depth_scores import Found
from data import datasets, open_stack, save, scenes
from data.scenes.photographs import motorcycle
from fusion import depth_from_focus, pyramid_fusion
from fusion.depth import FOCUS_MEASURES, REFINEMENTS
from fusion.depth.graph_cut import graph_cut
from fusion.depth.volume import focus_volume, gray_of
from fusion.depth.votes import votes_of
from fusion.log_maximum import laplacian_of_gaussian
from fusion.metrics import psnr
from fusion.metrics.door import eight_bits

ROOT = Path(__file__).resolve().parents[2]
RUN = {"cpu_s": 2.0, "user_s": 1.5, "system_s": 0.5, "elapsed_s": 2.0, "peak_mb": 500.0}
PART = np.s_[120:216, 280:408]  # of the motorcycle: its tank, and what is behind it


def part_of_motorcycle():
    return tuple(plane[PART] for plane in motorcycle())


@pytest.fixture(scope="module")
def scene():
    """Seven frames of 128 x 96 pixels, with noise."""
    return depth_scenes.rendered(part_of_motorcycle, 7, 0.01)


@pytest.fixture(scope="module")
def found(scene):
    return depth_from_focus(scene.stack)


@pytest.fixture
def only_scene(scene, monkeypatch):
    """The small scene takes the place of all."""
    monkeypatch.setattr(depth_scores, "SCENES", dict.fromkeys(depth_scenes.SCENES, lambda: scene))
    monkeypatch.setattr(depth_scores, "missing", lambda: {})


@pytest.fixture
def clock(monkeypatch):
    """Every call costs 2.34567 CPU seconds."""
    monkeypatch.setattr(depth_scores, "timed", lambda call, *given, **more: (call(*given, **more), 2.34567))


# --- scenes ----------------------------------------------------------------------------------------------------------


def test_all_scenes_have_names():
    assert len(depth_scenes.SCENES) == 1 + 2 * 2 * 3
    assert {"cone", "motorcycle, 9 frames, 0% noise", "antinous, 25 frames, 3% noise"} < set(depth_scenes.SCENES)
    assert set(depth_scores.MEASURED) < set(depth_scenes.SCENES)


def test_the_truth_of_a_rendered_scene_is_where_it_is_sharpest(scene):
    made = scenes.focal_stack(*part_of_motorcycle(), distances=7, noise=0.01)
    assert_array_equal(scene.truth, made.position)
    assert_array_equal(np.asarray(scene.stack), np.asarray(made.stack))
    assert_array_equal(scene.sharp, made.sharp)
    assert np.mean(np.abs(scene.truth - made.index) <= 0.5) > 0.95  # blur is not quite even in 1 / distance
    assert np.ptp(scene.truth) > 4


def test_scenes_are_rendered_as_they_are_called(monkeypatch):
    asked = []
    monkeypatch.setattr(
        scenes, "focal_stack", lambda *given, **options: asked.append(options) or SimpleNamespace(**RENDERED)
    )
    assert depth_scenes.SCENES["motorcycle, 25 frames, 3% noise"]() == (1, 2, 3)
    assert asked == [{"distances": 25, "noise": 0.03}]


RENDERED = {"stack": 1, "position": 2, "sharp": 3}


def test_the_depth_of_the_cone_rises_from_the_centre_to_the_corners():
    truth = depth_scenes.depth_of_cone((5, 9), 30)
    assert truth.shape == (5, 9) and truth[2, 4] == 0
    assert_allclose(truth[[0, 0, -1, -1], [0, -1, 0, -1]], 29)
    assert truth[2, 6] == pytest.approx(29 * 2 / np.hypot(2, 4))
    assert depth_scenes.depth_of_cone((256, 256), 30).min() == pytest.approx(29 * 0.5 / 127.5)


def test_the_cone_is_a_stack_without_a_sharp_image(monkeypatch):
    frames = open_stack(np.zeros((4, 6, 8), np.float32))
    monkeypatch.setattr(depth_scenes, "load", {"dff/sim-cone": frames}.get)
    stack, truth, sharp = depth_scenes.cone()
    assert stack is frames and sharp is None
    assert_array_equal(truth, depth_scenes.depth_of_cone((6, 8), 4))


def write_pfm(path, values, order, kind="Pf"):
    scale = -1 if order == "<" else 1
    header = f"{kind}\n{values.shape[1]} {values.shape[0]}\n{scale}\n".encode()
    path.write_bytes(header + values[::-1].astype(f"{order}f4").tobytes())


@pytest.mark.parametrize("order", "<>")
def test_float_maps_are_read(order, tmp_path):
    values = np.float32([[1.5, -2, 3], [4, 5, 6e-3]])
    write_pfm(tmp_path / "map.pfm", values, order)
    read = depth_scenes.read_pfm(tmp_path / "map.pfm")
    assert read.dtype == np.float32 and read.dtype.isnative
    assert_array_equal(read, values)


def test_a_float_map_in_colour_is_refused(tmp_path):
    write_pfm(tmp_path / "map.pfm", np.zeros((2, 3)), "<", kind="PF")
    with pytest.raises(ValueError, match="map.pfm: begins with 'PF'; a gray"):
        depth_scenes.read_pfm(tmp_path / "map.pfm")


def test_the_antinous_is_as_far_as_its_disparity_says(monkeypatch, tmp_path):
    """Nearness is linear in disparity: half way between 5 and 2 m it is 0.35 per metre."""
    files = [tmp_path / "rgb.png", tmp_path / "disparity.pfm"]
    monkeypatch.setattr(datasets, "find", {"dff/antinous-rgbd": files}.get)
    picture = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    save(picture, files[0])
    write_pfm(files[1], np.float32([[-3, 0, 3], [1.5, -3, -3]]), "<")
    photograph, metres = depth_scenes.antinous()
    assert_array_equal(photograph, picture)
    assert_allclose(metres, [[5, 1 / 0.35, 2], [1 / 0.425, 5, 5]], rtol=1e-6)


def test_missing_sets_are_named(monkeypatch):
    monkeypatch.setattr(depth_scenes, "is_at_hand", lambda name: name != "dff/antinous-rgbd")
    assert depth_scenes.missing() == {"antinous": "dff/antinous-rgbd"}
    assert not [name for name in depth_scores.at_hand(depth_scenes.SCENES) if name.startswith("antinous")]
    assert len(depth_scores.at_hand(depth_scenes.SCENES)) == 7
    monkeypatch.setattr(depth_scenes, "is_at_hand", lambda name: True)
    assert depth_scenes.missing() == {}
    assert depth_scores.at_hand(depth_scores.MEASURED) == list(depth_scores.MEASURED)


def test_frames_are_enlarged_and_get_grain(tmp_path):
    depth_scenes.main(tmp_path / "new", 3, (300, 200))
    stack = open_stack(tmp_path / "new")
    assert list(stack.names) == ["00.jpg", "01.jpg", "02.jpg"] and stack.shape == (3, 200, 300, 3)
    expected = scenes.focal_stack(distances=3).stack
    for frame, plain in zip(stack, expected):
        assert psnr(frame, cv2.resize(plain, (300, 200), interpolation=cv2.INTER_CUBIC).clip(0, 1)) > 32


def test_grain_is_gray_and_differs_from_frame_to_frame(monkeypatch, tmp_path):
    written = {}
    monkeypatch.setattr(depth_scenes, "save", lambda image, path, **options: written.update({path.name: image}))
    flat = SimpleNamespace(stack=[np.full((5, 7, 3), 0.5, np.float32)] * 2)
    monkeypatch.setattr(scenes, "focal_stack", lambda distances: flat)
    depth_scenes.main(tmp_path, 2, (90, 60))
    first, second = (image - 0.5 for image in written.values())
    assert first.std() == pytest.approx(2 / 255, rel=0.05)
    assert_allclose(first[..., 0], first[..., 2], atol=1e-6)
    assert abs(np.corrcoef(first[..., 0].ravel(), second[..., 0].ravel())[0, 1]) < 0.1


# --- figures ---------------------------------------------------------------------------------------------------------


def test_figures_of_a_depth_map():
    truth = np.zeros((1, 10))
    depth_map = np.float64([[0, 0, 0, 0, 0, 0.5, 0.5, 1, 1.5, 2.5]])
    told = depth_scores.figures(Found(depth_map), truth)
    assert told == {"mean": 0.6, "median": 0.25, "off": 0.2}
    right = depth_scores.figures(Found(depth_map, -depth_map), truth)
    assert right["sparsification_area"] == pytest.approx(0, abs=1e-4)
    assert right["mean_of_80_percent"] == 0.25
    wrong = depth_scores.figures(Found(depth_map, depth_map), truth)
    assert wrong["sparsification_area"] > 0.5 and wrong["mean_of_80_percent"] == 0.75


def test_unsure_pixels_are_counted_and_left_out():
    truth, depth_map = np.zeros((1, 4)), np.float64([[0.1, 0.3, 5, 5]])
    told = depth_scores.figures_of_ours(Found(depth_map, np.float32([[0.9, 0.2, 0.199, 0]])), truth)
    assert (told["unsure"], told["mean_of_sure"], told["mean"]) == (0.5, 0.2, 2.6)
    told = depth_scores.figures_of_ours(Found(depth_map, np.zeros((1, 4))), truth)
    assert (told["unsure"], told["mean_of_sure"]) == (1, None)


def test_unsure_is_what_the_library_marks(scene, found):
    told = depth_scores.figures_of_ours(found, scene.truth)
    assert 0 < told["unsure"] == pytest.approx(found.unsure.mean(), abs=1e-4)
    assert told["mean_of_sure"] < told["mean"]


def test_a_straight_line_is_fitted():
    truth = np.linspace(0, 29, 60).reshape(6, 10)
    assert depth_scores.straight_fit(0.9 * truth + 1.25, truth) == {"slope": 0.9, "offset": 1.25}


# --- yardsticks ------------------------------------------------------------------------------------------------------


def test_the_winner_takes_all(scene):
    strength = [laplacian_of_gaussian(frame, 5) for frame in scene.stack]
    found = depth_scores.winner_takes_all(scene.stack)
    assert_array_equal(found.depth, np.argmax(strength, axis=0))
    assert found.confidence.shape == scene.truth.shape and np.ptp(found.confidence) > 0.1


def test_peaks_of_gaussians_are_found_between_frames():
    centres = np.float64([[0.6, 2.0, 2.5], [3.3, 4.4, 1.49]])
    frames = np.arange(6)[:, None, None]
    energy = 7 * np.exp(-0.5 * ((frames - centres) / 1.1) ** 2)
    assert_allclose(depth_scores.three_point_peak(energy), centres, atol=1e-3)


def test_peaks_at_the_ends_and_flat_profiles_stay():
    falling = np.float64([9, 4, 1, 0.5])[:, None, None]
    assert depth_scores.three_point_peak(falling) == 0
    assert depth_scores.three_point_peak(falling[::-1]) == 3
    assert depth_scores.three_point_peak(np.ones((4, 1, 1))) == 0
    assert depth_scores.three_point_peak(np.zeros((2, 1, 1))) == 0


def test_a_window_averages_energy(scene):
    energy = np.float64([laplacian_of_gaussian(gray_of(frame)) for frame in scene.stack]) ** 2
    averaged = np.stack([cv2.GaussianBlur(plane, (0, 0), 5) for plane in energy])
    depth_map = depth_scores.in_window(scene.stack, 5).depth
    assert_allclose(depth_map, depth_scores.three_point_peak(averaged), atol=1e-2)


def test_yardsticks_have_figures(scene):
    rows = depth_scores.by_yardsticks(scene.stack, scene.truth)
    assert set(rows) == {"winner takes all", *(f"winner takes all, window of {size} px" for size in (2, 5, 10))}
    assert "mean_of_80_percent" in rows["winner takes all"]
    assert rows["winner takes all, window of 5 px"]["mean"] < 0.5 * rows["winner takes all"]["mean"]
    assert len({row["mean"] for row in rows.values()}) == 4


# --- refinements -----------------------------------------------------------------------------------------------------


def test_depth_is_found_by_the_library_and_refinements_are_clocked(clock, scene):
    pytest.importorskip("maxflow")
    before = dict(REFINEMENTS)
    for options, refinements in (({"refine": "none"}, 1), ({"preset": "graph-cut"}, 2)):
        found, costs, index = depth_scores.with_costs(scene.stack, **options)
        expected = depth_from_focus(scene.stack, **options)
        for part in ("depth", "confidence", "all_in_focus"):
            assert_array_equal(getattr(found, part), getattr(expected, part))
        assert index.shape == scene.truth.shape and np.mean(np.abs(index - found.depth) < 1) > 0.9
        assert costs == {"cpu_s": 2.346, "refinement_cpu_s": round(refinements * 2.34567, 3)}
    assert REFINEMENTS == before


def test_a_refinement_takes_a_part_of_the_time(scene):
    _, costs, _ = depth_scores.with_costs(scene.stack)
    assert 0 < costs["refinement_cpu_s"] < costs["cpu_s"] < 10
    _, costs, _ = depth_scores.with_costs(scene.stack, refine="none")
    assert costs["refinement_cpu_s"] < 0.1 * costs["cpu_s"]


def test_ours_is_the_default():
    assert inspect.signature(depth_from_focus).parameters["refine"].default == depth_scores.DEFAULT
    assert inspect.signature(depth_from_focus).parameters["preset"].default is None


def test_figures_of_a_scene(only_scene, clock, scene, found):
    pytest.importorskip("maxflow")
    told = depth_scores.of_scene("cone")
    rows = dict(told["methods"])
    for name in REFINEMENTS:
        expected = depth_scores.figures_of_ours(depth_from_focus(scene.stack, refine=name), scene.truth)
        assert rows.pop(name).items() >= expected.items(), name
    preset = depth_from_focus(scene.stack, preset="graph-cut")
    assert rows.pop("preset graph-cut").items() >= depth_scores.figures_of_ours(preset, scene.truth).items()
    votes = votes_of(focus_volume(scene.stack))
    assert rows.pop("graph-cut, whole frames")["mean"] == pytest.approx(
        np.abs(graph_cut(votes)[0] - scene.truth).mean(), abs=6e-5
    )
    assert rows == depth_scores.by_yardsticks(scene.stack, scene.truth)
    assert told["fit"] == depth_scores.straight_fit(found.depth, scene.truth)
    images = {"guided": found.all_in_focus, "preset graph-cut": preset.all_in_focus}
    images["pyramid_fusion"] = pyramid_fusion(scene.stack)
    truth = eight_bits(scene.sharp)
    scores = {name: psnr(eight_bits(image), truth) for name, image in images.items()}
    scores["best single frame"] = max(psnr(eight_bits(frame), truth) for frame in scene.stack)
    assert told["psnr_db"] == pytest.approx(scores, abs=6e-3)


def test_without_a_sharp_image_there_is_no_psnr(scene, monkeypatch):
    monkeypatch.setattr(depth_scores, "SCENES", {"cone": lambda: Known(scene.stack, scene.truth, None)})
    monkeypatch.setattr(depth_scores, "OURS", {"guided": {}})
    assert set(depth_scores.of_scene("cone")) == {"methods", "fit"}


def row(mean, cpu_s):
    return {"mean": mean, "cpu_s": 99.0, "refinement_cpu_s": cpu_s}


ROWS = {
    "winner takes all": {"mean": 4.0},
    "winner takes all, window of 2 px": {"mean": 1.0},
    "winner takes all, window of 5 px": {"mean": 0.8},
    "guided": row(0.4, 0.5),
    "graph-cut": row(0.5, 10.0),
    "graph-cut, whole frames": {"mean": 0.64},
    "preset graph-cut": row(0.32, 12.5),
}


def test_ours_is_compared():
    told = depth_scores.compared({"methods": ROWS, "psnr_db": {"guided": 40.1, "pyramid_fusion": 40.35}})
    assert told == {
        "error_of_winner_takes_all": 10,
        "error_to_best_window": 0.5,
        "error_to_graph_cut": 0.8,
        "error_to_labels_of_graph_cut": 0.625,
        "error_to_preset": 1.25,
        "cpu_ratio_to_graph_cut": 0.05,
        "cpu_ratio_to_preset": 0.04,
        "db_above_pyramid_fusion": -0.25,
    }
    assert "db_above_pyramid_fusion" not in depth_scores.compared({"methods": ROWS})


def test_all_scenes_are_compared(monkeypatch):
    monkeypatch.setattr(depth_scores, "missing", lambda: {"antinous": "dff/antinous-rgbd"})
    monkeypatch.setattr(depth_scores, "of_scene", lambda name: {"methods": ROWS, "name": name})
    told = depth_scores.of_scenes(1)
    assert len(told["scenes"]) == 7 and set(told["compared"]) == set(told["scenes"])
    assert all(of["name"] == name for name, of in told["scenes"].items())
    assert told["compared"]["cone"]["error_of_winner_takes_all"] == 10


def test_each_focus_measure_has_figures(only_scene, clock, scene):
    told = depth_scores.of_measures(1)
    assert set(told) == set(depth_scores.MEASURED) and len(told) == 3
    rows = told["cone"]
    assert set(rows) == {"log", "sml", "tenengrad", "variance", "ring", "multi-scale-log"} < set(FOCUS_MEASURES)
    for measure, figures in rows.items():
        found = depth_from_focus(scene.stack, measure=measure)
        assert figures == depth_scores.figures_of_ours(found, scene.truth) | {
            "cpu_s": 2.346,
            "refinement_cpu_s": 2.346,
        }


def test_a_part_is_printed_and_runs_on_one_thread(monkeypatch, capsys):
    threads = cv2.getNumThreads()
    monkeypatch.setitem(depth_scores.PARTS, "scenes", lambda jobs: [jobs, cv2.getNumThreads()])
    monkeypatch.setattr(depth_scores, "missing", lambda: {"cone": "dff/sim-cone"})
    try:
        for part, expected in (("scenes", [3, 1]), ("missing", ["dff/sim-cone"])):
            depth_scores.main([part, "--jobs", "3"])
            assert json.loads(capsys.readouterr().out) == expected
    finally:
        cv2.setNumThreads(threads)


# --- labels ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(depth_labels, "SHAPE", (80, 120))


def test_votes_are_drawn_again_by_the_same_seed(small):
    for first, second in zip(depth_labels.volume(3), depth_labels.volume(3), strict=True):
        assert_array_equal(first, second)
    assert np.abs(depth_labels.volume(3)[0] - depth_labels.volume(4)[0]).mean() > 0.05


def test_votes_without_noise_tell_the_truth(small, monkeypatch):
    votes, _, _ = depth_labels.volume()
    monkeypatch.setattr(depth_labels, "NOISE", 0)
    clean, truth, guide = depth_labels.volume()
    assert clean.shape == (25, 80, 120) and votes.min() >= 0 and votes.max() <= 1
    assert np.abs(clean.argmax(axis=0) - truth).max() <= 0.5 + 1e-6
    assert 0 <= truth.min() and truth.max() <= 24
    heights = clean.max(axis=0)
    weak = heights < 0.21
    assert_allclose(clean.sum(axis=0)[~weak & (truth > 6) & (truth < 18)], np.sqrt(2 * np.pi) * 1.5, rtol=1e-3)
    assert 0.2 < weak.mean() < 0.8 and heights[~weak].min() > 0.9
    assert np.mean(weak[:, 1:] == weak[:, :-1]) > 0.9  # in patches
    inside = (clean > 0.4) & (clean < 0.6)
    assert np.std((votes - clean)[inside]) == pytest.approx(depth_labels.NOISE or 0.25, rel=0.1)
    steps = np.abs(np.diff(truth, axis=1)) > 2
    assert np.abs(np.diff(guide, axis=1))[steps].mean() > 5 * np.median(np.abs(np.diff(guide, axis=1)))


def test_neighbours_share_noise(small):
    grain = depth_labels.grains(np.random.default_rng(0))
    assert grain.std() == pytest.approx(1)
    assert 0.7 < np.corrcoef(grain[:, 1:].ravel(), grain[:, :-1].ravel())[0, 1] < 0.95


def test_ways_to_choose_frames_are_scored(small, monkeypatch):
    pytest.importorskip("maxflow")
    votes, truth, guide = depth_labels.volume()
    before = votes.copy()
    monkeypatch.setattr(depth_labels, "timed", lambda call, *given: (call(*given), 1.239))
    told = depth_labels.labelled(votes, truth, guide)
    assert set(told) == set(depth_labels.METHODS) and all(row["cpu_s"] == 1.24 for row in told.values())
    assert_array_equal(votes, before)
    mean = {name: row["mean"] for name, row in told.items()}
    assert mean["winner takes all"] == pytest.approx(np.abs(votes.argmax(axis=0) - truth).mean(), abs=6e-4)
    assert max(mean["graph cut"], mean["semi-global"], mean["guided"]) < mean["winner takes all"]
    assert mean["guided, semi-global, peak"] < mean["guided, semi-global"] < mean["semi-global"]
    assert mean["guided, peak"] < mean["guided"]


@pytest.mark.parametrize("name", depth_labels.METHODS)
def test_ways_find_fractions_as_they_are_called(name, small):
    if "cut" in name:
        pytest.importorskip("maxflow")
    votes, _, guide = depth_labels.volume()
    found = depth_labels.METHODS[name](votes, guide)
    assert found.shape == (80, 120)
    assert np.any(found != np.rint(found)) == name.endswith("peak")


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(scene, tmp_path):
    """Files of the small scene."""
    (tmp_path / "given").mkdir()
    for index in range(len(scene.stack)):
        save(scene.stack.pixels(index), tmp_path / "given" / f"{index}.png")
    return sorted((tmp_path / "given").iterdir())


@pytest.mark.parametrize("align", depth.ALIGNED)
def test_the_command_finds_depth(align, files, tmp_path):
    command = depth.find_depth(files, tmp_path, align)
    assert command[command.index("--align") + 1] == align
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)
    assert open_stack([tmp_path / "depth.png"]).bit_depth == 16
    assert open_stack([tmp_path / "sharp.jpg"]).shape == (1, 96, 128, 3)


def test_frames_are_made_by_a_module(monkeypatch, tmp_path):
    asked = []

    def run(command, check):
        asked.append(command)
        for name in ("02.jpg", "01.jpg", "00.jpg", "notes.txt"):
            (tmp_path / name).touch()

    monkeypatch.setattr(subprocess, "run", run)
    assert [path.name for path in depth.made(tmp_path, (5, 40, 30))] == ["00.jpg", "01.jpg", "02.jpg"]
    assert asked == [[sys.executable, "-m", "benchmarks.depth_scenes", str(tmp_path), "5", "40", "30"]]


@pytest.fixture
def ran(monkeypatch):
    """What is made and run, in order; nothing is."""
    done = []
    monkeypatch.setattr(depth, "made", lambda folder, size: done.append(size) or ["a.jpg", "b.jpg"])
    monkeypatch.setattr(depth, "measure", lambda command: done.append(command) or RUN)
    monkeypatch.setattr(depth, "in_turn", lambda commands, repeats: done.append((commands, repeats)) or "runs")
    return done


def test_programs_run_in_turn_after_one_that_does_not_count(ran):
    assert depth.speed(SimpleNamespace(repeats=4)) == {"25_frames_of_2_megapixels": "runs"}
    size, first, (commands, repeats) = ran
    assert size == (25, 1632, 1224) and repeats == 4
    assert list(commands) == ["align none", "align similarity"] and first == commands["align none"]
    assert all(command[-3] == name.split()[1] for name, command in commands.items())
    assert commands["align none"][3:6] == ["depth", "a.jpg", "b.jpg"]


def test_many_large_frames_are_run_once(ran):
    assert depth.memory(SimpleNamespace(repeats=4)) == {"50_frames_of_12_megapixels": {"align none": RUN}}
    size, command = ran
    assert size == (50, 4016, 3000) and command[-3] == "none"


def test_parts_are_asked_of_a_module(monkeypatch):
    asked = []
    monkeypatch.setattr(depth, "printed_by", lambda command: asked.append(command[2:]) or {})
    args = depth.parse(["--jobs", "1"])
    assert args.parts == list(depth.PARTS) == ["scenes", "measures", "labels", "speed", "memory"]
    for part in args.parts[:3]:
        depth.PARTS[part](args)
    assert asked == [["benchmarks.depth_scores", part, "--jobs", 1] for part in args.parts[:3]]


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        depth.main(["scenes", "paint"])
    assert "there is no part paint; there are scenes, measures, labels, speed, memory" in capsys.readouterr().err


def test_nothing_is_saved_without_the_picture_sets(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(depth, "printed_by", lambda command: asked.append(command[2:]) or ["dff/sim-cone"])
    with pytest.raises(SystemExit):
        depth.parse(["speed", "--save"])
    assert "not at hand: dff/sim-cone; set FUSION_DATA" in capsys.readouterr().err
    assert asked == [["benchmarks.depth_scores", "missing"]]
    assert not depth.parse(["speed"]).save
    monkeypatch.setattr(depth, "printed_by", lambda command: [])
    assert depth.parse(["speed", "--save"]).save


def test_parts_run_alone_and_are_saved(monkeypatch, tmp_path, capsys):
    """What was found before stays; a sentence takes the place of no numbers."""
    monkeypatch.setattr(depth, "RESULTS", tmp_path / "depth.json")
    monkeypatch.setattr(depth, "missing", lambda: [])
    depth.RESULTS.write_text(json.dumps({"memory": {"frames": 1}, "scenes": {"cone": 2}}))
    monkeypatch.setitem(depth.PARTS, "speed", lambda args: {"repeats": args.repeats})
    monkeypatch.setitem(depth.PARTS, "scenes", lambda args: "not at hand")
    depth.main(["speed"])
    assert "speed" not in json.loads(depth.RESULTS.read_text())
    assert json.loads(capsys.readouterr().out)["speed"]["repeats"] == 3
    depth.main(["speed", "scenes", "--repeats", "5", "--save"])
    saved = json.loads(depth.RESULTS.read_text())
    assert saved["memory"] == {"frames": 1} and saved["scenes"] == {"cone": 2}
    assert saved["speed"]["repeats"] == 5 and "processor" in saved["speed"]["machine"]

"""The benchmark of registration: frames whose motion is known, methods that find it, and how they are scored."""

import json
import shutil
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter, map_coordinates

from benchmarks import aligners, moving, registration, registration_scores
from data import open_stack, save, scenes
from data.scenes.light import to_linear
from recalage import RegistrationError, project

RUN = {"cpu_s": 4.0, "user_s": 3.5, "system_s": 0.5, "elapsed_s": 4.0, "peak_mb": 500.0}
SHAPE = (300, 400)


def turned(degrees, scale=1.0, shift=(0.0, 0.0), shape=SHAPE):
    """Matrix that turns and scales about the centre of a picture, and shifts it."""
    centre = (np.array(shape[::-1]) - 1) / 2
    matrix = np.vstack([cv2.getRotationMatrix2D((0, 0), -degrees, scale), [0, 0, 1]])
    matrix[:2, 2] = centre + shift - matrix[:2, :2] @ centre
    return matrix


def shift_between(moved, reference):
    """How far one image is shifted against another, by least squares on gradients; gain and offset are free."""
    mean = (moved + reference) / 2
    down, across = np.gradient(mean)
    inside = slice(20, -20), slice(20, -20)
    columns = [across, down, mean, np.ones_like(mean)]
    system = np.stack([column[inside].ravel() for column in columns], axis=1)
    return -np.linalg.lstsq(system, (moved - reference)[inside].ravel())[0][:2]


# --- frames whose motion is known ------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Frames of 480 x 360 pixels in place of 12 megapixels."""
    monkeypatch.setattr(moving, "SIZE", (480, 360))
    monkeypatch.setattr(moving, "MARGIN", 24)
    monkeypatch.setattr(moving, "SHIFT", 1.0)


def test_motion_is_what_was_asked_for():
    matrices, gains = moving.motion(40, seed=3)
    turns = np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    scales = np.sqrt(np.linalg.det(matrices[:, :2, :2]))
    centre = (np.array(moving.SIZE) - 1) / 2
    shifts = (matrices @ [*centre, 1])[:, :2] - centre
    assert 1.5 < np.abs(turns).max() < 2 and np.ptp(turns) > 3
    assert_allclose(scales[1:] / scales[:-1], 1.001)
    assert 3 < shifts.std() < 5
    assert 0.05 < np.abs(gains - 1).max() < 0.1
    assert_array_equal(matrices[20], np.eye(3))
    assert gains[20] == 1


def test_a_seed_repeats_the_motion_and_another_does_not():
    assert_array_equal(moving.motion(5, seed=1)[0], moving.motion(5, seed=1)[0])
    assert not np.allclose(moving.motion(5, seed=1)[0], moving.motion(5, seed=2)[0])


def test_frames_of_one_scene_lie_where_their_matrices_say(small):
    """Drawn anew by splines of fifth order, the middle frame is each other one to 0.005 pixels."""
    rng = np.random.default_rng(0)
    light = gaussian_filter(rng.standard_normal(moving.canvas(moving.FINE)[::-1]), 1.5).astype(np.float32)
    frames = {turn: moving.drawn(light, moving.similarity(1.01, np.deg2rad(turn), (0.37, -1.62))) for turn in (0, 1.7)}
    middle = moving.drawn(light, np.eye(3)).astype(np.float64)
    for turn, frame in frames.items():
        x, y = np.meshgrid(np.arange(480), np.arange(360))
        places = project(moving.similarity(1.01, np.deg2rad(turn), (0.37, -1.62)), np.stack([x.ravel(), y.ravel()], 1))
        expected = map_coordinates(middle, places.T[::-1], order=5).reshape(360, 480)
        assert np.abs(shift_between(frame, expected)).max() < 0.005
        assert np.corrcoef(frame[30:-30, 30:-30].ravel(), expected[30:-30, 30:-30].ravel())[0, 1] > 0.999


def test_positions_are_not_rounded(small, monkeypatch):
    """Of a scene whose light is the column, a frame shows where each of its pixels lies."""
    columns = np.arange(moving.canvas(moving.DRAWN)[0], dtype=np.float32)
    monkeypatch.setattr(moving, "enlarge", lambda light, scale: np.tile(columns, (moving.canvas(scale)[1], 1)))
    matrix = moving.similarity(1.003, np.deg2rad(1.3), (0.21, 0.48))
    x, y = np.meshgrid(np.arange(480), np.arange(360))
    expected = (moving.to_canvas(moving.DRAWN) @ matrix)[0] @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    assert_allclose(moving.drawn(None, matrix).ravel(), expected, atol=0.001)


def test_the_middle_frame_is_the_middle_of_the_scene(small):
    """A point of the scene is drawn where the margin says, at both scales."""
    light = np.zeros(moving.canvas(moving.FINE)[::-1], np.float32)
    light[90, 100] = 1
    drawn = moving.drawn(light, np.eye(3))
    y, x = np.mgrid[:360, :480]
    found = np.array([(drawn * x).sum(), (drawn * y).sum()]) / drawn.sum()
    back = np.linalg.inv(moving.to_canvas(moving.FINE)) @ [100, 90, 1]
    assert_allclose(found, back[:2], atol=0.01)


def test_light_changes_as_the_gains_say(small):
    _, gains = moving.motion(4, seed=0)
    light = [to_linear(frame).mean() for frame in moving.frames(4, seed=0)]
    assert_allclose(light / light[2], gains, rtol=0.03)
    assert np.ptp(gains) > 0.05


def test_a_stack_is_focused_from_near_to_far(small):
    first, *_, last = (cv2.Laplacian(frame.mean(axis=2), cv2.CV_32F) for frame in moving.frames(4, seed=0))
    floor, wall = (slice(300, 350), slice(100, 380)), (slice(10, 60), slice(100, 380))
    assert first[floor].std() > 1.1 * last[floor].std()
    assert last[wall].std() > 1.1 * first[wall].std()


def test_a_stack_is_made_once(small, tmp_path):
    folder = tmp_path / "new"
    moving.main([str(folder), "3", "--seed", "5"])
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert set(written) == {"00.jpg", "01.jpg", "02.jpg", "truth.json"}
    told = json.loads((folder / "truth.json").read_text())
    assert_array_equal(told["matrices"], moving.motion(3, 5)[0])
    assert open_stack(folder).shape == (3, 360, 480, 3)
    moving.make(folder, 3, seed=5)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    moving.make(folder, 3, seed=6)
    assert_array_equal(json.loads((folder / "truth.json").read_text())["matrices"], moving.motion(3, 6)[0])
    assert (folder / "00.jpg").stat().st_mtime_ns > written["00.jpg"]


# --- methods ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shaken():
    """Three gray frames of noise that is sharp and fixed, and their matrices to the middle one."""
    rng = np.random.default_rng(0)
    scene = sum(gaussian_filter(rng.standard_normal((400, 500)), sigma) * sigma for sigma in (1, 3, 9))
    scene = (scene - scene.min()) / np.ptp(scene)
    x, y = np.meshgrid(np.arange(400), np.arange(300))
    pixels = np.stack([x.ravel(), y.ravel()], 1)
    matrices = np.stack([turned(1.0, 1.01, (3, -2)), np.eye(3), turned(-0.6, 0.995, (-4, 1))])
    places = (project(matrix, pixels).T[::-1] + 50 for matrix in matrices)
    frames = [map_coordinates(scene, place, order=3).reshape(SHAPE).clip(0, 1) for place in places]
    return open_stack([np.rint(frame * 255).astype(np.uint8) for frame in frames]), matrices


@pytest.mark.parametrize(
    ("method", "error"), [("OpenCV findTransformECC", 0.2), ("SIFT homographies", 0.5), ("similarity", 0.1)]
)
def test_methods_find_the_motion(shaken, method, error):
    stack, matrices = shaken
    found = aligners.METHODS[method](stack)
    assert_array_equal(found[:, 2, 2], 1)
    for index in (0, 2):
        assert registration_scores.corner_errors(found[index], matrices[index], SHAPE).max() < error
    assert_allclose(found[1], np.eye(3), atol=1e-9)


def test_a_level_lies_where_its_matrix_says():
    """Of a frame whose values are its columns, a level shows which column lies in the middle of each of its pixels."""
    columns = np.tile(np.arange(64, dtype=np.float32), (8, 1))
    reduced = cv2.resize(columns, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    places = np.array([[column, 0] for column in range(16)])
    assert_allclose(project(np.linalg.inv(aligners.to_level(0.25)), places)[:, 0], reduced[0])


def test_bitmaps_find_a_shift_by_whole_pixels():
    frame = scenes.built_in("built-in/gray").stack.pixels(0)
    stack = open_stack([frame[20:-20, 20:-20], frame[20:-20, 20:-20], frame[13:-27, 25:-15]])
    found = aligners.mtb(stack)
    assert_array_equal(found[:, :2, 2], [[0, 0], [0, 0], [5, -7]])


def test_a_level_that_finds_nothing_leaves_what_is_known():
    """Of frames that show nothing, OpenCV finds no correlation, and says so by an error."""
    empty = open_stack([np.zeros(SHAPE, np.uint8)] * 2)
    assert_array_equal(aligners.ecc(empty), [np.eye(3)] * 2)


def test_reading_reads_every_frame():
    asked = []
    stack = open_stack([np.zeros(SHAPE, np.uint8)] * 3).with_frames(
        lambda index: asked.append(index) or np.zeros(SHAPE, np.uint8)
    )
    assert_array_equal(aligners.reading(stack), [np.eye(3)] * 3)
    assert asked == [0, 1, 2]


def test_transforms_to_the_last_frame_become_those_to_the_middle_one():
    to_last = [turned(3, 1.1), turned(1, 1.05, (2, 3)), np.eye(3)]
    found = aligners.to_middle(to_last)
    assert_allclose(to_last[1] @ found[0], to_last[0], atol=1e-9)
    assert_allclose(found[1], np.eye(3), atol=1e-12)


def test_frames_left_out_and_methods_that_give_up_are_written(monkeypatch, tmp_path):
    monkeypatch.setattr(aligners, "open_stack", lambda folder: folder)
    found = np.stack([np.eye(3), np.full((3, 3), np.nan)])
    monkeypatch.setitem(aligners.METHODS, "one", lambda stack: found)
    aligners.main("one", "folder", tmp_path / "one.json")
    assert "NaN" not in (tmp_path / "one.json").read_text()
    assert_array_equal(registration_scores.read_matrices(tmp_path / "one.json", SHAPE, 2), found)

    def refuse(stack):
        raise RegistrationError("nothing sharp")

    monkeypatch.setitem(aligners.METHODS, "one", refuse)
    aligners.main("one", "folder", tmp_path / "one.json")
    assert registration_scores.read_matrices(tmp_path / "one.json", SHAPE, 2) == "nothing sharp"


# --- scores ----------------------------------------------------------------------------------------------------------


def test_errors_are_those_at_the_corners():
    """A shift counts in full everywhere; a turn by its arc at the corners."""
    assert_allclose(registration_scores.corner_errors(turned(0, shift=(3, 4)), np.eye(3), SHAPE), 5)
    arc = 2 * np.sin(np.deg2rad(0.5)) * np.hypot(399, 299) / 2
    assert_allclose(registration_scores.corner_errors(turned(1), np.eye(3), SHAPE), arc)


def test_the_middle_frame_does_not_count_and_frames_left_out_are_told():
    true = np.tile(np.eye(3), (4, 1, 1))
    found = np.stack(
        [turned(0, shift=(1, 0)), turned(0, shift=(0, 3)), turned(0, shift=(9, 9)), np.full((3, 3), np.nan)]
    )
    told = registration_scores.score(found, true, SHAPE)
    assert told == {"left_out": 1, "mean_px": 2.0, "worst_frame_px": 3.0, "worst_corner_px": 3.0}
    assert registration_scores.score(found[[3, 3, 3, 3]], true, SHAPE) == {"left_out": 3}


def test_files_are_scored_by_name(tmp_path):
    true = [turned(0).tolist()] * 3
    (tmp_path / "truth.json").write_text(json.dumps({"size": [400, 300], "matrices": true}))
    (tmp_path / "a.json").write_text(json.dumps([turned(0, shift=(0, 2)).tolist(), true[1], None]))
    (tmp_path / "b.json").write_text(json.dumps("too dark"))
    told = registration_scores.scores_of_motion(tmp_path / "truth.json", [tmp_path / "a.json", tmp_path / "b.json"])
    assert told["a"]["mean_px"] == 2 and told["a"]["left_out"] == 1
    assert told["b"] == "too dark"


@pytest.mark.skipif(not shutil.which("pano_trafo"), reason="needs pano_trafo of hugin-tools")
def test_a_project_of_hugin_is_read(tmp_path):
    """Of three frames, the later ones are rolled by 1 and 3 degrees."""
    image = 'i w400 h300 f0 v50 Ra0 Rb0 Rc0 Rd0 Re0 Eev0 Er1 Eb1 r{} p0 y0 a0 b0 c0 d0 e0 g0 t0 Vm5 n"{}.jpg"'
    lines = ["p f0 w400 h300 v50 k0 E0 R0", *(image.format(*entry) for entry in ((0, "a"), (1, "b"), (3, "c"))), ""]
    (tmp_path / "found.pto").write_text("\n".join(lines))
    found = registration_scores.read_matrices(tmp_path / "found.pto", SHAPE, 3)
    for matrix, degrees in zip(found, (-1, 0, 2), strict=True):
        assert registration_scores.corner_errors(matrix, turned(degrees), SHAPE).max() < 0.01


def test_distances_of_neighbours(shaken):
    stack, _ = shaken
    still, moved = stack.pixels(1)[:-3], stack.pixels(1)[3:]
    found = registration_scores.distances([still, still, moved, None, still, np.zeros_like(still)])
    assert_allclose(found, [0, 3, np.nan, np.nan, np.nan], atol=0.1)


def test_means_are_over_pairs_that_all_could_be_measured_on():
    found = np.array([1.0, 2.0, np.nan, 9.0])
    told = registration_scores.mean_of(found, np.array([True, True, False, False]))
    assert told == {"mean_px": 1.5, "worst_px": 2.0, "not_measurable": 1}
    assert registration_scores.mean_of(found, np.zeros(4, bool)) == {"not_measurable": 1}


def test_residuals_before_and_after():
    stack = scenes.focal_stack(distances=3, f_number=4.0, breathing=0.02, shift=3.0, turn=1.0).stack
    told = registration_scores.residuals_of(stack)
    assert (told["frames"], told["pairs_in_means"]) == (3, 2)
    assert told["size"] == [stack.shape[2], stack.shape[1]]
    assert told["before"]["mean_px"] > 2
    for method in (*registration_scores.MODELS, "SIFT homographies"):
        assert told[method]["mean_px"] < 0.3
    assert told["statuses"]["similarity"] == {"aligned": 2, "reference": 1}


def test_what_is_measured_is_what_all_frames_show(monkeypatch):
    monkeypatch.setattr(registration_scores, "distances", lambda frames: [frame.shape for frame in frames])
    stack = scenes.focal_stack(distances=3, f_number=4.0, shift=6.0).stack
    for shapes in (registration_scores.registered(stack, "similarity")[1], registration_scores.chained(stack)):
        assert len(shapes) == 3 and len(set(shapes)) == 1
        assert shapes[0][0] < stack.shape[1] and shapes[0][1] < stack.shape[2]


def test_a_stack_that_is_refused_leaves_the_other_methods_their_means(monkeypatch):
    def refuse(stack, model="similarity"):
        raise RegistrationError("nothing sharp")

    monkeypatch.setattr(registration_scores, "register", refuse)
    stack = scenes.focal_stack(distances=2, f_number=4.0, shift=3.0).stack
    told = registration_scores.residuals_of(stack)
    assert told["similarity"] == told["homography"] == "nothing sharp"
    assert told["SIFT homographies"]["mean_px"] < 1 < told["before"]["mean_px"]
    assert registration_scores.at_rest(stack) == "nothing sharp"


def test_stacks_that_lie_still_are_told_from_those_that_move():
    names = registration_scores.stacks_at_rest()
    assert {"built-in/motorcycle", "built-in/coins", "built-in/ten-stops"} <= set(names)
    assert "built-in/hand-held" not in names


def test_frames_that_stay_as_they_are_are_counted(monkeypatch):
    def found(statuses, farthest):
        frames = [SimpleNamespace(status=status) for status in statuses]
        return SimpleNamespace(frames=frames, displacements=np.array([0.0, farthest, np.nan]))

    monkeypatch.setattr(registration_scores, "register", lambda stack: stack)
    told = registration_scores.at_rest(found(["reference", "untouched", "left out"], 0.0))
    assert told == {"reference": 1, "untouched": 1, "left out": 1, "farthest_px": 0.0, "all_untouched": False}
    told = registration_scores.at_rest(found(["reference", "untouched", "untouched"], 0.0))
    assert told["all_untouched"] is True
    told = registration_scores.at_rest(found(["reference", "aligned", "untouched"], 1.25))
    assert told["farthest_px"] == 1.25 and told["all_untouched"] is False


def test_real_stacks_are_those_at_hand(real_data):
    assert set(registration_scores.at_hand(registration_scores.REAL)) == set(registration_scores.REAL)
    rest = registration_scores.stacks_at_rest()
    assert sum(name.startswith("mef/") for name in rest) == 17
    assert {"lytro/01", "dff/balls-aligned"} <= set(rest)


# --- the command -----------------------------------------------------------------------------------------------------


def test_hugin_takes_part_where_it_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    for name in ("1.jpg", "0.jpg", "truth.json"):
        (tmp_path / name).touch()
    command, file = registration.programs(tmp_path, tmp_path)[registration.HUGIN]
    assert command[-4:] == ["-p", file, tmp_path / "0.jpg", tmp_path / "1.jpg"]
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "pano_trafo" else f"/opt/{name}")
    assert set(registration.programs(tmp_path, tmp_path)) == set(aligners.METHODS)


def test_what_a_frame_costs_leaves_out_reading():
    told = registration.beside_reading({"reading": RUN | {"cpu_s": 1.0}, "similarity": RUN}, 10)
    assert told["similarity"]["cpu_s_per_frame"] == 0.3
    assert told["similarity"]["cpu_s"] == 4.0
    assert told["reading"]["cpu_s_per_frame"] == 0


def test_programs_write_what_is_scored(shaken, tmp_path):
    """As processes, on frames in a folder; what only reads them is as far off as they moved."""
    stack, matrices = shaken
    for index in range(3):
        save(stack.pixels(index), tmp_path / f"{index}.png")
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"size": [400, 300], "matrices": matrices.tolist()}))
    found = registration.programs(tmp_path, tmp_path)
    commands = [found[name] for name in ("reading", "OpenCV findTransformECC")]
    for command, _ in commands:
        assert registration.measure(command)["cpu_s"] > 0
    files = [str(file) for _, file in commands]
    told = registration.printed_by(registration.module("registration_scores", "motion", str(truth), *files))
    assert told["OpenCV findTransformECC"]["mean_px"] < 0.2
    expected = [registration_scores.corner_errors(np.eye(3), matrices[index], SHAPE).mean() for index in (0, 2)]
    assert told["reading"]["mean_px"] == pytest.approx(np.mean(expected), abs=1e-3)


def test_costs_and_scores_of_a_method_stand_together(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    asked = []
    monkeypatch.setattr(registration.subprocess, "run", lambda command, check: asked.append(command))
    monkeypatch.setattr(registration, "measure", lambda command: RUN)
    monkeypatch.setattr(
        registration, "in_turn", lambda commands, repeats: {name: RUN | {"runs": repeats} for name in commands}
    )
    monkeypatch.setattr(registration, "printed_by", lambda command: {"affine": {"mean_px": 0.1}, "homography": "no"})
    told = registration.motion(tmp_path, 2)["motion"]
    assert [command[-2:] for command in asked] == [[str(tmp_path / f"moving{n}"), str(n)] for n in (10, 40)]
    assert "less the process 'reading'" in told["counted"]
    for count in (10, 40):
        entries = told[f"{count}_frames"]
        assert "install hugin-tools" in entries[registration.HUGIN]
        assert entries["affine"] == RUN | {"runs": 2, "cpu_s_per_frame": 0.0, "mean_px": 0.1}
        assert entries["homography"]["gave_up"] == "no"


def test_parts_run_alone_and_are_saved(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(registration, "RESULTS", tmp_path / "registration.json")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(registration, "printed_by", lambda command: {"asked": command[-1]})
    registration.main(["--part", "real"])
    assert not registration.RESULTS.exists()
    registration.main(["--part", "real", "--save"])
    registration.main(["--part", "rest", "--save"])
    saved = json.loads(registration.RESULTS.read_text())
    assert {name: saved[name]["asked"] for name in saved} == {"real": "real", "rest": "rest"}
    assert "processor" in saved["rest"]["machine"]
    with pytest.raises(SystemExit):
        registration.main(["--part", "motion", "--save"])
    assert "install hugin-tools first" in capsys.readouterr().err


def test_a_method_that_gave_up_says_so():
    assert registration.as_entry("nothing sharp") == {"gave_up": "nothing sharp"}
    assert registration.as_entry({"mean_px": 1.0}) == {"mean_px": 1.0}

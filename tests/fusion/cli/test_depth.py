"""fusion depth, as a user meets it: what its files hold, and one line for whatever is wrong."""

import inspect
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose
from PIL import Image

import fusion
from data import open_stack, save
from data.io import is_own_result, read_note, read_pages, read_pixels
from data.scenes import focal_stack
from data.scenes.photographs import motorcycle
from fusion.cli import build_parser, depth, main
from fusion.cli.depth_outputs import OUTPUTS, option_of
from fusion.depth import FOCUS_MEASURES, REFINEMENTS, Depth, depth_from_focus
from fusion.depth.files import read_depth
from fusion.depth.preview import depth_preview
from recalage.alignment import Alignment, FrameReport

FILES = {
    "depth_map": "d.png",
    "all_in_focus": "f.png",
    "confidence": "c.png",
    "preview": "p.png",
    "csv": "h.csv",
    "ply": "s.ply",
    "view": "v.html",
}
COUNT = 5  # frames of the small series
UNSURE = 7  # rows of it, at its top, of which `known_depth` is unsure
VERTEX = np.dtype([("position", "<f4", 3), ("colour", "u1", 3)])
VALUES = 65534  # steps between the gray values of the two ends of a depth map


def write(frames, folder, ending=".png"):
    """Save frames as f1.png, f2.png and so on; return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"f{number}{ending}" for number in range(1, len(frames) + 1)]
    for frame, path in zip(frames, paths, strict=True):
        save(frame, path)
    return paths


def asking_for_all(folder, outputs=OUTPUTS):
    """Return the options that ask for all outputs, or some, in a folder."""
    return [word for name in outputs for word in (option_of(name), str(folder / FILES[name]))]


def vertices_in(path):
    """Read position and colour of the vertices of a mesh, and how many triangles it has."""
    head, body = path.read_bytes().split(b"end_header\n", 1)
    vertices, triangles = (int(re.search(rb"element %s (\d+)" % what, head)[1]) for what in (b"vertex", b"face"))
    return np.frombuffer(body, VERTEX, vertices), triangles


def table_in(path):
    return np.genfromtxt(path, delimiter=",")


def pixels_of(path):
    return read_pixels(read_pages(path)[0])


@pytest.fixture(scope="module")
def scene():
    """Nine frames of a part of the motorcycle, and its depth."""
    photograph, distance = motorcycle()
    part = np.s_[200:330, 330:510]
    return focal_stack(photograph[part], distance[part], distances=9)


@pytest.fixture
def frames(tmp_path, texture):
    """Folder with a small series of 8-bit frames."""
    folder = tmp_path / "frames"
    write([texture[: 40 + COUNT, k : k + 60] for k in range(COUNT)], folder)
    return folder


@pytest.fixture
def known_depth(monkeypatch):
    """Let depth be known at once: from left to right, from the first frame to the last; return what was asked for."""
    calls = []

    def find(stack, *, distances=None, fill=False, progress=None, **options):
        stack = open_stack(stack)
        calls.append({"names": stack.names, "distances": distances, "fill": fill} | options)
        shape, last = stack.shape[1:3], len(stack) - 1
        list(progress(range(len(stack)), "measuring focus"))
        found = np.broadcast_to(np.linspace(0, last, shape[1], dtype=np.float32), shape).copy()
        unsure = np.arange(shape[0])[:, None] < np.full(shape, UNSURE)
        height = None if distances is None else np.interp(found, np.arange(last + 1), distances).astype(np.float32)
        confidence = np.where(unsure, 0, found / max(last, 1)).astype(np.float32)
        index = np.rint(found).astype(np.uint16)
        return Depth(found, confidence, unsure, index, all_in_focus=stack[0], height=height)

    monkeypatch.setattr(fusion, "depth_from_focus", find)
    return calls


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command for some outputs, expect it to do well; return them by name."""
    numbers = itertools.count()

    def run(*arguments, ask=("depth_map",), said="", **named):
        folder = tmp_path / f"out{next(numbers)}"
        folder.mkdir()
        outputs = {name: folder / FILES[name] for name in ask} | {n: folder / file for n, file in named.items()}
        asked = [word for name, path in outputs.items() for word in (option_of(name), str(path))]
        status = main(["depth", *map(str, arguments), *asked, "--quiet"])
        assert (status, capsys.readouterr()) == (0, ("", said))
        assert sorted(folder.iterdir()) == sorted(outputs.values())
        return outputs

    return run


@pytest.fixture
def failing(tmp_path, capsys):
    """Run the command, expect it to fail in one line with nothing written; return that line."""

    def run(*arguments):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        status = main(["depth", *map(str, arguments)])
        said, err = capsys.readouterr()
        assert (status, said) == (2, "")
        assert err.startswith("fusion: error: ") and err.count("\n") == 1
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return err

    return run


@pytest.fixture
def refused(failing, known_depth):
    """As `failing`, and expect it to fail before any frame is looked at."""

    def run(*arguments):
        message = failing(*arguments)
        assert known_depth == []
        return message

    return run


# --- results ---------------------------------------------------------------------------------------------------------


def test_files_hold_what_the_method_finds(tmp_path, scene, run):
    write(list(scene.stack), tmp_path / "frames")
    result = depth_from_focus(scene.stack)
    files = run(tmp_path / "frames", "--align", "none", ask=OUTPUTS)
    values, unit = read_depth(files["depth_map"])
    sure = ~result.unsure
    assert unit == "frames"
    assert np.array_equal(np.isnan(values), result.unsure)
    assert_allclose(values[sure], result.depth[sure], rtol=0, atol=8 / VALUES)
    assert_allclose(table_in(files["csv"])[sure], result.depth[sure], rtol=1e-6, atol=1e-9)
    assert np.array_equal(np.isnan(table_in(files["csv"])), result.unsure)
    assert_allclose(open_stack([files["confidence"]])[0], result.confidence, rtol=0, atol=0.51 / 65535)
    assert np.array_equal(pixels_of(files["all_in_focus"]), np.rint(result.all_in_focus * 255))
    assert all(is_own_result(files[name]) for name in ("depth_map", "all_in_focus", "confidence", "preview"))


def test_depth_is_that_of_the_scene(tmp_path, scene, run):
    write(list(scene.stack), tmp_path / "frames")
    (tmp_path / "z.txt").write_text("\n".join(f"{distance!r} m" for distance in scene.distances.tolist()))
    files = run(tmp_path / "frames", "--align", "none", "--distances", tmp_path / "z.txt", ask=("depth_map", "csv"))
    values, unit = read_depth(files["depth_map"])
    is_known = ~np.isnan(values)
    assert unit == "m"
    assert is_known.mean() > 0.5
    assert np.median(np.abs(values - scene.depth)[is_known]) < 0.1  # metres, of 2.6 to 4.4
    assert_allclose(table_in(files["csv"]), values, rtol=0, atol=np.ptp(scene.distances) / VALUES)
    spread = 1 / scene.distances  # evenly in 1 / distance, so that frames are found from it
    places = np.interp(1 / scene.depth, spread[::-1], np.arange(len(spread))[::-1])
    frames = read_depth(run(tmp_path / "frames", "--align", "none")["depth_map"])[0]
    is_known = ~np.isnan(frames)
    assert is_known.mean() > 0.5
    assert np.median(np.abs(frames - places)[is_known]) < 0.5


def test_the_depth_map_has_one_gray_value_for_each_depth(frames, run, known_depth):
    gray = pixels_of(run(frames, "--align", "none")["depth_map"])
    assert gray.dtype == np.uint16 and gray.shape == (45, 60)
    assert (gray[:UNSURE] == 0).all()
    assert_allclose(
        gray[UNSURE:], np.broadcast_to(1 + np.linspace(0, VALUES, 60), (45 - UNSURE, 60)), rtol=0, atol=0.51
    )


@pytest.mark.parametrize("name", ["d.png", "d.tif"])
def test_the_depth_map_carries_its_scale(frames, run, known_depth, name):
    options = ["--distances", "50um", "--pixel-size", "0.0024mm"]
    path = run(frames, "--align", "none", *options, ask=(), depth_map=name)["depth_map"]
    with Image.open(path) as picture:
        note = picture.info["Description"] if path.suffix == ".png" else picture.tag_v2[270]
    assert json.loads(note) == {
        "kind": "all-in-focus depth map",
        "unit": "um",
        "value_0": "unsure",
        "value_1": 0.0,
        "value_65535": 200.0,
        "frames": COUNT,
        "pixel_size": pytest.approx(2.4),
    }
    values, unit = read_depth(path)
    assert unit == "um"
    assert_allclose(values[UNSURE], np.linspace(0, 200, 60), rtol=0, atol=200 / VALUES)


def test_unsure_pixels_are_left_out(frames, run, known_depth):
    files = run(frames, "--align", "none", ask=("depth_map", "csv", "ply", "preview", "view"))
    assert (np.isnan(read_depth(files["depth_map"])[0]).sum(axis=1) == np.where(np.arange(45) < UNSURE, 60, 0)).all()
    assert (np.isnan(table_in(files["csv"])).sum(axis=1) == np.where(np.arange(45) < UNSURE, 60, 0)).all()
    vertices, triangles = vertices_in(files["ply"])
    assert (len(vertices), triangles) == ((45 - UNSURE) * 60, 2 * (44 - UNSURE) * 59)
    assert known_depth[0]["fill"] is False


def test_filled_pixels_are_shown(frames, run, known_depth):
    outputs = ("depth_map", "csv", "ply", "preview", "view")
    files = run(frames, "--align", "none", "--fill", ask=outputs)
    assert_allclose(read_depth(files["depth_map"])[0][0], np.linspace(0, 4, 60), rtol=0, atol=4 / VALUES)
    assert_allclose(table_in(files["csv"])[0], np.linspace(0, 4, 60), rtol=1e-6)
    vertices, triangles = vertices_in(files["ply"])
    assert (len(vertices), triangles) == (45 * 60, 2 * 44 * 59)
    assert known_depth[0]["fill"] is True
    left_out = run(frames, "--align", "none", ask=outputs)
    for name in ("preview", "view"):
        assert files[name].read_bytes() != left_out[name].read_bytes()


@pytest.mark.parametrize(
    ("flags", "heights"),
    [
        ([], [4, 3, 2, 1, 0]),
        (["--nearest", "first"], [4, 3, 2, 1, 0]),
        (["--nearest", "last"], [0, 1, 2, 3, 4]),
        (["--distances", "0.5mm"], [2, 1.5, 1, 0.5, 0]),
        (["--distances", "0.5mm", "--nearest", "last"], [0, 0.5, 1, 1.5, 2]),
        (["--distances", "falling.txt"], [4, 3, 2, 1, 0]),
        (["--distances", "falling.txt", "--nearest", "last"], [0, 1, 2, 3, 4]),
    ],
)
def test_the_nearest_frame_is_on_top(frames, run, known_depth, tmp_path, monkeypatch, flags, heights):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "falling.txt").write_text("7 mm\n6 mm\n5 mm\n4 mm\n3 mm\n")
    vertices, _ = vertices_in(run(frames, "--align", "none", *flags, ask=("ply",))["ply"])
    x, y, z = vertices["position"].T
    assert_allclose(z, np.interp(x, np.linspace(0, 59, COUNT), heights), atol=1e-5)
    assert (x.min(), x.max(), y.min(), y.max()) == (0, 59, 0, 44 - UNSURE)
    picture = pixels_of(frames / "f1.png")[::-1]
    assert np.array_equal(vertices["colour"], picture[y.astype(int), x.astype(int)])


def test_the_mesh_is_in_one_unit(frames, run, known_depth):
    options = ["--align", "none", "--distances", "50um", "--pixel-size", "0.0024mm"]
    vertices, _ = vertices_in(run(frames, *options, ask=("ply",))["ply"])
    x, _, z = vertices["position"].T
    assert_allclose([x.max(), z.max()], [59 * 2.4, 200], rtol=1e-6)


@pytest.mark.parametrize(
    ("flags", "unit"),
    [
        ([], "pixel in x and y, frames in z"),
        (["--distances", "0.05mm"], "pixel in x and y, mm in z"),
        (["--distances", "0.05"], "pixel in x and y, the unit of the distances in z"),
        (["--distances", "0.05mm", "--pixel-size", "1um"], "mm"),
    ],
)
def test_the_mesh_says_its_unit(frames, run, known_depth, flags, unit):
    path = run(frames, "--align", "none", *flags, ask=("ply",))["ply"]
    assert f"\ncomment unit {unit}\n".encode() in path.read_bytes().split(b"end_header")[0]


def test_the_table_says_its_unit(frames, run, known_depth):
    path = run(frames, "--align", "none", "--distances", "0.05mm", "--pixel-size", "2um", ask=("csv",))["csv"]
    assert path.read_text().splitlines()[:2] == [
        "# depth in mm; nan: not known",
        "# 45 rows of 60 pixels of 0.002 mm",
    ]
    assert_allclose(table_in(path)[UNSURE], np.linspace(0, 0.2, 60), rtol=1e-6)


def test_the_view_is_a_page_of_its_own(frames, run, known_depth):
    page = run(frames, "--align", "none", "--distances", "0.5 mm", ask=("view",))["view"].read_text("utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>") and "<title>v</title>" in page
    assert "2 mm" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)


def test_the_preview_shows_unsure_pixels_in_gray(frames, run, known_depth):
    picture = pixels_of(run(frames, "--align", "none", ask=("preview",))["preview"])
    times = len(picture) // 45  # a small map is enlarged
    spread = np.ptp(picture[::times, : 60 * times : times].astype(int), axis=2)
    assert picture.dtype == np.uint8
    assert (spread[:UNSURE] == 0).all() and (spread[UNSURE:] > 0).all()


@pytest.mark.parametrize(
    ("flags", "step", "unit"),
    [
        ([], 1, "frames"),
        (["--distances", "2"], 2, "no unit"),
        (["--distances", "2mm"], 2, "mm"),
        (["--distances", "2\N{MICRO SIGN}m"], 2, "um"),
    ],
)
def test_the_preview_tells_the_unit(frames, run, known_depth, flags, step, unit):
    picture = pixels_of(run(frames, "--align", "none", "--fill", *flags, ask=("preview",))["preview"])
    values = np.broadcast_to(np.linspace(0, 4 * step, 60, dtype=np.float32), (45, 60))
    assert np.array_equal(picture, depth_preview(values, unit=unit))


def test_the_picture_keeps_depth_and_metadata(tmp_path, texture, run, known_depth):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(3):
        deep = (texture * 65535).astype(np.uint16)[number:][:90]
        tifffile.imwrite(
            folder / f"{number}.tif", deep, photometric="rgb", extratags=[(271, "s", 0, f"M{number}", True)]
        )
    motion = tmp_path / "motion.json"
    reports = [FrameReport(f"{number}.tif", *(["untouched"] + [""] * 2), 1.0, 1.0, 1.0) for number in range(3)]
    reports[2] = reports[2]._replace(status="reference")
    Alignment(
        np.tile(np.eye(3), (3, 1, 1)), reports, shape=(90, 128), reference=2, model="affine", strategy="chain"
    ).save(motion)
    for flags, maker in ((["--align", "none"], "M0"), (["--transforms", motion], "M2")):
        path = run(folder, *flags, ask=(), all_in_focus="f.tif")["all_in_focus"]
        with tifffile.TiffFile(path) as file:
            assert file.pages[0].tags[271].value == maker
        assert np.array_equal(pixels_of(path), pixels_of(folder / "0.tif"))


def test_quality_is_passed_on(frames, run, known_depth):
    for name in ("all_in_focus", "preview"):
        paths = [run(frames, "--align", "none", "--quality", q, ask=(), **{name: "a.jpg"})[name] for q in (20, 95)]
        assert paths[0].stat().st_size < paths[1].stat().st_size / 1.5


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], {}),
        (["--measure", "tenengrad"], {"measure": "tenengrad"}),
        (["--kernel-size", "9", "--refine", "none"], {"kernel_size": 9, "refine": "none"}),
        (["--refine", "weighted-median"], {"refine": "weighted-median"}),
        (["--fill"], {"fill": True}),
    ],
)
def test_options_reach_the_method(frames, run, known_depth, flags, expected):
    run(frames, "--align", "none", *flags)
    defaults = {name: value.default for name, value in inspect.signature(depth_from_focus).parameters.items()}
    defaults = {name: defaults[name] for name in ("measure", "kernel_size", "refine", "preset", "distances", "fill")}
    names = [f"f{number}.png" for number in range(1, COUNT + 1)]
    assert known_depth == [{"names": names} | defaults | expected]


def test_what_was_done_is_told(frames, tmp_path, known_depth, capsys):
    out = tmp_path / "d.png"
    asked = ["depth", str(frames), "--depth-map", str(out), "--align", "none"]
    assert main(asked) == 0
    told = "depth of 5 frames of 60 x 45 pixels, in frames; 15.6% of the pixels are unsure"
    assert capsys.readouterr() == (f"{out}: {told}\n", "")
    assert main([*asked, "--distances", "2", "--fill", "--force", "--csv", str(tmp_path / "h.csv")]) == 0
    told = (
        "depth of 5 frames of 60 x 45 pixels, in the unit of the distances; 15.6% of the pixels are unsure, and filled"
    )
    assert capsys.readouterr().out == f"{out} {tmp_path / 'h.csv'}: {told}\n"


def test_where_depth_may_lie_beyond_the_series_is_told(frames, tmp_path, known_depth, capsys, monkeypatch):
    find = fusion.depth_from_focus

    def piled_up(stack, **options):
        found = find(stack, **options)
        found.depth[:, 45:] = 4
        return found

    monkeypatch.setattr(fusion, "depth_from_focus", piled_up)
    assert main(["depth", str(frames), "--depth-map", str(tmp_path / "d.png"), "--align", "none"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == ["25% of the sure pixels are sharpest in the last frame; what lies beyond it cannot be told"]


def test_what_a_surface_takes_for_granted_is_told(frames, tmp_path, known_depth, capsys):
    ply, view = tmp_path / "s.ply", tmp_path / "v.html"
    asked = ["depth", str(frames), "--ply", str(ply), "--view", str(view), "--align", "none", "--force"]
    assert main(asked) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{ply} {view}: the first frame is taken for the nearest one; if it is the last, give --nearest last",
        f"{ply}: x and y are in pixels, z in frames; for true proportions give --pixel-size",
    ]
    assert main([*asked, "--nearest", "last", "--distances", "2um", "--pixel-size", "1um"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_results_in_the_input_folder_do_not_change_the_next_result(frames, known_depth, capsys):
    asked = asking_for_all(frames)
    assert main(["depth", str(frames), *asked, "--align", "none", "--quiet"]) == 0
    first = [path.read_bytes() for path in sorted(frames.iterdir())]
    for given in ([str(frames)], [str(frames / "*.png")]):
        assert main(["depth", *given, *asked, "--align", "none", "--quiet", "--force"]) == 0
        assert [path.read_bytes() for path in sorted(frames.iterdir())] == first
    assert capsys.readouterr() == ("", "")
    assert [call["names"] for call in known_depth] == [known_depth[0]["names"]] * 3
    assert len(known_depth[0]["names"]) == COUNT


def test_frames_are_taken_in_natural_order(tmp_path, texture, run, known_depth):
    for share, name in enumerate(("f10", "f9", "f1"), start=1):
        save(texture / share, tmp_path / f"{name}.png")
    run(tmp_path / "f10.png", tmp_path / "f9.png", tmp_path / "f1.png", "--align", "none")
    assert known_depth[0]["names"] == ["f1.png", "f9.png", "f10.png"]


# --- distances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, COUNT - 1, COUNT + 1])
def test_there_is_one_distance_for_each_frame(frames, refused, tmp_path, count):
    path = tmp_path / "z.txt"
    path.write_text("\n".join(map(str, range(count))))
    message = refused(frames, "--depth-map", tmp_path / "d.png", "--distances", path)
    assert f"{path}: holds {count} positions for 5 frames; give one for each" in message


def test_a_frame_that_is_there_twice_has_one_distance(frames, run, known_depth):
    copy = frames / "f2 (copy).png"
    copy.write_bytes((frames / "f2.png").read_bytes())
    said = f"{frames / 'f2.png'}: is the same, byte for byte, as {copy}, and counts once\n"
    files = run(frames, "--align", "none", "--distances", "1mm", said=said)
    assert known_depth[0]["distances"].tolist() == [0, 1, 2, 3, 4]
    assert json.loads(read_note(files["depth_map"]))["value_65535"] == 4


# --- motion ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "told", "distances", "scale"),
    [
        ([], "depth counts the 3 frames that are left, from 0, without the 2 left out", None, [0, 2]),
        (
            ["--distances", "0.5mm"],
            "the 3 frames that are left keep their distances; those of 2",
            [0, 1, 1.5],
            [0, 1.5],
        ),
        (["--distances", "z.txt"], "the 3 frames that are left keep their distances; those of 2", [9, 7, 5], [9, 5]),
    ],
)
def test_frames_that_are_left_out_take_their_distances_along(
    frames, tmp_path, known_depth, known_motion, capsys, monkeypatch, flags, told, distances, scale
):
    monkeypatch.chdir(tmp_path)
    Path("z.txt").write_text("9\n8\n7\n5\n3\n")
    (frames / "f2.png").write_bytes(b"no picture")
    known_motion((0, 0), None, (0, 0), (0, 0), None)
    assert main(["depth", str(frames), "--depth-map", "d.png", "--quiet", *flags]) == 0
    said, err = capsys.readouterr()
    assert said == ""
    left_out, warned = err.splitlines()[:2], err.splitlines()[2:]
    assert [line.split(": ")[:2] for line in left_out] == [["f2.png", "left out"], ["f5.png", "left out"]]
    assert len(warned) == 1 and warned[0].startswith(f"fusion depth: {told}")
    asked = known_depth[0]
    assert asked["names"] == ["f1.png", "f3.png", "f4.png"]
    assert (asked["distances"] if distances is None else asked["distances"].tolist()) == distances
    note = json.loads(read_note("d.png"))
    assert ([note["value_1"], note["value_65535"]], note["frames"]) == (scale, 3)


def test_frames_are_aligned_first_and_motion_is_used_again(frames, tmp_path, known_depth, known_motion, run):
    calls = known_motion((0, 0), (3, -2), (0, 0), (0, 0), (1, 0), gains=np.ones((COUNT, 3)))
    moved = np.roll(pixels_of(frames / "f1.png"), (2, -3), axis=(0, 1))
    save(moved, frames / "f2.png", force=True)
    motion = tmp_path / "motion.json"
    options = ["--transforms", motion, "--crop", "--align", "affine", "--tone", "--reference", "2"]
    first = run(frames, *options, ask=("depth_map", "all_in_focus"))
    assert calls == [{"model": "affine", "strategy": "chain", "tone": "match", "reference": 1}]
    assert open_stack([first["depth_map"]]).shape[1:] == open_stack([first["all_in_focus"]]).shape[1:3] != (45, 60)
    again = run(frames, *options[:3], ask=("depth_map", "all_in_focus"))
    assert len(calls) == 1
    for name in ("depth_map", "all_in_focus"):
        assert again[name].read_bytes() == first[name].read_bytes()


def test_frames_move_by_similarity_if_nothing_is_said(frames, tmp_path, known_depth, known_motion, capsys):
    calls = known_motion(*[(0, 0)] * COUNT)
    assert main(["depth", str(frames), "--csv", str(tmp_path / "h.csv")]) == 0
    assert [call["model"] for call in calls] == ["similarity"]
    assert capsys.readouterr().out.startswith("aligned: 0 of 5 frames moved")
    assert main(["depth", str(frames), "--csv", str(tmp_path / "h2.csv"), "--align", "none"]) == 0
    assert len(calls) == 1


def test_moved_frames_give_the_depth_of_those_at_rest(tmp_path, scene, run):
    write(list(scene.stack), tmp_path / "frames")
    at_rest = read_depth(run(tmp_path / "frames", "--align", "none")["depth_map"])[0]
    rng = np.random.default_rng(4)
    shifts = [(0, 0) if k == 4 else tuple(rng.integers(-6, 7, 2)) for k in range(9)]
    photograph, distance = motorcycle()
    stack = focal_stack(photograph[188:342, 318:522], distance[188:342, 318:522], distances=scene.distances).stack
    moved = [frame[12 + y :, 12 + x :][:130, :180] for frame, (y, x) in zip(stack, shifts, strict=True)]
    write(moved, tmp_path / "moved")
    aligned = read_depth(run(tmp_path / "moved", "--align", "translation")["depth_map"])[0]
    inner = np.s_[16:-16, 16:-16]
    both = ~np.isnan(at_rest[inner]) & ~np.isnan(aligned[inner])
    assert both.mean() > 0.4
    assert np.median(np.abs(at_rest - aligned)[inner][both]) < 0.2


# --- errors ----------------------------------------------------------------------------------------------------------


def test_something_must_be_asked_for(refused, frames):
    message = refused(frames)
    assert f"nothing is asked for; name a file for one or more of {' '.join(map(option_of, OUTPUTS))}" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--confidence", "c.png", "--distances", "1mm"],
            "nothing is left to do for --distances; leave it out, or ask",
        ),
        (["--all-in-focus", "f.png", "--fill"], "nothing is left to do for --fill"),
        (
            ["--depth-map", "d.png", "--nearest", "last"],
            "nothing is left to do for --nearest; leave it out, or ask for one",
        ),
        (["--preview", "p.png", "--distances", "1mm", "--pixel-size", "1mm"], "nothing is left to do for --pixel-size"),
        (["--ply", "s.ply", "--pixel-size", "1mm"], "without --distances depth is none; give --distances too"),
        (["--csv", "h.csv", "--distances", "1mm", "--pixel-size", "1"], "--pixel-size 1: has no unit"),
        (["--csv", "h.csv", "--distances", "0"], "--distances 0: a step between frames is a positive number"),
        (["--csv", "h.csv", "--align", "none", "--crop", "--tone"], "nothing is left to do for --crop --tone"),
        (["--csv", "h.csv", "--align", "none", "--transforms", "m.json"], "--align none leaves them where they are"),
        (["--csv", "h.csv", "--transforms", "motion.txt"], "use one of the endings .json"),
        (["--csv", "h.csv", "--measure", "sharpness"], "measure must be one of log, sml,"),
        (["--csv", "h.csv", "--kernel-size", "4"], "kernel_size must be an odd number of pixels"),
        (["--csv", "h.csv", "--refine", "again"], "refine must be one of none, graph-cut"),
        (["--csv", "h.csv", "--preset", "best"], "preset must be None or one of graph-cut, got 'best'"),
        (
            ["--csv", "h.csv", "--preset", "graph-cut", "--refine", "none"],
            "the preset 'graph-cut' refines by graph cut",
        ),
        (["--csv", "h.csv", "--quality", "0"], "--quality must lie in 1..100, got 0"),
    ],
)
def test_bad_options_are_named_before_frames_are_aligned(
    refused, frames, known_motion, tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    calls = known_motion(*[(0, 0)] * COUNT)
    assert message in refused(frames, *options)
    assert calls == []


def test_saved_motion_has_its_reference(refused, frames, tmp_path):
    (tmp_path / "motion.json").write_text("{}")
    options = ["--depth-map", tmp_path / "d.png", "--transforms", tmp_path / "motion.json", "--reference", "1"]
    assert "its motion is applied, and nothing is left to do for --reference" in refused(frames, *options)


def test_one_frame_only(refused, frames, tmp_path):
    message = refused(frames / "f1.png", "--depth-map", tmp_path / "d.png")
    assert "f1.png: is the only frame" in message


def test_frames_of_different_size_are_errors_if_nothing_is_aligned(refused, frames, tmp_path):
    save(np.zeros((50, 40, 3)), frames / "f2.png", force=True)
    assert "f2.png is 40 x 50 pixels" in refused(frames, "--depth-map", tmp_path / "d.png", "--align", "none")


@pytest.mark.parametrize("name", ["depth_map", "all_in_focus", "confidence", "preview"])
def test_no_frame_is_replaced(refused, frames, tmp_path, name):
    (tmp_path / "link.png").symlink_to(frames / "f2.png")
    for given in ([frames], sorted(frames.iterdir()), [frames / "*.png"]):
        for path in (frames / "f2.png", tmp_path / "link.png"):
            assert f"{path}: is one of the frames" in refused(*given, option_of(name), path, "--force")


@pytest.mark.parametrize("name", OUTPUTS)
def test_files_that_cannot_be_written_are_refused(refused, frames, tmp_path, name):
    option, ending = option_of(name), Path(FILES[name]).suffix
    there = tmp_path / f"there{ending}"
    there.write_text("precious")
    assert f"{there}: exists already" in refused(frames, option, there)
    assert "cannot be written in this format" in refused(frames, option, tmp_path / "out.xyz")
    assert "its folder does not exist" in refused(frames, option, tmp_path / "missing" / f"out{ending}")
    assert "is a folder; name a file in it" in refused(frames, option, frames)


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
@pytest.mark.parametrize(("name", "what"), [("depth_map", "a depth map"), ("confidence", "a map of confidence")])
def test_pictures_of_eight_bits_hold_no_depth(refused, frames, tmp_path, name, what, ending):
    message = refused(frames, option_of(name), tmp_path / f"out{ending}")
    assert f"{what} has 16 bits, and {ending} holds 8; use one of the endings .png .tif .tiff" in message


def test_each_result_has_a_file_of_its_own(refused, frames, tmp_path):
    for name in (tmp_path / "d.png", tmp_path / "D.png", tmp_path / "frames/../d.png"):
        message = refused(frames, "--depth-map", tmp_path / "d.png", "--confidence", name, "--force")
        assert f"{name}: is what both --depth-map and --confidence name" in message


@pytest.mark.parametrize(("option", "text"), [("--transforms", "{}"), ("--distances", "1\n2\n3\n4\n5\n")])
def test_files_that_are_read_are_not_replaced(refused, frames, tmp_path, option, text):
    given = tmp_path / "given.csv"
    given.write_text(text)
    message = refused(frames, option, given, "--csv", given, "--force")
    assert f"given.csv: is what both {option} and --csv name" in message


def test_a_picture_too_wide_for_a_format_is_refused(refused, tmp_path):
    paths = write([np.full((2, 16400), level, np.uint8) for level in (9, 99)], tmp_path)
    message = refused(*paths, "--all-in-focus", tmp_path / "f.webp", "--align", "none")
    assert "f.webp: 16400 x 2 pixels cannot be written as .webp" in message


@pytest.mark.usefixtures("known_depth")
@pytest.mark.parametrize("name", ["ply", "view"])
def test_where_no_surface_is_left_all_else_is_written(frames, tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(sys.modules[__name__], "UNSURE", 45)
    others = [other for other in OUTPUTS if other not in ("ply", "view")]
    asked = asking_for_all(tmp_path, [name, *others])
    assert main(["depth", str(frames), *asked, "--align", "none", "--quiet"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"fusion: error: {tmp_path / FILES[name]}: 100.0% of the pixels are unsure, so there is no surface; leave it out, "
        "or use --fill"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"frames", *(FILES[other] for other in others)}
    assert np.isnan(read_depth(tmp_path / "d.png")[0]).all()


@pytest.mark.usefixtures("known_depth")
@pytest.mark.parametrize(
    ("flags", "told"), [([], ""), (["--fill"], ", and --fill has guessed it")], ids=["left out", "filled"]
)
def test_that_nothing_is_known_is_said(frames, run, monkeypatch, flags, told):
    monkeypatch.setattr(sys.modules[__name__], "UNSURE", 45)
    said = f"fusion depth: all pixels are unsure: nothing is known of their depth{told}\n"
    run(frames, "--align", "none", *flags, said=said)


@pytest.mark.usefixtures("known_depth")
def test_a_surface_that_is_filled_is_written(frames, run, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "UNSURE", 45)
    said = "fusion depth: all pixels are unsure: nothing is known of their depth, and --fill has guessed it\n"
    files = run(frames, "--align", "none", "--fill", ask=("ply", "view"), said=said)
    assert len(vertices_in(files["ply"])[0]) == 45 * 60


def test_a_name_that_is_no_text_is_a_title_all_the_same(frames, tmp_path, known_depth):
    path = tmp_path / os.fsdecode(b"b\xff.html")
    assert main(["depth", str(frames), "--view", str(path), "--align", "none", "--quiet"]) == 0
    assert "<title>b?</title>" in path.read_text("utf-8")


@pytest.mark.parametrize("level", [0, 99])
def test_frames_without_structure_have_no_depth(failing, tmp_path, level):
    paths = write([np.full((20, 30, 3), level, np.uint8)] * 3, tmp_path / "frames")
    for number, path in enumerate(paths):
        path.write_bytes(path.read_bytes() + bytes(number))  # so that none is a copy
    failing(*paths, "--align", "none", *asking_for_all(tmp_path))


@pytest.mark.parametrize("flag", ["--preset", "--refine"])
def test_a_library_that_is_missing_is_told(refused, frames, tmp_path, monkeypatch, known_motion, flag):
    monkeypatch.setitem(sys.modules, "maxflow", None)
    calls = known_motion(*[(0, 0)] * COUNT)
    message = refused(frames, "--depth-map", tmp_path / "d.png", flag, "graph-cut")
    assert "graph cuts need PyMaxflow, which is not installed" in message and "pip install PyMaxflow" in message
    assert calls == []


def test_warnings_of_the_method_are_lines(frames, tmp_path, monkeypatch, capsys, known_depth):
    find = fusion.depth_from_focus

    def warn(*arguments, **options):
        for _ in range(2):
            warnings.warn("the profile has\nseveral peaks", stacklevel=1)
        return find(*arguments, **options)

    monkeypatch.setattr(fusion, "depth_from_focus", warn)
    for number in range(2):
        out = str(tmp_path / f"{number}.png")
        assert main(["depth", str(frames), "--depth-map", out, "--align", "none", "--quiet"]) == 0
        assert capsys.readouterr().err == "fusion depth: the profile has several peaks\n" * 2
    with pytest.warns(UserWarning, match="as usual"):
        warnings.warn("as usual", stacklevel=1)


def test_two_frames_give_a_warning(tmp_path, scene, capsys):
    write([scene.stack[2], scene.stack[5]], tmp_path)
    assert main(["depth", str(tmp_path), "--csv", str(tmp_path / "h.csv"), "--align", "none", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("fusion depth: ") and "two" in err.lower() and err.count("\n") == 1


def test_files_that_exist_are_replaced_by_force(frames, tmp_path, known_depth):
    for file in FILES.values():
        (tmp_path / file).write_text("old")
    assert main(["depth", str(frames), *asking_for_all(tmp_path), "--align", "none", "--force"]) == 0
    assert all((tmp_path / file).read_bytes() != b"old" for file in FILES.values())


@pytest.mark.parametrize("name", OUTPUTS)
def test_files_that_cannot_be_put_in_place_leave_nothing(failing, frames, tmp_path, known_depth, monkeypatch, name):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    message = failing(frames, option_of(name), tmp_path / FILES[name], "--align", "none")
    assert "cannot be written (Permission denied)" in message
    assert known_depth


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_file_that_appears_meanwhile_is_not_replaced(frames, tmp_path, capsys, known_depth, monkeypatch, name):
    find, path = fusion.depth_from_focus, tmp_path / FILES[name]

    def slowly(*arguments, **options):
        path.write_text("precious")
        return find(*arguments, **options)

    monkeypatch.setattr(fusion, "depth_from_focus", slowly)
    assert main(["depth", str(frames), option_of(name), str(path), "--align", "none"]) == 2
    assert f"{path}: exists already" in capsys.readouterr().err
    assert path.read_text() == "precious"


# --- the command line ------------------------------------------------------------------------------------------------


def test_only_what_is_needed_is_loaded(tmp_path, scene):
    write(list(scene.stack)[2:5], tmp_path / "frames")
    code = (
        "import sys; from fusion.cli import main; assert main(sys.argv[1:]) == 0; "
        'assert "fusion.show.surfaces" in sys.modules; '
        "print(*{'torch', 'skimage', 'matplotlib', 'recalage', 'maxflow'} & set(sys.modules))"
    )
    options = [*asking_for_all(tmp_path), "--align", "none", "--quiet"]
    command = [sys.executable, "-c", code, "depth", tmp_path / "frames", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == ([], "")


def test_the_progress_bar_appears_on_a_terminal(frames, tmp_path, known_depth, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["depth", str(frames), "--depth-map", str(tmp_path / "d.png"), "--align", "none"]) == 0
    out, err = capsys.readouterr()
    assert "measuring focus:   0%" in err and "0/5" in err
    assert err.endswith(" \r")  # and is gone at the end
    assert out.count("\n") == 1


def test_help_has_examples_that_are_understood(capsys):
    for arguments in (["--help"], ["depth", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        said = capsys.readouterr().out
        examples = [line for line in said.splitlines() if line.startswith("  fusion depth ")]
        assert examples
        for example in examples:
            parsed = build_parser().parse_args(shlex.split(example.strip().split("  ")[0])[1:])
            assert parsed.run is depth.run
    for name in [*FOCUS_MEASURES, *REFINEMENTS]:
        assert re.search(rf"\b{name.removeprefix('multi-scale-')}\b", said)
    assert max(map(len, depth.DESCRIPTION.splitlines() + depth.EXAMPLES.splitlines())) < 100

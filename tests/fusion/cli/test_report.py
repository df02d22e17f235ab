"""Reports of fusion stack, and fusion rerun, which makes the same bytes again from one."""

import argparse
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from data import DataError, open_stack, save
from fusion.cli import build_parser, main, report
from fusion.cli.report import PARAMETER_ENTRIES, Record, alignment_of, read_report
from fusion.cli.slabs import Slab
from fusion.version import VERSION
from recalage.alignment import Alignment, FrameReport

FILES = {"output": "out.png", "depth_map": None, "index": None, "transforms": None}
SHAPING = {"depth": None, "k_size": 5, "naive": False, "prefer": None, "align": "similarity", "reference": None}
SHAPING |= {"crop": False, "tone": False, "slab": None, "quality": 95}
# Options that say where things are, or how the command goes about its work, not what the result is.
OTHER = {"paths", "output", "depth_map", "index", "transforms", "json", "batch", "plot", "eval"}
OTHER |= {"ram", "jobs", "force", "quiet", "command", "run"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, in which we are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def alignment():
    """Of three frames, the last of which is left out."""
    matrices = np.stack([np.eye(3), [[1.01, 0.02, -3.3], [-0.02, 1.01, 1 / 3], [0, 0, 1]], np.full((3, 3), np.nan)])
    frames = [
        FrameReport("a.png", "reference", "", "", 1.0, 1.0, 1.0),
        FrameReport("b.png", "aligned", "", "a.png", 0.9, 0.1, 0.7),
        FrameReport("c.png", "left out", "it shows another scene", "", 0.0, 0.0, 0.0),
    ]
    gains = [[1, 1, 1], [0.9, 1.1, 1 / 3], [np.nan] * 3]
    known = {"shape": (96, 128), "reference": 0, "model": "similarity", "strategy": "chain"}
    return Alignment(matrices, frames, **known, gains=gains)


def arguments(**options):
    return argparse.Namespace(**{"command": "stack", "json": "report.json"} | SHAPING | FILES | options)


def written_by(record):
    record.save("report.json", force=True)
    return json.loads(Path("report.json").read_text(encoding="utf-8"))


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# What a report holds


def test_inputs_and_outputs_are_told_with_their_hashes(here):
    Path("frames").mkdir()
    for name in "ab":
        Path(f"frames/{name}.png").write_bytes(name.encode() * 5)
    record = Record(arguments(), [Path("frames/a.png"), "frames/b.png", "frames/b.png"])
    Path("frames/a.png").write_bytes(b"changed later")
    Path("out.png").write_bytes(b"result")
    record.wrote(Path("out.png"))
    told = written_by(record)
    assert [entry["path"] for entry in told["inputs"]] == ["frames/a.png", "frames/b.png"]
    assert told["inputs"][0]["sha256"] == hashlib.sha256(b"aaaaa").hexdigest()
    assert told["inputs"][1] == {
        "path": "frames/b.png",
        "absolute": str(here.resolve() / "frames" / "b.png"),
        "bytes": 5,
        "sha256": digest("frames/b.png"),
    }
    assert told["outputs"][0]["role"] == "picture" and told["outputs"][0]["sha256"] == digest("out.png")
    assert (told["made_by"], told["output"]) == (f"fusion stack {VERSION}", "out.png")


def test_a_frame_that_cannot_be_read_has_no_hash(here):
    told = written_by(Record(arguments(), ["gone.png"]))["inputs"][0]
    assert (told["path"], told["bytes"], told["sha256"]) == ("gone.png", None, None)


def test_nothing_is_read_where_no_report_is_wanted(here, monkeypatch):
    monkeypatch.setattr(report, "hash_of", lambda path: pytest.fail("a file was read"))
    Path("a.png").touch()
    Record(arguments(json=None), ["a.png"])


@pytest.mark.parametrize(
    ("options", "path", "role"),
    [
        ({}, "out.png", "picture"),
        ({}, "./out.png", "picture"),
        ({}, "out_001-010.png", "slab"),
        ({}, "out_0001-1010.png", "slab"),
        ({}, "out_001-010.jpg", "other"),
        ({}, "else/out_001-010.png", "other"),
        ({}, "out_plot.png", "other"),
        ({}, "out_001-010_plot.png", "other"),
        ({"depth_map": "depth.png"}, "depth.png", "depth_map"),
        ({"depth_map": "out_depth.png"}, "out_depth_001-010.png", "depth_map"),
        ({"index": "i.npz"}, "i.npz", "index"),
        ({"transforms": "t.json"}, "t.json", "transforms"),
    ],
)
def test_the_role_of_a_file_is_told(options, path, role):
    assert report.role_of(path, arguments(**options)) == role


def test_versions_of_all_that_shapes_bytes_are_told(here):
    told = written_by(Record(arguments(), []))["versions"]
    assert (told["All in Focus"], told["numpy"]) == (VERSION, np.__version__)
    assert {"Python", "opencv", "pillow", "tifffile", "imagecodecs", "platform"} < set(told)


def test_stages_are_timed(here, alignment):
    record = Record(arguments(), [])
    for _ in range(2):
        with record.timed("aligning"):
            time.sleep(0.02)
    with pytest.raises(ValueError), record.timed("fusing"):
        raise ValueError
    seconds = written_by(record)["seconds"]
    assert list(seconds) == ["total", "aligning", "fusing"]
    assert 0.04 <= seconds["aligning"] <= seconds["total"] < 5
    assert seconds["fusing"] < 0.02


def test_an_alignment_comes_back_as_it_was(here, alignment):
    Path("a.png").touch()
    record = Record(arguments(), ["a.png"])
    record.aligned(alignment)
    Path("out.png").touch()
    record.wrote("out.png")
    told = written_by(record)
    alignment.save("saved.json")
    assert told["transforms"] == json.loads(Path("saved.json").read_text(encoding="utf-8"))
    assert told["left_out"] == [{"name": "c.png", "reason": "it shows another scene"}]
    assert alignment_of(read_report("report.json"), "report.json") == alignment


def test_without_alignment_there_is_none(here):
    told = written_by(Record(arguments(align="none"), []))
    assert (told["transforms"], told["left_out"]) == (None, [])
    assert alignment_of(told, "report.json") is None


def test_parameters_are_those_given(here):
    told = written_by(Record(arguments(slab=Slab(10, 3), depth=4, prefer="last", crop=True), []))["parameters"]
    assert told == SHAPING | {"slab": "10/3", "depth": 4, "prefer": "last", "crop": True}


def test_no_option_of_the_command_is_forgotten():
    given = vars(build_parser().parse_args(["stack", "frames", "-o", "out.png"]))
    assert set(given) - OTHER == set(PARAMETER_ENTRIES)


def test_a_report_is_not_replaced_unless_forced(here):
    record = Record(arguments(), [])
    record.save("report.json")
    with pytest.raises(DataError, match="report.json: exists already"):
        record.save("report.json")


# Rerun


@pytest.fixture
def fused(here, focus_pair, capsys):
    """A folder with the frames `frames/`, their fusion `out.tif` and its report `report.json`."""
    Path("frames").mkdir()
    for name, frame in zip(("a.png", "b.png"), focus_pair, strict=True):
        save(frame, Path("frames") / name)
    arguments = ["stack", "frames", "-o", "out.tif", "--json", "report.json", "--quiet"]
    assert main(arguments) == 0, capsys.readouterr().err
    capsys.readouterr()
    return here


@pytest.fixture
def no_estimate(monkeypatch):
    """Let registration fail if it is asked for."""
    import recalage

    monkeypatch.setattr(recalage, "register", lambda *_, **__: pytest.fail("motion was estimated"))


@pytest.fixture
def rerun(capsys):
    """Run the command, expect it to do well; return what it says."""

    def run(*arguments, err=""):
        status = main(["rerun", *map(str, arguments)])
        said, told = capsys.readouterr()
        assert (status, told) == (0, err), told
        return said

    return run


@pytest.fixture
def failing(capsys, monkeypatch):
    """Run the command, expect it to fail in one line before anything is fused; return that line."""

    def run(*arguments):
        from fusion.cli import stack

        monkeypatch.setattr(stack, "run_stack", lambda *_: pytest.fail("frames were fused"))
        assert main(["rerun", *map(str, arguments)]) == 2
        said, err = capsys.readouterr()
        assert said == "" and err.startswith("fusion: error: ") and err.count("\n") == 1
        return err

    return run


def change(**entries):
    """Put other entries into the report."""
    told = json.loads(Path("report.json").read_text(encoding="utf-8"))
    Path("report.json").write_text(json.dumps(told | entries), encoding="utf-8")
    return told


def test_a_rerun_writes_the_same_bytes_and_estimates_nothing(fused, rerun, no_estimate):
    said = rerun("report.json", "-o", "again.tif")
    assert Path("again.tif").read_bytes() == Path("out.tif").read_bytes()
    assert said.splitlines()[-1] == "again.tif: has the bytes that report.json tells of"
    assert {path.name for path in fused.iterdir()} == {"frames", "out.tif", "report.json", "again.tif"}


@pytest.mark.parametrize(
    ("options", "ending"),
    [
        ("--align none --depth 3 --k_size 7", ".tif"),
        ("--naive --align none", ".png"),
        ("--prefer last --align translation", ".tif"),
        ("--depth-map depth.png --index index.npz --transforms motion.json --plot", ".tif"),
        *[("--crop --tone --reference b.png", ending) for ending in (".jpg", ".png", ".tif", ".webp")],
    ],
)
def test_any_options_and_formats_come_again(fused, rerun, capsys, options, ending):
    if "--plot" in options:
        pytest.importorskip("matplotlib")
    first = ["stack", "frames", "-o", f"first{ending}", "--json", "first.json", "--quality", "80", "--quiet"]
    assert main([*first, *options.split()]) == 0, capsys.readouterr().err
    capsys.readouterr()
    before = {path.name for path in fused.iterdir()}
    rerun("first.json", "-o", f"again{ending}", "--quiet")
    assert Path(f"again{ending}").read_bytes() == Path(f"first{ending}").read_bytes()
    assert {path.name for path in fused.iterdir()} == before | {f"again{ending}"}


def test_slabs_come_again(here, texture, rerun, capsys):
    Path("frames").mkdir()
    for number in range(5):
        frame = texture.copy()
        frame[:, 20 * number :] = texture.mean()
        save(frame, f"frames/{number}.png")
    assert main("stack frames -o out.png --slab 3/1 --json report.json --align none --quiet".split()) == 0
    said = rerun("report.json", "-o", "again.png")
    assert said.splitlines()[-1] == "again.png: all slabs have the bytes that report.json tells of"
    for number in ("001-003", "003-005"):
        assert Path(f"again_{number}.png").read_bytes() == Path(f"out_{number}.png").read_bytes()
    assert digest("out_001-003.png") != digest("out_003-005.png")


def test_by_default_the_output_of_the_report_is_replaced_if_forced(fused, rerun, capsys):
    first = Path("out.tif").read_bytes()
    assert main(["rerun", "report.json"]) == 2
    assert "out.tif: exists already" in capsys.readouterr().err
    Path("out.tif").write_bytes(b"spoiled")
    assert rerun("report.json", "--force", "--quiet") == ""
    assert Path("out.tif").read_bytes() == first


@pytest.mark.parametrize("align", ["none", "translation"])
def test_frames_keep_their_order_wherever_they_are_found(here, focus_pair, rerun, align):
    """Noise of 16 bits, so that another order of sums shows."""
    rng = np.random.default_rng(3)
    noisy = (np.stack([*focus_pair, focus_pair.mean(axis=0)]) + rng.normal(0, 0.05, (3, 96, 128, 3))).clip(0, 1)
    for folder, name, frame in zip(("a", "b", "c"), ("9.tif", "5.tif", "1.tif"), noisy, strict=True):
        Path(folder).mkdir()
        save(np.rint(frame * 65535).astype(np.uint16), f"{folder}/{name}")
    arguments = ["a/9.tif", "b/5.tif", "c/1.tif", "-o", "out.tif", "--json", "report.json", "--index", "i.npz"]
    assert main(["stack", *arguments, "--align", align, "--quiet"]) == 0
    for file in ("a/9.tif", "b/5.tif", "c/1.tif"):
        Path(file).rename(Path(file).name)
    rerun("report.json", "-o", "again.tif", "--index", "again.npz", "--quiet")
    assert Path("again.tif").read_bytes() == Path("out.tif").read_bytes()
    assert np.array_equal(np.load("again.npz")["index"], np.load("i.npz")["index"])


def test_results_among_the_frames_of_a_report_are_fused_again(fused, rerun, capsys):
    arguments = ["frames/a.png", "frames/b.png", "out.tif", "-o", "second.tif", "--json", "second.json", "--quiet"]
    assert main(["stack", *arguments]) == 0
    assert "out.tif: a result of this program, and fused nevertheless" in capsys.readouterr().err
    rerun("second.json", "-o", "again.tif", "--quiet")
    assert main(["rerun", "second.json", "-o", "out.tif", "--force"]) == 2
    assert "out.tif: is one of the frames" in capsys.readouterr().err


def test_budget_and_threads_are_those_of_the_rerun(fused, rerun, failing, monkeypatch):
    from fusion.cli import stack

    given, stack_frames = [], stack.stack_frames
    monkeypatch.setattr(
        stack, "stack_frames", lambda *frames, **options: given.append(options) or stack_frames(*frames, **options)
    )
    rerun("report.json", "-o", "again.tif", "--ram", "2G", "--jobs", "2", "--quiet")
    assert (given[0]["ram"], given[0]["workers"]) == (2 << 30, 2)
    assert "--jobs takes a number of threads, 1 or more, got 0" in failing("report.json", "--jobs", "0")


def test_a_rerun_may_be_refused_by_its_budget(fused, capsys):
    assert main(["rerun", "report.json", "-o", "again.tif", "--ram", "2000"]) == 2
    assert "--ram 2000 is too little" in capsys.readouterr().err
    assert not Path("again.tif").exists()


def test_maps_and_a_report_are_written_if_asked_for(fused, rerun):
    rerun("report.json", "-o", "again.tif", "--depth-map", "d.png", "--index", "i.npz", "--json", "second.json")
    assert open_stack("d.png").shape[:3] == open_stack(["out.tif"]).shape[:3]
    assert Path("i.npz").exists()
    first, second = read_report("report.json"), read_report("second.json")
    for name in ("inputs", "parameters", "transforms", "left_out"):
        assert first[name] == second[name]
    roles = {entry["role"]: entry["sha256"] for entry in second["outputs"]}
    assert roles == {"picture": first["outputs"][0]["sha256"], "depth_map": digest("d.png"), "index": digest("i.npz")}
    rerun("second.json", "-o", "third.tif")


def test_frames_are_found_where_they_were_and_beside_the_report(fused, rerun, monkeypatch):
    reports, elsewhere, moved = (fused / name for name in ("reports", "elsewhere", "moved"))
    for folder in (reports, elsewhere, moved):
        folder.mkdir()
        shutil.copy("report.json", folder)
    monkeypatch.chdir(elsewhere)
    rerun(reports / "report.json", "-o", "absolute.tif")
    (fused / "frames").rename(elsewhere / "frames")
    rerun(reports / "report.json", "-o", "given.tif")
    (elsewhere / "frames").rename(moved / "frames")
    rerun(moved / "report.json", "-o", "relative.tif")
    for frame in (moved / "frames").iterdir():
        frame.rename(moved / frame.name)
    rerun(moved / "report.json", "-o", "beside.tif")
    results = [path.read_bytes() for path in elsewhere.glob("*.tif")]
    assert results == [(fused / "out.tif").read_bytes()] * 4


def test_a_changed_frame_is_found_where_it_is_unchanged(fused, rerun):
    shutil.copy("frames/b.png", "b.png")
    save(np.zeros((96, 128, 3)), "frames/b.png", force=True)
    rerun("report.json", "-o", "again.tif")


def test_a_changed_or_missing_frame_is_named(fused, failing):
    save(np.zeros((96, 128, 3)), "frames/b.png", force=True)
    assert "frames/b.png: has changed since report.json was written" in failing("report.json", "-o", "x.tif")
    os.remove("frames/b.png")
    assert "frames/b.png: is a frame of report.json and is missing" in failing("report.json", "-o", "x.tif")


def test_other_versions_are_told_and_may_give_other_bytes(fused, rerun):
    told = change()
    here = told["versions"]["numpy"]
    change(versions=told["versions"] | {"numpy": "1.0"})
    warning = f"report.json: was written with numpy 1.0 (here {here}); the result may have other bytes\n"
    assert rerun("report.json", "-o", "again.tif", err=warning).endswith("tells of\n")
    change(outputs=[told["outputs"][0] | {"sha256": "0" * 64}])
    differs = "other.tif: has not the bytes that report.json tells of, as versions differ\n"
    assert "tells of" not in rerun("report.json", "-o", "other.tif", err=warning + differs)
    assert Path("other.tif").read_bytes() == Path("out.tif").read_bytes()


def test_other_bytes_by_equal_versions_are_an_error(fused, capsys):
    told = change()
    change(outputs=[told["outputs"][0] | {"sha256": "0" * 64}])
    assert main(["rerun", "report.json", "-o", "again.tif", "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "again.tif: was written, but not with the bytes that report.json tells of" in err and err.count("\n") == 1
    assert "another processor" in err and "code was changed" in err and "threads makes no difference" in err


def test_another_format_is_refused(fused, failing):
    assert "x.png: is to be the same file as out.tif; give it the ending .tif" in failing("report.json", "-o", "x.png")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "report.json: is no JSON, or damaged"),
        ("[1]", "report.json: is no report"),
        ('{"kind": "all-in-focus alignment"}', "report.json: is no report"),
        ('{"kind": "all-in-focus report", "format": 2}', "is a report of format 2, and format 1 is read"),
    ],
)
def test_what_is_no_report_is_refused(fused, failing, text, message):
    Path("report.json").write_text(text)
    assert message in failing("report.json", "-o", "x.tif")


def test_a_missing_report_is_named(failing):
    assert "gone.json: no such file; give a report" in failing("gone.json")


FILE_ENTRY = {"path": "a", "absolute": "/a", "bytes": 1, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"inputs": None}, "inputs is null, expected is a list of files"),
        ({"inputs": []}, "inputs is [], expected is a list of files"),
        ({"inputs": ["a"]}, "inputs[0].path is missing, expected is a text"),
        ({"inputs": [FILE_ENTRY, FILE_ENTRY | {"path": 3}]}, "inputs[1].path is 3, expected is a text"),
        ({"inputs": [FILE_ENTRY | {"sha256": "0" * 63}]}, "inputs[0].sha256 is "),
        ({"inputs": [FILE_ENTRY | {"bytes": True}]}, "inputs[0].bytes is true, expected is a whole number or null"),
        ({"outputs": [FILE_ENTRY]}, "outputs[0].role is missing"),
        ({"outputs": [FILE_ENTRY | {"role": "index"}]}, "outputs holds no picture"),
        ({"output": None}, "output is null, expected is a text"),
        ({"versions": []}, "versions is [], expected is versions by name"),
        ({"transforms": []}, "transforms is [], expected is a saved alignment or null"),
        ({"transforms": None}, "transforms is null, and frames were aligned by similarity"),
        ({"transforms": {"kind": "x"}}, "report.json: transforms: is no alignment"),
        ({"parameters": 5}, "parameters is 5, expected is options by name"),
    ],
)
def test_a_damaged_report_is_refused_and_the_entry_named(fused, failing, entries, message):
    change(**entries)
    assert message in failing("report.json", "-o", "x.tif")


@pytest.mark.parametrize("name", list(PARAMETER_ENTRIES))
def test_a_damaged_parameter_is_named(fused, failing, name):
    told = change()
    change(parameters=told["parameters"] | {name: [1]})
    assert f"is damaged: parameters.{name} is [1], expected is " in failing("report.json", "-o", "x.tif")
    change(parameters={key: value for key, value in told["parameters"].items() if key != name})
    assert f"is damaged: parameters.{name} is missing" in failing("report.json", "-o", "x.tif")


@pytest.mark.parametrize(
    ("name", "value"),
    [("quality", 1000), ("quality", 0), ("depth", -3), ("depth", 0), ("k_size", 4), ("k_size", 33), ("k_size", 1)]
    + [("prefer", "middle"), ("align", "guess")],
)
def test_a_parameter_out_of_range_is_named(fused, failing, name, value):
    told = change()
    change(parameters=told["parameters"] | {name: value})
    told = f"report.json: is damaged: parameters.{name} is {json.dumps(value)}, expected is "
    assert told in failing("report.json", "-o", "x.tif")


def test_more_levels_than_frames_have_room_for_are_named(fused, failing):
    told = change()
    change(parameters=told["parameters"] | {"depth": 30})
    assert "report.json: is damaged: parameters.depth: levels must be" in failing("report.json", "-o", "x.tif")


def test_a_damaged_slab_is_named(fused, failing):
    told = change()
    change(parameters=told["parameters"] | {"slab": "3/3"})
    assert "report.json: is damaged: parameters.slab: 3/3: slabs of 3 frames" in failing("report.json", "-o", "x.tif")


def test_damaged_transforms_are_named(fused, failing):
    told = change()
    told["transforms"]["frames"][1]["matrix"] = [[1, 2], [3, 4]]
    change(transforms=told["transforms"])
    line = failing("report.json", "-o", "x.tif")
    assert "report.json: transforms: is damaged: frames[1].matrix is [[1, 2], [3, 4]], expected is 3 rows" in line

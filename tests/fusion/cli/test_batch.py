"""Many stacks by one command: which folders are stacks, where their results go, and what happens when one fails."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from data import DataError, open_stack, save
from fusion.cli.batch import one_line, run_batch
from fusion.cli.maps import save_arrays
from fusion.cli.slabs import Slab

GRAY = np.full((6, 8), 0.5, np.float32)
NO_FILES = {"json": None, "depth_map": None, "index": None, "transforms": None}
OPTIONS = NO_FILES | {
    "slab": None,
    "plot": False,
    "reference": None,
    "force": False,
    "quiet": False,
    "batch": True,
    "quality": 90,
    "command": "stack",
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, in which we are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stacks(here):
    """The folder `outer`, with stacks whose first frames have different endings."""
    for name, frames in {"s2": "a.png b.png", "s10": "x.JPG y.jpg z.png", "s1": "f.tif g.png"}.items():
        (here / "outer" / name).mkdir(parents=True)
        for frame in frames.split():
            save(GRAY, here / "outer" / name / frame)
    return here / "outer"


def arguments(*paths, output="out", **options):
    return argparse.Namespace(paths=list(map(str, paths)), output=str(output), **OPTIONS | options)


class Fuser:
    """Stands for the command that fuses one stack: writes a picture, or raises the error that it is given for a stack."""

    def __init__(self, **errors):
        self.errors, self.calls = errors, []

    def __call__(self, args):
        self.calls.append(args)
        error = self.errors.get(Path(args.output).stem)
        if error:
            raise error
        save(open_stack(args.paths[0], tolerant=True)[-1], args.output, force=args.force, made_by="fusion stack")

    @property
    def fused(self):
        return [Path(call.paths[0]).name for call in self.calls]


def test_every_sub_folder_is_a_stack_in_natural_order(stacks, capsys):
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert [(call.paths, call.output) for call in fuser.calls] == [
        (["outer/s1"], "out/s1.tif"),
        (["outer/s2"], "out/s2.png"),
        (["outer/s10"], "out/s10.JPG"),
    ]
    assert capsys.readouterr() == ("1 of 3: s1\n2 of 3: s2\n3 of 3: s10\n", "")
    assert {path.name for path in Path("out").iterdir()} == {"s1.tif", "s2.png", "s10.JPG"}


def test_options_are_those_of_the_batch(stacks):
    fuser = Fuser()
    run_batch(arguments("outer", quality=77, force=True), fuser)
    assert all(call.quality == 77 and call.force and call.command == "stack" and not call.batch for call in fuser.calls)
    assert all(getattr(call, name) is None for call in fuser.calls for name in NO_FILES)


def test_each_stack_has_its_own_files(stacks):
    fuser = Fuser()
    run_batch(arguments("outer", json="r.json", depth_map="d.png", index="i.npz", transforms="t.json"), fuser)
    first = fuser.calls[0]
    assert (first.json, first.depth_map) == ("out/s1_r.json", "out/s1_d.png")
    assert (first.index, first.transforms) == ("out/s1_i.npz", "out/s1_t.json")
    assert fuser.calls[2].json == "out/s10_r.json"


@pytest.mark.parametrize("option", list(NO_FILES))
def test_a_file_of_each_stack_is_named_without_a_folder(stacks, option):
    told = f"^--{option.replace('_', '-')} reports/r.json: .* writes out/STACK_r.json$"
    with pytest.raises(DataError, match=told):
        run_batch(arguments("outer", **{option: "reports/r.json"}), Fuser())
    assert not Path("out").exists()


def test_formats_that_are_only_read_become_png(here):
    (here / "outer" / "dotted.name").mkdir(parents=True)
    Image.new("L", (8, 6)).save(here / "outer" / "dotted.name" / "a.bmp")
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert fuser.calls[0].output == "out/dotted.name.png"


def test_pages_of_a_tiff_are_a_stack(here):
    (here / "outer" / "s").mkdir(parents=True)
    tifffile.imwrite(here / "outer" / "s" / "pages.tif", np.zeros((3, 6, 8), np.uint8), photometric="minisblack")
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert fuser.calls[0].output == "out/s.tif"


def test_the_first_frame_gives_the_ending_even_if_it_is_damaged(stacks):
    (stacks / "s2" / "a.png").write_bytes(b"nothing")
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert fuser.calls[1].output == "out/s2.png"


def test_a_failure_does_not_stop_the_rest(stacks, capsys):
    errors = {"s1": DataError("f.tif: is\nbad"), "s10": OSError(28, "No space left on device", "out/s10.JPG")}
    fuser = Fuser(**errors)
    with pytest.raises(DataError, match="^2 of 3 stacks failed"):
        run_batch(arguments("outer"), fuser)
    assert fuser.fused == ["s1", "s2", "s10"]
    assert capsys.readouterr().err == "s1: f.tif: is bad\ns10: out/s10.JPG: No space left on device\n"
    assert [path.name for path in Path("out").iterdir()] == ["s2.png"]


def test_a_sub_folder_without_pictures_is_a_failure(stacks, capsys):
    (stacks / "notes").mkdir()
    fuser = Fuser()
    with pytest.raises(DataError, match="^1 of 4 stacks failed"):
        run_batch(arguments("outer"), fuser)
    assert fuser.fused == ["s1", "s2", "s10"]
    assert capsys.readouterr().err.startswith("notes: outer/notes: no picture in this folder")


def test_a_stack_too_large_for_memory_is_a_failure(stacks, capsys):
    with pytest.raises(DataError, match="^1 of 3"):
        run_batch(arguments("outer"), Fuser(s2=MemoryError()))
    assert capsys.readouterr().err == "s2: not enough memory\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError])
def test_an_interrupt_stops_all(stacks, error):
    fuser = Fuser(s2=error())
    with pytest.raises(error):
        run_batch(arguments("outer"), fuser)
    assert fuser.fused == ["s1", "s2"]


def test_finished_stacks_are_skipped(stacks, capsys):
    with pytest.raises(DataError):
        run_batch(arguments("outer"), Fuser(s2=DataError("bad")))
    capsys.readouterr()
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert fuser.fused == ["s2"]
    assert capsys.readouterr().out.splitlines() == [
        "1 of 3: s1: is finished, out/s1.tif is there",
        "2 of 3: s2",
        "3 of 3: s10: is finished, out/s10.JPG is there",
    ]
    run_batch(arguments("outer", force=True), fuser)
    assert fuser.fused == ["s2", "s1", "s2", "s10"]


def test_a_picture_of_another_program_is_no_finished_stack(stacks, capsys):
    Path("out").mkdir()
    save(GRAY, "out/s2.png")
    fuser = Fuser()
    with pytest.raises(DataError, match="^1 of 3"):
        run_batch(arguments("outer"), fuser)
    assert fuser.fused == ["s1", "s2", "s10"]
    assert "s2: out/s2.png: exists already" in capsys.readouterr().err


def test_a_stack_is_finished_when_all_its_slabs_are_there(here, capsys):
    (here / "outer" / "s").mkdir(parents=True)
    for number in range(5):
        save(GRAY * number / 5, here / "outer" / "s" / f"{number}.png")
    save(GRAY * 0, here / "outer" / "s" / "copy.png")  # counts once, so that there are two slabs of five frames
    Path("out").mkdir()
    save(GRAY, "out/s_001-003.png", made_by="fusion stack")
    save(GRAY, "out/s_other.png", made_by="fusion stack")
    save(GRAY, "out/s_003-005.png")
    fuser = Fuser()
    run_batch(arguments("outer", slab=Slab(3, 1)), fuser)
    assert len(fuser.calls) == 1
    save(GRAY, "out/s_003-005.png", made_by="fusion stack", force=True)
    Path("out/s.png").unlink()
    run_batch(arguments("outer", slab=Slab(3, 1)), fuser)
    assert len(fuser.calls) == 1
    assert capsys.readouterr().out == "1 of 1: s\n1 of 1: s: is finished, slabs of out/s.png are there\n"


def test_a_missing_slab_is_made_and_those_that_are_there_replaced(here):
    (here / "outer" / "s").mkdir(parents=True)
    for number in range(7):
        save(GRAY * number / 7, here / "outer" / "s" / f"{number}.png")
    Path("out").mkdir()
    for number in ("001-003", "005-007", "007-009"):  # the last one is of another run, and does not count
        save(GRAY, f"out/s_{number}.png", made_by="fusion stack")
    fuser = Fuser()
    run_batch(arguments("outer", slab=Slab(3, 1)), fuser)
    assert [call.force for call in fuser.calls] == [True]


ALL_FILES = {"json": "r.json", "depth_map": "d.png", "index": "i.npz", "transforms": "t.json"}


def write_results(stem, ending):
    """Write all files that a stack of a batch can have."""
    for name in (f"{stem}{ending}", f"{stem}_d.png", f"{stem}_plot.png"):
        save(GRAY, Path("out") / name, made_by="fusion stack")
    Path(f"out/{stem}_r.json").write_text('{"kind": "all-in-focus report", "format": 1}')
    save_arrays(f"out/{stem}_i.npz", index=GRAY, confidence=GRAY, names=["a"])
    Path(f"out/{stem}_t.json").write_text("{}")


@pytest.mark.parametrize("missing", ["s2.png", "s2_d.png", "s2_plot.png", "s2_r.json", "s2_i.npz", "s2_t.json", None])
def test_a_stack_is_finished_when_all_its_files_are_there(stacks, missing, capsys):
    Path("out").mkdir()
    for stem, ending in (("s1", ".tif"), ("s2", ".png"), ("s10", ".JPG")):
        write_results(stem, ending)
    if missing:
        Path("out", missing).unlink()
    fuser = Fuser()
    run_batch(arguments("outer", plot=True, **ALL_FILES), fuser)
    assert fuser.fused == ([] if missing is None else ["s2"])
    assert all(call.force for call in fuser.calls)
    told = f"is made again, for {Path('out', str(missing))} is missing; what it made before is replaced"
    assert (told in capsys.readouterr().err) == (missing is not None)


@pytest.mark.parametrize("name", ["s2.png", "s2_d.png", "s2_plot.png", "s2_r.json", "s2_i.npz"])
def test_what_is_not_ours_is_never_replaced(stacks, name):
    Path("out").mkdir()
    write_results("s2", ".png")
    Path("out", name).write_text('{"precious": 1}')
    fuser = Fuser()
    with pytest.raises(DataError):
        run_batch(arguments("outer", plot=True, **ALL_FILES), fuser)
    (call,) = (call for call in fuser.calls if call.paths == ["outer/s2"])
    assert not call.force and Path("out", name).read_text() == '{"precious": 1}'


def test_saved_motion_of_an_interrupted_stack_is_applied(stacks, capsys):
    Path("out").mkdir()
    Path("out/s2_t.json").write_text("{}")
    fuser = Fuser()
    run_batch(arguments("outer", transforms="t.json", reference="first"), fuser)
    assert [call.reference for call in fuser.calls] == ["first", None, "first"]
    assert not any(call.force for call in fuser.calls)
    told = "out/s2_t.json: exists, so its motion is applied, and --reference makes no difference\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("frames", "ending"),
    [({"0.jpg": 8, "1.tif": 16}, ".tif"), ({"0.jpg": 8, "1.tif": 8}, ".jpg"), ({"0.png": 8, "1.tif": 16}, ".png")],
)
def test_the_result_has_room_for_all_bits(here, frames, ending):
    (here / "outer" / "m").mkdir(parents=True)
    for name, bits in frames.items():
        save((GRAY * (2**bits - 1)).astype(f"uint{bits}"), here / "outer" / "m" / name)
    fuser = Fuser()
    run_batch(arguments("outer"), fuser)
    assert fuser.calls[0].output == f"out/m{ending}"


def test_folders_of_stacks_are_found_by_a_pattern(stacks, here):
    for number in (2, 10):
        (here / f"b{number}" / f"t{number}").mkdir(parents=True)
        save(GRAY, here / f"b{number}" / f"t{number}" / "a.png")
    (here / "b.txt").touch()
    fuser = Fuser()
    run_batch(arguments("b*", "outer"), fuser)
    assert fuser.fused == ["t2", "t10", "s1", "s2", "s10"]
    refused(r"^b\.t\*: finds no folder; with --batch", "b.t*")
    refused(r"^c\*: finds no file", "c*")


def test_quiet_says_nothing(stacks, capsys):
    run_batch(arguments("outer", quiet=True), Fuser())
    run_batch(arguments("outer", quiet=True), Fuser())
    assert capsys.readouterr() == ("", "")


def test_the_output_and_hidden_folders_are_no_stacks(stacks):
    (stacks / ".thumbnails").mkdir()
    fuser = Fuser()
    for _ in range(2):
        run_batch(arguments("outer", output="outer/results"), fuser)
    assert fuser.fused == ["s1", "s2", "s10"]


def test_results_may_lie_beside_the_stacks(stacks, capsys):
    for _ in range(2):
        run_batch(arguments("outer", output="outer"), Fuser())
    assert (stacks / "s2.png").exists()
    assert capsys.readouterr().err == ""


def test_loose_pictures_are_named(stacks, capsys):
    save(GRAY, stacks / "p2.png")
    run_batch(arguments("outer"), Fuser())
    assert capsys.readouterr().err == "outer: p2.png lies in it directly, beside the stacks, and in none of them\n"
    save(GRAY, stacks / "p10.png")
    (stacks / "notes.txt").touch()
    run_batch(arguments("outer"), Fuser())
    told = "outer: 2 pictures, from p2.png to p10.png, lie in it directly, beside the stacks, and in none of them\n"
    assert capsys.readouterr().err == told


def test_stacks_of_several_folders_are_fused(stacks, here):
    (here / "second" / "t").mkdir(parents=True)
    save(GRAY, here / "second" / "t" / "a.png")
    fuser = Fuser()
    run_batch(arguments("second", "outer"), fuser)
    assert fuser.fused == ["t", "s1", "s2", "s10"]


def refused(message, *paths, **options):
    """Expect an error before any work."""
    fuser = Fuser()
    with pytest.raises(DataError, match=message):
        run_batch(arguments(*paths, **options), fuser)
    assert not fuser.calls


@pytest.mark.parametrize("name", ["s2", "S2"])
def test_two_stacks_of_one_name_are_refused(stacks, here, name):
    (here / "second" / name).mkdir(parents=True)
    refused(f"^second/{name}: has the name of outer/s2, and so would its result; rename one", "outer", "second")
    assert not Path("out").exists()


def test_a_folder_without_sub_folders_is_refused(stacks):
    refused("^outer/s1: has no sub-folder; with --batch, each sub-folder is a stack", "outer", "outer/s1")
    refused("^outer/s1/f.tif: is no folder; with --batch", "outer/s1/f.tif")
    refused("^nowhere: is no folder; with --batch", "nowhere")


def test_an_output_that_cannot_be_a_folder_is_refused(stacks):
    refused("^outer/s1/f.tif: is a file; with --batch, name a folder", "outer", output="outer/s1/f.tif")
    refused("^a/b: the folder it should lie in does not exist; create a first", "outer", output="a/b")


def test_a_folder_made_for_nothing_goes_again(stacks):
    with pytest.raises(DataError, match="^3 of 3"):
        run_batch(arguments("outer"), Fuser(s1=DataError("x"), s2=DataError("x"), s10=DataError("x")))
    assert not Path("out").exists()
    Path("out").mkdir()
    with pytest.raises(DataError, match="^3 of 3"):
        run_batch(arguments("outer"), Fuser(s1=DataError("x"), s2=DataError("x"), s10=DataError("x")))
    assert Path("out").exists()


def test_stacks_that_would_write_one_file_are_told_apart(here, capsys):
    for name in ("s", "s_depth"):
        (here / "outer" / name).mkdir(parents=True)
        save(GRAY, here / "outer" / name / "a.png")
    fuser = Fuser()
    with pytest.raises(DataError, match="^1 of 2"):
        run_batch(arguments("outer", depth_map="depth.png", force=True), fuser)
    assert fuser.fused == ["s"]
    assert capsys.readouterr().err.startswith("s_depth: out/s_depth.png: is written for outer/s too; rename one")
    before = Path("out/s_depth.png").write_bytes(Path("out/s.png").read_bytes())
    with pytest.raises(DataError, match="^1 of 2"):
        run_batch(arguments("outer", depth_map="depth.png"), fuser)
    assert fuser.fused == ["s"] and Path("out/s_depth.png").stat().st_size == before


def test_an_error_is_one_line():
    assert one_line(ValueError("two\n  lines")) == "two lines"
    assert one_line(OSError(28, "No space left on device")) == "No space left on device"
    assert one_line(OSError(28, "No space left on device", "a.png")) == "a.png: No space left on device"
    assert one_line(MemoryError()) == "not enough memory"

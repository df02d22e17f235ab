"""Temporary files: where they lie, and what becomes of those that a killed process left."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data import DataError, io, open_stack, save
from data.io import replacing, save_json

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys, time
from data.io import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half of it")
    print(temporary, flush=True)
    time.sleep(60)
"""
GRAY = np.full((4, 5), 0.5, np.float32)

posix = pytest.mark.skipif(os.name != "posix", reason="asks for processes as POSIX has them")


@pytest.fixture
def writer(tmp_path):
    """A process that has written half of the file `victim.png`, and the path of what it has written."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "victim.png")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def left_by(process, name=".png", machine=None):
    """Return the name of a temporary file of a process."""
    with replacing(Path("any.png")) as temporary:
        temporary.touch()
        ours = temporary.name
    Path("any.png").unlink()
    _, host, number, rest = ours.split("-")
    return f".fusion-{machine or host}-{process}-{rest.removesuffix('.png')}{name}"


@pytest.fixture
def gone():
    """Number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, in which we are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@posix
def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path, writer):
    process, temporary = writer
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.iterdir()) == [temporary]
    save(GRAY, tmp_path / "other.png")
    assert list(tmp_path.iterdir()) == [tmp_path / "other.png"]


@posix
def test_the_file_of_a_living_process_stays(tmp_path, writer):
    _, temporary = writer
    save(GRAY, tmp_path / "other.png")
    assert temporary.read_bytes() == b"half of it"


@posix
def test_files_of_processes_of_somebody_else_stay(here, monkeypatch, gone):
    asked, left = [], {here / left_by(gone, ending) for ending in (".png", ".tif")}
    for path in left:
        path.touch()

    def not_ours(*asks):
        asked.append(asks)
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    save(GRAY, "other.png")
    assert asked == [(gone, 0)] * 2
    assert {*here.iterdir()} == left | {here / "other.png"}


@posix
def test_an_interrupted_process_leaves_nothing(tmp_path, writer):
    process, temporary = writer
    process.send_signal(signal.SIGINT)
    process.wait()
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("ending", [".png", ".json", ".tiff", ""])
def test_any_ending_of_ours_is_removed(here, gone, ending):
    (here / left_by(gone, ending)).touch()
    save_json([], "other.json")
    assert list(here.iterdir()) == [here / "other.json"]


@posix
def test_files_of_other_machines_and_others_of_any_kind_stay(here, gone):
    ours = left_by(gone)
    names = [
        left_by(gone, machine="0" * 8),
        ours[1:],
        ours.replace(".png", ".png.bak"),
        ours.replace("fusion", "fission"),
        f".{'0' * 16}.png",
        left_by("9" * 40),
        "picture.png",
    ]
    for name in names:
        (here / name).touch()
    (here / ours).mkdir()
    save(GRAY, "other.png")
    assert {path.name for path in here.iterdir()} == {*names, ours, "other.png"}


@posix
def test_what_may_not_be_removed_stops_nothing(here, gone, monkeypatch):
    left = [here / left_by(gone, ending) for ending in (".png", ".tif", ".json")]
    for path in left:
        path.touch()
    unlink, refused = os.unlink, []

    def refuse_first(path, **options):
        if not refused:
            refused.append(Path(path))
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse_first)
    save(GRAY, "other.png")
    assert refused[0] in left and {*here.iterdir()} == {*refused, here / "other.png"}


def test_where_asking_could_disturb_a_process_nothing_is_removed(here, monkeypatch):
    name = left_by(123456789)
    (here / name).touch()
    monkeypatch.setattr(io, "POSIX", False)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
    save_json([], "other.json")
    assert (here / name).exists()


def test_a_temporary_file_tells_whose_it_is_and_is_no_frame(tmp_path):
    save(GRAY, tmp_path / "frame.png")
    with replacing(tmp_path / "other.png") as temporary:
        save(GRAY, tmp_path / "third.png")
        temporary.write_bytes((tmp_path / "frame.png").read_bytes())
        assert temporary.parent == tmp_path
        assert re.fullmatch(rf"\.fusion-[0-9a-f]{{8}}-{os.getpid()}-[0-9a-f]{{16}}\.png", temporary.name)
        assert open_stack(tmp_path).names == ["frame.png", "third.png"]
    assert open_stack(tmp_path).names == ["frame.png", "other.png", "third.png"]


def test_two_writes_of_one_process_do_not_meet(tmp_path):
    with replacing(tmp_path / "a.json") as first, replacing(tmp_path / "a.json") as second:
        first.write_text("1")
        second.write_text("2")
    assert json.loads((tmp_path / "a.json").read_text()) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_an_error_inside_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    for error, expected in (
        (OSError(28, "No space left on device"), DataError),
        (KeyboardInterrupt, KeyboardInterrupt),
    ):
        with pytest.raises(expected), replacing(path) as temporary:
            temporary.write_text("new")
            raise error
        assert list(tmp_path.iterdir()) == [path] and path.read_text() == "old"


def test_a_name_may_be_given_as_text(here):
    with replacing("a.json") as temporary:
        temporary.write_text("new")
    assert (here / "a.json").read_text() == "new"

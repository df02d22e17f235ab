"""fusion stack in a process of its own that is stopped, killed or cannot write: nothing half-written is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from data import open_stack, save

if os.name != "posix":
    pytest.skip("signals and limits of processes are those of POSIX", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[3]
FRAMES = 4
# The command on a machine where something is slow: `slow` names what, and a line tells when it is reached.
SLOW = """
import sys, time
from data import io, tiff
from fusion.cli import main

module, name, count = {slow}
quick, calls = getattr(module, name), []

def slowly(*arguments, **options):
    calls.append(name)
    if len(calls) == count:
        print("here", file=sys.__stdout__, flush=True)
    time.sleep(0.3 if len(calls) >= count else 0)
    return quick(*arguments, **options)

setattr(module, name, slowly)
sys.exit(main(sys.argv[1:]))
"""
MOMENTS = {
    "while motion is sought": "io, 'read_pixels', 2",
    "while frames are fused": f"io, 'read_pixels', {FRAMES + 3}",
    "before a file is written": "tiff, 'write', 1",
    "before it takes its name": "io.os, 'replace', 1",
}
# The command on a disk that is full when so many bytes of a file are written.
FULL = """
import resource, signal, sys
from fusion.cli import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def scene():
    """A colour picture with detail at many scales, float32 of shape (240, 320, 3)."""
    rng = np.random.default_rng(3)
    layers = [cv2.GaussianBlur(rng.random((240, 320, 3), np.float32), (0, 0), sigma) for sigma in (0.8, 3, 9)]
    mixed = sum(layer / layer.std() for layer in layers)
    return (mixed - mixed.min()) / (mixed.max() - mixed.min())


@pytest.fixture
def here(tmp_path, monkeypatch, scene):
    """A folder, in which we are, with `frames/`, each of which is sharp in another part, and the empty `out/`."""
    monkeypatch.chdir(tmp_path)
    for folder in ("frames", "out"):
        Path(folder).mkdir()
    blurred = cv2.GaussianBlur(scene, (0, 0), 3)
    part = np.arange(scene.shape[1])[:, None] * FRAMES // scene.shape[1]
    for number in range(FRAMES):
        save(np.where(part == number, scene, blurred), f"frames/{number}.tif")
    return tmp_path


def command(*arguments, code="import sys; from fusion.cli import main; sys.exit(main(sys.argv[1:]))"):
    """Return what starts the command in a process of its own."""
    called = ["stack", "frames", "-o", "out/fused.tif", "--json", "out/report.json", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return {"args": [sys.executable, "-c", code, *called], "env": environment, "text": True}


def finished(*arguments, **options):
    return subprocess.run(**command(*arguments, **options), capture_output=True, timeout=120)


def left(folder="out"):
    return sorted(path.name for path in Path(folder).iterdir())


def stopped(moment, number, *arguments):
    """Send the command a signal at a moment; return its exit status and what it says of it."""
    started = command("--quiet", *arguments, code=SLOW.format(slow=MOMENTS[moment]))
    with subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == "here\n", process.stderr.read()
            time.sleep(0.05)
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, said


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_an_interrupt_leaves_nothing(here, moment):
    assert stopped(moment, signal.SIGINT) == (130, "fusion: stopped\n")
    assert left() == []


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_what_a_killed_run_leaves_goes_with_the_next_one(here, moment):
    assert stopped(moment, signal.SIGKILL) == (-signal.SIGKILL, "")
    assert all(name.startswith(".fusion-") for name in left())
    assert len(left()) == (moment == "before it takes its name")
    again = finished("--quiet")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert left() == ["fused.tif", "report.json"]


def test_a_killed_run_leaves_the_old_result(here):
    Path("out/fused.tif").write_bytes(b"old")
    for number in (signal.SIGINT, signal.SIGKILL):
        stopped("before it takes its name", number, "--force")
        assert Path("out/fused.tif").read_bytes() == b"old"
        assert "report.json" not in left()


def test_an_interrupted_batch_is_taken_up_again(here, scene):
    Path("frames").rename("first")
    Path("frames").mkdir()
    Path("first").rename("frames/1")
    Path("frames/2").mkdir()
    for frame in Path("frames/1").iterdir():
        save(open_stack([frame])[0][::-1], f"frames/2/{frame.name}")
    started = command("--batch", "-o", "out", "--json", "r.json", code=SLOW.format(slow="tiff, 'write', 2"))
    with subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.stdout.readline() != "here\n":
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1].splitlines()[-1] == "fusion: stopped"
    assert (process.returncode, left()) == (130, ["1.tif", "1_r.json"])
    again = finished("--batch", "-o", "out", "--json", "r.json")
    assert again.returncode == 0, again.stderr
    assert "1 of 2: 1: is finished, out/1.tif is there\n2 of 2: 2\n" in again.stdout
    assert left() == ["1.tif", "1_r.json", "2.tif", "2_r.json"]


@pytest.mark.parametrize("written", range(5))
def test_a_batch_goes_on_wherever_it_was_interrupted(here, written):
    Path("frames").rename("1")
    Path("frames").mkdir()
    Path("1").rename("frames/1")
    named = ["--depth-map", "d.png", "--index", "i.npz", "--transforms", "t.json", "--json", "r.json"]
    options = ["--batch", "-o", "out", "--reference", "first", *named]
    files = ["1_t.json", "1_d.png", "1_i.npz", "1.tif", "1_r.json"]  # in the order in which they are written
    started = command(*options, code=SLOW.format(slow=f"io.os, 'replace', {written + 1}"))
    with subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.stdout.readline() != "here\n":
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert [name for name in left() if not name.startswith(".")] == sorted(files[:written])
    again = finished(*options)
    assert (again.returncode, left()) == (0, sorted(files)), again.stderr
    before = {name: Path("out", name).stat().st_mtime_ns for name in left()}
    assert "1 of 1: 1: is finished, out/1.tif is there\n" in finished(*options).stdout
    assert {name: Path("out", name).stat().st_mtime_ns for name in left()} == before


def failed(*arguments, **options):
    """Run the command, expect it to fail in one line with nothing written; return that line."""
    process = finished("--quiet", *arguments, **options)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("fusion: error: ") and process.stderr.count("\n") == 1
    assert left() == []
    return process.stderr


@pytest.mark.parametrize("ending", [".tif", ".png", ".jpg", ".webp"])
def test_a_full_disk_is_told_and_nothing_is_left(here, ending):
    line = failed("-o", f"out/fused{ending}", code=FULL)
    assert f"out/fused{ending}: cannot be written (" in line
    assert "File too large" in line or "is the disk full?" in line


def test_a_full_disk_spoils_no_map(here):
    assert "out/index.npz: cannot be written" in failed("--index", "out/index.npz", code=FULL)
    assert "out/depth.png: cannot be written" in failed("--depth-map", "out/depth.png", code=FULL)


def test_a_target_that_cannot_be_written_is_told_before_any_work(here):
    Path("file").touch()
    assert "file/fused.tif: " in failed("-o", "file/fused.tif")
    assert "out/missing/fused.tif: its folder does not exist" in failed("-o", "out/missing/fused.tif")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(here):
    Path("out").chmod(0o500)
    try:
        assert "out/fused.tif: its folder may not be written to" in failed()
    finally:
        Path("out").chmod(0o700)

"""What tests of commands share: motion that is known, so that it need not be estimated, and how a command fails."""

import numpy as np
import pytest

import recalage
from data import open_stack, save
from fusion.cli import main
from recalage.alignment import Alignment, FrameReport

OTHER_SCENE = "it shows another scene"


def alignment_by_shifts(shifts, names, shape, *, reason, gains, model, strategy):
    """Make an alignment to the first frame, by shifts (x, y) in pixels; a frame without one is left out."""
    matrices, frames = np.tile(np.eye(3), (len(names), 1, 1)), []
    for index, (shift, name) in enumerate(zip(shifts, names, strict=True)):
        if shift is None:
            matrices[index] = np.nan
            frames.append(FrameReport(name, "left out", reason, "", 0.0, 0.0, 0.0))
        elif index == 0:
            frames.append(FrameReport(name, "reference", "", "", 1.0, 1.0, 1.0))
        else:
            matrices[index, :2, 2] = shift
            status = "aligned" if any(shift) else "untouched"
            frames.append(FrameReport(name, status, "", names[0], 0.75, 0.5, 0.875))
    return Alignment(matrices, frames, shape=shape, reference=0, model=model, strategy=strategy, gains=gains)


@pytest.fixture
def known_motion(monkeypatch):
    """Let registration find the shifts that are given; return the list of what it was asked for, call by call."""

    def know(*shifts, gains=None, reason=OTHER_SCENE):
        calls = []

        def register(stack, *, progress, tone=None, model="similarity", strategy="chain", **options):
            calls.append({"model": model, "strategy": strategy, "tone": tone} | options)
            stack = open_stack(stack)
            list(progress(range(len(stack)), "aligning"))
            known_gains = gains if tone else None
            told = {"reason": reason, "gains": known_gains, "model": model, "strategy": strategy}
            return alignment_by_shifts(shifts, stack.names, stack.shape[1:], **told)

        monkeypatch.setattr(recalage, "register", register)
        return calls

    return know


@pytest.fixture
def failing_in_a_line(capsys, tmp_path):
    """Make a function that runs a command, expects it to fail in one line with nothing written, and returns the line."""

    def make(command, usual_out):
        def run(*arguments, out=tmp_path / usual_out):
            before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
            status = main([command, *map(str, arguments), "-o", str(out)])
            said, err = capsys.readouterr()
            assert (status, said) == (2, "")
            assert err.startswith("fusion: error: ") and err.count("\n") == 1
            assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
            return err

        return run

    return make


@pytest.fixture
def pair(tmp_path, focus_pair):
    """The files of a pair, in a folder of their own whose name is no HTML."""
    folder = tmp_path / "a <pair>"
    folder.mkdir()
    for name, frame in zip(("a", "b"), focus_pair, strict=True):
        save(frame, folder / f"{name}.png")
    return folder

"""Motion that is known, for tests of commands that align: what they do with it, not how it is estimated."""

import numpy as np
import pytest

import recalage
from data import open_stack
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

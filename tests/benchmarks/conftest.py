"""A leaderboard of two tiny scenes, with a cache and a results file of its own."""

import functools

import numpy as np
import pytest

from benchmarks.leaderboard import __main__ as command
from benchmarks.leaderboard import cells, contests
from benchmarks.leaderboard.contests import CONTESTS, SCENES, Contest, Scene
from data.scenes import focus_pair


@pytest.fixture
def tiny(monkeypatch, tmp_path, texture):
    """Make "tiny", of the scenes "left" and "right", the only contest; return the two scenes by name."""
    half = np.arange(64)[None, :].repeat(64, axis=0)
    made = {
        "left": focus_pair(texture[:64, :64], (half < 32).astype(np.float32), texture[32:, 64:], radius=3),
        "right": focus_pair(texture[:64, 64:], (half > 40).astype(np.float32), texture[32:, :64], radius=4),
    }
    found = {name: Scene(pair.stack, pair.sharp) for name, pair in made.items()}
    for name in list(CONTESTS):
        monkeypatch.delitem(CONTESTS, name)
    for name in found:
        monkeypatch.setitem(SCENES, name, functools.partial(found.get, name))
    contest = Contest("Two tiny scenes", tuple(found), ("PSNR", "Q_MI"), ranked=("Q_MI",), pairs=False)
    monkeypatch.setitem(CONTESTS, "tiny", contest)
    monkeypatch.setattr(cells, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results.json")
    contests.scene_of.cache_clear()
    yield found
    contests.scene_of.cache_clear()

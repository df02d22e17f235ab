"""Graph cuts against every labelling there is, and what they need."""

import ast
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fusion.depth import depth_from_focus
from fusion.depth.graph_cut import graph_cut

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def maxflow():
    return pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")


def energy(votes, index, smoothness=0.5, truncation=4):
    """What votes lack, and the prices of the steps between neighbours, as the docstring has them."""
    index = index.astype(int)
    data = (1 - np.take_along_axis(votes.astype(np.float64), index[None], axis=0)).sum()
    steps = (np.abs(np.diff(index, axis=axis)) for axis in (0, 1))
    return data + smoothness * sum(np.minimum(step, truncation).sum() for step in steps)


def least_energy(votes, **options):
    """The least energy of all labellings."""
    count, *shape = votes.shape
    labellings = itertools.product(range(count), repeat=int(np.prod(shape)))
    return min(energy(votes, np.reshape(labelling, shape), **options) for labelling in labellings)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 2, 2), (2, 1, 7), (2, 6, 1)])
@pytest.mark.parametrize("smoothness", [0.05, 0.2, 0.5])
def test_of_two_frames_the_best_labelling_is_found(maxflow, shape, smoothness):
    for seed in range(4):
        votes = np.random.default_rng(seed).random(shape, np.float32)
        index, energies = graph_cut(votes, smoothness=smoothness)
        assert energies[-1] == pytest.approx(least_energy(votes, smoothness=smoothness), abs=1e-6)
        assert energy(votes, index, smoothness) == pytest.approx(energies[-1], abs=1e-6)


@pytest.mark.parametrize("options", [{"smoothness": 0.1}, {"smoothness": 0.3, "truncation": 1}])
@pytest.mark.parametrize("shape", [(3, 2, 3), (3, 2, 2), (4, 2, 2)])
def test_of_more_frames_it_is_at_most_a_little_worse(maxflow, shape, options):
    """Alpha expansion is within twice the ratio of the largest to the smallest price of a step of the best."""
    found, best = [], []
    for seed in range(6):
        votes = np.random.default_rng(seed).random(shape, np.float32)
        found.append(graph_cut(votes, **options)[1][-1])
        best.append(least_energy(votes, **options))
    assert (np.array(found) >= np.array(best) - 1e-6).all()
    assert (np.array(found) <= np.array(best) * 1.1 + 1e-6).all()
    assert np.isclose(found, best).mean() >= 0.5


@pytest.mark.parametrize("options", [{}, {"smoothness": 0.05}, {"smoothness": 0.2, "truncation": 2}])
def test_energy_never_rises_and_is_that_of_the_frames(maxflow, options):
    votes = np.random.default_rng(1).random((6, 18, 23), np.float32)
    index, energies = graph_cut(votes, **options)
    assert index.dtype == np.uint16
    assert index.shape == (18, 23)
    assert energies[0] == pytest.approx(energy(votes, votes.argmax(axis=0), **options), rel=1e-6)
    assert energies[-1] == pytest.approx(energy(votes, index, **options), rel=1e-6)
    assert (np.diff(energies) <= 0).all()
    assert (np.diff(energies)[:-1] < 0).all()
    assert energies[-1] < 0.97 * energies[0]
    assert all(isinstance(value, float) for value in energies)


def test_cycles_go_on_until_the_energy_stays(maxflow):
    votes = np.random.default_rng(1).random((12, 20, 24), np.float32)
    index, energies = graph_cut(votes, smoothness=0.05)
    assert len(energies) > 4
    assert energies[-1] == energies[-2]
    assert graph_cut(votes, smoothness=0.05, start=index)[1][-1] == pytest.approx(energies[-1])


def test_any_start_leads_down(maxflow):
    votes = np.random.default_rng(1).random((5, 10, 12), np.float32)
    start = np.random.default_rng(2).integers(0, 5, (10, 12))
    before = start.copy()
    index, energies = graph_cut(votes, start=start)
    assert energies[0] == pytest.approx(energy(votes, start), rel=1e-6)
    assert energies[-1] <= energies[0]
    assert_array_equal(start, before)
    again, stayed = graph_cut(votes, start=index)
    assert stayed[0] == pytest.approx(energies[-1])
    assert stayed[-1] == pytest.approx(energies[-1])


def test_without_a_price_the_most_votes_win(maxflow):
    votes = np.random.default_rng(0).random((5, 9, 11), np.float32)
    assert_array_equal(graph_cut(votes, smoothness=0)[0], votes.argmax(axis=0))


def test_an_outlier_goes_and_an_outline_stays(maxflow):
    truth = np.where(np.arange(20) < 9, 1, 5) * np.ones((14, 1), int)
    votes = np.float32(np.arange(7)[:, None, None] == truth)
    votes[:, 6, 4], votes[6, 6, 4] = 0, 1
    assert_array_equal(graph_cut(votes)[0], truth)


def test_progress_is_told_of_every_cycle_and_votes_stay(maxflow):
    votes = np.random.default_rng(1).random((6, 18, 23), np.float32)
    before, told = votes.copy(), []
    _, energies = graph_cut(votes, progress=lambda items, what: (told.append(what) or item for item in items))
    assert told == ["cutting"] * (len(energies) - 1)
    assert_array_equal(votes, before)


# --- PyMaxflow, an extra ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"preset": "graph-cut"}, {"refine": "graph-cut"}])
def test_where_it_is_missing_that_is_said_with_the_way_out(monkeypatch, texture, options):
    monkeypatch.setitem(sys.modules, "maxflow", None)
    frames = [texture[:20, :20], texture[:20, :20] ** 2, texture[:20, :20] ** 3]
    message = "graph cuts need PyMaxflow, which is not installed, .* the GPL; .* pip install PyMaxflow, or .* 'guided'"
    with pytest.raises(ImportError, match=message):
        depth_from_focus(frames, **options)
    assert np.isfinite(depth_from_focus(frames).depth).all()  # the default needs nothing


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_no_other_file_imports_it():
    files = [path for room in ("data", "recalage", "fusion") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 50
    using = [path.relative_to(ROOT).as_posix() for path in files if "maxflow" in imports_of(path)]
    assert using == ["fusion/depth/graph_cut.py"]


def test_it_is_imported_only_when_it_is_used():
    code = (
        "import sys, fusion.depth, fusion.depth.graph_cut; print('maxflow' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

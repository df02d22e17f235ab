"""One cell of the leaderboard: the scores of one row on one set, computed once for each state of the code."""

import functools
import hashlib
import importlib.metadata
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.leaderboard import rows
from benchmarks.leaderboard.contests import CONTESTS, JPEG, SCENES, published_pictures, scene_of, stored_as
from data import datasets
from data.image import check_image, into_range
from data.io import save_json
from fusion.evaluation import score_with, scorers_for
from fusion.metrics import LOWER_IS_BETTER
from fusion.metrics.door import eight_bits

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".benchmarks" / "leaderboard"
SCORING = ("data", "fusion/metrics", "fusion/weights.py", "fusion/evaluation.py", "benchmarks/leaderboard/cells.py")
FUSING = (*SCORING, "recalage", "fusion", "benchmarks/leaderboard/rows.py", "benchmarks/leaderboard/contests.py")
LIBRARIES = ("numpy", "opencv-contrib-python-headless", "pillow", "scipy", "torch")
VERSIONS = {name.partition("-")[0]: importlib.metadata.version(name) for name in LIBRARIES}
DIGITS = 10  # of a score, in the results
EVERY = "every metric"  # of a row that failed


class Cell(NamedTuple):
    """A row of a section of a contest, on one set."""

    contest: str
    storage: str
    row: str
    kind: str
    set_name: str
    path: str = ""  # of a published picture, or of the Python file of a method


def cells_of(name, extra=()):
    """List all cells of a contest.

    Parameters
    ----------
    name : str
        Of the contest.
    extra : iterable of paths, optional
        Python files that define ``fuse(stack)``; their rows are called as the files.
    """
    contest = CONTESTS[name]
    methods = rows.methods_of(contest)
    for set_name in contest.sets:
        published = published_pictures(contest, set_name)
        for row, path in published.items():
            yield Cell(name, stored_as(contest, path), row, rows.PUBLISHED, set_name, str(path))
        for storage in contest.storage:
            ours = [*((row, rows.OURS, "") for row in methods), *((p.name, rows.OURS, str(p)) for p in extra)]
            ours += [(row, rows.CONTROL, "") for row in (*rows.CONTROLS, rows.EACH_SOURCE)]
            yield from (Cell(name, storage, row, kind, set_name, path) for row, kind, path in ours)


def scores_of(cell):
    """Scores of a cell, from the cache or computed.

    Returns
    -------
    list of dict
        A row each: ``row``, ``scores``, by metric, None where not defined, and ``reasons`` for that.
    """
    path = CACHE / f"{key_of(cell)}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    found = [_for_json(scored) for scored in compute(cell)]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_json(found, path, force=True)
    return found


def failed(cell, error):
    """Scores of a cell that could not be computed: none, and the reason."""
    return [{"row": cell.row, "scores": {}, "reasons": {EVERY: f"{type(error).__name__}: {error}"}}]


def compute(cell):
    """Fuse, store as the section says, score."""
    contest, scene = CONTESTS[cell.contest], scene_of(cell.set_name)
    scorers = scorers_for(contest.metrics, scene.stack, scene.truth)
    scored = []
    for row, image in _pictures(cell, scene.stack):
        image = into_range(np.asarray(image))
        check_image(f"what {row} returns", image)
        _check_size(row, image.shape, scene.stack.shape)
        pixels = eight_bits(image)
        if cell.storage == JPEG and cell.kind != rows.PUBLISHED:
            pixels = rows.stored_like(pixels, _models_of(cell))
        scores, reasons = score_with(scorers, pixels)
        scored.append({"row": row, "scores": scores, "reasons": reasons})
    return scored if contest.pairs or cell.row != rows.EACH_SOURCE else _of_sources(scored)


def _check_size(row, shape, stack_shape):
    if shape[:2] != stack_shape[1:3]:
        sizes = [" x ".join(map(str, size[::-1])) for size in (shape[:2], stack_shape[1:3])]
        raise ValueError(f"what {row} returns is {sizes[0]} pixels, but the frames are {sizes[1]}; return their size")


def _pictures(cell, stack):
    """Yield names of rows and their pictures: one, but for the sources alone."""
    if cell.row == rows.EACH_SOURCE:
        names = "AB" if len(stack) == 2 else range(1, len(stack) + 1)
        yield from ((f"source {name}", frame) for name, frame in zip(names, stack))
    elif cell.kind == rows.PUBLISHED:
        yield cell.row, rows.picture(cell.path)
    elif cell.kind == rows.CONTROL:
        yield cell.row, rows.CONTROLS[cell.row](stack)
    else:
        methods = rows.methods_of(CONTESTS[cell.contest])
        yield cell.row, (rows.method_from(cell.path) if cell.path else methods[cell.row])(stack)


def _of_sources(scored):
    """Reduce the scores of all sources to the best one by each metric, and their mean."""
    best, average = {}, {}
    for metric in scored[0]["scores"]:
        found = [source["scores"][metric] for source in scored]
        best[metric] = (np.min if metric in LOWER_IS_BETTER else np.max)(found)
        average[metric] = np.mean(found)
    reasons = {metric: reason for source in scored for metric, reason in source["reasons"].items()}
    return [
        {"row": row, "scores": scores, "reasons": reasons}
        for row, scores in ((rows.BEST_SOURCE, best), (rows.AVERAGE_SOURCE, average))
    ]


def key_of(cell):
    """Name the file in the cache: another one for other code, other metrics, or another picture."""
    contest = CONTESTS[cell.contest]
    files = [hashlib.sha256(path.read_bytes()).hexdigest() for path in _files_of(cell)]
    code = state_of(SCORING if cell.kind == rows.PUBLISHED else FUSING)
    parts = (cell[1:5], contest.metrics, contest.pairs, files, code)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _files_of(cell):
    """Files whose content the scores depend on: sources, a picture or a method, and those that results are stored like."""
    sources = [] if cell.set_name in SCENES else datasets.find(cell.set_name)
    own = [Path(cell.path)] if cell.path else []
    return [*sources, *own, *_models_of(cell)]


def _models_of(cell):
    """Published files in JPEG, like which what others make is stored; none where nothing has to be."""
    if cell.storage != JPEG or cell.kind == rows.PUBLISHED:
        return []
    contest = CONTESTS[cell.contest]
    return [path for path in published_pictures(contest, cell.set_name).values() if stored_as(contest, path) == JPEG]


@functools.cache
def state_of(places):
    """Name the state of the code in some places, and of the libraries that it computes with."""
    state = hashlib.sha256(repr(VERSIONS).encode())
    for place in places:
        for path in sorted([ROOT / place, *(ROOT / place).rglob("*.py")]):
            if path.is_file():
                state.update(path.read_bytes())
    return state.hexdigest()


def _for_json(scored):
    """Round scores; put None, and a reason, for what JSON cannot hold."""
    finite = {metric: score for metric, score in scored["scores"].items() if math.isfinite(score)}
    reasons = {metric: f"is {score}" for metric, score in scored["scores"].items() if metric not in finite}
    scores = {
        metric: float(f"{finite[metric]:.{DIGITS}g}") if metric in finite else None for metric in scored["scores"]
    }
    return scored | {"scores": scores, "reasons": reasons | scored["reasons"]}

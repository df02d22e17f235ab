"""One cell of the leaderboard: the scores of one row on one set, computed once for each state of the code."""

import functools
import hashlib
import json
import math
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import scipy

from benchmarks.leaderboard import rows
from benchmarks.leaderboard.contests import CONTESTS, JPEG, published_pictures, scene_of
from data.io import save_json
from fusion.evaluation import score_with, scorers_for
from fusion.metrics import LOWER_IS_BETTER

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".benchmarks" / "leaderboard"
SCORING = ("data", "fusion/metrics", "fusion/evaluation.py", "benchmarks/leaderboard/cells.py")
FUSING = (*SCORING, "recalage", "fusion", "benchmarks/leaderboard/rows.py", "benchmarks/leaderboard/contests.py")
DIGITS = 10  # of a score, in the results


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
        Python files that define ``fuse(stack)``.
    """
    contest = CONTESTS[name]
    for set_name in contest.sets:
        published = published_pictures(contest, set_name)
        for storage in contest.storage:
            ours = [*((row, rows.OURS, "") for row in rows.METHODS), *((p.stem, rows.OURS, str(p)) for p in extra)]
            ours += [(row, rows.CONTROL, "") for row in (*rows.CONTROLS, rows.EACH_SOURCE)]
            theirs = [(row, rows.PUBLISHED, str(path)) for row, path in published.items() if stored_as(path) == storage]
            yield from (Cell(name, storage, row, kind, set_name, path) for row, kind, path in ours + theirs)


def stored_as(path):
    """Tell how a file holds its picture: the name of a section."""
    return JPEG if path.suffix.lower() in {".jpg", ".jpeg"} else "lossless"


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
    found = [scored | {"scores": {k: _rounded(v) for k, v in scored["scores"].items()}} for scored in compute(cell)]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_json(found, path, force=True)
    return found


def compute(cell):
    """Fuse, store as the section says, score."""
    cv2.setNumThreads(1)
    contest, scene = CONTESTS[cell.contest], scene_of(cell.set_name)
    scorers = scorers_for(contest.metrics, scene.stack, scene.truth)
    tables = next(iter(published_pictures(contest, cell.set_name).values())) if cell.storage == JPEG else None
    scored = []
    for row, image in _pictures(cell, scene.stack):
        pixels = rows.in_eight_bits(image)
        if tables and cell.kind != rows.PUBLISHED:
            pixels = rows.stored_like(pixels, tables)
        scores, reasons = score_with(scorers, pixels)
        scored.append({"row": row, "scores": scores, "reasons": reasons})
    return scored if contest.pairs or cell.row != rows.EACH_SOURCE else _of_sources(scored)


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
        yield cell.row, (rows.method_from(cell.path) if cell.path else rows.METHODS[cell.row])(stack)


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
    file = hashlib.sha256(Path(cell.path).read_bytes()).hexdigest() if cell.path else ""
    code = state_of(SCORING if cell.kind == rows.PUBLISHED else FUSING)
    parts = (cell[1:5], contest.metrics, contest.pairs, file, code)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


@functools.cache
def state_of(places):
    """Name the state of the code in some places, and of the libraries that it computes with."""
    state = hashlib.sha256(repr((np.__version__, cv2.__version__, scipy.__version__)).encode())
    for place in places:
        for path in sorted([ROOT / place, *(ROOT / place).rglob("*.py")]):
            if path.is_file():
                state.update(path.read_bytes())
    return state.hexdigest()


def _rounded(score):
    return float(f"{score:.{DIGITS}g}") if math.isfinite(score) else None

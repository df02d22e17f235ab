"""Put cells together to a table of the results file."""

import datetime
import json
import re

from benchmarks.leaderboard.cells import VERSIONS
from benchmarks.leaderboard.contests import CONTESTS, QUOTED
from benchmarks.leaderboard.rows import PUBLISHED
from benchmarks.leaderboard.rows import QUOTED as QUOTED_KIND
from benchmarks.run import machine
from fusion.metrics import LOWER_IS_BETTER
from fusion.version import VERSION


def assemble(name, found):
    """Make the table of a contest.

    Parameters
    ----------
    name : str
        Of the contest.
    found : dict of Cell to list of dict
        What `cells.scores_of` returns, or `cells.failed`. A score that is missing is None in the table.

    Returns
    -------
    dict
        For JSON: scores of each row on every set, how its pictures are stored, and with what it was computed.
    """
    contest = CONTESTS[name]
    storages = dict.fromkeys([*contest.storage, *(cell.storage for cell in found)])
    sections = {storage: _section(contest, storage, found) for storage in storages}
    if contest.quoted:
        quoted = json.loads((QUOTED / contest.quoted).read_text(encoding="utf-8"))
        sections[quoted["stored"]] = _with_quoted(contest, sections.get(quoted["stored"], {}), quoted)
    return {
        "title": contest.title,
        "date": datetime.date.today().isoformat(),
        "versions": {"all-in-focus": VERSION, **VERSIONS},
        "machine": machine(),
        "sets": list(contest.sets),
        "metrics": [*contest.metrics, *contest.opinions],
        "lower_is_better": sorted(LOWER_IS_BETTER.intersection(contest.metrics)),
        "ranked": list(contest.ranked),
        "undefined": _holes(found),
        "sections": {storage: list(rows.values()) for storage, rows in sections.items()},
    }


def _section(contest, storage, found):
    rows = {}
    for cell, scored in found.items():
        if cell.storage != storage:
            continue
        for row in scored:
            empty = {metric: [None] * len(contest.sets) for metric in contest.metrics}
            kept = rows.setdefault(row["row"], {"name": row["row"], "kind": cell.kind, "scores": empty})
            for metric, score in row["scores"].items():
                kept["scores"][metric][contest.sets.index(cell.set_name)] = score
    return rows


def _with_quoted(contest, rows, quoted):
    """Add published scores: rows of their own, or what is missing in published rows of the same name."""
    for name, averages in quoted.get("averages", {}).items():
        row = {"name": name, "kind": QUOTED_KIND, "from": quoted["source"], "scores": {}, "averages": averages}
        if rows.setdefault(name, row) is not row:
            raise _named_twice(name, contest)
    for name, scores in quoted.get("rows", {}).items():
        given = {metric: scores[metric] for metric in (*contest.metrics, *contest.opinions) if metric in scores}
        row = rows.setdefault(name, {"name": name, "kind": QUOTED_KIND, "scores": given})
        if row["kind"] not in {PUBLISHED, QUOTED_KIND}:
            raise _named_twice(name, contest)
        row["from"] = quoted["source"]
        if row["kind"] == PUBLISHED:
            row["quoted_sets"] = _sets_without(row["scores"], contest)
        for metric, values in given.items():
            row["scores"][metric] = [
                value if computed is None else computed
                for computed, value in zip(row["scores"].get(metric, values), values, strict=True)
            ]
    return rows


def _named_twice(name, contest):
    return ValueError(f"{name} is a row of ours, and quoted in {contest.quoted}; call one of them differently")


def _sets_without(scores, contest):
    """Names of the sets of which no score was computed."""
    return [name for k, name in enumerate(contest.sets) if all(scores[metric][k] is None for metric in scores)]


def as_text(results):
    """Write results as JSON to be read and compared: what holds only numbers and strings is one line."""
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    flat = re.compile(r"([\[{])\n\s+([^\[\]{}]*?)\n\s+([\]}])")
    return flat.sub(lambda found: found[1] + re.sub(r"\n\s+", " ", found[2]) + found[3], text) + "\n"


def _holes(found):
    return [
        {
            "row": row["row"],
            "kind": cell.kind,
            "storage": cell.storage,
            "set": cell.set_name,
            "metric": metric,
            "reason": reason,
        }
        for cell, scored in found.items()
        for row in scored
        for metric, reason in row["reasons"].items()
    ]

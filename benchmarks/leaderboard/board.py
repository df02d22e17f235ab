"""A table of the results file: averages, wins and ranks of its rows, drawn as text and as HTML."""

import html
import json
import math
from pathlib import Path

import numpy as np

from benchmarks.leaderboard.rows import OURS, QUOTED
from fusion.metrics import TRUTH
from fusion.table import CONTROL, RESULT, Row, Table

RESULTS = Path(__file__).resolve().parents[1] / "results" / "leaderboard.json"
BLANK = "–"
NOTES = {"*": "* the best method", "!": "! a control beats every method"}


def read(table, storage=None, path=RESULTS):
    """Read one section of a table of the results file.

    Parameters
    ----------
    table : str
        ``"lytro"``, ``"small"``, ``"paper"``, ``"exposure"`` or ``"scenes"``.
    storage : {"lossless", "JPEG"}, optional
        How the pictures are stored; needed where the table has both. Scores of the two cannot be compared, and are
        in no common table.
    path : path, optional
        The results file.

    Returns
    -------
    Board

    Raises
    ------
    ValueError
        If there is no such table, or no such section of it.
    """
    tables = json.loads(Path(path).read_text(encoding="utf-8"))["tables"]
    if table not in tables:
        raise ValueError(f"no table is called {table!r}; there are {', '.join(tables)}")
    sections = tables[table]["sections"]
    if storage is None and len(sections) == 1:
        storage = next(iter(sections))
    if storage not in sections:
        raise ValueError(f"storage of {table} must be one of {', '.join(sections)}, got {storage!r}")
    return Board(tables[table], storage)


class Board:
    """Methods and controls of one section of a table.

    Attributes
    ----------
    title, storage : str
    sets : list of str
    metrics : list of str
    lower : set of str
        Metrics of which less is better.
    ranked : list of str
        Metrics without a truth that count in `ranks`.
    kinds : dict of str to str
        Name of each row to "ours", "published", "quoted" or "control".
    """

    def __init__(self, table, storage):
        self.title, self.storage, self.date = table["title"], storage, table["date"]
        self.sets, self.metrics, self.ranked = table["sets"], table["metrics"], table["ranked"]
        self.lower = set(table["lower_is_better"])
        section = table["sections"][storage]
        self.kinds = {row["name"]: row["kind"] for row in section}
        self._scores = {
            row["name"]: {metric: self._as_numbers(row["scores"].get(metric)) for metric in self.metrics}
            for row in section
        }
        self._quoted = {row["name"]: row.get("averages", {}) for row in section}
        self._averages = {
            name: {metric: float(np.mean(found)) for metric, found in scores.items()} | self._quoted[name]
            for name, scores in self._scores.items()
        }
        self._ranks = self._all_ranks()

    def _as_numbers(self, scores):
        scores = [None] * len(self.sets) if scores is None else scores
        return np.array([math.nan if score is None else score for score in scores])

    @property
    def methods(self):
        """Names of the rows that are no controls."""
        return [name for name, kind in self.kinds.items() if kind != CONTROL]

    def scores(self, name, metric):
        """Scores of a row on every set, NaN where there is none."""
        return self._scores[name][metric]

    def average(self, name, metric):
        """Mean over all sets; NaN if one is missing, for a failure is no zero, and no set may be skipped."""
        return self._averages[name][metric]

    def wins(self, name, metric):
        """Number of sets on which a method beats all other methods.

        Controls, quoted averages, and methods that failed on some set take no part, and have None.
        """
        if name not in self.methods or self._quoted[name] or math.isnan(self.average(name, metric)):
            return None
        sign = -1 if metric in self.lower else 1
        rivals = [other for other in self.methods if other != name and not math.isnan(self.average(other, metric))]
        others = [sign * self.scores(other, metric) for other in rivals if not self._quoted[other]]
        best = np.max([np.full(len(self.sets), -np.inf), *others], axis=0)
        return int(np.sum(sign * self.scores(name, metric) > best))

    def rank(self, name, metrics):
        """Mean rank of a row among the methods by the averages of some metrics, 1 for the best; NaN without scores.

        A control has the rank that it would take.
        """
        return float(np.mean([self._rank_by(name, metric) for metric in metrics])) if metrics else math.nan

    def _rank_by(self, name, metric):
        sign = -1 if metric in self.lower else 1
        own = sign * self.average(name, metric)
        others = np.array([sign * self.average(other, metric) for other in self.methods if other != name])
        if math.isnan(own):
            return math.nan
        return 1 + np.sum(others > own) + np.sum(others == own) / 2

    def ranks(self):
        """Rank of every row: dict from its name to (without truth, with truth, both).

        Both families count alike; where a table knows no truth, the last two are NaN.
        """
        return self._ranks

    def _all_ranks(self):
        truth = [metric for metric in TRUTH if metric in self.metrics]
        found = {}
        for name in self.kinds:
            families = self.rank(name, self.ranked), self.rank(name, truth)
            found[name] = (*families, float(np.mean(families)))
        return found

    def rank_of(self, name):
        """Rank of a row that counts: by both families where the table knows the truth; NaN if a score is missing."""
        without, _, both = self._ranks[name]
        return both if set(TRUTH).intersection(self.metrics) else without

    def order(self):
        """Names of the rows: methods by rank, then controls."""

        def place(name):
            rank = self.rank_of(name)
            return self.kinds[name] == CONTROL, math.isnan(rank), rank

        return sorted(self.kinds, key=place)

    def best(self, metric):
        """Best average of the methods, or NaN."""
        found = [self.average(name, metric) for name in self.methods]
        found = [score for score in found if not math.isnan(score)]
        return (min if metric in self.lower else max)(found) if found else math.nan

    def by_set(self, metric):
        """Return the scores by one metric on every set, a `fusion.table.Table`."""
        kinds = {name: CONTROL if self.kinds[name] == CONTROL else RESULT for name in self.order()}
        scores = {name: dict(zip(self.sets, self.scores(name, metric).tolist(), strict=True)) for name in kinds}
        rows = [Row(name, kind, scores[name]) for name, kind in kinds.items()]
        return Table(rows, lower=self.sets if metric in self.lower else ())

    def show(self, *metrics):
        """Return a view of some metrics only, for a page."""
        return View(self, metrics or self.metrics)

    def __str__(self):
        return str(self.show())

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        return self.show()._repr_html_()


class View:
    """Some columns of a board, as text and as HTML."""

    def __init__(self, board, metrics):
        unknown = [metric for metric in metrics if metric not in board.metrics]
        if unknown:
            raise ValueError(f"{board.title} has no {', '.join(unknown)}; it has {', '.join(board.metrics)}")
        self.board, self.metrics = board, metrics

    def head(self):
        """Cells of the first line."""
        arrows = [f"{metric} {'↓' if metric in self.board.lower else '↑'}" for metric in self.metrics]
        return [self.board.storage, *arrows, "rank ↓"]

    def line(self, name):
        """Cells of a row: averages with wins in parentheses, and the rank."""
        return [name, *(self._cell(name, metric) for metric in self.metrics), _number(self.board.rank_of(name), 1)]

    def _cell(self, name, metric):
        average, wins = self.board.average(name, metric), self.board.wins(name, metric)
        counted = "" if wins is None else f" ({wins})"
        return _number(average) + self._mark(name, metric) + counted

    def _mark(self, name, metric):
        if self.is_best(name, metric):
            return "*"
        return "!" if self.beats_methods(name, metric) else ""

    def is_best(self, name, metric):
        """Tell whether a method has the best average."""
        return name in self.board.methods and self.board.average(name, metric) == self.board.best(metric)

    def beats_methods(self, name, metric):
        """Tell whether a control is better than every method."""
        average, best = self.board.average(name, metric), self.board.best(metric)
        better = average < best if metric in self.board.lower else average > best
        return self.board.kinds[name] == CONTROL and better

    def __str__(self):
        lines = [
            self.head(),
            *([f"{self.board.kinds[name]}: {name}", *self.line(name)[1:]] for name in self.board.order()),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = (
            "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])
            for line in lines
        )
        return "\n".join([*aligned, ", ".join(NOTES.values())])

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        head = "".join(f"<th scope='col'>{html.escape(cell)}</th>" for cell in self.head()[1:])
        body = "".join(self._html_row(name) for name in self.board.order())
        label = html.escape(f"{self.board.title}, {self.board.storage}")
        return (
            f"<div class='scores' tabindex='0' role='region' aria-label='{label}'><table class='scores'>"
            f"<caption>{label}</caption>"
            f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _html_row(self, name):
        first, *cells, rank = self.line(name)
        marked = []
        for metric, cell in zip(self.metrics, cells, strict=True):
            marked.append(f"<td><b>{cell}</b></td>" if self._mark(name, metric) else f"<td>{cell}</td>")
        kind = self.board.kinds[name]
        note = f" ({kind})" if kind in {OURS, QUOTED} else ""
        return (
            f"<tr class='{kind}'><th scope='row'>{html.escape(first + note)}</th>{''.join(marked)}<td>{rank}</td></tr>"
        )


def _number(score, digits=None):
    if math.isnan(score):
        return BLANK
    if digits is None:
        digits = 4 if abs(score) < 10 else 2
    return f"{score:.{digits}f}"

"""Scores of several results in one table, as text, as HTML and as JSON."""

import html
import math
from typing import NamedTuple

from fusion.version import VERSION

RESULT, CONTROL = "result", "control"
BLANK = "–"
NOTES = {
    "*": "* the best result",
    "!": "! a control beats every result",
}


class Row(NamedTuple):
    """One picture and its scores."""

    name: str
    kind: str  # RESULT or CONTROL
    scores: dict  # name of the metric to float; NaN where it is not defined


class Undefined(NamedTuple):
    """A score that does not exist, and why."""

    name: str
    metric: str
    reason: str


class Table:
    """Scores of results and of controls.

    Attributes
    ----------
    rows : list of Row
    lower : frozenset of str
        Metrics of which less is better.
    undefined : list of Undefined
        What is NaN in the rows.
    """

    def __init__(self, rows, *, lower=frozenset(), undefined=()):
        self.rows = list(rows)
        self.lower = frozenset(lower)
        self.undefined = list(undefined)

    @property
    def metrics(self):
        """Names of the metrics, in order."""
        return list(dict.fromkeys(metric for row in self.rows for metric in row.scores))

    def __getitem__(self, name):
        """Scores of one row, by its name."""
        for row in self.rows:
            if row.name == name:
                return row.scores
        raise KeyError(f"no row is called {name!r}; there are {', '.join(row.name for row in self.rows)}")

    def column(self, metric):
        """Scores by one metric: a dict from the names of the rows, without what is not defined."""
        scores = {row.name: row.scores.get(metric, math.nan) for row in self.rows}
        return {name: score for name, score in scores.items() if not math.isnan(score)}

    def best(self, metric, kind):
        """Best score of the rows of one kind, or None."""
        scores = [row.scores.get(metric, math.nan) for row in self.rows if row.kind == kind]
        scores = [score for score in scores if not math.isnan(score)]
        return (min if metric in self.lower else max)(scores) if scores else None

    def mark(self, row, metric):
        """Return "*" for the best of several results, "!" for a control that beats every result, else ""."""
        score, best = row.scores.get(metric, math.nan), self.best(metric, RESULT)
        if best is None or math.isnan(score):
            return ""
        if row.kind == RESULT:
            several = sum(other.kind == RESULT for other in self.rows) > 1
            return "*" if several and score == best else ""
        return "!" if (score < best if metric in self.lower else score > best) else ""

    def arrow(self, metric):
        """Return the arrow that points to better."""
        return "↓" if metric in self.lower else "↑"

    def __str__(self):
        cells = [["", *(row.name for row in self.rows)], ["", *(row.kind for row in self.rows)], *self._lines()]
        widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
        lines = [
            "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))]).rstrip()
            for line in cells
        ]
        return "\n".join([*lines, *self._notes()])

    def _lines(self):
        for metric in self.metrics:
            cells = [f"{shown(row.scores.get(metric, math.nan))}{self.mark(row, metric) or ' '}" for row in self.rows]
            yield [f"{metric} {self.arrow(metric)}", *cells]

    def _notes(self):
        marks = {self.mark(row, metric) for row in self.rows for metric in self.metrics}
        notes = [note for mark, note in NOTES.items() if mark in marks]
        return [", ".join(notes)] if notes else []

    def _repr_html_(self):
        head = "".join(f"<th scope='col'>{html.escape(row.name)}</th>" for row in self.rows)
        body = "".join(self._html_lines())
        notes = html.escape("; ".join(self._notes()))
        table = f"<table class='scores'><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div class='scores' tabindex='0' role='region' aria-label='Scores'>{table}</div><p>{notes}</p>"

    def _html_lines(self):
        for (label, *cells), metric in zip(self._lines(), self.metrics, strict=True):
            marked = (
                f"<td class='{row.kind}'>{f'<b>{cell.strip()}</b>' if self.mark(row, metric) else cell.strip()}</td>"
                for row, cell in zip(self.rows, cells, strict=True)
            )
            yield f"<tr><th scope='row'>{html.escape(label)}</th>{''.join(marked)}</tr>"

    def as_dict(self):
        """Everything in numbers and strings, for JSON: no score is null, an infinite one is the string "inf"."""
        return {
            "version": VERSION,
            "lower_is_better": sorted(self.lower.intersection(self.metrics)),
            "rows": [row._asdict() | {"scores": {k: _plain(v) for k, v in row.scores.items()}} for row in self.rows],
            "undefined": [undefined._asdict() for undefined in self.undefined],
        }


def shown(score):
    """Write a score with four digits or so."""
    if math.isnan(score):
        return BLANK
    if math.isinf(score):
        return "inf"
    return f"{score:.4f}" if abs(score) < 10 else f"{score:.2f}"


def _plain(score):
    if math.isnan(score):
        return None
    return score if math.isfinite(score) else "inf"

"""Scores of several results in one table, as text, as HTML and as JSON."""

import html
import itertools
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
    stored: str = ""  # how its file holds it; results that are stored differently are not compared


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
        return self._best_of([row for row in self.rows if row.kind == kind], metric)

    def _best_of(self, rows, metric):
        scores = [row.scores.get(metric, math.nan) for row in rows]
        scores = [score for score in scores if not math.isnan(score)]
        return (min if metric in self.lower else max)(scores) if scores else None

    def mark(self, row, metric):
        """Return "*" for the best of several results stored alike, "!" for a control that beats every result."""
        score = row.scores.get(metric, math.nan)
        if row.kind == RESULT:
            rivals = [other for other in self.rows if (other.kind, other.stored) == (RESULT, row.stored)]
            return "*" if len(rivals) > 1 and score == self._best_of(rivals, metric) else ""
        best = self.best(metric, RESULT)
        return "!" if best is not None and (score < best if metric in self.lower else score > best) else ""

    def arrow(self, metric):
        """Return the arrow that points to better."""
        return "↓" if metric in self.lower else "↑"

    def __str__(self):
        cells = [*self._heading(), *self._lines()]
        widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
        lines = [
            " ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))]).rstrip()
            for line in cells
        ]
        return "\n".join([*lines, *self._notes()])

    def _heading(self):
        """Names, one word below the other so that columns stay narrow, and kinds."""
        words = [row.name.split()[::-1] for row in self.rows]
        names = [["", *line] for line in itertools.zip_longest(*words, fillvalue="")]
        stored = [["", *(row.stored for row in self.rows)]] if any(row.stored for row in self.rows) else []
        return [*names[::-1], ["", *(row.kind for row in self.rows)], *stored]

    def _lines(self):
        for metric in self.metrics:
            scores, decimals = [row.scores.get(metric, math.nan) for row in self.rows], self._decimals(metric)
            marks = [self.mark(row, metric) or " " for row in self.rows]
            cells = [f"{_shown(score, decimals)}{mark}" for score, mark in zip(scores, marks)]
            yield [f"{metric} {self.arrow(metric)}", *cells]

    def _decimals(self, metric):
        """How many decimals to show: about four digits of the results, and one number for a line, so points align."""
        scores = [abs(row.scores.get(metric, math.nan)) for row in self.rows if row.kind == RESULT]
        largest = max(filter(math.isfinite, scores), default=0)
        return 4 if largest <= 2 else 3 if largest < 10 else 2  # up to 2: most scores of fusion

    def _notes(self):
        marks = {self.mark(row, metric) for row in self.rows for metric in self.metrics}
        notes = [note for mark, note in NOTES.items() if mark in marks]
        return [", ".join(notes)] if notes else []

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        """Pictures in rows, as papers have it; text has them in columns, for there are few on a terminal."""
        labels, *columns = zip(*self._lines(), strict=True)
        head = "".join(f"<th scope='col'>{html.escape(label)}</th>" for label in labels)
        body = "".join(self._html_row(row, cells) for row, cells in zip(self.rows, columns, strict=True))
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        table = f"<table class='scores'><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
        label = html.escape(f"Scores of {', '.join(row.name for row in self.rows)}", quote=True)
        return f"<div class='scores' tabindex='0' role='region' aria-label='{label}'>{table}</div>{notes}"

    def _html_row(self, row, cells):
        marked = (
            f"<td><b>{cell.strip()}</b></td>" if self.mark(row, metric) else f"<td>{cell.strip()}</td>"
            for metric, cell in zip(self.metrics, cells, strict=True)
        )
        return f"<tr class='{row.kind}'><th scope='row'>{html.escape(row.name)}</th>{''.join(marked)}</tr>"

    def as_dict(self):
        """Everything in numbers and strings, for JSON: an undefined score is null, an infinite one "inf" or "-inf"."""
        return {
            "version": VERSION,
            "lower_is_better": sorted(self.lower.intersection(self.metrics)),
            "rows": [row._asdict() | {"scores": {k: _plain(v) for k, v in row.scores.items()}} for row in self.rows],
            "undefined": [undefined._asdict() for undefined in self.undefined],
        }


def _shown(score, decimals):
    return BLANK if math.isnan(score) else f"{score:.{decimals}f}"


def _plain(score):
    if math.isnan(score):
        return None
    return score if math.isfinite(score) else str(score)

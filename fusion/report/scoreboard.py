"""The table of a comparison: what each method took, how it scored, and which is best."""

import math
from html import escape
from typing import NamedTuple

from fusion.report.contents import Metric
from fusion.table import BLANK

TIME = Metric(
    "time", True, "Wall time of fusing alone: frames were read and aligned before. On another computer it differs."
)
MEMORY = Metric(
    "peak memory", True, "The most memory that the process held while it fused, frames and libraries included."
)


class Column(NamedTuple):
    """Numbers of all methods, as they are and as they are shown."""

    metric: Metric
    values: list  # of float
    texts: list  # of str

    def is_best(self, row):
        """Tell whether no other row is better; where all are shown alike, none is best."""
        shown = {text for text in self.texts if text != BLANK}
        known = [value for value in self.values if not math.isnan(value)]
        if len(shown) < 2 or math.isnan(self.values[row]):
            return False
        return self.texts[row] == self.texts[self.values.index((min if self.metric.lower else max)(known))]


def columns_of(report):
    """Columns of the table: time, memory, then the metrics in their order."""
    seconds, megabytes = zip(*((result.seconds, result.megabytes) for result in report.results))
    columns = [
        Column(TIME, list(seconds), [shown_time(value) for value in seconds]),
        Column(MEMORY, list(megabytes), [shown_memory(value) for value in megabytes]),
    ]
    for metric in report.metrics:
        values = [float(result.scores.get(metric.name, math.nan)) for result in report.results]
        columns.append(Column(metric, values, shown_scores(values)))
    return columns


def heads(report):
    """Heads of the columns after the first, as HTML."""
    return "".join(map(_head, columns_of(report)))


def rows(report):
    """Rows of the table, as HTML."""
    columns = columns_of(report)
    return "\n".join(_row(columns, row, result.picture.title) for row, result in enumerate(report.results))


def _row(columns, row, title):
    cells = "".join(_cell(column, row) for column in columns)
    return f'<tr><th scope="row" data-value="{escape(title)}">{escape(title)}</th>{cells}</tr>'


def _head(column):
    arrow, better = ("↓", "less is better") if column.metric.lower else ("↑", "more is better")
    first = "ascending" if column.metric.lower else "descending"
    return (
        f'<th scope="col" data-first="{first}"><button type="button">{escape(column.metric.name)} '
        f'<span aria-hidden="true">{arrow}</span><span class="unseen">({better})</span></button></th>'
    )


def _cell(column, row):
    value, text = column.values[row], escape(column.texts[row])
    number = "" if math.isnan(value) else f' data-value="{value!r}"'
    if not column.is_best(row):
        return f"<td{number}>{text}</td>"
    return f'<td{number} class="best"><strong>{text}</strong><span class="unseen"> best</span></td>'


def shown_time(seconds):
    """Seconds with three digits, minutes from two of them on."""
    if math.isnan(seconds):
        return BLANK
    if seconds >= 120:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    return f"{_three_digits(seconds)} s"


def shown_memory(megabytes):
    """Megabytes, gigabytes from one of them on."""
    if math.isnan(megabytes):
        return BLANK
    return f"{_three_digits(megabytes)} MB" if megabytes < 1000 else f"{_three_digits(megabytes / 1000)} GB"


def _three_digits(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown_scores(values):
    """Scores of one metric with one number of decimals: about four digits of the largest."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    decimals = 4 if largest <= 2 else 3 if largest < 10 else 2
    return [_shown_score(value, decimals) for value in values]


def _shown_score(value, decimals):
    if math.isnan(value):
        return BLANK
    text = f"{value:.{decimals}f}" if math.isfinite(value) else f"{value}".replace("inf", "∞")
    return text.replace("-", "−")

"""Tables of the results file: what was computed, what was quoted, and nothing else."""

import datetime
import json
import math

import numpy as np
import pytest

from benchmarks.leaderboard import Board, assemble, cells
from benchmarks.leaderboard.assemble import as_text
from benchmarks.leaderboard.cells import Cell
from benchmarks.leaderboard.contests import CONTESTS, Contest


@pytest.fixture
def quoted(monkeypatch, tmp_path):
    """Make "made" a contest of two sets and two storages, and give a function that writes what it quotes."""
    contest = Contest("Made", ("a", "b"), ("Q_MI", "Q_CV"), ranked=("Q_MI",), storage=("lossless", "JPEG"))
    monkeypatch.setitem(CONTESTS, "made", contest._replace(quoted="paper.json"))
    monkeypatch.setattr(assemble, "QUOTED", tmp_path)

    def write(**content):
        (tmp_path / "paper.json").write_text(
            json.dumps({"source": "a paper", "stored": "lossless", "sets": ["a", "b"]} | content)
        )

    write()
    return write


def found(*cells_and_scores):
    """Cells with scores of one row each: (row, kind, storage, set, scores)."""
    return {
        Cell("made", storage, row, kind, name): [
            {"row": row, "scores": scores, "reasons": {m: "flat" for m, score in scores.items() if score is None}}
        ]
        for row, kind, storage, name, scores in cells_and_scores
    }


OURS = (
    ("ours", "ours", "lossless", "b", {"Q_MI": 2.0, "Q_CV": 20.0}),
    ("ours", "ours", "lossless", "a", {"Q_MI": 1.0, "Q_CV": 10.0}),
    ("ours", "ours", "JPEG", "a", {"Q_MI": 0.5, "Q_CV": 11.0}),
)


def rows_of(table, storage="lossless"):
    return {row["name"]: row for row in table["sections"][storage]}


def test_scores_stand_where_their_set_stands(quoted):
    table = assemble.assemble("made", found(*OURS))
    assert rows_of(table)["ours"] == {
        "name": "ours",
        "kind": "ours",
        "scores": {"Q_MI": [1.0, 2.0], "Q_CV": [10.0, 20.0]},
    }


def test_what_was_not_computed_is_none(quoted):
    table = assemble.assemble("made", found(*OURS))
    assert rows_of(table, "JPEG")["ours"]["scores"] == {"Q_MI": [0.5, None], "Q_CV": [11.0, None]}
    assert math.isnan(Board(table, "JPEG").average("ours", "Q_MI"))


def test_storages_are_sections(quoted):
    table = assemble.assemble("made", found(*OURS, ("theirs", "published", "JPEG", "a", {"Q_MI": 3.0, "Q_CV": 1.0})))
    assert list(rows_of(table)) == ["ours"]
    assert list(rows_of(table, "JPEG")) == ["ours", "theirs"]


def test_quoted_rows_are_lossless_and_keep_their_source(quoted):
    quoted(rows={"theirs": {"Q_MI": [7, 8]}})
    table = assemble.assemble("made", found(*OURS))
    row = rows_of(table)["theirs"]
    assert row == {"name": "theirs", "kind": "quoted", "scores": {"Q_MI": [7, 8]}, "from": "a paper"}
    assert "theirs" not in rows_of(table, "JPEG")
    assert "from" not in rows_of(table)["ours"]
    assert Board(table, "lossless").average("theirs", "Q_MI") == 7.5
    assert math.isnan(Board(table, "lossless").average("theirs", "Q_CV"))


def test_quoted_values_fill_only_what_is_missing(quoted):
    quoted(rows={"theirs": {"Q_MI": [7, 8]}})
    computed = found(*OURS, ("theirs", "published", "lossless", "b", {"Q_MI": 3.0, "Q_CV": 30.0}))
    row = rows_of(assemble.assemble("made", computed))["theirs"]
    assert row["kind"] == "published" and row["from"] == "a paper"
    assert row["scores"] == {"Q_MI": [7, 3.0], "Q_CV": [None, 30.0]}


def test_what_the_contest_does_not_measure_is_not_quoted(quoted):
    quoted(rows={"theirs": {"Q_MI": [7, 8], "Q_ODD": [1, 1]}})
    assert set(rows_of(assemble.assemble("made", {}))["theirs"]["scores"]) == {"Q_MI"}


def test_opinions_of_people_stand_beside_scores(quoted, monkeypatch):
    quoted(rows={"theirs": {"Q_MI": [7, 8], "MOS": [5, 6]}})
    monkeypatch.setitem(assemble.CONTESTS, "made", assemble.CONTESTS["made"]._replace(opinions=("MOS",)))
    board = Board(assemble.assemble("made", found(*OURS)), "lossless")
    assert board.average("theirs", "MOS") == 5.5
    assert math.isnan(board.average("ours", "MOS"))


def test_quoted_averages_are_rows_with_no_scores(quoted):
    quoted(averages={"theirs": {"Q_MI": 1.75}})
    rows = rows_of(assemble.assemble("made", found(*OURS)))
    assert rows["theirs"]["averages"] == {"Q_MI": 1.75}
    assert rows["theirs"]["scores"] == {}
    assert rows["theirs"]["kind"] == "quoted" and rows["theirs"]["from"] == "a paper"
    assert "averages" not in rows["ours"]


def test_a_method_of_ours_takes_no_quoted_value(quoted):
    quoted(rows={"ours": {"Q_MI": [7, 8]}})
    with pytest.raises(ValueError, match="ours is a row of ours, and quoted in paper.json"):
        assemble.assemble("made", found(*OURS))


def test_quoted_values_must_be_of_all_sets(quoted):
    quoted(rows={"theirs": {"Q_MI": [7]}})
    with pytest.raises(ValueError, match="shorter|longer"):
        assemble.assemble("made", found(("theirs", "published", "lossless", "a", {"Q_MI": None, "Q_CV": None})))


def test_undefined_scores_are_listed_with_their_reasons(quoted):
    table = assemble.assemble("made", found(("flat", "control", "JPEG", "b", {"Q_MI": None, "Q_CV": 3.0})))
    assert table["undefined"] == [
        {"row": "flat", "kind": "control", "storage": "JPEG", "set": "b", "metric": "Q_MI", "reason": "flat"}
    ]
    assert rows_of(table, "JPEG")["flat"]["scores"]["Q_MI"] == [None, None]


def test_a_row_that_failed_everywhere_is_there_all_the_same(quoted):
    cell = Cell("made", "lossless", "blunder", "ours", "a")
    table = assemble.assemble("made", {cell: cells.failed(cell, RuntimeError("no"))})
    assert rows_of(table)["blunder"]["scores"] == {"Q_MI": [None, None], "Q_CV": [None, None]}
    assert table["undefined"][0]["metric"] == "every metric"
    assert table["undefined"][0]["reason"] == "RuntimeError: no"


def test_a_table_says_how_it_was_made(quoted):
    table = assemble.assemble("made", {})
    assert table["title"] == "Made" and table["sets"] == ["a", "b"]
    assert table["metrics"] == ["Q_MI", "Q_CV"] and table["lower_is_better"] == ["Q_CV"] and table["ranked"] == ["Q_MI"]
    assert datetime.date.fromisoformat(table["date"])
    assert table["versions"]["numpy"] == np.__version__
    assert {"all-in-focus", "opencv", "scipy", "pillow"} < set(table["versions"])
    assert {"processor", "python"} < set(table["machine"])


def test_the_file_has_a_line_for_each_list_of_numbers(quoted):
    quoted(rows={"a [paper], {x}": {"Q_MI": [7, None]}})
    table = assemble.assemble("made", found(*OURS))
    text = as_text({"tables": {"made": table}})
    assert json.loads(text) == {"tables": {"made": table}}
    lines = [line.strip() for line in text.splitlines()]
    assert '"Q_MI": [1.0, 2.0],' in lines
    assert '"sets": ["a", "b"],' in lines
    assert max(map(len, lines)) < 300
    assert text.endswith("}\n")


def test_text_of_nothing_and_of_numbers_that_json_has_not():
    for content in ({}, {"tables": {}}, {"tables": {"made": {"undefined": [], "text": "[\n 1\n]"}}}):
        assert json.loads(as_text(content)) == content
    with pytest.raises(ValueError):
        as_text({"score": math.nan})


def test_every_contest_can_be_assembled():
    for name in CONTESTS:
        table = assemble.assemble(name, {})
        for storage in CONTESTS[name].storage:
            Board(table, storage)
    assert "cnn" in rows_of(assemble.assemble("paper", {}), "storage not stated")
    assert rows_of(assemble.assemble("paper", {})) == {}
    assert len(rows_of(assemble.assemble("lytro", {}))) == 18
    assert rows_of(assemble.assemble("lytro", {}), "JPEG") == {}


def test_what_is_stored_in_another_way_is_in_no_table_of_ours(quoted):
    quoted(stored="somehow", averages={"theirs": {"Q_MI": 1.75}})
    table = assemble.assemble("made", found(*OURS))
    assert set(rows_of(table)) == {"ours"}
    assert set(rows_of(table, "somehow")) == {"theirs"}
    assert Board(table, "lossless").wins("ours", "Q_MI") == 2

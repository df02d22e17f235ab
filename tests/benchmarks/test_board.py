"""Averages, wins and ranks, computed by hand from small tables, and how they are shown."""

import json
import math

import numpy as np
import pytest

from benchmarks.leaderboard import Board, read

METRICS = ("Q_MI", "Q_CV", "PSNR", "SSIM")
ROWS = {
    "sharp": ("ours", {"Q_MI": [1, 5, 3], "Q_CV": [9, 7, 1], "PSNR": [30, 31, 32], "SSIM": [0.9, 0.9, 0.9]}),
    "smooth": ("ours", {"Q_MI": [2, 2, 3], "Q_CV": [8, 9, 1], "PSNR": [33, 34, 35], "SSIM": [0.8, 0.8, 0.8]}),
    "old": ("published", {"Q_MI": [0, 1, 2], "Q_CV": [10, 6, 2], "PSNR": [20, 20, 20], "SSIM": [0.5, 0.5, 0.5]}),
    "mean": ("control", {"Q_MI": [4, 0, 0], "Q_CV": [1, 1, 1], "PSNR": [10, 10, 50], "SSIM": [0.1, 0.1, 0.1]}),
}


def table(rows=ROWS, metrics=METRICS, ranked=("Q_MI",), storage="lossless", **more):
    """Make a table of a results file from rows: name to (kind, scores)."""
    section = [{"name": name, "kind": kind, "scores": scores} for name, (kind, scores) in rows.items()]
    return {
        "title": "By <hand>",
        "date": "2024-05-06",
        "sets": ["a", "b", "c"],
        "metrics": list(metrics),
        "ranked": list(ranked),
        "lower_is_better": ["Q_CV"] if "Q_CV" in metrics else [],
        "sections": {storage: section} | more,
    }


@pytest.fixture
def board():
    return Board(table(), "lossless")


def with_row(name, kind, **scores):
    return ROWS | {name: (kind, {metric: scores.get(metric, [None] * 3) for metric in METRICS})}


# --- averages --------------------------------------------------------------------------------------------------------


def test_averages_over_all_sets(board):
    assert board.average("sharp", "Q_MI") == 3
    assert board.average("smooth", "Q_CV") == 6
    assert board.average("mean", "PSNR") == pytest.approx(70 / 3)


def test_one_missing_score_makes_the_average_undefined():
    board = Board(table(with_row("failed", "ours", Q_MI=[5, None, 5])), "lossless")
    assert math.isnan(board.average("failed", "Q_MI"))
    assert math.isnan(board.average("failed", "PSNR"))
    np.testing.assert_array_equal(board.scores("failed", "Q_MI"), [5, math.nan, 5])
    assert board.average("sharp", "Q_MI") == 3


def test_a_metric_that_a_row_does_not_have_is_undefined():
    board = Board(table(ROWS | {"quoted": ("quoted", {"Q_MI": [1, 1, 1]})}), "lossless")
    assert board.average("quoted", "Q_MI") == 1
    assert np.isnan(board.scores("quoted", "PSNR")).all()
    assert math.isnan(board.average("quoted", "PSNR"))


# --- wins ------------------------------------------------------------------------------------------------------------


def test_a_win_is_strict_and_controls_take_no_part(board):
    assert {name: board.wins(name, "Q_MI") for name in board.kinds} == {"sharp": 1, "smooth": 1, "old": 0, "mean": None}


def test_less_wins_where_less_is_better(board):
    assert [board.wins(name, "Q_CV") for name in board.methods] == [0, 1, 1]


def test_where_a_method_failed_it_wins_nothing_and_blocks_nobody():
    board = Board(table(with_row("failed", "ours", Q_MI=[9, None, None], Q_CV=[0, None, None])), "lossless")
    assert [board.wins(name, "Q_MI") for name in board.methods] == [1, 1, 0, None]
    assert [board.wins(name, "Q_CV") for name in board.methods] == [0, 1, 1, None]


def test_an_only_method_wins_everywhere_if_it_has_all_scores():
    complete = Board(table({"only": ("ours", {"Q_MI": [1, 2, 3]})}, metrics=("Q_MI",)), "lossless")
    assert complete.wins("only", "Q_MI") == 3
    incomplete = Board(table({"only": ("ours", {"Q_MI": [1, None, 3]})}, metrics=("Q_MI",)), "lossless")
    assert incomplete.wins("only", "Q_MI") is None


# --- ranks -----------------------------------------------------------------------------------------------------------


def test_ranks_of_both_families_and_their_mean(board):
    # Q_MI: sharp 3, smooth 7/3, old 1. PSNR: smooth, sharp, old. SSIM: sharp, smooth, old.
    assert board.ranks()["sharp"] == (1, 1.5, 1.25)
    assert board.ranks()["smooth"] == (2, 1.5, 1.75)
    assert board.ranks()["old"] == (3, 3, 3)


def test_a_control_has_the_rank_that_it_would_take(board):
    # Q_MI 4/3: behind two methods; PSNR 23.3: behind two; SSIM 0.1: behind all three.
    assert board.ranks()["mean"] == (3, 3.5, 3.25)


def test_controls_take_no_rank_away():
    board = Board(table(ROWS | {"source A": ("control", {metric: [99, 99, 99] for metric in METRICS})}), "lossless")
    assert board.ranks()["sharp"] == (1, 1.5, 1.25)
    assert board.rank("source A", ["Q_MI"]) == 1
    assert board.rank("source A", ["Q_CV"]) == 4


def test_equals_share_their_ranks():
    rows = ROWS | {"twin": ("ours", ROWS["sharp"][1])}
    board = Board(table(rows), "lossless")
    assert [board.rank(name, ["Q_MI"]) for name in board.methods] == [1.5, 3, 4, 1.5]
    board = Board(table(rows | {"third": ("published", ROWS["sharp"][1])}), "lossless")
    assert [board.rank(name, ["Q_MI"]) for name in board.methods] == [2, 4, 5, 2, 2]


def test_less_ranks_first_where_less_is_better(board):
    # averages 17/3, 6, 6: two share the ranks 2 and 3
    assert [board.rank(name, ["Q_CV"]) for name in board.methods] == [1, 2.5, 2.5]
    assert board.rank("mean", ["Q_CV"]) == 1
    assert board.rank("sharp", ["Q_MI", "Q_CV"]) == 1
    assert board.rank("smooth", ["Q_MI", "Q_CV"]) == 2.25


def test_a_method_that_failed_has_no_rank_and_takes_none():
    board = Board(table(with_row("failed", "ours", Q_MI=[9, 9, 9], PSNR=[50, 50, None])), "lossless")
    assert board.rank("sharp", ["Q_MI"]) == 2
    assert board.rank("sharp", ["PSNR"]) == 2
    without, *rest = board.ranks()["failed"]
    assert without == 1 and np.isnan(rest).all()
    assert math.isnan(board.rank_of("failed"))
    rows = with_row("failed", "ours", Q_MI=[9, 9, 9])
    assert Board(table({"failed": rows.pop("failed"), **rows}), "lossless").order() == [*ROWS][:3] + ["failed", "mean"]


def test_without_a_truth_one_family_ranks():
    board = Board(table(metrics=("Q_MI", "Q_CV"), ranked=("Q_MI", "Q_CV")), "lossless")
    without, *rest = board.ranks()["sharp"]
    assert without == board.rank_of("sharp") == 1 and np.isnan(rest).all()


def test_with_a_truth_both_families_rank(board):
    assert board.rank_of("smooth") == 1.75


def test_order_is_by_rank_then_controls():
    rows = ROWS | {"source A": ("control", {metric: [99, 99, 99] for metric in METRICS})}
    backwards = dict(reversed(rows.items()))
    assert Board(table(backwards), "lossless").order() == ["sharp", "smooth", "old", "source A", "mean"]


# --- quoted averages -------------------------------------------------------------------------------------------------


def test_quoted_averages_rank_but_neither_win_nor_block():
    made = table()
    quoted = {"name": "in a paper", "kind": "quoted", "from": "a paper", "scores": {}, "averages": {"Q_MI": 2.5}}
    made["sections"]["lossless"].append(quoted)
    board = Board(made, "lossless")
    assert board.average("in a paper", "Q_MI") == 2.5
    assert math.isnan(board.average("in a paper", "PSNR"))
    assert board.wins("in a paper", "Q_MI") is None
    assert board.wins("sharp", "Q_MI") == 1
    assert [board.rank(name, ["Q_MI"]) for name in board.methods] == [1, 3, 4, 2]


# --- views -----------------------------------------------------------------------------------------------------------


def test_a_view_in_text_is_aligned(board):
    *lines, notes = str(board.show("Q_MI", "Q_CV")).splitlines()
    assert notes == "* the best method, ! a control beats every method"
    assert [line.split("  ")[0] for line in lines] == [
        "lossless",
        "ours: sharp",
        "ours: smooth",
        "published: old",
        "control: mean",
    ]
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split() == ["lossless", "Q_MI", "↑", "Q_CV", "↓", "rank", "↓"]
    assert lines[1].split()[2:] == ["3.0000*", "(1)", "5.6667*", "(0)", "1.2"]
    end = lines[0].index("Q_CV ↓") + len("Q_CV ↓")
    assert all(line[end - 1] != " " and line[end : end + 2] == "  " for line in lines)


def test_a_board_shows_all_metrics(board):
    assert str(board) == str(board.show(*METRICS))
    assert board._repr_html_() == board.show(*METRICS)._repr_html_()


def test_what_is_undefined_is_shown_as_a_dash():
    text = str(Board(table(with_row("failed", "ours")), "lossless"))
    line = next(line for line in text.splitlines() if "failed" in line)
    assert line.split() == ["ours:", "failed", *["–"] * 5]
    assert "nan" not in text


def test_numbers_are_cut_to_what_can_be_compared():
    rows = {"only": ("ours", {"Q_MI": [9.99994] * 3, "Q_CV": [23.456] * 3, "PSNR": [-12.3456] * 3, "SSIM": [0] * 3})}
    assert str(Board(table(rows), "lossless")).splitlines()[1].split()[2:-1:2] == [
        "9.9999*",
        "23.46*",
        "-12.35*",
        "0.0000*",
    ]


def test_the_best_method_is_bold_and_a_better_control_is_marked(board):
    page = board._repr_html_()
    assert "<b>3.0000* (1)</b>" in page  # Q_MI of sharp
    assert "<b>5.6667* (0)</b>" in page  # Q_CV of sharp
    assert "<b>34.00* (3)</b>" in page  # PSNR of smooth
    assert "<b>1.0000!</b>" in page  # Q_CV of the mean
    assert page.count("<b>") == 5


def test_equals_are_both_best():
    board = Board(table(ROWS | {"twin": ("ours", ROWS["sharp"][1])}), "lossless")
    view = board.show("Q_MI")
    assert [view.is_best(name, "Q_MI") for name in board.kinds] == [True, False, False, False, True]


def test_a_control_that_equals_the_best_does_not_beat_it():
    board = Board(table(ROWS | {"source A": ("control", ROWS["sharp"][1])}), "lossless")
    view = board.show("Q_MI")
    assert not view.beats_methods("source A", "Q_MI") and not view.is_best("source A", "Q_MI")


def test_no_method_is_best_where_none_has_a_score():
    board = Board(table({"failed": ("ours", {}), "mean": ROWS["mean"]}), "lossless")
    assert math.isnan(board.best("Q_MI"))
    assert "<b>" not in board._repr_html_()


def test_html_holds_names_as_text():
    rows = {"<script>&": ("ours", ROWS["sharp"][1]), "x": ("quoted", ROWS["old"][1])}
    page = Board(table(rows), "lossless")._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;&amp;" in page
    assert "aria-label='By &lt;hand&gt;, lossless'" in page and "<caption>By &lt;hand&gt;, lossless</caption>" in page
    assert ">x (quoted)</th>" in page
    assert page.count("<tr") == 3 and page.count("<th scope='col'>") == 5


def test_a_view_has_only_columns_that_there_are(board):
    with pytest.raises(ValueError, match=r"By <hand> has no Q_X, Q_Z; it has Q_MI, Q_CV, PSNR, SSIM"):
        board.show("Q_MI", "Q_X", "Q_Z")


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def results(tmp_path):
    """A results file with a table of two sections, and one of one."""
    better = {"sharp": ("ours", {"Q_MI": [7, 7, 7]}), "theirs": ("published", {"Q_MI": [8, 8, 8]})}
    section = table(better)["sections"]["lossless"]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"tables": {"two": table(JPEG=section), "one": table()}}), encoding="utf-8")
    return path


def test_sections_stay_apart(results):
    lossless, jpeg = read("two", "lossless", path=results), read("two", "JPEG", path=results)
    assert lossless.average("sharp", "Q_MI") == 3 and jpeg.average("sharp", "Q_MI") == 7
    assert "theirs" not in lossless.kinds and "smooth" not in jpeg.kinds
    assert lossless.wins("sharp", "Q_MI") == 1
    assert (lossless.storage, jpeg.storage) == ("lossless", "JPEG")
    assert str(jpeg).startswith("JPEG ")


def test_of_two_sections_one_has_to_be_named(results):
    with pytest.raises(ValueError, match="storage of two must be one of lossless, JPEG, got None"):
        read("two", path=results)
    with pytest.raises(ValueError, match="storage of one must be one of lossless, got 'JPEG'"):
        read("one", "JPEG", path=results)


def test_an_only_section_needs_no_name(results):
    board = read("one", path=results)
    assert board.storage == "lossless" and board.title == "By <hand>" and board.date == "2024-05-06"


def test_an_unknown_table(results):
    with pytest.raises(ValueError, match="no table is called 'three'; there are two, one"):
        read("three", path=results)


def test_a_file_is_read_again(results):
    assert read("one", path=results).average("sharp", "Q_MI") == 3
    made = table({"sharp": ("ours", {"Q_MI": [4, 4, 4]})})
    results.write_text(json.dumps({"tables": {"one": made}}), encoding="utf-8")
    assert read("one", path=results).average("sharp", "Q_MI") == 4


def test_one_metric_set_by_set(board):
    by_set = board.by_set("Q_CV")
    assert by_set["sharp"] == {"a": 9, "b": 7, "c": 1}
    assert [row.name for row in by_set.rows] == board.order()
    assert {row.name: row.kind for row in by_set.rows} == {
        "sharp": "result",
        "smooth": "result",
        "old": "result",
        "mean": "control",
    }
    assert by_set.arrow("a") == "↓" and board.by_set("Q_MI").arrow("a") == "↑"


def test_a_method_that_failed_somewhere_takes_no_wins_elsewhere():
    board = Board(table(with_row("failed", "ours", Q_MI=[9, None, 9])), "lossless")
    assert [board.wins(name, "Q_MI") for name in ("sharp", "smooth", "old")] == [1, 1, 0]

"""A table of scores: what is marked, what lines up, what a page and a JSON file get."""

import json
import math
import re

import pytest

from fusion.table import CONTROL, RESULT, Row, Table, Undefined
from fusion.version import VERSION

NAN, INF = math.nan, math.inf


@pytest.fixture
def table():
    """Two results and two controls; of `error` less is better."""
    rows = [
        Row("ours", RESULT, {"sharpness": 0.5, "error": 20.0, "PSNR": INF}),
        Row("theirs", RESULT, {"sharpness": 0.25, "error": 3.0, "PSNR": 31.5}),
        Row("source 1", CONTROL, {"sharpness": 0.75, "error": 2.5, "PSNR": 12.0}),
        Row("a random pixel", CONTROL, {"sharpness": 0.375, "error": NAN, "PSNR": 100.0}),
    ]
    return Table(rows, lower={"error", "another"}, undefined=[Undefined("a random pixel", "error", "no reason")])


def marks_of(table, metric):
    return [table.mark(row, metric) for row in table.rows]


def test_the_whole_table_as_text(table):
    assert str(table).splitlines() == [
        "                                          a",
        "                             source  random",
        "               ours  theirs       1   pixel",
        "             result  result control control",
        "sharpness ↑ 0.5000* 0.2500  0.7500! 0.3750",
        "error ↓      20.00    3.00*   2.50!      –",
        "PSNR ↑         inf*  31.50   12.00  100.00",
        "* the best result, ! a control beats every result",
    ]


def test_points_of_a_line_align_whatever_the_size_of_the_scores():
    rows = [Row(str(index), RESULT, {"a": 10.0**index, "b": 0.5, "c": -(10.0**index)}) for index in range(5)]
    _, _, a, b, c, _ = str(Table(rows)).splitlines()
    ends = [[match.end() for match in re.finditer(r"\.\d+", line)] for line in (a, b, c)]
    assert ends[0] == ends[1] == ends[2] and len(ends[0]) == 5
    assert "0.5000" in b and "10.00" in a and "-10.00" in c


@pytest.mark.parametrize(
    ("largest", "shown"),
    [(2, "2.0000"), (-2, "-2.0000"), (2.5, "2.500"), (9.99, "9.990"), (10, "10.00"), (174.136, "174.14")],
)
def test_scores_have_about_four_digits(largest, shown):
    rows = [Row("a", RESULT, {"x": largest}), Row("b", RESULT, {"x": NAN}), Row("c", RESULT, {"x": 0.0})]
    assert shown in str(Table(rows)).splitlines()[2].replace("*", "").split()


def test_a_large_score_of_a_control_takes_no_digits_from_results():
    rows = [
        Row("a", RESULT, {"error": 3.8213}),
        Row("b", RESULT, {"error": 3.8244}),
        Row("c", CONTROL, {"error": 174.1}),
    ]
    line = str(Table(rows, lower={"error"})).splitlines()[2]
    assert line.split() == ["error", "↓", "3.821*", "3.824", "174.100"]


def test_the_best_result_is_marked_and_controls_that_beat_all_results(table):
    assert marks_of(table, "sharpness") == ["*", "", "!", ""]
    assert marks_of(table, "error") == ["", "*", "!", ""]
    assert marks_of(table, "PSNR") == ["*", "", "", ""]
    assert marks_of(table, "unheard of") == [""] * 4
    assert [table.best("error", kind) for kind in (RESULT, CONTROL)] == [3.0, 2.5]


def test_results_that_tie_are_both_the_best_and_a_control_that_ties_beats_none():
    rows = [Row("a", RESULT, {"x": 1.0}), Row("b", RESULT, {"x": 1.0}), Row("c", CONTROL, {"x": 1.0})]
    for lower in ({"x"}, set()):
        assert marks_of(Table(rows, lower=lower), "x") == ["*", "*", ""]


def test_a_single_result_is_not_the_best_of_anything():
    rows = [Row("a", RESULT, {"x": 1.0}), Row("c", CONTROL, {"x": 0.5})]
    assert marks_of(Table(rows), "x") == ["", ""]
    assert str(Table(rows)).splitlines()[-1] == "x ↑ 1.0000  0.5000"
    assert marks_of(Table(rows, lower={"x"}), "x") == ["", "!"]
    assert str(Table(rows, lower={"x"})).splitlines()[-1] == "! a control beats every result"


def test_without_a_score_of_a_result_controls_beat_nothing():
    rows = [Row("a", RESULT, {"x": NAN}), Row("b", RESULT, {"x": NAN}), Row("c", CONTROL, {"x": 0.5})]
    assert marks_of(Table(rows), "x") == ["", "", ""]
    assert Table(rows).best("x", RESULT) is None


def test_a_score_that_is_not_defined_is_never_the_best_wherever_it_stands():
    for first, second in ((NAN, 1.0), (1.0, NAN)):
        rows = [Row("a", RESULT, {"x": first}), Row("b", RESULT, {"x": second})]
        assert [row.name for row in rows if Table(rows).mark(row, "x")] == ["b" if math.isnan(first) else "a"]


def test_rows_and_columns_by_name(table):
    assert table["theirs"] == {"sharpness": 0.25, "error": 3.0, "PSNR": 31.5}
    assert table.column("error") == {"ours": 20.0, "theirs": 3.0, "source 1": 2.5}
    assert table.metrics == ["sharpness", "error", "PSNR"]
    with pytest.raises(KeyError, match="no row is called 'hers'; there are ours, theirs, source 1, a random pixel"):
        table["hers"]


def test_rows_may_lack_metrics_that_others_have():
    table = Table([Row("a", RESULT, {"x": 1.0}), Row("b", RESULT, {"y": 2.0})])
    assert table.metrics == ["x", "y"]
    assert table.column("x") == {"a": 1.0}
    assert [line.split() for line in str(table).splitlines()[2:4]] == [
        ["x", "↑", "1.0000*", "–"],
        ["y", "↑", "–", "2.0000*"],
    ]


def test_json_holds_every_score_and_nothing_that_json_lacks(table):
    told = json.loads(json.dumps(table.as_dict(), allow_nan=False))
    assert told["version"] == VERSION
    assert told["lower_is_better"] == ["error"]
    assert told["rows"][0] == {
        "name": "ours",
        "kind": "result",
        "scores": {"sharpness": 0.5, "error": 20.0, "PSNR": "inf"},
        "stored": "",
    }
    assert told["rows"][3]["scores"]["error"] is None
    assert told["undefined"] == [{"name": "a random pixel", "metric": "error", "reason": "no reason"}]


def test_infinity_keeps_its_sign():
    table = Table([Row("a", RESULT, {"x": -INF}), Row("b", RESULT, {"x": INF})])
    assert [row["scores"]["x"] for row in table.as_dict()["rows"]] == ["-inf", "inf"]
    assert str(table).splitlines()[2].split() == ["x", "↑", "-inf", "inf*"]


def test_a_page_shows_names_as_text():
    rows = [Row("<b>bold</b>", RESULT, {"a<b": 1.0}), Row("a&b", CONTROL, {"a<b": 0.5})]
    page = Table(rows)._repr_html_()
    assert "<th scope='row'>&lt;b&gt;bold&lt;/b&gt;</th>" in page and "<th scope='row'>a&amp;b</th>" in page
    assert "<th scope='col'>a&lt;b ↑</th>" in page
    assert "<b>" not in page


def test_a_page_marks_what_the_text_marks(table):
    page = table._repr_html_()
    lines = re.findall(r"<tr class='(\w+)'><th scope='row'>.*?</th>(.*?)</tr>", page)
    assert [(kind, re.findall(r"<td>(.*?)</td>", cells)) for kind, cells in lines] == [
        ("result", ["<b>0.5000*</b>", "20.00", "<b>inf*</b>"]),
        ("result", ["0.2500", "<b>3.00*</b>", "31.50"]),
        ("control", ["<b>0.7500!</b>", "<b>2.50!</b>", "12.00"]),
        ("control", ["0.3750", "–", "100.00"]),
    ]
    assert page.endswith("<p>* the best result, ! a control beats every result</p>")


def test_a_wide_table_on_a_page_is_scrolled_by_keyboard_and_read_by_headings(table):
    page = table._repr_html_()
    assert re.match(r"<div class='scores' tabindex='0' role='region' aria-label='[^']+'><table ", page)
    assert page.count("scope='col'") == len(table.metrics)
    assert page.count("scope='row'") == len(table.rows)


def test_a_page_without_marks_explains_none():
    page = Table([Row("a", RESULT, {"x": 1.0})])._repr_html_()
    assert page.endswith("</table></div>")


def test_results_that_are_stored_differently_are_not_compared():
    rows = [
        Row("a", RESULT, {"x": 3.0}, "lossless"),
        Row("b", RESULT, {"x": 2.0}, "lossless"),
        Row("c", RESULT, {"x": 9.0}, "lossy"),
        Row("mean", CONTROL, {"x": 4.0}),
    ]
    table = Table(rows)
    assert [table.mark(row, "x") for row in rows] == ["*", "", "", ""]
    assert str(table).splitlines()[2].split() == ["lossless", "lossless", "lossy"]

"""The command from end to end, on tiny scenes."""

import json
import math

import pytest

from benchmarks.leaderboard import __main__ as command
from benchmarks.leaderboard import cells, read, rows
from benchmarks.leaderboard.contests import CONTESTS

HERE = ["--tables", "tiny", "--jobs", "1", "--quiet"]


def blunder(stack):
    raise RuntimeError("no idea")


def test_a_table_is_computed_and_printed(tiny, capsys):
    assert command.main(HERE) == 0
    out, err = capsys.readouterr()
    title, head, *lines, notes = out.strip().splitlines()
    assert title == "Two tiny scenes, lossless"
    assert head.split() == ["lossless", "PSNR", "↑", "Q_MI", "↑", "rank", "↓"]
    names = {line.split("  ")[0] for line in lines}
    assert names == {f"ours: {name}" for name in rows.METHODS} | {
        "control: mean",
        "control: random pixel",
        "control: defocused side",
        "control: one source, the best",
        "control: one source, on average",
    }
    assert "–" not in out and err == ""
    assert not command.RESULTS.exists()


def test_the_second_run_computes_nothing(tiny, capsys, monkeypatch):
    command.main(HERE)
    first = capsys.readouterr().out
    monkeypatch.setattr(cells, "compute", blunder)
    assert command.main(HERE) == 0
    assert capsys.readouterr().out == first


def test_saved_results_are_read_again(tiny):
    assert command.main([*HERE, "--save"]) == 0
    board = read("tiny", path=command.RESULTS)
    (scored,) = cells.scores_of(cells.Cell("tiny", "lossless", "guided", "ours", "right"))
    assert board.scores("guided", "PSNR")[1] == scored["scores"]["PSNR"]
    assert board.kinds["guided"] == "ours" and board.kinds["mean"] == "control"
    assert 20 < board.average("guided", "PSNR") < 60
    assert list(command.RESULTS.parent.glob(".*")) == []


def test_saving_keeps_the_other_tables(tiny, monkeypatch):
    monkeypatch.setitem(CONTESTS, "other", CONTESTS["tiny"])
    other = {"title": "Other"}
    command.RESULTS.write_text(json.dumps({"tables": {"other": other, "tiny": {"title": "stale"}}}))
    command.main([*HERE, "--save"])
    tables = json.loads(command.RESULTS.read_text(encoding="utf-8"))["tables"]
    assert list(tables) == ["tiny", "other"]  # in the order of the contests
    assert tables["other"] == other and tables["tiny"]["title"] == "Two tiny scenes"


def test_a_method_that_fails_on_one_set(tiny, monkeypatch, capsys):
    fuse = rows.METHODS["guided"]
    monkeypatch.setitem(
        rows.METHODS, "guided", lambda stack: (blunder if stack is tiny["right"].stack else fuse)(stack)
    )
    assert command.main([*HERE, "--save"]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == ["failed: every metric of guided on right, lossless: RuntimeError: no idea"]
    line = next(line for line in out.splitlines() if line.startswith("ours: guided  "))
    assert line.split()[2:] == ["–", "–", "–"]
    board = read("tiny", path=command.RESULTS)
    assert math.isnan(board.average("guided", "PSNR")) and board.scores("guided", "PSNR")[0] > 20
    assert not math.isnan(board.average("decision map, unrefined", "PSNR"))


def test_a_method_that_fails_everywhere_has_a_row(tiny, monkeypatch, capsys):
    monkeypatch.setitem(rows.METHODS, "guided", blunder)
    assert command.main(HERE) == 1
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 2
    assert "ours: guided  " in out


def test_a_control_that_fails_is_a_failure(tiny, monkeypatch, capsys):
    monkeypatch.setitem(rows.CONTROLS, "mean", blunder)
    assert command.main(HERE) == 1
    assert "every metric of mean on left, lossless: RuntimeError: no idea" in capsys.readouterr().err


def test_a_score_that_is_not_defined_is_a_failure_of_a_method_only(tiny, monkeypatch, capsys):
    monkeypatch.setitem(rows.CONTROLS, "mean", lambda stack: stack[0] * 0 + 0.5)
    assert command.main(HERE) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(rows.METHODS, "gray", lambda stack: stack[0] * 0 + 0.5)
    assert command.main(HERE) == 1
    assert capsys.readouterr().err.count("failed: Q_MI of gray on ") == 2


def test_a_method_of_ones_own_is_a_row(tiny, tmp_path, capsys):
    path = tmp_path / "guided.py"  # it may be called as a method of ours is
    path.write_text("def fuse(stack):\n    return stack[0]\n")
    assert command.main([*HERE, "--method", str(path)]) == 0
    out = capsys.readouterr().out
    lines = {line.split("  ")[0]: line.split()[-4:] for line in out.splitlines()}
    assert "ours: guided.py" in lines and "ours: guided" in lines
    assert lines["ours: guided.py"] != lines["ours: guided"]


def test_what_is_not_at_hand_is_left_out(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path))
    monkeypatch.setitem(CONTESTS, "far", CONTESTS["tiny"]._replace(sets=("left", "lytro/01", "lytro/02")))
    assert command.main(["--tables", "far", "tiny", "--jobs", "1", "--quiet", "--save"]) == 0
    out, err = capsys.readouterr()
    assert err == "far: left out, not at hand: lytro/01, lytro/02; set FUSION_DATA, or run `fusion data fetch`\n"
    assert list(json.loads(command.RESULTS.read_text())["tables"]) == ["tiny"]


def test_nothing_at_hand_is_no_success_and_saves_nothing(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path))
    monkeypatch.setitem(CONTESTS, "tiny", CONTESTS["tiny"]._replace(sets=tuple(f"lytro/0{n}" for n in range(1, 7))))
    assert command.main([*HERE, "--save"]) == 1
    assert "lytro/01, lytro/02, lytro/03, lytro/04, ...;" in capsys.readouterr().err
    assert not command.RESULTS.exists()


def test_an_interrupt_saves_nothing_and_keeps_what_was_computed(tiny, monkeypatch, capsys):
    command.RESULTS.write_text("as it was")

    def interrupt(stack):
        raise KeyboardInterrupt

    monkeypatch.setitem(rows.CONTROLS, "mean", interrupt)
    assert command.main([*HERE, "--save"]) == 130
    assert command.RESULTS.read_text() == "as it was"
    assert "nothing was saved" in capsys.readouterr().err
    assert len(list(cells.CACHE.iterdir())) >= len(rows.METHODS)


def test_a_file_that_cannot_be_written_stays_whole(tiny, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    command.RESULTS.write_text('{"tables": {}}')
    with pytest.raises(ValueError):
        command.save({"tiny": {"score": math.inf}})
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="disk full"):
        command.save({"tiny": {"score": 1}})
    assert command.RESULTS.read_text() == '{"tables": {}}'
    assert list(command.RESULTS.parent.glob(".*")) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tables", "nowhere"], "invalid choice: 'nowhere'"),
        (["--jobs", "0"], "--jobs must be 1 or more, got 0"),
        (["--method", "gone.py"], "gone.py: no such file"),
        (["--method", "mine.py", "--save"], "--save is for the methods of the library"),
        (["--method", "mine.py", "below/mine.py"], "no two files may have one name"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    for path in ("mine.py", "below/mine.py"):
        (tmp_path / path).write_text("def fuse(stack):\n    return stack[0]\n")
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_all_tables_and_all_processors_are_the_default():
    args = command.parse([])
    assert args.tables == list(CONTESTS) and args.jobs >= 1 and not args.save

"""fusion evaluate, as a user meets it: a table, a file of scores, and one line for whatever is wrong."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from data import open_stack, save, to_gray
from fusion import evaluate
from fusion.cli import main
from fusion.evaluation import KNOWN

FEW = ["--metrics", "Q_G", "Q_CV"]  # one of which more is better, one of which less is


@pytest.fixture
def sources(tmp_path, focus_pair):
    """Folder with two frames."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name, frame in zip(("a", "b"), focus_pair):
        save(frame, folder / f"{name}.png")
    return folder


@pytest.fixture
def ours(tmp_path, texture):
    """File of a result."""
    save(texture * 0.9, tmp_path / "ours.png")
    return tmp_path / "ours.png"


@pytest.fixture
def theirs(tmp_path, focus_pair):
    """File of another result, the worse one."""
    save(focus_pair.mean(axis=0), tmp_path / "theirs.png")
    return tmp_path / "theirs.png"


@pytest.fixture
def run(capsys):
    """Run the command; return the exit status and what it printed."""

    def run(*arguments):
        status = main(["evaluate", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def failing(run, tmp_path):
    """Run the command, expect it to fail in one line with nothing printed or written; return that line."""

    def failing(*arguments):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("fusion: error: ") and err.count("\n") == 1
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return err

    return failing


def table_of(sources, results, truth=None, **options):
    """Text of the table that the library makes."""
    pictures = {name: open_stack([path])[0] for name, path in results.items()}
    return f"{evaluate(sources, pictures, truth, **options)}\n"


def test_a_table_is_printed_with_arrows_and_controls(run, sources, ours, theirs):
    status, out, err = run(sources, "--fused", ours, theirs, *FEW)
    assert (status, err) == (0, "")
    assert out == table_of(sources, {"ours": ours, "theirs": theirs}, metrics=FEW[1:])
    assert re.search(r"^Q_G ↑ +0\.\d{4}\* ", out, re.MULTILINE) and re.search(r"^Q_CV ↓ ", out, re.MULTILINE)
    assert "control" in out and "* the best result" in out


def test_results_are_scored_alone(run, sources, ours):
    _, out, _ = run(sources, "--fused", ours, "--no-controls", *FEW)
    assert out.split() == table_of(sources, {"ours": ours}, metrics=FEW[1:], controls=False).split()
    assert "control" not in out and "*" not in out


def test_by_default_all_metrics_for_two_sources_are_printed(run, sources, ours):
    _, out, _ = run(*sorted(sources.iterdir()), "--fused", ours, "--no-controls", "--quiet")
    printed = [line.split()[0] for line in out.splitlines()[2:]]
    assert printed == [name for name in KNOWN if name not in ("MEF-SSIM", "PSNR", "SSIM")]


def test_a_truth_adds_two_lines(run, sources, ours, tmp_path, texture):
    save(texture, tmp_path / "truth.png")
    options = "--truth", tmp_path / "truth.png", "--metrics", "PSNR", "SSIM"
    status, out, _ = run(sources, "--fused", ours, *options)
    truth = open_stack([tmp_path / "truth.png"])[0]
    assert status == 0
    assert out == table_of(sources, {"ours": ours}, truth, metrics=["PSNR", "SSIM"])


def test_json_holds_what_is_printed(run, sources, ours, theirs, tmp_path, texture):
    save(texture * 0.9, tmp_path / "truth.png")
    file = tmp_path / "scores.json"
    options = ["--metrics", "Q_G", "Q_CV", "SCD", "PSNR", "--json", file, "--truth", tmp_path / "truth.png"]
    status, out, _ = run(sources, "--fused", ours, theirs, *options)
    told = json.loads(file.read_text(encoding="utf-8"))
    assert status == 0
    assert told["sources"] == [str(sources)] and told["fused"] == [str(ours), str(theirs)]
    assert told["truth"] == str(tmp_path / "truth.png")
    assert told["lower_is_better"] == ["Q_CV"]
    assert [row["name"] for row in told["rows"][:3]] == ["ours", "theirs", "source 1"]
    assert told["rows"][0]["scores"]["PSNR"] == "inf" and told["rows"][2]["scores"]["SCD"] is None
    assert {(score["name"], score["metric"]) for score in told["undefined"]} == {
        ("source 1", "SCD"),
        ("source 2", "SCD"),
    }
    for line in out.splitlines()[-5:-1]:
        metric, _, *cells = line.split()
        for cell, row in zip(cells, told["rows"], strict=True):
            score = row["scores"][metric]
            assert (score is None) == (cell == "–")
            assert score is None or float(cell.rstrip("*!")) == pytest.approx(float(score), abs=0.006)


def test_an_existing_file_of_scores_is_refused_before_any_work(failing, sources, ours, tmp_path, monkeypatch):
    file = tmp_path / "scores.json"
    file.write_text("precious")

    def opened(*_, **__):
        raise AssertionError("no picture is opened yet")

    with monkeypatch.context() as patched:
        patched.setattr("fusion.cli.evaluate.open_stack", opened)
        assert "scores.json: exists already" in failing(sources, "--fused", ours, "--json", file)
    assert main(["evaluate", str(sources), "--fused", str(ours), "--json", str(file), "--force", *FEW]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["rows"][0]["name"] == "ours"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scores.txt", "cannot be written in this format; use one of the endings .json"),
        ("missing/scores.json", "its folder does not exist"),
    ],
)
def test_scores_go_where_json_can_be_written(failing, sources, ours, tmp_path, name, message):
    assert message in failing(sources, "--fused", ours, "--json", tmp_path / name)


def test_a_result_among_the_sources_is_no_source(run, sources, ours, theirs):
    _, alone, _ = run(sources, "--fused", ours, *FEW)
    inside = ours.rename(sources / "ours.png")
    status, out, err = run(sources, "--fused", inside, *FEW)
    assert (status, out, err) == (0, alone, "")
    status, out, err = run(*sorted(sources.iterdir()), "--fused", inside, *FEW)  # sources/*.png
    assert (status, out) == (0, alone)
    assert err == f"note: {inside} is given as a result or the truth too, and was not taken as a source\n"
    assert run(*sorted(sources.iterdir()), "--fused", inside, *FEW, "--quiet") == (0, alone, "")


def test_the_truth_among_the_sources_is_no_source(run, sources, ours, texture):
    save(texture, sources / "truth.png")
    _, out, _ = run(sources, "--fused", ours, "--truth", sources / "truth.png", "--metrics", "PSNR")
    assert out.splitlines()[0].split() == ["source", "source", "random", "defocused"]


def test_results_of_one_name_are_told_apart_by_folders(run, sources, ours, tmp_path, monkeypatch):
    for folder in ("near", "far"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "result.png").write_bytes(ours.read_bytes())
    _, out, _ = run(sources, "--fused", tmp_path / "near/result.png", tmp_path / "far/result.png", *FEW)
    assert "near/result.png far/result.png" in out
    assert str(tmp_path) not in out
    monkeypatch.chdir(tmp_path / "near")
    _, again, _ = run(sources, "--fused", "result.png", "../far/result.png", *FEW)
    assert again == out


def test_results_of_one_stem_are_told_apart_by_endings(run, sources, ours, tmp_path):
    save(open_stack([ours])[0], tmp_path / "ours.tif")
    _, out, _ = run(sources, "--fused", ours, tmp_path / "ours.tif", *FEW)
    assert "ours.png ours.tif" in out


def test_a_file_is_named_once(failing, sources, ours, monkeypatch):
    assert "--fused names a file twice" in failing(sources, "--fused", ours, ours)
    monkeypatch.chdir(ours.parent)
    assert "--fused names a file twice: ours.png" in failing(sources, "--fused", "ours.png", ours)


def test_results_stored_with_and_without_loss_are_not_compared_in_silence(run, sources, ours, texture):
    save(texture * 0.9, ours.with_name("lossy.jpg"))
    _, out, err = run(sources, "--fused", ours, ours.with_name("lossy.jpg"), *FEW)
    assert err.startswith(f"note: {ours.with_name('lossy.jpg')} went through lossy compression, the others did not")
    assert err.count("\n") == 1 and "note" not in out
    assert run(sources, "--fused", ours.with_name("lossy.jpg"), *FEW)[2] == ""
    assert run(sources, "--fused", ours, ours.with_name("lossy.jpg"), *FEW, "--quiet")[2] == ""


def test_a_missing_score_of_a_result_is_an_error_after_the_table(run, sources, ours, focus_pair, tmp_path):
    save(focus_pair[0], tmp_path / "copy.png")
    file = tmp_path / "scores.json"
    arguments = [sources, "--fused", ours, tmp_path / "copy.png", "--metrics", "Q_G", "SCD", "--json", file]
    status, out, err = run(*arguments)
    assert status == 2
    assert re.search(r"^SCD ↑ +\d\.\d{4}\* +– ", out, re.MULTILINE) and re.search(r"^Q_G ↑", out, re.MULTILINE)
    note, error = err.splitlines()
    assert note.startswith("– copy, source 1, source 2: SCD is not defined where")
    assert error == "fusion: error: not defined: SCD of copy; leave these out of averages"
    assert json.loads(file.read_text(encoding="utf-8"))["rows"][1]["scores"]["SCD"] is None
    assert run(*arguments, "--force", "--quiet")[2] == f"{error}\n"


def test_a_missing_score_of_a_control_is_a_note(run, sources, ours):
    status, _, err = run(sources, "--fused", ours, "--metrics", "SCD")
    assert status == 0
    assert err.startswith("– source 1, source 2: SCD is not defined") and err.count("\n") == 1


def test_every_reason_is_noted_once(run, sources, ours, focus_pair):
    """Beside a flat source neither metric is defined for any picture."""
    save(np.full_like(focus_pair[0], 0.5), sources / "b.png", force=True)
    status, out, err = run(sources, "--fused", ours, "--metrics", "SCD", "Q_CV")
    *notes, error = err.splitlines()
    assert status == 2 and out.count("–") == 12
    everything = "– ours, source 1, source 2, mean, random pixel, defocused side: "
    assert [note[: len(everything) + 4].removeprefix(everything) for note in notes] == ["SCD ", "Q_CV"]
    assert error == "fusion: error: not defined: SCD of ours, Q_CV of ours; leave these out of averages"


@pytest.fixture
def spoilt(tmp_path, texture):
    """Files that cannot be scored, by name."""
    save(texture[:, 1:], tmp_path / "narrow.png")
    save(to_gray(texture), tmp_path / "gray.png")
    save(texture, tmp_path / "colour.png")
    tifffile.imwrite(tmp_path / "nan.tif", np.full((96, 128), np.nan, np.float32), photometric="minisblack")
    tifffile.imwrite(tmp_path / "two.tif", (texture[None] * [[[[255]]], [[[200]]]]).astype(np.uint8), photometric="rgb")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "mean.png").write_bytes((tmp_path / "colour.png").read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sources", "--fused", "narrow.png"], "narrow is 127 x 96 pixels, but the sources are 128 x 96; crop them"),
        (["sources", "--fused", "nowhere.png"], "nowhere.png: no such file"),
        (
            ["sources", "--fused", "colour.png", "nan.tif"],
            "nan.tif: page 0 is MINISBLACK with 1 channels of type float",
        ),
        (["sources", "--fused", "two.tif"], "two.tif: holds 2 pictures; a result is one"),
        (["sources", "--fused", "text.png"], "text.png: is not a picture"),
        (["sources", "--fused", "mean.png"], "a control is called 'mean' too; give the result another name"),
        (["sources/a.png", "--fused", "colour.png"], "a.png: is the only source; give two or more"),
        (["sources/a.png", "sources/b.png", "--fused", "sources/a.png"], "b.png: is the only source; give two or more"),
        (["sources/a.png", "nan.tif", "--fused", "colour.png"], "nan.tif: page 0 is MINISBLACK"),
        (
            ["sources/a.png", "narrow.png", "--fused", "colour.png"],
            "narrow.png is 127 x 96 pixels in colour, but a.png",
        ),
        (["nowhere", "--fused", "colour.png"], "nowhere: no such file or folder"),
        (["lytro/01", "--fused", "colour.png"], 'lytro/01: is a data set, not a path; "fusion data where lytro/01"'),
        (["sources", "--fused", "colour.png", "--truth", "gray.png"], "colour is in colour and truth is gray; convert"),
        (["sources", "--fused", "gray.png", "--truth", "colour.png"], "gray is gray and truth is in colour; convert"),
        (["sources", "--fused", "gray.png", "--truth", "gray.png"], "sources are in colour and truth is gray; convert"),
        (
            ["sources", "--fused", "colour.png", "--truth", "narrow.png"],
            "truth is 127 x 96 pixels, but the sources are",
        ),
        (["sources", "--fused", "colour.png", "--truth", "no.png"], "no.png: no such file"),
        (["sources", "--fused", "colour.png", "--metrics", "Q_X"], "no metric is called 'Q_X'; there are Q_MI, "),
        (["sources", "--fused", "colour.png", "--metrics", "PSNR"], "PSNR compares with the truth: give the picture"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_file(failing, sources, spoilt, monkeypatch, arguments, message):
    monkeypatch.chdir(spoilt)
    assert message in failing(*arguments, "--json", "scores.json")


def test_a_metric_for_two_sources_is_refused_for_three(failing, sources, ours, texture):
    save(texture / 2, sources / "c.png")
    assert "SCD is defined for 2 sources only, got 3; leave it out" in failing(
        sources, "--fused", ours, "--metrics", "SCD"
    )


def test_help_has_examples_and_names_all_metrics(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "--help"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    assert "examples:\n  fusion evaluate" in told
    assert set(KNOWN) <= set(told.partition("metrics:\n")[2].split("An arrow")[0].split())
    assert max(map(len, told.splitlines())) <= 80


def test_help_lists_the_metrics_for_two_sources(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    line = re.search(r"^  two sources +(.*)$", capsys.readouterr().out, re.MULTILINE)[1]
    assert line.split() == [name for name, metric in KNOWN.items() if getattr(metric, "most_sources", None) == 2]


def test_the_command_is_listed(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert re.search(r"^    evaluate +score fused pictures", told, re.MULTILINE)
    assert "\n  fusion evaluate " in told


def test_the_command_line_answers_before_metrics_are_loaded():
    code = "import sys, fusion.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "fusion.cli.evaluate" in loaded
    assert not {"fusion.evaluation", "fusion.metrics", "fusion.controls", "scipy", "tqdm"} & set(loaded)


def test_the_progress_bar_is_for_terminals_only(run, sources, ours, monkeypatch):
    assert run(sources, "--fused", ours, *FEW)[2] == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, err = run(sources, "--fused", ours, *FEW)
    assert "scoring:   0%" in err and "0/6" in err and "picture" in err
    assert run(sources, "--fused", ours, *FEW, "--quiet")[2] == ""


def test_an_output_without_arrows_gets_the_table_in_plain_letters(sources, ours):
    command = [sys.executable, "-c", "import sys; from fusion.cli import main; sys.exit(main())", "evaluate"]
    options = [sources, "--fused", ours, "--metrics", "Q_G", "Q_CV", "SCD"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([*command, *options], capture_output=True, env=environment)
    assert done.returncode == 0
    printed = done.stdout.decode("ascii")
    for line in (r"^Q_G \^ +0\.", r"^Q_CV v +\d", r"^SCD \^ +\d\.\d+ +- +- "):
        assert re.search(line, printed, re.MULTILINE)


def test_a_source_that_is_named_twice_is_refused(sources, ours, failing):
    assert "a source is named twice" in failing(sources / "a.png", sources / "a.png", "--fused", ours)


def test_a_truth_that_no_metric_asks_for_is_noted(sources, ours, theirs, run):
    status, out, err = run(sources, "--fused", ours, "--truth", theirs, *FEW)
    assert status == 0 and "PSNR" not in out
    assert "note: --truth is for PSNR and SSIM only" in err

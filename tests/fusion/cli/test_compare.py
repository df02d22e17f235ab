"""fusion compare: one page about one's own frames."""

import re

import pytest

from data import save
from fusion.cli import main


def test_a_page_is_written_and_told(pair, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["compare", str(pair), "-o", str(out), "--align", "none"]) == 0
    said, err = capsys.readouterr()
    assert "Take boundary-aware fusion, blended." in said
    assert re.search(r"report\.html: 6 methods on 2 frames, \d\.\d MB", said) and err == ""
    page = out.read_text(encoding="utf-8")
    assert "a &lt;pair&gt;" in page and "<pair>" not in page
    assert "guided filter" in page and "strongest Laplacian" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a <pair>", "report.html"]


def test_aligned_frames_are_told_with_the_command_that_writes_them(pair, tmp_path, known_motion):
    known_motion((0, 0), (3, 0))
    out = tmp_path / "report.html"
    assert main(["compare", str(pair), "-o", str(out), "--quiet"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "fusion align" in page and "125" in page and "aligned/" in page


def test_frames_that_are_left_out_are_named(pair, tmp_path, focus_pair, known_motion):
    save(focus_pair[0], pair / "c.png")
    known_motion((0, 0), (0, 0), None)
    out = tmp_path / "report.html"
    assert main(["compare", str(pair), "-o", str(out), "--quiet"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "c.png" in page and "no trustworthy motion" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "report.pdf"], "cannot be written in this format"),
        (["-o", "missing/report.html"], "folder does not exist"),
        (["-o", "report.html", "--align", "none", "--transforms", "m.json"], "leave one out"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(pair, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", str(pair), *arguments]) == 2
    said, err = capsys.readouterr()
    assert said == "" and words in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == [pair.name]


def test_a_page_that_exists_is_kept_unless_forced(pair, tmp_path, capsys):
    out = tmp_path / "report.html"
    out.write_text("mine")
    assert main(["compare", str(pair), "-o", str(out)]) == 2
    assert out.read_text() == "mine" and "exists already" in capsys.readouterr().err

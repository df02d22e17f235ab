"""The command ``fusion data`` speaks in tables, folders and single lines."""

import hashlib
import http.server
import threading

import pytest

from data import datasets
from fusion.cli import main

CONTENT = b"not really a picture"


def run(*words):
    """Exit code of a command line."""
    try:
        return main(["data", *words]) or 0
    except SystemExit as stop:
        return stop.code or 0


@pytest.fixture(autouse=True)
def nothing_here(tmp_path, monkeypatch):
    """An empty cache, and no folder of data."""
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.delenv("FUSION_MIRROR", raising=False)


@pytest.fixture
def mirror(monkeypatch):
    """A server that answers every question with the one file of the one set of the registry."""
    row = ["a.png", "a.png", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()]
    entry = {"kind": "multi-focus", "origin": "o", "size": [8, 6], "root": "", "frames": [row]}
    origin = {"repository": "someone/pictures", "commit": "0" * 40, "terms": "CC0", "credit": "nobody"}
    small = {"about": "", "origins": {"o": origin}, "sets": {"pairs/one": entry}}
    monkeypatch.setattr(datasets, "registry", lambda: small)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("FUSION_MIRROR", f"http://127.0.0.1:{server.server_address[1]}")
        yield
        server.shutdown()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *args):
        """Keep quiet."""


def test_list_is_a_table_of_all_sets(capsys):
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "kind", "frames", "pixels", "MB", "where", "terms"]
    assert [line.split()[0] for line in lines[1:]] == datasets.names()
    assert lines[0].index("kind") == lines[1].index("multi-exposure") == lines[-1].index(" training") + 1


def test_list_of_one_kind(capsys):
    assert run("list", "--kind", "multi-exposure") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert list(lines) == datasets.names("multi-exposure")
    assert lines["mef/candle"].split()[2:6] == ["10", "512x364", "1.46", "not"]
    assert "built in" in lines["built-in/coffee"]
    assert lines["mef/candle"].endswith("any purpose, with notice and acknowledgement")


def test_list_says_what_is_here(capsys, tmp_path, monkeypatch):
    (tmp_path / "mef" / "cave").mkdir(parents=True)
    for number in range(1, 5):
        (tmp_path / "mef" / "cave" / f"0{number}.png").write_bytes(CONTENT)
    monkeypatch.setenv("FUSION_DATA", str(tmp_path))
    assert run("list", "--kind", "multi-exposure") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["mef/cave"].split()[5] == "here"
    assert "not here" in lines["mef/candle"]


def test_unknown_kind_is_one_line(capsys):
    assert run("list", "--kind", "blurred") == 2
    assert_one_line(capsys.readouterr(), "kinds are")


def test_where_of_an_absent_set_says_how_to_fetch_it(capsys):
    assert run("where", "lytro/01") == 2
    assert_one_line(capsys.readouterr(), "fusion data fetch lytro/01")


def test_fetch_then_where_give_the_same_folder(mirror, capsys, tmp_path):
    assert run("fetch", "pairs/one") == 0
    fetched = capsys.readouterr()
    assert run("where", "pairs/one") == 0
    assert fetched.out == capsys.readouterr().out == f"{tmp_path / 'cache' / 'pairs' / 'one'}\n"
    assert fetched.err == ""


def test_fetch_of_an_unknown_name_is_one_line(capsys):
    assert run("fetch", "lytro/21") == 2
    assert_one_line(capsys.readouterr(), "lytro/20")


def test_help_shows_examples(capsys):
    assert run("--help") == 0
    assert "fusion data fetch lytro/01 mef/candle" in capsys.readouterr().out


def test_an_action_is_needed(capsys):
    assert run() == 2
    assert "ACTION" in capsys.readouterr().err


def assert_one_line(captured, text):
    """Only one line, on the error stream, that begins and goes on as it should."""
    assert captured.out == ""
    assert captured.err.startswith("fusion: error: ")
    assert captured.err.count("\n") == 1
    assert text in captured.err

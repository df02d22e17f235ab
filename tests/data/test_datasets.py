"""Data by name: where it is looked for, and how it is fetched, from a server on this computer."""

import hashlib
import http.server
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

import data
from data import datasets

NAME = "pairs/one"
COMMIT = "0123456789abcdef" * 2 + "01234567"


def picture(value, size=(6, 8)):
    """Bytes of a gray PNG."""
    return cv2.imencode(".png", np.full(size, value, np.uint8))[1].tobytes()


CONTENT = {"b.png": picture(50), "a.png": picture(100), "_notes.txt": b"notes"}


def rows(*own_names):
    return [[n, f"deep folder/{n}", len(CONTENT[n]), hashlib.sha256(CONTENT[n]).hexdigest()] for n in own_names]


def small_registry():
    """Registry of one pair, whose frames are not in the order of their names, and of training data."""
    origin = {"repository": "someone/pictures", "commit": COMMIT, "terms": "CC0", "credit": "nobody"}
    notice = ["_terms.txt", "terms.txt", 5, hashlib.sha256(b"terms").hexdigest()]
    origin |= {"folder": "pairs", "root": "", "files": [notice]}
    entry = {"kind": "multi-focus", "origin": "o", "size": [8, 6], "root": "", "frames": rows("b.png", "a.png")}
    mattes = entry | {"kind": "training"}
    results = entry | {"kind": "fused", "uneven": True, "sources": NAME}
    sets = {NAME: entry | {"extras": rows("_notes.txt")}, "mattes/01": mattes, "results/one": results}
    return {"about": "", "origins": {"o": origin}, "sets": sets}


class Server(http.server.ThreadingHTTPServer):
    """Serves the files of the small registry, and can be told to misbehave."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked, self.broken, self.wrong, self.missing = [], set(), set(), set()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = unquote(self.path)
        name = path.rpartition("/")[2]
        self.server.asked.append(name)
        content = CONTENT.get(name, b"terms")
        if name in self.server.missing or not path.startswith(f"/someone/pictures/{COMMIT}/"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if name in self.server.broken:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            self.wfile.write(b"?" * len(content) if name in self.server.wrong else content)

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Folder of downloads in a world without other data."""
    monkeypatch.setattr(datasets, "registry", small_registry)
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.delenv("FUSION_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Folder that FUSION_DATA names."""
    monkeypatch.setenv("FUSION_DATA", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def fill(root, name=NAME, own_names=("b.png", "a.png"), value=None):
    (root / name).mkdir(parents=True)
    for own_name in own_names:
        content = CONTENT.get(own_name) if value is None else picture(value)
        (root / name / own_name).write_bytes(content)


def files_below(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


WHOLE = ["pairs/_terms.txt", "pairs/one/_notes.txt", "pairs/one/a.png", "pairs/one/b.png"]


def one_line(error):
    """Text of an error, which must be one line."""
    assert "\n" not in str(error.value)
    return str(error.value)


# --- fetch -----------------------------------------------------------------------------------------------------------


def test_fetch_brings_frames_extras_and_notices(server, cache):
    assert datasets.fetch(NAME, base_url=server.url) == cache / NAME
    assert files_below(cache) == WHOLE
    assert (cache / NAME / "a.png").read_bytes() == CONTENT["a.png"]


def test_second_fetch_asks_for_nothing(server):
    datasets.fetch(NAME, base_url=server.url)
    server.asked.clear()
    datasets.fetch(NAME, base_url=server.url)
    assert server.asked == []


def test_second_fetch_asks_for_what_is_missing_or_damaged(server, cache):
    datasets.fetch(NAME, base_url=server.url)
    server.asked.clear()
    (cache / NAME / "a.png").unlink()
    (cache / NAME / "b.png").write_bytes(CONTENT["b.png"][:-1] + b"?")
    datasets.fetch(NAME, base_url=server.url)
    assert sorted(server.asked) == ["a.png", "b.png"]
    assert (cache / NAME / "b.png").read_bytes() == CONTENT["b.png"]


def test_fetched_set_is_loaded(server):
    datasets.fetch(NAME, base_url=server.url)
    np.testing.assert_allclose([frame[0, 0] * 255 for frame in data.load(NAME)], [50, 100], atol=1e-4)


def test_mirror_is_taken_from_the_environment(server, cache, monkeypatch):
    monkeypatch.setenv("FUSION_MIRROR", server.url + "/")
    datasets.fetch(NAME)
    assert files_below(cache) == WHOLE


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("broken", "the connection broke; run it again"),
        ("wrong", "not the registered file, its sha256 differs"),
        ("missing", "the server answers 404"),
    ],
)
def test_bad_answer_leaves_the_good_files_and_no_other(server, cache, fault, text):
    getattr(server, fault).add("a.png")
    with pytest.raises(data.DataError, match=text) as error:
        datasets.fetch(NAME, base_url=server.url)
    assert "pairs/one/a.png" in one_line(error)
    assert f"{server.url}/someone/pictures/{COMMIT}/deep%20folder/a.png" in one_line(error)
    assert files_below(cache) == ["pairs/one/b.png"]
    getattr(server, fault).clear()
    server.asked.clear()
    datasets.fetch(NAME, base_url=server.url)
    assert "b.png" not in server.asked
    assert files_below(cache) == WHOLE


def test_damaged_file_is_not_replaced_by_a_bad_answer(server, cache):
    datasets.fetch(NAME, base_url=server.url)
    (cache / NAME / "a.png").write_bytes(b"damaged")
    server.broken.add("a.png")
    with pytest.raises(data.DataError):
        datasets.fetch(NAME, base_url=server.url)
    assert (cache / NAME / "a.png").read_bytes() == b"damaged"


def test_no_network_is_one_line_with_a_way_out(cache):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(data.DataError, match=r"no connection.*FUSION_DATA") as error:
            datasets.fetch(NAME, base_url=address)
    assert address in one_line(error)
    assert files_below(cache) == []


def test_mirror_must_be_a_web_address(monkeypatch):
    monkeypatch.setenv("FUSION_MIRROR", "pictures.example/copy")
    with pytest.raises(data.DataError, match="FUSION_MIRROR must begin with http") as error:
        datasets.fetch(NAME)
    one_line(error)


def test_cache_that_cannot_be_written_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "file"))
    with pytest.raises(data.DataError, match="set FUSION_CACHE to another folder") as error:
        datasets.fetch(NAME, base_url=server.url)
    one_line(error)


def test_progress_counts_the_bytes_of_the_set(server, capsys):
    datasets.fetch(NAME, progress=True, base_url=server.url)
    shown = capsys.readouterr()
    assert NAME in shown.err
    assert "100%" in shown.err
    assert shown.out == ""


def test_fetch_is_quiet_otherwise(server, capsys):
    datasets.fetch(NAME, base_url=server.url)
    assert capsys.readouterr() == ("", "")


def test_built_in_sets_are_not_fetched():
    with pytest.raises(data.DataError, match="nothing to fetch"):
        datasets.fetch("built-in/coffee")


# --- where it is looked for ------------------------------------------------------------------------------------------


def test_own_folder_comes_before_the_cache(here, cache):
    fill(cache)
    assert datasets.where(NAME) == cache / NAME
    assert datasets.place(NAME) == "cache"
    fill(here, value=200)
    assert datasets.where(NAME) == here / NAME
    assert datasets.place(NAME) == "here"
    assert data.load(NAME)[0][0, 0] == pytest.approx(200 / 255)


def test_unfinished_own_folder_is_passed_over(here, cache):
    fill(here, own_names=["b.png"])
    fill(cache)
    assert datasets.where(NAME) == cache / NAME


def test_frames_are_in_the_order_of_the_registry(here):
    fill(here)
    assert [path.name for path in datasets.find(NAME)] == ["b.png", "a.png"]
    assert data.load(NAME).names[0].endswith("b.png")


def test_absent_set_names_the_ways_to_get_it():
    with pytest.raises(data.DataError) as error:
        data.load(NAME)
    text = one_line(error)
    assert f"fusion data fetch {NAME}" in text
    assert "FUSION_DATA" in text
    assert "built-in/motorcycle-pair" in text
    assert "completely" not in text


def test_unfinished_set_is_said_to_be_unfinished(cache):
    fill(cache, own_names=["b.png"])
    with pytest.raises(data.DataError, match="not on this computer completely"):
        data.load(NAME)


def test_unknown_name_gets_the_closest():
    with pytest.raises(data.DataError, match=re.escape("'pairs/on'; close to it: pairs/one")) as error:
        data.load("pairs/on")
    one_line(error)


def test_name_of_a_group_gets_its_members(here):
    fill(here)
    (here / "pairs" / "scores.csv").write_text("no picture")
    with pytest.raises(data.DataError, match="a group of sets: pairs/one"):
        data.load("pairs")


def test_own_folder_must_be_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("FUSION_DATA", str(tmp_path / "gone"))
    with pytest.raises(data.DataError, match="gone', which is not a folder") as error:
        data.load(NAME)
    one_line(error)


def test_own_pictures_open_by_their_folder(here):
    fill(here, name="holiday", own_names=["frame10.png", "frame2.png"], value=7)
    assert [path.name for path in datasets.find("holiday")] == ["frame2.png", "frame10.png"]
    assert data.load("holiday").shape == (2, 6, 8)


@pytest.mark.parametrize("name", ["mattes/01", "results/one"])
def test_what_is_no_stack_is_refused_with_its_folder(here, name):
    fill(here, name=name)
    with pytest.raises(data.DataError, match=r"is no stack.*where") as error:
        data.load(name)
    one_line(error)
    assert datasets.where(name) == here / name


def test_built_in_sets_need_neither_folder_nor_network():
    assert data.load("built-in/coffee").shape == (3, 400, 600, 3)
    with pytest.raises(data.DataError, match="made in memory"):
        datasets.where("built-in/coffee")


# --- single files and names ------------------------------------------------------------------------------------------


def test_path_of_finds_one_file(here, cache):
    fill(cache, own_names=["a.png"])
    assert datasets.path_of("pairs/one/a.png") == cache / "pairs/one/a.png"
    fill(here, own_names=["a.png"])
    assert datasets.path_of("pairs/one/a.png") == here / "pairs/one/a.png"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs/one/a.png", "fusion data fetch pairs/one"),
        ("pairs/one/c.png", r"no file 'c.png'; it has b.png, a.png, _notes.txt"),
        ("elsewhere/a.png", "no file is called 'elsewhere/a.png'"),
    ],
)
def test_path_of_says_what_is_wrong(name, text):
    with pytest.raises(data.DataError, match=text) as error:
        datasets.path_of(name)
    one_line(error)


def test_names_are_filtered_by_kind():
    assert NAME in datasets.names("multi-focus")
    assert "built-in/gray" in datasets.names("multi-focus")
    assert "mattes/01" not in datasets.names("multi-focus")
    assert set(datasets.names("training")) < set(datasets.names())
    with pytest.raises(data.DataError, match=r"kind 'blurred'; kinds are .*multi-focus"):
        datasets.names("blurred")


def test_description_carries_the_terms():
    told = datasets.describe(NAME)
    assert (told["kind"], told["frames"], told["size"], told["terms"]) == ("multi-focus", 2, (8, 6), "CC0")
    assert told["bytes"] == sum(len(content) for content in CONTENT.values()) + len(b"terms")


def test_importing_data_is_light():
    code = "import sys, data; print([m for m in ('pooch', 'requests', 'skimage', 'tqdm') if m in sys.modules])"
    code += "; print(data.datasets.registry.cache_info().misses)"
    root = Path(data.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == ["[]", "0"]

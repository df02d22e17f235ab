"""The registry names every file with an address and a checksum."""

import hashlib
import json
import re
from urllib.parse import unquote

import pytest

from data import datasets

ADDRESS = re.compile(r"[\w.-]+/[\w.-]+/[0-9a-f]{40}/[\w./%~-]+")  # owner, repository, commit, quoted path
REGISTERED = list(datasets.registry()["sets"])
SAMPLE = ["lytro/01", "classic/clock", "mef/cave", "mef/_fused/candle", "stack/pcb", "exposure/room", "dff/sim-cone"]


@pytest.fixture
def folder():
    found = datasets.own_folder()
    if found is None or not (found / "manifest.json").is_file():
        pytest.skip("needs the pictures: set FUSION_DATA to the folder that holds manifest.json")
    return found


def test_every_file_has_an_address_a_size_and_a_checksum():
    for name in REGISTERED:
        for file in datasets.files(name):
            assert ADDRESS.fullmatch(file.address), file
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), file
            assert file.size > 0, file


def test_spaces_in_addresses_are_quoted():
    addresses = [file.address for file in datasets.files("mef/balloons")]
    assert any(" " in unquote(address) for address in addresses)
    assert not any(" " in address for address in addresses)


def test_files_of_one_name_have_one_content():
    content = {}
    for name in REGISTERED:
        for file in datasets.files(name):
            assert content.setdefault(file.name, file) == file


def test_every_set_states_its_terms_and_credit():
    for name in REGISTERED:
        told = datasets.describe(name)
        assert told["terms"]
        assert told["credit"]
        assert told["frames"] > 0


def test_sources_of_published_results_are_sets():
    pairs = {name: datasets.describe(name)["sources"] for name in datasets.names("fused")}
    assert pairs["mef/_fused/candle"] == "mef/candle"
    assert pairs["mfifb/lytro-07"] == "lytro/07"
    assert set(pairs.values()) - {None} <= set(REGISTERED)


def test_notice_of_the_exposure_database_comes_along():
    assert "mef/_README-copyright.txt" in [file.name for file in datasets.files("mef/_fused/candle")]


def test_sets_and_origins_are_sorted():
    for section in ("sets", "origins"):
        assert list(datasets.registry()[section]) == sorted(datasets.registry()[section])


def test_registry_agrees_with_the_manifest(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["sets"]) == set(REGISTERED)
    for name, entry in manifest["sets"].items():
        known = {file.name: file.sha256 for file in datasets.files(name)}
        assert [row[0] for row in datasets.registry()["sets"][name]["frames"]] == [
            frame.rpartition("/")[2] for frame in entry["frames"]
        ]
        assert entry["sha256"].items() <= known.items()


def test_registry_agrees_with_the_addresses(folder):
    origins = json.loads((folder / "origins.json").read_text(encoding="utf-8"))
    for name in REGISTERED:
        for file in datasets.files(name):
            origin = origins["files"][file.name]
            commit = origins["commits"][origin["repo"]]
            assert unquote(file.address) == f"{origin['repo']}/{commit}/{origin['path']}"


@pytest.mark.parametrize("name", SAMPLE)
def test_files_are_those_of_the_registry(folder, name):
    for file in datasets.files(name):
        content = (folder / file.name).read_bytes()
        assert len(content) == file.size
        assert hashlib.sha256(content).hexdigest() == file.sha256

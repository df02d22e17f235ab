"""Facts about the weights that are shipped: whole, small, no pickles, and those of the networks."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

import fusion
from fusion.boundary import compact, inputs, networks, resnet56, score
from fusion.boundary.fuse import boundary_decision

LAYERS = {"compact": compact.layers(inputs.PLANES), "resnet56": resnet56.layers()}
FILES = sorted(path for path in networks.FOLDER.iterdir() if path.suffix != ".md")  # a card is no weights


def header(path):
    """What a file of safetensors says of its tensors, read without the library."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    told = json.loads(content[8 : 8 + length])
    told.pop("__metadata__", None)
    assert max(tensor["data_offsets"][1] for tensor in told.values()) == len(content) - 8 - length
    return told


def test_there_is_a_file_of_each_network_and_no_other():
    assert [path.name for path in FILES] == sorted(f"{name}.safetensors" for name in networks.SHA256)
    assert set(networks.SHA256) == {name + end for name in networks.NETWORKS for end in ("", "-boundary")}


def test_all_weights_together_take_less_than_five_megabytes():
    assert sum(path.stat().st_size for path in networks.FOLDER.iterdir()) < 5_000_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_weights_are_tensors_and_nothing_else(path):
    expected = {}
    for name, (count, width, size) in LAYERS[path.stem.removesuffix("-boundary")].items():
        expected |= {f"{name}.weight": [width, count, size, size], f"{name}.bias": [width]}
    assert {name: tensor["shape"] for name, tensor in header(path).items()} == expected
    assert {tensor["dtype"] for tensor in header(path).values()} == {"F16"}


@pytest.mark.parametrize("name", networks.SHA256)
def test_weights_are_those_that_were_shipped(name):
    weights = networks.read_weights(name)
    assert all(weight.dtype == np.float32 and weight.flags.c_contiguous for weight in weights.values())
    assert all(np.isfinite(weight).all() for weight in weights.values())
    assert all(weight.any() for layer, weight in weights.items() if layer.endswith(".weight"))


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_changed_byte_is_refused(monkeypatch, tmp_path, place):
    content = bytearray((networks.FOLDER / "compact.safetensors").read_bytes())
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    (tmp_path / "compact.safetensors").write_bytes(content)
    assert networks.read_weights("compact")
    content[place] ^= 1
    (tmp_path / "compact.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="compact.safetensors: is not the file of weights that was shipped; install"):
        networks.read_weights("compact")


def test_a_file_of_another_network_is_refused(monkeypatch, tmp_path):
    content = (networks.FOLDER / "resnet56.safetensors").read_bytes()
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    (tmp_path / "resnet56-boundary.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="is not the file of weights"):
        networks.read_weights("resnet56-boundary")


def test_missing_weights_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="resnet56.safetensors: the weights are missing; install the project again"):
        networks.read_weights("resnet56")


def test_the_network_of_the_boundary_is_another_one():
    for name in networks.NETWORKS:
        first, again = networks.first_network(name), networks.boundary_network(name)
        assert type(first) is type(again) is networks.NETWORKS[name]
        assert first is networks.first_network(name)  # its file is read once
        assert networks.SHA256[name] != networks.SHA256[f"{name}-boundary"]


def test_only_near_the_boundary_every_pixel_has_its_own_patch(make_pair, monkeypatch):
    seen = []
    original = networks.resnet56.evidence
    monkeypatch.setattr(
        networks.resnet56, "evidence", lambda *a, dense, **o: seen.append(dense) or original(*a, dense=dense, **o)
    )
    own, rival = make_pair((4, 8))
    networks.first_network("resnet56").compare(own, rival)
    networks.boundary_network("resnet56").compare(own, rival)
    assert seen == [False, False, True, True]


@pytest.mark.parametrize(
    "call",
    [
        lambda pair: score.score_map(*pair, network="resnet"),
        lambda pair: score.refined_score_map(*pair, pair[0], network="resnet"),
        lambda pair: fusion.boundary_fusion(pair, network="resnet"),
        lambda pair: boundary_decision(pair, network="resnet"),
    ],
)
def test_an_unknown_network_is_named(make_pair, call):
    with pytest.raises(ValueError, match="network must be one of 'compact', 'resnet56', got 'resnet'"):
        call(make_pair((16, 16)))


def test_fusion_needs_no_pytorch():
    code = (
        "import sys, numpy, fusion; "
        "fusion.boundary_fusion(numpy.random.default_rng(0).random((2, 20, 20), numpy.float32)); "
        "print([name for name in ('torch', 'skimage', 'matplotlib') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"

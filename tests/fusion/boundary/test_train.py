"""Facts about the command that trains: it can be interrupted, starts from what is there, and writes usable weights."""

import json

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed")

from safetensors import safe_open  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

from fusion.boundary import inputs, layers_numpy, resnet56, train  # noqa: E402
from fusion.boundary.networks import CompactNetwork, Resnet56Network  # noqa: E402

NETWORKS = ["compact", "compact-boundary", "resnet56", "resnet56-boundary"]


@pytest.fixture(autouse=True)
def small(monkeypatch, drawn_sources, tmp_path):
    """Little to learn from and to look at; and threads are as they were afterwards."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "sources_at_hand", lambda validation=False: drawn_sources)
    monkeypatch.setattr(train, "VALIDATION", 1)
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def run(network, out, *options, steps=3):
    """Train in few and small steps; return the weights."""
    size = "32" if network.startswith("compact") else "80"
    train.main(
        [network, "--steps", str(steps), "--batch", "2", "--size", size, "--device", "cpu", "--out", out, *options]
    )
    return load_file(out)


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert_array_equal(first[name], second[name])


def metadata(path):
    with safe_open(path, "numpy") as file:
        return file.metadata()


class Interrupted(Exception):
    """As Ctrl-C would."""


def interrupt(monkeypatch, at):
    """End a training right after it has saved its checkpoint at a step."""
    learn = train.Training.learn

    def interrupted(self, batch):
        if self.step == at:
            self.log.append({"step": at, "seconds": 7})
            self.save()
            raise Interrupted
        return learn(self, batch)

    monkeypatch.setattr(train.Training, "learn", interrupted)


# --- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
def test_training_writes_weights_in_half_precision(network, make_pair, capsys):
    weights = run(network, "weights.safetensors", steps=2)
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.float16)}
    parameters = {name: weight.astype(np.float32) for name, weight in weights.items()}
    made = CompactNetwork(parameters) if network.startswith("compact") else Resnet56Network(parameters)
    score = made.compare(*make_pair((16, 16))).score
    assert np.isfinite(score).all() and score.any()
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert told["step"] == 2 and 0 <= told["wrong"] <= 1


def test_the_weights_are_those_of_the_network_that_learnt(make_pair, monkeypatch):
    networks = []
    original = train.save_weights
    monkeypatch.setattr(train, "save_weights", lambda network, *a: networks.append(network) or original(network, *a))
    for name in ("compact", "resnet56"):
        written = run(name, f"{name}.safetensors")
        folded = {layer: weight.detach().numpy() for layer, weight in networks[-1].folded().items()}
        assert written.keys() == folded.keys()
        for layer, weight in written.items():
            assert_allclose(weight, folded[layer], rtol=1e-3, atol=1e-6)
    pair = make_pair((64, 64))
    compact = CompactNetwork({k: w.astype(np.float32) for k, w in load_file("compact.safetensors").items()})
    with torch.no_grad():
        score, _ = networks[0](torch.from_numpy(inputs.input_planes(*pair))[None])
        patch = float(networks[1].eval()(torch.from_numpy(resnet56.scaled(pair))[None]))
    assert_allclose(compact.compare(*pair).score, score[0].numpy(), atol=0.02 * float(score.abs().max()))
    parameters = {k: w.astype(np.float32) for k, w in load_file("resnet56.safetensors").items()}
    found = resnet56.evidence(resnet56.scaled(pair), parameters, layers_numpy).mean()
    assert found == pytest.approx(patch, abs=0.02 * max(abs(patch), 0.5))


def test_training_changes_the_weights_and_a_seed_gives_them_again():
    first, same, other, longer = (
        run("compact", f"{number}.safetensors", "--seed", seed, steps=steps)
        for number, (seed, steps) in enumerate([("1", 2), ("1", 2), ("2", 2), ("1", 3)])
    )
    assert_same(first, same)
    for changed in (other, longer):
        assert any((first[name] != changed[name]).any() for name in first)


def test_weights_say_how_they_came_about():
    run("compact", "weights.safetensors", "--seed", "4", "--model", "paper")
    (training,) = json.loads(metadata("weights.safetensors")["history"])
    assert training["arguments"]["network"] == "compact"
    assert training["arguments"]["seed"] == "4" and training["arguments"]["model"] == "paper"
    assert training["pictures"] == 2 and training["mattes"] == 0
    assert training["log"][-1]["step"] == 3 and "wrong_near" in training["log"][-1]


def test_a_model_of_defocus_is_passed_on(monkeypatch):
    seen = []
    draw = train.Decide.draw
    monkeypatch.setattr(
        train.Decide, "draw", lambda self, s, seed, model: seen.append((seed, model)) or draw(self, s, seed, model)
    )
    run("compact", "a.safetensors", "--model", "slope", "--seed", "5", steps=2)
    assert {model for _, model in seen} == {"slope"}
    assert sorted(seed for seed, _ in seen) == [(5, 0, 0), (5, 1, 0), (5, 1, 1)]  # validation apart from training


def test_validation_is_drawn_from_pictures_that_are_never_learnt_from(monkeypatch, drawn_sources):
    seen, draw = [], train.Decide.draw
    unseen = drawn_sources._replace(photographs=drawn_sources.photographs[:1])
    monkeypatch.setattr(train, "sources_at_hand", lambda validation=False: unseen if validation else drawn_sources)
    monkeypatch.setattr(
        train.Decide,
        "draw",
        lambda self, s, seed, model: seen.append((seed[1], s is unseen)) or draw(self, s, seed, model),
    )
    run("compact", "a.safetensors", steps=1)
    assert set(seen) == {(0, True), (1, False)}


# --- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["compact", "resnet56"])
def test_an_interrupted_training_ends_as_one_without_a_break(network, monkeypatch):
    expected = run(network, "whole.safetensors", steps=4)
    with monkeypatch.context() as patched:
        interrupt(patched, 2)
        with pytest.raises(Interrupted):
            run(network, "broken.safetensors", steps=4)
    learnt, learn = [], train.Training.learn
    monkeypatch.setattr(train.Training, "learn", lambda self, batch: learnt.append(self.step) or learn(self, batch))
    assert_same(run(network, "broken.safetensors", steps=4), expected)
    assert learnt == [2, 3]
    log = json.loads(metadata("broken.safetensors")["history"])[0]["log"]
    assert [entry["step"] for entry in log] == [2, 4]
    assert log[1]["seconds"] >= log[0]["seconds"] == 7  # time goes on, too


def test_a_training_that_is_done_is_done(monkeypatch):
    expected = run("compact", "a.safetensors")
    monkeypatch.setattr(train.Training, "learn", None)
    assert_same(run("compact", "a.safetensors"), expected)


def test_a_checkpoint_is_written_whole_or_not_at_all(monkeypatch, tmp_path):
    run("compact", "a.safetensors")
    before = (tmp_path / "a.checkpoint.safetensors").read_bytes()

    def full(tensors, path, *rest):
        path.write_bytes(b"half of it")
        raise OSError("no space left")

    monkeypatch.setattr(train, "save_file", full)
    with pytest.raises(OSError, match="no space left"):
        run("compact", "a.safetensors", steps=4)
    assert (tmp_path / "a.checkpoint.safetensors").read_bytes() == before


def test_a_network_goes_out_from_the_checkpoint_of_another(monkeypatch):
    run("compact", "first.safetensors", steps=2)
    started = []
    run_training = train.Training.run
    monkeypatch.setattr(
        train.Training,
        "run",
        lambda self: started.append({k: w.clone() for k, w in self.network.state_dict().items()}) or run_training(self),
    )
    found = run("compact-boundary", "second.safetensors", "--start", "first.checkpoint.safetensors", steps=2)
    first = load_file("first.checkpoint.safetensors")
    assert started[0].keys() == {name.removeprefix("network.") for name in first if name.startswith("network.")}
    for name, weight in started[0].items():
        assert_array_equal(weight.numpy(), first[f"network.{name}"])
    without = run("compact-boundary", "third.safetensors", steps=2)
    assert any((found[name] != without[name]).any() for name in found)
    before, after = json.loads(metadata("second.safetensors")["history"])
    assert before["arguments"]["network"] == "compact" and after["arguments"]["network"] == "compact-boundary"


# --- rates and options -----------------------------------------------------------------------------------------------


def test_the_rate_grows_then_falls(monkeypatch):
    rates, optimise = [], torch.optim.AdamW.step
    monkeypatch.setattr(train, "WARM_UP", 2)
    monkeypatch.setattr(
        torch.optim.AdamW,
        "step",
        lambda self, *a, **o: rates.append(self.param_groups[0]["lr"]) or optimise(self, *a, **o),
    )
    run("compact", "a.safetensors", "--rate", "0.01", steps=4)
    falling = [train.LAST_RATE + (1 - train.LAST_RATE) * (1 + np.cos(np.pi * k / 4)) / 2 for k in range(4)]
    assert_allclose(rates, 0.01 * np.array(falling) * [0.5, 1, 1, 1], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NETWORK"),
        (["resnet"], "invalid choice: 'resnet'"),
        (["compact", "--model", "naive"], "invalid choice: 'naive'"),
        (["compact", "--steps", "many"], "invalid int value: 'many'"),
        (["compact", "--rate", "fast"], "invalid float value: 'fast'"),
        (["compact", "--epochs", "3"], "unrecognized arguments"),
    ],
)
def test_bad_arguments_are_named(arguments, message, capsys, tmp_path):
    with pytest.raises(SystemExit) as caught:
        train.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_weights_are_called_as_the_network_by_default():
    assert train.parse(["resnet56-boundary"]).out.name == "resnet56-boundary.safetensors"

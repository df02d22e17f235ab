"""Facts about the command that trains: it can be interrupted, starts from what is there, and writes usable weights."""

import json
import re
import signal

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
            self.seconds = 7.0
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
    told = {"network": "compact", "steps": 3, "seed": 4, "batch": 2, "size": 32, "rate": 2e-3, "model": "paper"}
    assert training["arguments"] == told  # nothing of this machine
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


@pytest.mark.parametrize("network", NETWORKS)
def test_settings_are_those_that_take_effect(network):
    told = train.settings(train.parse([network]))
    own = (64, 160, 0.05) if network.startswith("resnet56") else (10, 160, 2e-3)
    assert told == {"network": network, "steps": 10000, "seed": 0} | dict(zip(("batch", "size", "rate"), own))


def test_it_says_what_is_learnt_from(capsys, monkeypatch, drawn_sources):
    run("compact", "a.safetensors", steps=1)
    told = capsys.readouterr().err.splitlines()[0]
    assert told == "learning from 2 photographs and drawn mattes only: no others are at hand, see FUSION_DATA"
    sources = drawn_sources._replace(foregrounds=[(picture, picture) for picture in drawn_sources.photographs[:1]])
    assert train.learnt_from(sources) == "learning from 2 photographs and 1 mattes"


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
    saved, save_file = [], train.save_file

    def full(tensors, path, *rest):
        if saved:
            path.write_bytes(b"half of it")
            raise OSError("no space left")
        save_file(tensors, path, *rest)
        saved.append(path.read_bytes())

    monkeypatch.setattr(train, "INTERVAL", 2)
    monkeypatch.setattr(train, "save_file", full)
    with pytest.raises(OSError, match="no space left"):
        run("compact", "a.safetensors", steps=4)
    assert [(tmp_path / "a.checkpoint.safetensors").read_bytes()] == saved


def press(monkeypatch, at, times=1):
    """Press Ctrl-C in a step."""
    learn = train.Training.learn

    def pressed(self, batch):
        for _ in range(times if self.step == at else 0):
            signal.raise_signal(signal.SIGINT)
        return learn(self, batch)

    monkeypatch.setattr(train.Training, "learn", pressed)


def test_after_ctrl_c_the_same_command_goes_on(monkeypatch, capsys):
    expected = run("compact", "whole.safetensors")
    with monkeypatch.context() as patched:
        press(patched, 1)
        with pytest.raises(SystemExit) as caught:
            run("compact", "a.safetensors")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert caught.value.code == (
        "stopped after 2 of 3 steps; the same command goes on from a.checkpoint.safetensors"
    )  # that step was finished
    capsys.readouterr()
    learnt, learn = [], train.Training.learn
    monkeypatch.setattr(train.Training, "learn", lambda self, batch: learnt.append(self.step) or learn(self, batch))
    assert_same(run("compact", "a.safetensors"), expected)
    assert learnt == [2]
    assert capsys.readouterr().err.startswith("going on from a.checkpoint.safetensors after 2 of 3 steps\n")


def test_ctrl_c_in_the_last_step_changes_nothing_and_twice_breaks_off(monkeypatch, tmp_path):
    expected = run("compact", "whole.safetensors", steps=2)
    with monkeypatch.context() as patched:
        press(patched, 1)
        assert_same(run("compact", "a.safetensors", steps=2), expected)
    press(monkeypatch, 1, times=2)
    with pytest.raises(KeyboardInterrupt):
        run("compact", "b.safetensors", steps=2)
    assert not (tmp_path / "b.checkpoint.safetensors").exists()


@pytest.fixture
def kept(small):
    """The checkpoint of a training of two steps."""
    run("compact", "a.safetensors", "--model", "paper", steps=2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compact-boundary"], "network compact, not compact-boundary"),
        (["compact", "--steps", "3"], "steps 2, not 3"),
        (["compact", "--seed", "7", "--batch", "3"], "seed 0, not 7, batch 2, not 3"),
        (["compact", "--size", "48"], "size 32, not 48"),
        (["compact", "--rate", "0.001"], "rate 0.002, not 0.001"),
        (["compact", "--model", "slope"], "model paper, not slope"),
        (["compact", "--start", "a.checkpoint.safetensors"], "start none, not a.checkpoint.safetensors"),
    ],
)
def test_a_checkpoint_of_another_training_is_not_taken_over(kept, arguments, told, capsys, monkeypatch):
    monkeypatch.setattr(train, "sources_at_hand", None)  # nothing is read first
    usual = ["--steps", "2", "--batch", "2", "--size", "32", "--model", "paper", "--out", "a.safetensors"]
    network, *options = arguments
    with pytest.raises(SystemExit) as caught:
        train.main([network, *usual, *options])
    assert caught.value.code == 2
    expected = f"a.checkpoint.safetensors is of another training ({told}): choose another --out, or remove it"
    assert capsys.readouterr().err.splitlines()[-1].endswith(expected)


def test_what_does_not_change_the_training_may_change(kept, capsys):
    weights = load_file("a.safetensors")
    assert_same(run("compact", "a.safetensors", "--model", "paper", "--threads", "2", steps=2), weights)


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
    assert after["arguments"]["start"] == "first.checkpoint.safetensors"


def test_beside_its_checkpoint_a_start_is_not_read_again(kept, capsys, tmp_path):
    """Only the name of the file it went out from is remembered, so that it may lie in another folder."""
    options = "--start", str(tmp_path / "a.checkpoint.safetensors"), "--model", "paper"
    weights = run("compact-boundary", "b.safetensors", *options, steps=2)
    assert str(tmp_path) not in metadata("b.safetensors")["history"]
    capsys.readouterr()
    assert_same(run("compact-boundary", "b.safetensors", *options, steps=2), weights)
    told = "going on from b.checkpoint.safetensors after 2 of 2 steps; a.checkpoint.safetensors was where it began"
    assert capsys.readouterr().err.startswith(told)


def test_a_start_of_other_layers_is_refused(kept, monkeypatch):
    monkeypatch.setattr(train, "sources_at_hand", None)
    with pytest.raises(
        SystemExit, match="a.checkpoint.safetensors: its network has not the layers of resnet56; go out"
    ):
        run("resnet56", "b.safetensors", "--start", "a.checkpoint.safetensors")


@pytest.mark.parametrize("start", ["a.safetensors", "b.txt"])
def test_a_start_that_is_no_checkpoint_is_refused(kept, start, tmp_path, capsys):
    (tmp_path / "b.txt").write_text("nothing of the kind")
    with pytest.raises(SystemExit):
        run("compact", "b.safetensors", "--start", start)
    assert capsys.readouterr().err.endswith(
        f"--start {start}: is no checkpoint; name the file *.checkpoint.safetensors of a training\n"
    )


def test_a_loss_that_is_not_finite_ends_it(monkeypatch, tmp_path):
    loss = train.Decide.loss
    monkeypatch.setattr(train.Decide, "loss", lambda self, network, batch: loss(self, network, batch) * float("nan"))
    with pytest.raises(SystemExit, match=r"the loss is nan in step 1; try a --rate below 0\.5"):
        run("compact", "a.safetensors", "--rate", "0.5")
    assert not list(tmp_path.iterdir())


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
        (["compact", "--steps", "0"], "--steps must be larger than 0, got 0"),
        (["compact", "--batch", "0"], "--batch must be larger than 0, got 0"),
        (["compact", "--size", "-16"], "--size must be larger than 0, got -16"),
        (["compact", "--rate", "0"], "--rate must be larger than 0, got 0.0"),
        (["compact", "--rate", "nan"], "--rate must be larger than 0, got nan"),
        (["compact", "--threads", "0"], "--threads must be larger than 0, got 0"),
        (["compact", "--seed", "-1"], "--seed must be 0 or larger, got -1"),
        (["compact", "--size", "72"], "--size must be a multiple of 16 for compact, got 72"),
        (["resnet56-boundary", "--size", "63"], "--size must be 64 or larger for resnet56-boundary, got 63"),
        (["compact", "--device", "abacus"], "--device abacus: PyTorch finds none here; cpu always works"),
        (["compact", "--out", "no/a.safetensors"], "--out no/a.safetensors: there is no folder no; make it first"),
        (["compact", "--out", "."], "--out .: is a folder; name a file"),
        (["compact", "--start", "a.checkpoint.safetensors"], "--start a.checkpoint.safetensors: no such file"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_read(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "sources_at_hand", None)
    with pytest.raises(SystemExit) as caught:
        train.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_weights_are_called_as_the_network_by_default():
    assert train.parse(["resnet56-boundary"]).out.name == "resnet56-boundary.safetensors"


@pytest.mark.parametrize("network", ["compact", "resnet56"])
def test_the_smallest_size_can_be_learnt_from(network):
    smallest = train.LESSONS[network].smallest
    assert smallest == {"compact": 16, "resnet56": 64}[network]
    train.main([network, "--steps", "1", "--batch", "1", "--size", str(smallest), "--device", "cpu"])


def test_examples_are_commands_that_can_be_given(tmp_path):
    run("compact", "small.safetensors", steps=1)
    commands = re.findall(r"fusion\.boundary\.train (.*)", train.EXAMPLES)
    (tmp_path / "small.checkpoint.safetensors").rename(tmp_path / "kept")
    assert train.parse(commands[0].split()).checkpoint.name in commands[1]
    (tmp_path / "kept").rename(tmp_path / "small.checkpoint.safetensors")
    assert train.parse(commands[1].split()).start.name == "small.checkpoint.safetensors"

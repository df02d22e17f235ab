"""Facts about what the networks learn from, and that they learn."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import batches
from fusion.boundary.inputs import PLANES, input_planes
from fusion.boundary.mattes import training_pair
from fusion.boundary.resnet56 import PATCH, scaled


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert_array_equal(first[name], second[name])


# --- whole pairs -----------------------------------------------------------------------------------------------------


def test_a_batch_of_pairs_is_what_the_compact_network_takes(drawn_sources):
    batch = batches.pairs(drawn_sources, (1, 2), 3, size=48)
    shapes = {name: array.shape for name, array in batch.items()}
    assert shapes == {
        "planes": (3, PLANES, 48, 48),
        "frames": (3, 2, 48, 48),
        "sharp": (3, 48, 48),
        "label": (3, 48, 48),
        "weight": (3, 48, 48),
    }
    pair = training_pair(drawn_sources, (1, 2, 1), size=48)
    assert_array_equal(batch["frames"][1], pair.frames)
    assert_array_equal(batch["planes"][1], input_planes(*pair.frames))
    assert_array_equal(batch["sharp"][1], pair.sharp)
    assert_array_equal(batch["label"][1], pair.label)


@pytest.mark.parametrize("draw", [lambda *a, **o: batches.pairs(*a, size=32, **o), batches.patches])
def test_a_batch_is_the_same_again_for_its_seed(drawn_sources, draw):
    first, same, other = (draw(drawn_sources, seed, 2) for seed in ((3, 1), (3, 1), (3, 2)))
    assert_same(first, same)
    assert (first["frames"] != other["frames"]).any()
    assert (first["frames"][0] != first["frames"][1]).any()


def test_one_model_of_defocus_can_be_asked_for(drawn_sources):
    batch = batches.pairs(drawn_sources, (1, 2), 2, size=32, model="slope")
    for number in range(2):
        assert_array_equal(
            batch["frames"][number], training_pair(drawn_sources, (1, 2, number), size=32, model="slope").frames
        )


def half(width=80):
    return (np.arange(width) < width // 2).astype(np.float32) * np.ones((40, 1), np.float32)


def test_an_error_counts_more_near_a_boundary_and_where_frames_differ():
    frames = np.zeros((2, 40, 80), np.float32)
    frames[1, :20] = 0.5
    weight = batches.importance(SimpleNamespace(frames=frames, label=half()))
    assert weight[5, 5] == pytest.approx(1.1, abs=0.01)
    assert weight[35, 5] == pytest.approx(0.1, abs=0.01)
    assert weight[5, 38] == pytest.approx(1.1 * (1 + batches.MORE), rel=0.01)
    assert weight[35, 38] == pytest.approx(0.1 * (1 + batches.MORE), rel=0.01)


def test_of_a_network_of_the_boundary_no_error_counts_elsewhere():
    pair = SimpleNamespace(frames=np.random.default_rng(0).random((2, 40, 80), np.float32), label=half())
    everywhere, near = (batches.importance(pair, at_boundary=only) for only in (False, True))
    inside = np.abs(np.arange(80) - 39.5) < batches.AROUND
    assert_array_equal(near[:, inside], everywhere[:, inside])
    assert_array_equal(near[:, ~inside], 0)
    assert (everywhere > 0).all()


def test_the_band_beside_a_boundary():
    assert_array_equal(batches.band(half(), 3)[0, 35:45], [0, 0, 1, 1, 1, 1, 1, 1, 0, 0])
    assert_array_equal(batches.band(np.ones((8, 8), np.float32), 3), 0)


# --- patches ---------------------------------------------------------------------------------------------------------


def test_a_batch_of_patches_is_what_the_paper_network_takes(drawn_sources):
    batch = batches.patches(drawn_sources, (1, 2), 13)
    assert batch["frames"].shape == (13, 2, PATCH, PATCH) and batch["label"].shape == (13,)
    assert batch["frames"].dtype == batch["label"].dtype == np.float32
    assert -2 <= batch["frames"].min() < -0.5 and 0.5 < batch["frames"].max() <= 2
    assert set(batch["label"]) <= {0, 1}


@pytest.fixture
def telling_pairs(monkeypatch):
    """Pairs whose frames tell the label: 0.75 where a frame is in focus, 0.25 where it is not."""
    seen = []

    def draw(sources, seed, *, size, model):
        rng = np.random.default_rng(seed)
        label = (np.arange(size) < rng.integers(0, size + 1)).astype(np.float32) * np.ones((size, 1), np.float32)
        seen.append(seed)
        return SimpleNamespace(frames=0.25 + 0.5 * np.stack([label, 1 - label]), label=label)

    monkeypatch.setattr(batches, "training_pair", draw)
    return seen


@pytest.mark.parametrize("at_boundary", [False, True])
def test_the_label_is_that_of_the_middle_in_either_order(telling_pairs, at_boundary):
    batch = batches.patches(None, (5,), 60, at_boundary=at_boundary)
    sharp = batch["frames"] > 0
    assert_allclose(batch["label"], sharp[:, 0, PATCH // 2, PATCH // 2])
    assert_array_equal(sharp[:, 0], ~sharp[:, 1])
    assert 0.25 < batch["label"].mean() < 0.75
    left = sharp[:, 0, :, 0].mean(axis=1)  # in focus on the left: as drawn; else frames were exchanged
    assert 0.1 < left.mean() < 0.9
    assert len(set(telling_pairs)) == len(telling_pairs) >= 6  # ten patches of a pair


def test_patches_at_the_boundary_show_both_sides(telling_pairs):
    anywhere, near = (
        (batches.patches(None, (5,), 60, at_boundary=at_boundary)["frames"][:, 0] > 0).mean(axis=(1, 2))
        for at_boundary in (False, True)
    )
    assert near.min() >= 0.1 and near.max() <= 0.9
    assert near.min() < 0.35 and near.max() > 0.65
    assert (anywhere == 0).any() or (anywhere == 1).any()


def test_gray_values_of_patches_are_scaled(drawn_sources):
    batch = batches.patches(drawn_sources, (1, 2), 10, size=PATCH)  # each is the whole pair, in one of the two orders
    frames = scaled(training_pair(drawn_sources, (1, 2, 0), size=PATCH).frames)
    for patch in batch["frames"]:
        assert (patch == frames).all() or (patch == frames[::-1]).all()


# --- ahead -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 5])
def test_batches_made_ahead_come_in_order(count):
    assert list(batches.ahead(lambda number: 10 * number, range(count))) == [10 * k for k in range(count)]


def test_what_fails_ahead_is_raised():
    def fail(number):
        raise OSError(f"batch {number}")

    with pytest.raises(OSError, match="batch 7"):
        list(batches.ahead(fail, [7]))


# --- learning --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch(one_torch_thread):
    return pytest.importorskip("torch", reason="training needs PyTorch, which is not installed")


def as_tensors(torch, batch):
    return {name: torch.from_numpy(np.ascontiguousarray(array, np.float32)) for name, array in batch.items()}


def learn(torch, lesson, network, batch, steps, rate):
    """Take steps on one batch; return the losses."""
    optimiser, losses = lesson.optimiser(network.parameters(), lr=rate), []
    for _ in range(steps):
        loss = lesson.loss(network, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("at_boundary", [False, True])
def test_the_compact_network_learns(torch, drawn_sources, at_boundary):
    from fusion.boundary.learners import Decide

    torch.manual_seed(0)
    lesson = Decide(batch=2, size=32, at_boundary=at_boundary)
    batch = as_tensors(torch, lesson.draw(drawn_sources, (1,), "physical"))
    network = lesson.make()
    losses = learn(torch, lesson, network, batch, 12, 2e-3)
    assert losses[-1] < losses[0] - 0.05
    for name, weight in network.weights.items():
        blends = name.startswith("blend")
        assert (weight.grad is not None and weight.grad.abs().max() > 0) or (at_boundary and blends), name


@pytest.mark.parametrize("at_boundary", [False, True])
def test_the_paper_network_learns(torch, drawn_sources, at_boundary):
    from fusion.boundary.learners import Classify

    torch.manual_seed(0)
    lesson = Classify(batch=4, size=80, at_boundary=at_boundary)
    batch = as_tensors(torch, lesson.draw(drawn_sources, (1,), "physical"))
    batch["label"][:2] = torch.tensor([0.0, 1.0])
    losses = learn(torch, lesson, lesson.make(), batch, 6, 0.01)
    assert losses[0] == pytest.approx(np.log(2), abs=0.3)  # it knows nothing yet
    assert losses[-1] < losses[0] - 0.01


class Oracle:
    """Says what it is told: the score of each pixel, and weights of both frames in every band."""

    def __init__(self, score, weights):
        self.score, self.weights = score, weights

    def __call__(self, planes):
        return self.score, self.weights


def test_figures_of_decisions_by_hand(torch):
    from fusion.boundary.learners import Decide

    label = torch.from_numpy(np.stack([half(), half()]))
    sharp = torch.full((2, 40, 80), 0.5)
    frames = torch.stack([sharp - 0.1 * (1 - label), sharp - 0.1 * label], dim=1)
    score = 2 * label - 1
    score[0, :, :2] *= -1  # far from the boundary; a fortieth of this pair
    score[1, :, 40] *= -1  # beside it; one of the ten columns within 5
    even = [torch.full((2, 2, 40 >> k, 80 >> k), 0.5) for k in range(3)]
    batch = {"planes": None, "label": label, "frames": frames, "sharp": sharp}
    figures = Decide().figures(Oracle(score, even), batch)
    assert figures["wrong"] == pytest.approx((2 + 1) / 160)
    assert figures["wrong_near"] == pytest.approx(1 / 20)
    errors = np.array([0.01 * 2 / 80, 0.01 / 80]) + 1e-6
    assert figures["copied_db"] == pytest.approx(-10 * np.log10(errors).mean(), abs=0.01)
    assert figures["blended_db"] == pytest.approx(-10 * np.log10(0.05**2 + 1e-6), abs=0.01)


def test_the_loss_weighs_decisions_and_the_blend(torch):
    from fusion.boundary.learners import BLEND_LOSS, BLEND_LOSS_AT_BOUNDARY, Decide

    label = torch.from_numpy(half())[None]
    sharp = torch.full((1, 40, 80), 0.5)
    frames = torch.stack([sharp, sharp - 0.2], dim=1)
    weight = torch.zeros_like(label)
    weight[:, :, :20] = 3
    batch = {"planes": None, "label": label, "frames": frames, "sharp": sharp, "weight": weight}
    even, first = (
        [torch.tensor(shares).view(1, 2, 1, 1).expand(1, 2, 40 >> k, 80 >> k) for k in range(3)]
        for shares in ([0.5, 0.5], [1.0, 0.0])
    )
    score = torch.zeros_like(label)
    score[:, :, :20] = np.log(3)  # a probability of 3/4, right
    decision = -np.log(0.75)
    loss = Decide().loss(Oracle(score, even), batch).item()
    assert loss == pytest.approx(decision + BLEND_LOSS * np.log10(0.1**2 + 1e-6) / 2, abs=1e-4)
    loss = Decide().loss(Oracle(score, first), batch).item()
    assert loss == pytest.approx(decision - BLEND_LOSS * 3, abs=1e-3)
    loss = Decide(at_boundary=True).loss(Oracle(score, first), batch).item()
    assert loss == pytest.approx(decision - BLEND_LOSS_AT_BOUNDARY * 3, abs=1e-3)
    assert BLEND_LOSS_AT_BOUNDARY > BLEND_LOSS


def test_without_a_boundary_decisions_near_it_count_nothing(torch):
    """A batch may show none; what is blended counts all the same."""
    from fusion.boundary.learners import BLEND_LOSS_AT_BOUNDARY, Decide

    label, sharp = torch.ones(1, 40, 80), torch.full((1, 40, 80), 0.5)
    frames = torch.stack([sharp, sharp - 0.2], dim=1)
    pair = SimpleNamespace(frames=frames[0].numpy(), label=label[0].numpy())
    weight = torch.from_numpy(batches.importance(pair, at_boundary=True))[None]
    batch = {"planes": None, "label": label, "frames": frames, "sharp": sharp, "weight": weight}
    even = Oracle(-label, [torch.full((1, 2, 40 >> k, 80 >> k), 0.5) for k in range(3)])
    loss = Decide(at_boundary=True).loss(even, batch).item()
    assert loss == pytest.approx(BLEND_LOSS_AT_BOUNDARY * np.log10(0.1**2 + 1e-6) / 2, abs=1e-4)
    figures = Decide(at_boundary=True).figures(even, batch)
    assert figures["wrong"] == 1 and figures["wrong_near"] == 0


def test_learning_and_inference_exchange_frames_alike(torch, drawn_sources, monkeypatch):
    """The network that learns is given both orders at once: those of the pair as it is, then of the pair exchanged."""
    from fusion.boundary import learners
    from fusion.boundary.inputs import exchanged

    seen, look = [], learners.compact.look
    monkeypatch.setattr(learners.compact, "look", lambda planes, *rest: seen.append(planes) or look(planes, *rest))
    planes = batches.pairs(drawn_sources, (1, 2), 2, size=32)["planes"]
    with torch.no_grad():
        learners.Compact()(torch.from_numpy(planes))
    assert_array_equal(seen[0].numpy(), np.concatenate([planes, np.stack([exchanged(p) for p in planes])]))


def test_a_blend_is_a_mix_of_pyramids(torch):
    from fusion.boundary.learners import blended
    from fusion.pyramid import collapse, laplacian_pyramid

    rng = np.random.default_rng(0)
    frames = rng.random((1, 2, 40, 48), np.float32)
    weights = [rng.random((1, 2, 40 >> k, 48 >> k), np.float32) for k in range(3)]
    pyramids = [laplacian_pyramid(frame, 2) for frame in frames[0]]
    expected = collapse([sum(p[k] * weights[k][0, f] for f, p in enumerate(pyramids)) for k in range(3)])
    found = blended(torch.from_numpy(frames), [torch.from_numpy(w) for w in weights])
    assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_figures_of_patches_by_hand(torch):
    from fusion.boundary.learners import Classify

    scores, label = torch.tensor([2.0, -1.0, 3.0, -4.0]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    batch = {"frames": torch.zeros(4, 2, 8, 8), "label": label}
    figures = Classify().figures(lambda frames: scores, batch)
    assert figures["wrong"] == 0.5
    expected = np.log1p(np.exp([-2.0, 1.0, 3.0, -4.0])).mean()
    assert figures["loss"] == pytest.approx(expected, abs=1e-5)

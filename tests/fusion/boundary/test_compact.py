"""Facts about the compact network: NumPy is PyTorch, and the order of frames changes nothing but signs."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import compact, inputs, layers_numpy
from fusion.boundary.networks import CompactNetwork, first_network
from fusion.boundary.score import as_score, compare_frames

SHAPES = [(16, 16), (32, 80), (48, 64)]


@pytest.fixture(params=["drawn", "shipped"])
def network(request, compact_weights):
    """A network whose weights are drawn by chance, and the one that is shipped."""
    return CompactNetwork(compact_weights) if request.param == "drawn" else first_network("compact")


def assert_opposite(found, exchanged):
    """Exchanging frames changes the sign of score and bands, and exchanges gains: not one bit is different."""
    assert_array_equal(found.score, -exchanged.score)
    assert len(found.bands) == len(exchanged.bands) > 0
    for band, other in zip(found.bands, exchanged.bands, strict=True):
        assert_array_equal(band, -other)
    for gains, others in ((found.gains, exchanged.rival_gains), (found.rival_gains, exchanged.gains)):
        assert len(gains) == len(others) == len(found.bands) - 1
        for gain, other in zip(gains, others, strict=True):
            assert_array_equal(gain, other)


@pytest.mark.parametrize("shape", SHAPES)
def test_exchanging_frames_changes_signs_and_no_bit_more(network, make_pair, shape):
    own, rival = make_pair(shape)
    found = network.compare(own, rival)
    assert found.score.std() > 0.01
    assert_opposite(found, network.compare(rival, own))
    assert_opposite(found, found.exchanged())


def test_exchanging_frames_of_any_size_part_by_part(network, make_pair):
    own, rival = make_pair((75, 211))
    found = compare_frames(own, rival, network, tile=64)
    assert_opposite(found, compare_frames(rival, own, network, tile=64))


def test_equal_frames_are_undecided(network, make_pair):
    own, _ = make_pair((48, 64))
    found = network.compare(own, own.copy())
    for plane in (found.score, *found.bands):
        assert_array_equal(plane, 0)
    assert_array_equal(as_score(found.score), 0.5)


def test_bands_are_those_of_a_pyramid(network, make_pair):
    found = network.compare(*make_pair((48, 80)))
    assert found.score.shape == (48, 80)
    assert [band.shape for band in found.bands] == [(48 >> k, 80 >> k) for k in range(network.details + 1)]
    assert [gain.shape for gain in found.gains] == [(48 >> k, 80 >> k) for k in range(network.details)]
    assert all(plane.dtype == np.float32 for plane in found.planes())


def test_gains_at_most_double(network, make_pair):
    found = network.compare(*make_pair((48, 80)))
    for gain in (*found.gains, *found.rival_gains):
        assert gain.min() >= 0 and gain.max() <= 2


def test_numpy_is_pytorch(make_pair, compact_weights, one_torch_thread):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from fusion.boundary import layers_torch

    tensors = {name: torch.from_numpy(weight) for name, weight in compact_weights.items()}
    for shape in SHAPES:
        planes = inputs.input_planes(*make_pair(shape))
        ours = compact.look(planes, compact_weights, layers_numpy)
        theirs = compact.look(torch.from_numpy(planes)[None], tensors, layers_torch)
        pairs = [(ours.score, theirs.score), *zip(ours.bands, theirs.bands), *zip(ours.gains, theirs.gains)]
        assert len(pairs) == 2 * compact.DETAILS + 2
        for array, tensor in pairs:
            assert np.abs(array).max() > 1e-3
            assert_allclose(array, tensor[0].numpy(), atol=1e-4)


def test_the_network_that_learns_says_what_the_one_that_fuses_says(make_pair, one_torch_thread):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from fusion.boundary.learners import Compact, blended

    torch.manual_seed(3)
    learner = Compact()
    pair = make_pair((64, 48))
    with torch.no_grad():
        for weight in learner.weights.values():
            weight.add_(0.02 * torch.randn(weight.shape))
        score, weights = learner(torch.from_numpy(inputs.input_planes(*pair))[None])
        picture = blended(torch.from_numpy(pair)[None], weights)[0].numpy()
    network = CompactNetwork({name: w.detach().numpy() for name, w in learner.folded().items()})
    found = network.compare(*pair)
    assert found.score.std() > 1e-2
    assert_allclose(found.score, score[0].numpy(), atol=1e-4)
    for band, gain, rival_gain, weight in zip(found.bands, found.gains, found.rival_gains, weights):
        expected = np.stack([as_score(band) * gain, as_score(-band) * rival_gain])
        assert_allclose(weight[0].numpy(), expected, atol=1e-4)
    assert_allclose(weights[-1][0, 0].numpy(), as_score(found.bands[-1]), atol=1e-4)
    from fusion.boundary import fuse
    from fusion.boundary import score as scoring

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scoring, "first_network", lambda name: network)
        fused = fuse.boundary_fusion(pair, refine=False, blend="pyramid")
    slack = fuse.SLACK * cv2.dilate(np.ptp(pair, axis=0), np.ones((fuse.NEARBY, fuse.NEARBY), np.uint8))
    expected = picture.clip(pair.min(axis=0) - slack, pair.max(axis=0) + slack)
    assert_allclose(fused, expected.clip(0, 1), atol=1e-4)


def test_every_layer_counts(make_pair, compact_weights):
    planes = inputs.input_planes(*make_pair((32, 32)))
    before = CompactNetwork(compact_weights).compare(*make_pair((32, 32)))
    for name in compact.layers(len(planes)):
        changed = compact_weights | {f"{name}.weight": 1.5 * compact_weights[f"{name}.weight"]}
        after = CompactNetwork(changed).compare(*make_pair((32, 32)))
        assert any((old != new).any() for old, new in zip(before.planes(), after.planes(), strict=True)), name

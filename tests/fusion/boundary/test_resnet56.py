"""Facts about the paper's network: as it learns, as it is folded, and as it runs on whole pictures."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import layers_numpy, resnet56
from fusion.boundary.networks import BORDER, Resnet56Network, mean_of_patches
from fusion.boundary.patchwise import compare_patches
from fusion.boundary.resnet56 import PATCH, STRIDE


def as_frames(pair):
    return resnet56.scaled(np.asarray(pair, np.float32))


@pytest.fixture(scope="module")
def learnt(one_torch_thread):
    """The network with statistics and scales that are far from those it begins with, in evaluation mode."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from fusion.boundary.resnet56_torch import Resnet56

    torch.manual_seed(1)
    network = Resnet56()
    with torch.no_grad():
        for norm in network.norms.values():
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 2)
            norm.weight.uniform_(0.3, 1.2)
            norm.bias.normal_(0, 0.2)
        network.leave.weight.normal_(0, 0.2)
        network.leave.bias.fill_(0.3)
    return network.eval()


@pytest.fixture(scope="module")
def folded(learnt):
    return {name: weight.detach().numpy() for name, weight in learnt.folded().items()}


def test_there_are_56_layers_with_weights_but_for_shortcuts():
    names = list(resnet56.layers())
    assert len(names) == 56
    assert names[0] == "enter" and names[-1] == "leave"


def test_the_folded_network_is_the_one_that_learnt(learnt, folded, make_pair):
    torch = pytest.importorskip("torch")
    patches = np.stack([as_frames(make_pair((PATCH, PATCH), seed)) for seed in (1, 2)])
    with torch.no_grad():
        scores = learnt(torch.from_numpy(patches)).numpy()
    assert abs(scores[0] - scores[1]) > 1e-3
    for frames, score in zip(patches, scores, strict=True):
        found = resnet56.evidence(frames, folded, layers_numpy)
        assert found.shape == (1, PATCH // STRIDE, PATCH // STRIDE)
        assert found.mean() == pytest.approx(score, abs=1e-4 * max(1, abs(float(score))))


def test_the_middle_of_a_dense_run_is_the_score_of_the_patch(learnt, folded, make_pair):
    torch = pytest.importorskip("torch")
    frames = as_frames(make_pair((PATCH, PATCH), 4))
    with torch.no_grad():
        score = float(learnt(torch.from_numpy(frames)[None]))
    dense = resnet56.evidence(frames, folded, layers_numpy, dense=True)[0]
    mean = mean_of_patches(dense, 1, dense.shape)
    assert mean[PATCH // 2, PATCH // 2] == pytest.approx(score, abs=1e-4 * max(1, abs(score)))


@pytest.mark.parametrize("shape", [(8, 8), (24, 40)])
def test_a_dense_run_holds_the_strided_one(resnet56_weights, make_pair, shape):
    frames = as_frames(make_pair(shape))
    strided = resnet56.evidence(frames, resnet56_weights, layers_numpy)
    dense = resnet56.evidence(frames, resnet56_weights, layers_numpy, dense=True)
    assert dense.shape == (1, *shape) and strided.shape == (1, shape[0] // STRIDE, shape[1] // STRIDE)
    assert dense.std() > 1e-3
    assert_allclose(dense[:, ::STRIDE, ::STRIDE], strided, atol=1e-4 * np.abs(strided).max())


def test_a_patch_is_averaged_at_every_fourth_pixel():
    evidence = np.random.default_rng(2).random((96, 100), np.float32)
    mean = mean_of_patches(evidence, 1, evidence.shape)
    for y, x in ((32, 32), (45, 50), (63, 67)):
        patch = evidence[y - PATCH // 2 : y + PATCH // 2 : STRIDE, x - PATCH // 2 : x + PATCH // 2 : STRIDE]
        assert patch.shape == (16, 16)
        assert mean[y, x] == pytest.approx(patch.mean(), abs=1e-5)


def test_a_step_of_four_is_interpolated_between():
    evidence = np.random.default_rng(2).random((96, 100), np.float32)
    dense, coarse = mean_of_patches(evidence, 1, (96, 100)), mean_of_patches(evidence[::4, ::4], 4, (96, 100))
    assert_allclose(coarse[::4, ::4], dense[::4, ::4], atol=1e-5)
    assert_allclose(coarse[32:64:4, 34:62:4], (dense[32:64:4, 32:60:4] + dense[32:64:4, 36:64:4]) / 2, atol=1e-5)


@pytest.mark.parametrize("dense", [False, True])
def test_exchanging_frames_changes_the_sign_bit_for_bit(resnet56_weights, make_pair, dense):
    own, rival = make_pair((12, 20))
    network = Resnet56Network(resnet56_weights, dense=dense)
    found, exchanged = network.compare(own, rival), network.compare(rival, own)
    assert found.score.shape == own.shape and found.score.dtype == np.float32
    assert found.score.std() > 1e-4
    assert_array_equal(found.score, -exchanged.score)
    assert not found.bands and not found.gains


def test_every_pixel_has_a_full_patch(resnet56_weights, make_pair):
    own, rival = make_pair((12, 20))
    score = Resnet56Network(resnet56_weights, dense=True).compare(own, rival).score
    frames = np.stack([np.pad(frame, BORDER, mode="reflect") for frame in (own, rival)])
    orders = [
        resnet56.evidence(as_frames(f), resnet56_weights, layers_numpy, dense=True)[0] for f in (frames, frames[::-1])
    ]
    difference = (orders[0] - orders[1]) / 2
    y, x = 5, 11  # the patch begins in the corner of the frame with its border, less half a patch
    patch = difference[y : y + PATCH : STRIDE, x : x + PATCH : STRIDE]
    assert score[y, x] == pytest.approx(patch.mean(), abs=1e-4)


def test_a_patch_lies_around_its_pixel(make_pair, monkeypatch):
    """A network that tells brightness tells that of rows y - 32 to y + 31, beyond the border of the mirror image."""
    monkeypatch.setattr(resnet56, "evidence", lambda frames, parameters, ops: frames[:1])
    pair, pixels = make_pair((96, 128)), np.array([[48, 60], [0, 0], [95, 127], [3, 100]])
    found = compare_patches(*pair, pixels, {})
    window = {"ksize": (64, 64), "anchor": (32, 32), "borderType": cv2.BORDER_REFLECT_101}
    own, rival = (cv2.blur(as_frames(frame), **window) for frame in pair)
    assert found.dtype == np.float32
    assert_allclose(found, ((own - rival) / 2)[tuple(pixels.T)], atol=1e-5)
    assert np.ptp(found) > 1e-3


def test_patches_are_compared_as_the_network_does(resnet56_weights, make_pair):
    """The dense network averages what it sees of the same 16 x 16 pixels; zeros around patches make the difference."""
    pair, pixels = make_pair((96, 128)), np.array([[48, 60], [20, 100], [70, 30]])
    found = compare_patches(*pair, pixels, resnet56_weights)
    assert_allclose(compare_patches(*pair[::-1], pixels, resnet56_weights), -found, atol=1e-6)
    looks = []
    for frames in (pair, pair[::-1]):
        patch = as_frames(frames)[:, 48 - PATCH // 2 : 48 + PATCH // 2, 60 - PATCH // 2 : 60 + PATCH // 2]
        looks.append(resnet56.evidence(patch, resnet56_weights, layers_numpy, dense=True)[0, ::STRIDE, ::STRIDE])
    assert found[0] == pytest.approx((looks[0].mean() - looks[1].mean()) / 2, abs=1e-4)


def test_gray_values_are_spread_around_zero():
    assert_array_equal(resnet56.scaled(np.float32([0, 0.5, 1])), [-2, 0, 2])

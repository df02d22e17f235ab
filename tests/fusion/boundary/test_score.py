"""Facts about score maps: parts equal the whole, any size works, and what is near a boundary."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import score
from fusion.boundary.networks import CompactNetwork, Comparison, Resnet56Network, first_network
from fusion.boundary.score import as_score, compare_frames, near_boundary, refined_score_map, score_map
from fusion.pyramid import level_shapes

WHOLE = 1 << 20  # pixels: a part that holds any frame
SIZES = [(1, 1), (1, 9), (2, 2), (7, 3), (16, 16), (17, 31), (64, 48), (97, 61)]


def assert_equal_planes(found, expected):
    """Scores are equal within 1e-6; shares of bands, and gains up to 2, within the rounding of all layers."""
    assert_allclose(as_score(found.score), as_score(expected.score), rtol=0, atol=1e-6)
    for plane, other in zip(found.bands, expected.bands, strict=True):
        assert_allclose(as_score(plane), as_score(other), rtol=0, atol=5e-6)
    gains, others = ([*each.gains, *each.rival_gains] for each in (found, expected))
    for plane, other in zip(gains, others, strict=True):
        assert_allclose(plane, other, rtol=0, atol=5e-6)


@pytest.fixture(scope="module")
def large_pair(make_pair):
    """A pair larger than two parts of 160 pixels in both directions."""
    return make_pair((339, 362))


@pytest.fixture(scope="module", params=["drawn", "shipped"])
def network(request, compact_weights):
    return CompactNetwork(compact_weights) if request.param == "drawn" else first_network("compact")


@pytest.fixture(scope="module")
def large_whole(network, large_pair):
    return compare_frames(*large_pair, network, tile=WHOLE)


# --- parts -----------------------------------------------------------------------------------------------------------


def test_parts_with_a_margin_equal_the_whole(network, large_pair, large_whole):
    assert np.ptp(as_score(large_whole.score)) > 0.1
    assert_equal_planes(compare_frames(*large_pair, network, tile=160), large_whole)


@pytest.mark.parametrize("shape", [(5, 200), (97, 170), (200, 61)])
def test_parts_of_a_narrow_pair_equal_the_whole(compact_weights, make_pair, shape):
    network = CompactNetwork(compact_weights)
    whole = compare_frames(*make_pair(shape), network, tile=WHOLE)
    assert_equal_planes(compare_frames(*make_pair(shape), network, tile=32), whole)


def test_a_smaller_margin_is_not_enough(compact_weights, large_pair, monkeypatch):
    network = CompactNetwork(compact_weights)
    whole = compare_frames(*large_pair, network, tile=WHOLE)
    monkeypatch.setattr(CompactNetwork, "halo", 64)
    found = compare_frames(*large_pair, network, tile=160)
    assert np.abs(as_score(found.score) - as_score(whole.score)).max() > 1e-5


def test_parts_of_a_mask_equal_the_whole(network, large_pair, large_whole):
    y, x = np.mgrid[:339, :362]
    where = (np.hypot(y - 170, x - 150) < 40) | ((y > 330) & (x > 300)) | ((y == 3) & (x == 200))
    found = compare_frames(*large_pair, network, tile=160, where=where)
    assert np.abs(as_score(found.score) - as_score(large_whole.score))[where].max() < 1e-6
    assert (found.score == 0).any()  # elsewhere nothing was looked at


def test_nothing_is_looked_at_for_an_empty_mask(large_pair):
    class Blind:
        stride, tile, halo, details, sees_half = 16, 1024, 160, None, False

    found = compare_frames(*large_pair, Blind(), where=np.zeros((339, 362), bool))
    assert_array_equal(found.score, 0)


def test_a_mask_looks_at_what_it_holds_and_no_more(make_pair):
    seen = []

    class Recorder:
        stride, tile, halo, details, sees_half = 16, 1024, 32, None, False

        def compare(self, own, rival):
            seen.append(own.shape)
            return Comparison(own - rival)

    own, rival = make_pair((200, 240))
    where = np.zeros(own.shape, bool)
    where[100:111, 50:71] = True  # in whole strides: rows 96 to 112, columns 48 to 80
    found = compare_frames(own, rival, Recorder(), where=where)
    assert seen == [(16 + 64, 32 + 64)]
    assert_array_equal(found.score[where], (own - rival)[where])


@pytest.mark.parametrize("dense", [False, True])
def test_parts_of_the_paper_network_equal_the_whole(resnet56_weights, make_pair, dense):
    network = Resnet56Network(resnet56_weights, dense=dense)
    own, rival = make_pair((4, 356) if dense else (20, 488))
    whole = compare_frames(own, rival, network, tile=WHOLE)
    found = compare_frames(own, rival, network, tile=176 if dense else 160)
    assert whole.score.std() > 1e-3
    assert_equal_planes(found, whole)


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SIZES)
def test_any_size_works(network, shape):
    own, rival = np.random.default_rng(2).random((2, *shape), np.float32)
    found = compare_frames(own, rival, network)
    assert found.score.shape == shape
    assert [band.shape for band in found.bands] == level_shapes(shape, network.details)
    assert [gain.shape for gain in found.gains] == level_shapes(shape, network.details)[:-1]
    assert all(np.isfinite(plane).all() for plane in found.planes())
    assert np.abs(found.bands[-1]).min() > 0  # all of it is filled


@pytest.mark.parametrize("shape", [(1, 1), (3, 6), (13, 9)])
def test_any_size_works_with_the_paper_network(resnet56_weights, shape):
    own, rival = np.random.default_rng(2).random((2, *shape), np.float32)
    found = compare_frames(own, rival, Resnet56Network(resnet56_weights))
    assert found.score.shape == shape
    assert np.isfinite(found.score).all()


# --- scores ----------------------------------------------------------------------------------------------------------


def test_a_score_is_a_probability_whose_sign_is_the_evidence():
    assert_allclose(as_score(np.float32([0, np.log(3), -np.log(3), 30, -30])), [0.5, 0.75, 0.25, 1, 0], atol=1e-6)


def test_scores_of_exchanged_frames_sum_to_one(make_pair):
    own, rival = make_pair((48, 64))
    scores = score_map(own, rival)
    assert scores.min() >= 0 and scores.max() <= 1 and np.ptp(scores) > 0.5
    assert_allclose(score_map(rival, own), 1 - scores, atol=1e-6)


def test_the_sharp_frame_scores_higher(texture):
    sharp = texture[..., 0]
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    scores = score_map(sharp, blurred)
    assert scores.mean() > 0.8
    assert (scores > 0.5).mean() > 0.98


# --- near the boundary -----------------------------------------------------------------------------------------------


def test_near_a_step_by_hand():
    scores = (np.arange(60) >= 30).astype(np.float32) * np.ones((20, 1), np.float32)
    near = near_boundary(scores, window=8, least=0.2)
    # the window of column x goes from x - 4 to x + 3; of its 8 columns, x + 4 - 30 are 1: from 2 to 6 of them is near
    expected = np.zeros(60, bool)
    expected[28:33] = True
    assert_array_equal(near, expected * np.ones((20, 1), bool))
    assert_array_equal(near_boundary(1 - scores, window=8, least=0.2), near)
    assert near_boundary(scores, window=8, least=0.01).sum() == 7 * 20


def test_by_default_the_window_is_the_one_that_is_documented():
    scores = (np.arange(100) >= 50).astype(np.float32) * np.ones((40, 1), np.float32)
    assert_array_equal(near_boundary(scores), near_boundary(scores, window=score.WINDOW, least=score.LEAST))
    width = near_boundary(scores)[0].sum()
    assert width == pytest.approx((1 - 2 * score.LEAST) * score.WINDOW, abs=1)


@pytest.mark.parametrize("shape", [(64, 96), (33, 47), (1, 9)])
def test_the_first_look_adds_what_is_seen_at_half_the_size(make_pair, monkeypatch, compact_weights, shape):
    network = CompactNetwork(compact_weights)
    monkeypatch.setattr(score, "first_network", lambda name: network)
    own, rival = (frame[: shape[0], : shape[1]] for frame in make_pair((64, 96)))
    found = score.first_look(own, rival, "compact")
    size = [(length + 1) // 2 for length in shape[::-1]]
    halves = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in (own, rival)]
    coarse = cv2.resize(compare_frames(*halves, network).score, shape[::-1])
    assert_allclose(found.score, compare_frames(own, rival, network).score + coarse, atol=1e-5)
    assert_array_equal(score.first_look(rival, own, "compact").score, -found.score)
    assert score.first_look(own, rival, "compact", bands=False).planes()[0].shape == shape
    assert len(score.first_look(own, rival, "compact", bands=False).planes()) == 1


def test_the_second_look_changes_all_planes_near_the_boundary_alone(make_pair, monkeypatch, compact_weights):
    first = CompactNetwork(compact_weights)
    other = CompactNetwork({name: 0.5 * weight for name, weight in compact_weights.items()})
    monkeypatch.setattr(score, "first_network", lambda name: first)
    monkeypatch.setattr(score, "boundary_network", lambda name: other)
    near = np.zeros((64, 96), bool)
    near[20:40, 30:60] = True
    monkeypatch.setattr(score, "near_boundary", lambda scores: near)
    own, rival = make_pair((64, 96))
    before, found = (score.first_look(own, rival, "compact") for _ in range(2))
    score.second_look(own, rival, found, "compact")
    expected = compare_frames(own, rival, other)
    for plane, old, new, scale in zip(found.planes(), before.planes(), expected.planes(), found.scales(), strict=True):
        inside = near[::scale, ::scale]
        assert_array_equal(plane[~inside], old[~inside])
        assert_allclose(plane[inside], new[inside], atol=1e-5)
        assert np.abs(old[inside] - new[inside]).max() > 1e-6


def test_a_tile_must_be_in_whole_strides(make_pair, compact_weights):
    with pytest.raises(ValueError, match="tile must be a multiple of 16, got 100"):
        compare_frames(*make_pair((64, 96)), CompactNetwork(compact_weights), tile=100)


def test_where_all_is_sharp_no_boundary_is_near():
    for value in (0, 1):
        assert not near_boundary(np.full((50, 40), value, np.float32)).any()


def test_scores_are_replaced_near_the_boundary_alone(make_pair, monkeypatch, compact_weights):
    own, rival = make_pair((64, 96))
    other = CompactNetwork(compact_weights)
    monkeypatch.setattr(score, "boundary_network", lambda name: other)
    scores = (np.arange(96) < 40).astype(np.float32) * np.ones((64, 1), np.float32)
    refined = refined_score_map(own, rival, scores, window=16, least=0.2)
    near = near_boundary(scores, window=16, least=0.2)
    assert 0 < near.mean() < 0.5
    assert_array_equal(refined[~near], scores[~near])
    assert_allclose(refined[near], as_score(compare_frames(own, rival, other).score)[near], atol=1e-6)

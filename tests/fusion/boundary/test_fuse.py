"""Facts about boundary-aware fusion of two and of more frames."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, open_stack, save, to_float
from fusion import boundary_fusion
from fusion.boundary import fuse, score
from fusion.boundary.fuse import boundary_decision
from fusion.boundary.networks import CompactNetwork, Comparison, Resnet56Network
from fusion.boundary.score import as_score, near_boundary, refined_score_map, score_map
from fusion.metrics import psnr
from fusion.weights import copied


class Contrast:
    """A stand-in for a network: evidence is the logarithm of a ratio of energies of detail."""

    stride, tile, halo, details, sees_half = 4, 1024, 32, None, False

    def __init__(self, sigma=2.0):
        self.sigma = sigma

    def compare(self, own, rival):
        energies = [cv2.GaussianBlur(cv2.Laplacian(f, cv2.CV_32F) ** 2, (0, 0), self.sigma) for f in (own, rival)]
        mine, other = (np.log(energy + np.float32(1e-6)) for energy in energies)
        return Comparison(mine - other)


@pytest.fixture
def quick(monkeypatch):
    """Fusion by the stand-in, where it is not the network that is tested."""
    monkeypatch.setattr(score, "first_network", lambda name: Contrast())
    monkeypatch.setattr(score, "boundary_network", lambda name: Contrast(1.0))


@pytest.fixture(scope="module")
def three_frames(texture):
    """Three frames of `texture`, each sharp in a third of its own."""
    third = np.arange(texture.shape[1]) * 3 // texture.shape[1]
    blurred = [cv2.GaussianBlur(texture, (0, 0), 3 + 0.5 * k) for k in range(3)]  # of any two, one has more detail
    return np.stack([np.where((third == k)[:, None], texture, blurred[k]) for k in range(3)])


def is_from_a_frame(fused, frames):
    """Where all channels of a pixel are those of one frame."""
    same = np.asarray(frames, np.float32) == fused
    return (same.all(axis=-1) if fused.ndim == 3 else same).any(axis=0)


# --- what is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refine", [False, True])
def test_the_sharp_half_of_each_frame_is_found(focus_pair, texture, refine):
    labels = boundary_decision(focus_pair, refine=refine)
    away = np.abs(np.arange(128) - 63.5) > 12
    assert (labels[:, away] == (np.arange(128) >= 64)[away]).mean() > 0.98
    fused = boundary_fusion(focus_pair, refine=refine)
    assert psnr(fused, texture) > max(psnr(frame, texture) for frame in focus_pair) + 3


def test_each_third_is_taken_from_its_frame(three_frames, texture):
    labels = boundary_decision(three_frames)
    third = np.arange(128) * 3 // 128
    away = (np.abs(np.arange(128) - 42.5) > 12) & (np.abs(np.arange(128) - 85.5) > 12)
    assert labels.dtype == np.uint16
    assert (labels[:, away] == third[away]).mean() > 0.98
    assert psnr(boundary_fusion(three_frames), texture) > max(psnr(f, texture) for f in three_frames) + 3


def test_fusion_is_a_sentence_of_stages(focus_pair, monkeypatch):
    own, rival = (fuse._gray(frame) for frame in focus_pair)
    scores = score_map(own, rival)
    refined = refined_score_map(own, rival, scores)
    near = near_boundary(scores)
    assert 0 < near.mean() < 1
    for refine, expected in ((False, scores), (True, refined)):
        labels = boundary_decision(focus_pair, refine=refine, smallest=0)
        assert (labels == (expected <= 0.5)).mean() > 0.9999
        assert_array_equal(boundary_fusion(focus_pair, refine=refine, smallest=0), copied(focus_pair, labels))


def test_the_second_network_decides_near_the_boundary_alone(focus_pair, quick, monkeypatch):
    before = boundary_decision(focus_pair, refine=False, smallest=0)
    near = near_boundary(as_score(Contrast().compare(*(fuse._gray(f) for f in focus_pair)).score))
    assert 0.02 < near.mean() < 0.9

    class Contrary(Contrast):
        def compare(self, own, rival):
            return super().compare(rival, own)

    monkeypatch.setattr(score, "boundary_network", lambda name: Contrary())
    after = boundary_decision(focus_pair, refine=True, smallest=0)
    assert_array_equal(after != before, near)


def test_small_regions_are_removed(focus_pair, quick):
    pair = focus_pair.copy()
    pair[0, 40:45, 100:105], pair[1, 40:45, 100:105] = focus_pair[1, 40:45, 100:105], focus_pair[0, 40:45, 100:105]
    raw, cleaned = boundary_decision(pair, smallest=0), boundary_decision(pair, smallest=0.02)
    assert (raw[38:47, 98:107] == 0).any()
    assert (cleaned[38:47, 98:107] == 1).all()
    assert_array_equal(boundary_fusion(pair, smallest=0.02), copied(pair, cleaned))


# --- copying ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_pixel_is_copied_from_a_frame(three_frames, quick, dtype, colour):
    frames = three_frames if colour else three_frames[..., 1]
    if dtype != np.float32:
        frames = np.rint(frames.clip(0, 1) * np.iinfo(dtype).max).astype(dtype)
    fused = boundary_fusion(frames)
    assert fused.dtype == np.float32 and fused.shape == frames.shape[1:]
    assert is_from_a_frame(fused, to_float(frames)).all()
    if dtype != np.float32:
        assert is_from_a_frame(np.rint(fused * np.iinfo(dtype).max), frames).all()  # not a bit is lost


def test_equal_frames_come_back_unchanged(texture):
    for count in (2, 3):
        assert_array_equal(boundary_fusion([texture] * count), texture)
        assert_array_equal(boundary_decision([texture] * count), 0)  # exact ties go to the first frame


# --- order, and the same again ---------------------------------------------------------------------------------------


def test_order_of_two_frames_does_not_matter(focus_pair):
    assert_array_equal(boundary_fusion(focus_pair), boundary_fusion(focus_pair[::-1]))
    assert_array_equal(boundary_decision(focus_pair), 1 - boundary_decision(focus_pair[::-1]))


def test_order_of_three_frames_does_not_matter(three_frames):
    expected = boundary_fusion(three_frames)
    for order in ((1, 0, 2), (2, 1, 0), (1, 2, 0)):
        assert_array_equal(boundary_fusion(three_frames[list(order)]), expected)


def test_all_orders_of_three_frames(three_frames, quick):
    labels, expected = boundary_decision(three_frames), boundary_fusion(three_frames)
    for order in itertools.permutations(range(3)):
        assert_array_equal(boundary_fusion(three_frames[list(order)]), expected)
        assert_array_equal(np.array(order)[boundary_decision(three_frames[list(order)])], labels)


@pytest.mark.parametrize("network", [CompactNetwork, Resnet56Network])
def test_order_does_not_matter_whatever_the_weights(
    focus_pair, network, compact_weights, resnet56_weights, monkeypatch
):
    made = network(compact_weights if network is CompactNetwork else resnet56_weights)
    monkeypatch.setattr(score, "first_network", lambda name: made)
    monkeypatch.setattr(score, "boundary_network", lambda name: made)
    pair = focus_pair[:, :40, 40:80]
    labels = boundary_decision(pair, smallest=0)
    assert_array_equal(boundary_decision(pair[::-1], smallest=0), 1 - labels)
    assert 0 < labels.mean() < 1 or network is Resnet56Network  # whose patches are larger than these frames


@pytest.mark.parametrize("blend", fuse.BLENDS)
def test_the_same_frames_give_the_same_bytes(focus_pair, blend):
    assert boundary_fusion(focus_pair, blend=blend).tobytes() == boundary_fusion(focus_pair, blend=blend).tobytes()


def test_the_way_frames_are_held_does_not_matter(three_frames, quick, tmp_path):
    eight_bit = np.rint(three_frames.clip(0, 1) * 255).astype(np.uint8)
    for index, frame in enumerate(eight_bit):
        save(frame, tmp_path / f"{index}.png")
    expected = boundary_fusion(eight_bit)
    for held in (tmp_path, list(eight_bit), open_stack(tmp_path), eight_bit.astype(np.uint16) * 257):
        assert_allclose(boundary_fusion(held), expected, atol=1e-6)


# --- blending --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 40, 3), (64, 48), (97, 61, 3)])
@pytest.mark.parametrize("blend", fuse.BLENDS)
def test_any_size_works(compact_weights, shape, blend, monkeypatch):
    network = CompactNetwork(compact_weights)
    monkeypatch.setattr(score, "first_network", lambda name: network)
    monkeypatch.setattr(score, "boundary_network", lambda name: network)
    for count in (2, 3):
        frames = np.random.default_rng(1).random((count, *shape), np.float32)
        fused = boundary_fusion(frames, blend=blend)
        assert fused.shape == shape and fused.dtype == np.float32
        assert np.isfinite(fused).all()
        assert fused.min() >= 0 and fused.max() <= 1


def test_a_blend_is_an_image_in_range(focus_pair, texture):
    extreme = (focus_pair > 0.5).astype(np.float32)
    fused = boundary_fusion(extreme, blend="pyramid")
    assert fused.dtype == np.float32 and fused.shape == extreme.shape[1:]
    assert fused.min() >= 0 and fused.max() <= 1
    assert psnr(boundary_fusion(focus_pair, blend="pyramid"), texture) > max(psnr(f, texture) for f in focus_pair) + 3


class Bands(Contrast):
    """Knows of two bands of detail and of what is left: three to one for the brighter frame in the first, else even."""

    details = 2
    gain = 1.0

    def compare(self, own, rival):
        shapes = [(own.shape[0] >> k, own.shape[1] >> k) for k in range(3)]
        way = np.sign((own - rival).mean())
        bands = [np.full(shape, np.log(3) * way * (k == 0), np.float32) for k, shape in enumerate(shapes)]
        gains = [np.full(shape, self.gain, np.float32) for shape in shapes[:2]]
        return Comparison(own - rival, bands, gains, gains)


def test_each_band_is_mixed_by_its_evidence_and_gains(focus_pair, monkeypatch):
    bright, dark = 0.4 + 0.5 * focus_pair[0], 0.5 * focus_pair[1]
    network = Bands()
    monkeypatch.setattr(score, "first_network", lambda name: network)
    for gain in (1.0, 1.5):
        network.gain = gain
        pyramids = [fuse.laplacian_pyramid(frame, 2) for frame in (bright, dark)]
        finest, middle, rest = zip(*pyramids, strict=True)
        expected = fuse.collapse([gain * (3 * finest[0] + finest[1]) / 4, gain * sum(middle) / 2, sum(rest) / 2]).clip(
            0, 1
        )
        for frames in ([bright, dark], [dark, bright]):
            assert_allclose(boundary_fusion(frames, refine=False, blend="pyramid"), expected, atol=1e-5)


def test_gains_are_those_of_each_frame(focus_pair, monkeypatch):
    class OwnGain(Bands):
        def compare(self, own, rival):
            found = super().compare(own, rival)
            (mine, other), bands = ((2, 0) if own.mean() > rival.mean() else (0, 2)), [0 * b for b in found.bands]
            return Comparison(found.score, bands, [mine * g for g in found.gains], [other * g for g in found.gains])

    bright, dark = 0.4 + 0.5 * focus_pair[0], 0.5 * focus_pair[1]
    monkeypatch.setattr(score, "first_network", lambda name: OwnGain())
    pyramids = [fuse.laplacian_pyramid(frame, 2) for frame in (bright, dark)]
    expected = fuse.collapse([*pyramids[0][:2], (pyramids[0][2] + pyramids[1][2]) / 2]).clip(0, 1)
    for frames in ([bright, dark], [dark, bright]):
        assert_allclose(boundary_fusion(frames, refine=False, blend="pyramid"), expected, atol=1e-5)


def test_order_does_not_matter_to_a_blend(three_frames):
    for frames in (three_frames[:2], three_frames):
        assert_allclose(
            boundary_fusion(frames[::-1], blend="pyramid"), boundary_fusion(frames, blend="pyramid"), atol=1e-5
        )


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blend": "mean"}, 'blend must be "copy" or "pyramid", got \'mean\''),
        ({"network": "resnet"}, "network must be one of 'compact', 'resnet56', got 'resnet'"),
        ({"smallest": -0.1}, r"smallest is a share of the picture, in \[0, 1\), got -0.1"),
        ({"smallest": 1}, "smallest is a share of the picture"),
        ({"smallest": float("nan")}, "smallest is a share of the picture"),
        ({"network": "resnet56", "blend": "pyramid"}, 'blend="pyramid" needs network="compact"'),
    ],
)
def test_bad_options_are_named(focus_pair, options, message):
    stack = open_stack(focus_pair)
    stack.pixels = None  # said before a frame is read
    with pytest.raises(ValueError, match=message):
        boundary_fusion(stack, **options)


@pytest.mark.parametrize("blend", fuse.BLENDS)
def test_one_frame_is_no_pair(texture, blend):
    with pytest.raises(ValueError, match="frame 0: is the only frame; fusion needs two or more pictures of one scene"):
        boundary_fusion([texture], blend=blend)


def test_frames_of_different_size_are_named(texture):
    with pytest.raises(DataError, match="frame 1"):
        boundary_fusion([texture, texture[:-1]])


# --- streaming -------------------------------------------------------------------------------------------------------


def test_progress_sees_every_frame(three_frames, quick):
    for count, expected in (
        (2, ["comparing"] * 2 + ["copying"] * 2),
        (3, ["finding rivals"] * 3 + ["comparing"] * 3 + ["copying"] * 3),
    ):
        seen = []

        def progress(frames, what, seen=seen):
            for frame in frames:
                seen.append(what)
                yield frame

        boundary_fusion(three_frames[:count], progress=progress)
        assert seen == expected


def test_many_frames_are_read_once_a_pass(three_frames, quick, monkeypatch):
    stack, read = open_stack(three_frames), []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    boundary_fusion(stack)
    assert len(read) <= 9  # rivals, comparisons, copies
    assert set(read) == {0, 1, 2}

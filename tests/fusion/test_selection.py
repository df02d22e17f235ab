"""Selection: weights by their formula, running sums by theirs, in tiles and strips."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import to_float
from fusion import tiles as tiling
from fusion.evidence import FramePyramid
from fusion.noise import LEAST_NOISE, stack_noise
from fusion.pyramid import collapse, laplacian_pyramid
from fusion.selection import Selection, alike, share_above_mean, weights_of

LEVELS = 3


def frames_of(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def weights_by_formula(evidence, noise):
    return np.minimum(evidence.astype(np.float64) + 4 * noise, 1.0) ** 6


def informed(frame):
    """A frame's evidence, with all that its levels tell each other."""
    pyramid = FramePyramid(frame.shape, LEVELS)
    pyramid.measure(frame)
    evidence = [pyramid.informed(level, tiling.whole(shape)) for level, shape in reversed([*enumerate(pyramid.shapes)])]
    return evidence[::-1]


def whole(frames, factors, shown=1.0):
    """By the definition: all frames in memory, in float64; image (not clipped), weights of the finest level."""
    sums, totals, finest = [0] * (LEVELS + 1), [0] * (LEVELS + 1), []
    noise = stack_noise(frames)
    for frame, factor in zip(frames, factors, strict=True):
        evidence = informed(frame)
        for level, detail in enumerate(laplacian_pyramid(to_float(frame), LEVELS)):
            weights = factor * weights_by_formula(evidence[level], noise)
            sums[level] = sums[level] + detail * (weights if detail.ndim == 2 else weights[..., None])
            totals[level] = totals[level] + weights
            if level == 0:
                finest.append(weights)
    divided = [s / (t if s.ndim == 2 else t[..., None]) for s, t in zip(sums, totals, strict=True)]
    return collapse([level.astype(np.float32) for level in divided]), np.array(finest)


def selected(frames, factors, *, strips, dtype=np.float32, **options):
    """The same by running sums, strip after strip."""
    pyramid = FramePyramid(frames[0].shape, LEVELS)
    noise = [stack_noise(frames)] * (LEVELS + 1)
    selection = Selection(pyramid.shapes, strips[0].stop, dtype, noise=noise, **options)
    for rows in strips:
        selection.begin(rows)
        for position, (frame, factor) in enumerate(zip(frames, factors, strict=True)):
            pyramid.measure(frame)
            selection.add(pyramid, frame, position, factor=factor)
        selection.finish(len(frames))
    return selection


# --- weights ---------------------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_formula_but_for_a_unit():
    evidence = np.geomspace(1e-8, 0.9, 60, dtype=np.float32).reshape(6, 10)
    for noise in (LEAST_NOISE, 3e-4):
        expected = (evidence.astype(np.float64) + 4 * noise) ** 6 / LEAST_NOISE**6
        kept = evidence < 0.9
        assert_allclose(weights_of(evidence, noise)[kept], expected[kept], rtol=1e-4)
    assert weights_of(evidence, LEAST_NOISE).dtype == np.float32


def test_the_unit_is_the_same_whatever_the_noise():
    evidence = np.full((1, 1), 5e-3, np.float32)
    quiet, noisy = weights_of(evidence, 1e-4), weights_of(evidence, 1e-3)
    assert_allclose(noisy / quiet, (9e-3 / 5.4e-3) ** 6, rtol=1e-4)


def test_more_than_the_energy_of_a_full_contrast_counts_no_more():
    evidence = np.array([[0.5, 1, 3, 1e30]], np.float32)
    weights = weights_of(evidence, LEAST_NOISE)
    assert weights[0, 0] < 0.02 * weights[0, 1]
    assert_array_equal(weights[0, 1:], weights[0, 1])
    assert np.isfinite(1e4 * weights).all()


def test_a_factor_multiplies_all_weights():
    evidence = frames_of((4, 5))
    assert_allclose(weights_of(evidence, 1e-4, 0.125), weights_of(evidence, 1e-4) / 8, rtol=1e-6)


def test_evidence_is_not_changed():
    evidence = frames_of((4, 5))
    before = evidence.copy()
    weights_of(evidence, 1e-4, 0.5)
    assert_array_equal(evidence, before)


# --- running sums ----------------------------------------------------------------------------------------------------

STRIPS = {
    "whole": [slice(0, 83)],
    "halves": [slice(0, 48), slice(48, 83)],
    "thirds": [slice(0, 32), slice(32, 64), slice(64, 83)],
}


@pytest.mark.parametrize("size", [16, 384])
@pytest.mark.parametrize("shape", [(3, 83, 61, 3), (3, 83, 61)], ids=str)
def test_running_sums_equal_the_definition(monkeypatch, shape, size):
    monkeypatch.setattr(tiling, "TILE", size)
    frames, factors = 0.41 + 0.17 * np.rint(frames_of(shape)), [1, 0.5, 2]  # many pixels are alike in all frames
    image, weights = whole(frames, factors)
    selection = selected(frames, factors, strips=STRIPS["whole"], mapped=True)
    expected = image.clip(frames.min(axis=0), frames.max(axis=0))
    assert_allclose(selection.image, expected, atol=1e-5)
    ranked = np.sort(weights, axis=0)
    clear = ranked[-1] > 1.001 * ranked[-2]
    assert_array_equal(selection.index[clear], weights.argmax(axis=0)[clear])
    share = ranked[-1] / weights.sum(axis=0)
    assert_allclose(selection.confidence, ((3 * share - 1) / 2).clip(0, 1), atol=1e-4)
    assert np.abs(image - expected).max() > 1e-3  # so that the clipping is seen


@pytest.mark.parametrize("strips", ["halves", "thirds"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("bounded", [True, False])
def test_strips_give_the_same_bits(monkeypatch, strips, dtype, bounded):
    monkeypatch.setattr(tiling, "TILE", 16)
    frames, factors = frames_of((3, 83, 61, 3)), [1, 1, 1]
    options = {"dtype": dtype, "bounded": bounded, "mapped": True}
    expected = selected(frames, factors, strips=STRIPS["whole"], **options)
    found = selected(frames, factors, strips=STRIPS[strips], **options)
    assert found.image.dtype == dtype
    assert_array_equal(found.image, expected.image)
    assert_array_equal(found.index, expected.index)
    assert_array_equal(found.confidence, expected.confidence)


def test_without_bounds_the_result_is_kept_in_0_to_1():
    frames = np.rint(frames_of((3, 83, 61)))  # black and white
    image, _ = whole(frames, [1, 1, 1])
    assert image.min() < -0.02 and image.max() > 1.02
    found = selected(frames, [1, 1, 1], strips=STRIPS["whole"], bounded=False)
    assert_allclose(found.image, image.clip(0, 1), atol=1e-5)


@pytest.mark.parametrize("kinds", [(np.uint8, np.uint16), (np.uint16, np.uint8), (np.uint8, np.float32)], ids=str)
def test_frames_of_different_types_bound_the_result(kinds):
    """Frames that are flat, one bright and one dark, and a third one that leaves their range in a spot."""
    full = {np.uint8: 255, np.uint16: 65535, np.float32: 1}
    frames = [np.full((83, 61), value, np.float32) for value in (0.2, 0.6)]
    frames[1][30:40, 30:40] = 1.0
    frames = [(frame * full[kind]).astype(kind) for frame, kind in zip(frames, kinds, strict=True)]
    floats = np.array([to_float(frame) for frame in frames])
    selection = selected(frames, [1, 1], strips=STRIPS["whole"])
    image, _ = whole(frames, [1, 1])
    assert_allclose(selection.image, image.clip(floats.min(axis=0), floats.max(axis=0)), atol=1e-5)


def test_frames_are_not_changed():
    frames = frames_of((3, 83, 61, 3))
    before = frames.copy()
    selected(frames, [1, 1, 1], strips=STRIPS["whole"])
    assert_array_equal(frames, before)


# --- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "total", "count", "expected"), [(1, 4, 4, 0), (3, 3, 4, 1), (2, 4, 2, 0), (3, 4, 2, 0.5), (5, 5, 1, 0)]
)
def test_the_share_above_the_mean_is_0_of_equals_and_1_alone(most, total, count, expected):
    share = share_above_mean(np.full((1, 2), most, np.float32), np.full((1, 2), total, np.float32), count)
    assert_allclose(share, expected, atol=1e-6)


def test_nothing_has_no_share():
    assert_array_equal(share_above_mean(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32), 3), 0)


def test_pixels_of_different_types_keep_their_values():
    eight, sixteen = np.array([[0, 7, 255]], np.uint8), np.array([[1, 257, 65535]], np.uint16)
    wider, same = alike(eight, sixteen)
    assert wider.dtype == same.dtype == np.uint16
    assert_array_equal(wider, [[0, 7 * 257, 65535]])
    assert_array_equal(same, sixteen)
    both = alike(eight, np.array([[0.5, 0, 1]], np.float32))
    assert [part.dtype for part in both] == [np.float32] * 2
    assert_allclose(both[0], [[0, 7 / 255, 1]], rtol=1e-6)

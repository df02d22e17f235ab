"""Facts about the error of depth maps and what a confidence tells about it."""

import numpy as np
import pytest

from data.scenes import focal_stack
from fusion.metrics.depth import depth_error, sparsification


@pytest.fixture(scope="module")
def guess():
    """A truth, a depth that is worse and worse from left to right, and a confidence that knows it."""
    rng = np.random.default_rng(4)
    spread = np.tile(np.linspace(0.1, 3, 50), (40, 1))
    truth = rng.random((40, 50)) * 8
    return truth + spread * rng.standard_normal((40, 50)), truth, 1 / spread


def test_known_errors():
    truth = np.zeros((2, 2))
    depth = np.array([[0, 1], [-2, 3.0]])
    assert depth_error(depth, truth) == (1.5, pytest.approx(np.sqrt(14 / 4)), 0.5, None)
    assert depth_error(depth, truth, step=0.5).off == 0.75
    assert depth_error(depth, truth, step=3).off == 0  # exactly one step is not off
    assert all(isinstance(value, float) for value in depth_error(depth, truth)[:3])


def test_frame_numbers_do_not_wrap():
    low, high = np.zeros((3, 3), np.uint8), np.full((3, 3), 2, np.uint8)
    assert depth_error(low, high)[:3] == depth_error(high, low)[:3] == (2, 2, 1)


def test_a_scene_against_itself_and_a_frame_beside_it():
    scene = focal_stack(distances=5)
    assert depth_error(scene.index, scene.index) == (0, 0, 0, None)
    assert depth_error(scene.index + 1, scene.index) == (1, 1, 0, None)
    metres = depth_error(scene.depth + np.float32(0.25), scene.depth, step=0.1)
    assert metres == (pytest.approx(0.25, abs=1e-6), pytest.approx(0.25, abs=1e-6), 1, None)


def test_the_unit_scales_the_error(guess):
    depth, truth, confidence = guess
    in_frames = depth_error(depth, truth, confidence=confidence)
    in_metres = depth_error(depth / 8 + 1, truth / 8 + 1, step=1 / 8, confidence=confidence)
    assert in_metres.mae == pytest.approx(in_frames.mae / 8)
    assert in_metres.rms == pytest.approx(in_frames.rms / 8)
    assert in_metres.off == in_frames.off
    assert in_metres.sparsification.area == pytest.approx(in_frames.sparsification.area)


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_pixels_of_unknown_truth_are_left_out(guess, unknown):
    depth, truth, confidence = (values.copy() for values in guess)
    expected = depth_error(depth[:, 10:], truth[:, 10:], confidence=confidence[:, 10:])
    truth[:, :10], depth[:, :5], confidence[:, 3:10] = unknown, np.nan, np.nan
    error = depth_error(depth, truth, confidence=confidence)
    assert error[:3] == pytest.approx(expected[:3])
    np.testing.assert_allclose(error.sparsification.error, expected.sparsification.error)
    np.testing.assert_allclose(error.sparsification.oracle, expected.sparsification.oracle)


def test_known_sparsification():
    depth, truth = np.array([[4.0, 1.0], [2.0, 1.0]]), np.zeros((2, 2))
    confidence = np.array([[0.9, 0.1], [0.2, 0.3]])
    shares, error, oracle, area = sparsification(depth, truth, confidence, shares=(0, 0.25, 0.5, 0.75))
    np.testing.assert_array_equal(shares, (0, 0.25, 0.5, 0.75))
    np.testing.assert_allclose(error, (8 / 4, 7 / 3, 5 / 2, 4))
    np.testing.assert_allclose(oracle, (8 / 4, 4 / 3, 2 / 2, 1))
    assert area == pytest.approx(0.25 * (1 + 1.5 + 3 / 2) / 2)


def test_part_of_a_pixel_is_removed_in_part():
    depth, truth = np.array([[3.0, 1.0]]), np.zeros((1, 2))
    curve = sparsification(depth, truth, np.array([[0, 1]]), shares=(0, 0.25, 0.5))
    np.testing.assert_allclose(curve.error, (2, (1.5 + 1) / 1.5, 1))


def test_equal_confidence_counts_with_the_expected_error():
    errors = np.array([[0.0, 6, 3, 9, 5, 1, 2, 8, 4, 7]])
    confidence = np.array([[2, 1, 1, 1, 1, 0, 2, 2, 0, 0]])
    rng, shares = np.random.default_rng(0), np.arange(10) / 10
    found = sparsification(errors, 0 * errors, confidence, shares=shares)
    orders = [np.lexsort((rng.random(10), confidence[0])) for _ in range(20000)]
    rest = np.array([[errors[0, order[removed:]].mean() for removed in range(10)] for order in orders])
    np.testing.assert_allclose(found.error, rest.mean(axis=0), atol=0.1)
    assert found.error[3] == pytest.approx((6 + 3 + 9 + 5 + 0 + 2 + 8) / 7)  # a whole group is gone
    assert found.error[5] == pytest.approx((2 * 23 / 4 + 0 + 2 + 8) / 5)  # half of the next


def test_no_order_of_the_pixels_matters(guess):
    depth, truth, _ = guess
    coarse = np.rint(depth)
    confidence = -np.abs(np.rint(depth) - np.rint(truth)) // 2
    shuffled = np.random.default_rng(1).permutation(depth.size)
    maps = (coarse, truth, confidence)
    moved = [values.ravel()[shuffled].reshape(values.shape) for values in maps]
    for one, other in zip(sparsification(*maps), sparsification(*moved)):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_constant_confidence_tells_nothing(guess):
    depth, truth, _ = guess
    curve = sparsification(depth, truth, np.full(depth.shape, 0.3))
    np.testing.assert_allclose(curve.error, np.abs(depth - truth).mean())
    assert curve.area > 0.3


def test_a_perfect_confidence_is_the_oracle_and_the_reverse_is_worst(guess):
    depth, truth, confidence = guess
    errors = np.abs(depth - truth)
    perfect, reverse = sparsification(depth, truth, -errors), sparsification(depth, truth, errors)
    np.testing.assert_array_equal(perfect.error, perfect.oracle)
    assert perfect.area == 0
    useful, useless = (sparsification(depth, truth, values).area for values in (confidence, np.zeros_like(depth)))
    assert 0 < useful < useless < reverse.area
    assert (np.diff(perfect.oracle) < 0).all()


def test_only_the_order_of_the_confidence_counts(guess):
    depth, truth, confidence = guess
    expected = sparsification(depth, truth, confidence)
    for same_order in (np.log(confidence), np.where(confidence == confidence.max(), np.inf, confidence)):
        np.testing.assert_allclose(sparsification(depth, truth, same_order).error, expected.error)


def test_the_curves_begin_at_the_error_of_all_pixels(guess):
    depth, truth, confidence = guess
    error = depth_error(depth, truth, confidence=confidence)
    curve = error.sparsification
    np.testing.assert_allclose(curve.shares, np.arange(0, 0.96, 0.05))
    assert curve.error[0] == pytest.approx(error.mae) == curve.oracle[0]
    assert curve.area == sparsification(depth, truth, confidence).area
    assert isinstance(curve.area, float)


def test_a_perfect_depth_has_no_area():
    truth = np.arange(12.0).reshape(3, 4)
    curve = sparsification(truth, truth, truth)
    assert curve.area == 0 and not curve.error.any() and not curve.oracle.any()


def test_missing_depth_is_counted():
    depth, truth = np.zeros((3, 4)), np.zeros((3, 4))
    depth[0, :3], truth[0, 0] = (np.nan, np.inf, np.nan), np.nan
    with pytest.raises(ValueError, match="depth is not finite at 2 of the 11 pixels whose truth is known; fill them"):
        depth_error(depth, truth)
    with pytest.raises(ValueError, match="truth is NaN or infinite at every pixel"):
        depth_error(truth, np.full((3, 4), np.nan))


def test_missing_confidence_is_counted():
    depth, truth, confidence = np.zeros((3, 4)), np.zeros((3, 4)), np.ones((3, 4))
    confidence[1, :2], truth[1, 0] = np.nan, np.nan
    for metric in (sparsification, lambda *maps: depth_error(*maps[:2], confidence=maps[2])):
        with pytest.raises(ValueError, match="confidence is NaN at 1 of the 11 pixels whose truth is known; give"):
            metric(depth, truth, confidence)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"depth": np.zeros((3, 5))}, r"depth and truth must have one shape, got \(3, 5\) and \(3, 4\)"),
        ({"confidence": np.zeros((4, 3))}, r"confidence and truth must have one shape, got \(4, 3\) and \(3, 4\)"),
        ({"depth": np.zeros((3, 4, 1))}, r"depth has shape \(3, 4, 1\) and type float64; it must be \(H, W\)"),
        ({"truth": np.zeros((3, 4), bool)}, "truth has shape .* and type bool; .* integers or floats"),
        ({"step": 0}, r"step must be positive, in the unit of the depth \(1 for frame numbers\), got 0"),
        ({"step": np.nan}, "step must be positive, .* got nan"),
    ],
)
def test_what_is_no_depth_is_refused(changed, message):
    maps = {name: np.zeros((3, 4)) for name in ("depth", "truth", "confidence")}
    with pytest.raises(ValueError, match=message):
        depth_error(**(maps | changed))


@pytest.mark.parametrize("shares", [(0, 1), (0.5, 0.2), (0.2, 0.2), (-0.1, 0.5), (0.5,), (), 0.5, (0, np.nan)])
def test_shares_rise_within_zero_and_one(shares):
    with pytest.raises(ValueError, match="shares must be two or more, rising, from 0 to less than 1"):
        sparsification(np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 4)), shares=shares)

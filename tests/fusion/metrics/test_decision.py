"""Facts about the error of decision maps."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from data.scenes import focal_stack, focus_pair
from fusion.metrics.decision import DecisionError, decision_error


@pytest.fixture(scope="module")
def halves():
    """The left half from frame 0, the right half from frame 1."""
    return np.tile(np.arange(40) >= 20, (30, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def blobs():
    """Irregular regions of five frames."""
    rng = np.random.default_rng(2)
    seeds, points = rng.random((25, 2)) * (50, 60), np.indices((50, 60)).reshape(2, -1).T
    nearest = np.argmin(((points[:, None] - seeds) ** 2).sum(axis=2), axis=1)
    return (nearest % 5).reshape(50, 60)


def test_a_known_error():
    truth = np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]])
    decision = truth.copy()
    decision[0, 0] = 1  # 3 pixels from the other side
    decision[1, 2] = 2  # beside the boundary
    error = decision_error(decision, truth, distances=(1, 2, 3))
    assert error == DecisionError(2 / 12, {1: 1 / 6, 2: 1 / 9, 3: 2 / 12})
    assert isinstance(error.fraction, float) and isinstance(error.near[1], float)


def test_a_decision_shifted_by_two_is_wrong_near_the_boundary_only(halves):
    error = decision_error(np.roll(halves, 2, axis=1)[:, 2:], halves[:, 2:], distances=(1, 2, 5))
    assert error.fraction == pytest.approx(2 / 38)
    assert error.near == pytest.approx({1: 1 / 2, 2: 2 / 4, 5: 2 / 10})


def test_an_error_far_away_does_not_count_as_near(halves):
    decision = halves.copy()
    decision[:, :10] = 1  # the nearest is 11 pixels from the other side
    error = decision_error(decision, halves, distances=(2, 10, 10.9, 11))
    assert error.fraction == pytest.approx(1 / 4)
    assert error.near == pytest.approx({2: 0, 10: 0, 10.9: 0, 11: 1 / 22})


@pytest.mark.parametrize("distance", [1, 2, np.sqrt(2), np.sqrt(13), 4.7, 10])
def test_the_distance_is_that_to_the_nearest_pixel_of_another_frame(blobs, distance):
    to_other = np.max([distance_transform_edt(blobs == label) for label in np.unique(blobs)], axis=0)
    inside = to_other <= distance
    for wrong, expected in ((inside, 1), (~inside, 0)):
        decision = np.where(wrong, blobs + 1, blobs)
        assert decision_error(decision, blobs, distances=[distance]).near == {distance: expected}


def test_within_one_pixel_are_those_that_touch_the_boundary_with_a_side():
    truth = np.zeros((5, 5), int)
    truth[2, 2] = 3
    cross = np.array([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    assert decision_error(truth + cross, truth, distances=(1,)) == (5 / 25, {1: 1})
    assert decision_error(truth + 1 - cross, truth, distances=(1,)) == (20 / 25, {1: 0})


def test_the_edge_of_the_picture_is_no_boundary(halves):
    decision = halves.copy()
    decision[:, 0] = 1
    assert decision_error(decision, halves, distances=(15,)).near == {15: 0}


def test_which_frame_has_which_number_does_not_matter(blobs):
    decision = np.roll(blobs, 1, axis=0)
    renamed = np.array([4, 0, 3, 260, 1])
    assert decision_error(decision, blobs) == decision_error(renamed[decision], renamed[blobs])


def test_the_type_of_the_numbers_does_not_matter(halves):
    decision = np.roll(halves, 3, axis=1)
    expected = decision_error(decision, halves)
    for kind in (bool, np.int64, np.uint16, ">u2"):
        assert decision_error(decision.astype(kind), halves) == expected
        assert decision_error(decision, halves.astype(kind)) == expected


def test_scenes_against_themselves():
    focus, pair = focal_stack(distances=5), focus_pair()
    assert decision_error(focus.index, focus.index) == (0, {2: 0, 5: 0, 10: 0})
    assert decision_error(pair.decision, pair.decision) == (0, {2: 0, 5: 0, 10: 0})
    assert decision_error(pair.alpha < 0.5, pair.decision) == (0, {2: 0, 5: 0, 10: 0})


def test_a_shift_of_a_scene_is_wrong_most_near_its_boundaries():
    truth = focus_pair().decision
    error = decision_error(np.roll(truth, 2, axis=1)[:, 2:], truth[:, 2:], distances=(2, 5, 10))
    assert error.near[2] > 0.25 > error.near[5] > error.near[10] > error.fraction > 0


def test_a_truth_of_one_frame_has_no_boundary():
    truth = np.full((6, 7), 4)
    decision = truth.copy()
    decision[0] = 1
    with pytest.raises(ValueError, match=r"frame 4 everywhere.*pass distances=\(\)"):
        decision_error(decision, truth)
    assert decision_error(decision, truth, distances=()) == (1 / 6, {})


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (np.zeros((4, 4)), "decision has type float64; .* threshold weights, or take their argmax"),
        (np.full((4, 4), -1), r"decision has values in \[-1, -1\]; frames are numbered from 0"),
        (np.full((4, 4), 65536), "frames are numbered from 0 to 65535 at most"),
        (np.zeros((2, 4, 4), int), r"decision has shape \(2, 4, 4\); a decision map is \(H, W\)"),
        (np.zeros((4, 0), int), r"decision has shape \(4, 0\)"),
        (np.zeros((4, 5), int), r"one shape, got \(4, 5\) and \(4, 4\); crop or resize"),
    ],
)
def test_what_is_no_decision_is_refused(decision, message):
    truth = np.eye(4, dtype=int)
    with pytest.raises(ValueError, match=message):
        decision_error(decision, truth)


def test_the_truth_is_named_in_its_errors():
    with pytest.raises(ValueError, match="truth has type float32"):
        decision_error(np.eye(3, dtype=int), np.eye(3, dtype=np.float32))


@pytest.mark.parametrize("distance", [0.5, -1, np.nan, np.inf])
def test_distances_are_a_pixel_or_more(distance):
    with pytest.raises(ValueError, match=rf"distances are in pixels, 1 or more .* got {distance}"):
        decision_error(np.eye(3, dtype=int), np.eye(3, dtype=int), distances=(2, distance))

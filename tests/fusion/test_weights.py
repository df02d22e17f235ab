"""Frame numbers, and the type that holds them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion import guided, guided_fusion
from fusion.weights import RunningDecision, decision_map


@pytest.mark.parametrize(("count", "dtype"), [(256, np.uint8), (257, np.uint16)])
def test_frame_numbers_use_the_smallest_type_that_holds_them(monkeypatch, count, dtype):
    """The last frame alone is sharp, so its number is in use."""
    sharp = np.random.default_rng(1).random((6, 7), np.float32)
    used = []
    monkeypatch.setattr(guided, "RunningDecision", lambda *given: used.append(given[1]) or RunningDecision(*given))
    fused = guided_fusion([np.full((6, 7), 0.5, np.float32)] * (count - 1) + [sharp])
    assert used == [dtype]
    assert_allclose(fused, sharp, atol=1e-5)


def test_saliencies_may_come_one_at_a_time(texture):
    saliencies = [texture[..., channel] for channel in range(3)]
    assert_array_equal(decision_map(iter(saliencies)), np.argmax(saliencies, axis=0))
    assert_array_equal(decision_map(plane for plane in saliencies), np.argmax(saliencies, axis=0))


def test_of_equal_saliencies_the_first_frame_wins():
    planes = [np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)]
    assert_array_equal(decision_map(planes), 0)


def test_a_frame_may_compete_in_a_part_of_the_image():
    decision = RunningDecision((4, 6), np.uint8)
    decision.add(0, np.full((4, 6), 2, np.float32))
    decision.add(1, np.full((2, 3), 3, np.float32), np.s_[1:3, 2:5])
    decision.add(2, np.full((4, 6), 2.5, np.float32))
    expected = np.full((4, 6), 2)
    expected[1:3, 2:5] = 1
    assert_array_equal(decision.labels, expected)

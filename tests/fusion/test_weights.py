"""Frame numbers, and the type that holds them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion import guided, guided_fusion
from fusion.weights import RunningDecision, copied, decision_map


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


# --- copying by numbers ----------------------------------------------------------------------------------------------


def test_copying_by_hand():
    frames = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    labels = np.uint16([[2, 0], [1, 2]])
    assert_allclose(copied(frames, labels) * 255, [[8, 1], [6, 11]], rtol=1e-6)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_pixel_is_that_of_its_frame(texture, dtype, colour):
    scale = 1 if dtype == np.float32 else np.iinfo(dtype).max
    frames = np.stack([texture, 1 - texture, texture**2])
    frames = (np.rint(frames * scale) if scale > 1 else frames).astype(dtype)[..., slice(None) if colour else 0]
    labels = np.random.default_rng(0).integers(0, 3, (96, 128))
    fused = copied(frames, labels)
    assert fused.dtype == np.float32
    assert fused.shape == frames.shape[1:]
    for index in range(3):
        assert_allclose(fused[labels == index], frames[index][labels == index] / np.float32(scale), rtol=1e-6)


def test_frames_that_no_pixel_is_from_are_told_of_too(texture):
    told = []
    fused = copied(
        [texture, 1 - texture, texture**2],
        np.full((96, 128), 1, np.uint8),
        progress=lambda items, what: (told.append((what, item)) or item for item in items),
    )
    assert_array_equal(fused, 1 - texture)
    assert told == [("copying", 0), ("copying", 1), ("copying", 2)]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full((96, 128), 2), r"labels must be frame numbers 0..1 of shape \(96, 128\), got .* with numbers 2..2"),
        (np.full((96, 128), -1), r"with numbers -1..-1"),
        (np.where(np.arange(128) < 5, np.nan, 0) * np.ones((96, 1)), "with numbers nan..nan"),
        (np.zeros((128, 96), int), r"got shape \(128, 96\)"),
        (np.zeros((96, 128, 1), int), r"got shape \(96, 128, 1\)"),
    ],
)
def test_numbers_that_no_frame_has_are_named(texture, labels, message):
    with pytest.raises(ValueError, match=message):
        copied([texture, texture], labels)

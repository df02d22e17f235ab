"""Whether a stack is in the order of its focus: counted peaks, and scenes in order and shuffled."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from data.scenes import focal_stack
from data.scenes.photographs import motorcycle
from fusion.depth.several_peaks import CLEAR, has_several_peaks, peaks_of, share_of_several_peaks
from fusion.depth.volume import focus_volume

CROP = np.s_[150:290, 250:400]
NOISES = (0, 0.01, 0.03)


@pytest.fixture(scope="module")
def volumes():
    """Focus of nine frames of a part of the motorcycle, by noise."""
    photograph, depth = motorcycle()
    scenes = {noise: focal_stack(photograph[CROP], depth[CROP], distances=9, noise=noise) for noise in NOISES}
    return {noise: focus_volume(scene.stack).focus for noise, scene in scenes.items()}


@pytest.mark.parametrize(
    ("values", "peaks"),
    [
        ((0, 1, 0), 1),
        ((1, 0, 0), 1),
        ((0, 0, 1), 1),
        ((0, 1, 0, 1, 0), 2),
        ((1, 0, 1), 2),
        ((1, 0, 1, 0, 1), 3),
        ((0, 1, 0.8, 1, 0), 1),  # a dent of less than the prominence
        ((0, 1, 0.6, 1, 0), 2),
        ((0, 0.2, 0.1, 0.3, 1, 0.9, 0.95, 0), 1),
        ((0, 0.5, 1, 0.5, 0, 0.25, 0), 1),  # a bump of less than it
        ((0, 0.5, 1, 0.5, 0, 0.35, 0), 2),
        ((0, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.85, 0), 2),  # that goes down little by little
        ((0, 1, 0.6, 0.8, 0.65, 0.85, 0.6, 0), 1),
        ((0.5, 0.5, 0.5), 1),
    ],
)
def test_peaks_are_counted_that_stand_out(values, peaks):
    profile = np.float32(values)[:, None]
    prominence = np.float32([0.3])
    assert_array_equal(peaks_of(profile, prominence), [peaks])
    assert_array_equal(peaks_of(profile[::-1], prominence), [peaks])
    assert_array_equal(peaks_of(10 * profile, 10 * prominence), [peaks])


def test_profiles_are_counted_each_on_its_own():
    profiles = np.float32([[0, 1, 0], [1, 0, 1], [0, 1, 0], [1, 0, 0]])
    assert_array_equal(peaks_of(profiles, np.float32([0.3, 0.3, 2])), [2, 2, 1])


def test_the_share_is_that_among_the_clearest_pixels():
    focus = np.zeros((5, 20, 20), np.float32)
    focus[2] = 0.1
    assert share_of_several_peaks(focus) == 0
    clear = round(CLEAR * 400)
    focus[:, 0, :clear] = np.float32([0, 1, 0, 1, 0])[:, None]
    assert share_of_several_peaks(focus) == 1
    focus[1, 0, : clear // 2] = 0
    assert share_of_several_peaks(focus) == 0.5
    assert not has_several_peaks(focus)
    focus[1, 0, 0] = 1
    assert has_several_peaks(focus)


@pytest.mark.parametrize("noise", NOISES)
def test_frames_in_order_have_one_peak(volumes, noise):
    focus = volumes[noise]
    assert share_of_several_peaks(focus) < 0.02
    assert not has_several_peaks(focus)
    assert not has_several_peaks(focus[::-1])


@pytest.mark.parametrize("noise", NOISES)
def test_shuffled_frames_have_several(volumes, noise):
    for order in ([4, 0, 7, 2, 8, 1, 5, 3, 6], [0, 2, 4, 6, 8, 1, 3, 5, 7], [7, 2, 5, 0, 3, 8, 1, 6, 4]):
        assert share_of_several_peaks(volumes[noise][order]) > 0.6
        assert has_several_peaks(volumes[noise][order])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_a_few_frames_nothing_can_be_told(count):
    focus = np.zeros((count, 10, 10), np.float32)
    focus[::2] = 1
    assert has_several_peaks(focus) is False


def test_four_frames_are_enough():
    focus = np.zeros((4, 10, 10), np.float32)
    focus[::2] = 1
    assert has_several_peaks(focus) is True


def test_of_large_grids_every_other_pixel_is_looked_at():
    focus = np.zeros((4, 640, 640), np.float32)
    focus[1] = 1
    focus[:, 1::2, 1::2] = np.float32([5, 0, 5, 0])[:, None, None]  # on pixels that are left out
    assert not has_several_peaks(focus)
    assert has_several_peaks(focus[:, 1:, 1:])

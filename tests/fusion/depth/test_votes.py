"""Votes, their peak, and how sure it is: known profiles, and what must not matter."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.depth.volume import FocusVolume, focus_volume
from fusion.depth.votes import (
    AROUND,
    BLUR,
    BLURRED,
    agreement,
    clarity_of,
    confidence_of,
    peak,
    rise_above_rivals,
    sharpest,
    votes_of,
)


def profile(*values):
    """Votes of one pixel."""
    return np.float32(values)[:, None, None]


def gaussians(count, sigma, places):
    """Profiles of height 1 whose peaks lie at some places, as votes of (count, 1, len(places))."""
    frames = np.arange(count)[:, None]
    return np.exp(-0.5 * ((frames - places) / sigma) ** 2).astype(np.float32)[:, None]


def places_in(count):
    """Places from the first frame to the last, eight between every two."""
    return np.linspace(0, count - 1, 9 * (count - 1) + 1)


# --- votes -----------------------------------------------------------------------------------------------------------


def test_votes_by_hand():
    focus = np.float32([[[1, 5, 7]], [[4, 5, 7.5]], [[2, 5, 7]]])
    votes = votes_of(FocusVolume(focus, (1, 3), noise=0.5))
    assert_allclose(votes, [[[0, 0, 0]], [[3 / 4, 0, 1 / 3]], [[1 / 4, 0, 0]]], rtol=1e-6)
    assert votes is focus  # in place


def test_votes_lie_between_0_and_1_and_are_nowhere_nan(texture):
    frames = np.stack([texture * share for share in (0.2, 1, 0.6)])
    frames[:, :30] = 0.5  # flat, without any noise
    votes = votes_of(focus_volume(frames))
    assert votes.dtype == np.float32
    assert np.isfinite(votes).all()
    assert_array_equal(votes.min(axis=0), 0)
    assert_array_equal(votes[:, :25], 0)
    assert 0.9 < votes[1, 40:].max() < 1


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_contrast_of_the_scene_does_not_matter(texture, share):
    rng = np.random.default_rng(0)
    frames = (0.7 * texture + 0.3 * rng.random((4, *texture.shape), np.float32)).astype(np.float32)
    assert_allclose(votes_of(focus_volume(frames)), votes_of(focus_volume(frames * np.float32(share))), atol=2e-3)


def test_a_rise_of_twice_the_noise_counts_half():
    assert votes_of(FocusVolume(profile(3, 5, 3), (1, 1), noise=1.0)).max() == pytest.approx(0.5)


def test_the_first_of_equal_frames_is_the_sharpest():
    votes = np.float32([[[0, 1, 0.5]], [[1, 1, 0.6]], [[1, 1, 0.7]]])
    assert_array_equal(sharpest(votes), [[1, 0, 2]])
    assert sharpest(votes).dtype == np.uint16


# --- the peak --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("count", [3, 4, 9, 25, 30])
def test_gaussian_profiles_are_found_between_the_frames_and_at_the_ends(count, sigma):
    places = places_in(count)
    votes = gaussians(count, sigma, places)
    found = peak(votes, sharpest(votes))
    assert found.dtype == np.float32
    assert_allclose(found[0], places, atol=1e-3)
    assert_allclose(peak(votes * np.float32(0.2), sharpest(votes))[0], places, atol=0.02)  # height does not matter


@pytest.mark.parametrize("count", [9, 25])
def test_a_neighbour_of_the_best_frame_does_as_well(count):
    places = np.linspace(2, count - 3, 40)
    votes = gaussians(count, 1.5, places)
    for frame in (np.floor(places), np.ceil(places)):
        assert_allclose(peak(votes, frame[None].astype(int))[0], places, atol=1e-3)


@pytest.mark.parametrize("unit", [1, -1, 0.003, 500])
def test_frames_may_stand_unevenly(unit):
    """A Gaussian over the places of the frames is found, and said in frames."""
    places = np.array([0, 0.7, 2, 3, 4.5, 5.5, 6, 8, 9])
    truth = np.linspace(0, 9, 70)
    votes = np.exp(-0.5 * ((places[:, None] - truth) / 1.4) ** 2).astype(np.float32)[:, None]
    expected = np.interp(truth, places, range(9))
    found = peak(votes, sharpest(votes), places=7 + unit * places)[0]
    assert_allclose(found, expected, atol=0.01)
    assert np.abs(peak(votes, sharpest(votes))[0] - expected).max() > 0.1
    assert_allclose(peak(votes, sharpest(votes), places=5 * np.arange(9)), peak(votes, sharpest(votes)), atol=1e-5)


@pytest.mark.parametrize(("count", "reach"), [(6, 1), (9, 1), (18, 1.5), (30, 2)])
def test_the_peak_is_that_of_a_weighted_fit(count, reach):
    """By least squares, pixel by pixel: votes cubed, and a Gaussian over the frames, are the weights."""
    rng = np.random.default_rng(count)
    places = np.cumsum(rng.uniform(0.6, 1.4, count))
    truth = np.interp(np.linspace(1, count - 2, 60), range(count), places)
    votes = np.exp(-0.5 * ((places[:, None] - truth) / 1.5) ** 2)[:, None] * rng.uniform(0.85, 1, (count, 1, 60))
    votes = np.maximum(votes, 0.02).astype(np.float32)
    index, scaled = sharpest(votes), (places - places[0]) / np.median(np.diff(places))
    expected = np.empty(60)
    for pixel, frame in enumerate(index[0].astype(int)):
        profile = votes[:, 0, pixel].astype(np.float64)
        weights = profile**3 * np.exp(-0.5 * ((np.arange(count) - frame) / reach) ** 2)
        curve, slope, _ = np.polyfit(scaled - scaled[frame], np.log(profile), 2, w=np.sqrt(weights))
        assert curve < 0
        top = np.interp(scaled[frame] - slope / (2 * curve), scaled, range(count))
        expected[pixel] = np.clip(top, frame - reach, frame + reach)
    assert_allclose(peak(votes, index, places=places)[0], expected, atol=1e-3)


def test_three_frames_give_the_top_of_the_parabola_through_their_logarithms():
    for left, right in ((0.5, 0.5), (0.3, 0.9), (0.8, 0.1), (0.02, 0.5), (1e-4, 0.01), (1e-3, 1e-4)):
        logarithms = np.log([left, 1, right])
        top = 1 + (logarithms[0] - logarithms[2]) / (2 * (logarithms[0] + logarithms[2]))
        assert peak(profile(left, 1, right), np.full((1, 1), 1)).item() == pytest.approx(top, abs=1e-4)


def test_noise_is_averaged_over_more_frames_of_a_long_stack():
    rng, places = np.random.default_rng(0), np.linspace(8, 22, 2000)
    votes = gaussians(30, 3, places) + 0.05 * rng.standard_normal((30, 1, 2000)).astype(np.float32)
    votes = np.maximum(votes, 0)
    index = np.rint(places)[None].astype(int)
    three = np.stack([votes[index[0] + step, 0, np.arange(2000)] for step in (-1, 0, 1)])[:, None]
    error = np.abs(peak(votes, index)[0] - places).mean()
    of_three = np.abs(peak(three, np.ones((1, 2000), int))[0] - 1 + index[0] - places).mean()
    assert error < 0.6 * of_three


@pytest.mark.parametrize(("count", "reach"), [(3, 1), (9, 1), (18, 1.5), (24, 2), (60, 2)])
def test_the_peak_is_never_farther_away_than_the_fit_reaches(count, reach):
    votes = np.random.default_rng(count).random((count, 20, 30), np.float32) ** 4
    index = np.random.default_rng(1).integers(0, count, (20, 30))
    off = np.abs(peak(votes, index) - index)
    assert off.max() == pytest.approx(reach, abs=1e-5)
    assert peak(votes, index).min() >= 0
    assert peak(votes, index).max() <= count - 1


@pytest.mark.parametrize("farthest", [0, 0.5, 1])
def test_the_peak_may_be_held_nearer(farthest):
    votes, index = np.random.default_rng(0).random((24, 20, 30), np.float32), np.full((20, 30), 9)
    free = peak(votes, index)
    assert_allclose(peak(votes, index, farthest=farthest), free.clip(9 - farthest, 9 + farthest), atol=1e-6)
    assert np.abs(free - 9).max() > 1


def test_two_frames_give_their_centre_of_gravity():
    votes = np.float32([[[1, 0, 0.5, 0.2, 0]], [[0, 0.7, 0.5, 0.6, 0]]])
    assert_allclose(peak(votes, sharpest(votes)), [[0, 1, 0.5, 0.75, 0.5]], rtol=1e-6)


@pytest.mark.parametrize("height", [0, 0.3, 1])
@pytest.mark.parametrize("count", [3, 4, 9, 30])
def test_a_flat_profile_has_its_peak_where_it_was_said_to_be(count, height):
    votes = np.full((count, 1, count), height, np.float32)
    index = np.arange(count)[None]
    assert_array_equal(peak(votes, index), index)


@pytest.mark.parametrize("count", [3, 4, 9, 30])
def test_votes_for_one_frame_alone_stay_there(count):
    only = np.zeros((count, 1, count), np.float32)
    only[np.arange(count), 0, np.arange(count)] = 1
    inside = np.s_[:, count // 3 : count - count // 3]  # at the ends, more frames on one side of it draw a little
    assert_allclose(peak(only, sharpest(only))[inside], sharpest(only)[inside], atol=0.2 if count == 4 else 0.01)


def test_a_rising_profile_has_its_peak_at_the_end():
    rising = profile(0.1, 0.2, 0.4, 0.8)  # straight, as a logarithm
    assert peak(rising, sharpest(rising)).item() == 3
    assert peak(rising[::-1], sharpest(rising[::-1])).item() == 0
    ratios = np.linspace(1.05, 2, 200)
    for count in (3, 6, 12):
        straight = (ratios ** np.arange(1 - count, 1)[:, None])[:, None].astype(np.float32)
        assert_array_equal(peak(straight, np.full((1, 200), 1))[0], 2)  # as far as the fit reaches
        assert_array_equal(peak(straight[::-1], np.full((1, 200), count - 2))[0], count - 3)


@pytest.mark.parametrize("count", [2, 3, 5, 9, 30])
def test_reversing_the_stack_reverses_the_peak(count):
    votes = np.random.default_rng(0).random((count, 20, 30), np.float32)
    there, back = peak(votes, sharpest(votes)), peak(votes[::-1], sharpest(votes[::-1]))
    assert_allclose(there, count - 1 - back, atol=1e-4)


# --- confidence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((0, 0, 0, 1, 0, 0, 0, 0, 0), 1),
        ((0, 0.8, 0, 1, 0.9, 0, 0, 0, 0), 0.2),  # a neighbour is no rival
        ((1, 0, 0, 0, 0, 0, 0, 0, 1), 0),
        ((0.5, 0, 0, 0, 1, 0, 0, 0, 0.25), 0.5),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), 0),
        ((0.4, 1), 0.6),
        ((1, 1), 0),
        ((1, 0.9, 0.3), 0.7),
        ((0.3, 1, 0.6), 0.4),  # in the middle of three, both others are rivals
        ((0.2, 1, 0.9, 0), 1),
        ((0.2, 0.8, 1, 0), 0.8),
    ],
)
def test_how_far_a_peak_is_above_its_rivals(votes, expected):
    votes = profile(*votes)
    assert rise_above_rivals(votes, sharpest(votes)).item() == pytest.approx(expected, abs=1e-6)
    assert rise_above_rivals(votes[::-1], len(votes) - 1 - sharpest(votes)).item() == pytest.approx(expected, abs=1e-6)


def test_in_long_stacks_a_peak_may_be_wider():
    votes = np.zeros((24, 1, 8), np.float32)
    votes[10] = 1
    for away in range(8):
        votes[10 + away, 0, away] = 1
    assert_array_equal(rise_above_rivals(votes, np.full((1, 8), 10)), [[1, 1, 1, 1, 1, 0, 0, 0]])


def test_a_frame_of_fewer_votes_than_its_rivals_is_not_to_be_trusted():
    votes = profile(0.2, 0, 0, 0, 0.9)
    assert rise_above_rivals(votes, np.full((1, 1), 0)).item() == 0


def test_depth_agrees_where_it_is_even_and_by_half_where_it_varies_by_a_tenth_of_the_stack():
    assert_allclose(agreement(np.full((20, 30), 4.3, np.float32), 9), 1, atol=1e-4)
    board = np.indices((40, 40)).sum(axis=0) % 2  # of two depths, as often: a standard deviation of half their distance
    for count in (9, 30):
        depth = (3 + board * 0.2 * count).astype(np.float32)
        assert_allclose(agreement(depth, count), 0.5, atol=0.01)
        assert_allclose(agreement((3 + board * 0.4 * count).astype(np.float32), count), 0.2, atol=0.01)


def test_depth_agrees_seven_pixels_from_an_outline():
    depth = np.zeros((30, 40), np.float32)
    depth[:, 20:] = 8
    around = agreement(depth, 9)
    assert_allclose(around[:, [12, 27]], 1, atol=1e-4)
    assert around[:, 13:27].max() < 0.7
    assert around[:, 19:21].max() < 0.1


def test_confidence_is_the_product_of_both():
    rng = np.random.default_rng(0)
    votes, depth = rng.random((9, 20, 30), np.float32), rng.random((20, 30), np.float32) * 8
    index = sharpest(votes)
    confidence = confidence_of(votes, index, depth)
    assert_allclose(confidence, rise_above_rivals(votes, index) * agreement(depth, 9), rtol=1e-6)
    assert confidence.dtype == np.float32
    assert confidence.min() >= 0 and confidence.max() <= 1


# --- clarity ---------------------------------------------------------------------------------------------------------


def test_profiles_that_rise_far_above_noise_are_clear():
    def clarity(rise, noise):
        focus = np.zeros((4, 40, 50), np.float32)
        focus[2] = rise
        return clarity_of(FocusVolume(focus, (40, 50), noise))

    assert_allclose(clarity(1, 1e-6), 1 / (1 + BLURRED), rtol=1e-3)
    assert_allclose(clarity(1e-6, 1e-6), 1 / (2 + BLURRED), rtol=1e-3)
    assert_allclose(clarity(0, 1e-6), 0)


def test_beside_a_strong_edge_what_is_weak_is_not_clear():
    focus = np.zeros((4, 60, 80), np.float32)
    focus[2, :, :40], focus[1, :, 40:] = 1, 1e-4
    clarity = clarity_of(FocusVolume(focus, (60, 80), 1e-7))
    assert clarity.shape == (60, 80)
    assert clarity[:, :30].min() > 0.9
    assert clarity[:, 40 + AROUND : 40 + AROUND + BLUR // 2].max() < 0.1
    assert clarity[:, 65:].min() > 0.9  # far from it
    assert (0 <= clarity).all() and (clarity <= 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3)])
def test_clarity_of_tiny_grids(shape):
    focus = np.random.default_rng(0).random((3, *shape), np.float32)
    clarity = clarity_of(FocusVolume(focus, shape, 1e-3))
    assert clarity.shape == shape
    assert np.isfinite(clarity).all()

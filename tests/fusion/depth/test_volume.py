"""The focus volume: what is measured where, what is held, and what nothing can be told from."""

import time
import weakref
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, Stack
from fusion.depth import FOCUS_MEASURES, volume
from fusion.depth.volume import (
    CELLS,
    LEAST_NOISE,
    PIXELS,
    WINDOW,
    averaged,
    check_measure,
    focus_volume,
    gray_of,
    grid_of,
    noise_of,
    reduced,
)

LUMA = np.float32([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def frames(texture):
    """Five colour frames, each sharp in another fifth of the width."""
    blurred = [cv2.GaussianBlur(texture, (0, 0), 0.01 + sigma) for sigma in range(5)]
    stack = np.empty((5, *texture.shape), np.float32)
    for frame in range(5):
        for part in range(5):
            columns = np.s_[:, part * 128 // 5 : (part + 1) * 128 // 5]
            stack[frame][columns] = blurred[abs(frame - part)][columns]
    return stack


def counted(frames, started, alive):
    """A stack that writes down which frame is read, and how many are alive then, with the one that is being read."""
    held = set()

    def read(index):
        time.sleep(0.002)  # so that whoever waits for the frame before has it
        name = object()
        held.add(name)
        started.append(index)
        alive.append(len(held))
        pixels = frames[index].copy()
        weakref.finalize(pixels, held.discard, name)
        return pixels

    readers = [partial(read, index) for index in range(len(frames))]
    return Stack(readers, [str(index) for index in range(len(frames))], frames[0].shape, 8)


# --- what is measured ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOCUS_MEASURES)
def test_every_frame_is_measured_and_averaged_around_each_pixel(frames, name):
    measured = focus_volume(frames, measure=name, kernel_size=5)
    assert measured.focus.shape == (5, 96, 128)
    assert measured.focus.dtype == np.float32
    assert measured.shape == (96, 128)
    for frame, focus in zip(frames, measured.focus):
        gray = frame @ LUMA
        plain = FOCUS_MEASURES[name](gray, 5)
        expected = cv2.GaussianBlur(plain, (0, 0), WINDOW, borderType=cv2.BORDER_REFLECT)
        expected *= ((frames[0] @ LUMA).mean() / gray.mean()) ** 2
        assert_allclose(focus, expected, rtol=3e-3, atol=1e-6)


def test_the_sharpest_frame_is_found_in_its_part(frames):
    index = focus_volume(frames).focus.argmax(axis=0)
    for part in range(5):
        inside = index[:, part * 128 // 5 + 4 : (part + 1) * 128 // 5 - 4]
        assert (inside == part).mean() > 0.95


def test_frames_keep_their_order(frames):
    order = [3, 1, 4, 0, 2]
    found, expected = focus_volume(frames[order]).focus, focus_volume(frames).focus[order]
    assert_allclose(found / found.max(), expected / expected.max(), rtol=1e-4, atol=1e-9)


def test_light_that_flickers_is_no_sharpness(frames):
    gains = np.float32([1, 0.6, 0.9, 0.5, 0.8])[:, None, None, None]
    expected = focus_volume(frames)
    found = focus_volume(frames * gains)
    usual = np.median(gains) ** 2
    assert_allclose(found.focus, usual * expected.focus, rtol=1e-3, atol=1e-8)
    assert found.noise == pytest.approx(usual * expected.noise, rel=1e-3)
    with pytest.raises(ValueError, match="equally sharp"):
        focus_volume([frames[0], frames[0] / 2, frames[0] / 4])


def test_brightness_that_focus_itself_changes_stays(frames):
    gains = np.float32([1, 0.98, 1, 0.94, 1])
    found, before = (focus_volume(frames * gain[:, None, None, None]).focus for gain in (gains, np.ones_like(gains)))
    expected = np.where(gains < 0.95, 1, gains) ** 2
    assert_allclose(found, expected[:, None, None] * before, rtol=2e-2, atol=1e-8)


def test_a_black_frame_is_no_sharper_than_others(frames):
    for place in (0, 2):
        some = frames.copy()
        some[place] = 0
        focus = focus_volume(some).focus
        assert np.isfinite(focus).all()
        assert_array_equal(focus[place], 0)
        assert (focus.argmax(axis=0) != place).all()


def test_averaging_keeps_the_sum_and_spreads_a_point_as_far_as_it_says():
    point = np.zeros((31, 41), np.float32)
    point[15, 20] = 1
    spread, (y, x) = averaged(point), np.indices(point.shape)
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert (spread * (y - 15) ** 2).sum() == pytest.approx(0.7**2, rel=0.05)
    assert (spread * (x - 20) ** 2).sum() == pytest.approx(0.7**2, rel=0.05)
    corner = np.zeros((31, 41), np.float32)
    corner[0, 0] = 1
    assert averaged(corner).sum() == pytest.approx(1, abs=1e-5)  # nothing is lost over the border, or counted twice


# --- doors -----------------------------------------------------------------------------------------------------------


def test_gray_frames_count_as_colour_frames_of_equal_channels(frames):
    gray = frames[..., 1]
    colour = np.repeat(gray[..., None], 3, axis=3)
    assert_allclose(focus_volume(gray).focus, focus_volume(colour).focus, rtol=1e-3, atol=1e-9)


def test_colours_count_by_their_luma():
    assert_allclose(gray_of(np.eye(3, dtype=np.float32)[None]), [[0.299, 0.587, 0.114]], atol=1e-4)


def test_gray_of_eight_bits_is_not_rounded():
    pixels = np.uint8([[[10, 11, 12]]])
    assert gray_of(pixels).dtype == np.float32
    assert gray_of(pixels)[0, 0] * 255 == pytest.approx(0.299 * 10 + 0.587 * 11 + 0.114 * 12, abs=2e-3)


@pytest.mark.parametrize("colour", [False, True])
def test_integers_are_measured_as_their_floats(frames, colour):
    eight = np.rint((frames if colour else frames[..., 1]) * 255).astype(np.uint8)
    expected = focus_volume(eight.astype(np.float32) / 255)
    for same in (eight, eight.astype(np.uint16) * 257, list(eight)):
        found = focus_volume(same)
        assert_allclose(found.focus, expected.focus, rtol=1e-3, atol=1e-8)
        assert found.noise == pytest.approx(expected.noise, rel=1e-3)


def test_every_frame_is_read_once_and_two_are_held(frames):
    started, alive = [], []
    stack = counted(np.rint(frames * 255).astype(np.uint8), started, alive)
    assert_allclose(focus_volume(stack).focus, focus_volume(frames).focus, atol=1e-3)
    assert started == [0, 1, 2, 3, 4]
    assert max(alive) == 2


def test_progress_is_told_of_every_frame(frames):
    told = []

    def progress(items, what):
        for item in items:
            told.append((what, item))
            yield item

    focus_volume(frames, progress=progress)
    assert told == [("measuring focus", index) for index in range(5)]


# --- the grid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1000, 1000), (500, 2000), (1, 1_000_000)])
def test_frames_up_to_a_megapixel_are_kept_as_they_are(shape):
    assert grid_of(shape, 25) == shape
    assert grid_of(shape, int(CELLS / PIXELS)) == shape


@pytest.mark.parametrize(
    ("shape", "count"),
    [((1001, 1000), 2), ((3000, 4000), 50), ((4000, 3000), 25), ((8000, 100), 1000), ((7, 9), 10**6)],
)
def test_grids_keep_their_proportions_and_stay_within_both_limits(shape, count):
    grid = grid_of(shape, count)
    assert grid != shape
    allowed = min(PIXELS, CELLS / count)
    assert 0.85 * allowed < grid[0] * grid[1] <= 1.02 * allowed
    assert grid[0] / grid[1] == pytest.approx(shape[0] / shape[1], rel=0.15)


def test_a_grid_has_a_cell_at_least():
    assert grid_of((1, 3_000_000), 2)[0] == 1
    assert grid_of((5, 5), 10, cells=40) == (2, 2)
    assert grid_of((5, 5), 1000, cells=1) == (1, 1)


def test_cells_of_a_grid_hold_means(frames):
    whole = focus_volume(frames)
    coarse = focus_volume(frames, cells=5 * 48 * 64)
    assert coarse.focus.shape == (5, 48, 64)
    assert coarse.shape == (96, 128)
    assert_allclose(coarse.focus, whole.focus.reshape(5, 48, 2, 64, 2).mean(axis=(2, 4)), rtol=1e-4, atol=1e-8)


def test_frames_of_more_than_the_limit_go_over_a_grid(frames, monkeypatch):
    monkeypatch.setattr(volume, "PIXELS", 32 * 43)
    found = focus_volume(frames)
    assert found.focus.shape == (5, 32, 43)
    assert found.focus.mean() == pytest.approx(focus_volume(frames, cells=1e9).focus.mean(), rel=0.01)


def test_reducing_keeps_channels_means_and_what_fits(frames):
    picture = frames[0]
    assert reduced(picture, (96, 128)) is picture
    halves = reduced(frames[0], (48, 64))
    assert_allclose(halves, frames[0].reshape(48, 2, 64, 2, 3).mean(axis=(1, 3)), atol=1e-6)
    assert reduced(frames[0][..., 0], (1, 128)).shape == (1, 128)
    assert reduced(frames[0][:, :1, 0], (50, 1)).shape == (50, 1)


# --- noise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOCUS_MEASURES)
def test_twice_the_noise_is_four_times_the_focus(name):
    noise = np.random.default_rng(0).standard_normal((6, 60, 80)).astype(np.float32)
    one, two = (focus_volume(0.5 + sigma * noise, measure=name).noise for sigma in (0.01, 0.02))
    assert two == pytest.approx(4 * one, rel=0.01)
    frame = focus_volume(0.5 + np.float32(0.01) * noise, measure=name).focus[0]
    assert 0.2 * frame.mean() < one < frame.mean()  # a low quantile, of the same order


def test_noise_is_that_of_flat_areas_and_does_not_count_texture():
    noise = np.random.default_rng(0).standard_normal((6, 96, 128)).astype(np.float32).clip(-4, 4) * np.float32(0.01)
    grain = 0.1 + 0.8 * np.random.default_rng(1).random((96, 128), np.float32)
    half = grain.copy()
    half[:48] = 0.5
    flat = focus_volume(0.5 + noise).noise
    assert focus_volume(half + noise).noise == pytest.approx(flat, rel=0.6)
    assert focus_volume(grain + noise).noise > 10 * flat  # where nothing is flat, it cannot be told


def test_noise_is_the_tenth_of_the_pixels_where_the_median_frame_is_least_sharp():
    focus = np.random.default_rng(0).random((5, 20, 30), np.float32)
    expected = np.quantile(np.sort(focus, axis=0)[2], 0.1)
    assert noise_of(focus) == pytest.approx(expected, rel=1e-6)


def test_black_borders_and_clipped_lights_are_no_noise():
    noise = np.random.default_rng(0).standard_normal((6, 90, 90)).astype(np.float32) * np.float32(0.01)
    frames = 0.5 + noise
    whole = focus_volume(frames).noise
    frames[:, :20], frames[:, -20:] = 0, 1
    assert focus_volume(frames).noise == pytest.approx(whole, rel=0.2)


def test_noise_is_never_0():
    assert noise_of(np.zeros((3, 4, 5), np.float32)) == LEAST_NOISE == 1e-9


def test_noise_of_large_grids_is_that_of_some_of_their_pixels():
    tile = np.random.default_rng(0).random((3, 10, 10), np.float32)
    large = np.tile(tile, (1, 70, 70))
    assert noise_of(large) == pytest.approx(noise_of(large[:, ::2, ::2]), rel=1e-6)
    assert noise_of(large) == pytest.approx(noise_of(tile), rel=0.5)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 5])
def test_frames_that_are_equally_sharp_tell_nothing(texture, count):
    message = f"all {count} frames are equally sharp everywhere, so nothing tells depth; give frames of one scene, each"
    with pytest.raises(ValueError, match=message):
        focus_volume([texture] * count)
    with pytest.raises(ValueError, match=message):
        focus_volume(np.full((count, 20, 30), 0.5, np.float32))
    with pytest.raises(ValueError, match=message):
        focus_volume([texture[:1, :1] * k for k in np.linspace(0.5, 1, count, dtype=np.float32)])


def test_one_pixel_that_differs_is_enough(texture):
    frames = np.repeat(texture[None], 3, axis=0)
    frames[2, 50, 60] += 0.01
    assert np.ptp(focus_volume(frames).focus, axis=0).max() > 0


def test_a_single_frame_is_measured(texture):
    measured = focus_volume(texture[None])
    assert measured.focus.shape == (1, 96, 128)
    assert measured.noise > LEAST_NOISE


def test_unknown_measures_are_named_with_those_that_are_known():
    with pytest.raises(
        ValueError, match="measure must be one of log, sml, tenengrad, variance, ring, multi-.*got 'LoG'"
    ):
        check_measure("LoG", 3)


@pytest.mark.parametrize("size", [4, 2, 1, 0, -3, 3.0, 257, True, None, "3", float("nan")])
def test_kernels_are_odd_and_of_three_pixels_or_more(size):
    with pytest.raises(ValueError, match=f"kernel_size must be an odd number of pixels, 3 to 255, got {size}"):
        check_measure("log", size)


@pytest.mark.parametrize("size", [3, 255, np.int64(9)])
def test_kernels_that_are_allowed(size):
    check_measure("ring", size)
    check_measure("log", size, (255, 300))


@pytest.mark.parametrize(("measure", "size", "side"), [("log", 61, 61), ("ring", 21, 43), ("multi-scale-ring", 21, 43)])
def test_kernels_larger_than_frames_are_named(measure, size, side):
    check_measure(measure, size, (side, 90))
    message = (
        f"kernel_size {size} makes {measure} look at {side} x {side} pixels, more than a frame of 90 x {side - 1} has"
    )
    with pytest.raises(ValueError, match=message):
        check_measure(measure, size, (side - 1, 90))
    check_measure(measure, 3, (1, 1))  # the default is for all


def test_frames_that_do_not_go_together_are_named(texture):
    with pytest.raises(DataError, match="frame 1 is 128 x 96 pixels in gray, but frame 0 is 128 x 96 pixels in colour"):
        focus_volume([texture, texture[..., 0]])
    with pytest.raises(DataError, match="frame 2"):
        focus_volume([texture, texture, np.full_like(texture, np.nan)])

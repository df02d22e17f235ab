"""Focus stacking: nearer to the truth than any simpler way, whatever the order, the memory and the kind of frames."""

import math
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fusion
from data import DataError, Stack, open_stack, save, to_float, to_gray
from data.scenes import built_in, focal_stack
from fusion import tiles as tiling
from fusion.log_maximum import laplacian_of_gaussian
from fusion.metrics import psnr
from fusion.noise import LEAST_NOISE, stack_noise
from fusion.pyramid import most_levels, sharpest_details
from fusion.stacking import (
    COARSEST,
    Stacked,
    _preferences,
    check_options,
    default_levels,
    memory_needed,
    pyramid_fusion,
    stack_frames,
    strips_within,
)
from fusion.tiles import TILE
from recalage import warp

ROOT = Path(__file__).resolve().parents[2]


def frames_of(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def floats(stack):
    return np.array([stack[index] for index in range(len(stack))])


def counted(frames, started=None, alive=None):
    """A stack that writes down which frame is read, and how many are alive then, with the one that is being read."""
    held = set()

    def read(index):
        time.sleep(0.002)  # so that whoever waits for the frame before has it
        name = object()
        held.add(name)
        if started is not None:
            started.append(index)
        if alive is not None:
            alive.append(len(held))
        pixels = frames[index].copy()
        weakref.finalize(pixels, held.discard, name)
        return pixels

    readers = [partial(read, index) for index in range(len(frames))]
    depth = 8 if frames[0].dtype == np.uint8 else 16
    return Stack(readers, [str(index) for index in range(len(frames))], frames[0].shape, depth)


@pytest.fixture(scope="module")
def scene():
    """The motorcycle in 8 frames, 741 x 500 pixels: two tiles high and two wide."""
    return focal_stack(distances=8)


@pytest.fixture(scope="module")
def fused(scene):
    return pyramid_fusion(scene.stack)


@pytest.fixture(scope="module")
def mapped(scene):
    return stack_frames(scene.stack, mapped=True)


@pytest.fixture(scope="module")
def small(scene):
    """A part of it, 70 x 90 pixels, in 8 bits, (8, 70, 90, 3)."""
    return np.array([scene.stack.pixels(index)[200:270, 300:390] for index in range(8)])


def assert_same(first, second):
    for ours, theirs in zip(first, second, strict=True):
        assert_array_equal(ours, theirs)


# --- quality ---------------------------------------------------------------------------------------------------------


def test_the_result_is_nearer_to_the_truth_than_the_best_frame_of_each_pixel(scene, fused):
    best = np.take_along_axis(floats(scene.stack), scene.index[None, ..., None].astype(int), axis=0)[0]
    assert psnr(fused, scene.sharp) > psnr(best, scene.sharp) + 2  # 43.8 and 41.2 dB


@pytest.mark.parametrize(
    ("simpler", "gain"),
    [({"naive": True}, 10), ({"consistent": False}, 4), ({"bounded": False}, 0.9)],
    ids=str,
)
def test_what_goes_beyond_the_plain_method_pays(scene, fused, simpler, gain):
    assert psnr(fused, scene.sharp) > psnr(pyramid_fusion(scene.stack, **simpler), scene.sharp) + gain


def test_the_result_is_nearer_to_the_truth_than_the_sharpest_details(scene, fused):
    assert psnr(fused, scene.sharp) > psnr(sharpest_details(scene.stack), scene.sharp) + 8.5


def test_a_gray_stack_is_fused_as_well(scene):
    frames = [to_gray(scene.stack.pixels(index)) for index in range(8)]
    assert psnr(pyramid_fusion(frames), to_gray(scene.sharp)) > 43


def test_what_is_sharp_in_every_frame_comes_back(texture):
    noisy = np.array([texture] * 4) + 0.002 * np.random.default_rng(0).standard_normal((4, *texture.shape))
    assert psnr(pyramid_fusion(noisy.clip(0, 1).astype(np.float32)), texture) > 55


# --- order -----------------------------------------------------------------------------------------------------------


def test_the_order_of_frames_does_not_matter(scene, fused):
    shuffled = scene.stack.select(np.random.default_rng(4).permutation(8))
    assert_allclose(pyramid_fusion(shuffled), fused, atol=1e-5)


@pytest.mark.parametrize("ends", [("first", "last"), ("last", "first")])
def test_a_preference_turns_round_with_the_stack(scene, ends):
    backwards = scene.stack.select(range(8)[::-1])
    turned = pyramid_fusion(backwards, prefer=ends[1])
    assert_allclose(pyramid_fusion(scene.stack, prefer=ends[0]), turned, atol=1e-5)


def psnr_where(image, truth, where):
    return -10 * np.log10(np.square(image[where] - truth[where]).mean())


def test_a_preference_for_the_front_keeps_it_whole_before_a_sharp_background():
    """Wires and leaves before a lawn: the background is seen through their blurred rims."""
    pair = built_in("built-in/thin")
    front, back = pair.alpha > 0.5, pair.alpha <= 0.5
    fused = {prefer: pyramid_fusion(pair.stack, prefer=prefer) for prefer in (None, "first", "last")}
    fronts, backs = (
        {prefer: psnr_where(image, pair.sharp, part) for prefer, image in fused.items()} for part in (front, back)
    )
    assert fronts["first"] > fronts[None] + 1 and fronts["last"] < fronts[None] - 1
    assert backs["first"] > backs[None] - 0.7
    wholes = {prefer: psnr(image, pair.sharp) for prefer, image in fused.items()}
    assert wholes["first"] > wholes[None] - 0.6


def test_what_a_preference_leaves_falls_by_half_in_evidence_from_end_to_end():
    assert_allclose(_preferences(3, "first"), [1, 1 / 8, 1 / 64])
    assert_allclose(_preferences(3, "last"), [1 / 64, 1 / 8, 1])
    assert_allclose(_preferences(4, None), 1)


def test_of_two_frames_the_preferred_one_may_have_half_the_energy():
    """Of the same details, of which one frame has a contrast lower by the square root of a bit more or less than 2."""
    detail = frames_of((60, 60)) - 0.5
    for energy, first_wins in ((0.55, True), (0.45, False)):
        frames = [0.5 + math.sqrt(energy) * detail, 0.5 + detail]
        index = stack_frames(frames, prefer="first", mapped=True, noise=LEAST_NOISE).index
        assert (index == 0).mean() == pytest.approx(1 if first_wins else 0, abs=0.02)
        assert_array_equal(stack_frames(frames, mapped=True, noise=LEAST_NOISE).index, 1)


# --- one pass, any memory, any kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"noise": 1e-4}, {"naive": True}, {}], ids=str)
def test_every_frame_is_read_once_for_noise_and_once_to_be_fused_and_two_are_held(small, options):
    started, alive = [], []
    stack_frames(counted(small, started, alive), **options)
    assert started == list(range(8)) * (1 if options else 2)
    assert max(alive) == 2


@pytest.mark.parametrize(("rows", "strips"), [(384, 3), (768, 2), (1152, 1), (9999, 1)])
def test_little_memory_costs_a_pass_for_each_strip_and_changes_no_bit(rows, strips):
    frames = np.rint(255 * frames_of((3, 900, 40, 3))).astype(np.uint8)
    started, alive = [], []
    stack = counted(frames, started, alive)
    ram = memory_needed(stack.shape[1:], 8, rows=rows, mapped=True)
    options = {"mapped": True, "noise": stack_noise(frames)}
    assert_same(stack_frames(stack, ram=ram, **options), stack_frames(frames, mapped=True))
    assert started == list(range(3)) * strips
    assert max(alive) == 2


def test_a_budget_changes_no_bit_of_a_real_picture(scene, mapped):
    ram = memory_needed(scene.stack.shape[1:], 8, rows=TILE, mapped=True)
    assert len(strips_within(ram, scene.stack.shape[1:], 8, mapped=True)) == 2
    assert_same(stack_frames(scene.stack, ram=ram, mapped=True), mapped)


def test_the_number_of_workers_changes_no_bit(scene, mapped):
    for workers in (1, 3):
        assert_same(stack_frames(scene.stack, workers=workers, mapped=True), mapped)


@pytest.mark.parametrize(("workers", "pools"), [(1, set()), (3, {3})])
def test_so_many_workers_as_given_work_on_every_level(small, monkeypatch, workers, pools):
    monkeypatch.setattr(tiling, "WORKERS", 2)
    made = set()
    pool = tiling.ThreadPoolExecutor
    monkeypatch.setattr(tiling, "ThreadPoolExecutor", lambda count: made.add(count) or pool(count))
    stack_frames(small, workers=workers)
    assert made == pools


def test_a_second_run_gives_the_same_bits(scene, mapped):
    assert_same(stack_frames(scene.stack, mapped=True), mapped)


@pytest.mark.parametrize("naive", [False, True])
def test_the_kind_of_input_changes_no_bit(small, tmp_path, naive):
    expected = pyramid_fusion(small, naive=naive)
    paths = [tmp_path / f"{index}.png" for index in range(len(small))]
    for path, frame in zip(paths, small, strict=True):
        save(frame, path)
    wide = small.astype(np.uint16) * 257
    kinds = [list(small), open_stack(small), paths, tmp_path, wide, list(wide), small / 255, small / np.float32(255)]
    for kind in kinds:
        assert_array_equal(pyramid_fusion(kind, naive=naive), expected)


def test_frames_of_8_and_16_bits_go_together(small):
    wide = small.astype(np.uint16) * 257
    wide[2, 5, 5, 0] += 1  # so that it is none of 8 bits
    mixed = [wide[index] if index == 2 else frame for index, frame in enumerate(small)]
    stacked = stack_frames(mixed)
    assert stacked.image.dtype == np.uint16
    assert_array_equal(stacked.image, stack_frames(list(wide)).image)
    turned = [wide[2], *small[3:], *small[:2]]
    assert np.abs(stack_frames(turned).image.astype(int) - stacked.image).max() <= 1


@pytest.mark.parametrize("naive", [False, True])
def test_the_result_has_the_depth_of_the_frames(small, naive):
    exact = pyramid_fusion(small, naive=naive)
    assert exact.dtype == np.float32
    eight = stack_frames(small, naive=naive).image
    assert eight.dtype == np.uint8
    assert_array_equal(eight, np.rint(exact * 255))
    sixteen = stack_frames(frames_of((3, 20, 20)), naive=naive).image
    assert sixteen.dtype == np.uint16
    wide = stack_frames(small, naive=naive, dtype=np.uint16).image
    assert_array_equal(wide, np.rint(exact * np.float32(65535)))


def test_frames_are_not_changed(small):
    for frames in (small, small / np.float32(255), frames_of((3, 30, 40))):
        before = frames.copy()
        stack_frames(frames, mapped=True)
        stack_frames(frames, naive=True)
        assert_array_equal(frames, before)


def test_both_doors_lead_to_the_same_method(small):
    options = {"levels": 5, "kernel_size": 7, "prefer": "last", "consistent": False, "bounded": False}
    stacked = stack_frames(small, **options, dtype=np.float32)
    assert isinstance(stacked, Stacked) and stacked.index is None and stacked.confidence is None
    assert_array_equal(pyramid_fusion(small, **options), stacked.image)
    assert fusion.pyramid_fusion is pyramid_fusion
    for name in options:
        others = {key: value for key, value in options.items() if key != name}
        assert np.abs(pyramid_fusion(small, **others) - stacked.image).max() > 1e-3, name


def test_progress_sees_every_frame_of_every_strip():
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append((frame, what))
            yield frame

    frames = frames_of((3, 400, 9))
    stack_frames(frames, progress=progress, ram=memory_needed((400, 9), 16, rows=TILE))
    assert seen == [(step, "looking for noise") for step in range(3)] + [(step, "fusing") for step in range(6)]
    seen.clear()
    stack_frames(frames, naive=True, progress=progress)
    assert seen == [(step, "fusing") for step in range(3)]


# --- noise -----------------------------------------------------------------------------------------------------------


def spread(frames, **options):
    """Standard deviation of the result in what is flat, of that of a frame."""
    return float(pyramid_fusion(frames, **options)[8:-8, -120:-8].std()) / 0.03


def noisy(count, shape):
    noise = np.random.default_rng(count).standard_normal((count, *shape), np.float32)
    return (0.5 + np.float32(0.03) * noise).clip(0, 1)


@pytest.mark.parametrize(("shape", "few", "many"), [((200, 200), 0.85, 0.5), ((200, 200, 3), 0.6, 0.25)], ids=str)
def test_noise_falls_with_more_frames_where_nothing_is_seen(shape, few, many):
    assert spread(noisy(5, shape)) < few  # 0.77 in gray, 0.54 in colour
    assert spread(noisy(40, shape)) < many  # 0.43 and 0.20
    assert spread(noisy(5, shape), naive=True) > 1 < spread(noisy(40, shape), naive=True)


def test_noise_falls_too_where_part_of_all_frames_is_clipped():
    for count, most in ((5, 0.85), (40, 0.5)):
        frames = noisy(count, (200, 200))
        frames[:, :, :50] = 0
        assert spread(frames) < most


def test_noise_falls_too_beside_what_is_sharp_in_some_frames(texture):
    left = []
    for count in (5, 20):
        frames = noisy(count, (96, 256))
        for index, frame in enumerate(frames):
            frame[:, :128] += cv2.GaussianBlur(texture[..., 1], (0, 0), 0.2 + abs(index - count // 2) / 3) - 0.5
            frame.clip(0, 1, out=frame)
        left.append(spread(frames))
    assert left[1] < 0.65 and left[1] < 0.8 * left[0]


# --- range -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 70, 60), (3, 70, 60, 3)], ids=str)
def test_the_result_stays_within_the_range_of_the_frames_in_each_pixel(shape):
    frames = 0.41 + 0.17 * np.rint(frames_of(shape))  # many pixels are alike in all frames
    low, high = frames.min(axis=0), frames.max(axis=0)
    fused = pyramid_fusion(frames)
    assert (fused >= low).all() and (fused <= high).all()
    free = pyramid_fusion(frames, bounded=False)
    assert (free < low - 1e-3).any() and (free > high + 1e-3).any()
    assert_allclose(fused, free.clip(low, high), atol=1e-6)


def test_what_is_clipped_in_all_frames_stays_so(scene):
    clipped = np.rint(255 * (2.5 * floats(scene.stack) - 0.4).clip(0, 1)).astype(np.uint8)
    white, black = (clipped == 255).all(axis=0), (clipped == 0).all(axis=0)
    assert white.mean() > 0.03 and black.mean() > 0.03
    fused = stack_frames(clipped).image
    assert (fused[white] == 255).all() and (fused[black] == 0).all()
    free = stack_frames(clipped, bounded=False).image
    assert (free[white] < 250).any() and free[black].any()


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("naive", [False, True])
def test_black_and_white_frames_stay_black_and_white(value, naive):
    stacked = stack_frames(np.full((3, 40, 50, 3), value, np.uint8), mapped=True, naive=naive, bounded=False)
    assert_array_equal(stacked.image, value)
    assert_array_equal(stacked.index, 0)
    assert_array_equal(stacked.confidence, 0)


def test_many_frames_of_strong_contrast_overflow_nothing():
    checks = (np.indices((96, 96)).sum(axis=0) % 2).astype(np.uint8) * 255
    frames = [checks if index % 2 else 255 - checks for index in range(60)]
    stacked = stack_frames(frames, mapped=True, dtype=np.float32)
    assert_allclose(stacked.image, 0.5, atol=0.01)
    assert_allclose(stacked.confidence, 0, atol=1e-4)
    same = stack_frames([checks] * 60, dtype=np.float32)
    assert_allclose(same.image, checks / 255, atol=1e-4)


# --- few frames, small frames ----------------------------------------------------------------------------------------

TINY = [(1, 1), (2, 2), (1, 5), (3, 500), (65, 64, 3), (17, 400), (2, 2, 3)]


@pytest.mark.parametrize("options", [{}, {"consistent": False}, {"kernel_size": 31}, {"naive": True}], ids=str)
@pytest.mark.parametrize("shape", TINY, ids=str)
def test_small_frames_are_fused(shape, options):
    frames = frames_of((3, *shape))
    stacked = stack_frames(frames, **options, mapped=True, dtype=np.float32)
    assert stacked.image.shape == shape and stacked.index.shape == stacked.confidence.shape == shape[:2]
    assert (stacked.image >= frames.min(axis=0) - 1e-6).all() and (stacked.image <= frames.max(axis=0) + 1e-6).all()
    assert np.isin(stacked.index, range(3)).all()


@pytest.mark.parametrize("options", [{}, {"naive": True}, {"bounded": False}, {"prefer": "last"}], ids=str)
@pytest.mark.parametrize("shape", TINY, ids=str)
def test_one_frame_comes_back_as_it_is(shape, options):
    frame = frames_of(shape)
    stacked = stack_frames([frame], **options, mapped=True, dtype=np.float32)
    assert_allclose(stacked.image, frame, atol=1e-6)
    assert_array_equal(stacked.index, 0)


def test_integers_of_one_frame_come_back_exactly(small):
    assert_array_equal(stack_frames(small[:1], bounded=False).image, small[0])


def test_two_equal_frames_are_as_good_as_one(small):
    stacked = stack_frames([small[3], small[3]], mapped=True, bounded=False)
    assert_array_equal(stacked.image, small[3])
    assert_array_equal(stacked.index, 0)
    assert_allclose(stacked.confidence, 0, atol=1e-6)


# --- index and confidence --------------------------------------------------------------------------------------------


def textured(image, share):
    """Where the Laplacian is strongest around, in so large a share of an image."""
    strength = cv2.GaussianBlur(np.abs(cv2.Laplacian(to_float(to_gray(image)), cv2.CV_32F)), (0, 0), 3)
    return strength >= np.quantile(strength, 1 - share)


def test_the_index_is_within_a_frame_of_the_truth_in_texture(scene, mapped):
    assert mapped.index.dtype == np.uint16
    off = np.abs(mapped.index.astype(int) - scene.index)[textured(scene.sharp, 0.25)]
    assert (off <= 1).mean() > 0.94 and (off == 0).mean() > 0.8


def test_the_index_is_of_frames_wherever_they_stand(scene, mapped):
    order = np.random.default_rng(1).permutation(8)
    shuffled = stack_frames(scene.stack.select(order), mapped=True)
    sure = mapped.confidence > 0.05
    assert (order[shuffled.index] == mapped.index)[sure].mean() > 0.999


def test_confidence_is_low_where_frames_are_flat_and_high_where_one_is_sharp(focus_pair):
    left, right = (np.concatenate([frame, np.full_like(frame, 0.5)], axis=1) for frame in focus_pair)
    noise = np.random.default_rng(0).normal(scale=0.005, size=(2, *left.shape))
    frames = (np.array([left, right]) + noise).clip(0, 1).astype(np.float32)
    confidence = stack_frames(frames, mapped=True).confidence
    assert confidence.dtype == np.float32 and confidence.min() >= 0 and confidence.max() <= 1
    assert np.median(confidence[:, 140:]) < 0.5 and np.median(confidence[:, :128]) > 0.95


def test_confidence_is_the_share_above_the_mean():
    """Two frames of the same details, of which one has more contrast: weights are powers of the energies."""
    detail = (frames_of((96, 96)) - 0.5) * 0.5
    frames = [0.5 + detail * math.sqrt(0.9), 0.5 + detail]
    stacked = stack_frames(frames, mapped=True, kernel_size=31, noise=LEAST_NOISE)
    confidence = stacked.confidence[20:-20, 20:-20]
    share = 1 / (1 + 0.9**6)
    assert_allclose(confidence, 2 * share - 1, rtol=1e-3)


def test_without_maps_there_are_none(small):
    plain = stack_frames(small)
    assert plain.index is None and plain.confidence is None
    assert_array_equal(plain.image, stack_frames(small, mapped=True).image)


# --- the plainest method ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel_size", [3, 5, 7])
def test_the_naive_method_takes_pixels_of_the_strongest_laplacian(small, kernel_size):
    strengths = np.array([laplacian_of_gaussian(frame, kernel_size) for frame in small])
    strongest = strengths.argmax(axis=0)
    stacked = stack_frames(small, naive=True, kernel_size=kernel_size, mapped=True)
    assert_array_equal(stacked.index, strongest)
    assert_array_equal(stacked.image, np.take_along_axis(small, strongest[None, ..., None], axis=0)[0])
    assert stacked.confidence.min() >= 0 and stacked.confidence.max() <= 1
    assert_array_equal(pyramid_fusion(small, naive=True, kernel_size=kernel_size), to_float(stacked.image))


# --- frames that were moved ------------------------------------------------------------------------------------------


def moved(scene, tilt=0.0):
    """Frames of a camera that breathes and drifts, brought back; and the matrices that did it."""
    height, width = scene.sharp.shape[:2]
    frames, matrices = [], []
    for index in range(len(scene.stack)):
        scale, steps = 1 + 0.01 * (index - 4), index - 4
        matrix = np.array(
            [[scale, 0, (1 - scale) * width / 2 + 2 * steps], [0, scale, (1 - scale) * height / 2], [0, 0, 1]]
        )
        matrix = matrix @ np.array([[1, 0, 0], [0, 1, 0], [tilt * steps, 0, 1]])
        seen = warp(scene.stack.pixels(index), np.linalg.inv(matrix))
        frames.append(warp(seen, matrix))
        matrices.append(matrix)
    return frames, matrices


@pytest.mark.parametrize("tilt", [0, 2e-5], ids=["affine", "perspective"])
def test_repeated_borders_of_moved_frames_do_not_count(scene, tilt):
    frames, matrices = moved(scene, tilt)
    border = np.ones(scene.index.shape, bool)
    border[25:-25, 30:-30] = False
    plain, told = (stack_frames(frames, matrices=given, dtype=np.float32).image for given in (None, matrices))
    assert psnr_where(told, scene.sharp, border) > psnr_where(plain, scene.sharp, border) + 3
    assert (
        psnr(told[30:-30, 40:-40], scene.sharp[30:-30, 40:-40])
        > psnr(plain[30:-30, 40:-40], scene.sharp[30:-30, 40:-40]) - 0.1
    )


def shifted(frame, x):
    """A frame that was moved to the right, and the matrix."""
    matrix = np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]])
    return warp(frame, matrix), matrix


@pytest.mark.parametrize("naive", [False, True])
@pytest.mark.parametrize("contrast", [0.02, 0.4])
def test_the_stripes_of_a_repeated_border_win_against_nothing(contrast, naive):
    soft = cv2.GaussianBlur(frames_of((128, 128)), (0, 0), 6)
    stripes = np.tile(0.5 + contrast * np.sign(np.sin(1.5 * np.arange(128)))[:, None], 128).astype(np.float32)
    stripes, matrix = shifted(stripes, 60)
    options = {"naive": naive, "mapped": True, "dtype": np.float32}
    told = stack_frames([soft, stripes], matrices=[np.eye(3), matrix], **options)
    assert_array_equal(told.index[:, :60], 0)
    assert_allclose(told.image[:, :30], soft[:, :30], atol=0.02)
    assert (told.index[:, 70:] == 1).mean() > 0.9
    assert stack_frames([soft, stripes], **options).index[:, :60].mean() > 0.5


def test_where_no_frame_shows_anything_frames_count_as_they_would_without_matrices(small):
    frames, matrices = zip(*(shifted(frame, 20) for frame in small), strict=True)
    plain, told = (stack_frames(frames, matrices=given, mapped=True, dtype=np.float32) for given in (None, matrices))
    assert_allclose(told.image, plain.image, atol=1e-5)
    assert_array_equal(told.index, plain.index)
    assert_allclose(told.confidence, plain.confidence, atol=1e-4)


def test_frames_that_stay_where_they_are_count_all_over(small):
    assert_same(stack_frames(small, matrices=[np.eye(3)] * 8, mapped=True), stack_frames(small, mapped=True))


def test_strips_of_moved_frames_change_no_bit(scene):
    frames, matrices = moved(scene)
    ram = memory_needed(scene.sharp.shape, 8, rows=TILE)
    assert len(strips_within(ram, scene.sharp.shape, 8)) == 2
    assert_same(stack_frames(frames, matrices=matrices, ram=ram), stack_frames(frames, matrices=matrices))


# --- options and errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "levels"),
    [((31, 90), 1), ((32, 32), 1), ((63, 90), 1), ((64, 65, 3), 2), ((500, 741), 4), ((4000, 3000), 7)],
)
def test_default_levels_leave_16_pixels(shape, levels):
    assert default_levels(shape) == levels
    assert check_options(shape) == levels
    assert min(shape[:2]) / 2**levels < 2 * COARSEST


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (16, 16)])
def test_the_smallest_frames_have_one_level(shape):
    assert default_levels(shape) == 1


def test_every_number_of_levels_is_taken(small):
    assert most_levels(small.shape[1:]) == 6
    images = [pyramid_fusion(small, levels=levels) for levels in range(1, 7)]
    for fewer, more in zip(images, images[1:], strict=False):
        assert np.abs(fewer - more).max() > 1e-5
    assert_array_equal(pyramid_fusion(small), images[1])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"levels": 0}, "levels must be a whole number from 1 to 6 for frames of 90 x 70 pixels, got 0; leave it out"),
        ({"levels": -1}, "got -1"),
        ({"levels": math.nan}, "got nan"),
        ({"levels": 7}, "levels must be .* to 6 .*, got 7"),
        ({"levels": 1.5}, "levels must be .* to 6 .*, got 1.5"),
        ({"kernel_size": 4}, "kernel_size must be an odd number of pixels, 3 to 31, got 4"),
        ({"kernel_size": 1}, "kernel_size must be .* got 1"),
        ({"kernel_size": 33}, "kernel_size must be .* got 33"),
        ({"kernel_size": 5.0}, "kernel_size must be .* got 5.0"),
        ({"prefer": "front"}, "prefer must be None, 'first' or 'last', got 'front'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("naive", [False, True])
def test_bad_options_are_named_before_a_frame_is_read(small, option, message, naive):
    stack = open_stack(small)
    stack.pixels = None
    for door in (pyramid_fusion, stack_frames):
        with pytest.raises(ValueError, match=message):
            door(stack, naive=naive, **option)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"workers": 0}, "workers must be a whole number of threads, 1 or more, got 0"),
        ({"matrices": [np.eye(3)] * 7}, r"matrices must have shape \(8, 3, 3\), one for each frame, got \(7, 3, 3\)"),
        (
            {"matrices": [np.eye(3)] * 9},
            r"got \(9, 3, 3\); of an alignment that left frames out, give matrices\[kept\]",
        ),
        ({"matrices": [np.eye(3)] * 7 + [np.full((3, 3), np.nan)]}, "matrix 7 must be finite, with an inverse"),
        ({"matrices": [np.diag([1, 0, 1])] + [np.eye(3)] * 7}, "matrix 0 must be finite, with an inverse"),
    ],
    ids=["workers", "too few", "too many", "left out", "singular"],
)
@pytest.mark.parametrize("naive", [False, True])
def test_bad_options_of_the_inner_door_are_named_too(small, option, message, naive):
    stack = open_stack(small)
    stack.pixels = None
    with pytest.raises(ValueError, match=message):
        stack_frames(stack, naive=naive, **option)


@pytest.mark.parametrize("naive", [False, True])
def test_too_small_a_budget_says_how_much_is_needed(small, naive):
    stack = open_stack(small)
    needed = memory_needed(small.shape[1:], 8, naive=naive)
    stack.pixels, before = None, stack.pixels
    message = f"a budget of 90 MB is too small: frames of 90 x 70 pixels and 8 bits take {math.ceil(needed / 1e6)} MB"
    with pytest.raises(ValueError, match=message):
        stack_frames(stack, ram=90e6, naive=naive)
    with pytest.raises(ValueError, match="too small"):
        stack_frames(stack, ram=needed - 1, naive=naive)
    stack.pixels = before
    assert stack_frames(stack, ram=needed, naive=naive).image.shape == small.shape[1:]


def test_frames_that_differ_in_size_are_named(small):
    with pytest.raises(DataError, match="frame 2 is 89 x 70"):
        pyramid_fusion([small[0], small[1], small[2][:, 1:]])


def test_an_error_in_a_frame_is_raised_and_leaves_no_thread(small):
    def fail():
        raise DataError("frame 3 is damaged")

    stack = Stack([lambda: small[0]] * 3 + [fail] + [lambda: small[0]], list("01234"), small.shape[1:], 8)
    before = threading.active_count()
    for naive in (False, True):
        with pytest.raises(DataError, match="frame 3 is damaged"):
            stack_frames(stack, naive=naive)
    assert threading.active_count() == before


# --- memory ----------------------------------------------------------------------------------------------------------


def test_memory_rises_with_what_is_held():
    shape = (3000, 4000, 3)
    least = memory_needed(shape, 8)
    assert isinstance(least, int)
    assert memory_needed((3000, 4000), 8) < least < memory_needed((4000, 6000, 3), 8)
    assert least < memory_needed(shape, 16)
    assert least < memory_needed(shape, 8, mapped=True)
    assert memory_needed(shape, 8, naive=True) < memory_needed(shape, 16, naive=True, mapped=True)
    assert least < memory_needed(shape, 8, rows=768) < memory_needed(shape, 8, rows=3000)
    assert memory_needed(shape, 8, rows=3000) == memory_needed(shape, 8, rows=9999)


@pytest.mark.parametrize("naive", [False, True])
def test_the_maps_and_the_result_are_part_of_what_is_needed(naive):
    """A frame in hand, one that is being read and the result; 2 bytes for the index of a pixel, 4 for its confidence."""
    needed = partial(memory_needed, (3000, 4000, 3), naive=naive)
    assert needed(8, mapped=True) - needed(8) >= 12_000_000 * 6
    assert needed(16) - needed(8) >= 12_000_000 * 3 * 3


@pytest.mark.parametrize("height", [1, 384, 385, 2000, 4000])
@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_strips_cover_all_rows_within_the_budget(height, share):
    shape = (height, 3000, 3)
    least, most = memory_needed(shape, 8), memory_needed(shape, 8, rows=height + TILE)
    ram = least + share * (most - least)
    strips = strips_within(ram, shape, 8)
    assert strips[0].start == 0 and strips[-1].stop == height
    assert all(above.stop == below.start for above, below in zip(strips, strips[1:], strict=False))
    assert all(rows.start % TILE == 0 for rows in strips)
    rows = strips[0].stop
    assert all(strip.stop - strip.start <= rows for strip in strips)
    assert memory_needed(shape, 8, rows=rows) <= ram
    if share == 1:
        assert len(strips) == 1


def test_the_least_budget_is_that_of_one_row_of_tiles():
    shape = (2000, 3000, 3)
    least = memory_needed(shape, 8)
    assert len(strips_within(least, shape, 8)) == 6
    with pytest.raises(ValueError, match=f"take {math.ceil(least / 1e6)} MB at least"):
        strips_within(least - 1, shape, 8)


def test_fewest_strips_are_made():
    shape = (2000, 3000, 3)
    for rows, count in ((384, 6), (768, 3), (1152, 2), (2304, 1)):
        assert len(strips_within(memory_needed(shape, 8, rows=rows), shape, 8)) == count
    assert strips_within(None, shape, 8) == [slice(0, 2000)]


CHILD = """
    import sys
    from functools import partial
    from pathlib import Path
    import cv2
    import numpy as np
    from data import Stack
    from fusion.stacking import memory_needed, stack_frames

    depth, mapped, strips = (int(word) for word in sys.argv[1:])
    shape, dtype = (2000, 3000, 3), {8: np.uint8, 16: np.uint16}[depth]
    cv2.setNumThreads(1)

    def read(seed):
        return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape, dtype)

    stack = Stack([partial(read, seed) for seed in range(3)], list("abc"), shape, depth)
    needed = memory_needed(shape, depth, mapped=bool(mapped), **({} if strips else {"rows": shape[0]}))
    stack_frames(stack, ram=needed if strips else None, mapped=bool(mapped), workers=2)
    told = Path("/proc/self/status").read_text()  # getrusage begins with the peak of the parent process
    print(int(told.split("VmHWM:")[1].split()[0]) * 1024, needed)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_process_takes_no_more_memory_than_is_declared():
    """6 megapixels: with all rows at once and with few of them."""
    for depth, mapped, strips in ((8, 0, 0), (16, 1, 1)):
        command = [sys.executable, "-c", textwrap.dedent(CHILD), *map(str, (depth, mapped, strips))]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        taken, needed = map(int, said.split())
        assert 0.6 * needed < taken < needed, (depth, mapped, strips)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("noise", 0), ("noise", float("nan")), ("noise", 2), ("dtype", "int16"), ("dtype", float)]
    + [(name, wrong) for name in ("levels", "workers", "kernel_size") for wrong in (1.5, True, "3")],
)
def test_options_of_other_kinds_are_refused(option, wrong):
    with pytest.raises(ValueError, match=f"{option} must be"):
        stack_frames(frames_of((2, 30, 30)), **{option: wrong})


def test_a_frame_that_is_sharp_nearly_all_over_does_not_hide_where_another_is(texture):
    """What fills a frame is no noise, if another frame shows it blurred."""
    sharp = texture[..., 1]
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    first, second = sharp.copy(), blurred.copy()
    first[:, :20], second[:, :20] = blurred[:, :20], sharp[:, :20]
    fused = pyramid_fusion([first, second])
    assert np.abs(fused - sharp)[:, :14].max() < 0.02


def test_noise_is_looked_for_in_the_window_of_the_energy():
    frames = noisy(4, (96, 96))
    expected = stack_frames(frames, kernel_size=9, noise=stack_noise(frames, window=9), dtype=np.float32).image
    assert_array_equal(pyramid_fusion(frames, kernel_size=9), expected)


def test_levels_on_their_own_go_by_the_noise_that_they_have():
    """Coarse structure above the little noise of coarse levels is kept, though fine levels have more."""
    columns = np.arange(128, dtype=np.float32)
    waves = np.tile(0.5 + np.float32(0.04) * np.sin(columns * (2 * np.pi / 24)), (128, 1)).astype(np.float32)
    flat = np.full_like(waves, 0.5)
    fused = stack_frames([waves, flat], consistent=False, noise=1e-4, dtype=np.float32).image
    assert fused[32:-32, 32:-32].std() > 0.94 * waves[32:-32, 32:-32].std()  # 0.95

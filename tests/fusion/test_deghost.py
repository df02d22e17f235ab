"""Facts about deghosting: what moved leaves no ghost, and what did not stays as it is."""

import tracemalloc

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms

from data import DataError, load, open_stack
from data.scenes import RESPONSES, exposure_bracket, to_eight_bits, to_linear
from fusion.deghost import best_exposed, consistency, deghosted, ghost_mask, intensity_mapping
from fusion.exposure import exposure_fusion
from fusion.metrics import psnr

MIDDLE = 2


@pytest.fixture(scope="module")
def bracket():
    """Five exposures of a scene over which a coin slides."""
    return exposure_bracket(moving=True)


@pytest.fixture(scope="module")
def static(bracket):
    """The same with the coin where it is in the middle frame, without noise: what a frame should show."""
    return open_stack([to_eight_bits(bracket.radiance * np.float32(2.0**stop)) for stop in bracket.exposures])


@pytest.fixture(scope="module")
def repaired(bracket):
    return open_stack([deghosted(bracket.stack, MIDDLE).pixels(index) for index in range(5)])


def changed(stack, other, index):
    """Where two stacks differ, (H, W)."""
    return (np.atleast_3d(stack.pixels(index)) != np.atleast_3d(other.pixels(index))).any(axis=2)


def two_exposures(light, other, stops, response="srgb"):
    """Frames of two scenes, the second of more exposure by some stops."""
    return to_eight_bits(light, response), to_eight_bits(other * np.float32(2.0**stops), response)


def wall_with_ball(left, light):
    """A dim wall, (200, 300, 3), and in front of it a ball of a light that the wall has nowhere; and where the ball is."""
    rows, columns = np.mgrid[:200, :300]
    wall = 0.03 + 0.05 * (1 + np.sin(rows / 9)) * (1 + np.cos(columns / 7)) / 4
    ball = np.hypot(rows - 100, columns - left) < 45
    return np.where(ball, light, wall).astype(np.float32)[..., None].repeat(3, axis=2), ball


# --- the mapping -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("response", RESPONSES)
def test_the_mapping_is_that_of_the_camera(response):
    scene = exposure_bracket(moving=True, response=response)
    encode, decode = RESPONSES[response]
    reference = scene.stack[MIDDLE]
    known = (reference > 0.1) & (reference < 0.97)
    for index in (0, 1, 3, 4):
        mapping = intensity_mapping(reference, scene.stack[index])
        expected = encode((decode(reference) * 2.0 ** scene.exposures[index]).clip(0, 1))
        seen = np.stack([mapping[np.rint(reference[..., c] * 255).astype(int), c] for c in range(3)], axis=2)
        assert np.abs(seen - expected)[known].mean() < 1 / 255


def test_a_mapping_never_falls_and_of_a_frame_to_itself_changes_nothing(bracket):
    for index in range(5):
        mapping = intensity_mapping(bracket.stack.pixels(MIDDLE), bracket.stack.pixels(index))
        assert mapping.shape == (256, 3)
        assert mapping.min() >= 0 and mapping.max() <= 1
        assert (np.diff(mapping, axis=0) >= 0).all()
    itself = intensity_mapping(bracket.stack.pixels(MIDDLE), bracket.stack.pixels(MIDDLE))
    assert_allclose(itself, np.linspace(0, 1, 256)[:, None].repeat(3, axis=1), atol=0.5 / 255)


def test_any_rising_curve_is_found(bracket):
    reference = bracket.stack.pixels(1)
    curve = 0.25 + 0.5 * np.linspace(0, 1, 256) ** 3  # of no camera: fog, and a gain that grows
    frame = np.rint(curve[reference] * 255).astype(np.uint8)
    mapping = intensity_mapping(reference, frame)
    counts = np.stack([np.bincount(reference[..., channel].ravel(), minlength=256) for channel in range(3)], axis=1)
    assert np.abs(mapping - curve[:, None])[counts > 50].max() < 1 / 255
    assert not ghost_mask(consistency(reference, frame)).any()


@pytest.mark.parametrize("light", [0.004, 0.6])
@pytest.mark.parametrize("stops", [-2, 1.5])
def test_levels_that_only_a_moving_thing_has_do_not_mislead(light, stops):
    (scene, here), (moved, there) = wall_with_ball(90, light), wall_with_ball(210, light)
    reference, frame = two_exposures(scene, moved, stops)
    mask = ghost_mask(consistency(reference, frame))
    assert mask[here].mean() > 0.98 and mask[there].mean() > 0.98
    expected = two_exposures(scene, scene, stops)[1]
    assert psnr(deghosted([reference, frame], 0)[1], expected) > psnr(frame, expected) + 10
    gone = two_exposures(scene, wall_with_ball(-100, light)[0], stops)[1]
    assert ghost_mask(consistency(reference, gone))[here].mean() > 0.98


def test_a_rare_level_that_strays_lifts_no_other():
    reference = np.arange(256, dtype=np.uint8)[None].repeat(200, axis=0)
    frame = reference // 2
    reference[:197, 100] = 99
    frame[:, 100] = 49
    frame[197:, 100] = 60  # three pixels of level 100
    mapping = intensity_mapping(reference, frame)[:, 0] * 255
    assert np.abs(mapping - np.arange(256) // 2).max() <= 1.5


def test_pictures_that_have_nothing_in_common_do_not_stop_it():
    dark, bright = np.zeros((40, 50, 3), np.uint8), np.full((40, 50, 3), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), np.uint8)
    for pair in ((dark, bright), (bright, dark), (dark, noise[0]), (noise[0], dark), noise, (noise[0], 255 - noise[0])):
        assert np.isfinite(intensity_mapping(*pair)).all()
        assert deghosted(list(pair), 0)[1].shape == (40, 50, 3)


# --- ghosts ----------------------------------------------------------------------------------------------------------


def test_ghosts_are_found_and_little_else(bracket):
    reference = bracket.stack[MIDDLE]
    for index in (0, 1, 3, 4):
        mask = ghost_mask(consistency(reference, bracket.stack[index]))
        ghost = bracket.ghosts[index]
        assert (mask & ghost).sum() > 0.85 * ghost.sum()
        assert (mask & ghost).sum() > 0.95 * mask.sum()


def test_a_mask_is_made_of_whole_regions():
    consistent = np.ones((100, 200), np.float32)
    consistent[20:40, 20:40] = consistent[20:40, 46:66] = 0  # a ghost with a gap
    consistent[40:60, 20:40] = 0.5  # what is doubtful beside it
    consistent[20:40, 100:120] = 0.5  # doubtful alone
    consistent[70:77, 100:107] = 0  # too small
    expected = np.zeros_like(consistent, dtype=bool)
    expected[20:40, 20:66] = expected[40:60, 20:40] = True
    mask = ghost_mask(consistent)
    assert mask[expected].all()
    assert not mask[64:].any() and not mask[:, 70:].any()


def test_a_fusion_without_ghosts_is_that_of_a_scene_where_nothing_moves(bracket, static, repaired):
    answer, where = exposure_fusion(static), bracket.ghosts.any(axis=0)

    def score(fused):
        return psnr(fused[where], answer[where])

    fused = exposure_fusion(bracket.stack, deghost=MIDDLE)
    assert_allclose(fused, exposure_fusion(repaired), atol=1e-6)
    assert score(fused) > score(exposure_fusion(bracket.stack)) + 20
    assert score(fused) > score(bracket.stack[MIDDLE]) + 20
    seen = [to_eight_bits(to_linear(bracket.stack[MIDDLE]) * np.float32(2.0**stop)) for stop in bracket.exposures]
    frames = [bracket.stack.pixels(index) for index in range(5)]
    told = [np.where(ghost[..., None], *both) for ghost, *both in zip(bracket.ghosts, seen, frames, strict=True)]
    assert score(fused) > score(exposure_fusion(told)) - 2  # as if the camera and the ghosts were known
    assert psnr(fused[~where], answer[~where]) > psnr(exposure_fusion(bracket.stack)[~where], answer[~where])


@pytest.mark.parametrize(
    ("options", "gain"),
    [
        ({"response": "film", "exposures": (-2, 0, 2)}, 20),
        ({"response": "linear", "exposures": (-2, 0, 2)}, 20),
        ({"noise": 0.02, "exposures": (-2, 0, 2)}, 12),
        ({"exposures": (-2, 1)}, 5),
    ],
)
def test_other_cameras_and_brackets(options, gain):
    scene = exposure_bracket(moving=True, **options)
    where, middle = scene.ghosts.any(axis=0), len(scene.stack) // 2
    light = [scene.radiance * np.float32(2.0**stop) for stop in scene.exposures]
    answer = exposure_fusion([to_eight_bits(frame, options.get("response", "srgb")) for frame in light])
    ghosts, fused = (exposure_fusion(scene.stack, deghost=reference) for reference in (None, middle))
    assert psnr(fused[where], answer[where]) > psnr(ghosts[where], answer[where]) + gain


def test_everything_else_stays_bit_for_bit(bracket, repaired):
    assert not changed(repaired, bracket.stack, MIDDLE).any()
    for index in (0, 1, 3, 4):
        replaced = changed(repaired, bracket.stack, index)
        mask = ghost_mask(consistency(bracket.stack[MIDDLE], bracket.stack[index]))
        rows, columns = np.nonzero(mask)
        outside = np.ones_like(mask)
        outside[max(rows.min() - 5, 0) : rows.max() + 6, max(columns.min() - 5, 0) : columns.max() + 6] = False
        assert replaced[mask].mean() > 0.7
        assert not replaced[outside].any()
        assert (replaced & ~mask).sum() < 0.25 * mask.sum()  # the feathered border


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"response": "film", "exposures": (-2, 0, 2)},
        {"noise": 0.02, "exposures": (0, 3)},
        {"noise": 0, "exposures": (-1, 5)},
    ],
)
def test_nothing_is_replaced_where_nothing_moves(options):
    scene = exposure_bracket(**options)
    for reference in (0, -1):
        repaired = deghosted(scene.stack, reference)
        assert max(changed(repaired, scene.stack, index).mean() for index in range(len(scene.stack))) < 0.002


def test_half_a_pixel_of_shake_is_no_ghost():
    scene = exposure_bracket()
    frames = [scene.stack.pixels(index) for index in (1, 2, 3)]
    shaken = [frames[0], frames[1], np.rint(frames[2][:, 1:] / 2 + frames[2][:, :-1] / 2).astype(np.uint8)]
    shaken = open_stack([frame[:, :599] for frame in shaken])
    assert changed(deghosted(shaken, 1), shaken, 2).mean() < 0.005


@pytest.mark.parametrize("name", ["cave", "farmhouse", "landscape", "tower"])
def test_real_scenes_that_stand_still_keep_their_pixels(real_data, name):
    stack = load(f"mef/{name}")
    repaired = deghosted(stack)
    assert max(changed(repaired, stack, index).mean() for index in range(len(stack))) < 0.005


def test_waves_and_leaves_that_moved_are_found(real_data):
    for name, rows, columns in (
        ("lighthouse", slice(220, None), slice(0, 180)),
        ("chinese-garden", slice(140, 290), slice(90, None)),
    ):
        stack = load(f"mef/{name}")
        repaired = deghosted(stack)
        replaced = np.any([changed(repaired, stack, index) for index in range(len(stack))], axis=0)
        assert replaced[rows, columns].sum() > 500
        assert replaced[rows, columns].sum() > 0.95 * replaced.sum()


# --- clipping --------------------------------------------------------------------------------------------------------


def test_detail_that_is_clipped_in_the_reference_is_kept():
    rows, columns = np.mgrid[:200, :300]
    light = (0.02 + 12 * (columns / 300) ** 3 * (1 + 0.5 * np.sin(rows / 4))).astype(np.float32)
    frames = [to_eight_bits(light * np.float32(2.0**stop)) for stop in (-4, 0, 4)]
    assert (frames[1] == 255).mean() > 0.3
    stack = open_stack(frames)
    repaired = deghosted(stack, 1)
    for index in (0, 2):
        assert_array_equal(repaired.pixels(index), stack.pixels(index))


def test_a_dark_thing_before_a_clipped_window_is_filled_with_what_is_around():
    sky = np.full((200, 300, 3), (1.5, 2.0, 3.0), np.float32)
    sky[:, :60] = np.linspace(0.01, 0.9, 200, dtype=np.float32)[:, None, None]
    bird = sky.copy()
    bird[80:120, 180:240] = 0.02
    reference, frame = two_exposures(sky, bird, -3)
    expected = two_exposures(sky, sky, -3)[1]
    repaired = deghosted([reference, frame], 0).pixels(1)
    assert np.abs(repaired.astype(int) - expected).max() <= 2


def test_clipping_bounds_one_side_only():
    ramp = np.linspace(0, 1, 300, dtype=np.float32)[None].repeat(200, axis=0)
    reference = to_eight_bits(to_linear(ramp) * 4)
    frame = to_eight_bits(to_linear(ramp))
    brighter, darker = frame.copy(), frame.copy()
    brighter[50:100, 250:] = 255  # more light than clips the reference: possible
    darker[50:100, 250:] = 20  # less: impossible
    assert consistency(reference, brighter)[60:90, 260:].min() > 0.9
    assert consistency(reference, darker)[60:90, 260:].max() < 0.01
    dim = to_eight_bits(to_linear(ramp) / 256)
    black = dim.max(axis=0) == 0
    brighter[...], darker[...] = frame, frame
    brighter[50:100, black] = 120  # the reference would be above black: impossible
    darker[50:100, black] = 0  # possible
    inner = slice(8, black.sum() - 8)
    assert consistency(dim, brighter)[60:90, inner].max() < 0.01
    assert consistency(dim, darker)[60:90, inner].min() > 0.9


# --- the contract ----------------------------------------------------------------------------------------------------


def test_the_stack_looks_as_before(bracket, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for index in range(3):
        Image.fromarray(bracket.stack.pixels(index + 1)).save(tmp_path / f"{index}.png", icc_profile=profile)
    stack = open_stack(tmp_path)
    repaired = deghosted(tmp_path, 1)
    assert repaired.names == stack.names
    assert repaired.shape == stack.shape
    assert repaired.bit_depth == stack.bit_depth == 8
    assert repaired.metadata == stack.metadata != deghosted(bracket.stack, 1).metadata
    assert repaired[0].dtype == np.float32
    assert_array_equal(repaired[1:].pixels(1), repaired.pixels(2))
    assert_array_equal(deghosted(list(bracket.stack)[1:4], 1).pixels(2), repaired.pixels(2))


def test_the_heart_of_a_ghost_is_the_reference_seen_through_the_mapping(bracket, repaired):
    reference, frame = bracket.stack.pixels(MIDDLE), bracket.stack.pixels(4)
    heart = cv2.erode(ghost_mask(consistency(reference, frame)).astype(np.uint8), np.ones((9, 9))) > 0
    known = heart & (reference.max(axis=2) < 245)
    mapping = intensity_mapping(reference, frame)
    seen = np.stack([mapping[reference[..., channel], channel] for channel in range(3)], axis=2)
    assert known.sum() > 3000
    assert np.abs(repaired[4] - seen)[known].max() < 0.51 / 255


def test_a_mirrored_bracket_gives_the_mirrored_result(bracket, repaired):
    mirrored = deghosted([bracket.stack.pixels(index)[::-1, ::-1] for index in (MIDDLE, 4)], 0)
    assert np.abs(mirrored[1][::-1, ::-1] - repaired[4]).max() < 1.5 / 255


def test_frames_of_the_caller_are_not_written_to(bracket):
    frames = [bracket.stack.pixels(index).copy() for index in range(5)]
    repaired = deghosted(frames, MIDDLE)
    assert changed(repaired, bracket.stack, 0).any()
    for index, frame in enumerate(frames):
        assert_array_equal(frame, bracket.stack.pixels(index))


def test_frames_are_read_when_asked_for(bracket, monkeypatch):
    stack = open_stack([bracket.stack.pixels(index) for index in range(5)])
    read = []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    repaired = deghosted(stack, MIDDLE - 5)
    assert read == [MIDDLE]
    first, again = repaired.pixels(4), repaired.pixels(4)
    assert_array_equal(first, again)
    assert_array_equal(repaired.pixels(MIDDLE), original(MIDDLE))  # kept
    assert read == [MIDDLE, 4, 4]


def test_little_is_kept_of_a_frame_that_was_read(bracket):
    frames = [cv2.resize(bracket.stack.pixels(index), (1000, 1000)) for index in (MIDDLE, 4)]
    repaired = deghosted(frames, 0)
    tracemalloc.start()
    try:
        assert (repaired.pixels(1) != frames[1]).any()
        assert 2e5 < tracemalloc.get_traced_memory()[0] < 6e5
    finally:
        tracemalloc.stop()


def test_order_does_not_matter(bracket, repaired):
    order = [3, 0, 4, 1, 2]
    shuffled = deghosted([bracket.stack.pixels(index) for index in order], order.index(MIDDLE))
    for position, index in enumerate(order):
        assert_array_equal(shuffled.pixels(position), repaired.pixels(index))
    assert order[best_exposed([bracket.stack.pixels(index) for index in order])] == best_exposed(bracket.stack)


def test_the_best_exposed_frame_is_the_reference_by_default(bracket):
    stack = bracket.stack[1:]
    flat = [np.full((30, 40), value, np.uint8) for value in (3, 120, 252)]
    assert best_exposed(flat) == 1
    assert best_exposed([flat[0], flat[2]]) == 0  # a tie
    best = best_exposed(stack)
    for repaired in (
        deghosted(stack),
        deghosted(stack, "auto"),
        deghosted(stack, best - 4),
        deghosted(stack, np.int64(best)),
    ):
        assert not changed(repaired, stack, best).any()
        assert changed(repaired, stack, (best + 1) % 4).any()


def test_progress_is_shown_while_a_reference_is_chosen(bracket):
    seen = []
    deghosted(bracket.stack, progress=lambda frames, what: seen.append((list(frames), what)) or frames)
    assert seen == [([0, 1, 2, 3, 4], "choosing a reference")]


def test_gray_sixteen_bits_and_floats_work(bracket, static, repaired):
    pair = [bracket.stack.pixels(index) for index in (MIDDLE, 4)]
    gray = [frame[..., 1] for frame in pair]
    expected = deghosted(gray, 0).pixels(1)
    assert expected.shape == gray[1].shape
    off, was_off = (
        np.abs(frame[1:] - static[4][1:, :, 1])[bracket.ghosts[4][1:]] for frame in (expected / 255, gray[1] / 255)
    )
    assert off.mean() < 0.3 * was_off.mean()
    deep = [frame.astype(np.uint16) * 257 for frame in pair]
    for frame in deep:
        frame[0, 0, 0] = 257 * 40 + 1  # a value that 8 bits do not hold
    fine = deghosted(deep, 0)
    assert fine.pixels(1).dtype == np.uint16 and fine.bit_depth == 16
    assert np.abs(fine[1] - repaired[4])[1:].max() < 1.5 / 255
    floats = deghosted([frame / np.float32(65535) for frame in deep], 0)
    assert floats.pixels(1).dtype == np.float32
    assert np.abs(floats[1] - fine[1]).max() < 1.5 / 65535


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_repair_is_as_fine_as_the_reference(bracket, repaired, dtype):
    """Though the frame itself holds no more than 8 bits, in whatever type."""
    reference, frame = (bracket.stack.pixels(index).astype(np.uint16) * 257 for index in (MIDDLE, 4))
    reference -= np.minimum(reference, np.random.default_rng(0).integers(0, 128, reference.shape, np.uint16))
    if dtype == np.float32:
        reference, frame = reference / dtype(65535), frame / dtype(65535)
    fine = deghosted([reference, frame], 0)
    assert fine.pixels(1).dtype == dtype
    replaced = (np.abs(fine[1] - bracket.stack[4]) > 1e-6).any(axis=2)
    assert 0.005 < replaced.mean() < 0.2
    assert len(np.unique(fine[1][replaced])) > 1000
    assert np.abs(fine[1] - repaired[4])[replaced].mean() < 1.5 / 255


def test_large_pictures_are_compared_at_a_reduced_size(bracket, repaired):
    large = [bracket.stack.pixels(index).repeat(3, axis=0).repeat(3, axis=1) for index in (MIDDLE, 4)]
    again = deghosted(large, 0).pixels(1)[1::3, 1::3]
    there = bracket.ghosts[4]
    assert np.abs(again.astype(int) - repaired.pixels(4))[there].mean() < 2
    assert_array_equal(again[:200, :300], bracket.stack.pixels(4)[:200, :300])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2, 3), (33, 5, 3)])
def test_any_size_works(shape):
    stack = np.random.default_rng(1).random((2, *shape), np.float32)
    repaired = deghosted(stack, 0)
    assert repaired[1].shape == shape
    assert np.isfinite(repaired[1]).all()


@pytest.mark.parametrize("reference", [5, -6, 1.0, "best", True, [2]])
def test_a_reference_that_is_no_frame_is_refused(bracket, reference):
    with pytest.raises(ValueError, match='reference must be the number of a frame, -5 to 4 .* or "auto"'):
        deghosted(bracket.stack, reference)


@pytest.mark.parametrize("stage", [intensity_mapping, consistency])
def test_pictures_of_two_sizes_are_refused(stage):
    with pytest.raises(ValueError, match=r"one shape .* \(4, 6\) and \(4, 7\)"):
        stage(np.zeros((4, 6)), np.zeros((4, 7)))


@pytest.mark.parametrize("stage", [intensity_mapping, consistency])
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((4, 6), np.nan), r"has values in \[nan, nan\]"),
        (np.full((4, 6), 127.0), r"has values in \[127, 127\]"),
        (np.full((4, 6), 127, np.int32), "has type int32"),
        (np.zeros((4, 6, 4), np.uint8), r"has shape \(4, 6, 4\)"),
    ],
)
def test_what_is_no_image_is_refused_by_name(stage, image, reason):
    good = np.zeros((4, 6))
    with pytest.raises(DataError, match=f"^reference {reason}"):
        stage(image, good)
    with pytest.raises(DataError, match=f"^frame {reason}"):
        stage(good, image)


@pytest.mark.parametrize("shape", [(256,), (255, 3), (256, 1), (3, 256)])
def test_a_mapping_of_another_shape_is_refused(shape):
    image = np.zeros((4, 6, 3))
    with pytest.raises(ValueError, match=r"mapping must have shape \(256, C\), here \(256, 3\)"):
        consistency(image, image, np.zeros(shape))

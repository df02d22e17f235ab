"""Facts about extended exposure fusion: its remapping, its range, its halos, and what it makes of a single picture."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from data import DataError, load, open_stack, save, scenes, to_gray
from fusion import tiles
from fusion.blend import fuse_looks
from fusion.exposure import exposure_fusion
from fusion.extended_exposure import (
    extended_exposure_fusion,
    pressed_into_range,
    restricted,
    restriction_slope,
    stretched,
    window_centres,
)
from fusion.metrics import EXPOSURE

WINDOW = {"centre": 0.6, "width": 0.5, "shoulder": 0.125}
VALUES = np.linspace(-3, 4, 7001)
IDENTITY = {"beta": 1.0, "windows": 1}  # one window of the whole range: no restriction at all


@pytest.fixture(scope="module")
def bracket():
    """Five exposures of a lit cup of coffee, and its radiance."""
    picture = cv2.resize(scenes.exposure_bracket(light=0).photograph, (300, 200), interpolation=cv2.INTER_AREA)
    return scenes.exposure_bracket(picture)


@pytest.fixture(scope="module")
def step():
    """Five exposures of a gray wall, the right half of it in light 64 times as bright; a fine texture all over."""
    light = np.where(np.arange(384) < 192, 1 / 64, 1.0) * 0.18 * 8
    texture = np.exp(0.06 * np.random.default_rng(0).standard_normal((256, 384)))
    return [scenes.to_eight_bits((light * texture * 2.0**stop).clip(0, 1)) for stop in (-3, -1.5, 0, 1.5, 3)]


def halo_of_step(fused, edge=192):
    """How far each half of the wall is from even, at worst, in heights of the step between them."""
    columns = fused.mean(axis=0)
    halves = columns[: edge - 8], columns[edge + 8 :]
    return max(np.ptp(half) for half in halves) / (halves[1].mean() - halves[0].mean())


def share_out_of_range(image):
    return np.mean((image < 0) | (image > 1))


def span(pixels):
    """Highest less lowest level in windows of 5 x 5 pixels, of the channel where it is most."""
    window = np.ones((5, 5))
    return (cv2.dilate(pixels, window) - cv2.erode(pixels, window)).max(axis=2)


def share_lost(fused, stack):
    """Share of windows that are flat, at an end of the range of 8 bits, where a frame has detail."""
    pixels = np.rint(255 * fused).astype(np.uint8)
    detail = np.max([span(stack.pixels(index)) for index in range(len(stack))], axis=0)
    return np.mean((span(pixels) <= 1) & np.isin(pixels, (0, 255)).any(axis=2) & (detail >= 6))


def unclipped(monkeypatch, fuse, stack, module):
    """What a method's pyramids sum up to, before it is brought into range."""
    caught = []

    def catch(*args, **options):
        caught.append(fuse_looks(*args, **options))
        return caught[-1].copy()

    monkeypatch.setattr(f"fusion.{module}.fuse_looks", catch)
    fuse(stack)
    return caught[0]


# --- the remapping ---------------------------------------------------------------------------------------------------


def test_values_in_the_window_stay():
    inside = np.abs(VALUES - 0.6) <= 0.25
    assert_allclose(restricted(VALUES, **WINDOW)[inside], VALUES[inside], atol=1e-6)


def test_values_out_of_the_window_are_those_of_the_formula_of_the_paper():
    beyond = np.abs(VALUES - 0.6) > 0.25
    distance, half = np.abs(VALUES - 0.6), 0.25
    expected = 0.6 + np.sign(VALUES - 0.6) * (half + 0.125 - 0.125**2 / (distance - (half - 0.125)))
    assert_allclose(restricted(VALUES, **WINDOW)[beyond], expected[beyond], atol=1e-6)


def test_the_remapping_is_bounded_and_increases():
    remapped = restricted(np.linspace(-1e3, 1e3, 10001), **WINDOW)
    assert np.abs(remapped - 0.6).max() < 0.25 + 0.125
    assert (np.diff(restricted(VALUES, **WINDOW)) > 0).all()


def test_the_slope_is_that_of_the_remapping_and_has_no_jump():
    slope = restriction_slope(VALUES, **WINDOW)
    remapped = restricted(VALUES, **WINDOW).astype(np.float64)
    assert_allclose(np.gradient(remapped, VALUES), slope, atol=0.01)
    assert np.abs(np.diff(slope)).max() < 0.02
    assert_allclose(slope[np.abs(VALUES - 0.6) < 0.25], 1)


@pytest.mark.parametrize(("count", "centres"), [(1, [0.5]), (2, [0.25, 0.75]), (3, [0.25, 0.5, 0.75])])
def test_windows_share_the_range(count, centres):
    assert_allclose(window_centres(count, 0.5), centres)


# --- the range -------------------------------------------------------------------------------------------------------


def test_nothing_is_clipped(bracket, monkeypatch):
    theirs = unclipped(monkeypatch, exposure_fusion, bracket.stack, "exposure")
    ours = unclipped(monkeypatch, extended_exposure_fusion, bracket.stack, "extended_exposure")
    assert share_out_of_range(theirs) > 0.03
    assert share_out_of_range(ours) < share_out_of_range(theirs) / 5
    fused = extended_exposure_fusion(bracket.stack)
    assert fused.dtype == np.float32 and fused.shape == bracket.radiance.shape
    assert fused.min() > 0 and fused.max() < 1


def test_what_is_in_range_stays(texture):
    inside = 0.1 + 0.8 * texture
    assert_allclose(pressed_into_range(inside), inside, atol=1e-5)


def test_an_area_out_of_range_keeps_its_detail(texture):
    image = (0.3 + 0.2 * texture).astype(np.float32)
    image[:, 64:] += 0.8  # from 1.1 to 1.3: clipped, it would be white
    restored = pressed_into_range(image)
    assert restored.max() < 1
    assert restored[:, 80:].std() > 0.35 * image[:, 80:].std()


def test_a_sunset_out_of_range_keeps_its_colour(texture):
    image = 0.2 + 0.2 * texture
    image[:, 64:] += np.array([1.2, 0.9, 0.75], np.float32)
    red, green, blue = pressed_into_range(image)[:, 80:].mean(axis=(0, 1))
    assert red > green + 0.02 > blue + 0.04


def test_stretching_fills_the_range_but_not_at_any_price(texture):
    vivid = 3 * texture - 1
    assert_allclose(np.percentile(to_gray(stretched(vivid)), [2.5, 97.5]), [0.005, 0.995], atol=1e-3)
    faint = 0.3 + 0.05 * texture
    assert_allclose(stretched(faint).std() / faint.std(), 1.4, rtol=1e-4)
    assert_allclose(np.median(stretched(faint)), np.median(faint), atol=0.01)
    assert_allclose(stretched(np.full((8, 8), 0.25, np.float32)), 0.25, atol=1e-6)


# --- halos -----------------------------------------------------------------------------------------------------------


def test_the_halo_of_a_step_is_about_half_of_that_of_exposure_fusion(step):
    theirs, ours = (halo_of_step(fuse(step)) for fuse in (exposure_fusion, extended_exposure_fusion))
    assert theirs > 0.35  # of the height of the step
    assert ours < 0.55 * theirs


def test_what_is_black_in_all_frames_stays_dark():
    black = np.zeros((3, 40, 50, 3), np.uint8)
    assert extended_exposure_fusion(black).max() < 0.06
    assert extended_exposure_fusion(255 - black).min() > 0.94


def test_it_is_the_restricted_range_that_makes_halos_small(step):
    unrestricted = halo_of_step(extended_exposure_fusion(step, **IDENTITY))
    assert halo_of_step(extended_exposure_fusion(step)) < 0.9 * unrestricted
    assert halo_of_step(extended_exposure_fusion(step, shoulder=0.125)) < 0.5 * unrestricted


def test_brightness_follows_the_radiance(bracket):
    radiance = np.log2(cv2.GaussianBlur(to_gray(bracket.radiance / bracket.radiance.max()), (0, 0), 2) + 1e-6)
    theirs, ours = (
        spearmanr(radiance[::3, ::3].ravel(), cv2.GaussianBlur(to_gray(fused), (0, 0), 2)[::3, ::3].ravel())[0]
        for fused in (exposure_fusion(bracket.stack), extended_exposure_fusion(bracket.stack))
    )
    assert 1 - ours < 0.6 * (1 - theirs)


# --- a single picture ------------------------------------------------------------------------------------------------


def test_dark_parts_of_a_single_picture_come_to_light(bracket):
    dark = bracket.photograph * np.where(np.arange(300) < 150, 0.15, 1.0).astype(np.float32)[:, None]
    enhanced = extended_exposure_fusion([dark])
    assert enhanced[:, :130].mean() > 1.6 * dark[:, :130].mean()
    assert enhanced[:, :130].std() > 1.6 * dark[:, :130].std()
    assert enhanced[:, 170:].mean() == pytest.approx(dark[:, 170:].mean(), abs=0.12)
    assert 0 < enhanced.min() and enhanced.max() < 1


def test_a_well_exposed_picture_changes_little(bracket):
    photograph = bracket.photograph
    enhanced = extended_exposure_fusion([photograph])
    assert np.abs(enhanced - photograph).mean() < 0.1
    assert np.corrcoef(to_gray(enhanced).ravel(), to_gray(photograph).ravel())[0, 1] > 0.96


def test_light_parts_of_a_single_picture_keep_their_detail(texture):
    light = 0.6 + 0.4 * to_gray(texture)
    enhanced = extended_exposure_fusion([light])
    assert enhanced.std() > 0.9 * light.std()
    assert np.corrcoef(enhanced.ravel(), light.ravel())[0, 1] > 0.999


def test_a_single_picture_keeps_its_darkest_and_lightest_gray(bracket):
    gray = to_gray(bracket.photograph)
    ends = [np.percentile(image, [2.5, 97.5]) for image in (gray, extended_exposure_fusion([gray]))]
    assert_allclose(ends[1], ends[0], atol=0.03)


def test_a_single_picture_gets_a_small_halo():
    wall = np.where(np.arange(192) < 96, 0.06, 0.6) * np.exp(
        0.06 * np.random.default_rng(0).standard_normal((128, 192))
    )
    whole_range, ours = (
        halo_of_step(extended_exposure_fusion([wall.astype(np.float32)], **options), edge=96)
        for options in (IDENTITY, {})
    )
    assert ours < 0.75 * whole_range


def test_more_amplification_shows_more(bracket):
    dark = 0.15 * bracket.photograph
    means = [extended_exposure_fusion([dark], amplification=factor).mean() for factor in (1, 3, 6)]
    assert means[0] < means[1] < means[2]


def test_a_single_picture_keeps_its_hues():
    orange = np.random.default_rng(5).uniform(0.2, 0.4, (64, 64, 1)) * np.array([1.0, 0.6, 0.2])
    enhanced = extended_exposure_fusion([orange.astype(np.float32)])
    assert_allclose(enhanced[..., 1] / enhanced[..., 0], 0.6, atol=0.01)
    assert_allclose(enhanced[..., 2] / enhanced[..., 0], 0.2, atol=0.01)


def test_a_single_gray_picture_is_enhanced_as_in_colour(texture):
    gray = to_gray(texture) * np.float32(0.5)
    enhanced = extended_exposure_fusion(gray[None])
    assert_allclose(extended_exposure_fusion([np.dstack([gray] * 3)])[..., 1], enhanced, atol=3e-3)


# --- any stack -------------------------------------------------------------------------------------------------------


def test_order_does_not_matter(bracket):
    frames = list(bracket.stack)
    expected = extended_exposure_fusion(frames)
    assert_allclose(extended_exposure_fusion([frames[k] for k in (3, 0, 4, 1, 2)]), expected, atol=2e-5)


@pytest.mark.parametrize("count", [1, 5])
def test_the_way_frames_are_held_does_not_matter(bracket, tmp_path, count):
    frames = [bracket.stack.pixels(index) for index in range(count)]
    for index, frame in enumerate(frames):
        save(frame, tmp_path / f"{index}.png")
    expected = extended_exposure_fusion(frames)
    for held in (
        [frame / np.float32(255) for frame in frames],
        [frame.astype(np.uint16) * 257 for frame in frames],
        tmp_path,
    ):
        assert_allclose(extended_exposure_fusion(held), expected, atol=1e-6)


def test_sixteen_bits_and_floats_agree():
    sixteen = np.random.default_rng(2).integers(0, 65536, (3, 40, 50, 3), dtype=np.uint16)
    as_float = (sixteen / 65535).astype(np.float32)
    assert_allclose(extended_exposure_fusion(sixteen), extended_exposure_fusion(as_float), atol=1e-6)


def test_eight_bits_are_fused_as_finer_steps(texture):
    eight_bit = [np.rint(255 * texture**power).astype(np.uint8) for power in (0.6, 1.6)]
    finer = [(frame / 255).clip(1e-5, 1 - 1e-5) for frame in eight_bit]  # no longer held in 8 bits
    assert_allclose(extended_exposure_fusion(finer), extended_exposure_fusion(eight_bit), atol=1e-3)


def test_gray_frames_are_fused_as_colours_without_saturation(bracket):
    gray = [to_gray(frame) for frame in bracket.stack]
    in_colour = extended_exposure_fusion([np.dstack([frame] * 3) for frame in gray], saturation=0)
    assert_allclose(extended_exposure_fusion(gray), in_colour[..., 1], atol=1e-4)


def test_tiles_do_not_show(bracket, monkeypatch):
    whole = extended_exposure_fusion(bracket.stack)
    monkeypatch.setattr(tiles, "TILE", 64)
    assert_allclose(extended_exposure_fusion(bracket.stack), whole, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3, 3), (1, 9, 3), (33, 5)])
@pytest.mark.parametrize("count", [1, 3])
def test_any_size_works(shape, count):
    fused = extended_exposure_fusion(np.random.default_rng(1).random((count, *shape), np.float32))
    assert fused.shape == shape
    assert np.isfinite(fused).all() and fused.min() >= 0 and fused.max() <= 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("count", [1, 2])
def test_flat_frames_stay_flat(value, count):
    fused = extended_exposure_fusion(np.full((count, 16, 16, 3), value, np.float32))
    assert np.ptp(fused) < 1e-5
    assert fused.mean() == pytest.approx(value, abs=0.3)


def test_progress_sees_every_frame_of_both_passes(bracket):
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append(what)
            yield frame

    extended_exposure_fusion(bracket.stack, progress=progress)
    assert seen == ["weighing"] * 5 + ["blending"] * 5


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"beta": 0}, "beta must be more than 0"),
        ({"beta": 1.1}, "beta must be more than 0"),
        ({"beta": np.nan}, "beta must be more than 0"),
        ({"shoulder": 0}, "shoulder must be positive"),
        ({"shoulder": np.inf}, "shoulder must be positive"),
        ({"windows": 0}, "windows must be a whole number"),
        ({"windows": 2.5}, "windows must be a whole number"),
        ({"amplification": 0.5}, "amplification must lie in 1"),
        ({"contrast": -1}, "contrast must be"),
        ({"sigma": 0}, "sigma must lie in"),
        ({"levels": 99}, "levels must be a whole number"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_bad_options_are_named(texture, option, message, count):
    stack = open_stack([texture] * count)
    with pytest.raises(ValueError, match=message):
        extended_exposure_fusion(stack, **option)


def test_frames_of_different_size_are_named(texture):
    with pytest.raises(DataError, match="frame 1"):
        extended_exposure_fusion([texture, texture[:-1]])


# --- real brackets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gain"), [("venice", 0.01), ("house", 0.005), ("landscape", 0.008), ("office", 0.004)]
)
def test_a_real_bracket_keeps_more_of_its_structure(real_data, monkeypatch, name, gain):
    stack = load(f"mef/{name}")
    theirs, ours = (EXPOSURE["MEF-SSIM"](stack, fuse(stack)) for fuse in (exposure_fusion, extended_exposure_fusion))
    assert ours > theirs + gain
    assert share_out_of_range(unclipped(monkeypatch, extended_exposure_fusion, stack, "extended_exposure")) < 0.01


@pytest.mark.parametrize("name", ["cave", "lamp", "venice"])
def test_no_detail_of_a_real_bracket_is_lost_in_black_or_white(real_data, name):
    stack = load(f"mef/{name}")
    theirs, ours = (share_lost(fuse(stack), stack) for fuse in (exposure_fusion, extended_exposure_fusion))
    assert theirs > 0.002
    assert ours < theirs / 10


@pytest.mark.parametrize("ground", [0, 255])
def test_a_small_subject_on_flat_ground_is_kept(ground):
    frames = np.full((3, 96, 96, 3), ground, np.uint8)
    frames[:, 40:46, 40:46] = np.array([25, 76, 153])[:, None, None, None]
    fused = extended_exposure_fusion(frames)
    assert np.abs(fused[42:44, 42:44].mean() - np.median(fused)) > 0.25


def test_a_small_subject_of_a_single_frame_is_kept():
    frame = np.ones((96, 96, 3), np.float32)
    frame[40:48, 40:48] = np.random.default_rng(0).uniform(0.2, 0.6, (8, 8, 1))
    enhanced = extended_exposure_fusion([frame])
    assert enhanced[40:48, 40:48].std() > 0.05 and np.median(enhanced) > enhanced[40:48, 40:48].mean() + 0.1


def test_the_noise_of_a_night_is_not_blown_up():
    night = np.random.default_rng(0).normal(2 / 255, 1 / 255, (96, 96)).clip(0, 1).astype(np.float32)
    night[10:14, 10:14] = 0.5
    enhanced = extended_exposure_fusion([night])
    assert enhanced[30:, 30:].std() < 6.5 * night[30:, 30:].std()  # six is the longest exposure


def test_integers_are_brought_into_range_as_floats():
    eight_bit = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    for change in (pressed_into_range, stretched):
        assert change(eight_bit).dtype == np.float32
        assert_allclose(change(eight_bit), change(eight_bit / np.float32(255)), atol=1e-6)

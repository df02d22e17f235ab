"""Facts about the object that keeps the stages of guided-filter fusion."""

import colorsys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

import data
from data import open_stack, save, to_gray
from fusion import gff, guided_fusion
from fusion.filters import guided_filter
from fusion.guided import decompose
from fusion.guided_stages import rgb_of_hsv

rgb_to_hsv = np.vectorize(colorsys.rgb_to_hsv, signature="(),(),()->(),(),()")


def to_hsv(frames):
    return np.stack(rgb_to_hsv(*np.moveaxis(np.asarray(frames, np.float64), -1, 0)), axis=-1).astype(np.float32)


@pytest.fixture
def eight_bit(focus_pair):
    return np.rint(focus_pair * 255).astype(np.uint8)


@pytest.fixture
def three(focus_pair, texture):
    """Three frames: sharp on the left, sharp on the right, and a flat one with a sharp patch."""
    flat = np.full_like(texture, 0.5)
    flat[30:60, 40:80] = texture[30:60, 40:80] ** 0.5
    return [*focus_pair, flat]


class Recorder:
    """A guided filter that remembers what it was called with."""

    def __init__(self):
        self.calls = []

    def __call__(self, p, guide, r, eps):
        self.calls.append((p.copy(), guide.copy(), r, eps))
        return guided_filter(p, guide, r, eps)


# --- the same picture as in one call ---------------------------------------------------------------------------------


@pytest.mark.parametrize("radii", [(45, 7), (20, 3), (1000, 1000)])
def test_stages_give_the_picture_of_the_one_call(three, radii):
    r1, r2 = radii
    expected = guided_fusion(three, base=(r1, 0.2), detail=(r2, 1e-5))
    assert_allclose(gff(three).fusion(r1=r1, r2=r2, eps1=0.2, eps2=1e-5), expected, atol=1e-6)


def test_defaults_are_those_of_the_one_call(focus_pair, eight_bit):
    for frames in (focus_pair, eight_bit, eight_bit[..., 1]):
        fused = gff(frames).fusion()
        assert fused.dtype == np.float32
        assert_allclose(fused, guided_fusion(frames), atol=1e-6)


@pytest.mark.parametrize("name", ["mef/venice", "lytro/01", "classic/clock"])
def test_real_pictures_give_the_picture_of_the_one_call(real_data, name):
    stack = data.load(name)
    assert_allclose(gff(stack).fusion(), guided_fusion(stack), atol=1e-6)


def test_any_stack_will_do(eight_bit, tmp_path):
    for index, frame in enumerate(eight_bit):
        save(frame, tmp_path / f"{index}.png")
    expected = gff(eight_bit).fusion()
    for held in (tmp_path, str(tmp_path), open_stack(tmp_path), list(eight_bit / np.float32(255))):
        stages = gff(held)
        assert [im.dtype for im in stages.ims] == [np.float32] * 2
        assert_allclose(np.asarray(stages.ims), eight_bit / 255, atol=1e-6)
        assert_allclose(stages.fusion(), expected, atol=1e-6)


def test_one_frame_is_its_own_fusion(texture):
    assert_allclose(gff([texture]).fusion(), texture, atol=1e-6)
    assert_allclose(gff([texture]).fusion_without_separation(), texture, atol=1e-6)


# --- weights ---------------------------------------------------------------------------------------------------------


def test_weights_choose_the_most_salient_frame(three):
    stages = gff(three)
    assert stages.saliencies.shape == stages.weights.shape == (3, 96, 128)
    assert_array_equal(stages.weights.argmax(axis=0), stages.saliencies.argmax(axis=0))
    assert_array_equal(stages.weights.sum(axis=0), 1)
    assert (stages.weights.any(axis=(1, 2))).all()  # each frame wins somewhere


def test_exact_ties_have_one_winner_the_first(texture):
    weights = gff([texture, texture, texture[:, ::-1]]).weights
    assert_array_equal(weights.sum(axis=0), 1)
    assert not weights[1].any() and weights[0].any()


def test_nothing_is_read_before_it_is_needed_and_maps_are_made_once(focus_pair):
    stack = open_stack(focus_pair)
    read, original = [], stack.pixels
    stack.pixels = lambda index: read.append(index) or original(index)
    stages = gff(stack)
    assert read == []
    assert stages.weights is stages.weights and stages.saliencies is stages.saliencies
    assert read == [0, 1]


def test_each_set_of_weights_is_normalised_by_its_own_sum(three):
    stages = gff(three)
    stages.fusion()
    stages.fusion_without_separation()
    refined, normalised = stages.refined_weights, stages.normalised_refined_weights
    assert set(refined) == set(normalised) == {"base", "detail", "full"}
    for name, weights in normalised.items():
        assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
        assert_allclose(weights, refined[name] / refined[name].sum(axis=0), atol=1e-6)
        assert refined[name].min() >= 0 and refined[name].max() <= 1
    assert np.abs(refined["base"].sum(axis=0) / refined["detail"].sum(axis=0) - 1).max() > 0.05  # the sums differ


# --- layers ----------------------------------------------------------------------------------------------------------


def test_layers_are_those_of_the_paper(texture):
    for made, expected in zip(gff([texture]).decompose(texture), decompose(texture), strict=True):
        assert_array_equal(made, expected)


def test_fused_layers_are_weighted_sums_and_add_up(three):
    stages = gff(three)
    fused = stages.fusion()
    layers = dict(zip(("base", "detail"), zip(*map(decompose, three), strict=True), strict=True))
    for name, images in layers.items():
        weights = stages.normalised_refined_weights[name][..., None]
        assert_allclose(stages.fused[name], (weights * np.stack(images)).sum(axis=0), atol=1e-6)
    assert stages.fused["detail"].min() < -0.1  # not clipped
    assert_allclose(fused, np.clip(stages.fused["base"] + stages.fused["detail"], 0, 1), atol=1e-6)


def test_the_sum_is_clipped_and_the_layers_are_not(focus_pair):
    stages = gff((focus_pair > 0.5).astype(np.float32))
    fused = stages.fusion()
    unclipped = stages.fused["base"] + stages.fused["detail"]
    assert unclipped.min() < 0 and unclipped.max() > 1
    assert fused.min() == 0 and fused.max() == 1


# --- filters ---------------------------------------------------------------------------------------------------------


def test_the_filter_gets_map_gray_frame_radius_and_eps_in_this_order(focus_pair):
    stages, filt = gff(focus_pair), Recorder()
    stages.fusion(r1=11, r2=3, eps1=0.4, eps2=1e-3, filt=filt)
    assert [call[2:] for call in filt.calls] == [(11, 0.4)] * 2 + [(3, 1e-3)] * 2
    for number, (p, guide, _, _) in enumerate(filt.calls):
        assert p.dtype == guide.dtype == np.float32
        assert_array_equal(p, stages.weights[number % 2])
        assert_array_equal(guide, to_gray(focus_pair[number % 2]))


def test_without_filtering_every_pixel_is_one_frames(focus_pair):
    stages = gff(focus_pair)
    fused = stages.fusion(filt=lambda p, *args, **kwargs: p)
    assert_allclose(stages.refined_weights["detail"], stages.weights, atol=1e-6)
    winner = stages.weights.argmax(axis=0)[..., None]
    assert_allclose(fused, np.where(winner == 0, *focus_pair), atol=1e-6)


def test_a_gaussian_in_place_of_the_guided_filter(focus_pair):
    def gaussian_filter(p, i, r, eps):
        return ndimage.gaussian_filter(p, r)

    stages = gff(focus_pair)
    fused = stages.fusion(r1=20, r2=3, filt=gaussian_filter)
    assert_allclose(stages.refined_weights["base"][1], ndimage.gaussian_filter(stages.weights[1], 20), atol=1e-6)
    assert not np.allclose(fused, stages.fusion(r1=20, r2=3), atol=1e-3)


def test_weights_of_any_filter_are_clipped_and_the_frames_stay_as_they_were(focus_pair):
    def spoil(p, guide, r, eps):
        p *= 3
        p -= 1
        return p.astype(np.float64)

    stages = gff(focus_pair)
    before = stages.weights.copy()
    fused = stages.fusion(filt=spoil)
    assert_array_equal(stages.weights, before)
    assert set(np.unique(stages.refined_weights["base"])) == {np.float32(1e-12), np.float32(1)}
    assert fused.dtype == np.float32


def test_a_filter_that_returns_no_map_is_named(focus_pair):
    with pytest.raises(ValueError, match=r"filt must return a map of the shape of p, \(96, 128\), .* \(3, 3\)"):
        gff(focus_pair).fusion(filt=lambda p, guide, r, eps: np.ones((3, 3)))


@pytest.mark.parametrize("options", [{"r1": 1000}, {"r1": 1000, "r2": 1000}, {"eps1": 1e-10, "eps2": 1e-10}])
def test_extreme_parameters_give_a_picture(focus_pair, options):
    frames = focus_pair.copy()
    frames[:, 40:] = 0.3  # flat: there the filter has nothing but eps to divide by
    fused = gff(frames).fusion(**options)
    assert fused.min() >= 0 and fused.max() <= 1  # which no NaN is
    assert_allclose(fused[70:], 0.3, atol=1e-4)


# --- whole frames ----------------------------------------------------------------------------------------------------


def test_whole_frames_are_mixed_with_one_set_of_weights(three):
    stages = gff(three)
    fused = stages.fusion_without_separation(r=20, eps=1e-2)
    assert set(stages.refined_weights) == set(stages.normalised_refined_weights) == set(stages.fused) == {"full"}
    weights = stages.normalised_refined_weights["full"]
    assert_allclose(fused, (weights[..., None] * np.stack(three)).sum(axis=0), atol=1e-6)
    assert (fused <= np.max(three, axis=0) + 1e-6).all()  # a mean leaves no range
    assert (fused >= np.min(three, axis=0) - 1e-6).all()


def test_whole_frames_are_weighted_as_base_layers_are(focus_pair):
    filt = Recorder()
    stages = gff(focus_pair)
    stages.fusion_without_separation(filt=filt)
    assert [call[2:] for call in filt.calls] == [(45, 0.3)] * 2
    stages.fusion()
    assert_array_equal(stages.refined_weights["full"], stages.refined_weights["base"])


def test_results_say_what_to_call_first(focus_pair):
    stages = gff(focus_pair)
    for results in (stages.refined_weights, stages.normalised_refined_weights, stages.fused):
        with pytest.raises(LookupError, match=r"there is no 'base' here \(yet\): fusion\(\) computes"):
            results["base"]
        assert dict(results) == {}
    stages.fusion()
    with pytest.raises(LookupError, match="fusion_without_separation"):
        stages.fused["full"]


# --- hue, saturation, value ------------------------------------------------------------------------------------------


def test_hsv_stands_for_the_rgb_that_colorsys_says():
    image = np.random.default_rng(5).random((8, 9, 3))
    image[0, :7, 0] = np.arange(7) / 6  # where two of the channels are equal
    image[1, :2, 1:] = 0
    expected = [[colorsys.hsv_to_rgb(*pixel) for pixel in row] for row in image]
    assert_allclose(rgb_of_hsv(image), expected, atol=1e-7)


def test_hsv_frames_are_chosen_and_guided_by_the_gray_values_of_their_rgb(eight_bit):
    frames = to_hsv(eight_bit / 255)
    stages, filt = gff(frames, color="hsv"), Recorder()
    assert_array_equal(stages.weights, gff(eight_bit).weights)
    stages.fusion(filt=filt)
    for number, call in enumerate(filt.calls):
        assert_allclose(call[1], to_gray(eight_bit[number % 2]) / 255, atol=1e-6)


def test_hsv_channels_are_what_is_fused(three):
    frames = to_hsv(three)
    stages = gff(frames, color="hsv")
    fused = stages.fusion_without_separation()
    assert_allclose(np.asarray(stages.ims), frames, atol=1e-6)
    weights = stages.normalised_refined_weights["full"][..., None]
    assert_allclose(fused, (weights * frames).sum(axis=0), atol=1e-6)


def test_the_mean_of_two_reds_is_cyan(eight_bit):
    frames = to_hsv(eight_bit / 255)
    frames[..., 0], frames[..., 1] = np.array([0.98, 0.02])[:, None, None], 1
    halves = gff(frames, "hsv").fusion_without_separation(filt=lambda p, guide, r, eps: np.full_like(p, 0.5))
    red, green, blue = np.moveaxis(rgb_of_hsv(halves), -1, 0)
    assert_allclose(green, blue, atol=1e-5)
    assert (red < 1e-5).all() and green.max() > 0.5


@pytest.mark.parametrize("color", ["lab", "HSV", "rgb", 3])
def test_an_unknown_colour_is_refused(focus_pair, color):
    with pytest.raises(ValueError, match=f'color must be None, for gray or RGB frames, or "hsv", got {color!r}'):
        gff(focus_pair, color=color)


def test_gray_frames_have_no_hue(focus_pair):
    with pytest.raises(ValueError, match="needs frames of three channels"):
        gff(focus_pair[..., 0], color="hsv")


def test_a_filter_may_write_to_its_guide(focus_pair):
    """Neither the caller's frames nor the next fusion notice."""
    frames = [np.ascontiguousarray(frame[..., 1]) for frame in focus_pair]
    before, stages = np.stack(frames), gff(frames)
    expected = stages.fusion()

    def spoil(p, guide, r, eps):
        guide[:] = 0
        return p

    stages.fusion(filt=spoil)
    assert_array_equal(np.stack(frames), before)
    assert_array_equal(stages.fusion(), expected)

"""Facts about guided-filter fusion."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import open_stack, save
from fusion import guided_fusion
from fusion.guided import blend_two_scale, decompose, refine
from fusion.measure import SALIENCY_REACH, saliency
from fusion.metrics import psnr
from fusion.weights import decision_map, normalise_weights, weight_maps


def by_stages(stack, guide="gray"):
    """The method as the pages show it, with all frames in memory."""
    stack = open_stack(stack)
    labels = decision_map([saliency(stack.pixels(index)) for index in range(len(stack))])
    base = normalise_weights(refine(labels, stack, radius=45, eps=0.3, guide=guide))
    detail = normalise_weights(refine(labels, stack, radius=7, eps=1e-6, guide=guide))
    return blend_two_scale(stack, base, detail).clip(0, 1)


def test_the_sharp_half_of_each_frame_is_found(focus_pair, texture):
    fused = guided_fusion(focus_pair)
    assert psnr(fused, texture) > max(psnr(frame, texture) for frame in focus_pair) + 6
    away = np.abs(np.arange(128) - 63.5) > 20
    assert psnr(fused[:, away], texture[:, away]) > 40


@pytest.mark.parametrize("guide", ["gray", "rgb"])
def test_streaming_equals_the_stages(focus_pair, guide):
    assert_allclose(guided_fusion(focus_pair, guide=guide), by_stages(focus_pair, guide), atol=1e-6)


def test_streaming_equals_the_stages_on_eight_bit_pictures(focus_pair):
    eight_bit = np.rint(focus_pair * 255) / np.float32(255)
    assert_allclose(guided_fusion(eight_bit), by_stages(eight_bit), atol=1e-6)
    labels = decision_map([saliency(frame) for frame in eight_bit])  # of float images, as pages have them
    assert_array_equal(labels, decision_map([saliency(open_stack(eight_bit).pixels(index)) for index in range(2)]))


def test_a_change_does_not_reach_further_than_stated():
    rng = np.random.default_rng(3)
    stack = rng.random((2, 40, 420), np.float32)
    changed = stack.copy()
    changed[:, :, 0] = rng.random((2, 40))
    assert_allclose(guided_fusion(stack)[:, 97:], guided_fusion(changed)[:, 97:], atol=1e-6)


def test_order_does_not_matter(focus_pair):
    assert_allclose(guided_fusion(focus_pair), guided_fusion(focus_pair[::-1]), atol=1e-6)


def test_the_way_frames_are_held_does_not_matter(focus_pair, tmp_path):
    eight_bit = np.rint(focus_pair * 255).astype(np.uint8)
    for index, frame in enumerate(eight_bit):
        save(frame, tmp_path / f"{index}.png")
    expected = guided_fusion(eight_bit)
    as_float = eight_bit / np.float32(255)
    for held in (
        tmp_path,
        list(eight_bit),
        as_float,
        list(as_float),
        eight_bit.astype(np.uint16) * 257,
        open_stack(tmp_path),
    ):
        assert_allclose(guided_fusion(held), expected, atol=1e-6)


def test_two_passes_and_one_frame_at_a_time(focus_pair, monkeypatch):
    stack = open_stack(focus_pair)
    read = []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    guided_fusion(stack)
    assert read == [0, 1, 0]  # the last one is still at hand when the second pass begins


def test_equal_frames_give_the_frame(texture):
    assert_allclose(guided_fusion([texture, texture, texture]), texture, atol=1e-5)


def test_one_frame_is_its_own_fusion(texture):
    assert_allclose(guided_fusion([texture]), texture, atol=1e-6)


def test_gray_and_colour_agree(focus_pair):
    gray = focus_pair[..., :1]
    assert_allclose(guided_fusion(gray[..., 0]), guided_fusion(gray.repeat(3, axis=3))[..., 0], atol=1e-5)


def test_output_is_an_image(focus_pair):
    extreme = (focus_pair > 0.5).astype(np.float32)
    fused = guided_fusion(extreme)
    assert fused.dtype == np.float32
    assert fused.shape == extreme.shape[1:]
    assert fused.min() >= 0 and fused.max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2, 3), (33, 5, 3)])
def test_any_size_works(shape):
    stack = np.random.default_rng(1).random((2, *shape), np.float32)
    fused = guided_fusion(stack)
    assert fused.shape == shape
    assert np.isfinite(fused).all()


def test_exact_ties_go_to_the_first_frame():
    flat = [np.full((8, 8), value, np.float32) for value in (0.2, 0.8)]
    assert_array_equal(decision_map([saliency(frame) for frame in flat]), 0)
    assert_allclose(guided_fusion(flat), 0.2, atol=1e-6)


def test_decision_map_names_the_highest(texture):
    saliencies = [texture[..., channel] for channel in range(3)]
    assert_array_equal(decision_map(saliencies), np.argmax(saliencies, axis=0))
    maps = weight_maps(decision_map(saliencies), 3)
    assert_array_equal(maps.sum(axis=0), 1)


def test_more_than_256_frames_keep_their_numbers():
    saliencies = [np.full((2, 2), index, np.float32) for index in range(300)]
    assert_array_equal(decision_map(saliencies), 299)


def test_weights_sum_to_one_everywhere(focus_pair):
    labels = decision_map([saliency(frame) for frame in focus_pair])
    for radius, eps in ((45, 0.3), (7, 1e-6)):
        weights = normalise_weights(refine(labels, focus_pair, radius=radius, eps=eps))
        assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
        assert weights.min() >= 0


def test_normalised_weights_of_nothing_are_equal():
    assert_allclose(normalise_weights(np.zeros((4, 2, 2), np.float32)), 0.25)


def test_base_and_detail_make_the_image(texture):
    base, detail = decompose(texture)
    assert_allclose(base + detail, texture, atol=1e-6)
    assert_allclose(base[40, 60], texture[25:56, 45:76].mean(axis=(0, 1)), atol=1e-5)


def test_saliency_is_the_smoothed_laplacian():
    point = np.zeros((31, 31), np.float32)
    point[15, 15] = 1
    response = saliency(point)
    assert response.sum() == pytest.approx(8, rel=1e-5)  # |-4| + 4 * |1|
    assert np.nonzero(response)[0].min() == 15 - SALIENCY_REACH
    assert_allclose(saliency(np.full((9, 9), 0.5, np.float32)), 0)


@pytest.mark.parametrize("scale", [1, 257])
def test_saliency_does_not_depend_on_the_type(texture, scale):
    levels = np.rint(texture[..., 0] * 255)
    integers = (levels * scale).astype(np.uint8 if scale == 1 else np.uint16)
    expected = saliency((levels / 255).astype(np.float32))
    measured = saliency(integers if scale == 1 else integers / np.float32(65535))
    assert_allclose(measured, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"guide": "blue"}, 'guide must be "gray" or "rgb"'),
        ({"base": (45,)}, "base must be a radius"),
        ({"base": (-1, 0.3)}, "base must be a radius"),
        ({"detail": (7, 0)}, "detail must be a radius"),
        ({"detail": (7.5, 0.1)}, "detail must be a radius"),
    ],
)
def test_bad_options_are_named(focus_pair, option, message):
    stack = open_stack(focus_pair)
    stack.pixels = None  # said before a frame is read
    with pytest.raises(ValueError, match=message):
        guided_fusion(stack, **option)


def test_progress_sees_every_frame_of_both_passes(focus_pair):
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append(what)
            yield frame

    guided_fusion(focus_pair, progress=progress)
    assert seen == ["choosing"] * 2 + ["blending"] * 2

"""Facts about Gaussian and Laplacian pyramids, and about fusion by the strongest details."""

import tracemalloc

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, open_stack, save, scenes
from fusion.guided import guided_fusion
from fusion.metrics import psnr
from fusion.pyramid import (
    _interpolated,
    collapse,
    enlarged,
    gaussian_pyramid,
    laplacian_pyramid,
    level_shapes,
    most_levels,
    reduced,
    sharpest_details,
)

SIZES = [(96, 128), (96, 128, 3), (37, 53), (37, 53, 3), (64, 33), (2, 2), (3, 2, 3), (5, 7, 4), (17, 1), (1, 1, 3)]
KERNELS = {5: np.array([1, 4, 6, 4, 1]) / 16, 3: np.array([1, 2, 1]) / 4}


def random_image(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


# --- pyramids --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel_size", [5, 3])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_a_collapsed_pyramid_is_the_image_again(shape, kernel_size):
    image = random_image(shape)
    for levels in {0, 1, most_levels(shape)}:
        pyramid = laplacian_pyramid(image, levels, kernel_size=kernel_size)
        assert [level.shape for level in pyramid] == level_shapes(shape, levels)
        again = collapse(pyramid, kernel_size=kernel_size)
        assert again.dtype == np.float32 and again.shape == shape
        assert_allclose(again, image, atol=1e-6)


def test_no_levels_leave_the_image_alone():
    image = random_image((5, 7, 3))
    for pyramid in (gaussian_pyramid(image, 0), laplacian_pyramid(image, 0)):
        assert len(pyramid) == 1
        assert_array_equal(pyramid[0], image)


def test_levels_are_halved_and_the_odd_pixel_is_kept():
    sizes = [level.shape for level in gaussian_pyramid(random_image((37, 20, 3)))]
    assert sizes == [(37, 20, 3), (19, 10, 3), (10, 5, 3), (5, 3, 3), (3, 2, 3)]
    assert [level.shape for level in laplacian_pyramid(random_image((37, 20)), 2)] == [(37, 20), (19, 10), (10, 5)]


@pytest.mark.parametrize(("shape", "most"), [((512, 400), 8), ((256, 999), 8), ((255, 999, 3), 7), ((4, 9), 2)])
def test_most_levels_leave_one_pixel_or_nearly_so(shape, most):
    assert most_levels(shape) == most
    assert min(gaussian_pyramid(np.zeros(shape))[-1].shape[:2]) in (1, 2)


def test_even_the_smallest_image_has_a_level():
    assert most_levels((1, 1)) == most_levels((1, 100)) == most_levels((3, 3)) == 1


ROW = np.array([3, 1, 4, 1, 5], np.float32)
MIRRORED = {5: [1, 3, 3, 1, 4, 1, 5, 5, 1], 3: [3, 3, 1, 4, 1, 5, 5]}  # the pixel at the border is repeated
COARSE = {
    5: np.array([1 + 12 + 18 + 4 + 4, 3 + 4 + 24 + 4 + 5, 4 + 4 + 30 + 20 + 1]) / 16,
    3: np.array([3 + 6 + 1, 1 + 8 + 1, 1 + 10 + 5]) / 4,
}


def continued(kernel_size):
    """The row of `COARSE` at the pixels of `ROW`, beyond its ends its last pixels: by hand."""
    a, b, c = COARSE[kernel_size]
    if kernel_size == 3:
        return [a, (a + b) / 2, b, (b + c) / 2, c]
    return [(a + 6 * a + b) / 8, (a + b) / 2, (a + 6 * b + c) / 8, (b + c) / 2, (b + 6 * c + c) / 8]


@pytest.mark.parametrize("across", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize("kernel_size", [5, 3])
def test_one_level_by_hand_up_to_the_borders(kernel_size, across):
    for start, value in enumerate(COARSE[kernel_size]):
        assert MIRRORED[kernel_size][2 * start : 2 * start + kernel_size] @ KERNELS[kernel_size] == value
    image, half, between = (
        np.tile(row, (height, 1)) for row, height in ((ROW, 4), (COARSE[kernel_size], 2), (continued(kernel_size), 4))
    )
    if across:
        image, half, between = image.T, half.T, between.T
    details, coarsest = laplacian_pyramid(image, 1, kernel_size=kernel_size)
    assert_allclose(coarsest, half, atol=1e-6)
    assert_allclose(details, image - between, atol=1e-6)
    assert_array_equal(coarsest, gaussian_pyramid(image, 1, kernel_size=kernel_size)[1])
    assert_allclose(collapse([details, coarsest], kernel_size=kernel_size), image, atol=1e-6)


def test_two_sizes_of_kernel_differ_and_the_default_is_five(texture):
    default, three = (laplacian_pyramid(texture, 2), laplacian_pyramid(texture, 2, kernel_size=3))
    for one, other, five in zip(default, three, laplacian_pyramid(texture, 2, kernel_size=5), strict=True):
        assert_array_equal(one, five)
        assert np.abs(one - other).max() > 0.01
    assert_array_equal(collapse(three), collapse(three, kernel_size=5))
    assert np.abs(collapse(three) - collapse(three, kernel_size=3)).max() > 0.01


@pytest.mark.parametrize("kernel_size", [5, 3])
def test_a_point_is_spread_by_the_kernel(kernel_size):
    kernel, reach = KERNELS[kernel_size], kernel_size // 2
    for row, column in ((4, 4), (4, 5), (5, 4)):
        point = np.zeros((9, 9), np.float32)
        point[row, column] = 1
        full = np.zeros((9, 9))
        full[row - reach : row + reach + 1, column - reach : column + reach + 1] = np.outer(kernel, kernel)
        assert_allclose(gaussian_pyramid(point, 1, kernel_size=kernel_size)[1], full[::2, ::2], atol=1e-7)


@pytest.mark.parametrize("shape", [(6, 5), (7, 8, 3), (1, 1), (1, 6, 3), (5, 7, 4)], ids=str)
def test_interpolation_by_five_taps_is_that_of_opencv(shape):
    """Inside, and at borders too once the image is continued by its last pixel."""
    image = random_image(shape)
    height, width = shape[0] * 2, shape[1] * 2
    inside = cv2.pyrUp(cv2.copyMakeBorder(image, 3, 3, 3, 3, cv2.BORDER_REPLICATE))[6 : 6 + height, 6 : 6 + width]
    for size in ((height, width), (height - 1, width), (height, width - 1), (height - 1, width - 1)):
        enlargement = enlarged(image, (*size, *shape[2:]))
        assert enlargement.shape == (*size, *shape[2:])
        assert_allclose(enlargement, inside.reshape(height, width, *shape[2:])[: size[0], : size[1]], atol=1e-6)


def test_interpolation_by_any_kernel_is_that_of_opencv_for_five_taps():
    """What fills the gaps for three taps would give OpenCV's result for five."""
    image = random_image((6, 5, 3))
    found = _interpolated(image, 2 * KERNELS[5])
    assert_allclose(found[2:-2, 2:-2], cv2.pyrUp(image)[2:-2, 2:-2], atol=1e-6)


@pytest.mark.parametrize("kernel_size", [5, 3])
def test_reduction_is_smoothing_then_leaving_out(kernel_size):
    image = random_image((7, 10, 3))
    reach = kernel_size // 2
    padded = np.pad(image, [(reach, reach), (reach, reach), (0, 0)], mode="symmetric")
    kernel = KERNELS[kernel_size]
    for row, column in ((0, 0), (0, 4), (3, 0), (3, 4), (1, 2)):
        part = padded[2 * row : 2 * row + kernel_size, 2 * column : 2 * column + kernel_size]
        expected = np.einsum("i,j,ijc->c", kernel, kernel, part)
        assert_allclose(reduced(image, kernel_size)[row, column], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(33, 20), (32, 32, 3)])
@pytest.mark.parametrize("kernel_size", [5, 3])
def test_an_even_image_stays_even_and_has_no_details(shape, kernel_size):
    image = np.full(shape, 0.7, np.float32)
    for level in gaussian_pyramid(image, kernel_size=kernel_size):
        assert_allclose(level, 0.7, atol=1e-6)
    for details in laplacian_pyramid(image, kernel_size=kernel_size)[:-1]:
        assert_allclose(details, 0, atol=1e-6)


@pytest.mark.parametrize("kernel_size", [5, 3])
def test_weight_maps_that_sum_to_one_do_so_on_every_level(kernel_size):
    weights = random_image((3, 41, 30))
    weights /= weights.sum(axis=0)
    for level in zip(*(gaussian_pyramid(weight, kernel_size=kernel_size) for weight in weights), strict=True):
        assert_allclose(sum(level), 1, atol=1e-6)


def test_the_pyramid_is_linear(texture):
    other = random_image(texture.shape)
    pyramids = [laplacian_pyramid(image) for image in (texture, other, texture - 2 * other)]
    for one, two, both in zip(*pyramids, strict=True):
        assert_allclose(both, one - 2 * two, atol=1e-5)


def test_channels_do_not_mix(texture):
    for colour, red in zip(laplacian_pyramid(texture), laplacian_pyramid(texture[..., 0]), strict=True):
        assert_allclose(colour[..., 0], red, atol=1e-6)


def test_integers_and_truth_values_are_taken(texture):
    eight_bit = np.rint(texture * 255).astype(np.uint8)
    assert_allclose(gaussian_pyramid(eight_bit)[0], eight_bit / 255, atol=1e-6)
    assert_allclose(gaussian_pyramid(texture > 2)[1], 0)


def test_collapsing_changes_nothing_that_was_given(texture):
    pyramid = laplacian_pyramid(texture, 3)
    before = [level.copy() for level in pyramid]
    collapse(pyramid)
    for level, same in zip(pyramid, before, strict=True):
        assert_array_equal(level, same)


@pytest.mark.parametrize("levels", [-1, 7, 2.5, np.nan, np.inf])
def test_levels_out_of_range_are_refused(texture, levels):
    for call in (gaussian_pyramid, laplacian_pyramid):
        with pytest.raises(ValueError, match=f"from 0 to 6 for an image of 128 x 96 pixels, got {levels}; leave it"):
            call(texture, levels)


@pytest.mark.parametrize("kernel_size", [4, 7, 0, None, "5"])
def test_only_two_sizes_of_kernel_are_known(texture, kernel_size):
    for call in (gaussian_pyramid, laplacian_pyramid, lambda image, **options: collapse([image], **options)):
        with pytest.raises(ValueError, match=f"kernel_size must be 5, as in the papers, or 3, got {kernel_size!r}"):
            call(texture, kernel_size=kernel_size)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5), (0, 4), ()])
def test_what_is_no_plane_is_refused(shape):
    with pytest.raises(ValueError, match="image must be of shape"):
        gaussian_pyramid(np.zeros(shape))


# --- fusion ----------------------------------------------------------------------------------------------------------


def by_definition(stack, levels):
    """The method with all frames in memory."""
    pyramids = [laplacian_pyramid(frame, levels) for frame in stack]
    fused = []
    for details in list(zip(*pyramids, strict=True))[:-1]:
        strength = np.abs(np.stack(details)).reshape(len(stack), *details[0].shape[:2], -1).sum(axis=3)
        chosen = strength.argmax(axis=0)
        fused.append(np.stack(details)[chosen, *np.indices(chosen.shape)])
    fused.append(np.mean([pyramid[-1] for pyramid in pyramids], axis=0))
    return collapse(fused).clip(0, 1)


def test_focus_is_found(focus_pair, texture):
    assert psnr(sharpest_details(focus_pair), texture) > max(psnr(frame, texture) for frame in focus_pair) + 6


@pytest.mark.parametrize("name", ["built-in/coins", "built-in/motorcycle-pair", "built-in/thin"])
def test_scenes_come_out_sharper_than_their_best_frame(name):
    made = scenes.built_in(name)
    assert psnr(sharpest_details(made.stack), made.sharp) > max(psnr(f, made.sharp) for f in made.stack) + 6


def test_thin_things_are_served_better_than_by_guided_fusion():
    made = scenes.built_in("built-in/thin")
    assert psnr(sharpest_details(made.stack), made.sharp) > psnr(guided_fusion(made.stack), made.sharp) + 2


@pytest.mark.parametrize("levels", [0, 1, 3, 6])
def test_streaming_equals_the_definition(focus_pair, levels):
    third = cv2.GaussianBlur(focus_pair[0], (0, 0), 1)
    stack = np.stack([*focus_pair, third])
    for frames in (stack, stack[..., 1]):
        assert_allclose(sharpest_details(frames, levels=levels), by_definition(frames, levels), atol=1e-6)


def test_the_default_is_four_levels_or_as_many_as_there_are(focus_pair):
    assert_array_equal(sharpest_details(focus_pair), sharpest_details(focus_pair, levels=4))
    small = focus_pair[:, :9]
    assert_array_equal(sharpest_details(small), sharpest_details(small, levels=3))


def test_order_does_not_matter(focus_pair):
    stack = [*focus_pair, focus_pair[1] ** 2, focus_pair[0] / 2]
    for order in ([3, 2, 1, 0], [1, 3, 0, 2]):
        assert_allclose(sharpest_details([stack[index] for index in order]), sharpest_details(stack), atol=1e-6)


def test_equal_frames_give_the_frame(texture):
    assert_allclose(sharpest_details([texture, texture, texture]), texture, atol=1e-6)
    assert_allclose(sharpest_details([texture]), texture, atol=1e-6)


def test_colours_stay_together():
    """Red detail in one frame and weaker green in the other: no pixel takes one channel of each."""
    red, green = np.full((2, 32, 32, 3), 0.5, np.float32)
    red[16, 16, 0], green[16, 16, 1] = 1, 0.9
    fused = sharpest_details([red, green], levels=1)
    assert fused[16, 16, 0] > 0.9
    assert fused[16, 16, 1] < 0.6


def test_ties_go_to_the_first_frame():
    up, down = np.full((2, 33, 33), 0.5, np.float32)
    up[16, 16], down[16, 16] = 0.75, 0.25
    assert_allclose(sharpest_details([up, down], levels=1)[16, 16], up[16, 16], atol=0.05)
    assert_allclose(sharpest_details([down, up], levels=1)[16, 16], down[16, 16], atol=0.05)


def test_gray_and_colour_agree(focus_pair):
    gray = focus_pair[..., :1]
    assert_allclose(sharpest_details(gray[..., 0]), sharpest_details(gray.repeat(3, axis=3))[..., 0], atol=1e-6)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_a_change_does_not_reach_further_than_stated(levels):
    stack = random_image((2, 40, 8 * 2**levels))
    for column in range(2**levels):
        changed = stack.copy()
        changed[:, :, column] = random_image((2, 40), seed=1)
        away = slice(column + 4 * 2**levels, None)
        fused = [sharpest_details(frames, levels=levels) for frames in (stack, changed)]
        assert_array_equal(fused[0][:, away], fused[1][:, away])


def test_the_way_frames_are_held_does_not_matter(focus_pair, tmp_path):
    eight_bit = np.rint(focus_pair * 255).astype(np.uint8)
    for index, frame in enumerate(eight_bit):
        save(frame, tmp_path / f"{index}.png")
    expected = sharpest_details(eight_bit)
    for held in (tmp_path, list(eight_bit), eight_bit / np.float32(255), open_stack(tmp_path)):
        assert_allclose(sharpest_details(held), expected, atol=1e-6)


def test_every_frame_is_read_once(focus_pair, monkeypatch):
    stack = open_stack(np.concatenate([focus_pair, focus_pair[::-1]]))
    read = []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    sharpest_details(stack)
    assert read == [0, 1, 2, 3]


def test_more_frames_need_no_more_memory(texture):
    few, many = (np.stack([texture] * count) for count in (3, 12))
    assert peak(few) > 3 * texture.nbytes
    assert peak(many) < peak(few) + 0.1 * texture.nbytes


def peak(stack):
    """Bytes that fusion has allocated at most, above the stack."""
    sharpest_details(stack)
    tracemalloc.start()
    sharpest_details(stack)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_frames_are_left_as_they_are(focus_pair):
    before = focus_pair.copy()
    sharpest_details(focus_pair)
    assert_array_equal(focus_pair, before)


def test_output_is_an_image(focus_pair):
    extreme = (focus_pair > 0.5).astype(np.float32)
    fused = sharpest_details(extreme)
    assert fused.dtype == np.float32 and fused.shape == extreme.shape[1:]
    assert (fused.min(), fused.max()) == (0, 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2, 3), (33, 5, 3)])
def test_any_size_works(shape):
    fused = sharpest_details(random_image((2, *shape)))
    assert fused.shape == shape
    assert np.isfinite(fused).all()


@pytest.mark.parametrize("levels", [-1, 7, 1.5])
def test_bad_levels_are_named_before_a_frame_is_read(focus_pair, levels):
    stack = open_stack(focus_pair)
    stack.pixels = None
    with pytest.raises(ValueError, match=f"levels must be a whole number from 0 to 6.*got {levels}"):
        sharpest_details(stack, levels=levels)


def test_frames_of_different_size_are_refused(focus_pair):
    with pytest.raises(DataError):
        sharpest_details([focus_pair[0], focus_pair[1][1:]])


def test_progress_sees_every_frame(focus_pair):
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append((frame, what))
            yield frame

    sharpest_details(focus_pair, progress=progress)
    assert seen == [(0, "fusing"), (1, "fusing")]

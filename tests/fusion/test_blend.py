"""Facts about the blending of frames by pyramids, one frame at a time, tile by tile."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import Stack, open_stack, to_float
from fusion import tiles as tiling
from fusion.blend import LEAST_WEIGHT, Look, PyramidBlend, fuse_looks, paper_levels
from fusion.measure import contrast
from fusion.pyramid import collapse, gaussian_pyramid, laplacian_pyramid
from tests.fusion.reference_exposure import blended


def shade(pixels):
    """A weight that looks at nothing but the pixel itself."""
    gray = to_float(pixels)
    return (gray.mean(axis=2) if gray.ndim == 3 else gray) ** 2


def negative(pixels):
    """Another way to show a frame, with values in [-2, 1]: what is blended may leave [0, 1]."""
    return 1 - 3 * to_float(pixels)


LOOKS = [Look(contrast), Look(shade, negative)]
SHAPES = [(3, 37, 53, 3), (2, 37, 53), (4, 1, 9, 3), (1, 21, 16)]


def frames_of(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def whole(frames, looks, **options):
    """By the definition: each frame as often as there are looks, all in memory."""
    images = [look.image(frame) for frame in frames for look in looks]
    return blended(images, [look.weight(frame).astype(float) for frame in frames for look in looks], **options)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("looks", [LOOKS[:1], LOOKS[1:], LOOKS], ids=["as it is", "negative", "both"])
def test_streaming_equals_the_definition(shape, looks):
    frames = frames_of(shape)
    fused = fuse_looks(open_stack(frames), looks)
    assert fused.dtype == np.float32 and fused.shape == shape[1:]
    assert_allclose(fused, whole(frames, looks), atol=2e-6)


@pytest.mark.parametrize("options", [{"levels": 0}, {"levels": 1}, {"levels": 5}, {"kernel_size": 3}], ids=str)
def test_options_are_those_of_the_definition(options):
    frames = frames_of(SHAPES[0])
    assert_allclose(fuse_looks(open_stack(frames), LOOKS, **options), whole(frames, LOOKS, **options), atol=2e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_looks_are_given_pixels_as_the_frame_has_them(dtype):
    frames = np.random.default_rng(2).integers(1, np.iinfo(dtype).max, (2, 9, 11, 3), dtype)
    seen = set()

    def weight(pixels):
        seen.add(pixels.dtype)
        return shade(pixels)

    fused = fuse_looks(open_stack(frames), [Look(weight)])
    assert seen == {np.dtype(dtype)}
    scaled = frames / np.iinfo(dtype).max
    assert_allclose(fused, blended(scaled, [shade(frame) for frame in frames]), atol=2e-6)


@pytest.mark.parametrize("kernel_size", [5, 3])
@pytest.mark.parametrize("size", [2, 6, 16])
@pytest.mark.parametrize("shape", [(3, 37, 53, 3), (2, 40, 33)], ids=str)
def test_tiles_equal_the_whole(monkeypatch, shape, size, kernel_size):
    """Weights may look at a neighbour: `contrast` does."""
    stack = open_stack(frames_of(shape))
    expected = fuse_looks(stack, LOOKS, kernel_size=kernel_size)
    monkeypatch.setattr(tiling, "TILE", size)
    assert_allclose(fuse_looks(stack, LOOKS, kernel_size=kernel_size), expected, atol=1e-6)


def test_the_number_of_workers_does_not_matter(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 16)
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(tiling, "WORKERS", workers)
        results.append(fuse_looks(open_stack(frames_of(SHAPES[0])), LOOKS))
    assert_array_equal(*results)


def test_the_sum_is_not_clipped():
    fused = fuse_looks(open_stack(frames_of(SHAPES[0])), LOOKS[1:])
    assert fused.min() < -0.1


def test_where_nothing_has_weight_all_looks_share_equally():
    frames = frames_of((3, 21, 18, 3))
    nothing = [Look(lambda pixels: np.zeros(pixels.shape[:2], np.float32), image) for image in (to_float, negative)]
    images = np.stack([look.image(frame) for frame in frames for look in nothing])
    assert_allclose(fuse_looks(open_stack(frames), nothing), images.mean(axis=0), atol=2e-6)


def test_the_least_weight_is_that_of_the_papers_program():
    """To weights of 0 and w, 1e-12 is added each."""
    frames = np.stack([np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)])
    for weight, share in ((0, 1 / 2), (1e-12, 2 / 3), (3e-12, 4 / 5)):
        looks = [Look(lambda pixels, weight=weight: np.float32(weight) * to_float(pixels))]
        assert_allclose(fuse_looks(open_stack(frames), looks), share, atol=1e-6)
    assert LEAST_WEIGHT.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "halvings"),
    [
        ((1, 1), 0),
        ((1, 900), 0),
        ((3, 3), 0),
        ((4, 5), 1),
        ((7, 9, 3), 1),
        ((8, 9), 2),
        ((340, 512, 3), 7),
        ((512, 512), 8),
    ],
)
def test_the_papers_count_the_coarsest_image(shape, halvings):
    """340 pixels: log2 is 8.4, 8 images, the first of them full size."""
    assert paper_levels(shape) == halvings


def test_levels_by_default_are_those_of_the_papers():
    stack = open_stack(frames_of((2, 40, 70)))
    default = fuse_looks(stack, LOOKS)
    assert_array_equal(default, fuse_looks(stack, LOOKS, levels=4))
    for levels in (3, 5):
        assert np.abs(default - fuse_looks(stack, LOOKS, levels=levels)).max() > 1e-3


def test_a_running_sum_of_pyramids_is_the_sum():
    images, weights = frames_of((3, 19, 22, 3)), frames_of((3, 19, 22), seed=1)
    blend = PyramidBlend((19, 22, 3), 3)
    for image, weight in zip(images, weights, strict=True):
        blend.add(lambda tile, image=image, weight=weight: (image[tile], weight[tile]))
    fused = 0
    for image, weight in zip(images, weights, strict=True):
        levels = zip(laplacian_pyramid(image, 3), gaussian_pyramid(weight, 3), strict=True)
        fused = fused + collapse([detail * share[..., None] for detail, share in levels])
    assert_allclose(blend.result(), fused, atol=2e-6)


def test_every_frame_is_read_twice_and_the_last_one_once(monkeypatch):
    stack = open_stack(frames_of((4, 9, 8)))
    read = []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    fuse_looks(stack, LOOKS)
    assert read == [0, 1, 2, 3, 2, 1, 0]


def test_more_frames_need_no_more_memory(texture):
    assert peak(texture, 3) > 3 * texture.nbytes
    assert peak(texture, 23) < peak(texture, 3) + 1.5 * texture.nbytes  # one, if the next frame is read in time


def peak(frame, count):
    """Bytes that fusion of frames that are read from somewhere has allocated at most."""
    stack = Stack([frame.copy] * count, [str(index) for index in range(count)], frame.shape, 16)
    fuse_looks(stack, LOOKS)
    tracemalloc.start()
    fuse_looks(stack, LOOKS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_progress_sees_every_frame_of_both_passes():
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append((frame, what))
            yield frame

    fuse_looks(open_stack(frames_of((3, 9, 8))), LOOKS, progress=progress)
    assert seen == [(k, "weighing") for k in range(3)] + [(k, "blending") for k in range(3)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"levels": 6},
            "levels must be a whole number from 0 to 5 for an image of 53 x 37 pixels, got 6; leave it out",
        ),
        ({"levels": -1}, "got -1"),
        ({"kernel_size": 4}, "kernel_size must be 5, as in the papers, or 3, got 4"),
    ],
)
def test_bad_options_are_named_before_a_frame_is_read(option, message):
    stack = open_stack(frames_of(SHAPES[0]))
    stack.pixels = None
    with pytest.raises(ValueError, match=message):
        fuse_looks(stack, LOOKS, **option)

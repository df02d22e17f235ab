"""Tone: gains that were imposed are found again, whatever else differs, and undone without a trace of it."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, as_jpeg
from data.scenes.light import LUMINANCE, to_linear, to_srgb
from recalage.tone import gains, match_tone, tone_sample

KINDS = {"uint8": 255, "uint16": 65535, "float32": 1}
IMPOSED = {"brighter": (1.1, 1.1, 1.1), "darker": (0.9, 0.9, 0.9), "warmer": (1.2, 1, 0.8), "a stop": (2, 2, 2)}


@pytest.fixture(scope="module")
def light(photograph):
    """Linear light of a photograph, with room above it for a stop."""
    return 0.4 * to_linear(photograph / np.float32(255))


def seen(light, kind="uint8"):
    """Take a picture of light."""
    values = to_srgb(light.clip(0, 1)) * KINDS[kind]
    return values if kind == "float32" else np.rint(values).astype(kind)


def gain_of(moving, reference, matrix=None):
    """Gain between two frames, of which the first is moved by a matrix."""
    matrices = [np.eye(3) if matrix is None else matrix, np.eye(3)]
    found = gains([tone_sample(moving), tone_sample(reference)], np.stack(matrices), reference.shape[:2], 1)
    assert (found[1] == 1).all()
    return found[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_gray", [True, False])
@pytest.mark.parametrize("imposed", IMPOSED.values(), ids=IMPOSED)
def test_gains_that_were_imposed_are_found(light, kind, is_gray, imposed):
    shown, factors = (light[..., 1], imposed[1:2]) if is_gray else (light, imposed)
    shown = np.maximum(shown, np.float32(0.004))  # so that rounding to 8 bits is no part of the question
    assert_allclose(gain_of(seen(shown, kind), seen(shown * np.float32(factors), kind)), factors, rtol=0.003)
    assert_allclose(
        gain_of(seen(shown * np.float32(factors), kind), seen(shown, kind)), np.divide(1, factors), rtol=0.003
    )


def test_a_frame_that_is_matched_looks_like_the_reference(light):
    reference, moving = seen(light), seen(light * np.float32((0.8, 1.1, 1.5)))
    matched = match_tone(moving, gain_of(moving, reference))
    distance = np.abs(matched.astype(int) - reference)
    assert distance.mean() < 0.5 and distance.max() <= 4  # levels of 255
    assert np.abs(moving.astype(int) - reference).mean() > 5


@pytest.mark.parametrize("radius", [3, 8])
def test_defocus_changes_no_gain(light, radius):
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    blurred = cv2.filter2D(light, -1, disk / disk.sum())
    assert_allclose(gain_of(seen(0.8 * blurred), seen(light)), 1.25, rtol=0.01)


def test_defocus_of_fine_texture_changes_no_gain():
    """Stripes of 2 pixels, blurred to their mean light: their mean value would rise by a third."""
    stripes = np.broadcast_to(np.where(np.arange(640) % 4 < 2, np.float32(0.02), np.float32(0.6)), (480, 640))
    assert_allclose(gain_of(seen(np.full_like(stripes, 0.31)), seen(stripes)), 1, rtol=0.01)


def test_a_thing_that_moves_changes_no_gain(light):
    """It covers a fifth of each frame."""
    moving, reference = 0.7 * light, light.copy()
    moving[100:300, 20:280] = 0.5
    reference[100:300, 230:490] = 0.5
    assert_allclose(gain_of(seen(moving), seen(reference)), 1 / 0.7, rtol=0.01)


@pytest.mark.parametrize("gain", [0.5, 2])
def test_clipped_highlights_change_no_gain(light, gain):
    moving = light * np.float32(4 / max(1, gain))
    assert 0.2 < (np.maximum(moving, gain * moving) > 1).any(axis=2).mean() < 0.5  # of the brighter one
    assert_allclose(gain_of(seen(moving), seen(gain * moving)), gain, rtol=0.01)


def test_clipped_cells_are_known_in_jpeg_too(light):
    """There they end as values a little below the highest one."""
    clipped = (light * 8 > 1).reshape(64, 8, 64, 8, 3).any(axis=(1, 3))
    is_exposed = tone_sample(as_jpeg(seen(light * 8), 75)).is_exposed
    assert clipped.mean() > 0.5 and is_exposed[clipped].mean() < 0.05  # measured: 0.036


def test_black_parts_change_no_gain(light):
    """Below its black level, a camera tells nothing; the offset is that of stray light."""
    scene = light + np.float32(0.01)
    moving, reference = scene / 2, scene.copy()
    moving[:300], reference[:300] = 0.0009, 0.0002
    assert_allclose(gain_of(seen(moving, "uint16"), seen(reference, "uint16")), 2, rtol=0.01)


def test_frames_are_compared_where_the_matrix_takes_them(light):
    turn = np.array([[0.95, -0.1, 40], [0.12, 0.93, -20], [1e-5, -2e-5, 1]])
    moving = seen(0.8 * light)
    reference = cv2.warpPerspective(seen(light), turn, (512, 512))  # black where nothing is shown
    assert_allclose(gain_of(moving, reference, turn), 1.25, rtol=0.015)


@pytest.mark.parametrize("shape", [(480, 640), (403, 2010)])  # every pixel is a sample; every second one is
@pytest.mark.parametrize(
    "matrix", [np.diag([0.9, 0.9, 1]), np.array([[1, 0, -30], [0, 1, 12], [0, 0, 1]])], ids=["scale", "shift"]
)
def test_cells_lie_where_they_are_said_to(shape, matrix):
    """Light that rises by a third of a percent from pixel to pixel tells where a cell lies."""
    x = np.arange(shape[1], dtype=np.float64)
    rising = [0.9 * np.exp(places * 0.003 - shape[1] * 0.003) for places in (matrix[0, 0] * x + matrix[0, 2], x)]
    moving, reference = (np.tile(row, (shape[0], 1)).astype(np.float32) for row in rising)
    assert_allclose(gain_of(seen(moving, "float32"), seen(reference, "float32"), matrix), 1, rtol=5e-4)


def test_cells_between_clipped_ones_are_not_compared():
    """Lamps lie in every other cell of the moving frame; half a cell farther, they are in none that is compared."""
    scene = np.full((160, 160), 0.3, np.float32)
    scene[40:, np.arange(160) % 16 < 3] = np.inf
    moving, reference = seen(scene / 1.5), np.roll(seen(scene), 4, axis=1)
    half_a_cell = np.array([[1, 0, 4], [0, 1, 0], [0, 0, 1]])
    assert_allclose(gain_of(moving, reference, half_a_cell), 1.5, rtol=0.02)


def test_frames_left_out_have_no_gain(light):
    matrices = np.stack([np.full((3, 3), np.nan), np.eye(3), np.eye(3)])
    samples = [None, tone_sample(seen(light)), tone_sample(seen(light / 2))]
    found = gains(samples, matrices, light.shape, 1)
    assert found.dtype == np.float64 and found.shape == (3, 3)
    assert np.isnan(found[0]).all() and (found[1] == 1).all()
    assert_allclose(found[2], 2, rtol=0.02)


def test_where_nothing_can_be_compared_nothing_changes(light):
    frame = seen(light)
    far = np.array([[1, 0, 1000], [0, 1, 0], [0, 0, 1]])
    assert (gain_of(frame, np.zeros_like(frame)) == 1).all()
    assert (gain_of(np.full_like(frame, 255), frame) == 1).all()
    assert (gain_of(frame, frame // 2, far) == 1).all()


def test_a_few_cells_are_not_trusted(light):
    """Of a frame of 5 x 5 cells, all but 11 or 12 are black."""
    patch = 0.3 + 0.1 * light[:40, :40, 1]
    for count, expected in ((11, 1), (12, 2)):
        is_shown = (np.arange(25) < count).reshape(5, 5).repeat(8, axis=0).repeat(8, axis=1)
        frame = np.where(is_shown, patch, 0)
        assert_allclose(gain_of(seen(frame), seen(2 * frame)), expected, rtol=0.02)


def test_a_channel_that_shows_nothing_follows_the_others(light):
    """Light of a fluorescent dye, in which one channel stays black."""
    dye = np.maximum(light, np.float32(0.01)) * np.float32((0, 1, 1))
    assert_allclose(gain_of(seen(dye), seen(dye * np.float32((1, 1.5, 1.5)))), 1.5, rtol=0.01)


def test_a_sample_is_small():
    sample = tone_sample(np.full((3000, 4000, 3), 100, np.uint8))
    assert sample.light.shape == sample.is_exposed.shape == (75, 100, 3)
    assert_allclose(sample.light, to_linear(np.float32(100 / 255)), rtol=1e-5)
    assert tone_sample(np.full((3000, 4001), 100, np.uint8)).light.shape == (75, 100, 1)
    assert tone_sample(np.full((48, 64), 100, np.uint8)).light.shape == (6, 8, 1)  # cells of 8 pixels
    assert tone_sample(np.full((1, 5), 100, np.uint8)).light.shape == (1, 5, 1)


def test_the_type_that_holds_a_frame_does_not_matter(light):
    frame = seen(light)
    expected = tone_sample(frame)
    for held in (frame.astype(np.uint16) * 257, (frame.astype(np.uint16) * 257).astype(">u2"), frame / np.float32(255)):
        sample = tone_sample(held)
        assert_allclose(sample.light, expected.light, rtol=1e-5)
        assert_array_equal(sample.is_exposed, expected.is_exposed)


@pytest.mark.parametrize("kind", ["uint8", "uint16", ">u2", "float32"])
@pytest.mark.parametrize("is_gray", [True, False])
def test_light_is_multiplied(texture, kind, is_gray):
    dtype = np.dtype(kind)
    full_scale = KINDS[dtype.newbyteorder("=").name]
    image = texture[..., 0] if is_gray else texture
    pixels = (image * full_scale).astype(dtype)
    factors = np.array([1.3]) if is_gray else np.array([1.3, 1, 0.6])
    expected = to_srgb((to_linear(pixels.astype(np.float64) / full_scale) * factors).clip(0, 1)) * full_scale
    matched = match_tone(pixels, factors)
    assert matched.dtype == dtype.newbyteorder("=") and matched.shape == pixels.shape
    assert (expected == full_scale).any()  # some of it is clipped
    assert_allclose(matched, expected, rtol=0, atol=2e-6 if kind == "float32" else 0.51)


def test_tall_floats_are_matched_to_the_last_row():
    image = np.random.default_rng(3).random((600, 4), np.float32)
    assert_allclose(match_tone(image, [0.5]), to_srgb(to_linear(image) * 0.5), atol=1e-6)


def test_one_gain_serves_all_channels_and_three_a_gray_frame(texture):
    pixels = seen(texture)
    assert_array_equal(match_tone(pixels, [1.5]), match_tone(pixels, [1.5, 1.5, 1.5]))
    mean = float(np.dot([2, 1, 0.5], LUMINANCE.astype(np.float64)))
    assert_array_equal(match_tone(pixels[..., 0], [2, 1, 0.5]), match_tone(pixels[..., 0], [mean]))


def test_a_gain_of_one_keeps_every_bit(texture):
    for pixels in (texture, seen(texture), seen(texture, "uint16")):
        assert match_tone(pixels, [1, 1, 1]) is pixels
        assert match_tone(pixels[..., 0], np.ones(3)).base is pixels


@pytest.mark.parametrize("given", [[1, 2], [], [[1, 1, 1]], 2, [0], [-1, 1, 1], [np.nan], [np.inf]])
def test_gains_that_are_none_are_refused(texture, given):
    with pytest.raises(ValueError, match="gains must be 1 or 3 positive numbers, got"):
        match_tone(texture, given)


@pytest.mark.parametrize("function", [tone_sample, lambda pixels: match_tone(pixels, [1.1])])
def test_what_is_no_image_is_refused(function):
    with pytest.raises(DataError, match="image has type int64"):
        function(np.zeros((5, 5), np.int64))

"""The first look at a stack: what is unusable, which order, how frames are remembered, and at which sizes."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import DataError, open_stack, save
from data.scenes import to_linear
from recalage.levels import LEAST_SIDE, MOST_PIXELS, Level, levels_of, light_of, reduce_frame
from recalage.survey import look_at
from recalage.trial import Frame, coarsest_tested


def look(frames, **options):
    return look_at(open_stack(frames, tolerant=True), lambda indices, what: indices, **options)


def mean_of_blocks(gray, pitch):
    height, width = (length // pitch for length in gray.shape)
    blocks = gray[: height * pitch, : width * pitch].reshape(height, pitch, width, pitch)
    return blocks.mean(axis=(1, 3))


@pytest.fixture(scope="module")
def gray(photograph):
    return cv2.cvtColor(cv2.resize(photograph, (160, 120), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


# --- which frames, in which order ------------------------------------------------------------------------------------


def test_frames_of_equal_exposure_keep_their_order(gray):
    drifting = [np.uint8(gray * factor) for factor in (0.9, 0.6, 0.95, 0.85, 1)]
    assert look(drifting).order == [0, 1, 2, 3, 4]


def test_a_bracket_is_ordered_by_brightness(gray):
    assert look([np.uint8(gray * factor) for factor in (0.5, 1, 0.3, 0.75)]).order == [2, 0, 3, 1]


def test_what_makes_a_bracket_is_the_median_step(gray):
    """Equal frames of which one is dark are no bracket; two exposures are."""
    assert look([gray, gray // 3, gray, gray]).order == [0, 1, 2, 3]
    assert look([gray, gray // 3]).order == [1, 0]


def test_steps_of_exposure_are_steps_of_light(gray):
    """A step by 1.2 in light is one by about 1.09 in gray values, or less."""
    light = to_linear(np.float32(gray / 255 * 0.8))
    frames = [np.float32(np.interp(light * factor, to_linear(VALUES), VALUES)) for factor in (1.2, 1)]
    assert frames[0].mean() / frames[1].mean() < 1.12
    assert look(frames).order == [1, 0]


VALUES = np.linspace(0, 1, 1001, dtype=np.float32)


def test_what_cannot_be_used_is_told(gray, tmp_path):
    save(gray, tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    save(np.full_like(gray, 90), tmp_path / "c.png")
    survey = look(tmp_path)
    assert list(survey.frames) == survey.order == [0]
    assert survey.frames[0].name == "a.png"
    assert survey.reasons[2] == "is blank: all of it has one gray value"
    assert set(survey.reasons) == {1, 2} and "b.png" not in survey.reasons[1] and str(tmp_path) not in survey.reasons[1]
    assert survey.reasons[1].strip()


def test_frames_of_another_size_are_told(gray):
    survey = look([gray, gray[:100], gray])
    assert survey.order == [0, 2]
    assert survey.reasons[1].startswith("is 160 x 100 pixels in gray, but frame 0 is 160 x 120 pixels in gray")


def test_the_least_contrast_and_the_least_side(gray):
    faint = np.full((64, 64), 30000, np.uint16)
    faint[10, 10] += 63
    assert "blank" in look([faint]).reasons[0]
    faint[10, 10] += 1
    assert look([faint]).order == [0]
    assert "64 pixels a side" in look([gray[:63]]).reasons[0]
    assert look([gray[:64]]).order == look([gray[:, :64]]).order == [0]


def test_tones_are_kept_if_they_are_asked_for(gray):
    frames = [gray, np.full_like(gray, 9), gray]
    assert look(frames).tones == []
    first, blank, last = look(frames, tones=True).tones
    assert blank is None and np.array_equal(first.light, last.light) and first.light.shape[2] == 1


def test_every_frame_is_read_once_and_told_about(gray):
    read, told = [], []

    def pixels(index):
        read.append(index)
        return gray

    def progress(indices, what):
        told.append((what, len(indices)))
        return indices

    look_at(open_stack([gray] * 4).with_frames(pixels), progress, tones=True)
    assert read == [0, 1, 2, 3] and told == [("reading", 4)]


def test_errors_of_programs_are_not_hidden(gray):
    def pixels(index):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_at(open_stack([gray]).with_frames(pixels), lambda indices, what: indices)


def test_not_one_frame_that_can_be_read(tmp_path):
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"b\.png"):
        look(tmp_path)


# --- how a frame is remembered ---------------------------------------------------------------------------------------


def test_a_small_frame_is_remembered_whole(gray):
    for frame, tolerance in ((gray, 0), (np.uint16(gray) * 257, 0), (np.float32(gray) / 255, 1)):
        reduced = reduce_frame(frame)
        assert reduced.pitch == 1 and reduced.gray.dtype == np.uint16
        assert_allclose(reduced.gray.astype(int), gray.astype(int) * 257, atol=tolerance)
        assert np.array_equal(reduced.to_frame, np.eye(3))


@pytest.mark.parametrize(
    ("shape", "pitch"), [((1000, 1500), 1), ((1003, 1501), 2), ((2999, 2003), 3), ((9, 700000), 3)]
)
def test_a_large_frame_is_averaged_over_squares(shape, pitch):
    """Rows and columns that fill no square are dropped, and strips leave no trace."""
    pixels = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    reduced = reduce_frame(pixels)
    assert reduced.pitch == pitch and reduced.gray.size <= MOST_PIXELS
    assert reduced.gray.shape == (shape[0] // pitch, shape[1] // pitch)
    assert_allclose(reduced.gray, mean_of_blocks(pixels * 257.0, pitch), atol=1)


def test_pixels_are_squares_around_whole_numbers():
    reduced = reduce_frame(np.zeros((2400, 2500), np.uint8))
    assert reduced.pitch == 2
    assert_allclose(reduced.to_frame @ [0, 0, 1], [0.5, 0.5, 1])
    assert_allclose(reduced.to_frame @ [10, 3, 1], [20.5, 6.5, 1])


def test_of_colours_luma_is_remembered(photograph):
    expected = photograph @ [0.299, 0.587, 0.114] * 257
    assert_allclose(reduce_frame(photograph).gray, expected, atol=0.6 * 257)


def test_light_is_linear():
    gray = np.array([[0, 6553, 32768, 65535]], np.uint16)
    light = light_of(gray)
    assert light.dtype == np.float32
    assert_allclose(light, to_linear(gray / np.float32(65535)), atol=1e-6)
    assert_allclose(light[0, [0, 3]], [0, 1])
    assert light[0, 2] == pytest.approx(0.214, abs=1e-3)


# --- at which sizes it is looked at ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64, 64), (65, 200), (129, 512), (481, 500), (333, 1000)])
def test_sizes_are_halved_while_they_suffice(shape):
    pixels = np.random.default_rng(4).integers(0, 65536, shape, np.uint16)
    levels = levels_of(reduce_frame(pixels))
    assert levels[0].shape == shape
    for finer, coarser in zip(levels, levels[1:]):
        assert coarser.shape == tuple((side + 1) // 2 for side in finer.shape)
    assert LEAST_SIDE <= min(levels[-1].shape) < 2 * LEAST_SIDE
    assert coarsest_tested(Frame("", reduce_frame(pixels))) == min(2, len(levels) - 1)


def test_cells_shrink_with_the_size_as_long_as_they_can():
    pixels = np.random.default_rng(4).integers(0, 65536, (490, 490), np.uint16)
    cells = [(level.cell, level.block, level.kept_back.any()) for level in levels_of(reduce_frame(pixels))]
    assert cells == [(12, 48, True), (8, 24, True), (8, 12, True), (8, 6, False)]


@pytest.mark.parametrize(("cell", "block"), [(8, 32), (12, 48), (8, 16), (8, 8)])
def test_one_block_in_five_is_kept_back_and_no_two_touch(cell, block):
    kept_back = Level(np.zeros((40 * cell, 80 * cell), np.float32), cell, block).kept_back
    across = block // cell
    blocks = kept_back[::across, ::across]
    assert np.array_equal(np.kron(blocks, np.ones((across, across), bool)), kept_back)
    assert kept_back.mean() == pytest.approx(0.2, abs=0.02)
    assert not (blocks[1:] & blocks[:-1]).any() and not (blocks[:, 1:] & blocks[:, :-1]).any()
    assert blocks.any(axis=0).all() and blocks.any(axis=1).all()


def test_of_blocks_below_a_cell_none_is_kept_back():
    assert not Level(np.zeros((64, 64), np.float32), 8, 6).kept_back.any()


def test_shading_is_no_detail_and_edges_are(gray):
    light = np.float32(gray / 255)
    ramp = np.linspace(0, 1, gray.shape[1], dtype=np.float32)
    inside = np.s_[12:-12, 12:-12]
    plain, shaded = (Level(frame, 8, 32).detail[inside] for frame in (light, light + ramp))
    assert_allclose(shaded, plain, atol=1e-5)
    assert plain.std() > 0.03


def test_slopes_are_central_differences(gray):
    level = Level(np.float32(gray / 255), 8, 32)
    x, y = level.slopes
    assert_allclose(x[1:-1, 1:-1], np.gradient(level.detail, axis=1)[1:-1, 1:-1], atol=1e-6)
    assert_allclose(y[1:-1, 1:-1], np.gradient(level.detail, axis=0)[1:-1, 1:-1], atol=1e-6)


@pytest.mark.parametrize(("shape", "cell"), [((120, 160), 8), ((125, 163), 12)])
def test_sums_are_means_over_cells(shape, cell):
    one, other = np.random.default_rng(2).standard_normal((2, *shape)).astype(np.float32)
    level = Level(one, cell, 4 * cell)
    sums = level.sums((one, other), (other, other))
    assert sums.shape == (shape[0] // cell, shape[1] // cell, 2)
    assert_allclose(sums[..., 0], mean_of_blocks(one * other, cell), atol=1e-6)
    assert_allclose(sums[..., 1], mean_of_blocks(other * other, cell), atol=1e-6)


def test_own_sums_and_centres_are_those_of_the_cells(gray):
    level = Level(np.float32(gray / 255), 8, 32)
    (x, y), detail = level.slopes, level.detail
    expected = [(x * x), (x * y), (y * y), (x * detail), (y * detail), (detail * detail)]
    for place, product in enumerate(expected):
        assert_allclose(level.own_sums[..., place], mean_of_blocks(product, 8), atol=1e-7)
    assert level.centres[0, 0].tolist() == [3.5, 3.5]
    assert level.centres[2, 5].tolist() == [43.5, 19.5]

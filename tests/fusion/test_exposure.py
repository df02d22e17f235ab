"""Facts about exposure fusion: it is the published method, whatever holds the frames and however they are cut."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, Stack, open_stack, save, to_gray
from fusion import exposure_fusion, measure
from fusion import tiles as tiling
from fusion.blend import paper_levels
from fusion.exposure import blend_level, quality, weight_maps
from fusion.pyramid import collapse, gaussian_pyramid, laplacian_pyramid
from tests.fusion.reference_exposure import blended, by_definition, coffee, rating

PUBLISHED = ("balloons", "candle", "farmhouse", "house", "lamp", "landscape", "lighthouse", "office")
NO_MEASURES = {"contrast": 0, "saturation": 0, "exposedness": 0}
OPTIONS = [
    {"contrast": 0},
    {"contrast": 0.5},
    {"saturation": 0},
    {"saturation": 2.5},
    {"exposedness": 0},
    {"exposedness": 0.3},
    {"sigma": 0.3},
    {"levels": 0},
    {"levels": 1},
    {"levels": 6},
    {"kernel_size": 3},
    {"contrast": 2, "saturation": 0.5, "exposedness": 1.5, "sigma": 0.25, "levels": 3, "kernel_size": 3},
    NO_MEASURES,
]
OTHER_METHODS = [  # what one might take for the paper's
    pytest.param({"sigma": 0.4}, id="two sigma for sigma"),
    pytest.param({"sigma": np.sqrt(0.2)}, id="sigma for its square"),
    pytest.param({"sigma": np.sqrt(0.02)}, id="no factor 2"),
    pytest.param({"kernel_size": 3}, id="three taps"),
    pytest.param({"levels": 4}, id="four levels"),
    pytest.param({"levels": "one more"}, id="one level more"),
    pytest.param({"levels": "one fewer"}, id="one level fewer"),
    pytest.param({"contrast": 0}, id="no contrast"),
    pytest.param({"saturation": 0}, id="no saturation"),
    pytest.param({"exposedness": 0}, id="no exposedness"),
]


@pytest.fixture(scope="module")
def bracket():
    """Three exposures, uint8 of shape (3, 113, 151, 3)."""
    return coffee(113, 151)


@pytest.fixture
def gray_of_eight_bits(monkeypatch):
    """Let contrast be that of the gray value rounded to 8 bits, which is what the focus measures look at."""
    contrast = measure.contrast
    monkeypatch.setattr(measure, "contrast", lambda image: contrast(to_gray(image.values.astype(np.uint8))))


def random_frames(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def with_numbers(options, shape):
    """Options in which the number of levels may be said in words."""
    words = {"one more": paper_levels(shape) + 1, "one fewer": paper_levels(shape) - 1}
    return {name: words.get(value, value) for name, value in options.items()}


def differences(fused, published):
    """Levels by which values, rounded down as the authors' program does it, differ from those of an 8-bit picture."""
    return np.abs(np.floor(255 * fused) - published)


# --- the published method --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_a_photograph_is_fused_as_defined(colour):
    frames = coffee() if colour else coffee()[..., 1]
    assert_allclose(exposure_fusion(frames), by_definition(frames), atol=2e-6)


@pytest.mark.parametrize("shape", [(4, 61, 47, 3), (4, 61, 47), (2, 33, 5, 3), (2, 16, 64), (3, 7, 1, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_random_frames_are_fused_as_defined(shape, dtype):
    frames = random_frames(shape)
    frames = (frames * 65535).astype(np.uint16) if dtype is np.uint16 else frames
    assert_allclose(exposure_fusion(frames), by_definition(frames), atol=2e-6)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_options_are_those_of_the_definition(bracket, colour, options):
    frames = bracket if colour else bracket[..., 1]
    assert_allclose(exposure_fusion(frames, **options), by_definition(frames, **options), atol=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_results_are_met(real_data, name):
    """Those of the authors' program, which come with the sequences."""
    published = open_stack([real_data / "mef" / "_fused" / name / "mertens07.png"]).pixels(0)
    missed = differences(exposure_fusion(real_data / "mef" / name), published)
    assert np.mean(missed == 0) >= 0.999
    assert missed.max() <= 1


@pytest.mark.parametrize("options", OTHER_METHODS)
@pytest.mark.parametrize("name", ["farmhouse", "lamp"])
def test_published_results_are_met_by_no_other_method(real_data, name, options):
    stack = open_stack(real_data / "mef" / name)
    published = open_stack([real_data / "mef" / "_fused" / name / "mertens07.png"]).pixels(0)
    fused = exposure_fusion(stack, **with_numbers(options, published.shape))
    assert np.mean(differences(fused, published) == 0) < 0.7


@pytest.mark.parametrize("name", ["farmhouse", "lamp"])
def test_published_results_are_met_by_unrounded_gray_only(real_data, name, gray_of_eight_bits):
    published = open_stack([real_data / "mef" / "_fused" / name / "mertens07.png"]).pixels(0)
    assert np.mean(differences(exposure_fusion(real_data / "mef" / name), published) == 0) < 0.7


def test_by_definition_a_photograph_is_met():
    """So that the two tests below tell methods apart, and not roundings."""
    frames = coffee()
    missed = differences(exposure_fusion(frames), np.floor(255 * by_definition(frames)))
    assert np.mean(missed == 0) >= 0.999
    assert missed.max() <= 1


@pytest.mark.parametrize("options", OTHER_METHODS)
def test_by_definition_other_methods_differ(options):
    frames = coffee()
    other = np.floor(255 * by_definition(frames, **with_numbers(options, frames.shape[1:])))
    assert np.mean(differences(exposure_fusion(frames), other) == 0) < 0.7


def test_by_definition_gray_is_not_rounded(gray_of_eight_bits):
    frames = coffee()
    assert np.mean(differences(exposure_fusion(frames), np.floor(255 * by_definition(frames))) == 0) < 0.7


# --- its stages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel_size", [5, 3])
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_the_stages_by_hand_equal_the_streamed_result(bracket, colour, kernel_size):
    stack = open_stack(bracket if colour else bracket[..., 1])
    levels = paper_levels(stack.shape[1:])
    weights = [gaussian_pyramid(weight, levels, kernel_size=kernel_size) for weight in weight_maps(stack)]
    details = [laplacian_pyramid(frame, levels, kernel_size=kernel_size) for frame in stack]
    fused = [blend_level(*level) for level in zip(zip(*details, strict=True), zip(*weights, strict=True), strict=True)]
    by_hand = collapse(fused, kernel_size=kernel_size).clip(0, 1)
    assert_allclose(exposure_fusion(stack, kernel_size=kernel_size), by_hand, atol=1e-6)


def test_without_levels_it_is_the_naive_weighted_mean(bracket):
    stack = open_stack(bracket)
    expected = blend_level(list(stack), weight_maps(stack))
    assert_allclose(exposure_fusion(stack, levels=0), expected, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"contrast": 0}, {"saturation": 3, "sigma": 0.4}, NO_MEASURES], ids=str)
def test_weights_sum_to_one_and_follow_quality(bracket, options):
    weights = weight_maps(bracket, **options)
    assert weights.dtype == np.float32 and weights.shape == bracket.shape[:3]
    assert weights.min() >= 0
    assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
    ratings = np.array([rating(frame, **options) for frame in bracket]) + 1e-12
    assert_allclose(weights, ratings / ratings.sum(axis=0), atol=1e-3)  # contrasts of channels that nearly cancel


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    "options", [{}, {"contrast": 0.5}, {"saturation": 2}, {"exposedness": 3}, {"sigma": 0.1}], ids=str
)
def test_quality_is_the_product_of_measures_to_their_exponents(dtype, options):
    frame = random_frames((9, 11, 3))
    frame = frame if dtype is np.float32 else (255 * frame).astype(dtype)
    for image in (frame, frame[..., 0].copy()):
        before = image.copy()
        found = quality(image, **options)
        assert found.dtype == np.float32
        assert_allclose(found, rating(image, **options), rtol=1e-4, atol=1e-6)
        assert_array_equal(image, before)


@pytest.mark.parametrize("name", NO_MEASURES)
def test_an_exponent_of_zero_leaves_its_measure_out(name):
    """Flat black has no contrast and no saturation, but the measure alone that is left is what counts."""
    frame = random_frames((9, 11, 3))
    frame[:5] = 0
    measures = {
        "contrast": measure.contrast(frame),
        "saturation": measure.saturation(frame),
        "exposedness": measure.well_exposedness(frame),
    }
    others = [values for other, values in measures.items() if other != name]
    assert_allclose(quality(frame, **{name: 0}), others[0] * others[1], rtol=1e-5)
    alone = {other: float(other == name) for other in measures}
    assert_array_equal(quality(frame, **alone), measures[name])
    assert_array_equal(quality(frame, **NO_MEASURES), 1)


def test_a_gray_frame_leaves_saturation_out(bracket):
    gray = bracket[..., 0]
    assert_array_equal(exposure_fusion(gray), exposure_fusion(gray, saturation=0))
    assert_array_equal(exposure_fusion(gray), exposure_fusion(gray, saturation=3))
    in_colour = exposure_fusion(gray[..., None].repeat(3, axis=3), saturation=0, exposedness=1 / 3)
    assert_allclose(in_colour, exposure_fusion(gray)[..., None].repeat(3, axis=2), atol=1e-5)


def test_gray_in_colour_has_no_quality_by_the_paper(bracket):
    """Saturation is 0 everywhere: the frames share equally."""
    frames = bracket[..., :1].repeat(3, axis=3)
    assert_allclose(exposure_fusion(frames), (frames / 255).mean(axis=0), atol=2e-6)


# --- what does not matter --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 50, 64])
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_tiles_equal_the_whole(bracket, monkeypatch, colour, size):
    frames = bracket if colour else bracket[..., 1]
    expected = exposure_fusion(frames)
    monkeypatch.setattr(tiling, "TILE", size)
    assert_allclose(exposure_fusion(frames), expected, atol=1e-6)


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 2, 0]])
@pytest.mark.parametrize("colour", [True, False], ids=["colour", "gray"])
def test_order_does_not_matter(bracket, colour, order):
    frames = bracket if colour else bracket[..., 1]
    assert_allclose(exposure_fusion(frames[order]), exposure_fusion(frames), atol=1e-6)


def test_the_way_frames_are_held_does_not_matter(bracket, tmp_path):
    for index, frame in enumerate(bracket):
        save(frame, tmp_path / f"{index}.png")
    expected = exposure_fusion(bracket)
    deeper, as_float = bracket.astype(np.uint16) * 257, bracket / np.float32(255)
    files = sorted(tmp_path.iterdir())
    held_as = [
        list(bracket),
        deeper,
        list(deeper),
        as_float,
        list(as_float),
        bracket / 255,
        bracket.astype(">u2") * 257,
    ]
    for held in (*held_as, tmp_path, files, open_stack(tmp_path), [bracket[0], deeper[1], as_float[2]]):
        assert_allclose(exposure_fusion(held), expected, atol=1e-6)


def test_a_bracket_of_sixteen_bits_is_one_of_finer_steps():
    frames = (random_frames((3, 20, 30, 3)) * 65535).astype(np.uint16)
    assert_allclose(exposure_fusion(frames), exposure_fusion((frames / 65535).astype(np.float32)), atol=2e-6)


def test_frames_are_left_as_they_are(bracket):
    for frames in (bracket.copy(), bracket.astype(np.uint16) * 200, random_frames((3, 20, 30, 3))):
        for held in (frames, frames[..., 0].copy()):
            before = held.copy()
            exposure_fusion(held)
            weight_maps(held)
            assert_array_equal(held, before)


# --- known answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"levels": 0}, {"kernel_size": 3}, {"contrast": 2.5}], ids=str)
def test_one_frame_is_its_own_fusion(bracket, options):
    assert_allclose(exposure_fusion(bracket[:1], **options), bracket[0] / 255, atol=1e-6)
    assert_allclose(exposure_fusion(bracket[:1, ..., 0], **options), bracket[0, ..., 0] / 255, atol=1e-6)


def test_equal_frames_give_the_frame(bracket):
    assert_allclose(exposure_fusion([bracket[1]] * 3), bracket[1] / 255, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_where_no_frame_has_quality_they_share_equally(dtype):
    """Flat frames have no contrast, whatever their colour; black and white ones as well."""
    scale = 1 if dtype is np.float32 else np.iinfo(dtype).max
    for colours in (
        [(0.1, 0.1, 0.1), (0.9, 0.4, 0.3)],
        [(0, 0, 0), (0.5, 0.5, 0.5), (1, 0, 0)],
        [(0, 0, 0), (1, 1, 1)],
    ):
        frames = np.array([np.full((33, 20, 3), colour) for colour in colours]) * scale
        frames = frames.astype(dtype)
        assert_allclose(exposure_fusion(frames), (frames / scale).mean(axis=0), atol=1e-6)
        assert_allclose(exposure_fusion(frames[..., 1]), (frames[..., 1] / scale).mean(axis=0), atol=1e-6)
        assert_allclose(weight_maps(frames), 1 / len(frames), atol=1e-7)


def test_black_frames_give_black():
    assert_array_equal(exposure_fusion(np.zeros((3, 20, 30, 3), np.uint8)), 0)


def test_the_well_exposed_half_of_each_frame_is_kept(bracket):
    """One frame too dark on the left, the other too bright on the right."""
    scene = 0.3 + 0.4 * bracket[1, :96, :128] / np.float32(255)
    dark, bright = scene.copy(), scene.copy()
    dark[:, :64] *= 0.05
    bright[:, 64:] = 1 - 0.05 * (1 - bright[:, 64:])
    fused = exposure_fusion([dark, bright])
    error = [np.abs(image - scene)[:, [*range(48), *range(80, 128)]].mean() for image in (fused, dark, bright)]
    assert error[0] < 0.3 * min(error[1:])


def test_the_result_is_clipped_to_an_image():
    """The sum of pyramids leaves [0, 1] where black and white dots meet their middle gray."""
    extreme = (random_frames((2, 48, 64, 3)) > 0.5).astype(np.float32)
    extreme[:, :, :32] = extreme[:, :, :32] * 0.5 + 0.25
    unclipped, fused = blended(extreme, [rating(frame) for frame in extreme]), exposure_fusion(extreme)
    assert unclipped.min() < -0.01 and unclipped.max() > 1.01
    assert fused.dtype == np.float32
    assert (fused.min(), fused.max()) == (0, 1)
    assert_allclose(fused, unclipped.clip(0, 1), atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 5), (33, 5), (7, 1)], ids=str)
@pytest.mark.parametrize("channels", [(), (3,)], ids=["gray", "colour"])
@pytest.mark.parametrize("kernel_size", [5, 3])
def test_any_size_works(shape, channels, kernel_size):
    frames = random_frames((3, *shape, *channels))
    fused = exposure_fusion(frames, kernel_size=kernel_size)
    assert fused.shape == (*shape, *channels)
    assert_allclose(fused, by_definition(frames, kernel_size=kernel_size), atol=2e-6)


# --- streaming -------------------------------------------------------------------------------------------------------


def test_every_frame_is_read_twice_and_the_last_one_once(bracket, monkeypatch):
    stack = open_stack(bracket)
    read = []
    original = stack.pixels
    monkeypatch.setattr(stack, "pixels", lambda index: read.append(index) or original(index))
    exposure_fusion(stack)
    assert read == [0, 1, 2, 1, 0]


def test_more_frames_need_no_more_memory(texture):
    assert peak(texture, 3) > 3 * texture.nbytes
    assert peak(texture, 23) < peak(texture, 3) + 1.5 * texture.nbytes  # one, if the next frame is read in time


def peak(frame, count):
    """Bytes that fusion of frames that are read from somewhere has allocated at most."""
    stack = Stack([frame.copy] * count, [str(index) for index in range(count)], frame.shape, 16)
    exposure_fusion(stack)
    tracemalloc.start()
    exposure_fusion(stack)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_progress_sees_every_frame_of_both_passes(bracket):
    seen = []

    def progress(frames, what):
        for frame in frames:
            seen.append((frame, what))
            yield frame

    shown = exposure_fusion(bracket, progress=progress)
    assert seen == [(k, "weighing") for k in range(3)] + [(k, "blending") for k in range(3)]
    assert_array_equal(shown, exposure_fusion(bracket))


def test_arrays_are_fused_without_torch():
    code = (
        "import sys, numpy, fusion;"
        "fused = fusion.exposure_fusion(numpy.zeros((2, 8, 9, 3), numpy.uint8));"
        "print(fused.shape, [name for name in sys.modules if name.partition('.')[0] == 'torch'])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(8, 9, 3) []"


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"contrast": -1}, r"contrast must be an exponent from 0 .left out. to 50, got -1"),
        ({"saturation": np.nan}, r"saturation must be an exponent from 0 .left out. to 50, got nan"),
        ({"exposedness": np.inf}, r"exposedness must be an exponent from 0 .left out. to 50, got inf"),
        ({"sigma": 0}, r"sigma must lie in 0.001..1000, got 0; the paper has 0.2 for values in \[0, 1\]"),
        ({"sigma": -0.2}, "sigma must lie in 0.001..1000, got -0.2"),
        ({"sigma": np.nan}, "sigma must lie in 0.001..1000, got nan"),
        ({"sigma": np.inf}, "sigma must lie in 0.001..1000, got inf"),
        ({"levels": 7}, "levels must be a whole number from 0 to 6 for an image of 151 x 113 pixels, got 7; leave it"),
        ({"levels": -1}, "levels must be .* got -1"),
        ({"levels": 2.5}, "levels must be .* got 2.5"),
        ({"levels": np.nan}, "levels must be .* got nan"),
        ({"kernel_size": 7}, "kernel_size must be 5, as in the papers, or 3, got 7"),
    ],
    ids=str,
)
def test_bad_options_are_named_before_a_frame_is_read(bracket, option, message):
    stack = open_stack(bracket)
    stack.pixels = None
    with pytest.raises(ValueError, match=message):
        exposure_fusion(stack, **option)
    if not option.keys() & {"levels", "kernel_size"}:
        with pytest.raises(ValueError, match=message):
            weight_maps(stack, **option)


def test_frames_of_different_size_or_kind_are_refused(bracket):
    with pytest.raises(DataError, match="frame 1 is 151 x 112 pixels in colour, but frame 0 is 151 x 113.*crop it"):
        exposure_fusion([bracket[0], bracket[1][1:]])
    with pytest.raises(DataError, match="frame 1 is 151 x 113 pixels in gray.*convert it"):
        exposure_fusion([bracket[0], bracket[1][..., 0]])


@pytest.mark.parametrize(("value", "found"), [(np.nan, "nan"), (1.5, "1.5"), (-0.1, "-0.1")])
def test_values_out_of_range_are_refused(value, found):
    frames = random_frames((3, 5, 6, 3))
    frames[1, 2, 3, 0] = value
    with pytest.raises(DataError, match=f"frame 1 has values in .*{found}"):
        exposure_fusion(frames)


def test_a_bad_frame_among_files_is_named(bracket, tmp_path):
    for index, frame in enumerate(bracket):
        save(frame, tmp_path / f"{index}.png")
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:3000])
    with pytest.raises(DataError, match="1.png"):
        exposure_fusion(tmp_path)


def test_learned_exponents_want_tensors():
    torch = pytest.importorskip("torch")
    frames = np.full((2, 8, 8, 3), 0.5, np.float32)
    with pytest.raises(ValueError, match="contrast is a tensor, but the stack is none"):
        exposure_fusion(frames, contrast=torch.tensor(1.0))


@pytest.mark.parametrize("option", ["contrast", "sigma"])
def test_words_are_no_exponents(option):
    with pytest.raises(ValueError, match=f"{option} must be a number, got '1'"):
        exposure_fusion(np.full((2, 8, 8, 3), 0.5, np.float32), **{option: "1"})

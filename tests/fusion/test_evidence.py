"""Evidence of focus: known windows, the definition on whole images, what levels tell each other."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from data import to_float, to_gray
from fusion import tiles as tiling
from fusion.energy import coarsest_activity, entropy, region_energy
from fusion.evidence import FramePyramid
from fusion.pyramid import collapse, gaussian_pyramid, laplacian_pyramid

BESIDE = np.exp(-1 / (2 * 0.6**2)) / (1 + 2 * np.exp(-1 / (2 * 0.6**2)))  # share of a neighbour, in a window of 3
BITS = -(BESIDE * np.log2(BESIDE) + (1 - BESIDE) * np.log2(1 - BESIDE))  # entropy of two gray levels beside an edge


def textured(shape, seed=0):
    """Texture with detail of many sizes, in [0, 1]."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.random(shape, np.float32), (0, 0), sigma) for sigma in (0.6, 2, 7)]
    mixed = sum(layer / layer.std() for layer in layers)
    return (mixed - mixed.min()) / np.ptp(mixed)


def mean_around(plane, window):
    return gaussian_filter(plane.astype(np.float64), window / 5, mode="reflect", radius=window // 2)


def smaller(plane):
    return gaussian_pyramid(plane.astype(np.float32), 1)[1]


def larger(plane, shape):
    return collapse([np.zeros(shape, np.float32), plane.astype(np.float32)])


def whole_evidence(image, levels, window=5, consistent=True):
    """By the definition, with whole images: the evidence of all levels before and after they hear of coarser ones."""
    *details, coarsest = laplacian_pyramid(image, levels)
    energies = [mean_around((np.atleast_3d(detail).astype(np.float64) ** 2).sum(axis=2), window) for detail in details]
    energies.append(coarsest_activity(coarsest, window))
    if not consistent:
        return energies, energies
    measured = [energies[0]]
    for level, energy in enumerate(energies[1:], 1):
        measured.append(energy / 4**level + smaller(measured[-1]))
    informed = [measured[-1]]
    for evidence in reversed(measured[:-1]):
        informed.insert(0, evidence + 0.2 * larger(informed[0], evidence.shape))
    return measured, informed


def inform(pyramid, level):
    """Let a whole level hear of the coarser one, tile by tile; return its evidence."""
    evidence = np.empty_like(pyramid.evidence[level])
    for tile in tiling.tiles(evidence.shape):
        evidence[tile] = pyramid.informed(level, tile)
    return evidence


def assert_equals_definition(image, levels, **options):
    measured, informed = whole_evidence(to_float(image), levels, **options)
    pyramid = FramePyramid(image.shape, levels, **options)
    pyramid.measure(image)
    for ours, expected in zip(pyramid.evidence, measured, strict=True):
        assert ours.dtype == np.float32
        assert_allclose(ours, expected, rtol=2e-4, atol=1e-5 * expected.max())
    for level, expected in reversed(list(enumerate(informed))):
        assert_allclose(inform(pyramid, level), expected, rtol=2e-4, atol=1e-5 * expected.max())


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [3, 5, 9])
def test_the_energy_of_a_point_spreads_as_a_gaussian_that_sums_to_1(window):
    detail = np.zeros((31, 31), np.float32)
    detail[15, 15] = -0.5
    energy = region_energy(detail, window)
    reach = window // 2
    assert_allclose(energy.sum(), 0.25, rtol=1e-6)
    assert np.count_nonzero(energy) == window**2
    assert_allclose(energy[15, 16] / energy[15, 15], np.exp(-0.5 * (5 / window) ** 2), rtol=1e-5)
    assert_allclose(energy[15 + reach, 15] / energy[15, 15], np.exp(-0.5 * (5 * reach / window) ** 2), rtol=1e-5)


def test_channels_add_up_to_one_energy():
    details = np.random.default_rng(1).normal(size=(20, 21, 3)).astype(np.float32)
    assert_allclose(region_energy(details), sum(region_energy(details[..., k].copy()) for k in range(3)), rtol=1e-5)


def test_borders_are_mirrored_so_that_a_constant_energy_stays():
    assert_allclose(region_energy(np.full((9, 7), 0.2, np.float32), 31), 0.04, rtol=1e-5)


def edge(left, right):
    image = np.full((12, 12), left, np.float32)
    image[:, 6:] = right
    return image


def test_the_entropy_of_two_grays_is_that_of_their_shares():
    bits = entropy(edge(0.1, 0.9), 3)
    assert_allclose(bits[:, [5, 6]], BITS, rtol=1e-5)
    assert_array_equal(np.delete(bits, [5, 6], axis=1), 0)


@pytest.mark.parametrize(("left", "right"), [(0.51, 0.56), (0.94, 1.0), (0, 0.06)])
def test_one_of_16_grays_has_no_entropy(left, right):
    assert_array_equal(entropy(edge(left, right)), 0)


@pytest.mark.parametrize(("left", "right"), [(0.56, 0.57), (0.93, 0.94), (0.06, 0.07)])
def test_the_next_of_16_grays_has(left, right):
    assert_allclose(entropy(edge(left, right), 3)[:, 5:7], BITS, rtol=1e-5)


def test_the_activity_beside_an_edge_is_variance_times_entropy():
    """A pixel beside the edge differs from the mean around it by its neighbours' share of the step."""
    activity = coarsest_activity(edge(0.25, 0.75), 3)
    variance = (1 - BESIDE) * (0.5 * BESIDE) ** 2
    assert_allclose(activity[:, 5:7], variance * BITS, rtol=1e-4)
    assert_array_equal(np.delete(activity, [5, 6], axis=1), 0)


def test_the_activity_of_colours_is_that_of_their_gray():
    image = textured((40, 50, 3))
    assert_array_equal(coarsest_activity(image), coarsest_activity(to_gray(image)))
    assert coarsest_activity(image).min() >= 0


# --- levels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(97, 131, 3), (65, 64), (98, 129)], ids=str)
@pytest.mark.parametrize("window", [3, 5, 7, 31])
@pytest.mark.parametrize("size", [16, 32])
def test_tiles_equal_the_definition(monkeypatch, shape, window, size):
    monkeypatch.setattr(tiling, "TILE", size)
    assert_equals_definition(textured(shape), 3, window=window)


def test_tiles_in_use_equal_the_definition():
    assert_equals_definition(textured((401, 775, 3)), 4)


@pytest.mark.parametrize("levels", [1, 5])
def test_any_number_of_levels_equals_the_definition(levels):
    assert_equals_definition(textured((67, 90)), levels)


def test_levels_that_are_on_their_own_go_by_their_energy(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 32)
    assert_equals_definition(textured((97, 131, 3)), 3, consistent=False)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_may_be_integers(dtype):
    image = np.rint(textured((61, 50, 3)) * np.iinfo(dtype).max).astype(dtype)
    assert_equals_definition(image, 2)


def test_frames_leave_nothing_behind_for_the_next_one():
    frames = [textured((66, 70, 3), seed) for seed in range(2)]
    used, fresh = FramePyramid((66, 70, 3), 3), FramePyramid((66, 70, 3), 3)
    for frame in frames:
        used.measure(frame)
    fresh.measure(frames[1])
    for ours, expected in zip(used.evidence, fresh.evidence, strict=True):
        assert_array_equal(ours, expected)


def test_a_frame_is_not_changed():
    frame = textured((70, 66, 3))
    before = frame.copy()
    pyramid = FramePyramid(frame.shape, 2)
    pyramid.measure(frame)
    pyramid.detail(0, tiling.Tile(slice(0, 70), slice(0, 66)))
    assert_array_equal(frame, before)


def test_details_and_the_coarsest_image_are_those_of_the_laplacian_pyramid(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 16)
    image = textured((77, 53, 3))
    pyramid = FramePyramid(image.shape, 3)
    pyramid.measure(image)
    *details, coarsest = laplacian_pyramid(image, 3)
    assert_allclose(pyramid.coarsest, coarsest, atol=1e-6)
    for level, expected in enumerate(details):
        for tile in tiling.tiles(expected.shape):
            assert_allclose(pyramid.detail(level, tile), expected[tile], atol=1e-6)


def test_a_finer_level_hears_what_a_coarser_one_was_told():
    image = textured((97, 70))
    pyramid, told = FramePyramid(image.shape, 2), FramePyramid(image.shape, 2)
    for each in (pyramid, told):
        each.measure(image)
    inform(told, 1)
    assert (inform(told, 0) > inform(pyramid, 0)).all()


def test_blur_takes_evidence_away_in_every_level():
    image = textured((128, 160, 3))
    evidence = []
    for sigma in (0, 1, 2, 4):
        pyramid = FramePyramid(image.shape, 3)
        pyramid.measure(cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image)
        evidence.append([level.mean() for level in pyramid.evidence])
    sharper, blurred = np.array(evidence[:-1]), np.array(evidence[1:])
    assert (blurred[:, :3] < 0.5 * sharper[:, :3]).all()
    assert (blurred < sharper).all()


def test_a_coarser_level_believes_the_finest_details_most():
    """A frame with fine details beats one with coarse ones of equal energy, even where its own level sees little."""
    rows, columns = np.mgrid[:128, :128].astype(np.float32)
    fine, coarse = ((0.5 + 0.2 * np.sin(rows * f) * np.sin(columns * f)).astype(np.float32) for f in (1.6, 0.4))
    pyramids = [FramePyramid(fine.shape, 3), FramePyramid(fine.shape, 3)]
    for pyramid, image in zip(pyramids, (fine, coarse), strict=True):
        pyramid.measure(image)
    for level in range(3):
        assert (pyramids[0].evidence[level][8:-8, 8:-8] > 2 * pyramids[1].evidence[level][8:-8, 8:-8]).all()
    alone = [laplacian_pyramid(image, 3)[2] for image in (fine, coarse)]
    assert np.square(alone[0]).mean() < 1e-3 * np.square(alone[1]).mean()


def test_a_finer_level_hears_a_fifth_of_a_coarser_one():
    """Where the finest level sees nothing, its evidence is what it is told."""
    image = np.full((64, 64), 0.5, np.float32)
    pyramid = FramePyramid(image.shape, 1)
    pyramid.measure(image)
    pyramid.evidence[1][:] = 0.03
    assert_allclose(inform(pyramid, 0), 0.006, rtol=1e-5)

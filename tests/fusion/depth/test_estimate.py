"""Depth from focus against scenes of known depth, its heights, and every stack that it cannot work with."""

import warnings

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fusion
from data import DataError, open_stack, save
from data.scenes import focal_stack
from data.scenes.photographs import motorcycle
from fusion.depth import FOCUS_MEASURES, REFINEMENTS, Depth, depth_from_focus, volume
from fusion.depth.estimate import LEAST_CONFIDENCE, heights_at, places_of
from fusion.depth.fill import filled
from fusion.depth.refinements import initial_estimate
from fusion.depth.votes import clarity_of, votes_of
from fusion.log_maximum import laplacian_of_gaussian
from fusion.metrics import psnr
from fusion.metrics.depth import depth_error
from fusion.stacking import pyramid_fusion
from fusion.weights import copied

CROP = np.s_[150:350, 250:450]
NEEDS_MAXFLOW = "graph cuts need PyMaxflow, an extra: pip install PyMaxflow"


@pytest.fixture(scope="module")
def scene():
    """Nine frames of a part of the motorcycle, with a noise of 1 %."""
    photograph, depth = motorcycle()
    return focal_stack(photograph[CROP], depth[CROP], distances=9, noise=0.01)


@pytest.fixture(scope="module")
def found(scene):
    return depth_from_focus(scene.stack)


@pytest.fixture(scope="module")
def small():
    """Five frames of 61 x 97 pixels of grain, in colour; the depth rises from left to right."""
    grain = cv2.GaussianBlur(np.random.default_rng(0).random((61, 97, 3), np.float32), (0, 0), 0.6)
    depth = np.linspace(1.5, 3, 97, dtype=np.float32) * np.ones((61, 1), np.float32)
    return focal_stack(grain, depth, distances=5, pixel_pitch=5e-5)


def mean_error(depth, scene):
    return np.abs(depth - scene.position).mean()


def heard(items):
    """A progress that writes down what it is told."""
    return lambda frames, what: (items.append(what) or frame for frame in frames)


# --- against the truth -----------------------------------------------------------------------------------------------


def test_the_default_is_five_times_better_than_the_sharpest_frame_of_each_pixel(scene, found):
    sharpest = np.argmax([laplacian_of_gaussian(frame) for frame in scene.stack], axis=0)
    assert mean_error(sharpest, scene) > 1.5
    assert mean_error(found.depth, scene) < mean_error(sharpest, scene) / 5
    assert mean_error(found.depth, scene) < 0.33
    assert np.median(np.abs(found.depth - scene.position)) < 0.12


def test_fractions_of_frames_are_worth_having(scene, found):
    sure = ~found.unsure
    errors = [np.abs(depth - scene.position)[sure].mean() for depth in (found.depth, found.index)]
    assert errors[0] < 0.75 * errors[1]


def test_the_default_is_better_than_the_other_refinements_and_the_preset(scene, found):
    pytest.importorskip("maxflow", reason=NEEDS_MAXFLOW)
    least = mean_error(found.depth, scene)
    others = [{"refine": name} for name in ("none", "graph-cut", "weighted-median")] + [{"preset": "graph-cut"}]
    for options in others:
        assert least < mean_error(depth_from_focus(scene.stack, **options).depth, scene)


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_every_measure_finds_depth(scene, measure):
    kernel_size = 7 if measure.endswith("variance") else 3
    found = depth_from_focus(scene.stack, measure=measure, kernel_size=kernel_size)
    assert mean_error(found.depth, scene) < 0.75
    assert np.median(np.abs(found.depth - scene.position)) < 0.4


def test_confidence_foretells_the_error(scene, found):
    error = depth_error(found.depth, scene.position, confidence=found.confidence)
    kept = error.sparsification.error
    assert kept[10] < 0.6 * kept[0]  # of the more confident half
    assert np.abs(found.depth - scene.position)[found.unsure].mean() > 2 * mean_error(found.depth, scene)
    assert 0.01 < found.unsure.mean() < 0.3


def test_confidence_is_that_of_the_peaks_times_clarity(small):
    measured = volume.focus_volume(small.stack)
    clarity = clarity_of(measured)
    first = initial_estimate(votes_of(measured))
    found = depth_from_focus(small.stack, refine="none")
    assert_array_equal(found.depth, first.depth)
    assert_allclose(found.confidence, first.confidence * clarity, rtol=1e-5, atol=1e-6)
    assert (clarity < 0.995).any()


def test_dark_and_flat_areas_are_marked_and_texture_is_not():
    grain = cv2.GaussianBlur(np.random.default_rng(3).random((160, 160, 3), np.float32) * 0.6 + 0.2, (0, 0), 1)
    depth = np.linspace(2, 5, 160, dtype=np.float32) * np.ones((160, 1), np.float32)
    for level in (0.03, 0.5):
        picture = grain.copy()
        picture[40:120, 40:120] = level
        found = depth_from_focus(focal_stack(picture, depth, distances=9, noise=0.01).stack)
        assert found.unsure[54:106, 54:106].mean() > 0.95
        assert found.unsure[:, :30].mean() < 0.02
        assert found.unsure[:, 130:].mean() < 0.02


def test_the_image_is_that_of_pyramid_fusion(scene, found):
    assert_array_equal(found.all_in_focus, pyramid_fusion(scene.stack))
    assert psnr(found.all_in_focus, scene.sharp) > max(psnr(frame, scene.sharp) for frame in scene.stack) + 6


def test_the_result_is_what_it_says(scene, found):
    assert isinstance(found, Depth)
    assert found.depth.dtype == found.confidence.dtype == found.all_in_focus.dtype == np.float32
    assert found.depth.shape == found.confidence.shape == found.unsure.shape == found.index.shape == (200, 200)
    assert found.all_in_focus.shape == (200, 200, 3)
    assert found.unsure.dtype == bool and found.index.dtype == np.uint16
    assert found.depth.min() >= 0 and found.depth.max() <= 8
    assert found.confidence.min() >= 0 and found.confidence.max() <= 1
    assert_array_equal(found.unsure, found.confidence < LEAST_CONFIDENCE)
    assert_array_equal(found.index, np.rint(found.depth))
    assert found.height is None
    assert fusion.depth_from_focus is depth_from_focus


def test_the_preset_is_whole_frames_with_pixels_that_are_copied(small):
    pytest.importorskip("maxflow", reason=NEEDS_MAXFLOW)
    preset = depth_from_focus(small.stack, preset="graph-cut")
    assert_array_equal(preset.depth, preset.index)
    assert preset.depth.dtype == np.float32
    first = volume.focus_volume(small.stack).focus.argmax(axis=0)
    assert_array_equal(preset.all_in_focus, copied(small.stack, first))
    assert mean_error(preset.depth, small) < 0.4
    only = depth_from_focus(small.stack, refine="graph-cut")
    assert (only.depth != preset.depth).any() and (only.depth != only.index).any()


def test_the_preset_takes_graph_cut_then_median(small, monkeypatch):
    calls = []
    for name in ("graph-cut", "weighted-median", "guided"):
        monkeypatch.setitem(REFINEMENTS, name, lambda found, guide, progress, name=name: calls.append(name) or found)
    depth_from_focus(small.stack, preset="graph-cut")
    assert calls == ["graph-cut", "weighted-median"]
    depth_from_focus(small.stack)
    assert calls == ["graph-cut", "weighted-median", "guided"]


def test_the_guide_is_the_gray_image_that_is_all_in_focus(small, monkeypatch):
    guides = []
    monkeypatch.setitem(REFINEMENTS, "guided", lambda found, guide, progress: guides.append(guide) or found)
    whole = depth_from_focus(small.stack)
    assert_array_equal(guides[0], volume.gray_of(whole.all_in_focus))
    monkeypatch.setattr(volume, "PIXELS", 31 * 49)
    depth_from_focus(small.stack)
    assert_array_equal(guides[1], volume.gray_of(volume.reduced(whole.all_in_focus, (31, 49))))


# --- invariances -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refine", ["guided", "none"])
def test_reversing_the_stack_reverses_depth(scene, refine):
    there, back = (depth_from_focus(scene.stack.select(order), refine=refine) for order in (range(9), range(8, -1, -1)))
    assert_allclose(back.depth, 8 - there.depth, atol=1e-3)
    assert_allclose(back.confidence, there.confidence, atol=1e-3)


def test_mirroring_the_frames_mirrors_depth(small):
    frames = np.asarray(small.stack)
    there, mirrored = depth_from_focus(frames), depth_from_focus(frames[:, :, ::-1])
    assert (np.abs(mirrored.depth[:, ::-1] - there.depth) < 0.05).mean() > 0.98


def test_contrast_and_brightness_do_not_matter(small):
    frames = np.asarray(small.stack)
    there = depth_from_focus(frames)
    changed = depth_from_focus(0.4 * frames + 0.3)
    assert np.abs(changed.depth - there.depth).mean() < 0.02


def test_gray_frames_are_as_good_as_colour_frames_of_equal_channels(small):
    gray = np.asarray(small.stack)[..., 1]
    found = depth_from_focus(gray)
    assert found.all_in_focus.shape == (61, 97)
    colour = depth_from_focus(np.repeat(gray[..., None], 3, axis=3))
    assert_allclose(found.depth, colour.depth, atol=0.02)


def test_the_way_frames_are_held_does_not_matter(small, tmp_path):
    frames = [small.stack.pixels(index) for index in range(5)]
    for index, frame in enumerate(frames):
        save(frame, tmp_path / f"{index}.png")
    expected = depth_from_focus(small.stack)
    sixteen = [frame.astype(np.uint16) * 257 for frame in frames]
    for held in (tmp_path, frames, np.stack(frames), open_stack(tmp_path), sixteen):
        assert_allclose(depth_from_focus(held).depth, expected.depth, atol=1e-3)


def test_kernel_size_reaches_the_measure(small):
    assert (depth_from_focus(small.stack, kernel_size=9).depth != depth_from_focus(small.stack).depth).any()


# --- heights ---------------------------------------------------------------------------------------------------------


def test_heights_are_linear_between_the_places_of_the_frames():
    depth = np.float32([[0, 0.25, 1], [1.5, 2, 2.9]])
    assert_allclose(heights_at(depth, np.array([10, 14, 15, 25])), [[10, 11, 14], [14.5, 15, 24]], rtol=1e-6)
    assert_allclose(heights_at(depth, np.array([0, -4, -5, -6])), [[0, -1, -4], [-4.5, -5, -5.9]], rtol=1e-6)
    assert heights_at(depth, np.arange(4)).dtype == np.float32


@pytest.mark.parametrize(
    ("distances", "places"),
    [
        (0.05, [0, 0.05, 0.1, 0.15, 0.2]),
        (-2, [0, -2, -4, -6, -8]),
        ([1, 2, 4, 8, 16], [1, 2, 4, 8, 16]),
        (np.float32([5, 4, 3, 2, -1]), [5, 4, 3, 2, -1]),
        ((0, 1e-9, 2e-9, 3e-9, 4e-9), [0, 1e-9, 2e-9, 3e-9, 4e-9]),
    ],
)
def test_a_step_or_the_place_of_every_frame(small, distances, places):
    assert_allclose(places_of(distances, 5), places)
    found = depth_from_focus(small.stack, distances=distances)
    assert_allclose(found.height, np.interp(found.depth, range(5), places), rtol=1e-5, atol=1e-12)
    assert found.height.dtype == np.float32


def test_uneven_distances_tell_where_a_peak_lies_between_frames(small):
    """Frames far apart, whose peak would be placed wrongly as if they were evenly spread."""
    chosen, nearness = [0, 1, 3, 4], -1 / small.distances
    stack, places = small.stack.select(chosen), nearness[chosen]
    truth = np.interp(small.position, chosen, range(4))
    with_places, without = (depth_from_focus(stack, distances=given).depth for given in (places, None))
    assert np.abs(with_places - truth).mean() < np.abs(without - truth).mean()


def test_metres_are_found_between_known_distances(small):
    found = depth_from_focus(small.stack, distances=small.distances)
    assert np.abs(found.height - small.depth).mean() < 0.05


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        ([1, 2, 3, 4], r"one step or the place of each of the 5 frames, got 4 numbers of shape \(4,\)"),
        ([1, 2, 3, 4, 5, 6], "got 6 numbers"),
        ([], "got 0 numbers"),
        ([[1, 2, 3, 4, 5]], r"of shape \(1, 5\)"),
        ([1, 2, np.nan, 4, 5], r"must be finite, and rise or fall from frame to frame, got \[1.0, 2.0, nan"),
        ([1, 2, 3, 4, np.inf], "must be finite"),
        (np.nan, "must be finite"),
        (np.inf, "must be finite"),
        (0, "must be finite, and rise or fall"),
        ("0.05mm", "distances must be numbers, in a unit of your choice, got '0.05mm'"),
        (True, "distances must be numbers"),
        (
            1e-40,
            "too few digits left for what lies between frames; count them from the first frame, or in another unit",
        ),
        (1e35, "too few digits"),
        (10_000 + 0.01 * np.arange(5), "distances of 10000 to 10000 have too few digits"),
        ([1, 2, 2, 3, 4], "rise or fall from frame to frame.*sort the frames with them"),
        ([1, 3, 2, 4, 5], "rise or fall from frame to frame"),
    ],
)
def test_distances_that_do_not_fit_are_refused_before_any_frame_is_read(small, distances, message):
    told = []
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
        warnings.simplefilter("error")
        depth_from_focus(small.stack, distances=distances, progress=heard(told))
    assert told == []


# --- what is unsure --------------------------------------------------------------------------------------------------


def test_unsure_depth_is_filled_on_request_and_stays_marked(scene, found):
    full = depth_from_focus(scene.stack, fill=True, distances=2.0)
    assert_array_equal(full.unsure, found.unsure)
    assert_array_equal(full.depth[~found.unsure], found.depth[~found.unsure])
    assert_array_equal(full.depth, filled(found.depth, found.unsure))
    assert (full.depth[found.unsure] != found.depth[found.unsure]).mean() > 0.9
    assert_array_equal(full.index, np.rint(full.depth))
    assert_allclose(full.height, 2 * full.depth, rtol=1e-6)


# --- two frames, one frame, the wrong order --------------------------------------------------------------------------


def test_two_frames_say_near_or_far_with_a_warning(small):
    pair = small.stack.select([0, 4])
    with pytest.warns(UserWarning, match="the stack has two frames, so no pixel has a peak between frames") as caught:
        found = depth_from_focus(pair)
    assert len(caught) == 1
    assert "three frames or more give fractions of frames" in str(caught[0].message)
    assert caught[0].filename == __file__
    assert found.depth[:, :20].mean() < 0.3 < 0.7 < found.depth[:, -20:].mean()
    assert found.depth.min() >= 0 and found.depth.max() <= 1


@pytest.mark.parametrize("distances", [None, 0.5, [2.0]])
def test_one_frame_is_refused(small, distances):
    message = "the stack has one frame; depth from focus needs two or more, and three for fractions of frames"
    with pytest.raises(ValueError, match=message):
        depth_from_focus(small.stack.select([2]), distances=distances)


def test_shuffled_frames_are_warned_of_and_sorted_ones_are_not(scene):
    with pytest.warns(
        UserWarning, match="several peaks along the stack: the frames seem not to be in the order"
    ) as caught:
        found = depth_from_focus(scene.stack.select([4, 0, 7, 2, 8, 1, 5, 3, 6]))
    assert caught[0].filename == __file__
    assert np.isfinite(found.depth).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        depth_from_focus(scene.stack, refine="none")


# --- other errors ----------------------------------------------------------------------------------------------------


def test_equal_frames_are_refused(small):
    with pytest.raises(ValueError, match="all 4 frames are equally sharp everywhere, so nothing tells depth"):
        depth_from_focus([small.sharp] * 4)


def test_a_frame_with_a_hole_is_named(small):
    frames = np.asarray(small.stack).copy()
    frames[3, 10, 10, 1] = np.nan
    with pytest.raises(DataError, match="frame 3 has values in"):
        depth_from_focus(frames)


def test_colour_and_gray_do_not_mix(small):
    with pytest.raises(DataError, match="frame 1 is 97 x 61 pixels in gray, but frame 0 is 97 x 61 pixels in colour"):
        depth_from_focus([small.stack[0], small.stack[1][..., 0], small.stack[2]])


def test_sizes_do_not_mix(small):
    with pytest.raises(DataError, match="frame 2 is 97 x 60 pixels"):
        depth_from_focus([small.stack[0], small.stack[1], small.stack[2][1:]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "sharp"}, "measure must be one of log, sml, tenengrad, variance, ring, .*got 'sharp'"),
        ({"kernel_size": 4}, "kernel_size must be an odd number of pixels, 3 to 255, got 4"),
        ({"kernel_size": 1}, "kernel_size must be an odd number of pixels, 3 to 255, got 1"),
        ({"refine": "median"}, "refine must be one of none, graph-cut, weighted-median, guided, got 'median'"),
        ({"refine": None}, "refine must be one of none, .* got None"),
        ({"refine": ["guided"]}, r"refine must be one of none, .* got \['guided'\]"),
        ({"measure": ["log"]}, r"measure must be one of log, .* got \['log'\]"),
        ({"preset": "best"}, "preset must be None or one of graph-cut, got 'best'"),
        ({"preset": "graph-cut", "refine": "none"}, "preset 'graph-cut' refines by graph cut; leave out refine='none'"),
    ],
)
def test_options_that_are_not_known_are_named_before_any_frame_is_read(small, options, message):
    told = []
    with pytest.raises(ValueError, match=message):
        depth_from_focus(small.stack, progress=heard(told), **options)
    assert told == []


def test_the_preset_allows_its_own_refinement(small):
    pytest.importorskip("maxflow", reason=NEEDS_MAXFLOW)
    first, second = (depth_from_focus(small.stack, preset="graph-cut", refine=r) for r in ("guided", "graph-cut"))
    assert_array_equal(first.depth, second.depth)


# --- progress --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "passes"),
    [
        ({}, {"measuring focus": 5, "smoothing": 5, "agreeing": 4}),
        ({"refine": "none"}, {"measuring focus": 5}),
        ({"refine": "weighted-median"}, {"measuring focus": 5, "taking medians": 5}),
        ({"preset": "graph-cut"}, {"measuring focus": 5, "copying": 5, "taking medians": 5}),
    ],
)
def test_progress_is_told_of_all_passes(small, options, passes):
    if "preset" in options:
        pytest.importorskip("maxflow", reason=NEEDS_MAXFLOW)
    told = []
    depth_from_focus(small.stack, progress=heard(told), **options)
    assert {what: told.count(what) for what in passes} == passes
    others = set(told) - set(passes)
    fused = []
    pyramid_fusion(small.stack, progress=heard(fused))
    assert others == ({"cutting"} if "preset" in options else set(fused))
    assert "preset" in options or len(told) == sum(passes.values()) + len(fused)


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:the stack has two frames", "ignore:the focus of most pixels")
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (1, 97), (61, 1), (2, 3), (3, 3), (7, 5), (40, 8), (61, 97)])
def test_results_are_finite_for_all_sizes(count, shape):
    frames = np.random.default_rng(count).random((count, *shape, 3), np.float32)
    for refine in ("guided", "weighted-median", "none"):
        measure = "ring"  # tells something even of a single row
        if shape == (1, 1):
            with pytest.raises(ValueError, match=f"all {count} frames are equally sharp everywhere"):
                depth_from_focus(frames, refine=refine)
            continue
        found = depth_from_focus(frames, measure=measure, refine=refine, fill=True, distances=0.5)
        assert found.depth.shape == found.height.shape == found.confidence.shape == shape
        assert found.all_in_focus.shape == (*shape, 3)
        for values in (found.depth, found.height, found.confidence, found.all_in_focus):
            assert np.isfinite(values).all()
        assert found.depth.min() >= 0 and found.depth.max() <= count - 1
        assert found.confidence.min() >= 0 and found.confidence.max() <= 1


@pytest.mark.parametrize("refine", ["guided", "none"])
def test_over_a_coarse_grid_depth_is_found_as_well(scene, found, refine, monkeypatch):
    monkeypatch.setattr(volume, "PIXELS", 90 * 110)
    coarse = depth_from_focus(scene.stack, refine=refine, measure="sml")
    monkeypatch.undo()
    fine = depth_from_focus(scene.stack, refine=refine, measure="sml")
    assert coarse.depth.shape == coarse.confidence.shape == (200, 200)
    assert coarse.all_in_focus.shape == (200, 200, 3)
    assert (coarse.depth != fine.depth).mean() > 0.5
    assert (np.diff(coarse.depth, axis=1) == 0).mean() < 0.1  # interpolated between the cells
    assert mean_error(coarse.depth, scene) < mean_error(fine.depth, scene) + 0.1
    assert coarse.depth.min() >= 0 and coarse.depth.max() <= 8


def test_the_preset_over_a_coarse_grid_copies_pixels(small, monkeypatch):
    pytest.importorskip("maxflow", reason=NEEDS_MAXFLOW)
    monkeypatch.setattr(volume, "PIXELS", 31 * 49)
    preset = depth_from_focus(small.stack, preset="graph-cut")
    assert preset.all_in_focus.shape == (61, 97, 3)
    frames = np.asarray(small.stack)
    assert (preset.all_in_focus == frames).all(axis=-1).any(axis=0).all()
    assert mean_error(preset.depth, small) < 0.5
    assert_array_equal(preset.depth, np.rint(preset.depth))


def test_the_preset_invents_no_frames_between_the_cells(small, monkeypatch):
    outline = np.where(np.arange(49) < 24, 0, 4).astype(np.float32) * np.ones((31, 1), np.float32)
    monkeypatch.setattr(volume, "PIXELS", 31 * 49)
    monkeypatch.setitem(REFINEMENTS, "graph-cut", lambda found, guide, progress: found)
    monkeypatch.setitem(REFINEMENTS, "weighted-median", lambda found, guide, progress: found._replace(depth=outline))
    found = depth_from_focus(small.stack, preset="graph-cut")
    assert set(np.unique(found.depth)) == {0, 4}
    assert np.abs((found.depth == 0).mean() - 24 / 49) < 0.02


def test_frames_of_more_than_a_megapixel():
    """1100 x 1000 pixels, which are 954 x 1048 of the grid: depth rises along the columns."""
    rng = np.random.default_rng(0)
    grain = cv2.GaussianBlur(rng.random((1000, 1100), np.float32), (0, 0), 1)
    frames = np.empty((3, 1000, 1100), np.float32)
    share = np.linspace(0, 2, 1100, dtype=np.float32)
    levels = [grain] + [cv2.GaussianBlur(grain, (0, 0), sigma) for sigma in (1.0, 1.6)]
    for frame in range(3):
        distance = np.abs(share - frame)
        near = np.interp(distance, [0, 1], [1, 0]).astype(np.float32)
        far = np.interp(distance, [1, 2], [0, 1]).astype(np.float32)
        frames[frame] = levels[0] * near + levels[1] * (1 - near - far) + levels[2] * far
    found = depth_from_focus(frames)
    assert found.depth.shape == (1000, 1100)
    along = np.median(found.depth, axis=0)
    assert np.abs(along - share).mean() < 0.25
    assert (np.diff(along[::50]) > -0.02).all()
    assert np.abs(found.index - share).mean() < 0.35


# --- a stack of somebody else's --------------------------------------------------------------------------------------


def test_sim_cone(real_data):
    """The truth is inferred from its corners: frame 29 there, and 0 in the centre."""
    folder = real_data / "dff" / "sim-cone"
    if not folder.is_dir():
        pytest.skip("needs dff/sim-cone among the real pictures")
    found = depth_from_focus(folder)
    y, x = np.indices(found.depth.shape)
    centre = (found.depth.shape[0] - 1) / 2, (found.depth.shape[1] - 1) / 2
    radius = np.hypot(y - centre[0], x - centre[1])
    truth = 29 * radius / radius.max()
    error = np.abs(found.depth - truth)
    assert error.mean() <= 0.5
    assert np.median(error) <= 0.35
    slope, offset = np.polyfit(truth.ravel(), found.depth.ravel(), 1)
    assert 0.95 < slope < 1.02
    assert abs(offset) < 0.8


def test_a_result_says_what_it_is(small):
    found = depth_from_focus(small.stack)
    height, width = found.depth.shape
    assert repr(found).startswith(f"<Depth of {width} x {height} pixels: {found.depth.min():.1f} to ")
    assert repr(found).endswith(f" frames, {found.unsure.mean():.1%} unsure>")

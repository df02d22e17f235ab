"""A focal stack shows what its truth says."""

import cv2
import numpy as np
import pytest

from data import DataError, scenes
from data.scenes.light import to_linear
from fusion.measure import saliency


@pytest.fixture(scope="module")
def motorcycle():
    return scenes.focal_stack()


@pytest.fixture(scope="module")
def moving():
    """Sharp everywhere, so that nothing but motion and exposure tells its frames apart."""
    return scenes.focal_stack(distances=4, f_number=np.inf, breathing=0.03, shift=2.0, turn=1.5, drift=0.4)


def away_from_depth_edges(depth, reach=10):
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.dilate(depth, window) - cv2.erode(depth, window) < 0.15 * depth


@pytest.mark.parametrize("gray", [False, True])
def test_without_defocus_every_frame_is_the_photograph(gray):
    picture = np.random.default_rng(0).integers(0, 256, (40, 50) if gray else (40, 50, 3), dtype=np.uint8)
    depth = np.tile(np.linspace(1, 3, 50), (40, 1))
    made = scenes.focal_stack(picture, depth, distances=3, f_number=np.inf)
    for index in range(3):
        np.testing.assert_array_equal(made.stack.pixels(index), picture)
    np.testing.assert_allclose(made.sharp, picture / 255, atol=1e-7)


def test_what_is_in_focus_is_the_photograph(motorcycle):
    for index, frame in enumerate(motorcycle.stack):
        focused = (motorcycle.index == index) & away_from_depth_edges(motorcycle.depth)
        assert np.median(np.abs(frame - motorcycle.sharp)[focused]) <= 1 / 255


def test_the_sharpest_frame_is_where_the_truth_says(motorcycle):
    """The frame nearest to the photograph, where there is texture to tell, away from edges of depth."""
    errors = [cv2.blur(np.abs(frame - motorcycle.sharp).sum(axis=2), (7, 7)) for frame in motorcycle.stack]
    textured = away_from_depth_edges(motorcycle.depth) & (np.max(errors, axis=0) > 0.1)
    off = np.abs(np.argmin(errors, axis=0).astype(int) - motorcycle.index)[textured]
    assert textured.mean() > 0.15
    assert (off <= 1).mean() > 0.99
    assert (off == 0).mean() > 0.75


def test_a_focus_measure_finds_the_sharpest_frame(motorcycle):
    measured = np.argmax([saliency(frame) for frame in motorcycle.stack], axis=0)
    textured = away_from_depth_edges(motorcycle.depth) & (saliency(motorcycle.sharp) > 0.03)
    assert (np.abs(measured - motorcycle.index.astype(int)) <= 1)[textured].mean() > 0.9


def test_the_position_of_a_depth_is_linear_in_nearness_between_the_frames():
    depth = np.float32([[1, 2, 4], [1.6, 8 / 3, 100]])
    made = scenes.focal_stack(np.full((2, 3), 0.5, np.float32), depth, distances=[1, 2, 4], f_number=np.inf)
    np.testing.assert_allclose(made.position, [[0, 1, 2], [0.75, 1.5, 2]], atol=1e-6)  # nothing beyond the last frame
    assert made.position.dtype == np.float32
    away = scenes.focal_stack(np.full((2, 3), 0.5, np.float32), depth, distances=[4, 2, 1], f_number=np.inf)
    np.testing.assert_allclose(away.position, 2 - made.position, atol=1e-6)


@pytest.mark.parametrize("distances", [[1, 4, 2], [2, 1, 4], [1, 2, 2]])
def test_depth_has_no_position_among_frames_that_go_to_and_fro(distances):
    made = scenes.focal_stack(np.full((2, 3), 0.5), np.full((2, 3), 1.5), distances=distances, f_number=np.inf)
    with pytest.raises(ValueError, match="neither rise nor fall all the way.* sort the distances"):
        made.position  # noqa: B018


def test_a_single_frame_is_the_position_of_every_depth():
    made = scenes.focal_stack(np.full((2, 3), 0.5), np.full((2, 3), 1.5), distances=[2], f_number=np.inf)
    assert not made.position.any()


def test_position_and_index_go_together(motorcycle):
    position = motorcycle.position
    assert position.shape == motorcycle.depth.shape
    assert position.min() == pytest.approx(0, abs=1e-5)
    assert position.max() == pytest.approx(8, abs=1e-5)
    assert np.abs(position - motorcycle.index).max() <= 0.55  # the frame of least blur is next to the place
    blur = np.interp(position, range(9), 1 / motorcycle.distances)
    np.testing.assert_allclose(blur, 1 / motorcycle.depth, rtol=1e-5)


def test_the_truth_of_depth_and_index_go_together(motorcycle):
    nearest = np.abs(1 / motorcycle.depth[..., None] - 1 / motorcycle.distances).argmin(axis=2)
    assert (nearest == motorcycle.index).mean() > 0.97  # a circle of confusion is almost, not quite, even in 1 / depth
    assert np.all(np.diff(motorcycle.distances) > 0)
    assert motorcycle.distances[[0, -1]] == pytest.approx([motorcycle.depth.min(), motorcycle.depth.max()])


def test_blur_keeps_the_light(motorcycle):
    light = to_linear(motorcycle.sharp).mean()
    for frame in motorcycle.stack:
        assert to_linear(frame).mean() == pytest.approx(light, rel=0.002)


def test_blur_grows_with_the_aperture():
    errors = []
    for f_number in (8, 2.8, 1.2):
        made = scenes.focal_stack(distances=[2.2], f_number=f_number)
        errors.append(np.abs(made.stack[0] - made.sharp).mean())
    assert errors[0] < 0.5 * errors[1] < 0.5 * errors[2]


@pytest.fixture
def slope():
    """Gray noise on a slope from 1 to 3 m."""
    picture = np.random.default_rng(0).integers(0, 256, (60, 70), dtype=np.uint8)
    return picture, np.tile(np.linspace(1, 3, 70), (60, 1))


def frames_of(scene, **options):
    return np.stack(list(scenes.focal_stack(*scene, **options).stack))


def test_the_order_in_which_frames_are_taken_changes_none_of_them(slope):
    near_first, far_first = (frames_of(slope, distances=order) for order in ([1.0, 2.9], [2.9, 1.0]))
    np.testing.assert_array_equal(near_first, far_first[::-1])


def test_larger_pixels_are_blurred_over_fewer_of_them(slope):
    """As a smaller aperture does it: what counts is the circle of confusion in pixels."""
    frames = frames_of(slope, distances=2, f_number=2.0, pixel_pitch=1e-4)
    np.testing.assert_array_equal(frames, frames_of(slope, distances=2, f_number=4.0, pixel_pitch=5e-5))
    assert frames.std() < 0.8 * frames_of(slope, distances=2, f_number=4.0, pixel_pitch=1e-4).std()


def test_the_sharpest_frame_is_that_of_the_smallest_circle_not_of_the_nearest_focus():
    picture = np.random.default_rng(0).integers(0, 256, (60, 70), dtype=np.uint8)
    made = scenes.focal_stack(picture, np.full((60, 70), 2.0), distances=[1.0, 4.0])
    near, far = (np.abs(frame - made.sharp).mean() for frame in made.stack)
    assert far < near  # 2 m are 1 m from the first focus and 2 m from the second one
    assert np.all(made.index == 1)


def test_breathing_leaves_the_centre_of_the_picture_where_it_is():
    made = scenes.focal_stack(distances=3, f_number=np.inf, breathing=0.05)
    height, width = made.depth.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2, 1])
    np.testing.assert_allclose(made.matrices @ centre, np.tile(centre, (3, 1)))


def test_matrices_say_how_frames_moved(moving):
    """Moved by its matrix and exposed by its gain, the truth is the frame."""
    size = moving.sharp.shape[1::-1]
    inside = slice(12, -12), slice(12, -12)
    for frame, matrix, gain in zip(moving.stack, moving.matrices, moving.gains, strict=True):
        light = to_linear(moving.sharp)
        warped = cv2.warpPerspective(light, matrix, size, flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP) * gain
        difference = scenes.to_eight_bits(warped)[inside] / np.float32(255) - frame[inside]
        assert np.sqrt(np.mean(difference**2)) < 0.004


def test_frames_move_as_asked(moving):
    scale = np.linalg.det(moving.matrices[:, :2, :2]) ** -0.5
    assert scale[0] / scale[-1] == pytest.approx(1.03, rel=1e-3)
    np.testing.assert_array_equal(moving.matrices[2], np.eye(3))
    assert np.log2(moving.gains) == pytest.approx(
        [-0.2, -0.2 / 3, 0.2 / 3, 0.2]
    )  # stops, around the light of the scene
    assert not np.allclose(moving.matrices[0, :2, 2], moving.matrices[1, :2, 2])


def centres(made):
    """Where each frame shows the centre of the truth, from its own centre, in pixels."""
    centre = (np.array(made.sharp.shape[1::-1]) - 1) / 2
    return (np.linalg.inv(made.matrices) @ [*centre, 1])[:, :2] - centre


def angles(made):
    return np.rad2deg(np.arctan2(made.matrices[:, 1, 0], made.matrices[:, 0, 0]))


def test_frames_are_turned_about_the_centre_of_the_picture():
    made = scenes.focal_stack(distances=40, f_number=np.inf, turn=2.0)
    assert np.abs(angles(made)).max() < 2
    assert np.ptp(angles(made)) > 3
    assert np.std(angles(made)) == pytest.approx(4 / np.sqrt(12), rel=0.2)  # that of an even spread
    assert angles(made)[20] == 0
    np.testing.assert_allclose(np.linalg.det(made.matrices), 1)
    np.testing.assert_allclose(centres(made), 0, atol=1e-9)


def test_a_turn_changes_nothing_else():
    options = {"distances": 4, "f_number": np.inf, "breathing": 0.03, "shift": 2.0, "seed": 3}
    straight, turned = (scenes.focal_stack(turn=turn, **options) for turn in (0.0, 1.0))
    assert np.all(angles(straight) == 0)
    assert np.abs(angles(turned)[[0, 1, 3]]).min() > 0.01
    np.testing.assert_allclose(centres(turned), centres(straight), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turned.matrices), np.linalg.det(straight.matrices))


def test_a_frame_that_is_turned_shows_no_pixel_from_outside_of_the_scene():
    made = scenes.focal_stack(np.ones((200, 300), np.float32), np.full((200, 300), 2.0), distances=[2.0] * 8, turn=9.0)
    height, width = made.sharp.shape
    assert all(frame.min() == 1 for frame in made.stack)
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]).T
    margin = (200 - height) // 2
    seen = (made.matrices @ corners)[:, :2]
    assert np.all((seen >= -margin) & (seen <= np.array([[width], [height]]) - 1 + margin))


def test_frames_that_move_are_cut_to_what_all_saw(moving):
    assert moving.stack.shape[1:] == moving.sharp.shape
    assert moving.sharp.shape[:2] == moving.depth.shape == moving.index.shape
    height, width = moving.depth.shape
    assert height < 500
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]).T
    margin = (500 - height) // 2
    assert np.all(moving.matrices @ corners >= -margin)


def test_noise_is_as_strong_as_asked_and_differs_between_frames():
    picture, depth = np.full((80, 80), 1.0, np.float32) * np.float32(0.8), np.full((80, 80), 2.0)
    made = scenes.focal_stack(picture, depth, distances=[2.0, 2.0], noise=0.02)
    light = to_linear(np.stack([made.stack[0], made.stack[1]]))
    assert light.std() == pytest.approx(0.02 * np.sqrt(to_linear(np.float32(0.8)) + 0.01), rel=0.05)
    assert abs(np.corrcoef(light[0].ravel(), light[1].ravel())[0, 1]) < 0.05


def test_noise_is_that_of_the_light_that_a_frame_takes_in():
    even = np.full((80, 80), 0.6, np.float32), np.full((80, 80), 2.0)
    made = scenes.focal_stack(*even, distances=[2.0, 2.0], noise=0.02, drift=2.0)
    for frame, gain in zip(made.stack, made.gains, strict=True):
        expected = gain * to_linear(np.float32(0.6))
        light = to_linear(frame)
        assert light.mean() == pytest.approx(expected, rel=0.01)
        assert light.std() == pytest.approx(0.02 * np.sqrt(expected + 0.01), rel=0.05)


def test_beside_a_bright_edge_that_has_moved_it_is_no_darker_than_dark():
    edge = np.where(np.arange(90) < 45, 0, 1).astype(np.float32) * np.ones((80, 1), np.float32)
    made = scenes.focal_stack(edge, np.full((80, 90), 2.0), distances=[2.0, 2.0], shift=0.4, noise=0.05)
    dark = made.stack[0][:, made.sharp[0] == 0][:, :-1]
    assert np.all((dark > 0).mean(axis=0) > 0.25)  # half of the noise, in every column


def test_a_seed_repeats_the_stack_and_another_does_not():
    options = {"distances": 2, "shift": 2.0, "noise": 0.01}
    picture = np.random.default_rng(0).integers(0, 256, (80, 90), dtype=np.uint8)
    depth = np.full((80, 90), 2.0)
    first, again, other = (
        scenes.focal_stack(picture, depth, seed=seed, **options).stack.pixels(0) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"f_number": 0}, "f_number must be positive, got 0"),
        ({"f_number": np.nan}, "f_number must be positive, got nan"),
        ({"focal_length": 0}, "focal_length must be positive"),
        ({"pixel_pitch": -5e-6}, "pixel_pitch must be positive"),
        ({"noise": -1}, "noise must be 0 or more"),
        ({"tolerance": -1}, "tolerance must be 0 or more"),
        ({"shift": np.nan}, "shift must be 0 or more"),
        ({"turn": -1}, "turn must be 0 or more"),
        ({"turn": np.inf}, "turn must be 0 or more, and finite"),
        ({"breathing": np.nan}, "breathing must lie between -1 and 1"),
        ({"drift": -np.inf}, "drift must be at most 40 stops"),
        ({"f_number": 1e-4}, "a blur disc of .* pixels is wider than the picture of 741 x 500"),
        ({"distances": [[1.0, 2.0], [3.0, 4.0]]}, "or a list of metres"),
        ({"distances": 0}, "distances must be a number of frames, 1 or more"),
        ({"distances": 2.5}, "distances must be a number of frames.*got 2.5"),
        ({"distances": [0.04]}, "a lens of 50 mm focuses at more than 0.05 m"),
        ({"distances": [2.0, 0.05]}, "a lens of 50 mm focuses at more than 0.05 m"),
        ({"distances": [2.0, np.inf]}, "give them in metres"),
        ({"distances": [2.0, np.nan]}, "give them in metres"),
        ({"distances": []}, "distances must be a number of frames, 1 or more, or a list of metres"),
        ({"turn": 40.0}, "too far for a scene of 741 x 500"),
        ({"shift": 1000.0}, "too far for a scene of 741 x 500"),
    ],
)
def test_bad_options_are_named(options, text):
    with pytest.raises(ValueError, match=text):
        scenes.focal_stack(**options)


@pytest.mark.parametrize(
    ("photograph", "depth", "text"),
    [
        (np.zeros((4, 5)), None, "give both, or none"),
        (np.zeros((4, 5)), np.ones((5, 4)), r"depth has shape \(5, 4\)"),
        (np.zeros((4, 5)), np.zeros((4, 5)), "depth must be positive"),
        (np.zeros((4, 5)), np.full((4, 5), np.inf), "depth must be positive and finite"),
        (np.full((4, 5), 2.0), np.ones((4, 5)), "photograph has values in"),
    ],
)
def test_bad_scenes_are_named(photograph, depth, text):
    with pytest.raises(DataError, match=text):
        scenes.focal_stack(photograph, depth)


def test_a_stack_owns_its_truth():
    picture, depth = np.full((20, 30), 0.5, np.float32), np.full((20, 30), 2.0, np.float32)
    made = scenes.focal_stack(picture, depth, distances=1)
    made.sharp[:], made.depth[:] = 0, 9
    assert picture.min() == 0.5
    assert depth.max() == 2
    scenes.focal_stack(distances=1).depth[:] = 3
    assert scenes.focal_stack(distances=1).depth.max() > 4

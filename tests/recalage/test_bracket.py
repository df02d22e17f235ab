"""Brackets taken by hand are aligned as they are read; those from a tripod keep their pixels."""

import cv2
import numpy as np
import pytest
import tifffile

from data import DataError, Stack, open_stack, save, scenes
from recalage import RegistrationError, aligned, find_features, match, misalignment

GAINS = (1.0, 0.35, 2.2, 0.6)  # of the four frames: neither in the order of brightness nor in that of the steps


@pytest.fixture(scope="module")
def frames(sequence):
    """The four frames of `sequence`, seen from four places, at four exposures."""
    return [np.clip(frame * gain, 0, 255).astype(np.uint8) for frame, gain in zip(sequence, GAINS, strict=True)]


@pytest.fixture(scope="module")
def stack(frames):
    return aligned(frames)


def shifted(image, distance):
    matrix = np.array([[1, 0, distance], [0, 1, 0]], np.float64)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def distance_of_most(image, other):
    """Median distance of matches, which a thing that moves does not change."""
    source, target = match(find_features(image), find_features(other))
    return np.median(np.linalg.norm(target - source, axis=1))


def test_all_frames_show_the_same(frames, stack):
    order = np.argsort(GAINS)
    pairs = list(zip(order, order[1:]))
    assert max(misalignment(stack.pixels(a), stack.pixels(b)) for a, b in pairs) < 0.4  # measured: 0.04, 0.04 and 0.29
    assert min(misalignment(frames[a], frames[b]) for a, b in pairs) > 10


def test_the_frame_of_middle_brightness_stays_in_its_place(frames, stack):
    """Of 0.35, 0.6, 1, 2.2 the third."""
    height, width = stack.shape[1:3]
    assert 200 < height < 512 and 200 < width < 512
    _, _, (left, top), _ = cv2.minMaxLoc(cv2.matchTemplate(frames[0], stack.pixels(0), cv2.TM_SQDIFF))
    assert np.array_equal(stack.pixels(0), frames[0][top : top + height, left : left + width])


def test_exposure_type_and_names_are_kept(frames, stack):
    assert isinstance(stack, Stack) and len(stack) == 4 and stack.bit_depth == 8
    assert stack.names == [f"frame {index}" for index in range(4)]
    for index, frame in enumerate(frames):
        pixels = stack.pixels(index)
        assert pixels.dtype == np.uint8 and pixels.shape == stack.shape[1:]
        assert pixels.mean() == pytest.approx(frame.mean(), rel=0.2)


def test_the_order_of_frames_does_not_matter(frames, stack):
    turned = aligned(frames[::-1])
    assert all(np.array_equal(turned.pixels(3 - index), stack.pixels(index)) for index in range(4))


@pytest.mark.parametrize("is_gray", [True, False])
def test_sixteen_bits_stay_sixteen(frames, is_gray):
    deep = [frame.astype(np.uint16) * 200 for frame in frames[:2]]
    stack = aligned([frame[..., 1] for frame in deep] if is_gray else deep)
    assert stack.bit_depth == 16 and stack.pixels(1).dtype == np.uint16
    assert len(stack.shape) == (3 if is_gray else 4)
    assert misalignment(stack.pixels(0), stack.pixels(1)) < 0.3


def test_files_keep_names_and_metadata(frames, tmp_path):
    for index, make in enumerate(("Holga", "Lomo")):
        options = {"photometric": "rgb", "extratags": [(271, "s", 0, make, True)]}
        tifffile.imwrite(tmp_path / f"{index}.tif", frames[index], **options)
    stack = aligned(tmp_path)
    assert stack.names == ["0.tif", "1.tif"]
    assert b"Holga" in stack.metadata.exif
    assert b"Lomo" in stack[1:].metadata.exif


def test_frames_are_read_when_they_are_asked_for(frames, monkeypatch):
    source, read = open_stack(frames), []
    plain = source.pixels
    monkeypatch.setattr(source, "pixels", lambda index: read.append(index) or plain(index))
    stack = aligned(source)
    assert read == [0, 1, 2, 3]
    stack.pixels(2)
    assert read[4:] == [2]


def test_a_bracket_from_a_tripod_keeps_its_pixels():
    source = scenes.exposure_bracket().stack
    stack = aligned(source)
    assert all(np.array_equal(stack.pixels(index), source.pixels(index)) for index in range(5))


def test_what_moves_before_a_camera_that_stands_still_moves_nothing():
    source = scenes.exposure_bracket(moving=True).stack
    assert misalignment(source.pixels(1), source.pixels(2)) > 5  # of the coin
    stack = aligned(source)
    assert all(np.array_equal(stack.pixels(index), source.pixels(index)) for index in range(5))


@pytest.mark.parametrize("distance", [0.7, 5])
def test_a_camera_that_moves_is_noticed_beside_a_thing_that_moves(distance):
    source = scenes.exposure_bracket(moving=True).stack
    frames = [shifted(source.pixels(index), distance * (index % 2))[:, 16:-16] for index in range(5)]
    stack = aligned(frames)
    far = [distance_of_most(stack.pixels(index), stack.pixels(index + 1)) for index in range(4)]
    assert max(far) < 0.3, far  # measured: 0.15 to 0.24
    assert min(distance_of_most(frames[index], frames[index + 1]) for index in range(4)) > 0.5


def test_shake_is_noticed_at_the_size_of_a_camera(photograph):
    """Two pixels of 12 megapixels are less than half a pixel of the image that features are looked for in."""
    large = cv2.resize(photograph, (4002, 3000), interpolation=cv2.INTER_CUBIC)
    stack = aligned([large[:, 2:] // 2, large[:, :-2]])
    assert distance_of_most(stack.pixels(0), stack.pixels(1)) < 0.5  # of 2
    still = aligned([large // 2, large])
    assert np.array_equal(still.pixels(0), still.pixels(1) // 2)


def test_little_shake_does_not_add_up(photograph):
    """Seven frames, each two fifths of a pixel from the next one."""
    fine = cv2.resize(photograph, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    frames = [fine[:, 2 * index : 2500 + 2 * index] * np.float32(1 - 0.1 * index) for index in range(7)]
    frames = [cv2.resize(frame, (500, 512), interpolation=cv2.INTER_AREA).astype(np.uint8) for frame in frames]
    stack = aligned(frames)
    assert distance_of_most(frames[0], frames[-1]) > 2
    assert distance_of_most(stack.pixels(0), stack.pixels(6)) < 0.3


@pytest.mark.parametrize(("distance", "is_moved"), [(0.03, False), (0.07, True)])
def test_a_few_hundredths_of_a_pixel_move_nothing(photograph, monkeypatch, distance, is_moved):
    """However exactly the matches agree on it."""
    features = find_features(photograph)
    found = iter([features, features._replace(points=features.points + (distance, 0))])
    monkeypatch.setattr("recalage.bracket.find_features", lambda pixels, name: next(found))
    stack = aligned([photograph // 2, photograph])
    assert (stack.shape[2] < 512) == is_moved


def test_good_matches_decide_where_most_are_poor(photograph, monkeypatch):
    features = find_features(photograph)
    distance = np.tile([1.0, 0.0], (len(features.points), 1))
    poor = np.arange(len(distance)) % 5 < 3
    distance[poor] = np.random.default_rng(0).normal(0, 2, (poor.sum(), 2))
    found = iter([features, features._replace(points=features.points + distance)])
    monkeypatch.setattr("recalage.bracket.find_features", lambda pixels, name: next(found))
    assert aligned([photograph // 2, photograph]).shape[2] < 512


def test_frames_that_stand_still_keep_their_values_among_those_that_move(photograph):
    frames = [photograph, photograph // 2, shifted(photograph, 20) // 4]
    stack = aligned(frames)
    assert stack.shape[1] > 505 and 488 < stack.shape[2] < 495
    assert np.array_equal(stack.pixels(0) // 2, stack.pixels(1))
    difference = cv2.absdiff(stack.pixels(2), stack.pixels(0) // 4)
    assert difference.mean() < 0.5


def test_one_frame_is_aligned(photograph):
    stack = aligned([photograph])
    assert np.array_equal(stack.pixels(0), photograph)


def test_frames_that_do_not_match_are_named(frames, other_photograph):
    with pytest.raises(RegistrationError, match="^frame 0 and frame 2 do not match") as error:
        aligned([frames[0], frames[1], other_photograph // 2 + 127])
    assert error.value.frames == ("frame 0", "frame 2")


def test_a_black_frame_is_named(frames, tmp_path):
    for index, frame in enumerate([frames[0], np.zeros_like(frames[0]), frames[1]]):
        save(frame, tmp_path / f"{index}.png")
    with pytest.raises(RegistrationError, match="^1.png shows too little texture"):
        aligned(tmp_path)


def test_options_are_passed_on(frames):
    with pytest.raises(RegistrationError, match="5000"):
        aligned(frames, min_inliers=5000)
    with pytest.raises(ValueError, match="reprojection_threshold"):
        aligned(frames[:1], reprojection_threshold=-1)  # before anything is matched
    with pytest.raises(ValueError, match="ratio"):
        aligned(frames[:1], ratio=3)
    with pytest.raises(DataError, match="give at least one image"):
        aligned(np.zeros((0, 4, 4)))


def test_progress_is_shown(frames):
    shown = []
    aligned(frames[:2], progress=lambda frames, what: shown.append((list(frames), what)) or frames)
    assert shown == [([0, 1], "aligning")]

"""Exposure brackets: those taken by hand are aligned in any order; those from a tripod keep their pixels."""

import cv2
import numpy as np
import pytest
import tifffile

from data import Stack, open_stack, scenes
from recalage import find_features, match, misalignment, register

GAINS = (1.0, 0.35, 2.2, 0.6)  # of the four frames: neither in the order of brightness nor in that of the steps


def aligned(source, model="homography"):
    """Align a bracket and cut it to what all frames show."""
    stack = open_stack(source)
    return register(stack, model=model).apply(stack, crop=True)


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


def test_every_frame_is_read_once_and_then_when_it_is_asked_for(frames, monkeypatch):
    read, plain = [], Stack.pixels
    monkeypatch.setattr(Stack, "pixels", lambda stack, index: read.append(index) or plain(stack, index))
    source = open_stack(frames)
    stack = register(source).apply(source)
    assert read == [0, 1, 2, 3]
    stack.pixels(2)
    assert set(read[4:]) == {2}


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


@pytest.mark.parametrize(("distance", "is_moved"), [(0.1, False), (0.4, True)])
def test_a_tenth_of_a_pixel_moves_nothing(photograph, distance, is_moved):
    """However clear it is: drawing the frame anew would cost more than it gains."""
    fine = cv2.resize(photograph, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC)
    offset = round(10 * distance)
    frames = [
        cv2.resize(fine[:, start : 5100 + start], (510, 512), interpolation=cv2.INTER_AREA) for start in (0, offset)
    ]
    stack = aligned([frames[0] // 2, frames[1]], model="translation")
    assert (stack.shape[2] < 510) == is_moved


def test_frames_that_stand_still_keep_their_values_among_those_that_move(photograph):
    frames = [photograph, photograph // 2, shifted(photograph, 20) // 4]
    stack = aligned(frames)
    assert stack.shape[1] > 505 and 488 < stack.shape[2] < 495
    assert np.array_equal(stack.pixels(0) // 2, stack.pixels(1))
    difference = cv2.absdiff(stack.pixels(2), stack.pixels(0) // 4)
    assert difference.mean() < 0.5

"""Facts about rivals: what each of many frames has to beat."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fusion.boundary.rivals import SIGMA, Rivals


def rivals_of(frames):
    rivals = Rivals(frames[0].shape)
    for index, frame in enumerate(frames):
        rivals.add(index, frame)
    return [rivals.of(index) for index in range(len(frames))]


@pytest.fixture
def noises():
    """Noise of different strength in the left, middle and right third: the order of detail is known."""
    rng = np.random.default_rng(4)
    strengths = np.float32([[0.3, 0.03, 0.1], [0.1, 0.3, 0.03], [0.03, 0.1, 0.3]])
    return [0.5 + row.repeat(30) * rng.uniform(-1, 1, (40, 90)).astype(np.float32) for row in strengths]


def test_of_the_others_the_one_of_most_detail(noises):
    found = rivals_of(noises)
    middles = [slice(10, 20), slice(40, 50), slice(70, 80)]  # away from where two thirds meet
    order = [(0, 1), (1, 2), (2, 0)]  # in each third: the frame of most detail, and the next one
    for third, (best, second) in zip(middles, order, strict=True):
        for index in range(3):
            expected = noises[second if index == best else best]
            assert_array_equal(found[index][:, third], expected[:, third])


def test_by_hand_with_all_energies_at_once(noises):
    energies = []
    for frame in noises:
        detail = cv2.Laplacian(frame, cv2.CV_32F, borderType=cv2.BORDER_REFLECT)
        energies.append(cv2.GaussianBlur(detail**2, (0, 0), SIGMA, borderType=cv2.BORDER_REFLECT))
    for index, rival in enumerate(rivals_of(noises)):
        rest = np.array(energies)
        rest[index] = -1
        assert_array_equal(rival, np.choose(rest.argmax(axis=0), noises))


def test_order_does_not_matter(noises):
    expected = rivals_of(noises)
    for order in itertools.permutations(range(3)):
        found = rivals_of([noises[index] for index in order])
        for place, index in enumerate(order):
            assert_array_equal(found[place], expected[index])


def test_of_two_frames_the_rival_is_the_other_one(noises):
    found = rivals_of(noises[:2])
    assert_array_equal(found[0], noises[1])
    assert_array_equal(found[1], noises[0])


def test_of_equal_frames_each_has_an_equal_rival(noises):
    for rival in rivals_of([noises[0]] * 3):
        assert_array_equal(rival, noises[0])


def test_more_than_256_frames_keep_their_numbers():
    frames = [np.zeros((4, 4), np.float32) for _ in range(299)]
    sharp = np.random.default_rng(1).random((2, 4, 4), np.float32)
    found = rivals_of([*frames, *sharp])
    assert_array_equal(found[0], found[298])
    assert (found[0] != 0).all()
    assert (found[299] == sharp[1]).all() or (found[299] != found[300]).any()


def test_a_frame_never_is_its_own_rival(noises):
    for frame, rival in zip(noises, rivals_of(noises), strict=True):
        assert (frame != rival).all()

"""Where waves agree in phase, and what Q_P makes of it."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.metrics import phase
from fusion.metrics.door import UndefinedScore
from fusion.metrics.phase import (
    ANGLES,
    FEATURE,
    Features,
    filter_bank,
    more_congruent,
    phase_congruency,
    principal_moments,
    q_p,
)


def features(image):
    return phase_congruency(image.astype(float), filter_bank(image.shape))


@pytest.fixture(scope="module")
def pictures(texture):
    """Three frames of one scene, sharp on the left, in the middle, on the right; and the scene."""
    scene = np.rint(255 * texture[..., 0]).astype(np.uint8)
    blurred = cv2.GaussianBlur(scene, (0, 0), 3)
    part = np.arange(scene.shape[1]) * 3 // scene.shape[1]
    return [np.where(part == index, scene, blurred) for index in range(3)], scene


@pytest.fixture(scope="module")
def square():
    image = np.full((96, 96), 50.0)
    image[24:72, 24:72] = 150
    return image


def test_edges_are_where_levels_jump_and_corners_where_edges_meet(square):
    found = features(square)
    middle, corner = (slice(46, 50), slice(22, 26)), (slice(22, 26), slice(22, 26))
    assert found.congruency[middle].max() > 0.7
    assert found.congruency[middle].max() > 3 * found.congruency[46:50, 46:50].max()
    assert found.edges[middle].max() > 1.5 * found.corners[middle].max()
    assert found.corners[corner].max() > 1.5 * found.corners[middle].max()


def test_moments_are_along_the_axes_or_between_them():
    largest, smallest = principal_moments(np.array([3.0, 1, 1]), np.array([1.0, 3, 1]), np.array([0.0, 0, 1]))
    assert_allclose(largest, [3, 3, 1.25], atol=1e-4)
    assert_allclose(smallest, [1, 1, 0.75], atol=1e-4)


def test_an_edge_is_as_congruent_in_any_contrast(square):
    strong, weak = features(square).congruency, features(100 + square / 20).congruency
    assert_allclose(weak, strong, atol=2e-3)


def test_features_move_with_the_image(texture):
    image = texture[..., 0]
    for still, moved in zip(features(image), features(np.roll(image, (5, -7), (0, 1)))):
        assert_allclose(moved, np.roll(still, (5, -7), (0, 1)), atol=1e-9)


def test_rows_and_columns_are_alike(texture):
    image = texture[:95, :127, 0]
    for upright, lying in zip(features(image), features(image.T)):
        assert_allclose(lying, upright.T, atol=1e-9)


def test_noise_has_few_features():
    noise = np.random.default_rng(8).normal(128, 20, (256, 256))
    assert np.mean(features(noise).congruency > FEATURE) < 0.1


def test_the_gain_of_noise_is_that_of_noise():
    noise = np.random.default_rng(9).normal(0, 1, (512, 512))
    bank = filter_bank(noise.shape)
    for direction, gain in zip(ANGLES, bank.noise_gains, strict=True):
        filters = bank.filters(direction, slice(None))
        smallest, every = (np.fft.ifft2(np.fft.fft2(noise) * used) for used in (filters[0], filters.sum(axis=0)))
        assert np.mean(every.real**2) / np.mean(np.abs(smallest) ** 2) == pytest.approx(gain, rel=0.1)


@pytest.mark.parametrize("shape", [(40, 30), (41, 31)])
def test_scales_look_in_all_directions_alike(shape):
    """Half of the rows is kept: the others mirror it, whatever part of the filters is asked for."""
    bank = filter_bank(shape)
    rows, columns = (np.fft.fftfreq(n, 1 / n) / (n - n % 2) for n in shape)
    radius = np.hypot(rows[:, None], columns)
    with np.errstate(divide="ignore"):
        second = np.exp(-(np.log(radius * 6.3) ** 2) / (2 * np.log(0.55) ** 2)) / (1 + (radius / 0.45) ** 30)
    off = np.abs(bank.angles)
    for some in (slice(None), slice(0, 7), slice(33, 40), slice(35, 99)):
        found = bank.filters(0.0, some)[1]
        assert_allclose(found, (second * np.exp(-(off**2) / (2 * np.radians(25) ** 2)))[some], atol=1e-12)


def test_blocks_are_all_rows_once(monkeypatch, texture):
    image = texture[..., 0]
    whole = features(image)
    assert [len(range(40)[rows]) for rows in phase.blocks((40, 2**14))] == [2] * 20
    monkeypatch.setattr(phase, "BLOCK_PIXELS", 7 * image.shape[1])
    assert [len(range(len(image))[rows]) for rows in phase.blocks(image.shape)] == [7] * 13 + [5]
    for one, other in zip(whole, features(image), strict=True):
        assert_allclose(other, one, rtol=1e-12)


def test_of_equal_congruencies_the_last_wins():
    first, second, third = (Features(np.array(c), np.full(3, k), np.full(3, k)) for k, c in enumerate(CONGRUENCIES))
    assert_array_equal(more_congruent(first, second).edges, [0, 1, 1])
    assert_array_equal(more_congruent(more_congruent(first, second), third).edges, [0, 2, 1])


CONGRUENCIES = ([0.9, 0.5, 0.1], [0.3, 0.5, 0.4], [0.2, 0.5, 0.3])


def test_the_scene_scores_above_its_two_frames(focus_pair, texture):
    scene, *frames = (np.rint(255 * image[..., 0]).astype(np.uint8) for image in (texture, *focus_pair))
    assert max(q_p(frames, frame) for frame in frames) + 0.03 < q_p(frames, scene) <= 1


def test_where_most_frames_are_blurred_blur_scores_best(pictures):
    """Congruency knows no contrast, so the faint features of two blurred frames outvote the third."""
    frames, scene = pictures
    assert q_p(frames, cv2.GaussianBlur(scene, (0, 0), 3)) > q_p(frames, scene) + 0.1


def test_the_order_of_three_sources_does_not_matter(pictures):
    frames, scene = pictures
    scores = [q_p(order, scene) for order in itertools.permutations(frames)]
    assert scores == pytest.approx([scores[0]] * 6, rel=1e-9)


def test_a_copy_is_best_and_contrast_does_not_count(pictures):
    _, scene = pictures
    copy = q_p([scene, scene], scene)
    assert 0.9 < copy <= 1
    assert q_p([scene, scene], scene // 2 + 50) == pytest.approx(copy, abs=0.05)
    assert q_p([scene, scene], cv2.GaussianBlur(scene, (0, 0), 2)) < copy - 0.2


@pytest.mark.parametrize("level", [0, 77])
def test_a_source_without_edges_leaves_the_others_alone(level, pictures, recwarn):
    frames, scene = pictures
    flat = np.full_like(scene, level)
    alone = q_p([scene, scene], scene)
    assert q_p([scene, flat], scene) == q_p([flat, scene, flat], scene) == pytest.approx(alone, rel=1e-12)
    assert q_p([frames[0], flat], scene) >= q_p([frames[0]] * 2, scene)  # a correlation below 0 becomes 0
    assert not recwarn.list


@pytest.mark.parametrize("level", [0, 77])
def test_without_edges_there_is_no_score(level, pictures, recwarn):
    frames, scene = pictures
    flat = np.full_like(scene, level)
    with pytest.raises(UndefinedScore, match="Q_P is not defined for a fused image without edges"):
        q_p(frames, flat)
    with pytest.raises(UndefinedScore, match="Q_P is not defined for these images"):
        q_p([flat, flat], scene)
    assert not recwarn.list


def test_an_image_smaller_than_a_window_is_refused(pictures):
    frames, _ = pictures
    small = [frame[:10] for frame in frames]
    with pytest.raises(UndefinedScore, match="Q_P needs images of 11 x 11 pixels or more, got 128 x 10"):
        q_p(small, small[0])
    assert np.isfinite(q_p([frame[:11, :11] for frame in frames], frames[0][:11, :11]))

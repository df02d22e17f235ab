"""Links: known motions are found from nothing, and what patches kept back contradict is not believed."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from data.scenes.light import to_linear, to_srgb
from recalage.homography import corners, project
from recalage.levels import levels_of, reduce_frame
from recalage.link import Link, find_link, is_believed, refine_link
from recalage.refine import refine
from recalage.trial import Agreement, Frame, agreement, compare_motions

SHAPE = (256, 256)
MIDDLE = np.array([[1, 0, 127.5], [0, 1, 127.5], [0, 0, 1.0]])
GENTLE = np.array([[1, 0, 2.3], [0, 1, -1.1], [0, 0, 1.0]])


def about_the_middle(angle, scale=1.0, x=0.0, y=0.0):
    """Turn and scale a frame about its middle, then shift it."""
    cosine, sine = scale * np.cos(np.deg2rad(angle)), scale * np.sin(np.deg2rad(angle))
    return MIDDLE @ [[cosine, -sine, x], [sine, cosine, y], [0, 0, 1]] @ np.linalg.inv(MIDDLE)


def seen(picture, matrix):
    """Draw the frame that `matrix` maps to the picture, by cubic splines, as float32 in [0, 1]."""
    rows, columns = np.indices(picture.shape)
    places = project(matrix, np.column_stack([columns.ravel(), rows.ravel()]))
    drawn = map_coordinates(picture, places[:, ::-1].T, order=3, mode="mirror")
    return drawn.reshape(picture.shape).clip(0, 1).astype(np.float32)


def frame(picture):
    return Frame("a frame", reduce_frame(picture))


def error(matrix, imposed):
    places = corners(SHAPE)
    return np.linalg.norm(project(matrix, places) - project(imposed, places), axis=1).max()


def believed(**changes):
    link = Link(GENTLE, 0.1, 0, Agreement(0.9, 40.0, 0.9))._replace(**changes)
    return is_believed(link, fixed_frame())


def fixed_frame():
    return frame(np.random.default_rng(0).random(SHAPE, np.float32))


@pytest.fixture(scope="module")
def picture(photograph):
    gray = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, SHAPE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.fixture(scope="module")
def other_picture(other_photograph):
    gray = cv2.cvtColor(other_photograph, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, SHAPE, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.fixture(scope="module")
def fixed(picture):
    return frame(picture)


@pytest.mark.parametrize(
    ("imposed", "model"),
    [
        (GENTLE, "translation"),
        (about_the_middle(1, 1.01, 4, -3), "similarity"),
        (about_the_middle(-3, 0.96, -9, 6), "similarity"),
        (about_the_middle(2, 1, 3, 3) @ [[1.01, 0.01, -2], [0, 0.99, 1], [0, 0, 1]], "affine"),
        (about_the_middle(1, 1, 3, 3) @ [[1.01, 0.01, -2], [0, 0.99, 1], [5e-5, -4e-5, 1]], "homography"),
    ],
)
def test_a_motion_is_found_from_nothing(fixed, picture, imposed, model):
    imposed = imposed / imposed[2, 2]
    link = find_link(frame(seen(picture, imposed)), fixed, model)
    assert error(link.matrix, imposed) < 0.06  # pixels at the worst corner; measured: 0.005 to 0.03
    assert link.level == 0 and link.found.correlation > 0.98 and link.spread < 0.1
    assert link.found.area > 0.75


@pytest.mark.parametrize("model", ["translation", "similarity", "homography"])
def test_a_large_shift_is_found(fixed, picture, model):
    imposed = np.array([[1, 0, 47.6], [0, 1, -38.2], [0, 0, 1.0]])
    link = find_link(frame(seen(picture, imposed)), fixed, model)
    assert error(link.matrix, imposed) < 0.15


def test_a_large_turn_is_found_by_features(fixed, picture):
    for imposed in (about_the_middle(28, 0.8, 10, 12), about_the_middle(-75)):
        link = find_link(frame(seen(picture, imposed)), fixed, "similarity")
        assert error(link.matrix, imposed) < 0.15
        assert link.level == 0


def test_features_suit_the_model(fixed, picture):
    for model in ("affine", "homography"):
        imposed = about_the_middle(40) @ [[1.05, 0.02, 0], [0, 0.95, 0], [0, 0, 1]]
        assert error(find_link(frame(seen(picture, imposed)), fixed, model).matrix, imposed) < 0.2


def test_a_link_and_that_back_cancel(fixed, picture):
    moving = frame(seen(picture, about_the_middle(1, 1.02, 5, 2)))
    there, back = find_link(moving, fixed, "similarity"), find_link(fixed, moving, "similarity")
    assert error(there.matrix @ back.matrix, np.eye(3)) < 0.03


def without_features(picture):
    some = frame(picture)
    some.features = some.features._replace(points=np.zeros((0, 2)), descriptors=np.zeros((0, 128), np.float32))
    return some


@pytest.fixture(scope="module")
def noise():
    """Noise that is as coarse as three pixels: a step finds its way only from near by."""
    coarse = cv2.GaussianBlur(np.random.default_rng(5).random(SHAPE, np.float32), (0, 0), 1.5)
    return (coarse - coarse.min()) / np.ptp(coarse)


@pytest.mark.parametrize(("x", "y"), [(60, 0), (-35, 45)])
def test_a_large_shift_is_found_without_features(noise, x, y):
    imposed = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    link = find_link(without_features(seen(noise, imposed)), without_features(noise), "similarity")
    assert error(link.matrix, imposed) < 0.05


def test_starts_help(noise):
    """A turn and a shift at once are found neither from no motion nor from the shift alone."""
    imposed = about_the_middle(12, 1.0, 30, 20)
    moving, fixed = without_features(seen(noise, imposed)), without_features(noise)
    assert find_link(moving, fixed, "similarity") is None
    started = find_link(moving, fixed, "similarity", [about_the_middle(11, 1.0, 29, 21)])
    assert error(started.matrix, imposed) < 0.05


def test_frames_of_different_focus_are_linked_where_they_are_alike(fixed, picture):
    """Light blurred until the finest details are gone, by deviations of 2 and of 8 pixels."""
    imposed = about_the_middle(0.5, 1.02, 3, -2)
    light = to_linear(seen(picture, imposed))
    links = [find_link(frame(to_srgb(cv2.GaussianBlur(light, (0, 0), s))), fixed, "similarity") for s in (2, 8)]
    assert error(links[0].matrix, imposed) < 0.15 and error(links[1].matrix, imposed) < 2
    assert links[1].level > 0
    assert links[1].spread > links[0].spread


@pytest.mark.parametrize("stops", [-4, -2, 0.7])
def test_exposure_does_not_matter(fixed, picture, stops):
    imposed = about_the_middle(0.5, 1.01, 3, -2)
    light = to_linear(seen(picture, imposed)) * 2.0**stops
    link = find_link(frame(to_srgb(light.clip(0, 1))), fixed, "similarity")
    assert error(link.matrix, imposed) < 0.05


def test_a_link_is_no_worse_than_none(fixed, picture):
    """Noise alone pulls a link away from where frames lie; then there is no motion."""
    rng, still = np.random.default_rng(7), 0
    for _ in range(12):
        moving = frame((picture + rng.normal(0, 0.1, SHAPE)).clip(0, 1).astype(np.float32))
        link = find_link(moving, fixed, "homography")
        assert link.found.correlation >= agreement(moving, fixed, np.eye(3), link.level).correlation
        still += np.array_equal(link.matrix, np.eye(3))
    assert still > 0


def test_frames_are_looked_at_and_not_changed(picture):
    """A size at which Fourier transforms need no padding is one at which phase correlation may write."""
    moving, fixed = frame(seen(picture, GENTLE)), frame(picture)
    details = [level.detail for some in (moving, fixed) for level in some.levels]
    kept = [detail.copy() for detail in details]
    find_link(moving, fixed, "similarity")
    assert all(np.array_equal(*pair) for pair in zip(details, kept, strict=True))


def test_pictures_that_have_nothing_in_common_are_not_linked(fixed, picture, other_picture):
    noise = np.random.default_rng(0).random(SHAPE, np.float32)
    for unrelated in (other_picture, noise, cv2.GaussianBlur(noise, (0, 0), 4), picture[:, ::-1], 1 - picture):
        assert find_link(frame(unrelated), fixed, "similarity") is None
        assert find_link(fixed, frame(unrelated), "homography") is None


def test_a_motion_beyond_doubling_is_not_believed(fixed, picture):
    assert find_link(frame(seen(picture, about_the_middle(0, 0.45))), fixed, "similarity") is None
    assert find_link(frame(seen(picture, about_the_middle(0, 0.6))), fixed, "similarity") is not None


def test_a_link_is_refined_at_one_size(fixed, picture):
    imposed = about_the_middle(1, 1.01, 4, -3)
    moving, start = frame(seen(picture, imposed)), about_the_middle(1, 1.01, 4.8, -2.5)
    for level, limit in ((0, 0.03), (1, 0.06), (2, 0.3)):
        link = refine_link(moving, fixed, "similarity", start, level)
        assert link.level == level and error(link.matrix, imposed) < limit
        inverse = np.linalg.inv(start)
        inverse[:2, 2] /= 2**level
        spread = refine(fixed.levels[level], moving.levels[level], inverse, "similarity")[1]
        assert link.spread == pytest.approx(spread * 2**level)  # in pixels of the reduced frame
    assert refine_link(moving, fixed, "similarity", about_the_middle(90), 0) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"spread": np.inf},
        {"matrix": about_the_middle(0, 2.1)},
        {"matrix": np.diag([-1.0, 1, 1])},
        {"found": Agreement(0.2, 40.0, 0.9)},
        {"found": Agreement(0.9, 4.0, 0.9)},
    ],
)
def test_what_is_not_believed(changes):
    assert believed() is True and believed(found=Agreement(0.45, 20.0, 0.9)) is True
    assert believed(**changes) is False


def test_agreement_is_measured_in_patches_kept_back(fixed, picture):
    """What fills just the blocks kept back decides; all others may agree."""
    kept_back = np.kron(fixed.levels[0].kept_back, np.ones((8, 8), bool))
    noise = np.random.default_rng(1).random(SHAPE, np.float32)
    same, only_rest, only_kept = (
        agreement(frame(np.float32(moving)), fixed, np.eye(3), 0)
        for moving in (picture, np.where(kept_back, noise, picture), np.where(kept_back, picture, noise))
    )
    assert same.correlation == pytest.approx(1, abs=1e-3) and same.area > 0.98
    assert only_rest.correlation < 0.3 < only_kept.correlation
    assert only_rest.area < 0.1 and only_rest.evidence < only_kept.evidence < same.evidence


def test_agreement_says_how_much_is_seen(fixed, picture):
    """Shifted by half the width, half of the patches cannot agree: nothing is seen there."""
    half = np.array([[1, 0, 128], [0, 1, 0], [0, 0, 1.0]])
    found = agreement(frame(seen(picture, half)), fixed, half, 0)
    assert found.correlation > 0.99 and found.area == pytest.approx(0.5, abs=0.06)


def test_two_motions_are_compared(fixed, picture):
    moving = frame(seen(picture, GENTLE))
    before, after, advantage = compare_motions(moving, fixed, np.eye(3), GENTLE, 0)
    assert before.correlation < 0.7 < 0.98 < after.correlation and advantage > 5
    *_, disadvantage = compare_motions(moving, fixed, GENTLE, np.eye(3), 0)
    assert disadvantage < -5
    *_, nothing = compare_motions(moving, fixed, GENTLE, GENTLE, 0)
    assert nothing == 0
    *_, beyond, none = compare_motions(moving, fixed, GENTLE, np.array([[1, 0, 900], [0, 1, 0], [0, 0, 1.0]]), 0)
    assert beyond == Agreement(-1, 0, 0) and none == 0


def test_memory_is_freed_and_made_anew(picture):
    some = frame(picture)
    before = [level.detail.copy() for level in some.levels]
    some.forget()
    assert "levels" not in vars(some)
    some.forget()
    assert all(np.array_equal(level.detail, old) for level, old in zip(some.levels, before, strict=True))
    assert len(levels_of(some.reduced)) == len(before)

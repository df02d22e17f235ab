"""Facts about exposure fusion that is optimised for MEF-SSIM: it gains, and is held."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import load, open_stack
from fusion import exposure_fusion
from fusion.metrics import EXPOSURE, UndefinedScore

torch = pytest.importorskip("torch")
module = importlib.import_module("fusion.optimised_exposure_torch")
optimised_exposure_fusion = module.optimised_exposure_fusion
mef_ssim = EXPOSURE["MEF-SSIM"]


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def bracket():
    """A part of the built-in bracket, in colour, with clipped areas."""
    return np.stack([frame[100:230, 180:340] for frame in load("built-in/coffee")])


@pytest.fixture(scope="module")
def start(bracket):
    return exposure_fusion(bracket)


@pytest.fixture(scope="module")
def result(bracket):
    return optimised_exposure_fusion(bracket)


@pytest.fixture(scope="module")
def free(bracket):
    """What nothing holds."""
    return optimised_exposure_fusion(bracket, pull=0)


def mean_square(image):
    return np.square(image, dtype=np.float64).mean()


def test_the_score_rises_however_it_is_rounded(bracket, start, result):
    before = mef_ssim(bracket, start)
    assert mef_ssim(bracket, np.rint(255 * result).astype(np.uint8)) > before + 0.02
    assert mef_ssim(bracket, np.floor(255 * result).astype(np.uint8)) > before + 0.02


def test_the_change_is_at_most_what_the_gain_allows(bracket, start, result, free):
    gain = mef_ssim(bracket, result) - mef_ssim(bracket, start)
    assert mean_square(result - start) <= 1.01 * gain / 4
    assert mean_square(free - start) > 2 * mean_square(result - start)
    assert mef_ssim(bracket, free) > mef_ssim(bracket, result)


def test_each_pull_has_its_best_result(bracket, start):
    pulls = (2, 4, 8)
    results = [optimised_exposure_fusion(bracket, pull=pull) for pull in pulls]
    scores = np.array([mef_ssim(bracket, fused) for fused in results])
    changes = np.array([mean_square(fused - start) for fused in results])
    for index, pull in enumerate(pulls):
        assert np.argmax(scores - pull * changes) == index


def test_a_strong_pull_leaves_the_picture(bracket, start):
    assert_allclose(optimised_exposure_fusion(bracket, pull=1e5), start, atol=2 / 255)


def test_the_pull_keeps_contrast_and_clipping_from_growing(start, result, free):
    def activity(image):
        return np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean()

    def clipped(image):
        return np.mean((image == 0) | (image == 1))

    assert activity(result) < 1.1 * activity(start) < activity(free)
    assert clipped(result) < clipped(start) + 0.03 < clipped(free)


def test_colour_differences_stay(start, result):
    inside = ((result > 0) & (result < 1)).all(axis=2)
    assert inside.mean() > 0.7
    for other in (1, 2):
        differences = [(image[..., 0] - image[..., other])[inside] for image in (start, result)]
        assert_allclose(*differences, atol=1e-6)


def test_the_borders_change_with_what_is_inside(bracket):
    start = torch.from_numpy(exposure_fusion(bracket))
    score = module.MefSsim(bracket).float()
    increment = module.best_increment(score, start, 4.0, range(2)).numpy()
    assert_array_equal(increment[:6, 20], increment[5, 20])
    assert_array_equal(increment[30, -6:], increment[30, -6])
    assert np.ptp(increment[5:-5, 5:-5]) > 0.01


def test_more_steps_never_score_less(bracket, start):
    pulled = []
    for steps in (0, 1, 3):
        fused = optimised_exposure_fusion(bracket, steps=steps)
        pulled.append(mef_ssim(bracket, fused) - 4 * mean_square(fused - start))
    assert pulled[0] + 0.001 < pulled[1] < pulled[2]


def test_no_steps_leave_exposure_fusion(bracket, start):
    assert_array_equal(optimised_exposure_fusion(bracket, steps=0), start)


def test_a_result_that_scores_less_is_not_taken(bracket, start, monkeypatch):
    worse = torch.from_numpy(np.random.default_rng(2).normal(0, 0.1, start.shape[:2]).astype(np.float32))
    monkeypatch.setattr(module, "best_increment", lambda *args: worse)
    assert_array_equal(optimised_exposure_fusion(bracket), start)


@pytest.mark.parametrize("kind", ["noise", "black and white", "flat"])
def test_hard_frames_give_an_image_that_scores_no_less(kind):
    rng = np.random.default_rng(5)
    stack = {
        "noise": rng.random((3, 41, 53, 3), np.float32),
        "black and white": (rng.random((2, 47, 44)) > 0.5).astype(np.float32),
        "flat": np.stack([np.full((45, 45), level, np.float32) for level in (0, 0.4, 1)]),
    }[kind]
    fused = optimised_exposure_fusion(stack, pull=0)
    assert fused.shape == stack.shape[1:]
    assert fused.min() >= 0 and fused.max() <= 1
    assert mef_ssim(stack, fused) >= mef_ssim(stack, exposure_fusion(stack))


def test_gray_and_colour_agree(bracket):
    gray = bracket[::2, :60, :70, 1]
    fused = optimised_exposure_fusion(gray, steps=2)
    assert fused.shape == (60, 70)
    assert mef_ssim(gray, fused) > mef_ssim(gray, exposure_fusion(gray))
    start = torch.from_numpy(exposure_fusion(gray))
    score = module.MefSsim(gray).float()
    increments = [
        module.best_increment(score, image, 4.0, range(2)) for image in (start, start[..., None].repeat(1, 1, 3))
    ]
    assert_allclose(*increments, atol=2 / 255)


def test_the_same_input_gives_the_same_result(bracket, result):
    assert_array_equal(optimised_exposure_fusion(bracket), result)


def test_the_way_frames_are_held_does_not_matter(bracket):
    part = bracket[:, :50, :60]
    expected = optimised_exposure_fusion(part, steps=1)
    eight_bit = np.rint(255 * part).astype(np.uint8)
    for held in (eight_bit, list(part), open_stack(part)):
        assert_array_equal(optimised_exposure_fusion(held, steps=1), expected)


def test_one_frame_is_its_own_fusion(bracket):
    assert_allclose(optimised_exposure_fusion(bracket[:1, :20]), bracket[0, :20], atol=1e-6)


def test_progress_sees_the_steps(bracket):
    seen = []

    def progress(items, what):
        for item in items:
            seen.append(what)
            yield item

    optimised_exposure_fusion(bracket[:, :41, :41], steps=2, progress=progress)
    assert seen[-3] != "optimising" and seen[-2:] == ["optimising"] * 2


def test_small_frames_are_refused_before_they_are_fused(bracket):
    with pytest.raises(UndefinedScore, match="41 x 41 pixels or more, got 160 x 40"):
        optimised_exposure_fusion(bracket[:, :40])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"pull": -1}, "pull must be 0"),
        ({"pull": float("nan")}, "pull must be 0"),
        ({"steps": -1}, "steps must be a whole number"),
        ({"steps": 1.5}, "steps must be a whole number"),
    ],
)
def test_bad_options_are_named(bracket, option, message):
    stack = open_stack(bracket)
    stack.pixels = None  # said before a frame is read
    with pytest.raises(ValueError, match=message):
        optimised_exposure_fusion(stack, **option)


@pytest.mark.parametrize(("name", "least"), [("office", 0.993), ("venice", 0.985)])
def test_published_sequences(name, least, real_data):
    stack = open_stack(real_data / "mef" / name)
    fused = optimised_exposure_fusion(stack)
    assert mef_ssim(stack, fused) > least
    assert mean_square(fused - exposure_fusion(stack)) < (8 / 255) ** 2


def test_it_climbs_whatever_the_caller_has_switched_off(bracket):
    with torch.inference_mode():
        assert_allclose(optimised_exposure_fusion(bracket, steps=1), optimised_exposure_fusion(bracket, steps=1))
    with torch.no_grad():
        assert np.abs(optimised_exposure_fusion(bracket, steps=1) - exposure_fusion(bracket)).max() > 0

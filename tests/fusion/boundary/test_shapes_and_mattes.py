"""Facts about training pairs: mattes that are drawn, models of defocus, labels, and what pairs are made of."""

import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError, datasets, scenes
from fusion.boundary import mattes
from fusion.boundary.shapes import SHAPES

PICTURE = np.random.default_rng(0).random((48, 64), np.float32)


# --- mattes that are drawn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawn_matte_is_an_opacity(shape):
    drawn = [SHAPES[shape](np.random.default_rng(seed), (96, 128)) for seed in range(8)]
    for alpha in drawn:
        assert alpha.dtype == np.float32 and alpha.shape == (96, 128)
        assert alpha.min() >= 0 and alpha.max() <= 1
    both_sides = [0.02 < alpha.mean() < 0.98 for alpha in drawn]
    assert sum(both_sides) >= 6
    soft = [((alpha > 0.05) & (alpha < 0.95)).mean() for alpha in drawn]
    assert 0 < np.median(soft) < 0.5  # outlines have pixels of both sides, but outlines they are


@pytest.mark.parametrize("shape", SHAPES)
def test_a_seed_draws_the_same_matte(shape):
    first, same, other = (SHAPES[shape](np.random.default_rng(seed), (80, 64)) for seed in (3, 3, 4))
    assert_array_equal(first, same)
    assert (first != other).any()


# --- models of defocus -----------------------------------------------------------------------------------------------


def step(columns=32):
    """An opacity of 1 on the left and 0 on the right."""
    return (np.arange(64) < columns).astype(np.float32) * np.ones((48, 1), np.float32)


@pytest.mark.parametrize("compose", [mattes.paper_pair, mattes.physical_pair])
def test_each_frame_is_sharp_on_its_side(compose):
    background, alpha = PICTURE[::-1], step()
    near, far = compose(PICTURE, alpha, background, mattes.gaussian(2))
    assert_array_equal(near[:, :32], PICTURE[:, :32])
    assert_allclose(far[:, 48:], background[:, 48:], atol=1e-4)
    assert_allclose(near[:, 32:], mattes.gaussian(2)(background)[:, 32:], atol=1e-6)
    assert np.abs(far[:, :16] - PICTURE[:, :16]).mean() > 0.1


def test_in_the_papers_model_the_outline_is_sharp_in_both_frames():
    white, black = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)
    near, far = mattes.paper_pair(white, step(), black, mattes.gaussian(3))
    assert_allclose(near, step(), atol=1e-6)
    assert_allclose(far, step(), atol=1e-6)


def test_in_the_physical_model_the_foreground_spreads_over_the_background():
    white, black = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)
    near, far = mattes.physical_pair(white, step(), black, mattes.gaussian(3))
    assert_allclose(near, step(), atol=1e-6)
    assert_allclose(far, mattes.gaussian(3)(step()), atol=1e-6)
    assert 0.3 < far[24, 33] < 0.5 and 0.5 < far[24, 30] < 0.7
    half = np.full((48, 64), 0.5, np.float32)  # what is behind is veiled, not added to
    assert_allclose(mattes.physical_pair(half, step(), half, mattes.gaussian(3))[1], 0.5, atol=1e-6)


@pytest.mark.parametrize("compose", [mattes.paper_pair, mattes.physical_pair])
def test_every_channel_is_composed_alike(compose):
    colour = np.random.default_rng(1).random((2, 48, 64, 3), np.float32)
    found = compose(colour[0], step(), colour[1], mattes.disc_blur(3))
    for channel in range(3):
        expected = compose(colour[0, ..., channel], step(), colour[1, ..., channel], mattes.disc_blur(3))
        assert_allclose(np.stack(found)[..., channel], np.stack(expected), atol=1e-6)


def test_a_slope_is_mixed_of_the_two_blurs_beside_its_depth():
    depth = np.float32([[0, 0.25, 0.5, 0.75, 1, 2, -1]])
    blurs = [np.copy, lambda scene: scene + 1, lambda scene: scene + 2]
    near, far = mattes.slope_pair(np.zeros_like(depth), depth, blurs)
    assert_allclose(near, [[0, 0.5, 1, 1.5, 2, 2, 0]])
    assert_allclose(far, [[2, 1.5, 1, 0.5, 0, 0, 2]])


def test_blurs_are_of_their_size():
    point = np.zeros((61, 61), np.float32)
    point[30, 30] = 1
    y, x = np.mgrid[:61, :61] - 30
    spot = mattes.gaussian(3)(point)
    assert spot.sum() == pytest.approx(1, abs=1e-4)
    assert np.sqrt((spot * x**2).sum()) == pytest.approx(3, abs=0.1)
    spot = mattes.disc_blur(6)(point)
    assert spot.sum() == pytest.approx(1, abs=1e-4)
    assert np.abs(spot[np.hypot(y, x) > 7.5]).max() < 1e-9
    assert_allclose(spot[np.hypot(y, x) < 4.5], 1 / (np.pi * 36), rtol=0.05)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_the_label_of_alpha_is_where_the_foreground_covers_half():
    assert_array_equal(mattes.alpha_label(np.float32([0, 0.49, 0.5, 1])), [0, 0, 1, 1])


def test_beside_a_blurred_foreground_the_nearer_frame_is_the_one_focused_on_it():
    white, black = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)
    frames = mattes.physical_pair(white, step(), black, mattes.gaussian(2))
    nearer = mattes.nearer_label(frames, step())
    assert_array_equal(nearer[:, 32:36], 1)  # nothing is to be seen in this background, and there no veil lies over it
    assert_array_equal(mattes.alpha_label(step())[:, 32:], 0)
    textured = mattes.paper_pair(PICTURE, step(), PICTURE[::-1], mattes.gaussian(2))
    sharp = step() * PICTURE + (1 - step()) * PICTURE[::-1]
    agrees = mattes.nearer_label(textured, sharp) == step()
    assert agrees[:, np.abs(np.arange(64) - 31.5) > 3].all()


def test_the_nearer_label_averages_errors():
    sharp, worse = np.zeros((2, 21, 21), np.float32)
    worse = worse + np.float32(0.1)
    spot = np.zeros_like(sharp)
    spot[10, 10] = 0.2  # as a square and spread over its surroundings, less than 0.1 everywhere
    assert_array_equal(mattes.nearer_label([spot, worse], sharp, sigma=1.0), 1)
    assert mattes.nearer_label([spot, worse], sharp, sigma=0.1)[10, 10] == 0


def test_a_patch_is_near_a_boundary_if_it_shows_a_tenth_of_each_side():
    shares = np.array([0, 9, 10, 50, 90, 91, 100])
    labels = (np.arange(100) < shares[:, None]).reshape(-1, 10, 10)
    assert_array_equal(mattes.is_near_boundary(labels), [False, False, True, True, True, False, False])
    assert not mattes.is_near_boundary(labels[2], least=0.2)
    assert mattes.is_near_boundary(labels[3])


# --- what pairs are made of ------------------------------------------------------------------------------------------


@pytest.fixture
def nothing_at_hand(monkeypatch, tmp_path):
    """A machine that has nothing but what comes along."""
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.setattr(datasets, "cache_folder", lambda: tmp_path)


def test_a_fresh_machine_can_train_and_validate(nothing_at_hand):
    seen, unseen = mattes.sources_at_hand(), mattes.sources_at_hand(validation=True)
    assert len(seen.photographs) > len(unseen.photographs) > 0
    assert len(seen.photographs) + len(unseen.photographs) == len(mattes.PHOTOGRAPHS)
    for sources in (seen, unseen):
        assert all(picture.ndim == 2 and picture.dtype == np.float32 for picture in sources.photographs)
        assert all(0.5 < picture.max() <= 1 and picture.min() >= 0 for picture in sources.photographs)
        assert mattes.training_pair(sources, 1, size=32).frames.shape == (2, 32, 32)


@pytest.fixture
def found(monkeypatch):
    """Data sets by name, of which some may be taken away: 20 photographs, and 27 mattes."""
    found = {"training/backgrounds": [f"background {k}" for k in range(20)]}
    found |= {f"training/mattes/{k}": [f"picture {k}", f"alpha {k}"] for k in range(1, 28)}
    names = list(found)

    def find(name):
        if name not in found:
            raise DataError(f"{name} is not on this computer")
        return found[name]

    monkeypatch.setattr(mattes.datasets, "find", find)
    monkeypatch.setattr(mattes.datasets, "names", lambda kind: names)
    monkeypatch.setattr(mattes, "_read", lambda path: path)
    monkeypatch.setattr(mattes, "cut_out", lambda picture, alpha: (picture, alpha))
    return found


@pytest.mark.parametrize("missing", [1, 9])
def test_a_matte_that_is_missing_leaves_the_others_where_they_are(found, missing):
    whole = [mattes.sources_at_hand(validation=unseen) for unseen in (False, True)]
    lacking = tuple(found.pop(f"training/mattes/{missing}"))
    for unseen, sources in zip((False, True), whole, strict=True):
        rest = mattes.sources_at_hand(validation=unseen)
        assert rest.photographs == sources.photographs
        assert rest.foregrounds == [matte for matte in sources.foregrounds if matte != lacking]


def test_without_photographs_of_the_data_sets_mattes_are_used_all_the_same(found, nothing_at_hand):
    del found["training/backgrounds"]
    seen, unseen = mattes.sources_at_hand(), mattes.sources_at_hand(validation=True)
    assert len(seen.photographs) + len(unseen.photographs) == len(mattes.PHOTOGRAPHS)
    assert len(seen.foregrounds) == 24 and len(unseen.foregrounds) == 3


def test_mattes_and_photographs_of_the_data_sets_are_split_once(found):
    seen, unseen = mattes.sources_at_hand(), mattes.sources_at_hand(validation=True)
    assert sorted(seen.photographs + unseen.photographs) == sorted(found["training/backgrounds"])
    assert len(seen.foregrounds) == 24 and len(unseen.foregrounds) == 3
    assert len(set(seen.foregrounds + unseen.foregrounds)) == 27
    assert all(picture.split()[1] == alpha.split()[1] for picture, alpha in seen.foregrounds)


def test_nothing_of_the_evaluation_is_trained_on():
    registered = [name for name in datasets.names() if not name.startswith(datasets.BUILT_IN)]
    trained_on = {name for name in registered if name.startswith("training/")}
    training, others = (
        {file.sha256 for name in names for file in datasets.files(name)}
        for names in (trained_on, set(registered) - trained_on)
    )
    assert len(training) > 100
    assert not training & others
    built_in = {
        name
        for path in Path(scenes.__path__[0]).glob("*.py")
        for name in re.findall(r'photograph\("(\w+)"\)', path.read_text(encoding="utf-8"))
    }
    assert {"stereo_motorcycle", "coins"} <= built_in
    assert not built_in & set(mattes.PHOTOGRAPHS)


def test_a_foreground_goes_on_beyond_its_outline():
    picture, alpha = np.zeros((9, 16), np.float32), np.zeros((9, 16), np.float32)
    picture[:, :4], picture[:, 4:12], picture[:, 12:] = 0.2, 0.9, 0.6
    alpha[:, :4] = alpha[:, 12:] = 1
    alpha[:, 4] = 0.9  # not opaque: of both colours
    colours, same = mattes.cut_out(picture, alpha)
    assert_allclose(colours[:, :8], 0.2)
    assert_allclose(colours[:, 8:], 0.6)
    assert_array_equal(same, alpha)


# --- drawing pairs ---------------------------------------------------------------------------------------------------


def drawn(sources, count, **options):
    return [mattes.training_pair(sources, (9, seed), size=64, **options) for seed in range(count)]


@pytest.mark.parametrize("model", mattes.MODELS)
def test_a_training_pair_is_two_frames_and_their_answer(drawn_sources, model):
    for pair in drawn(drawn_sources, 6, model=model):
        assert pair.model == model
        assert pair.frames.shape == (2, 64, 64) and pair.sharp.shape == pair.label.shape == (64, 64)
        assert pair.frames.dtype == pair.sharp.dtype == pair.label.dtype == np.float32
        assert pair.frames.min() >= 0 and pair.frames.max() <= 1
        assert pair.sharp.min() >= 0 and pair.sharp.max() <= 1
        assert set(np.unique(pair.label)) <= {0, 1}
        assert_allclose(pair.frames * 255, np.rint(pair.frames * 255), atol=1e-3)  # as 8 bits record them


def test_the_label_says_which_frame_is_nearer_to_the_sharp_scene(drawn_sources):
    chosen, other = [], []
    for pair in drawn(drawn_sources, 40):
        by_label = np.where(pair.label == 1, *pair.frames)
        by_error = np.where(pair.label == 1, *pair.frames[::-1])
        chosen.append(((by_label - pair.sharp) ** 2).mean())
        other.append(((by_error - pair.sharp) ** 2).mean())
    assert (np.array(chosen) <= np.array(other)).mean() > 0.8
    assert np.median(other) > 2 * np.median(chosen)


def test_a_pair_is_the_same_again_for_its_seed(drawn_sources):
    first, same, other = (mattes.training_pair(drawn_sources, seed, size=48) for seed in ((1, 2), (1, 2), (1, 3)))
    assert_array_equal(first.frames, same.frames)
    assert_array_equal(first.label, same.label)
    assert (first.frames != other.frames).any()


def test_models_and_orders_are_drawn_as_often_as_they_say(drawn_sources):
    pairs = [mattes.training_pair(drawn_sources, seed, size=16) for seed in range(200)]
    counts = Counter(pair.model for pair in pairs)
    for model, share in mattes.MODELS.items():
        assert counts[model] == pytest.approx(200 * share, abs=30)


def test_outlines_are_drawn_as_often_as_they_say(drawn_sources, monkeypatch):
    drawn, rng = Counter(), np.random.default_rng(0)
    for name in SHAPES:
        monkeypatch.setitem(SHAPES, name, lambda rng, shape, name=name: drawn.update([name]) or np.zeros(shape))
    for _ in range(400):
        mattes._foreground(rng, drawn_sources, (16, 16))
    for name, share in mattes.OUTLINES.items():
        assert drawn[name] == pytest.approx(400 * share, abs=30)
    assert sum(drawn.values()) == 400 and set(mattes.OUTLINES) == set(SHAPES)


@pytest.mark.parametrize("model", ["paper", "physical"])
def test_either_frame_may_be_the_one_of_the_foreground(drawn_sources, model, monkeypatch):
    monkeypatch.setattr(mattes, "_foreground", lambda rng, sources, shape: (np.ones(shape, np.float32),) * 2)
    labels = [pair.label.mean() for pair in drawn(drawn_sources, 20, model=model)]
    assert set(labels) == {0, 1}
    assert 4 <= sum(labels) <= 16


def test_mattes_are_cut_where_their_outline_is():
    alpha = np.zeros((320, 320), np.float32)
    cv2.circle(alpha, (80, 80), 60, 1, -1, cv2.LINE_AA)
    rngs = [np.random.default_rng(seed) for seed in range(20)]
    anywhere = [mattes._cut(rng, [alpha], (96, 96))[0].mean() for rng in rngs]
    with_outline = [mattes._cut(rng, [1 - alpha, alpha], (96, 96), outlines=True) for rng in rngs]
    assert sum(share > 0.04 for share in anywhere) < 14
    assert sum(alpha.mean() > 0.04 for _, alpha in with_outline) > 17
    for picture, alpha in with_outline:
        assert_allclose(picture, 1 - alpha, atol=0.01)  # both are turned, mirrored and scaled alike

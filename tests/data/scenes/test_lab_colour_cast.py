"""Colours wander from frame to frame, and with them those of what is fused."""

import numpy as np
import pytest

from data.scenes.lab.colour_cast import colour_cast, gains
from data.scenes.light import to_linear
from fusion import pyramid_fusion
from fusion.artefacts import ELSEWHERE, THERE, scores_of
from recalage import register


@pytest.fixture(scope="module")
def scene():
    return colour_cast()


def test_shapes_and_kind(scene):
    assert scene.stack.shape == (5, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"
    assert 0.6 < scene.where.mean() < 0.9


def test_the_middle_frame_has_true_colours_where_it_is_sharp(scene):
    clean = colour_cast(noise=0)
    assert np.abs(clean.stack[2] - clean.truth)[~clean.where].mean() < 2 / 255
    for frame in (0, 1, 3, 4):
        assert scores_of(clean.stack[frame], clean)[ELSEWHERE] > scores_of(clean.stack[2], clean)[ELSEWHERE] + 1


def test_blue_over_red_changes_by_the_stops_asked_for():
    clean = colour_cast(cast=0.6, noise=0)
    light = to_linear(clean.stack).mean(axis=(1, 2))
    ratio = np.log2(light[:, 2] / light[:, 0])
    assert ratio[-1] - ratio[0] == pytest.approx(0.6, abs=0.03) and (np.diff(ratio) > 0).all()


def test_exposure_drifts_by_the_stops_asked_for():
    np.testing.assert_allclose(gains(0, 1.5, 5), np.exp2(np.linspace(-0.75, 0.75, 5))[:, None] * np.ones(3), rtol=1e-6)
    np.testing.assert_allclose(gains(1.0, 1.5, 5)[2], 1)


def test_a_cast_spoils_most_what_other_frames_show_and_none_spoils_nothing(scene):
    still = colour_cast(cast=0)
    cast, none = (scores_of(pyramid_fusion(s.stack), s) for s in (scene, still))
    assert cast[THERE] > 3 * cast[ELSEWHERE] and cast[THERE] > 4 * none[THERE]
    assert none[THERE] < 1.5


def test_registration_finds_the_gains(scene):
    found = register(scene.stack, tone="match").gains
    np.testing.assert_allclose(found * gains(1.0, 0, 5), 1, atol=0.01)


def test_one_seed_is_one_picture(scene):
    np.testing.assert_array_equal(colour_cast().stack, scene.stack)
    assert (colour_cast(seed=1).stack != scene.stack).any()


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match="count must be an odd number of frames, 3 or more, got 4"):
        colour_cast(count=4)
    with pytest.raises(ValueError, match="cast must be at most 40 stops"):
        colour_cast(cast=99)

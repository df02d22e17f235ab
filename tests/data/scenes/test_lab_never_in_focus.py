"""Bands of a slanted page, between the frames and beyond the last one, are sharp in no frame."""

import numpy as np
import pytest

import fusion
from data.scenes import lab
from fusion.artefacts import scores_of


@pytest.fixture(scope="module")
def scene():
    return lab.never_in_focus()


def test_is_a_scene_of_the_lab(scene):
    assert scene.stack.shape == (3, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "focus"


def test_in_the_bands_no_frame_is_sharp_and_elsewhere_one_is(scene):
    nearest = np.abs(scene.stack - scene.truth).mean(axis=3).min(axis=0)
    assert nearest[scene.where].mean() > 2.5 * nearest[~scene.where].mean()


def test_the_bands_lie_between_the_frames_and_beyond_the_last_one(scene):
    band = scene.where.all(axis=0)
    np.testing.assert_array_equal(band, scene.where.any(axis=0))
    starts = np.flatnonzero(np.diff(band.astype(int)) == 1)
    assert len(starts) == 3 and band[-1] and not band[0]
    planes = np.array([0, 4, 8]) / 12 * (len(band) - 1)
    assert not band[planes.round().astype(int)].any()
    assert band[(np.array([2, 6, 11]) / 12 * (len(band) - 1)).round().astype(int)].all()


def test_no_method_makes_them_sharp_and_more_frames_do(scene):
    fused, whole = (fusion.pyramid_fusion(made.stack) for made in (scene, lab.never_in_focus(step=1, beyond=0)))
    found = scores_of(fused, scene)
    assert found["error there"] > 2.5 * found["error elsewhere"]
    assert scores_of(whole, scene)["error there"] < 0.1 * found["error there"]


def test_the_whole_series_leaves_no_band():
    whole = lab.never_in_focus(step=1, beyond=0)
    assert len(whole.stack) == 13 and not whole.where.any()
    assert np.abs(whole.stack - whole.truth).mean(axis=3).min(axis=0).mean() < 0.5 / 255


def test_it_is_the_same_each_time(scene):
    np.testing.assert_array_equal(scene.stack, lab.never_in_focus(step=4, beyond=2).stack)


@pytest.mark.parametrize("options, rule", [({"step": 0}, "step must be"), ({"beyond": 13}, "beyond must be")])
def test_options_that_leave_nothing_are_refused(options, rule):
    with pytest.raises(ValueError, match=rule):
        lab.never_in_focus(**options)

"""Two lights in one picture are blended far beyond their border."""

import numpy as np
import pytest

from data.scenes.lab.low_frequency_halo import REACH, low_frequency_halo, pane_mask
from fusion import exposure_fusion
from fusion.artefacts import ELSEWHERE, THERE, scores_of


@pytest.fixture(scope="module")
def scene():
    return low_frequency_halo()


def test_shapes_and_kind(scene):
    assert scene.stack.shape == (2, *scene.truth.shape) and scene.where.shape == scene.truth.shape[:2]
    assert scene.stack.dtype == scene.truth.dtype == np.float32 and scene.kind == "exposure"
    rows, columns = (np.flatnonzero(scene.where.any(axis=axis)) for axis in (1, 0))
    panes = [np.flatnonzero(pane_mask().any(axis=axis)) for axis in (1, 0)]
    assert rows[0] == panes[0][0] - REACH and columns[-1] == panes[1][-1] + REACH


def test_each_frame_is_right_where_it_is_exposed_well():
    clean, outside = low_frequency_halo(noise=0), pane_mask()
    np.testing.assert_allclose(clean.stack[0][~outside], clean.truth[~outside], atol=1e-6)
    np.testing.assert_allclose(clean.stack[1][outside], clean.truth[outside], atol=1e-6)
    assert clean.stack[0][outside].mean() > 0.95 and clean.stack[1][~outside].mean() < 0.1


def test_the_wall_is_even(scene):
    wall = scene.truth[~pane_mask()]
    left, right = scene.truth[:, :80].mean(axis=(0, 1)), scene.truth[:, 180:].mean(axis=(0, 1))
    np.testing.assert_allclose(left, right, atol=1 / 255)
    assert wall.std(axis=0).max() < 0.05


def test_exposure_fusion_darkens_the_wall_towards_the_window(scene):
    error = (exposure_fusion(scene.stack) - scene.truth)[60:92, :86].mean(axis=(0, 2))
    assert error[:20].mean() > error[40:60].mean() + 4 / 255 > error[76:].mean() + 8 / 255
    scores = scores_of(exposure_fusion(scene.stack), scene)
    assert scores[THERE] > 4 * scores[ELSEWHERE]


def test_without_stops_between_the_lights_there_is_no_halo():
    even = low_frequency_halo(stops=0)
    assert scores_of(exposure_fusion(even.stack), even)[THERE] < 1


def test_one_seed_is_one_picture(scene):
    np.testing.assert_array_equal(low_frequency_halo().stack, scene.stack)
    assert (low_frequency_halo(seed=1).truth != scene.truth).any()


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match="stops must be at most 40 stops"):
        low_frequency_halo(stops=50)
    with pytest.raises(ValueError, match="noise must be 0 or more"):
        low_frequency_halo(noise=-1)

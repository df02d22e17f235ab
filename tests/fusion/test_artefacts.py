"""Facts about scores on the artefact lab: errors where an artefact shows, and elsewhere."""

import math

import numpy as np
import pytest

from data.scenes.lab import LabScene
from fusion.artefacts import ELSEWHERE, THERE, score_methods, scores_of
from fusion.lineup import LINEUP, fitting
from fusion.metrics import psnr
from fusion.table import CONTROL, RESULT

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def scene(focus_pair, texture):
    """Two frames of focus, and an artefact that would show in a corner."""
    where = np.zeros((50, 60), bool)
    where[5:20, 10:35] = True
    return LabScene(focus_pair[:, 20:70, 34:94], texture[20:70, 34:94], where, "focus")


def shifted(scene, there, elsewhere):
    """The truth, off by some levels where the artefact shows and elsewhere."""
    levels = np.where(scene.where, there, elsewhere)[..., None]
    return scene.truth.astype(np.float64) + levels / 255


def inner(scene):
    """The scene with a truth that may be shifted by some levels and stays in range."""
    return scene._replace(truth=np.float32(0.2) + scene.truth * np.float32(0.6))


# --- scores of an image ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "elsewhere"), [(10, 2), (-7, 3), (0, 5), (4, 0)])
def test_errors_are_in_levels_where_the_artefact_shows_and_elsewhere(scene, there, elsewhere):
    scores = scores_of(shifted(inner(scene), there, elsewhere), inner(scene))
    assert list(scores) == [THERE, ELSEWHERE, "PSNR"]
    assert scores[THERE] == pytest.approx(abs(there), abs=1e-4)
    assert scores[ELSEWHERE] == pytest.approx(abs(elsewhere), abs=1e-4)


def test_errors_are_root_mean_squares_over_pixels_and_channels(scene):
    image = inner(scene).truth.copy()
    image[7, 12, 1] += np.float32(20 / 255)
    scores = scores_of(image, inner(scene))
    assert scores[THERE] == pytest.approx(20 / math.sqrt(15 * 25 * 3), rel=1e-4)
    assert scores[ELSEWHERE] == 0


def test_psnr_is_that_of_the_whole_picture(scene):
    image = shifted(inner(scene), 12, 1)
    assert scores_of(image, inner(scene))["PSNR"] == pytest.approx(psnr(image, inner(scene).truth), abs=1e-9)


def test_the_truth_has_no_error(scene):
    assert scores_of(scene.truth, scene) == {THERE: 0, ELSEWHERE: 0, "PSNR": float("inf")}


@pytest.mark.parametrize(("everywhere", "undefined"), [(True, ELSEWHERE), (False, THERE)])
def test_where_nothing_is_there_is_no_error(scene, everywhere, undefined):
    scores = scores_of(shifted(inner(scene), 3, 3), inner(scene)._replace(where=np.full((50, 60), everywhere)))
    assert math.isnan(scores.pop(undefined))
    assert all(math.isfinite(score) for score in scores.values())


def test_scores_are_plain_numbers(scene):
    assert {type(score) for score in scores_of(shifted(inner(scene), 3, 3), scene).values()} == {float}


# --- scores of all methods -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(scene):
    return score_methods(scene, {"the truth": scene.truth, "a frame": scene.stack[0]})


def test_every_method_that_fits_is_scored_and_cures_after_them(table):
    methods = [method.title for method in fitting("focus").values()]
    assert [row.name for row in table.rows] == [*methods, "the truth", "a frame"]


def test_only_the_mean_is_a_control(table):
    assert [row.name for row in table.rows if row.kind == CONTROL] == [LINEUP["mean"].title]
    assert {row.kind for row in table.rows} == {CONTROL, RESULT}


def test_scores_are_those_of_the_fused_frames(table, scene):
    for name in ("pyramid", "guided", "mean"):
        method = LINEUP[name]
        assert table[method.title] == scores_of(method.fuse(scene.stack), scene)
    assert table["a frame"] == scores_of(scene.stack[0], scene)


def test_less_error_is_better_and_more_psnr(table):
    assert table.lower == {THERE, ELSEWHERE}
    assert table.best(THERE, RESULT) == table.best(ELSEWHERE, RESULT) == 0
    assert table.best("PSNR", RESULT) == float("inf")
    assert [table.arrow(metric) for metric in table.metrics] == ["↓", "↓", "↑"]


def test_without_cures_there_are_methods_alone(scene, monkeypatch):
    for name in ("boundary", "boundary-blended"):  # the slow ones
        monkeypatch.setitem(LINEUP, name, LINEUP[name]._replace(fuse=LINEUP["mean"].fuse))
    assert len(score_methods(scene).rows) == len(fitting("focus"))


def test_a_bracket_is_fused_by_the_methods_for_brackets(scene):
    pytest.importorskip("torch")
    dark, bright = scene.truth * np.float32(0.4), np.clip(scene.truth * np.float32(1.6), 0, 1)
    bracket = scene._replace(stack=np.stack([dark, bright]), kind="exposure")
    names = [row.name for row in score_methods(bracket).rows]
    assert names == [method.title for method in fitting("exposure").values()]


def test_methods_that_take_minutes_are_left_out_by_the_size_of_the_stack(scene, monkeypatch):
    limited = {name: LINEUP[name]._replace(most=5999) for name in ("guided", "mean")}
    monkeypatch.setattr("fusion.lineup.LINEUP", limited)
    smaller = scene._replace(stack=scene.stack[:, 1:], truth=scene.truth[1:], where=scene.where[1:])
    assert score_methods(scene).rows == []
    assert len(score_methods(smaller).rows) == 2


def test_a_picture_of_another_size_is_refused(scene):
    with pytest.raises(ValueError, match="shape"):
        scores_of(scene.truth[1:], scene)

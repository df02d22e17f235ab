"""Scores of a comparison, and what is said of them."""

import numpy as np
import pytest

from data import open_stack
from fusion.evaluation import KNOWN
from fusion.metrics import LOWER_IS_BETTER, METRICS
from fusion.report.scores import MEANINGS, metrics_for, score, size_for_scores


def no_progress(items, what):
    return items


@pytest.mark.parametrize("kinds", [("focus",), ("exposure",), ("focus", "exposure"), ()])
@pytest.mark.parametrize("count", [2, 3, 40])
def test_metrics_are_defined_for_the_frames(kinds, count):
    metrics = metrics_for(kinds, count)
    names = [metric.name for metric in metrics]
    assert len(set(names)) == len(names) >= 3
    assert ("MEF-SSIM" in names) == ("exposure" in kinds)
    assert all(count <= (METRICS[name].most_sources or count) for name in names if name in METRICS)
    assert all(metric.meaning.endswith(".") and metric.lower == (metric.name in LOWER_IS_BETTER) for metric in metrics)


def test_every_meaning_is_of_a_metric():
    assert MEANINGS.keys() <= KNOWN.keys()


def test_small_frames_are_scored_as_they_are(focus_pair):
    metrics = metrics_for(("focus",), 2)
    frames = open_stack((focus_pair * 255).round().astype(np.uint8))
    fused = frames.pixels(0)
    found = score(frames, [fused], metrics, no_progress)[0]
    assert found["Q_G"] == METRICS["Q_G"](frames, fused)
    assert list(found) == [metric.name for metric in metrics]


def test_large_stacks_are_reduced_within_the_budget():
    assert size_for_scores((400, 600), 2) == (600, 400)
    width, height = size_for_scores((3000, 4000), 5)
    assert width * height == pytest.approx(2e6, rel=0.01) and width / height == pytest.approx(4 / 3, rel=0.01)
    width, height = size_for_scores((3000, 4000), 100)
    assert 100 * width * height == pytest.approx(24e6, rel=0.01)
    assert min(size_for_scores((3000, 4000), 100_000)) == 64


def test_large_frames_get_the_scores_of_reduced_ones(monkeypatch, focus_pair):
    monkeypatch.setattr("fusion.report.scores.LARGEST", 48 * 64)
    frames = open_stack((focus_pair * 255).round().astype(np.uint8))
    metrics = metrics_for(("focus",), 2)
    found = score(frames, [frames.pixels(0), frames.pixels(1)], metrics, no_progress)
    assert len(found) == 2 and all(np.isfinite(list(scores.values())).all() for scores in found)
    assert found[0]["Q_G"] != METRICS["Q_G"](frames, frames.pixels(0))

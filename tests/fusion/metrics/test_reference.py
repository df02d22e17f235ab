"""Every metric against values that others computed.

Small patterns: the public MATLAB toolbox of the survey of multi-focus fusion of 2020, run in GNU Octave, and the
authors' program for MEF-SSIM; Q_Y of flat areas, where that toolbox divides rounding errors, from an independent
program. Published results: that program, which agrees with the numbers of the survey.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from data import open_stack
from fusion.metrics import EXPOSURE, METRICS, NO_REFERENCE
from fusion.metrics.exposure import scale_scores

EXPECTED = json.loads((Path(__file__).parent / "reference" / "fixtures.json").read_text(encoding="utf-8"))
SEQUENCES = ("balloons", "candle", "farmhouse", "house", "lamp", "landscape", "lighthouse", "office")


def picture(path):
    return open_stack([path]).pixels(0)


def score(metric, sources, fused):
    if metric.startswith("MEF_SSIM_scale"):
        return scale_scores([frame.astype(float) for frame in sources], fused.astype(float))[int(metric[-1]) - 1]
    if metric == "MEF_SSIM":
        return EXPOSURE["MEF-SSIM"](sources, fused)
    return NO_REFERENCE[metric](fused) if metric in NO_REFERENCE else METRICS[metric](sources, fused)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: "-".join([row["fixture"], row["fused"], row["metric"]]))
def test_small_patterns(expected, patterns):
    arrays = patterns(expected["fixture"])
    sources = arrays["seq"] if "seq" in arrays else [arrays["A"], arrays["B"]]
    assert score(expected["metric"], sources, arrays[expected["fused"]]) == pytest.approx(expected["value"], rel=1e-8)


def test_every_metric_is_verified():
    verified = {row["metric"].replace("MEF_SSIM", "MEF-SSIM") for row in EXPECTED}
    assert {*METRICS, *NO_REFERENCE, *EXPOSURE} <= verified


def test_floats_are_measured_as_the_eight_bits_they_came_from(patterns):
    arrays = patterns("color_64x48")
    names = ("A", "B", "F_mean")
    a, b, fused = (arrays[name].astype(np.float32) / np.float32(255) for name in names)
    deep = [arrays[name].astype(np.uint16) * 257 for name in names]
    for metric in METRICS.values():
        assert (
            metric([a, b], fused) == metric(deep[:2], deep[2]) == metric([arrays["A"], arrays["B"]], arrays["F_mean"])
        )


@pytest.mark.parametrize("number", range(1, 21))
def test_published_results_of_twelve_methods(number, published_scores, real_data):
    stack = open_stack(real_data / f"lytro/{number:02}")
    sources = [stack.pixels(0), stack.pixels(1)]
    for method, expected in published_scores["lytro"].items():
        fused = picture(real_data / f"mfifb/lytro-{number:02}/{method}.jpg")
        for metric, values in expected.items():
            assert score(metric, sources, fused) == pytest.approx(values[number - 1], rel=1e-6), (method, metric)


def test_twelve_metrics_of_twelve_methods_are_compared(published_scores):
    assert len(published_scores["lytro"]) == 12
    for expected in published_scores["lytro"].values():
        assert set(expected) >= {
            "Q_MI",
            "Q_G",
            "Q_G_2003",
            "Q_Y",
            "Q_CB",
            "Q_NCIE",
            "SCD",
            "SF",
            "AG",
            "SD",
            "EN",
            "EI",
        }


@pytest.mark.parametrize("name", SEQUENCES)
def test_published_results_of_exposure_sequences(name, published_scores, real_data):
    methods = published_scores["sequences"][name]
    assert len(methods) == 8
    found = {
        m: EXPOSURE["MEF-SSIM"](real_data / "mef" / name, picture(real_data / f"mef/_fused/{name}/{m}.png"))
        for m in methods
    }
    for method, (expected, _) in methods.items():
        assert found[method] == pytest.approx(expected, rel=1e-6)
    opinions = [opinion for _, opinion in methods.values()]
    correlation = spearmanr(list(found.values()), opinions).statistic
    assert correlation == pytest.approx(published_scores["rank_correlation"][name], abs=1e-9)


def test_opinions_are_those_of_the_data(published_scores, real_data):
    with (real_data / "mef" / "mos.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 136
    for row in rows:
        assert published_scores["sequences"][row["sequence"]][row["method"]][1] == pytest.approx(
            float(row["mos"]), abs=1e-5
        )

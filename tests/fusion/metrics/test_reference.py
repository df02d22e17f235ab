"""Every metric against values that others computed.

Small patterns: the public MATLAB toolbox of the survey of multi-focus fusion of 2020, run in GNU Octave, and the
authors' program for MEF-SSIM; Q_Y of flat areas, where that toolbox divides rounding errors, from an independent
program. Published results: that program, which agrees with the numbers of the survey.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from data import open_stack
from fusion.metrics import EXPOSURE, METRICS, NO_REFERENCE
from fusion.metrics.exposure import scale_scores

EXPECTED = json.loads((Path(__file__).parent / "reference" / "fixtures.json").read_text(encoding="utf-8"))
METHODS = ("bfmf", "cnn", "csr", "dsift", "ecnn", "gfdf", "gff", "ifcnn", "mst-sr", "nsct-sr", "rp-sr", "sesf")
SEQUENCES = ("Balloons", "Candle", "Farmhouse", "House", "Lamp", "Landscape", "LightHouse", "Office")


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


@pytest.fixture(scope="module")
def published(reference, real_data):
    """Scores of the published results of the 20 Lytro pairs: (metric, method) to a list, ours and expected."""
    expected = {
        (row["pair"], row["method"].lower().replace("_", "-"), row["metric"]): row["value"]
        for row in reference("metrics.json")
        if row["set"] == "mfifb-lytro-jpg"
    }
    metrics = sorted({metric for _, _, metric in expected})
    ours, theirs = defaultdict(list), defaultdict(list)
    for number in range(1, 21):
        stack = open_stack(real_data / f"lytro/{number:02}")
        sources = [stack.pixels(0), stack.pixels(1)]
        for method in METHODS:
            fused = picture(real_data / f"mfifb/lytro-{number:02}/{method}.jpg")
            for metric in metrics:
                ours[metric, method].append(score(metric, sources, fused))
                theirs[metric, method].append(expected[f"lytro-{number:02}", method, metric])
    return ours, theirs


def test_published_results_of_twelve_methods(published):
    ours, theirs = published
    assert {metric for metric, _ in ours} >= {"Q_MI", "Q_G", "Q_G_2003", "Q_Y", "Q_CB", "Q_NCIE", "SCD", "SF", "EN"}
    for key, scores in ours.items():
        assert_allclose(scores, theirs[key], rtol=1e-6, atol=0, err_msg=str(key))
        assert np.mean(scores) == pytest.approx(np.mean(theirs[key]), rel=1e-6)


@pytest.fixture(scope="module")
def sequences(reference, real_data):
    """Scores of the 64 published results of eight sequences: sequence to (ours, expected, mean opinion)."""
    rows = [row for row in reference("mef_ssim.json")["rows"] if row["sequence"] in SEQUENCES]
    found = defaultdict(lambda: ([], [], []))
    for row in rows:
        folder = row["sequence"].lower()
        method = {"gsaverage": "global-average", "lsaverage": "local-average"}.get(row["method"], row["method"])
        path = real_data / "mef/_fused" / folder / f"{method.lower().replace(' ', '-')}.png"
        ours = EXPOSURE["MEF-SSIM"](real_data / "mef" / folder, picture(path))
        for values, value in zip(found[row["sequence"]], (ours, row["mef_ssim"], row["mos"]), strict=True):
            values.append(value)
    return found


def test_published_results_of_exposure_sequences(sequences):
    assert sum(len(ours) for ours, _, _ in sequences.values()) == 64
    for ours, expected, _ in sequences.values():
        assert_allclose(ours, expected, rtol=1e-6)


def test_opinions_rank_as_published(sequences, reference):
    expected = reference("mef_ssim.json")["srcc_per_sequence"]
    for name, (ours, _, opinions) in sequences.items():
        assert spearmanr(ours, opinions).statistic == pytest.approx(expected[name], abs=1e-9)

"""Floors on quality: three real pairs, and two scenes whose answer is known, by the weights that are shipped.

Each floor is what was measured with these weights, less a margin.
"""

import pytest

import data
from data import DataError
from data.scenes.built_in import built_in
from fusion import boundary_fusion
from fusion.boundary.fuse import boundary_decision
from fusion.metrics import METRICS, decision_error, psnr
from fusion.weights import copied

MARGIN = {"Q_MI": 0.005, "Q_G_2003": 0.002, "Q_Y": 0.002, "Q_CB": 0.003}
MEASURED = {
    "classic/pepsi": {"Q_MI": 1.2405, "Q_G_2003": 0.7607, "Q_Y": 0.9611, "Q_CB": 0.7468},
    "lytro/01": {"Q_MI": 1.1594, "Q_G_2003": 0.7313, "Q_Y": 0.9895, "Q_CB": 0.8052},
    "lytro/10": {"Q_MI": 1.0385, "Q_G_2003": 0.7458, "Q_Y": 0.9930, "Q_CB": 0.8595},
}
NEAR, DECIBELS = 0.01, 0.3  # margins of the errors within 5 px of a boundary, and of PSNR
ERRORS = {
    "built-in/motorcycle-pair": 0.1487,
    "built-in/thin": 0.1550,
}  # share of wrong pixels within 5 px of a boundary
COPIED = {"built-in/motorcycle-pair": 34.80, "built-in/thin": 23.03}  # PSNR
BLENDED = {"built-in/motorcycle-pair": 41.66, "built-in/thin": 27.73}  # PSNR


@pytest.fixture(params=MEASURED)
def real_pair(request):
    """Name and stack of a real pair, or a skip."""
    try:
        return request.param, data.load(request.param)
    except DataError as error:
        pytest.skip(f"needs the real pair {request.param}: {error}")


@pytest.fixture(scope="module", params=ERRORS)
def scene(request):
    """Name of a scene, and its frames and truth, or a skip."""
    try:
        return request.param, built_in(request.param)
    except DataError as error:
        pytest.skip(f"needs the photographs of scikit-image: {error}")


def test_real_pairs_are_fused_as_well_as_was_measured(real_pair):
    name, stack = real_pair
    fused = boundary_fusion(stack)
    found = {metric: METRICS[metric](stack, fused) for metric in MARGIN}
    floors = {metric: MEASURED[name][metric] - margin for metric, margin in MARGIN.items()}
    too_low = {metric: score for metric, score in found.items() if not score >= floors[metric]}
    assert not too_low, f"{name}: {found}"


def test_decisions_of_scenes_are_as_good_as_was_measured(scene):
    name, truth = scene
    expected = truth.decision if hasattr(truth, "decision") else truth.index
    first, refined = (boundary_decision(truth.stack, refine=refine) for refine in (False, True))
    error = decision_error(refined, expected, distances=(5,)).near[5]
    assert error <= ERRORS[name] + NEAR
    assert error <= decision_error(first, expected, distances=(5,)).near[5] + NEAR  # looking again does not harm
    assert psnr(copied(truth.stack, refined), truth.sharp) >= COPIED[name] - DECIBELS


def test_blends_of_scenes_are_as_good_as_was_measured(scene):
    name, truth = scene
    assert psnr(boundary_fusion(truth.stack, blend="pyramid"), truth.sharp) >= BLENDED[name] - DECIBELS

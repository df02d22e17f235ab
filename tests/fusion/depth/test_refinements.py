"""Ways from votes to depth: what each of them is made of, and which mistakes it mends."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.depth import REFINEMENTS
from fusion.depth.graph_cut import graph_cut
from fusion.depth.refinements import EPS, RADIUS, Estimate, first_estimate, initial_estimate
from fusion.depth.semi_global import semi_global
from fusion.depth.votes import confidence_of, peak, sharpest
from fusion.depth.weighted_median import weighted_median
from fusion.filters import guided_filter


def votes_for(places, count=9):
    """Gaussian votes, a frame and a half wide, of a map of places."""
    return np.exp(-0.5 * ((np.arange(count)[:, None, None] - places) / 1.5) ** 2).astype(np.float32)


@pytest.fixture
def noisy():
    """Votes for a near disc before a far wall, some of them wrong, with the places and the guide."""
    rng, (y, x) = np.random.default_rng(0), np.indices((50, 60))
    disc = (y - 25) ** 2 + (x - 30) ** 2 < 14**2
    places = np.where(disc, 1.3, 6.6)
    votes = votes_for(places)
    wrong = rng.random(places.shape) < 0.15
    votes[:, wrong] = rng.random((9, wrong.sum())) * 0.5
    guide = np.where(disc, 0.3, 0.7).astype(np.float32) + np.float32(0.02) * rng.random(places.shape, np.float32)
    return votes, places, guide


def test_at_first_each_pixel_is_on_its_own(noisy):
    votes, places, _ = noisy
    first = initial_estimate(votes)
    assert_array_equal(first.index, votes.argmax(axis=0))
    assert_array_equal(first.depth, peak(votes, first.index))
    assert first.votes is votes
    assert_array_equal(first.confidence, confidence_of(votes, first.index, first.depth))
    assert np.median(np.abs(first.depth - places)) < 1e-3
    assert np.abs(first.depth - places).mean() > 0.2


@pytest.mark.parametrize("name", ["none", "guided", "graph-cut"])
def test_the_places_of_the_frames_reach_the_peak(noisy, name):
    if name == "graph-cut":
        pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")
    votes, _, guide = noisy
    places = np.array([0, 1, 2.5, 3, 4, 5.5, 6, 7, 9])
    found = REFINEMENTS[name](initial_estimate(votes, places), guide)
    assert found.places is places
    farthest = {"farthest": 0.5} if name == "graph-cut" else {}
    assert_array_equal(found.depth, peak(found.votes, found.index, places=places, **farthest))
    assert (found.depth != peak(found.votes, found.index, **farthest)).any()


def test_names_of_refinements():
    assert list(REFINEMENTS) == ["none", "graph-cut", "weighted-median", "guided"]


def test_no_refinement_changes_nothing(noisy):
    votes, _, guide = noisy
    first = initial_estimate(votes)
    assert REFINEMENTS["none"](first, guide) is first


def test_guided_votes_are_smoothed_agreed_on_and_fitted(noisy):
    votes, _, guide = noisy
    smooth = np.stack([np.maximum(guided_filter(vote, guide, RADIUS, EPS), 0) for vote in votes])
    found = REFINEMENTS["guided"](initial_estimate(votes), guide)
    assert found.votes is votes  # in place
    assert_allclose(votes, smooth, atol=1e-6)
    assert votes.min() >= 0
    assert_array_equal(found.index, semi_global(smooth))
    assert_allclose(found.depth, peak(smooth, found.index), atol=1e-4)


def test_the_graph_cut_chooses_frames_and_peaks_are_fitted_there(noisy):
    pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")
    votes, places, guide = noisy
    before = votes.copy()
    found = REFINEMENTS["graph-cut"](initial_estimate(votes), guide)
    assert_array_equal(votes, before)
    assert_array_equal(found.index, graph_cut(votes)[0])
    assert_array_equal(found.depth, peak(votes, found.index, farthest=0.5))
    assert 0 < np.abs(found.depth - found.index).max() <= 0.5


def test_the_weighted_median_keeps_votes_and_follows_depth(noisy):
    votes, _, guide = noisy
    first = initial_estimate(votes)
    found = REFINEMENTS["weighted-median"](first, guide)
    assert found.votes is votes
    assert_array_equal(found.depth, weighted_median(first.depth, 9, guide))
    assert_array_equal(found.index, np.rint(found.depth))
    assert found.index.dtype == np.uint16


@pytest.mark.parametrize(("name", "factor"), [("guided", 5), ("weighted-median", 3), ("graph-cut", 2)])
def test_refinements_mend_what_is_wrong(noisy, name, factor):
    if name == "graph-cut":
        pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")
    votes, places, guide = noisy
    first = initial_estimate(votes)
    before = np.abs(first.depth - places).mean()
    found = REFINEMENTS[name](first, guide)
    assert isinstance(found, Estimate)
    assert found.depth.dtype == np.float32
    assert np.abs(found.depth - places).mean() < before / factor


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none", set()),
        ("guided", {"smoothing", "agreeing"}),
        ("weighted-median", {"taking medians"}),
        ("graph-cut", {"cutting"}),
    ],
)
def test_progress_is_told_what_is_done(noisy, name, told):
    if name == "graph-cut":
        pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")
    votes, _, guide = noisy
    heard = []
    REFINEMENTS[name](
        initial_estimate(votes), guide, progress=lambda items, what: (heard.append(what) or item for item in items)
    )
    assert set(heard) == told
    assert name != "guided" or heard.count("smoothing") == 9


def test_where_a_peak_is_chosen_against_the_votes_confidence_is_none():
    votes = votes_for(np.full((20, 20), 7.0))
    index = sharpest(votes)
    index[10, 10] = 1
    found = Estimate(votes, index, peak(votes, index))
    assert found.confidence[10, 10] == 0
    assert found.confidence[0, 0] > 0.5


@pytest.mark.parametrize("name", REFINEMENTS)
def test_each_refinement_begins_with_what_it_needs(noisy, name):
    """The peak of each pixel is fitted for those that make use of it, and the others come out the same without."""
    if name == "graph-cut":
        pytest.importorskip("maxflow", reason="graph cuts need PyMaxflow, an extra: pip install PyMaxflow")
    votes, _, guide = noisy
    first, full = first_estimate(votes.copy(), None, name), initial_estimate(votes)
    assert_array_equal(first.index, full.index)
    assert_array_equal(first.depth, full.index if name in ("guided", "graph-cut") else full.depth)
    assert_array_equal(REFINEMENTS[name](first, guide).depth, REFINEMENTS[name](full, guide).depth)

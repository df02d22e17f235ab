"""A network of links: exact links are fulfilled, contradictions are shared out by weight, and models are kept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from recalage.homography import centring, corners, normalised, project
from recalage.link import Link
from recalage.network import settle
from recalage.trial import Agreement

FINEST = 1e-3  # pixels that are added to every spread
SHAPE = (200, 300)
CENTRING = centring(SHAPE)
FOUND = Agreement(0.9, 50.0, 0.8)
TILT = np.array([[1.01, 0.02, 4], [-0.02, 0.99, -3], [2e-5, -1e-5, 1]])


def shift(x, y=0.0):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def turn(angle, scale=1.0):
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cosine, -sine, 5], [sine, cosine, -2], [0, 0, 1]])


def link(matrix, spread=0.05):
    return Link(matrix, spread, 0, FOUND)


def links_between(matrices, pairs):
    """Exact links: from each moving frame to the fixed one."""
    return {(a, b): link(normalised(np.linalg.inv(matrices[b]) @ matrices[a])) for a, b in pairs}


def test_what_links_agree_on_stays():
    matrices = {3: np.eye(3), 4: TILT, 5: normalised(TILT @ turn(0.01)), 2: shift(-7)}
    settled = settle(matrices, links_between(matrices, [(4, 3), (5, 4), (5, 3), (2, 3)]), 3, CENTRING)
    assert settled.keys() == matrices.keys()
    for index, matrix in matrices.items():
        assert_allclose(settled[index], matrix, atol=1e-9)


def test_a_frame_alone_stays():
    assert_allclose(settle({1: np.eye(3)}, {}, 1, CENTRING)[1], np.eye(3))


def test_a_contradiction_is_shared_out():
    """Two steps of 1 and a leap of 2.3: a third of 0.3 falls on each."""
    links = {(1, 0): link(shift(1)), (2, 1): link(shift(1)), (2, 0): link(shift(2.3))}
    settled = settle({0: np.eye(3), 1: shift(1), 2: shift(2)}, links, 0, CENTRING)
    assert_allclose([settled[k][0, 2] for k in range(3)], [0, 1.1, 2.2], atol=1e-9)


def test_links_count_by_the_inverse_square_of_their_spread():
    """Of two links to the reference by way of different frames, one is three times as uncertain."""
    spreads = {(1, 0): 3 - FINEST, (2, 0): 1e-9 - FINEST, (1, 2): 1 - FINEST}
    moves = {(1, 0): 10, (2, 0): 0, (1, 2): 0}
    links = {pair: link(shift(moves[pair]), spread) for pair, spread in spreads.items()}
    settled = settle({0: np.eye(3), 1: shift(5), 2: shift(0)}, links, 0, CENTRING)
    assert settled[1][0, 2] == pytest.approx(10 * (1 / 9) / (1 + 1 / 9), abs=1e-6)
    assert settled[2][0, 2] == pytest.approx(0, abs=1e-6)


def test_no_link_is_trusted_without_end():
    """With a spread of 0 both count alike, rather than infinitely much."""
    links = {(1, 0): link(shift(10), 0.0), (1, 2): link(shift(0), 0.0), (2, 0): link(shift(0), 1e-9 - FINEST)}
    settled = settle({0: np.eye(3), 1: shift(5), 2: shift(0)}, links, 0, CENTRING)
    assert settled[1][0, 2] == pytest.approx(5, abs=1e-6)


def test_a_poor_start_is_brought_to_what_exact_links_say():
    true = {0: np.eye(3), 1: TILT, 2: normalised(TILT @ TILT), 3: turn(0.03, 0.97)}
    links = links_between(true, [(1, 0), (2, 1), (2, 0), (3, 0)])
    start = {0: np.eye(3), 1: TILT, 2: normalised(shift(0.8, -0.5) @ turn(0.02) @ true[2]), 3: shift(3) @ true[3]}
    settled = settle(start, links, 0, CENTRING)
    for index, matrix in true.items():
        assert np.abs(project(settled[index], corners(SHAPE)) - project(matrix, corners(SHAPE))).max() < 1e-3


def test_the_reference_stays_though_all_contradict_it():
    links = {(0, 1): link(shift(4)), (2, 1): link(shift(-3)), (2, 0): link(shift(1))}
    settled = settle({1: np.eye(3), 0: shift(4), 2: shift(-3)}, links, 1, CENTRING)
    assert np.array_equal(settled[1], np.eye(3))
    assert settled[0][0, 2] == pytest.approx(4 - 8 / 3)
    assert settled[2][0, 2] == pytest.approx(-3 + 8 / 3)


def test_similarities_and_affine_maps_stay_what_they_are():
    stretch = np.array([[1.02, 0.01, 3], [0.0, 0.98, 1], [0, 0, 1]])
    for step, other in ((turn(0.02, 1.01), turn(-0.01)), (stretch, turn(0.02) @ stretch)):
        links = {(1, 0): link(step), (2, 1): link(step), (2, 0): link(step @ step @ other)}
        settled = settle({0: np.eye(3), 1: step, 2: step @ step}, links, 0, CENTRING)
        for matrix in settled.values():
            assert_allclose(matrix[2], [0, 0, 1], atol=1e-15)
        if step is not stretch:
            linear = settled[2][:2, :2]
            assert_allclose(linear.T @ linear, np.eye(2) * np.linalg.det(linear), atol=1e-12)


def test_the_order_of_links_does_not_matter():
    links = {(1, 0): link(shift(1), 0.02), (2, 1): link(shift(2, 1)), (2, 0): link(shift(2.3), 0.1)}
    matrices = {0: np.eye(3), 1: shift(1), 2: shift(2)}
    forward, backward = (
        settle(matrices, dict(order), 0, CENTRING) for order in (links.items(), [*links.items()][::-1])
    )
    for index in matrices:
        assert_allclose(forward[index], backward[index], atol=1e-12)

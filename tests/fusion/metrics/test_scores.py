"""What the scores are by hand, on patterns small enough for it, and at their ends."""

import numpy as np
import pytest

from fusion.metrics import METRICS, NO_REFERENCE, UndefinedScore
from fusion.metrics.correlation import correlation
from fusion.metrics.gradient import edges_of
from fusion.metrics.information import entropies, entropy, joint_histogram
from fusion.metrics.structure import BOX, prewitt_magnitude, windows_of

AT_BEST = {"Q_MI": 2, "Q_G": 0.9747936, "Q_G_2003": 0.9866591, "Q_Y": 1, "Q_C": 1, "Q_W": 1, "Q_E": 1, "Q_CB": 1}


@pytest.fixture(scope="module")
def levels():
    return np.random.default_rng(5).integers(0, 256, (64, 48), dtype=np.uint8)


def test_entropies_of_coins():
    assert entropy(np.array([1, 1, 0, 2])) == pytest.approx(1.5)
    coin, other = np.array([[0, 0, 1, 1]]), np.array([[0, 1, 0, 1]])
    assert entropies(coin, other) == pytest.approx((1, 1, 0))  # independent
    assert entropies(coin, 1 - coin) == pytest.approx((1, 1, 1))  # each tells the other
    assert joint_histogram(coin, other)[1, 0] == 1


@pytest.mark.parametrize("name", AT_BEST)
def test_three_equal_pictures_score_best(name, levels):
    assert METRICS[name]([levels, levels], levels) == pytest.approx(AT_BEST[name], abs=2e-6)


@pytest.mark.parametrize("name", ["Q_MI", "Q_G", "Q_G_2003", "Q_CB", "Q_W", "Q_E", "Q_P", "Q_CV", "VIFF"])
def test_sources_given_twice_change_nothing(name, levels, texture):
    a, b = (np.rint(255 * texture[:64, :, c]).astype(np.uint8) for c in (0, 1))
    fused = np.rint(255 * texture[:64].mean(axis=2)).astype(np.uint8)
    assert METRICS[name]([a, b, a, b], fused) == pytest.approx(METRICS[name]([a, b], fused), rel=1e-9)


def test_information_is_of_many_sources(levels):
    noise = np.random.default_rng(6).integers(0, 256, levels.shape, dtype=np.uint8)
    every_level_alike = np.random.default_rng(7).permutation(np.arange(64 * 48) % 256).reshape(64, 48).astype(np.uint8)
    for count in (2, 3):
        assert METRICS["Q_NCIE"]([every_level_alike] * count, every_level_alike) == pytest.approx(1)
    assert METRICS["Q_NCIE"]([levels, noise], levels) < METRICS["Q_NCIE"]([levels, levels], levels)
    assert METRICS["Q_MI"]([levels, levels, noise], levels) == pytest.approx(
        (2 * METRICS["Q_MI"]([levels, levels], levels) / 2 + METRICS["Q_MI"]([noise, noise], levels) / 2) * 2 / 3
    )


def test_independent_images_share_nothing_and_not_less():
    """Rounding errors of the three entropies would leave -1.6e-15."""
    ramp = np.tile(np.arange(48, dtype=np.uint8), (48, 1))
    checker = (255 * (np.indices(ramp.shape).sum(axis=0) % 2)).astype(np.uint8)
    for other in (checker, ramp.T):
        assert entropies(ramp, other)[2] == 0
        assert METRICS["Q_MI"]([ramp, ramp], other) == 0


def test_black_sources_and_result_have_no_mutual_information_but_a_correlation():
    picture, black = np.arange(16, dtype=np.uint8).reshape(4, 4), np.zeros((4, 4), np.uint8)
    with pytest.raises(UndefinedScore, match="Q_MI is not defined for these images: its formula gives nan"):
        METRICS["Q_MI"]([picture, black], black)
    assert METRICS["Q_NCIE"]([black, black], black) == pytest.approx(1 - np.log2(3) / 8)


def test_a_step_has_the_edges_of_a_step():
    step = np.zeros((7, 8))
    step[:, 4:] = 10
    edges = edges_of(step)
    assert edges.strength[3, 3:5].tolist() == [40, 40]
    assert edges.strength[3, 1] == 1e-5
    assert edges.angle[3, 3] == 0
    assert edges_of(step.T).angle[3, 3] == pytest.approx(np.pi / 2, abs=1e-6)
    assert edges.strength[3, -1] == 40  # beyond the border it is black


def test_a_prewitt_step():
    step = np.zeros((7, 8))
    step[:, 4:] = 10
    assert prewitt_magnitude(step)[3].tolist() == [0, 0, 0, 30, 30, 0, 0, 30]


def test_windows_are_those_that_fit():
    image = np.random.default_rng(1).integers(0, 256, (11, 13)).astype(float)
    windows = windows_of(image, BOX)
    first, last = image[:8, :8], image[-8:, -8:]
    assert windows.mean.shape == (4, 6)
    assert windows.mean[[0, -1], [0, -1]] == pytest.approx([first.mean(), last.mean()])
    assert windows.variance[[0, -1], [0, -1]] == pytest.approx([first.var(), last.var()])


@pytest.mark.parametrize("name", ["Q_Y", "Q_C"])
def test_flat_windows_are_compared_by_their_brightness(name):
    """The published formula gives them the quotient of two rounding errors."""
    a, b, fused = (np.full((20, 20), level) for level in (0.2, 0.4, 0.2))
    of_b = 2 * 51 * 102 / (51**2 + 102**2)
    expected = (1 + of_b) / 2  # alike, and of equal weight
    assert METRICS[name]([a, b], fused) == pytest.approx(expected, rel=1e-9)


def test_activity_by_hand():
    steps = np.array([[0, 10, 0], [10, 0, 10]], np.uint8)
    assert NO_REFERENCE["SF"](steps) == pytest.approx(np.sqrt(7 * 100 / 6))
    assert NO_REFERENCE["AG"](steps) == pytest.approx((2 * 10 + 3 * np.sqrt(50)) / 6)
    assert NO_REFERENCE["SD"](steps) == pytest.approx(10 / np.sqrt(2))
    assert NO_REFERENCE["EN"](steps) == pytest.approx(1)
    ramp = np.tile(np.arange(0, 80, 10, dtype=np.uint8), (5, 1))
    assert NO_REFERENCE["EI"](ramp) == pytest.approx((6 * 80 + 2 * 40) / 8)


def test_what_the_sources_left_in_the_result():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 100, (2, 30, 30), dtype=np.uint8)
    assert METRICS["SCD"]([a, b], a + b) == pytest.approx(2)
    assert correlation(a.astype(float), -2.0 * a) == pytest.approx(-1)
    with pytest.raises(UndefinedScore, match="one of the sources plus a constant"):
        METRICS["SCD"]([a, b], a + 3)

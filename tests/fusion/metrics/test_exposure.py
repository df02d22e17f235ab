"""MEF-SSIM against its definition, window by window, and what it does not see."""

import numpy as np
import pytest

from fusion.metrics import EXPOSURE, UndefinedScore
from fusion.metrics.exposure import halve, scale_scores, similarity_to_best
from fusion.metrics.windows import gaussian

mef_ssim = EXPOSURE["MEF-SSIM"]


@pytest.fixture(scope="module")
def sequence(texture):
    """Three exposures of a gray scene, black and white areas among them."""
    scene = np.rint(255 * texture[:64, :72, 1])
    return np.stack([np.clip(scene * gain - 20, 0, 255) for gain in (0.3, 1, 2.5)]).round()


def similarity_of(windows, fused):
    """Similarity of one window, from the vectors of its pixels."""
    weights = np.outer(gaussian(11, 1.5), gaussian(11, 1.5)).ravel()
    vectors = [window.ravel() - window.mean() for window in windows]
    lengths = np.array([np.linalg.norm(vector) for vector in vectors])
    together = sum(window.ravel() for window in windows)
    agreement = np.linalg.norm(together - together.mean()) / lengths.sum()
    share = ((lengths + 0.001) / 11) ** min(np.tan(np.pi / 2 * min(agreement, 1)), 10) + np.finfo(float).eps
    share /= share.sum()
    best = sum(w * v / (length + 0.001) for w, v, length in zip(share, vectors, lengths))
    best *= (lengths.max() + 0.001) / np.linalg.norm(best)
    fused = fused.ravel()
    mean = weights @ best, weights @ fused
    covariance = weights @ (best * fused) - mean[0] * mean[1]
    variances = weights @ best**2 - mean[0] ** 2 + weights @ fused**2 - mean[1] ** 2
    return (2 * covariance + 58.5225) / (variances + 58.5225)


def test_every_window_follows_the_definition(sequence):
    fused = sequence.mean(axis=0).round()
    ours = similarity_to_best(sequence, fused)
    assert ours.shape == (54, 62)
    for row, column in ((0, 0), (53, 61), (20, 7), (33, 40)):
        square = np.s_[row : row + 11, column : column + 11]
        expected = similarity_of([frame[square] for frame in sequence], fused[square])
        assert ours[row, column] == pytest.approx(expected, rel=1e-7)


def test_flat_frames_add_nothing(sequence):
    black = np.zeros_like(sequence[:1])
    fused = sequence[1]
    with_black = similarity_to_best(np.concatenate([sequence, black]), fused)
    assert with_black == pytest.approx(similarity_to_best(sequence, fused), abs=1e-6)
    assert similarity_to_best(np.concatenate([black, black + 40]), fused * 0) == pytest.approx(1)


def test_scales_are_halved_with_the_last_row_and_column_repeated():
    image = np.array([[0, 4, 8], [4, 8, 12], [20, 24, 28.0]])
    assert halve(image).tolist() == [[4, 10], [22, 28]]


def test_the_order_of_frames_does_not_matter(sequence):
    fused = sequence.mean(axis=0).round()
    assert scale_scores(sequence[::-1], fused) == pytest.approx(scale_scores(sequence, fused), rel=1e-12)


def test_a_constant_offset_costs_nothing(sequence):
    fused = (sequence[1] * 0.5).round()
    assert scale_scores(sequence, fused + 100) == pytest.approx(scale_scores(sequence, fused), rel=1e-9)


def test_a_negative_has_no_score(sequence):
    sequence = sequence.astype(np.uint8)
    with pytest.raises(UndefinedScore, match="contradicts its frames"):
        mef_ssim(sequence, 255 - sequence[1])

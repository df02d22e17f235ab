"""What Q_CB and Q_CV see: frequencies, contrasts, and where the edges are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fusion.metrics.contrast import (
    block_sums,
    cut_off_gaussian,
    cycles_per_image,
    edge_energy,
    masked_contrast,
    q_cb,
    q_cv,
    sensitivity_to_contrast,
    sensitivity_to_differences,
    weigh_frequencies,
)
from fusion.metrics.door import UndefinedScore
from fusion.metrics.windows import mean_everywhere


@pytest.fixture(scope="module")
def pictures(texture):
    """Three pictures whose levels span 0..255, so that stretching them changes nothing, and black."""
    stretched = [np.rint(255 * (x - x.min()) / np.ptp(x)).astype(np.uint8) for x in np.moveaxis(texture, -1, 0)]
    return *stretched, np.zeros_like(stretched[0])


@pytest.mark.parametrize("shape", [(40, 60), (41, 61)])
def test_a_wave_is_weighed_by_its_cycles_per_image(shape):
    rows, columns = np.indices(shape)
    wave = np.cos(2 * np.pi * (3 * rows / shape[0] - 4 * columns / shape[1]))
    assert_allclose(weigh_frequencies(wave, cycles_per_image(shape)), 5 * wave, atol=1e-10)


def test_the_eye_is_most_sensitive_to_a_few_cycles_per_degree():
    frequency = np.linspace(0, 60, 601)
    sensitivity = sensitivity_to_differences(frequency)
    assert frequency[sensitivity.argmax()] == pytest.approx(
        8 * 0.114 / 0.144, abs=0.2
    )  # 8 cycles where the factor is 0.114
    assert sensitivity.max() == pytest.approx(0.98, abs=0.01)
    of_contrast = sensitivity_to_contrast(frequency)
    assert of_contrast[0] == pytest.approx(1 - 0.7622)
    assert 2 < frequency[of_contrast.argmax()] < 4


def test_means_of_contrast_lose_what_lies_outside():
    dot = np.zeros((61, 61))
    dot[30, 30] = 1
    mean = mean_everywhere(dot, cut_off_gaussian(4))
    assert mean[30, 30] == pytest.approx(1 / (2 * np.pi * 16))
    assert mean[30, 45] > 0 == mean[30, 46]
    assert 0.99 < mean.sum() < 0.9999
    assert mean_everywhere(np.ones((61, 61)), cut_off_gaussian(4))[0, 0] == pytest.approx(0.302, abs=0.001)


def test_a_source_without_contrast_has_no_weight(pictures):
    a, b, _, black = pictures
    assert q_cb([a, black], b) == q_cb([black, a, black], b) == pytest.approx(q_cb([a, a], b), rel=1e-12)


def test_contrast_of_three_sources_weighs_by_its_square(pictures):
    sources, fused = pictures[:3], pictures[0][::-1]
    a, b, c, f = (masked_contrast(image.astype(float)) for image in (*sources, fused))
    expected = sum(p**2 * np.minimum(p, f) / np.maximum(p, f) for p in (a, b, c)) / (a**2 + b**2 + c**2)
    assert q_cb(sources, fused) == pytest.approx(expected.mean(), rel=1e-9)


def test_black_preserves_no_contrast_but_that_of_black(pictures, recwarn):
    a, b, _, black = pictures
    assert q_cb([black, black], black) == 1
    assert q_cb([a, b], black) == 0
    assert q_cb([black, black], a) == 0
    assert not recwarn.list


def test_brightness_and_contrast_of_the_whole_do_not_count(pictures):
    dim = [image // 2 + 20 for image in pictures[:3]]
    stretched = [np.floor(255 * (image - 20.0) / 127 + 0.5).astype(np.uint8) for image in dim]
    for metric in (q_cb, q_cv):
        assert metric(dim[:2], dim[2]) == metric(stretched[:2], stretched[2])


@pytest.mark.parametrize("metric", [q_cb, q_cv])
def test_one_gray_level_cannot_be_stretched(metric, pictures):
    a, b, *_ = pictures
    for sources, fused in (([a, a * 0 + 9], b), ([a, b], a * 0 + 9)):
        with pytest.raises(UndefinedScore, match=r"of one gray level \(9 everywhere\)"):
            metric(sources, fused)


def test_blocks_begin_at_the_top_left_and_end_in_zeros():
    assert block_sums(np.ones((17, 34))).tolist() == [[256, 256, 32], [16, 16, 2]]
    assert block_sums(np.ones((5, 5))).tolist() == [[25]]


def test_edges_count_by_the_fifth_power():
    step = np.zeros((7, 8))
    step[:, 4:] = 10
    assert_allclose(edge_energy(step)[3], [0, 0, 0, 40**5, 40**5, 0, 0, 40**5])


def test_a_copy_differs_in_nothing(pictures):
    a, b, *_ = pictures
    assert q_cv([a, a], a) == 0
    assert q_cv([a, b], a) > 1


def test_differences_count_where_their_source_has_edges(pictures):
    """The fused image differs from black alone, which has no edges."""
    a, _, _, black = pictures
    assert q_cv([a, black], a) == 0
    with pytest.raises(UndefinedScore, match="Q_CV"):
        q_cv([black, black], a)


def test_a_difference_by_hand():
    """One block: a wave of 16 cycles per degree in the fused image, which the two sources, edges and all, lack."""
    rows, columns = np.indices((16, 16))
    source = np.where(rows < 8, 0, 255).astype(np.uint8)
    difference = 40 * np.where(columns % 2, 1, 0) * np.where(rows < 8, 1, -1)
    fused = (source + difference).astype(np.uint8)
    spectrum = np.abs(np.fft.fft2(fused * 1.0 - source)) ** 2
    radius = np.hypot(np.fft.fftfreq(16, 1 / 16)[:, None], np.fft.fftfreq(16, 1 / 16)) / 4
    expected = np.sum(spectrum * sensitivity_to_differences(radius) ** 2) / 256**2
    assert q_cv([source, source], fused) == pytest.approx(expected)


def test_saliency_adds_up_over_sources(pictures):
    """Of a copy of `a` only `b` differs: 1/score grows by the same amount with each further `a`."""
    a, b, *_ = pictures
    of_b, with_a, with_two = (1 / q_cv(sources, a) for sources in ([b, b], [a, b], [a, b, a]))
    assert with_two - of_b == pytest.approx(2 * (with_a - of_b))
    assert with_a > of_b


@pytest.mark.parametrize("size", [2, 15])
def test_an_image_smaller_than_its_windows_has_scores(size):
    a, b = np.random.default_rng(2).integers(0, 256, (2, size, size), dtype=np.uint8)
    assert q_cb([a, a], a) == pytest.approx(1)
    assert 0 <= q_cb([a, b], a) < 1
    assert q_cv([a, b], a) > 0

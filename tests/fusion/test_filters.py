"""The guided filter against its definition, written out window by window, and what can stand in its place."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.filters import FILTERS, GuidedFilter, box, gaussian_filter, guided_filter, unfiltered


def slow_box(image, radius):
    """Window mean by loops: the definition."""
    out = np.empty(image.shape)
    for y, x in np.ndindex(image.shape[:2]):
        window = image[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
        out[y, x] = window.mean(axis=(0, 1))
    return out


def slow_guided_filter(p, guide, r, eps):
    """Ridge regression in every window, as eq. 5, 6 and 19 of the paper state it, in float64."""
    height, width = p.shape
    guide = guide.reshape(height, width, -1).astype(float)
    channels = guide.shape[2]
    coefficients = np.empty((height, width, channels + 1))
    for y, x in np.ndindex(height, width):
        window = np.s_[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1]
        g, q = guide[window].reshape(-1, channels), p[window].ravel().astype(float)
        centred = g - g.mean(axis=0)
        slope = np.linalg.solve(
            centred.T @ centred / len(g) + eps * np.eye(channels), centred.T @ (q - q.mean()) / len(g)
        )
        coefficients[y, x] = *slope, q.mean() - slope @ g.mean(axis=0)
    mean = slow_box(coefficients, r)
    return (mean[..., :-1] * guide).sum(axis=2) + mean[..., -1]


@pytest.mark.parametrize("radius", [0, 1, 3, 40])
def test_box_is_the_mean_of_the_truncated_window(texture, radius):
    image = texture[:20, :25].astype(float)
    assert_allclose(box(image, radius), slow_box(image, radius), atol=1e-12)


@pytest.mark.parametrize("eps", [0.3, 1e-2, 1e-6])
@pytest.mark.parametrize("colour", [False, True])
def test_guided_filter_is_ridge_regression_in_windows(texture, colour, eps):
    guide = texture[:24, :30] if colour else texture[:24, :30, 1]
    p = (texture[:24, :30, 0] > 0.5).astype(np.float32)
    assert_allclose(guided_filter(p, guide, 3, eps), slow_guided_filter(p, guide, 3, eps), atol=2e-5)


def test_colour_guide_stays_exact_where_the_covariance_is_singular(texture):
    gray = texture[:24, :30, :1].repeat(3, axis=2)  # three equal channels: rank 1
    p = texture[:24, :30, 2]
    assert_allclose(guided_filter(p, gray, 3, 1e-4), slow_guided_filter(p, gray, 3, 1e-4), atol=2e-5)


def test_every_channel_of_p_is_filtered_alone(texture):
    guide = texture[..., 0]
    together = guided_filter(texture, guide, 4, 0.01)
    for channel in range(3):
        assert_allclose(together[..., channel], guided_filter(texture[..., channel], guide, 4, 0.01))


def test_limits_of_eps(texture):
    gray = texture[..., 0]
    assert_allclose(guided_filter(gray, gray, 4, 1e-12), gray, atol=1e-3)  # keeps every edge
    assert_allclose(guided_filter(gray, gray, 4, 1e6), box(box(gray, 4), 4), atol=1e-5)  # plain mean


def test_shift_of_the_guide_changes_nothing(texture):
    p, guide = texture[..., 0], texture[..., 1] / 2
    assert_allclose(guided_filter(p, guide, 5, 1e-3), guided_filter(p, guide + 0.4, 5, 1e-3), atol=1e-5)


def test_a_constant_is_kept(texture):
    assert_allclose(guided_filter(np.full((96, 128), 0.25, np.float32), texture[..., 0], 7, 1e-6), 0.25, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"r": -1}, "r must be a whole number"),
        ({"r": 1.5}, "r must be a whole number"),
        ({"eps": 0}, "eps must be positive"),
        ({"eps": float("nan")}, "eps must be positive"),
        ({"guide": np.zeros((5, 5))}, "one size"),
        ({"guide": np.zeros((96, 128, 4))}, r"\(H, W, 3\)"),
    ],
)
def test_bad_arguments_are_named(texture, changed, message):
    arguments = {"p": texture[..., 0], "guide": texture[..., 1], "r": 3, "eps": 0.1} | changed
    with pytest.raises(ValueError, match=message):
        guided_filter(**arguments)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("level", [0, 0.95])
def test_close_to_black_and_white_the_filter_stays_exact(texture, level, colour):
    """Where variance is the small difference of large means, and eps no help."""
    guide = level + 0.05 * (texture[:24, :30] if colour else texture[:24, :30, 1])
    p = (texture[:24, :30, 0] > 0.5).astype(np.float32)
    assert_allclose(guided_filter(p, guide, 7, 1e-6), slow_guided_filter(p, guide, 7, 1e-6), atol=5e-5)


@pytest.mark.parametrize("colour", [False, True])
def test_a_window_wider_than_the_image_holds_the_same_pixels(texture, colour):
    p, guide = texture[:24, :30, 0], texture[:24, :30] if colour else texture[:24, :30, 1]
    whole = guided_filter(p, guide, 30, 0.01)
    for radius in (31, 1000, 10**12):
        assert_array_equal(guided_filter(p, guide, radius, 0.01), whole)
        assert_array_equal(box(p, radius), box(p, 30))


def test_integers_and_truth_values_are_filtered_as_their_floats(texture):
    levels = np.rint(texture[..., 0] * 255).astype(np.uint8)
    mask = texture[..., 1] > 0.5
    expected = guided_filter(mask.astype(np.float32), levels / np.float32(255), 4, 1e-4)
    assert np.ptp(expected) > 0.5
    assert_allclose(guided_filter(mask, levels, 4, 1e-4), expected, atol=1e-6)
    deep = levels.astype(np.uint16) * 257
    assert_allclose(guided_filter(mask, deep, 4, 1e-4), expected, atol=1e-4)


# --- many maps by one guide -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("radius", "eps"), [(0, 0.1), (1, 1e-2), (3, 1e-3), (40, 1e-2)])
def test_a_filter_is_made_once_for_many_maps(texture, radius, eps):
    guide = texture[:24, :30, 1].copy()
    smooth = GuidedFilter(guide, radius, eps)
    for channel in (0, 2, 0):
        p = texture[:24, :30, channel].copy()
        before = p.copy()
        found = smooth(p)
        assert found.dtype == np.float32
        assert_array_equal(found, guided_filter(p, guide, radius, eps))
        assert_allclose(found, slow_guided_filter(p, guide, radius, eps), atol=2e-5)
        assert_array_equal(p, before)
    assert_array_equal(guide, texture[:24, :30, 1])


def test_a_filter_is_linear_in_the_map_and_keeps_constants_and_the_guide(texture):
    guide = texture[..., 1]
    smooth, (first, second) = GuidedFilter(guide, 5, 1e-3), (texture[..., 0], texture[..., 2])
    assert_allclose(smooth(2 * first - second), 2 * smooth(first) - smooth(second), atol=1e-5)
    assert_allclose(smooth(np.full_like(guide, 0.7)), 0.7, atol=1e-5)
    assert_allclose(GuidedFilter(guide, 5, 1e-9)(guide), guide, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3)])
def test_a_filter_of_a_tiny_map(shape):
    rng = np.random.default_rng(0)
    p, guide = rng.random(shape, np.float32), rng.random(shape, np.float32)
    assert_allclose(GuidedFilter(guide, 7, 1e-3)(p), slow_guided_filter(p, guide, 7, 1e-3), atol=2e-5)


# --- in place of the guided filter -----------------------------------------------------------------------------------


def spread_of_a_point(filt, r):
    """Variance, in squared pixels along x and along y, of what a filter with a flat guide makes of one point."""
    point = np.zeros((121, 131), np.float32)
    point[60, 65] = 1
    drawn = filt(point, np.full_like(point, 0.5), r, 1e6)
    y, x = np.indices(point.shape)
    assert drawn.sum() == pytest.approx(1, abs=1e-4)
    return (drawn * (x - 65) ** 2).sum(), (drawn * (y - 60) ** 2).sum()


@pytest.mark.parametrize("r", [1, 2, 7, 12])
def test_gaussian_filter_spreads_a_point_as_far_as_the_guided_filter(r):
    spread = spread_of_a_point(gaussian_filter, r)
    assert spread == pytest.approx(spread_of_a_point(guided_filter, r), rel=0.02)
    assert spread == pytest.approx([2 * r * (r + 1) / 3] * 2, rel=0.02)


@pytest.mark.parametrize("r", [0, 1, 45])
def test_gaussian_filter_keeps_a_constant_up_to_the_border(r):
    even = np.full((30, 40, 3), 0.25, np.float32)
    assert_allclose(gaussian_filter(even, even, r, 0.1), even, atol=1e-6)


def test_gaussian_filter_looks_at_p_alone_and_at_each_channel_of_it(texture):
    p = texture[..., 0]
    smoothed = gaussian_filter(p, texture, 4, 1e-6)
    assert 0 < smoothed.std() < 0.7 * p.std()
    assert_array_equal(gaussian_filter(p, 1 - p, 4, 0.3), smoothed)  # neither guide nor eps matters
    assert_array_equal(gaussian_filter(texture, p, 4, 1e-6)[..., 0], smoothed)


@pytest.mark.parametrize("filt", [gaussian_filter, unfiltered])
def test_without_a_window_p_stays_and_the_result_is_a_copy(texture, filt):
    before = texture.copy()
    result = filt(texture, 1 - texture, 0, 1e-6)
    assert_array_equal(result, texture)
    result[:] = -1
    assert_array_equal(texture, before)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_that_stand_in_for_each_other_take_and_return_the_same(texture, name):
    filt, guide = FILTERS[name], texture[..., 1]
    levels = np.rint(texture * 255).astype(np.uint8)
    for p in (levels, levels[..., 0], levels[..., 0] > 99, texture.astype(np.float64)):
        result = filt(p, guide, 3, 0.01)
        assert result.dtype == np.float32
        assert result.shape == p.shape
        as_float = (p / 255 if p.dtype == np.uint8 else p).astype(np.float32)
        assert_allclose(result, filt(as_float, guide, 3, 0.01), atol=1e-6)


def test_only_the_guided_filter_takes_the_noise_and_leaves_the_edge():
    edge = np.where(np.arange(80) < 40, 0.2, 0.8).astype(np.float32) * np.ones((60, 1), np.float32)
    p = edge + np.float32(0.05) * np.random.default_rng(0).standard_normal(edge.shape, dtype=np.float32)
    results = {name: filt(p, edge, 4, 1e-4) for name, filt in FILTERS.items()}
    noise = {name: result[:, :20].std() for name, result in results.items()}
    jump = {name: (result[:, 40] - result[:, 39]).mean() for name, result in results.items()}
    assert max(noise["guided"], noise["gaussian"]) < 0.02 < 0.04 < noise["none"]
    assert jump["gaussian"] < 0.1 < 0.5 < min(jump["guided"], jump["none"])


@pytest.mark.parametrize("name", FILTERS)
def test_a_last_axis_of_one_stays(name):
    guide = np.random.default_rng(0).random((20, 30), dtype=np.float32)
    assert FILTERS[name](np.ones((20, 30, 1), np.float32), guide, 3, 0.01).shape == (20, 30, 1)


@pytest.mark.parametrize("r", [-2, 1.5, -0.5, np.nan])
def test_a_gaussian_takes_whole_radii_only(r):
    with pytest.raises(ValueError, match="r must be a whole number of pixels"):
        gaussian_filter(np.ones((4, 5)), None, r, 0.01)

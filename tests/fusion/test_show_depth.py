"""Figures of depth share one scale, and give no colour to what is unsure."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402  (after the choice of what draws)

from fusion.show import plot_depth, plot_profiles  # noqa: E402
from fusion.show.depth import gaussian_around  # noqa: E402


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def ramp():
    """From 3 to 8 frames, 6 x 10 pixels."""
    return np.tile(np.linspace(3, 8, 10, dtype=np.float32), (6, 1))


@pytest.fixture
def corner():
    """The upper left quarter of the ramp and the first of its columns."""
    mask = np.zeros((6, 10), bool)
    mask[:3, :5] = mask[:, 0] = True
    return mask


def map_in(axes):
    return max(axes.get_images(), key=lambda picture: picture.get_zorder())


def explained(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def canvas_of(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)


def pixels_at(figure, axes, x, y, reach=6):
    """What the figure shows around a pixel of the map, as RGB of shape (n, 3)."""
    canvas = canvas_of(figure)
    across, up = axes.transData.transform((x, y))
    row, column = round(len(canvas) - up), round(across)
    return canvas[row - reach : row + reach, column - reach : column + reach].reshape(-1, 3)


def test_a_map_has_its_values_and_a_bar_with_the_unit(ramp):
    figure = plot_depth(ramp, unit="mm")
    axes, bar = figure.axes
    assert_array_equal(map_in(axes).get_array(), ramp)
    assert not np.ma.getmaskarray(map_in(axes).get_array()).any()
    assert map_in(axes).get_clim() == (3, 8) and bar.get_ylim() == (3, 8)
    assert bar.get_ylabel() == "depth (mm)"
    assert explained(figure) == []


@pytest.mark.parametrize("several", [list, dict])
def test_several_maps_share_the_scale_of_what_is_sure(ramp, corner, several):
    wild = ramp + 4
    wild[0, 0], wild[1, 1] = 900, -5
    maps, masks = {"initial": ramp, "refined": wild}, {"initial": None, "refined": corner}
    if several is dict:
        figure = plot_depth(maps, unsure={"refined": corner})
    else:
        figure = plot_depth(list(maps.values()), unsure=list(masks.values()), labels=list(maps))
    *places, bar = figure.axes
    assert [axes.get_title() for axes in places] == ["initial", "refined"]
    assert [map_in(axes).get_clim() for axes in places] == [(3, 12)] * 2 and bar.get_ylim() == (3, 12)
    assert_array_equal([np.ma.getmaskarray(map_in(axes).get_array()) for axes in places], [corner & False, corner])
    assert explained(figure) == ["unsure"]


def test_one_mask_is_that_of_all_maps(ramp, corner):
    for axes in plot_depth([ramp, ramp + 1], unsure=corner).axes[:2]:
        assert_array_equal(np.ma.getmaskarray(map_in(axes).get_array()), corner)


def test_what_is_unsure_is_gray_and_hatched_and_what_is_sure_in_colour(ramp, corner):
    figure = plot_depth(ramp, unsure=corner)
    hidden = pixels_at(figure, figure.axes[0], 2, 1)
    assert np.ptp(hidden, axis=1).max() <= 2  # gray: all channels agree
    assert len(np.unique(hidden[:, 0])) > 3 and 100 < hidden.mean() < 200  # stripes
    assert np.ptp(pixels_at(figure, figure.axes[0], 7, 4), axis=1).min() > 60
    assert np.ptp(pixels_at(figure, figure.axes[0], 7, 1), axis=1).min() > 60


def test_the_picture_is_seen_gray_and_dull_where_depth_is_unsure(ramp, corner):
    image = np.zeros((6, 10, 3), np.float32)
    image[1, 2], image[1, 3] = (1, 1, 1), (0.9, 0.3, 0)
    figure = plot_depth(ramp, unsure=corner, image=image)
    seen = [pixels_at(figure, figure.axes[0], x, 1) for x in (1, 2, 3)]
    for values, gray in zip(seen, (0.45, 0.85, 0.45 + 0.4 * 0.4), strict=True):
        assert_allclose(values, 255 * gray, atol=2)
    assert np.ptp(pixels_at(figure, figure.axes[0], 7, 4), axis=1).min() > 60
    assert explained(figure) == ["unsure"]


def test_pixels_that_are_not_finite_are_unsure(ramp):
    ramp[2, 3], ramp[4, 4] = np.nan, np.inf
    figure = plot_depth(ramp)
    assert_array_equal(np.ma.getmaskarray(map_in(figure.axes[0]).get_array()), ~np.isfinite(ramp))
    assert map_in(figure.axes[0]).get_clim() == (3, 8)
    assert explained(figure) == ["unsure"]


def test_the_legend_lies_below_the_maps(ramp, corner):
    figure = plot_depth([ramp, ramp], unsure=corner, labels=["one", "two"])
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert all(axes.get_window_extent().y0 >= legend.y1 for axes in figure.axes)
    assert legend.y0 >= 0


def test_limits_may_be_given(ramp):
    assert map_in(plot_depth(ramp, limits=(0, 24)).axes[0]).get_clim() == (0, 24)


@pytest.mark.parametrize(
    "depth", [np.full((4, 5), 3.0), np.full((1, 1), 7, np.uint16), np.arange(7)[None], np.arange(3)[:, None]]
)
def test_constant_and_tiny_maps_are_drawn(depth):
    figure = plot_depth(depth)
    figure.canvas.draw()
    assert_array_equal(map_in(figure.axes[0]).get_array(), depth)


def test_a_map_of_which_nothing_is_sure_is_drawn(ramp):
    figure = plot_depth(ramp, unsure=np.ones(ramp.shape, bool))
    assert np.ptp(pixels_at(figure, figure.axes[0], 7, 4), axis=1).max() <= 2
    figure = plot_depth([ramp, ramp * np.nan])
    assert map_in(figure.axes[1]).get_clim() == (3, 8)


@pytest.mark.parametrize(
    ("depth", "options", "message"),
    [
        (np.zeros((2, 3, 3)), {}, r"depth has shape \(2, 3, 3\) and type float64"),
        (np.zeros((2, 0)), {}, r"depth has shape \(2, 0\)"),
        (np.zeros((2, 3), complex), {}, "type complex128; it must be"),
        ([], {}, "at least one map"),
        (np.zeros((2, 3)), {"unsure": np.zeros((3, 2), bool)}, r"unsure has shape \(3, 2\) and type bool; .* \(2, 3\)"),
        (
            np.zeros((2, 3)),
            {"unsure": np.zeros((2, 3))},
            r"unsure has shape \(2, 3\) and type float64; it must be bool",
        ),
        (np.zeros((2, 3)), {"limits": (3, 2)}, "limits are 3 and 2; give two finite numbers that rise"),
        (np.zeros((2, 3)), {"limits": (0, np.inf)}, "limits are 0 and inf; give two finite numbers that rise"),
        ([np.zeros((2, 3))] * 2, {"unsure": [None]}, "got 1 masks for 2 maps"),
        ({"a": np.zeros((2, 3))}, {"unsure": {"b": None}}, r"unsure has the labels \['b'\]"),
        (np.zeros((2, 3)), {"unsure": {"b": None}}, r"unsure has the labels \['b'\]"),
        ({"a": np.zeros((2, 3))}, {"labels": ["b"]}, r"labels \['b'\] and maps that have labels"),
        (np.zeros((2, 3)), {"labels": ["a", "b"]}, "got 2 labels for 1 maps"),
        (np.zeros((2, 3)), {"image": np.zeros((3, 3))}, r"image has shape \(3, 3\), the depth \(2, 3\)"),
        (np.zeros((2, 3)), {"image": np.zeros((2, 3, 2))}, r"image has shape \(2, 3, 2\)"),
    ],
)
def test_what_is_no_depth_is_refused(depth, options, message):
    with pytest.raises(ValueError, match=message):
        plot_depth(depth, **options)
    assert plt.get_fignums() == []  # nothing half drawn


def bell(positions, centre, width=2.0, height=0.3):
    return height * np.exp(-(((positions - centre) / width) ** 2))


def test_profiles_keep_values_and_names():
    profiles = {"textured": bell(np.arange(9), 3.3), "dark": np.full(9, 0.01)}
    (axes,) = plot_profiles(profiles).axes
    for line, (label, values) in zip(axes.get_lines(), profiles.items(), strict=True):
        assert line.get_label() == label
        assert_array_equal(line.get_xydata(), np.column_stack([np.arange(9), values]))
        assert line.get_marker() not in {"", "None"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("frame", "focus measure")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["textured", "dark"]


def test_a_peak_is_marked_in_the_colour_of_its_profile_with_the_gaussian_through_it():
    positions = np.array([40, 40.1, 40.25, 40.3, 40.5, 40.6])  # mm, not even
    profiles = {"dark": np.full(6, 0.01), "textured": bell(positions, 40.33, 0.2)}
    (axes,) = plot_profiles(profiles, positions=positions, peaks={"textured": 40.33}, unit="mm").axes
    dark, textured, mark, gaussian = axes.get_lines()
    assert_allclose(mark.get_xdata(), 40.33)
    assert mark.get_color() == gaussian.get_color() == textured.get_color() != dark.get_color()
    x, y = gaussian.get_data()
    assert_allclose(y, bell(x, 40.33, 0.2), rtol=1e-9)
    assert (x[0], x[-1]) == (40.25, 40.5)
    assert axes.get_xlabel() == "position of the frame (mm)"
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["dark", "textured", "depth found", "Gaussian of three frames"]


@pytest.mark.parametrize("peak", [0, 0.2, 8, 7.9])
def test_at_the_ends_the_three_frames_are_the_first_or_the_last(peak):
    positions = np.arange(9.0)
    x, y = gaussian_around(positions, bell(positions, peak), peak)
    assert (x[0], x[-1]) == ((0, 2) if peak < 4 else (6, 8))
    assert_allclose(y, bell(x, peak))


@pytest.mark.parametrize("values", [[1, 2], [2, 1, 2], [1, 1, 1], [0, 1, 0.5], [-1, 1, 0.5], [np.nan, 1, 0.5]], ids=str)
def test_where_no_gaussian_has_its_peak_none_is_drawn(values):
    with np.errstate(all="raise"):
        assert gaussian_around(np.arange(len(values)), np.array(values, float), 1) is None
    (axes,) = plot_profiles({"pixel": values}, peaks={"pixel": 1}).axes
    assert len(axes.get_lines()) == 2


def test_falling_positions_are_drawn_as_they_are():
    positions = np.linspace(9, 1, 9)
    (axes,) = plot_profiles({"pixel": bell(positions, 4.2)}, positions=positions, peaks={"pixel": 4.2}).axes
    x, y = axes.get_lines()[-1].get_data()
    assert_allclose(y, bell(x, 4.2))


@pytest.mark.parametrize(
    ("profiles", "options", "message"),
    [
        ({}, {}, "at least one profile"),
        ({"a": [1, 2, 3], "b": [1, 2]}, {}, r"the 3 positions, got {'a': 3, 'b': 2}"),
        ({"a": [1, 2, 3]}, {"positions": [1, 2]}, r"the 2 positions, got {'a': 3}"),
        ({"a": [1, 2, 3]}, {"peaks": {"b": 1}}, "peaks name b, but profiles are a"),
    ],
)
def test_what_is_no_profile_is_refused(profiles, options, message):
    with pytest.raises(ValueError, match=message):
        plot_profiles(profiles, **options)
    assert plt.get_fignums() == []

"""Figures show pixels as they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402  (after the choice of what draws)

from data import to_float  # noqa: E402
from fusion.guided import decompose  # noqa: E402
from fusion.show import gray_to_rgb, plot_images, plot_lines, plot_maps, plot_points  # noqa: E402


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn(axes):
    """The one picture of an axes."""
    (picture,) = axes.get_images()
    return picture


def test_pixels_are_drawn_with_their_own_values(texture):
    dark = 0.25 + texture[..., 0] / 4  # neither 0 nor 1 occurs: stretching would show
    figure = plot_images(dark, texture)
    for axes, image in zip(figure.axes, (dark, texture), strict=True):
        assert_array_equal(drawn(axes).get_array(), image)
        assert drawn(axes).get_clim() == (0, 1)
    assert drawn(figure.axes[0]).get_cmap().name == "gray"


def test_a_gray_value_reaches_the_screen_as_it_is():
    figure = plot_images(np.full((40, 40), 0.25, np.float32))
    figure.canvas.draw()
    canvas = np.asarray(figure.canvas.buffer_rgba())
    middle = canvas[canvas.shape[0] // 2, canvas.shape[1] // 2, :3]
    assert_allclose(middle, 64, atol=1)


def test_what_lies_outside_is_clipped():
    figure = plot_images(np.array([[-0.5, 0.5], [1, 1.5]]))
    assert_array_equal(drawn(figure.axes[0]).get_array(), [[0, 0.5], [1, 1]])


@pytest.mark.parametrize(
    ("count", "columns", "in_a_row"), [(1, None, 1), (3, None, 3), (4, None, 4), (6, None, 3), (8, None, 4), (3, 2, 2)]
)
def test_each_picture_has_an_axes_of_its_own(count, columns, in_a_row):
    figure = plot_images(*[np.full((6, 8), 0.5)] * count, columns=columns)
    assert len(figure.axes) == count
    boxes = [axes.get_position() for axes in figure.axes]
    assert len({round(box.x0, 6) for box in boxes}) == in_a_row
    assert all(not axes.axison for axes in figure.axes)
    for box in boxes:
        assert box.width * figure.get_figwidth() / (box.height * figure.get_figheight()) == pytest.approx(8 / 6)


def test_labels_stand_above_their_pictures():
    figure = plot_images(*[np.zeros((6, 8))] * 3, labels=["near", "far", "fused"])
    assert [axes.get_title() for axes in figure.axes] == ["near", "far", "fused"]
    assert [axes.get_title() for axes in plot_images(np.zeros((6, 8))).axes] == [""]


def test_a_layer_around_zero_is_drawn_around_middle_gray(texture):
    _, detail = decompose(texture)
    figure = plot_images(detail, texture, detail[..., 0])
    for axes, image in zip(figure.axes, (0.5 + 2 * detail, texture, 0.5 + 2 * detail[..., 0]), strict=True):
        assert_allclose(drawn(axes).get_array(), image.clip(0, 1), atol=1e-6)


@pytest.mark.parametrize("shift", [0.03, -0.03])
def test_an_image_that_leaves_the_range_but_is_not_around_zero_is_clipped(texture, shift):
    image = decompose(texture)[1] + np.float32(shift)
    assert image.min() < 0
    assert_array_equal(drawn(plot_images(image).axes[0]).get_array(), image.clip(0, 1))


def test_a_dark_image_is_not_taken_for_a_layer(texture):
    dark = texture / 100
    assert dark.mean() < 0.02
    assert_array_equal(drawn(plot_images(dark).axes[0]).get_array(), dark)


@pytest.mark.parametrize("scale", [1, 257])
def test_integers_are_drawn_as_the_image_they_hold(scale):
    levels = (np.arange(256).reshape(16, 16) * scale).astype(np.uint8 if scale == 1 else np.uint16)
    assert_array_equal(drawn(plot_images(levels).axes[0]).get_array(), to_float(levels))
    assert_array_equal(drawn(plot_images(levels > 0).axes[0]).get_array(), levels > 0)


def test_pictures_of_several_sizes_keep_their_shapes():
    shapes = [(6, 8), (6, 8, 3), (12, 8), (3, 9)]
    figure = plot_images(*map(np.zeros, shapes), labels="abcd")
    figure.canvas.draw()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    for box, shape in zip(boxes, shapes, strict=True):
        assert box.height / box.width == pytest.approx(shape[0] / shape[1], rel=1e-3)
        assert box.width == pytest.approx(boxes[0].width, rel=1e-3)
    assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))


@pytest.mark.parametrize("labels", [["one"], ["one", "two", "three"], []])
def test_there_is_one_label_for_each_picture(labels):
    with pytest.raises(ValueError, match=f"got {len(labels)} labels for 2 images"):
        plot_images(np.zeros((6, 8)), np.zeros((6, 8)), labels=labels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one image"),
        ([np.zeros((2, 6, 8, 3))], r"got \(2, 6, 8, 3\); a stack needs a star"),
        ([np.zeros((2, 6, 8))], r"got \(2, 6, 8\); a stack needs a star"),
        ([np.zeros((0, 8))], r"got \(0, 8\)"),
    ],
)
def test_what_is_no_picture_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        plot_images(*given)
    assert plt.get_fignums() == []  # nothing half drawn


def test_gray_in_three_equal_channels(texture):
    gray = texture[..., 0]
    colour = gray_to_rgb(gray)
    assert colour.shape == (96, 128, 3) and colour.dtype == np.float32
    for channel in range(3):
        assert_array_equal(colour[..., channel], gray)
    assert_array_equal(gray_to_rgb(texture), texture)


def test_lines_keep_values_and_names():
    x = np.arange(3)
    curves = {"box": np.array([1, 4, 9]), "guided": np.array([2, 3, 5])}
    (axes,) = plot_lines(x, curves, xlabel="radius (pixels)", ylabel="error (dB)").axes
    for line, (name, values) in zip(axes.get_lines(), curves.items(), strict=True):
        assert line.get_label() == name
        assert_array_equal(line.get_xydata(), np.column_stack([x, values]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("radius (pixels)", "error (dB)")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(curves)


def test_maps_share_one_scale_and_one_bar():
    small, large = np.array([[0.5, 1], [2, np.nan]]), np.array([[3.0, 4, 8]])
    figure = plot_maps(small, large, unit="error (pixels)", labels=["before", "after"])
    *places, bar = figure.axes
    for axes, values in zip(places, (small, large), strict=True):
        assert_array_equal(np.ma.filled(drawn(axes).get_array(), np.nan), values)
        assert drawn(axes).get_clim() == (0, 8)
        assert not axes.axison
    assert [axes.get_title() for axes in places] == ["before", "after"]
    assert bar.get_ylabel() == "error (pixels)" and bar.get_ylim() == (0, 8)


@pytest.mark.parametrize(("limits", "scale"), [(None, (-3, 2)), ((-1, 1), (-1, 1)), ((0, 4), (0, 4))])
def test_a_map_may_go_below_zero_and_have_limits(limits, scale):
    figure = plot_maps(np.array([[-3.0, 2]]), unit="correlation", limits=limits)
    assert drawn(figure.axes[0]).get_clim() == scale
    assert figure.axes[0].get_title() == ""


@pytest.mark.parametrize(
    ("given", "labels", "message"),
    [
        ([], None, "at least one map"),
        ([np.zeros((4, 5, 3))], None, r"got shape \(4, 5, 3\)"),
        ([np.full((2, 2), np.nan)], None, "a number somewhere"),
        ([np.zeros((4, 5))], ["one", "two"], "got 2 labels for 1 maps"),
    ],
)
def test_what_is_no_map_is_refused(given, labels, message):
    with pytest.raises(ValueError, match=message):
        plot_maps(*given, unit="pixels", labels=labels)
    assert plt.get_fignums() == []  # nothing half drawn


def test_a_dark_picture_is_no_layer():
    """A value a hair below 0, as interpolation leaves it, does not turn black into gray."""
    dark = np.full((4, 6), 0.005, np.float32)
    dark[0, 0] = -1e-4
    (axes,) = plot_images(dark).axes
    assert axes.images[0].get_array().max() == pytest.approx(0.005)


def test_points_are_labelled_where_they_lie_and_labels_stand_apart():
    points = {"a": (1.0, 2.0), "b": (1.0, 2.0), "far": (5.0, 9.0), "nothing": (np.nan, 3.0)}
    groups = {"a": "one", "b": "one", "far": "two", "nothing": "three"}
    figure = plot_points(points, groups, xlabel="x", ylabel="y")
    axes = figure.axes[0]
    labels = {text.get_text(): text for text in axes.texts}
    assert {name: label.xy for name, label in labels.items()} == {name: points[name] for name in ("a", "b", "far")}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
    figure.canvas.draw()
    boxes = [labels[name].get_window_extent() for name in ("a", "b")]
    assert not boxes[0].overlaps(boxes[1])
    assert abs(labels["far"].xyann[1]) < 1e-6
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")

"""Figures show pixels as they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402  (after the choice of what draws)

from fusion.show import plot_images, plot_lines, signed  # noqa: E402


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


def test_signed_values_are_drawn_around_middle_gray():
    assert_array_equal(signed([-0.25, 0, 0.25]), [0, 0.5, 1])


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


def test_lines_keep_values_and_names():
    x = np.arange(3)
    curves = {"box": np.array([1, 4, 9]), "guided": np.array([2, 3, 5])}
    (axes,) = plot_lines(x, curves, xlabel="radius (pixels)", ylabel="error (dB)").axes
    for line, (name, values) in zip(axes.get_lines(), curves.items(), strict=True):
        assert line.get_label() == name
        assert_array_equal(line.get_xydata(), np.column_stack([x, values]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("radius (pixels)", "error (dB)")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(curves)

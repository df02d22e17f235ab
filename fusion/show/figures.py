"""Pictures side by side, and curves, in one look for the whole book."""

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from data import to_float
from data.image import is_image_shape

PANEL = 4.2  # inches: width of one picture
DPI = 110
GAP = 0.06  # inches between two pictures
LABEL_AT = 12  # points of type, from a point to its label
LINE = 16  # pixels: height of a label
LABEL = 0.3  # inches above a picture for its label
BAR = 0.9  # inches beside maps for the bar of their colours
SIGNED_MEAN = 0.02  # an image whose mean is nearer to 0 than this is a layer around 0,
SIGNED_SHARE = 0.2  # if it also goes below 0, by this share of what it goes above


def plot_images(*images, labels=None, columns=None):
    """Draw pictures side by side, each pixel with its true value.

    Parameters
    ----------
    *images : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1], or uint8 or uint16; what lies outside is clipped. Gray and colour may be mixed, sizes may differ. An
        image around 0, such as a detail layer (a mean of less than 0.02 in amount, and values as far below 0 as a fifth of the largest), is drawn with 0
        as middle gray, and twice the contrast.
    labels : list of str, optional
        One above each picture.
    columns : int, optional
        Pictures in a row; by default up to four, and rows of equal length where possible.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no image, one is none, or there is not one label for each.
    """
    images = [np.asarray(image) for image in images]
    _check_drawable(images, labels)
    columns = columns or _columns(len(images))
    rows = math.ceil(len(images) / columns)
    panel = min(PANEL, 2 * PANEL / columns)
    height = panel * max(image.shape[0] / image.shape[1] for image in images)
    step = height + (LABEL if labels is not None else 0) + GAP
    size = (columns * (panel + GAP), rows * step)
    figure = plt.figure(figsize=size, dpi=DPI)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left, bottom = column * (panel + GAP), size[1] - (row + 1) * step
        axes = figure.add_axes((left / size[0], bottom / size[1], panel / size[0], height / size[1]))
        axes.imshow(_drawn(image), cmap="gray", vmin=0, vmax=1, interpolation="antialiased", aspect="equal")
        axes.set_axis_off()
        if labels is not None:
            axes.set_title(labels[index], fontsize=10, pad=5)
    return figure


def _check_drawable(images, labels):
    if not images:
        raise ValueError("plot_images draws at least one image, got none; give images, or a stack as *stack")
    for image in images:
        if not is_image_shape(image.shape):
            raise ValueError(
                f"an image has shape (H, W) or (H, W, 3), got {image.shape}; a stack needs a star: plot_images(*stack)"
            )
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"plot_images got {len(labels)} labels for {len(images)} images; give one label for each")


def _drawn(image):
    """Values between 0 and 1 that are drawn for an image."""
    image = to_float(image)
    around_zero = -image.min() > SIGNED_SHARE * image.max() and abs(image.mean()) < SIGNED_MEAN
    return np.clip(0.5 + 2 * image if around_zero else image, 0, 1)


def plot_maps(*maps, unit, labels=None, limits=None):
    """Draw maps of one quantity side by side, and a bar that tells what their colours mean.

    Parameters
    ----------
    *maps : ndarray of shape (H, W)
        Sizes may differ. Where a map is NaN, nothing is drawn.
    unit : str
        The quantity with its unit, written beside the bar.
    labels : list of str, optional
        One above each map.
    limits : pair of float, optional
        Values of the darkest and the brightest colour, the same in all maps; what lies outside takes these colours. By
        default 0, or the least value if that is below, and the largest value.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no map, one is none, or there is not one label for each.
    """
    maps = [np.asarray(values) for values in maps]
    _check_maps(maps, labels)
    least, most = limits or (min(0, *map(np.nanmin, maps)), max(map(np.nanmax, maps)))
    panel = min(PANEL, 2 * PANEL / len(maps))
    height = panel * max(values.shape[0] / values.shape[1] for values in maps)
    size = (len(maps) * panel + BAR, height + LABEL)
    figure, axes = plt.subplots(1, len(maps), figsize=size, dpi=DPI, layout="constrained", squeeze=False)
    for index, (values, place) in enumerate(zip(maps, axes[0], strict=True)):
        drawn = place.imshow(values, cmap="viridis", vmin=least, vmax=most, interpolation="nearest")
        place.set_axis_off()
        if labels is not None:
            place.set_title(labels[index], fontsize=10, pad=5)
    figure.colorbar(drawn, ax=list(axes[0]), label=unit, pad=0.02)
    return figure


def _check_maps(maps, labels):
    if not maps:
        raise ValueError("plot_maps draws at least one map, got none")
    for values in maps:
        if values.ndim != 2 or not np.isfinite(values).any():
            raise ValueError(f"a map has shape (H, W) and a number somewhere, got shape {values.shape}")
    if labels is not None and len(labels) != len(maps):
        raise ValueError(f"plot_maps got {len(labels)} labels for {len(maps)} maps; give one label for each")


def gray_to_rgb(image):
    """Repeat a gray image of shape (H, W) in three equal channels, (H, W, 3); a colour image stays as it is."""
    image = np.asarray(image)
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _columns(count):
    if count <= 4:
        return count
    return next((columns for columns in (4, 3) if count % columns == 0), 3)


def plot_lines(x, curves, *, xlabel, ylabel):
    """Draw curves over one axis.

    Parameters
    ----------
    x : ndarray of shape (n,)
    curves : dict of str to ndarray of shape (n,)
        Label and values of each curve.
    xlabel, ylabel : str
        With unit.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(7, 3), dpi=DPI, layout="constrained")
    for label, values in curves.items():
        axes.plot(x, values, label=label, linewidth=1.6)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=9)
    return figure


def plot_points(points, groups, *, xlabel, ylabel, named=True):
    """Draw one labelled point for each of several things, in the colour of its group.

    Parameters
    ----------
    points : dict of str to (float, float)
        Label, and where it lies. Points with a NaN are left out.
    groups : dict of str to str
        The group of each label.
    xlabel, ylabel : str
        With unit.
    named : bool, optional
        Write the label beside each point; too many of them hide each other.

    Returns
    -------
    matplotlib.figure.Figure
    """
    points = {label: point for label, point in points.items() if np.isfinite(point).all()}
    figure, axes = plt.subplots(figsize=(7, 4.2), dpi=DPI, layout="constrained")
    for group, marker in zip(dict.fromkeys(groups[label] for label in points), itertools.cycle("osD^")):
        members = np.array([point for label, point in points.items() if groups[label] == group])
        axes.scatter(*members.T, s=34, marker=marker, label=group, zorder=3)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    if named:
        low, high = axes.get_xlim()
        axes.set_xlim(low, high + 0.3 * (high - low))  # room for labels
        axes.margins(y=0.15)
    axes.legend(frameon=False, fontsize=9, loc="lower right" if named else "upper right")
    if named:
        _label(figure, axes, points)
    return figure


def _label(figure, axes, points):
    """Write the name of each point to its right, higher or lower where others are in the way."""
    line = {"arrowstyle": "-", "linewidth": 0.6, "color": "0.6", "shrinkA": 0, "shrinkB": 4}
    figure.canvas.draw()  # the layout settles, and with it where points lie in pixels
    places = [axes.transData.transform(point) for point in points.values()]
    labels = [
        axes.annotate(
            name, point, (LABEL_AT, 0), textcoords="offset points", va="center", fontsize=8.5, arrowprops=line
        )
        for name, point in points.items()
    ]
    widths = [label.get_window_extent().width for label in labels]
    for label, height, (_, y) in zip(labels, _heights_apart(places, widths), places, strict=True):
        label.set_position((LABEL_AT, (height - y) * 72 / DPI))


def _heights_apart(places, widths):
    """Heights of labels beside points, in pixels, pushed apart until none covers another one or a point."""
    start = np.array([x + LABEL_AT * DPI / 72 for x, _ in places])
    heights = np.array([y for _, y in places])
    for _ in range(200):
        for k, (x, width) in enumerate(zip(start, widths, strict=True)):
            beside = (start < x + width) & (x < start + widths) & (np.arange(len(start)) != k)
            below = [(px, py) for j, (px, py) in enumerate(places) if j != k and x - 8 < px < x + width]
            near = [*(heights[beside]), *(y for _, y in below)]
            for other in near:
                if abs(gap := heights[k] - other) < LINE:
                    heights[k] += (LINE - abs(gap)) / 2 * (1 if (gap, k) > (0, 0) else -1)
    return heights

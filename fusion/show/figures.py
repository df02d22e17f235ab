"""Pictures side by side, and curves, in one look for the whole book."""

import math

import matplotlib.pyplot as plt
import numpy as np

PANEL = 4.2  # inches: width of one picture
DPI = 110
GAP = 0.06  # inches between two pictures
LABEL = 0.3  # inches above a picture for its label


def plot_images(*images, labels=None, columns=None):
    """Draw pictures side by side, each pixel with its true value.

    Parameters
    ----------
    *images : ndarray of shape (H, W) or (H, W, 3)
        In [0, 1]; what lies outside is clipped. For a layer around 0 see `signed`.
    labels : list of str, optional
        One above each picture.
    columns : int, optional
        Pictures in a row; by default up to four, and rows of equal length where possible.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = columns or _columns(len(images))
    rows = math.ceil(len(images) / columns)
    height, width = images[0].shape[:2]
    panel = min(PANEL, 2 * PANEL / columns)
    top = LABEL if labels else 0
    size = (columns * (panel + GAP), rows * (panel * height / width + top + GAP))
    figure = plt.figure(figsize=size, dpi=DPI)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left, bottom = column * (panel + GAP), size[1] - (row + 1) * (panel * height / width + top + GAP)
        box = (left / size[0], bottom / size[1], panel / size[0], panel * height / width / size[1])
        axes = figure.add_axes(box)
        axes.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="antialiased", aspect="auto")
        axes.set_axis_off()
        if labels:
            axes.set_title(labels[index], fontsize=10, pad=5)
    return figure


def signed(image):
    """Return an image with values around 0, such as a detail layer, with 0 as middle gray and twice the contrast."""
    return 0.5 + 2 * np.asarray(image)


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

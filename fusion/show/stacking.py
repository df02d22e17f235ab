"""What fusing a focus stack does, in one figure: some of its frames, the result, and where each pixel comes from."""

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from data import to_float

LARGEST = 900  # pixels: longer side of a picture in the figure
WIDTH = 12.0  # inches
DPI = 120


def plot_stack(frames, fused, index, *, labels, count):
    """Draw frames of a stack above its fused image and the map of the frames that pixels come from.

    No display is needed.

    Parameters
    ----------
    frames : iterable of ndarray of shape (H, W) or (H, W, 3)
        Some of the frames, in [0, 1], or uint8 or uint16. One is asked for when the one before is drawn.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.
    index : ndarray of int of shape (H, W)
        Position of the frame that counts most in each pixel, from 0.
    labels : list of str
        One for each of the `frames`, at least one.
    count : int
        Frames in the whole stack.

    Returns
    -------
    matplotlib.figure.Figure
        Positions are numbered from 1 in it.
    """
    share = 1 / len(labels)
    aspect = fused.shape[0] / fused.shape[1]
    height = WIDTH * aspect * (share + 1 / 2) + 1.2
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, height_ratios=(share + 0.05, 1 / 2 + 0.05))
    for axes, frame, label in zip(_row(above, len(labels)), frames, labels, strict=True):
        _draw(axes, frame, label)
    left, right = _row(below, 2)
    _draw(left, fused, "fused")
    drawn = right.imshow(_thinned(index) + 1, cmap="viridis", vmin=1, vmax=max(2, count), interpolation="nearest")
    right.set_title("frame that counts most", fontsize=10)
    below.colorbar(drawn, ax=right, label="frame", shrink=0.8)
    return figure


def pixels_of(figure):
    """Return a figure as a picture, uint8 of shape (H, W, 3).

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _reduced(image):
    """Return a picture as float32, its longer side at most `LARGEST` pixels."""
    scale = LARGEST / max(image.shape[:2])
    if scale < 1:
        size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return to_float(image)


def _row(figure, count):
    row = figure.subplots(1, count, squeeze=False)[0]
    for axes in row:
        axes.set_axis_off()
    return row


def _draw(axes, image, label):
    axes.imshow(_reduced(image), cmap="gray", vmin=0, vmax=1)
    text = label.encode("utf-8", "backslashreplace").decode()  # names of files may hold what is no character
    axes.set_title(text, fontsize=10, parse_math=False)


def _thinned(index):
    """Take some rows and columns of a map, whose values cannot be averaged."""
    step = -(-max(index.shape) // LARGEST)
    return index[::step, ::step].astype(np.int32)

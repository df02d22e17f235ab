"""Depth maps in colours that never show a guess as near or far, and what single pixels say of their depth."""

from itertools import cycle

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from data import to_float
from data.image import is_image_shape
from fusion.depth.preview import hidden_pixels, limits_of
from fusion.show.figures import gray_to_rgb, plot_lines, plot_maps

GRAY = 0.72  # of an unsure pixel, under hatches
DULL = (0.45, 0.85)  # what black and white of a picture become where depth is unsure: no colour of a map is so gray
LEGEND = 0.3  # inches
POINTS = 40  # of a curve through three samples


def plot_depth(depth, *, unsure=None, unit="frames", image=None, labels=None, limits=None):
    """Draw depth maps side by side, in one scale of colours.

    Parameters
    ----------
    depth : ndarray of shape (H, W), list of ndarray, or dict of str to ndarray
        One map, or several of one quantity. The keys of a dict are the labels.
    unsure : as `depth`, of bool, optional
        Where a depth is not to be trusted; None stands for nowhere, also among several. There, the map has no colour:
        it is gray and hatched, or shows the `image`, gray and dull. So are pixels that are not finite.
    unit : str, optional
        Of the depth, written beside the bar.
    image : ndarray of shape (H, W) or (H, W, 3), optional
        What is seen where the depth is unsure.
    labels : list of str, optional
        One above each map.
    limits : pair of float, optional
        Depths of the darkest and the brightest colour; what lies outside takes these colours. By default the least and
        the largest depth that is sure in any of the maps.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a map is none, `unsure` or the image has another shape, the limits are not finite or do not rise, or there is
        not one label for each map.
    """
    maps, labels = _listed(depth, labels)
    masks = [hidden_pixels(*pair) for pair in zip(maps, _listed_masks(unsure, depth, len(maps)))]
    image = None if image is None else np.asarray(image)
    _check_image(image, maps)
    limits = limits_of(maps, masks, limits)
    finite = [np.nan_to_num(values.astype(float)) for values in maps]
    figure = plot_maps(*finite, unit=f"depth ({unit})", labels=labels, limits=limits)
    for axes, values, mask in zip(figure.axes, maps, masks):
        axes.images[0].set_data(np.ma.masked_array(values, mask))
        if mask.any():
            _underlay(axes, mask.shape, image)
    if any(mask.any() for mask in masks):
        _explain_gray(figure, hatched=image is None)
    return figure


def _listed(depth, labels):
    """Maps and labels of one map, several, or a dict."""
    if isinstance(depth, dict):
        if labels is not None:
            raise ValueError(f"plot_depth got labels {labels!r} and maps that have labels already; give one of both")
        depth, labels = list(depth.values()), list(depth)
    maps = [np.asarray(values) for values in (depth if isinstance(depth, list | tuple) else [depth])]
    return maps, labels


def _listed_masks(unsure, depth, count):
    """A mask or None for each map."""
    if isinstance(unsure, dict):
        if not isinstance(depth, dict) or not unsure.keys() <= depth.keys():
            raise ValueError(f"unsure has the labels {list(unsure)}, which must be labels of the depth maps")
        unsure = [unsure.get(label) for label in depth]
    elif not isinstance(unsure, list | tuple):
        unsure = [unsure] * count
    if len(unsure) != count:
        raise ValueError(f"plot_depth got {len(unsure)} masks for {count} maps; give one for each, or None")
    return unsure


def _check_image(image, maps):
    if image is None:
        return
    if not is_image_shape(image.shape) or any(image.shape[:2] != values.shape for values in maps):
        shapes = " and ".join(sorted({str(values.shape) for values in maps}))
        raise ValueError(
            f"image has shape {image.shape}, the depth {shapes}; give the picture that the depth belongs to"
        )


def _underlay(axes, shape, image):
    """Draw what is seen through the holes of a map."""
    height, width = shape
    place = (-0.5, width - 0.5, height - 0.5, -0.5)
    if image is None:
        hatched = Rectangle(
            (-0.5, -0.5), width, height, facecolor=str(GRAY), edgecolor="0.45", hatch="////", linewidth=0, zorder=-1
        )
        axes.add_patch(hatched)
    else:
        light = gray_to_rgb(to_float(image)).mean(axis=2).clip(0, 1)
        axes.imshow(
            DULL[0] + (DULL[1] - DULL[0]) * light, cmap="gray", vmin=0, vmax=1, extent=place, zorder=-1, aspect="equal"
        )


def _explain_gray(figure, *, hatched):
    look = {"facecolor": str(GRAY), "hatch": "////"} if hatched else {"facecolor": str(sum(DULL) / 2)}
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + LEGEND)
    handle = Patch(label="unsure", edgecolor="0.45", linewidth=0, **look)
    figure.legend(handles=[handle], loc="outside lower center", frameon=False, fontsize=9)


def plot_profiles(profiles, *, positions=None, peaks=None, unit="frames", ylabel="focus measure"):
    """Draw the focus measure of single pixels through the stack, and where their depth was found.

    Parameters
    ----------
    profiles : dict of str to ndarray of shape (N,)
        Label of a pixel, and its focus measure in each frame.
    positions : ndarray of shape (N,), optional
        Of the frames, rising or falling; by default their numbers from 0.
    peaks : dict of str to float, optional
        Depth found for some of the pixels, in the unit of the positions. It is marked by a dotted line; dashes are the
        Gaussian through the three frames around it, where they have one that is highest between them.
    unit : str, optional
        Of the positions.
    ylabel : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If profiles are of several lengths or not as long as the positions, or a peak belongs to none of them.
    """
    curves = {label: np.asarray(values, float) for label, values in profiles.items()}
    peaks = peaks or {}
    positions = _checked_positions(positions, curves, peaks)
    xlabel = "frame" if unit == "frames" else f"position of the frame ({unit})"
    figure = plot_lines(positions, curves, xlabel=xlabel, ylabel=ylabel)
    axes = figure.axes[0]
    for line, (label, values), marker in zip(axes.get_lines(), curves.items(), cycle("osD^")):
        line.set(marker=marker, markersize=4, linewidth=0.8)
        if label in peaks:
            _mark_peak(axes, positions, values, peaks[label], line.get_color())
    if peaks:
        _explain_peaks(axes)
    return figure


def gaussian_around(positions, values, peak):
    """Fit a Gaussian through the three samples around a peak.

    Parameters
    ----------
    positions, values : ndarray of shape (N,)
        Samples, in the order of positions.
    peak : float
        Where the three are taken from; the middle one is the sample nearest to it that has two neighbours.

    Returns
    -------
    (ndarray of shape (K,), ndarray of shape (K,)) or None
        The curve between the outer two samples. None without three samples, where one of them is not positive, or
        where they have no maximum.
    """
    if len(values) < 3:
        return None
    middle = int(np.clip(np.abs(positions - peak).argmin(), 1, len(values) - 2))
    x, y = (samples[middle - 1 : middle + 2] for samples in (positions - positions[middle], values))
    if not (y > 0).all():
        return None
    parabola = np.polyfit(x, np.log(y), 2)
    if not parabola[0] < 0:
        return None
    between = np.linspace(x[0], x[-1], POINTS)
    return positions[middle] + between, np.exp(np.polyval(parabola, between))


def _checked_positions(positions, curves, peaks):
    lengths = {label: len(values) for label, values in curves.items()}
    if not lengths:
        raise ValueError("plot_profiles draws at least one profile, got none")
    count = next(iter(lengths.values()))
    positions = np.arange(count) if positions is None else np.asarray(positions, float)
    if set(lengths.values()) != {len(positions)}:
        raise ValueError(f"profiles have one number for each of the {len(positions)} positions, got {lengths}")
    strangers = sorted(peaks.keys() - curves.keys())
    if strangers:
        raise ValueError(f"peaks name {', '.join(strangers)}, but profiles are {', '.join(curves)}")
    return positions


def _mark_peak(axes, positions, values, peak, colour):
    axes.axvline(peak, color=colour, linestyle=":", linewidth=1.2)
    curve = gaussian_around(positions, values, peak)
    if curve is not None:
        axes.plot(*curve, color=colour, linestyle="--", linewidth=2)


def _explain_peaks(axes):
    """Add to the legend what dotted and dashed lines are."""
    handles, labels = axes.get_legend_handles_labels()
    handles += [Line2D([], [], color="0.4", linestyle=":"), Line2D([], [], color="0.4", linestyle="--", linewidth=2)]
    axes.legend(handles, [*labels, "depth found", "Gaussian of three frames"], frameon=False, fontsize=9)

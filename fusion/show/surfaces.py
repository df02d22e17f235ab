"""A height field to turn: a surface in three dimensions, in HTML that needs nothing but a browser.

Heights are packed with 16 bits, and beside them which triangles there are, as `fusion.depth.mesh` decides; the picture
that lies on the surface is finer than its grid. Where no script runs, or nothing can be drawn, picture and heights stand
side by side.
"""

import base64
import json
import math
import zlib

import cv2
import numpy as np

from data.image import to_integers
from fusion.depth.mesh import check_positive, height_grid, used_vertices
from fusion.depth.preview import colours_of
from fusion.show.embed import data_uri
from fusion.show.widgets import NARROWEST, TEMPLATES, Widget

MOST = 512 * 512  # vertices: more would be finer than what a screen shows, and make a page of over a megabyte
FINEST = 1024  # pixels along the larger side of the picture on the surface
RELIEF = 0.3  # of the larger side: how high a surface stands whose pixels have no known size
HOLE = 128  # gray of what is not known, between heights in colour
DEEPEST = 65535  # of heights with 16 bits
STOPS = 17  # colours that a browser gets, to mix the others from
NO_SCALE = "Heights are not to scale: the size of a pixel is not known."
TO_SCALE = "To scale at × 1."
DOUBLINGS = 3  # of heights, from the middle of the slider to its ends
SCRIPTS = ("surface-grid.js", "surface-gl.js", "grip.js", "surface.js")


def surface(
    height,
    image,
    *,
    hidden=None,
    largest_step=None,
    unit="frames",
    pixel_size=None,
    exaggeration=1.0,
    most=MOST,
    alt=None,
):
    """Show a height field as a surface that is turned with mouse, fingers and keys.

    It shows the picture that lies on the surface, colours for heights, or the bare shape in the light.

    Parameters
    ----------
    height : ndarray of shape (H, W)
        Towards the viewer, in `unit`; NaN where it is not known. The depth of a stack that begins with the nearest frame
        grows away from the viewer: give its negative.
    image : ndarray of shape (H, W) or (H, W, 3)
        Picture that lies on the surface: float in [0, 1], uint8 or uint16. It becomes 8-bit WebP of quality 95.
    hidden : ndarray of bool of shape (H, W), optional
        Pixels to leave out, such as those of unsure depth.
    largest_step : float, optional
        Largest difference of heights over one triangle; larger ones are left as gaps. By default that of
        `fusion.depth.mesh.default_step`.
    unit : str, optional
        Of `height`.
    pixel_size : float, optional
        Distance between two pixels, in `unit`. Without it proportions are not known, and heights are drawn so that all
        of them together take three tenths of the larger side.
    exaggeration : float, optional
        By how much heights are drawn larger at first. A slider changes it by up to 8 times.
    most : int, optional
        Most points; a larger height field is reduced as by `fusion.depth.mesh.surface_mesh`.
    alt : str, optional
        What there is to see, for those who do not see it.

    Returns
    -------
    Widget

    Raises
    ------
    DataError
        If `image` is no picture in [0, 1].
    ValueError
        If shapes differ, an option is out of range, or nothing is left of the surface.
    """
    check_positive("exaggeration", exaggeration)
    if pixel_size is not None:
        check_positive("pixel_size", pixel_size)
    grid = height_grid(height, image, hidden=hidden, largest_step=largest_step, most=most)
    pixels = to_integers(np.asarray(image), np.uint8)
    used = used_vertices(grid.squares)
    low, high = float(grid.height[used].min()), float(grid.height[used].max())
    levels = _levels(grid.height, used, low, high)
    size, ends = pixels.shape[1::-1], [f"{_number(end)} {unit}" for end in (low, high)]
    labels = ("picture", f"height in {unit}")
    content = TEMPLATES.filled_in(
        "surface.html",
        {"gradient": _gradient()},
        picture=data_uri(_reduced(pixels)),
        heights=data_uri(_reduced(_coloured(levels, used))),
        width=size[0],
        height=size[1],
        picture_label=labels[0],
        heights_label=labels[1],
        low=ends[0],
        high=ends[1],
        alt=alt or f"surface, {ends[0]} to {ends[1]} high",
        view=json.dumps(_view(grid, size, ends, high - low, pixel_size, unit)),
        packed=_packed(levels, grid.squares),
        proportions=NO_SCALE if pixel_size is None else TO_SCALE,
        **_slider(exaggeration),
    )
    return Widget("surface", labels, size, _document(content, alt or f"surface: {', '.join(labels)}"))


def surface_page(height, image, *, title="Surface", **options):
    """Write a page that shows a height field as a surface, and needs nothing but a browser.

    Parameters
    ----------
    height, image, **options
        As for `surface`.
    title : str, optional
        Of the page.

    Returns
    -------
    str
        A whole HTML document.
    """
    widget = surface(height, image, **options)
    return TEMPLATES.filled_in("surface-page.html", {"widget": widget.html}, title=title)


def _document(content, alt):
    """Put style and scripts around the content of a widget; the scripts share one scope, and see it as `root`."""
    scripts = "".join(map(TEMPLATES.text_of, SCRIPTS))
    markup = {
        "style": TEMPLATES.text_of("widgets.css") + TEMPLATES.text_of("surface.css"),
        "content": content,
        "script": f"((root) => {{\n{scripts}}})(document.currentScript.parentElement);\n",
    }
    return TEMPLATES.filled_in(
        "widget.html", markup, kind="surface", alt=alt, width=NARROWEST, columns=2, narrow_columns=1
    )


def _view(grid, size, ends, span, pixel_size, unit):
    """What the scripts must know of a surface beside its heights."""
    lift = RELIEF if pixel_size is None else span / pixel_size / max(size)
    return {
        "grid": grid.height.shape[::-1],
        "cell": grid.cell,
        "corner": grid.corner[::-1],
        "size": size,
        "lift": lift if span > 0 else 0,
        "palette": _palette(STOPS).tolist(),
        "sides": [_length(side, pixel_size, unit) for side in size],
        "heights": ends,
    }


def _slider(exaggeration):
    """Ends and start of the slider, which counts how often heights are doubled."""
    start = math.log2(exaggeration)
    return {"least": start - DOUBLINGS, "start": start, "largest": start + DOUBLINGS, "factor": f"{exaggeration:.1f}"}


def _levels(height, used, low, high):
    """Heights as uint16, from 0 for `low` to 65535 for `high`; 0 where no triangle has a corner."""
    share = (np.where(used, height, low) - low) / ((high - low) or 1)
    return np.rint(share * DEEPEST).astype(np.uint16)


def _packed(levels, squares):
    """Compress levels, as differences from one to the next, high and low bytes apart, and squares after them."""
    steps = np.diff(levels.ravel(), prepend=np.uint16(0))
    planes = b"".join(plane.astype(np.uint8).tobytes() for plane in (steps >> 8, steps & 255, squares))
    return base64.b64encode(zlib.compress(planes, 9)).decode("ascii")


def _reduced(pixels):
    """Picture of at most `FINEST` pixels along its larger side."""
    scale = FINEST / max(pixels.shape[:2])
    size = [max(1, round(scale * side)) for side in pixels.shape[1::-1]]
    return pixels if scale >= 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _coloured(levels, used):
    """Picture of heights in colour, gray where there is none."""
    picture = _palette(256)[levels >> 8]
    picture[~used] = HOLE
    return picture


def _palette(count):
    """Colours from low to high, (count, 3) uint8: viridis, which the colour-blind and printers in gray tell apart."""
    return colours_of(np.linspace(0, 1, count))


def _gradient():
    """The palette as colours of CSS."""
    return ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in _palette(STOPS))


def _length(pixels, pixel_size, unit):
    return f"{pixels} px" if pixel_size is None else f"{_number(pixels * pixel_size)} {unit}"


def _number(value):
    """Three digits of a number, without an exponent where that is not needed; a minus sign as it is printed."""
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return text.replace("-", "−")

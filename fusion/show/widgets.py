"""Pictures to compare, to run through and to look into: HTML that needs nothing but a browser.

Templates, style and scripts lie in templates/. A script finds its widget by where it stands itself, so that a page may
hold several, alike or not. ``data-lm-suppress-shortcuts`` on a control keeps JupyterLab from taking its keys.
"""

from dataclasses import dataclass

from data import Stack
from data.image import is_one_colour_image
from fusion.show.embed import data_uri, to_pixels
from fusion.templates import Templates

SCRIPTS = {"compare": ("compare.js",), "scrub": ("scrub.js",), "zoom": ("grip.js", "zoom.js")}
TEMPLATES = Templates("fusion.show")
NARROWEST = 480  # CSS pixels: smaller pictures are enlarged to it


@dataclass(frozen=True, repr=False)
class Widget:
    """An interactive picture, shown where it is the last value of a cell.

    Made by `compare`, `scrub`, `zoom`, `surface` and `thin_lens`. It carries its pictures, style and script along and
    asks no host for anything. Where scripts do not run, its pictures stand side by side.

    Attributes
    ----------
    kind : str
        "compare", "scrub", "zoom", "surface" or "lens".
    labels : tuple of str
        One for each picture; of the lens, what is drawn.
    size : tuple of int
        Width and height of each picture, or of the drawing, in pixels.
    html : str
    """

    kind: str
    labels: tuple
    size: tuple
    html: str

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return f"<{self.kind}: {' | '.join(self.labels)}, {self.size[0]} x {self.size[1]} pixels>"


def compare(before, after, *, labels=("before", "after"), alt=None):
    """Lay one picture over another, with a divider to move.

    Parameters
    ----------
    before, after : ndarray of shape (H, W) or (H, W, 3)
        What is seen left and right of the divider. Float in [0, 1], what lies outside is clipped; or uint8, uint16.
        Pictures become 8-bit WebP of quality 95.
    labels : pair of str, optional
    alt : str, optional
        What there is to see, for those who do not see it.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If an array is no picture, the two differ in size, or there are not two labels.
    """
    return _widget("compare", [before, after], labels, alt)


def scrub(frames, *, labels=None, alt=None):
    """Show one frame of a stack at a time, with a slider to run through them.

    Parameters
    ----------
    frames : Stack, ndarray of shape (N, H, W) or (N, H, W, 3), or list of ndarray
        Pictures as `compare` takes them; a `Stack` is read frame by frame. All of them become part of the page.
    labels : list of str, optional
        One for each frame; by default the names of a `Stack`, else "frame 0", "frame 1" and so on.
    alt : str, optional
        What there is to see, for those who do not see it.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If there is no frame, a frame is no picture, two differ in size, or there are not as many labels as frames.
    """
    if is_one_colour_image(frames):
        raise ValueError(f"frames of shape {frames.shape} are one colour picture; wrap it in a list to show it alone")
    if labels is None:
        labels = frames.names if isinstance(frames, Stack) else [f"frame {index}" for index in range(len(frames))]
    return _widget("scrub", frames, labels, alt)


def zoom(*images, labels=None, alt=None):
    """Show pictures side by side that are enlarged and moved together.

    Parameters
    ----------
    *images : ndarray of shape (H, W) or (H, W, 3)
        Pictures as `compare` takes them.
    labels : list of str, optional
        One above each picture; by default "picture 0", "picture 1" and so on.
    alt : str, optional
        What there is to see, for those who do not see it.

    Returns
    -------
    Widget

    Raises
    ------
    ValueError
        If there is no picture, an array is none, two differ in size, or there are not as many labels as pictures.
    """
    if labels is None:
        labels = [f"picture {index}" for index in range(len(images))]
    return _widget("zoom", images, labels, alt)


def _widget(kind, images, labels, alt):
    labels = _checked_labels(labels, len(images))
    panes, sizes = [], []
    for label, image in zip(labels, images):
        pixels = to_pixels(label, image)
        sizes.append(pixels.shape[1::-1])
        _check_size(label, sizes[-1], labels[0], sizes[0])
        panes.append(_pane(label, pixels))
    content = TEMPLATES.filled_in(
        f"{kind}.html", {"panes": "".join(panes)}, first=labels[0], second=labels[-1], last_index=len(panes) - 1
    )
    script = f"{{\n{''.join(map(TEMPLATES.text_of, SCRIPTS[kind]))}}}\n"
    document = TEMPLATES.filled_in(
        "widget.html",
        {"style": TEMPLATES.text_of("widgets.css"), "content": content, "script": script},
        kind=kind,
        alt=alt or f"{kind}: {', '.join(labels)}",
        width=max(sizes[0][0], NARROWEST),
        columns={4: 2}.get(len(panes), min(len(panes), 3)),
        narrow_columns=1 if len(panes) <= 2 else 2,
    )
    return Widget(kind, labels, sizes[0], document)


def _pane(label, pixels):
    height, width = pixels.shape[:2]
    return TEMPLATES.filled_in("pane.html", label=label, source=data_uri(pixels), width=width, height=height)


def _checked_labels(labels, count):
    if count == 0:
        raise ValueError("no picture was given; give at least one")
    if isinstance(labels, str) or len(labels) != count:
        raise ValueError(f"labels are {labels!r} for {count} pictures; give a list with one label for each")
    return tuple(str(label) for label in labels)


def _check_size(name, size, first_name, first_size):
    if size != first_size:
        raise ValueError(
            f"{name} has {size[0]} x {size[1]} pixels, but {first_name} has {first_size[0]} x {first_size[1]}; "
            "pictures shown together are of one size: crop or scale one of them"
        )

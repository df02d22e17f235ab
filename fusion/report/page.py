"""The page of a comparison: one file of HTML that holds its pictures and asks nothing of any host."""

import base64
import hashlib
from functools import partial

import cv2
import numpy as np

from fusion.report import sections
from fusion.report.budget import Fitted, fitted, reduced_size
from fusion.report.sections import TEMPLATES
from fusion.show.widgets import TEMPLATES as WIDGETS

LIMIT = 14_000_000  # bytes of the page
CROPS, MAP = 0.5, 0.05  # of the page, at most for crops, and for the picture that numbers them; pictures get the rest
SPARE = 1000  # bytes, for numbers that are known only when the pictures are encoded
OVERVIEW = 640  # pixels: the longer side of the picture on which regions are numbered
LINKS = {
    "viewer": "Pictures",
    "regions": "Differences",
    "scores": "Scores",
    "traits": "Frames",
    "failures": "Failures",
    "commands": "Commands",
}
STYLES = ("page.css", "viewer.css")
EARLY, SCRIPTS = ("early.js",), ("viewer.js", "table.js", "copy.js", "print.js")


def page_of(report, *, limit=LIMIT):
    """Write a comparison as one document.

    Parameters
    ----------
    report : fusion.report.contents.Report
        Its pictures are embedded as WebP. Where they do not fit, all are encoded coarser, and then reduced, alike.
    limit : int, optional
        Bytes that the document does not exceed.

    Returns
    -------
    str
        HTML, to be stored as UTF-8.

    Raises
    ------
    ValueError
        If there is no result, pictures are not uint8 or differ in size, or the page does not fit into the limit.
    """
    pictures = _pictures(report)
    crops = fitted(_crops(report), _binary(CROPS * limit))
    overview = fitted(_overview(report), _binary(MAP * limit))
    document = partial(_document, report, pictures, crops, overview)
    rest = limit - SPARE - len(document(_nothing(pictures)).encode())
    return document(fitted([picture.pixels for picture in pictures], _binary(rest) - 3 * len(pictures)))


def _pictures(report):
    """All pictures of a report: results, then frames."""
    if not report.results:
        raise ValueError("the report holds no result; a page compares at least one")
    pictures = [result.picture for result in report.results] + list(report.frames)
    first = pictures[0]
    for picture in pictures:
        if picture.pixels.dtype != np.uint8:
            raise ValueError(f"{picture.title} has type {picture.pixels.dtype}; a page shows uint8: convert it")
        if picture.pixels.shape[:2] != first.pixels.shape[:2]:
            raise ValueError(
                f"{picture.title} has shape {picture.pixels.shape}, but {first.title} has {first.pixels.shape}; "
                "pictures that are compared are of one size"
            )
    return pictures


def _crops(report):
    """Every region of every result, region by region."""
    return [_cut(result.picture.pixels, region) for region in report.regions for result in report.results]


def _cut(pixels, region):
    return pixels[region.y : region.y + region.height, region.x : region.x + region.width]


def _overview(report):
    """The recommended result, small, if there are regions to number on it; as a list of one or none."""
    pixels = report.results[0].picture.pixels
    size = reduced_size(pixels, min(1, OVERVIEW / max(pixels.shape[:2])))
    return [cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)] if report.regions else []


def _binary(characters):
    """Bytes that so many characters of base 64 hold."""
    return 3 * characters / 4


def _nothing(pictures):
    """What takes the place of encoded pictures while the rest of the page is measured."""
    sizes = [reduced_size(picture.pixels, 1) for picture in pictures]
    return Fitted([b""] * len(pictures), sizes, 1.0, 0)


def _document(report, pictures, crops, overview, embedded):
    """The whole page."""
    early, script = _joined(EARLY), _joined(SCRIPTS, helpers=WIDGETS.text_of("grip.js"))
    height, width = pictures[0].pixels.shape[:2]
    size = {"width": width, "height": height}
    parts = {
        "viewer": sections.viewer(pictures, len(report.results), embedded, size),
        "regions": sections.regions(report, crops, overview, size),
        "scores": sections.scores(report),
        "traits": sections.traits(report),
        "failures": sections.failures(report),
        "commands": sections.commands(report),
    }
    return TEMPLATES.filled_in(
        "page.html",
        {
            "style": "".join(map(TEMPLATES.text_of, STYLES)),
            "early": early,
            "script": script,
            "summary": sections.summary(report, size),
            "links": "".join(f'<a href="#{name}">{LINKS[name]}</a> ' for name, part in parts.items() if part),
            "parts": "".join(parts.values()),
        },
        title=report.title,
        policy=_policy(early, script),
        made_by=report.made_by,
    )


def _joined(names, helpers=""):
    """Scripts one after the other, each in a scope of its own."""
    return helpers + "".join(f"{{\n{TEMPLATES.text_of(name)}}}\n" for name in names)


def _policy(*scripts):
    """What the page allows itself: the scripts that we wrote, its style and the pictures that it holds."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; "
        "base-uri 'none'; form-action 'none'"
    )

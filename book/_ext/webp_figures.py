"""Show figures as lossless WebP: the same pixels in about two thirds of the bytes of a PNG.

Pages draw their figures as PNG. After the build each is written once more, where that is smaller, and pages name the
new file. What was written is kept beside the site, by the content of the figure.
"""

import hashlib
import re
from pathlib import Path

from PIL import Image

from data.io import replacing

FIGURE = re.compile(r"(_images/[^\"'\s<>]+)\.png\b")


def as_webp(figure, kept):
    """Write a figure as lossless WebP, or take what was written before.

    Parameters
    ----------
    figure : Path
        A PNG file.
    kept : Path
        Folder of what was written before.

    Returns
    -------
    bytes
    """
    content = figure.read_bytes()
    path = kept / f"{hashlib.sha256(content).hexdigest()}.webp"
    if not path.exists():
        with Image.open(figure) as image, replacing(path) as new:
            image.save(new, "WEBP", lossless=True, method=4, exact=True)
    return path.read_bytes()


def replace_figures(images, kept):
    """Replace the figures of a folder that are smaller as WebP; return their names without the suffix."""
    kept.mkdir(parents=True, exist_ok=True)
    for figure in sorted(images.glob("*.png")):
        smaller = as_webp(figure, kept)
        if len(smaller) < figure.stat().st_size:
            figure.with_suffix(".webp").write_bytes(smaller)
            figure.unlink()
            yield figure.stem


def rename_in(text, names):
    """Name the new files in the text of a page."""
    return FIGURE.sub(lambda found: f"{found[1]}.webp" if found[1].rpartition("/")[2] in names else found[0], text)


def write_figures(app, exception):
    """Replace the figures of the built site."""
    site = Path(app.outdir)
    if exception or app.builder.format != "html" or not (site / "_images").is_dir():
        return
    names = set(replace_figures(site / "_images", site.parent / ".figures"))
    for page in site.rglob("*.html") if names else ():
        text = page.read_text(encoding="utf-8")
        renamed = rename_in(text, names)
        if renamed != text:
            page.write_text(renamed, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", write_figures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Show figures as WebP, so that pages stay light.

Pages draw their figures as PNG. After the build each is written once more, where that is smaller, and pages name the
new file: the same pixels in about two thirds of the bytes, or, for large ones, which are photographs, pixels that lie
within a level or two. What was written is kept beside the site, by the content of the figure.
"""

import hashlib
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from data.io import replacing
from fusion.metrics import psnr

LARGE = 150_000  # bytes: a figure that is larger without loss is written with a little
QUALITY = 95  # of WebP with loss
LEAST = 30.0  # dB to the figure, or it is written without loss all the same: grain of single pixels loses more
FIGURE = re.compile(r"(_images/[^\"'\s<>]+)\.png\b")


def as_webp(figure, kept):
    """Write a figure as WebP, without loss unless it is large, or take what was written before.

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
    path = kept / f"{hashlib.sha256(content).hexdigest()}-{QUALITY}-{LEAST:.0f}.webp"
    if not path.exists():
        with Image.open(figure) as image, replacing(path) as new:
            image.save(new, "WEBP", lossless=True, method=4, exact=True)
            if new.stat().st_size > LARGE and (coarser := with_loss(image)) is not None:
                new.write_bytes(coarser)
    return path.read_bytes()


def with_loss(image):
    """Encode a picture with a little loss; None if that changes it too much."""
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=QUALITY, method=4, use_sharp_yuv=True)
    with Image.open(encoded) as decoded:
        pair = [np.asarray(picture.convert("RGB"), np.float32) / 255 for picture in (image, decoded)]
    return encoded.getvalue() if psnr(*pair) >= LEAST else None


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

"""Drop from the built site what no page loads: other builds of MathJax, source maps, translations, old font formats.

MathJax comes whole with sphinx-mathjax-offline, in eight builds and with speech in twelve languages. Pages load one
build, its extensions when a formula needs them, and its fonts.
"""

import re
import shutil
from pathlib import Path

UNUSED = ("**/*.map", "locales", "sphinx-thebe.js", "vendor/**/*.ttf")
MATHJAX = ("input/tex/extensions/*.js", "output/chtml/fonts/woff-v2/*")
OLD_FONT = re.compile(r""",\s*url\([^)]*\.ttf[^)]*\)\s*format\(["']truetype["']\)""")


def unused(static, *, entry):
    """List what no page loads.

    Parameters
    ----------
    static : Path
        Folder ``_static`` of the site.
    entry : str
        The build of MathJax that pages load, from there.

    Returns
    -------
    list of Path
        Files and folders.
    """
    mathjax = static / Path(entry).parts[0]
    kept = {static / entry, *(path for pattern in MATHJAX for path in mathjax.glob(pattern))}
    return [
        *(path for pattern in UNUSED for path in static.glob(pattern)),
        *(path for path in mathjax.rglob("*") if path.is_file() and path not in kept),
    ]


def forget_old_fonts(sheet):
    """Take fonts that were dropped out of a style sheet: each is named after a newer format."""
    text = sheet.read_text(encoding="utf-8")
    shorter = OLD_FONT.sub("", text)
    if shorter != text:
        sheet.write_text(shorter, encoding="utf-8")


def slim(app, exception):
    """Remove what is unused, and folders that are left empty."""
    static = Path(app.outdir) / "_static"
    if exception or app.builder.format != "html":
        return
    for path in unused(static, entry=app.config.mathjax_path):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in sorted((path for path in static.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for sheet in static.glob("vendor/**/*.css"):
        forget_old_fonts(sheet)


def setup(app):
    """Register with Sphinx, after the extension that copies MathJax."""
    app.connect("build-finished", slim, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""What no page loads is dropped from the built site, and nothing else."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import slim

KEPT = [
    "mathjax/tex-chtml.js",
    "mathjax/input/tex/extensions/boldsymbol.js",
    "mathjax/output/chtml/fonts/woff-v2/MathJax_Main-Regular.woff",
    "scripts/bootstrap.js",
    "book.css",
    "vendor/awesome/css/all.min.css",
    "vendor/awesome/webfonts/solid.woff2",
]
DROPPED = [
    "mathjax/tex-svg.js",
    "mathjax/input/mml.js",
    "mathjax/output/svg/fonts/tex.js",
    "mathjax/sre/mathmaps/en.json",
    "scripts/bootstrap.js.map",
    "locales/de/LC_MESSAGES/booktheme.mo",
    "vendor/awesome/webfonts/solid.ttf",
    "sphinx-thebe.js",
]
FONT = 'src:url(../webfonts/solid.woff2) format("woff2"),url(../webfonts/solid.ttf) format("truetype")}'


@pytest.fixture
def app(tmp_path):
    """A site with files of both kinds."""
    for name in KEPT + DROPPED:
        path = tmp_path / "_static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FONT if name.endswith(".css") else name)
    return SimpleNamespace(
        outdir=tmp_path,
        builder=SimpleNamespace(format="html"),
        config=SimpleNamespace(mathjax_path="mathjax/tex-chtml.js"),
    )


def left(app):
    """List the files of a site."""
    static = Path(app.outdir) / "_static"
    return {path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file()}


def test_only_what_pages_load_is_left(app):
    slim.slim(app, None)
    assert left(app) == set(KEPT)
    assert not (app.outdir / "_static" / "locales").exists()
    assert not (app.outdir / "_static" / "mathjax" / "sre").exists()


def test_style_sheets_forget_fonts_that_are_gone(app):
    slim.slim(app, None)
    text = (app.outdir / "_static" / "vendor/awesome/css/all.min.css").read_text()
    assert text == 'src:url(../webfonts/solid.woff2) format("woff2")}'


def test_once_more_changes_nothing(app):
    slim.slim(app, None)
    slim.slim(app, None)
    assert left(app) == set(KEPT)


def test_another_build_of_mathjax_is_kept_where_it_is_asked_for(app):
    app.config.mathjax_path = "mathjax/tex-svg.js"
    slim.slim(app, None)
    assert "mathjax/tex-svg.js" in left(app) and "mathjax/tex-chtml.js" not in left(app)


def test_a_failed_build_or_another_format_keeps_all(app):
    slim.slim(app, ValueError())
    app.builder.format = "latex"
    slim.slim(app, None)
    assert left(app) == {*KEPT, *DROPPED}

"""Figures of the built site are WebP, with the same pixels but for large ones, and pages name them."""

import io
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import webp_figures
from PIL import Image

from fusion.metrics import psnr

PAGE = '<a href="../_images/{0}.png"><img alt="A" src="../_images/{0}.png"></a><img src="../_images/tiny.png">'


@pytest.fixture
def app(tmp_path):
    """A site with one large figure, with a transparent corner, one that WebP makes larger, and a page."""
    site = tmp_path / "html"
    (site / "_images").mkdir(parents=True)
    (site / "book").mkdir()
    ramp = np.add.outer(np.arange(200), np.arange(300)) // 2
    pixels = np.stack(
        [ramp, ramp.T[:200, :200].repeat(2, axis=1)[:, :300], ramp // 2, np.full_like(ramp, 255)], axis=-1
    )
    pixels[:20, :20, 3] = 0
    Image.fromarray(pixels.astype(np.uint8)).save(site / "_images" / "figure.png", compress_level=1)
    (site / "_images" / "tiny.png").write_bytes((site / "_images" / "figure.png").read_bytes())
    (site / "book" / "page.html").write_text(PAGE.format("figure"))
    return SimpleNamespace(outdir=site, builder=SimpleNamespace(format="html"))


def keep_tiny(monkeypatch):
    """Let WebP be of no use for one of the figures."""
    really = webp_figures.as_webp
    monkeypatch.setattr(
        webp_figures, "as_webp", lambda figure, kept: b"0" * 10**7 if figure.stem == "tiny" else really(figure, kept)
    )


def test_pixels_stay_and_pages_name_the_new_file(app, monkeypatch):
    keep_tiny(monkeypatch)
    images = app.outdir / "_images"
    before = np.asarray(Image.open(images / "figure.png"))
    webp_figures.write_figures(app, None)
    assert {path.name for path in images.iterdir()} == {"figure.webp", "tiny.png"}
    assert np.array_equal(np.asarray(Image.open(images / "figure.webp")), before)
    page = (app.outdir / "book" / "page.html").read_text()
    assert page.count("figure.webp") == 2 and "figure.png" not in page and "tiny.png" in page


@pytest.mark.parametrize(("sigma", "is_exact"), [(4, False), (0, True)])
def test_large_photographs_lose_a_little_and_grain_nothing(tmp_path, sigma, is_exact):
    noise = np.random.default_rng(0).random((600, 900, 3), np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma) if sigma else noise
    pixels = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "figure.png")
    written = webp_figures.as_webp(tmp_path / "figure.png", tmp_path)
    found = np.asarray(Image.open(io.BytesIO(written)).convert("RGB"))
    assert np.array_equal(found, pixels) == is_exact
    assert psnr(found, pixels) >= webp_figures.LEAST
    assert is_exact or len(written) < 0.7 * (tmp_path / "figure.png").stat().st_size


def test_what_was_written_is_taken_again(app, monkeypatch):
    png = (app.outdir / "_images" / "figure.png").read_bytes()
    webp_figures.write_figures(app, None)
    first = (app.outdir / "_images" / "figure.webp").read_bytes()
    (app.outdir / "_images" / "figure.png").write_bytes(png)
    monkeypatch.setattr(Image, "open", None)
    webp_figures.write_figures(app, None)
    assert (app.outdir / "_images" / "figure.webp").read_bytes() == first
    assert not (app.outdir / "_images" / "figure.png").exists()


@pytest.mark.parametrize(("exception", "form"), [(ValueError(), "html"), (None, "latex")])
def test_a_failed_build_or_another_format_keeps_all(app, exception, form):
    app.builder.format = form
    webp_figures.write_figures(app, exception)
    assert {path.suffix for path in (app.outdir / "_images").iterdir()} == {".png"}


def test_only_figures_that_were_replaced_are_renamed():
    text = "_images/a.png, _images/ab.png, _static/a.png, _images/a.pngx"
    assert webp_figures.rename_in(text, {"a"}) == "_images/a.webp, _images/ab.png, _static/a.png, _images/a.pngx"

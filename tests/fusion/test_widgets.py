"""Widgets carry their pictures along, as they are, name their controls, and ask nothing of any other host."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data import open_stack
from fusion.show import compare, scrub, zoom
from fusion.show.embed import LARGEST, QUALITY

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "fusion" / "show" / "templates"
DRIVER = Path(__file__).with_name("drive_widgets.js")


class Elements(HTMLParser):
    """The elements of a document, in order: (name, attributes, text directly inside)."""

    def __init__(self, document):
        super().__init__()
        self.found, self.open = [], []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), []))
        if tag not in {"img", "input"}:
            self.open.append(self.found[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, text):
        if self.open:
            self.open[-1][2].append(text)

    def of(self, *tags):
        return [(attributes, "".join(text)) for tag, attributes, text in self.found if tag in tags]


def elements(widget):
    return Elements(widget._repr_html_())


def pictures(widget):
    """The pictures of a widget, decoded: uint8, RGB."""
    prefix = "data:image/webp;base64,"
    sources = [attributes["src"] for attributes, _ in elements(widget).of("img")]
    assert all(source.startswith(prefix) for source in sources)
    encoded = [np.frombuffer(base64.b64decode(source.removeprefix(prefix)), np.uint8) for source in sources]
    return [cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for data in encoded]


def labels_of(widget):
    return [text for attributes, text in elements(widget).of("div") if attributes.get("class") == "label"]


def luminance(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)


@pytest.fixture
def flags():
    """Two pictures in plain colours, whose channels cannot be mistaken for one another."""
    flag = np.zeros((48, 96, 3), np.float32)
    flag[:, :32, 0] = flag[:, 32:64, 1] = flag[:, 64:, 2] = 0.8
    return flag, flag[:, ::-1].copy()


@pytest.fixture(params=["compare", "scrub", "zoom"])
def widget(request, flags):
    """Each of the three, of two pictures."""
    make = {"compare": lambda: compare(*flags), "scrub": lambda: scrub(flags), "zoom": lambda: zoom(*flags)}
    return make[request.param]()


def test_pictures_keep_colours_and_order(widget, flags):
    shown = pictures(widget)
    assert len(shown) == 2
    for image, flag in zip(shown, flags, strict=True):
        inner = np.s_[:, [8, 16, 24, 40, 48, 56, 72, 80, 88]]  # away from edges, where WebP blends colours
        assert_allclose(image[inner], 255 * flag[inner], atol=4)


def test_pictures_keep_their_sharpness(focus_pair):
    for image, frame in zip(pictures(zoom(*focus_pair)), focus_pair, strict=True):
        before, after = luminance(np.rint(frame * 255).astype(np.uint8)), luminance(image)
        assert 10 * np.log10(255**2 / np.mean((before - after) ** 2)) > 42
        energy = [np.abs(cv2.Laplacian(gray, cv2.CV_64F)).mean() for gray in (before, after)]
        assert energy[1] / energy[0] == pytest.approx(1, abs=0.05)
    assert 90 <= QUALITY <= 100  # more would be without loss, at four times the size


@pytest.mark.parametrize(
    "image",
    [
        np.full((16, 16), 0.2),
        np.full((16, 16, 3), 0.2, np.float16),
        np.full((16, 16), 51, np.uint8),
        np.full((16, 16, 3), 51 * 257, np.uint16),
        np.full((16, 16), 51 * 257, ">u2"),
    ],
)
def test_every_type_shows_the_same_value(image):
    assert_allclose(pictures(scrub([image]))[0], 51, atol=1)


def test_what_lies_outside_is_clipped():
    dark, bright, mask = pictures(zoom(np.full((8, 8), -0.5), np.full((8, 8), np.inf), np.ones((8, 8), bool)))
    assert dark.max() <= 1 and bright.min() >= 254 and mask.min() >= 254


def test_a_stack_lends_its_names(focus_pair):
    by_names = scrub(list(focus_pair), labels=["near.tif", "far.tif"])
    stack = open_stack(list(focus_pair))
    stack.names = ["near.tif", "far.tif"]
    assert scrub(stack)._repr_html_() == by_names._repr_html_()
    assert labels_of(scrub(focus_pair)) == ["frame 0", "frame 1"]


def test_labels_and_description_are_text_not_markup(flags):
    labels = ["<b>near</b> & 'far'", 'x" onload="y $kind ${width}']
    for made in (compare(*flags, labels=labels, alt=labels[1]), zoom(*flags, labels=labels, alt=labels[1])):
        assert labels_of(made) == labels
        assert [attributes["alt"] for attributes, _ in elements(made).of("img")] == labels
        assert elements(made).of("div")[0][0]["aria-label"] == labels[1]
        assert not elements(made).of("b")


def test_the_whole_has_a_description(widget):
    attributes, _ = elements(widget).of("div")[0]
    assert attributes["role"] == "group" and attributes["aria-label"].startswith(f"{widget.kind}: ")


def test_every_control_has_a_name(widget):
    controls = elements(widget).of("input", "button")
    assert controls
    for attributes, text in controls:
        assert re.search(r"[a-z]", attributes.get("aria-label", text))
        assert attributes["type"] in {"range", "button"}
        assert attributes["type"] == "button" or attributes["aria-valuetext"]
        assert "data-lm-suppress-shortcuts" in attributes
    for _, attributes, _ in elements(widget).found:
        assert "tabindex" not in attributes or (attributes["role"] and attributes["aria-label"])


def test_pictures_have_size_and_text_and_nothing_hides_them(widget):
    for attributes, _ in elements(widget).of("img"):
        assert (attributes["width"], attributes["height"]) == ("96", "48")
        assert attributes["alt"]
    assert not elements(widget).of("noscript", "template", "canvas")
    assert not any("hidden" in attributes for _, attributes, _ in elements(widget).found)


def test_nothing_is_fetched(widget):
    document = widget._repr_html_()
    addresses = [a[name] for _, a, _ in elements(widget).found for name in ("src", "href", "srcset") if name in a]
    assert all(address.startswith("data:") for address in addresses)
    assert not re.search(
        r"https?:|//\w+\.|@import|url\(|fetch\(|XMLHttp|import\(", re.sub(r'src="[^"]*"', "", document)
    )


def test_the_same_pictures_give_the_same_text_and_no_names_that_would_clash(flags):
    assert zoom(*flags)._repr_html_() == zoom(*flags)._repr_html_()
    assert compare(*flags)._repr_html_() != compare(*flags[::-1])._repr_html_()
    assert not any("id" in attributes for _, attributes, _ in elements(zoom(*flags)).found)


def test_the_text_form_says_what_is_shown(flags):
    assert repr(compare(*flags)) == "<compare: before | after, 96 x 48 pixels>"
    assert repr(scrub(flags)) == "<scrub: frame 0 | frame 1, 96 x 48 pixels>"
    assert repr(zoom(flags[0], labels=["flag"])) == "<zoom: flag, 96 x 48 pixels>"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: compare(x, x[:-1]), r"after has 9 x 5 pixels, but before has 9 x 6; .* crop or scale"),
        (lambda x: compare(x, x[0]), r"after has 3 x 9 pixels, but before has 9 x 6"),
        (lambda x: zoom(x[..., :2]), r"picture 0 has shape \(6, 9, 2\); a picture is \(H, W\) or \(H, W, 3\)"),
        (lambda x: zoom([x, x]), r"picture 0 has shape \(2, 6, 9, 3\).* one by one"),
        (lambda x: zoom(x[:0]), r"shape \(0, 9, 3\)"),
        (lambda x: zoom(np.zeros((1, LARGEST + 1))), r"WebP holds up to 16383 pixels a side: crop or reduce"),
        (lambda x: zoom(x.astype(int)), r"picture 0 has type int64; .* convert it"),
        (lambda x: zoom(x * np.nan), r"picture 0 holds NaN; "),
        (lambda x: zoom(), r"no picture was given; give at least one"),
        (lambda x: scrub([]), r"no picture was given"),
        (lambda x: scrub(x), r"frames of shape \(6, 9, 3\) are one colour picture; wrap it in a list"),
        (lambda x: scrub([x, x], labels=["one"]), r"labels are \['one'\] for 2 pictures; give a list"),
        (lambda x: zoom(x, x, labels="ab"), r"labels are 'ab' for 2 pictures"),
        (lambda x: compare(x, x, labels=["a", "b", "c"]), r"for 2 pictures"),
    ],
)
def test_what_cannot_be_shown_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.full((6, 9, 3), 0.5))


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """What a browser reports after keys, wheel and drags on a page with each widget twice."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs Chromium, to run the widgets")
    frames = [np.full((48, 96), value) for value in (0.2, 0.4, 0.6, 0.8)]
    widgets = [compare(*frames[:2]), scrub(frames), zoom(*frames[:2])] * 2
    page = tmp_path_factory.mktemp("page") / "page.html"
    body = "".join(widget._repr_html_() for widget in widgets)
    script = DRIVER.read_text(encoding="utf-8")
    page.write_text(f'<!doctype html><meta charset="utf-8">{body}<script>{script}</script>', encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    run = subprocess.run(
        [browser, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False, timeout=120
    )
    report = re.search(r"<title>(.*?)</title>", run.stdout)
    if not run.stdout:
        pytest.skip(f"Chromium does not start here: {run.stderr[-200:]}")
    assert report, run.stdout[-2000:]
    return json.loads(report[1])


def test_the_divider_follows_slider_and_mouse(driven):
    whole, slid, pressed, dragged = driven["compare"]
    assert whole == ["50%", "50 % before, 50 % after"] and slid == ["75%", "75 % before, 25 % after"]
    assert (pressed, dragged) == ("87.5%", "25%")


def test_the_slider_and_a_drag_choose_the_frame(driven):
    assert driven["scrub"] == [[0], [2], "frame 2", [1], [3]]


def test_pictures_are_enlarged_and_moved_together(driven):
    fitted, button, arrow, key, plain_wheel, wheel, reset = driven["zoom"]
    assert fitted == key == plain_wheel == reset == ["matrix(1, 0, 0, 1, 0, 0)"]  # one for all: they agree
    for state in (button, arrow, wheel):
        assert len(state) == 1
    assert button[0].startswith("matrix(1.5, ") and wheel[0].startswith("matrix(1.2")
    assert arrow[0] != button[0]


def test_two_pointers_enlarge_what_lies_between_them_and_one_moves_it(driven):
    assert driven["pinched"] == pytest.approx([1.5, -0.225, -0.25], abs=1e-3)
    assert driven["dragged"] == pytest.approx([1.5, -0.125, -0.25], abs=1e-3)


def test_a_plain_wheel_is_left_to_the_page(driven):
    assert driven["prevented"] == {"plain wheel": False, "ctrl wheel": True, "arrow while whole": False}


def test_twins_on_a_page_do_not_disturb_each_other(driven):
    assert driven["twins"] == ["50%", [0], ["matrix(1, 0, 0, 1, 0, 0)"]]
    split, shown, (transform,) = driven["driven"]
    assert (split, shown, transform[:12]) == ("10%", [1], "matrix(1.5, ")
    assert driven["left"] == ["25%", [3], ["matrix(1, 0, 0, 1, 0, 0)"]]

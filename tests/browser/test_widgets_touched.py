"""Pictures to touch, touched: in a real browser, by mouse, fingers, wheel and keys."""

import numpy as np
import pytest

from fusion.show import compare, scrub, surface, thin_lens, zoom
from fusion.show.surfaces import surface_page
from tests.browser.page import CONTROL, SHIFT

KINDS = ("compare", "scrub", "zoom", "surface", "lens")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Widgets</title>
<meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark; background: Canvas; color: CanvasText }}</style>
<script>{look}</script><body>{widgets}</body></html>"""
CANVAS = "document.querySelector('.surface canvas')"


@pytest.fixture(scope="module")
def written(tmp_path_factory, look):
    """The address of a page with one widget of each kind."""
    rng = np.random.default_rng(5)
    frames = rng.random((4, 60, 90)).astype(np.float32)
    rows, columns = np.indices((60, 90))
    hill = np.exp(-((rows - 30) ** 2 + (columns - 45) ** 2) / 300)
    widgets = [
        compare(*frames[:2], labels=("near", "far")),
        scrub(frames),
        zoom(*frames[:3]),
        surface(hill, np.stack([hill, 1 - hill, 0.5 + 0 * hill], axis=2), unit="mm"),
        thin_lens(),
    ]
    path = tmp_path_factory.mktemp("page") / "widgets.html"
    path.write_text(PAGE.format(look=look, widgets="".join(widget.html for widget in widgets)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def widgets(page, written):
    """That page, just opened in a wide window; whatever a test does to it must raise no complaint."""
    page.set_touch(False)
    page.set_theme("light")
    page.set_size(1000)
    page.open(written)
    page.until("document.querySelector('.surface.drawn')")
    yield page
    assert page.faults() == []


@pytest.fixture
def fingers(widgets):
    """The same, with fingers for a mouse."""
    widgets.set_touch(True)
    yield widgets
    widgets.set_touch(False)


def split(page):
    """Where the divider is drawn, and where the upper picture begins, in shares of the width."""
    return page.run("""(() => {
        const [frame, line] = ['.frame', '.divider'].map((part) => document.querySelector(`.compare ${part}`));
        const [box, drawn] = [frame, line].map((part) => part.getBoundingClientRect());
        const clipped = getComputedStyle(document.querySelectorAll('.compare img')[1]).clipPath;
        return [(drawn.x + drawn.width / 2 - box.x) / box.width, parseFloat(clipped.match(/[0-9.]+%/)[0]) / 100];
    })()""")


def shown(page):
    """Numbers of the frames of scrub that can be seen."""
    return page.run("""[...document.querySelectorAll('.scrub .frame')].flatMap(
        (frame, index) => frame.checkVisibility({ visibilityProperty: true }) ? index : [])""")


def views(page):
    """Scale of each picture of zoom, and its shift in widths and heights of it."""
    matrices = page.run("""[...document.querySelectorAll('.zoom img')].map((image) => {
        const { a, e, f } = new DOMMatrix(getComputedStyle(image).transform);
        return [a, e / image.offsetWidth, f / image.offsetHeight];
    })""")
    return [tuple(round(value, 2) for value in matrix) for matrix in matrices]


def view(page):
    """The one view that all pictures of zoom share."""
    (shared,) = set(views(page))
    assert len(views(page)) == 3
    return shared


def pixels(page):
    """What the surface has drawn, as numbers of its colours: (H, W, 4) uint8, made small."""
    drawn = page.run(f"""new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {{
        const small = new OffscreenCanvas(120, 80).getContext('2d');
        small.drawImage({CANVAS}, 0, 0, 120, 80);
        done([...small.getImageData(0, 0, 120, 80).data]);
    }})))""")
    return np.array(drawn, np.uint8).reshape(80, 120, 4)


def share_changed(before, after):
    return (np.abs(before.astype(int) - after).max(axis=2) > 16).mean()


# compare


def test_the_divider_follows_the_mouse(widgets):
    assert split(widgets) == pytest.approx([0.5, 0.5], abs=0.01)
    widgets.drag(widgets.place(".compare .frame", 0.5), widgets.place(".compare .frame", 0.8))
    assert split(widgets) == pytest.approx([0.8, 0.8], abs=0.01)


def test_the_divider_follows_a_finger_sideways_and_not_up(fingers):
    start, end = (fingers.place(".compare .frame", share) for share in (0.5, 0.2))
    fingers.touch([start], [end])
    assert split(fingers) == pytest.approx([0.2, 0.2], abs=0.03)
    fingers.touch([start], [(start[0], start[1] - 60)])
    assert split(fingers) == pytest.approx([0.2, 0.2], abs=0.03)


def test_the_divider_follows_arrow_keys(widgets):
    widgets.run("document.querySelector('.compare input').focus()")
    for _ in range(3):
        widgets.key("ArrowRight")
    moved = split(widgets)
    assert moved[0] == pytest.approx(moved[1], abs=0.01)
    assert moved[0] > 0.51
    widgets.key("Home")
    assert split(widgets) == pytest.approx([0, 0], abs=0.01)


# scrub


def test_the_slider_changes_the_picture(widgets):
    assert shown(widgets) == [0]
    widgets.drag(widgets.place(".scrub input", 0.02), widgets.place(".scrub input", 0.98))
    assert shown(widgets) == [3]
    widgets.key("ArrowLeft")
    assert shown(widgets) == [2]
    assert widgets.run("document.querySelector('.scrub input').ariaValueText") == "frame 2"


@pytest.mark.parametrize("hand", ["drag", "touch"])
def test_dragging_over_the_picture_runs_through_the_frames(widgets, hand):
    start, end = (widgets.place(".scrub .shown .frame", share) for share in (0.1, 0.6))
    widgets.set_touch(hand == "touch")
    widgets.drag(start, end) if hand == "drag" else widgets.touch([start], [end])
    assert shown(widgets) == [2]


# zoom


def test_the_wheel_enlarges_all_pictures_around_its_place(widgets):
    assert view(widgets) == (1, 0, 0)
    place = widgets.place(".zoom .frame", 0.25, 0.5)
    for _ in range(4):
        widgets.turn_wheel(place, -100, CONTROL)
    scale, x, y = view(widgets)
    assert scale == pytest.approx(np.exp(1), rel=0.01)
    assert [x, y] == pytest.approx([0.25 * (1 - scale), 0.5 * (1 - scale)], abs=0.03)
    widgets.turn_wheel(place, -100)
    assert view(widgets) == (scale, x, y)  # the wheel alone scrolls


def test_a_drag_moves_all_pictures(widgets):
    widgets.click(".zoom [data-factor='1.5']")
    before = view(widgets)
    start = widgets.place(".zoom .pane:nth-child(2) .frame")
    end = widgets.place(".zoom .pane:nth-child(2) .frame", 0.6, 0.4)
    widgets.drag(start, end)
    after = view(widgets)
    assert before[0] == after[0] == 1.5
    assert np.subtract(after, before)[1:] == pytest.approx([0.1, -0.1], abs=0.02)


def test_two_fingers_enlarge_all_pictures(fingers):
    (x, y), apart = fingers.place(".zoom .frame"), 20
    fingers.touch([(x - apart, y), (x + apart, y)], [(x - 3 * apart, y), (x + 3 * apart, y)])
    assert view(fingers)[0] == pytest.approx(3, rel=0.05)


def test_keys_enlarge_move_and_reset_all_pictures(widgets):
    widgets.run("document.querySelector('.zoom .stage').focus()")
    widgets.key("+")
    enlarged = view(widgets)
    widgets.key("ArrowRight")
    moved = view(widgets)
    assert enlarged[0] == moved[0] == 1.5
    assert moved[1] < enlarged[1]
    widgets.key("0")
    assert view(widgets) == (1, 0, 0)


# surface


def test_the_surface_is_drawn(widgets):
    drawn = pixels(widgets)
    assert (drawn[..., 3] > 0).mean() > 0.2
    red, green = drawn[drawn[..., 3] == 255][:, :2].T
    assert np.corrcoef(red, green)[0, 1] < -0.5  # as in the picture that lies on it


def test_a_drag_turns_the_surface(widgets):
    before = pixels(widgets)
    assert share_changed(before, pixels(widgets)) == 0  # nothing moves by itself
    start = widgets.place(".surface canvas")
    widgets.drag(start, (start[0] - 120, start[1] + 40))
    assert share_changed(before, pixels(widgets)) > 0.05


def test_a_finger_turns_the_surface(fingers):
    before = pixels(fingers)
    start = fingers.place(".surface canvas")
    fingers.touch([start], [(start[0] - 120, start[1])])
    assert share_changed(before, pixels(fingers)) > 0.05


@pytest.mark.parametrize(("key", "modifiers"), [("ArrowLeft", 0), ("+", 0), ("ArrowUp", SHIFT)])
def test_keys_turn_enlarge_and_move_the_surface_and_r_resets(widgets, key, modifiers):
    before = pixels(widgets)
    widgets.run(f"{CANVAS}.focus()")
    for _ in range(3):
        widgets.key(key, modifiers)
    assert share_changed(before, pixels(widgets)) > 0.05
    widgets.key("r")
    assert share_changed(before, pixels(widgets)) == 0


def test_heights_and_exaggeration_change_the_surface(widgets):
    before = pixels(widgets)
    widgets.click(".surface [data-look='1']")
    heights = pixels(widgets)
    assert share_changed(before, heights) > 0.05
    widgets.drag(widgets.place(".surface input", 0.5), widgets.place(".surface input", 0.95))
    assert share_changed(heights, pixels(widgets)) > 0.05


# lens


@pytest.mark.parametrize("slider", ["depth", "distance", "f_number"])
def test_a_slider_of_the_lens_changes_the_drawing(widgets, slider):
    drawing, told = (f"document.querySelector('.lens {part}')" for part in ("svg", "data"))
    before = widgets.run(f"[{drawing}.innerHTML, {told}.value]")
    widgets.drag(widgets.place(f".lens [name={slider}]", 0.5), widgets.place(f".lens [name={slider}]", 0.9))
    after = widgets.run(f"[{drawing}.innerHTML, {told}.value]")
    assert before[0] != after[0]
    assert float(before[1]) != float(after[1])
    assert "NaN" not in after[0] and "undefined" not in after[0]


# all of them


@pytest.mark.parametrize("width", [390, 1300])
def test_nothing_is_wider_than_the_window(widgets, width):
    widgets.set_size(width)
    widgets.until(f"innerWidth === {width}")
    assert widgets.run("look.wide()") == []


def test_what_is_wider_than_the_window_is_found(widgets):
    widgets.run("document.body.insertAdjacentHTML('beforeend', '<div class=far style=\"width: 2000px\">far</div>')")
    assert any("div.far" in found for found in widgets.run("look.wide()"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(widgets, theme):
    widgets.set_theme(theme)
    assert widgets.run("look.faint(4.5)") == []
    widgets.click(".surface [data-look='1']")
    assert widgets.run("look.faint(4.5)") == []


def test_faint_text_is_found(widgets):
    assert widgets.run("look.contrast([0, 0, 0], [255, 255, 255])") == pytest.approx(21)
    assert widgets.run("look.contrast([119, 119, 119], [255, 255, 255])") == pytest.approx(4.48, abs=0.01)
    widgets.run("document.body.insertAdjacentHTML('beforeend', '<p class=faint style=\"color: #777\">faint</p>')")
    (found,) = widgets.run("look.faint(4.5)")
    assert found["text"] == "faint"


@pytest.mark.parametrize("kind", KINDS)
def test_tab_reaches_every_control_and_shows_where_it_is(widgets, kind):
    assert widgets.tabbed(f".{kind}") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_surface_stands_alone(page, tmp_path, look, theme):
    path = tmp_path / "surface.html"
    path.write_text(surface_page(np.eye(20), np.ones((20, 20)), title="Ridge"), encoding="utf-8")
    page.set_theme(theme)
    page.set_size(390)
    page.open(path.as_uri())
    page.until("document.querySelector('.surface.drawn')")
    page.run(look)
    assert page.run("[look.faint(4.5), look.wide()]") == [[], []]
    colour = {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[theme]
    assert page.run("getComputedStyle(document.body).color") == colour
    assert page.faults() == []
    assert page.requests() == [path.as_uri()]

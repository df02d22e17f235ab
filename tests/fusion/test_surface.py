"""A surface shows the triangles that its mesh has, turns when it is asked to, and asks nothing of any other host."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError
from data.scenes.photographs import motorcycle
from fusion.depth.mesh import surface_mesh
from fusion.depth.preview import colours_of
from fusion.show import surface, surface_page

ROOT = Path(__file__).resolve().parents[2]
GRID_SCRIPT = ROOT / "fusion" / "show" / "templates" / "surface-grid.js"
DRIVER = Path(__file__).with_name("drive_surface.js")
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # WebGL without a graphics card
STRICT = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
WATCH = """<script>
window.problems = [];
window.requestAnimationFrame = (draw) => setTimeout(draw); // frames come seldom where time is not real
console.error = console.warn = (...words) => problems.push(words.join(" "));
addEventListener("error", (event) => problems.push(event.message));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => problems.push(`${event.violatedDirective}: ${event.blockedURI}`));
</script>"""


class Elements(HTMLParser):
    """The elements of a document, in order: (name, attributes)."""

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def of(self, *tags):
        return [attributes for tag, attributes in self.found if tag in tags]


def packed_in(widget):
    """What the script of a surface gets: its view, levels of height, and squares."""
    (canvas,) = Elements(widget.html).of("canvas")
    view = json.loads(canvas["data-view"])
    columns, rows = view["grid"]
    planes = np.frombuffer(zlib.decompress(base64.b64decode(canvas["data-packed"])), np.uint8).astype(np.uint16)
    count = columns * rows
    levels = np.cumsum(planes[:count] * 256 + planes[count : 2 * count], dtype=np.uint16)
    return view, levels.reshape(rows, columns), planes[2 * count :].reshape(rows - 1, columns - 1)


def pictures_in(widget):
    prefix = "data:image/webp;base64,"
    encoded = [
        base64.b64decode(attributes["src"].removeprefix(prefix)) for attributes in Elements(widget.html).of("img")
    ]
    return [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for data in encoded]


@pytest.fixture
def hill():
    return made_hill()


def made_hill():
    """A round hill, red on the left and green on the right, whose top is not known; with a wall that is cut off."""
    y, x = np.mgrid[-1:1:48j, -1:1:64j].astype(np.float32)
    height = 5 * np.exp(-2 * (x**2 + y**2))
    height[:6] += 4
    image = np.zeros((48, 64, 3), np.float32)
    image[:, :32, 0] = image[:, 32:, 1] = 0.8
    return height, image, (np.abs(x) < 0.3) & (np.abs(y) < 0.3)


# --- what it carries -------------------------------------------------------------------------------------------------


def test_heights_come_back_within_16_bits(hill):
    height, image, hidden = hill
    view, levels, squares = packed_in(surface(height, image, hidden=hidden, unit="mm"))
    mesh = surface_mesh(height, image, hidden=hidden)
    low, high = mesh.vertices[:, 2].min(), mesh.vertices[:, 2].max()
    unpacked = low + levels / 65535 * (high - low)
    assert np.abs(unpacked - height)[~hidden].max() <= 0.51 * (high - low) / 65535
    assert view["heights"] == [f"{low:.3g} mm", f"{high:.3g} mm"]
    assert np.count_nonzero(squares & 1) + np.count_nonzero(squares & 2) == len(mesh.triangles)


@pytest.mark.parametrize("most", [None, 700])
def test_the_script_draws_the_triangles_of_the_mesh(hill, most):
    if not shutil.which("node"):
        pytest.skip("needs node, to run JavaScript")
    height, image, hidden = hill
    widget = surface(height, image, hidden=hidden, most=most or height.size)
    view, levels, _ = packed_in(widget)
    (canvas,) = Elements(widget.html).of("canvas")
    program = GRID_SCRIPT.read_text(encoding="utf-8") + (
        "const [packed, columns, rows] = JSON.parse(require('fs').readFileSync(0, 'utf-8'));"
        "unpack(packed, columns, rows).then(({heights, squares}) => {"
        "  const triangles = trianglesOf(squares, columns);"
        "  const slopes = slopesOf(heights, triangles, columns);"
        "  console.log(JSON.stringify([heights, triangles, slopes].map((values) => [...values])));"
        "});"
    )
    given = json.dumps([canvas["data-packed"], *view["grid"]])
    run = subprocess.run(["node", "-e", program], input=given, capture_output=True, text=True, check=True, timeout=60)
    heights, triangles, slopes = (np.array(values) for values in json.loads(run.stdout))
    assert_array_equal(heights.reshape(levels.shape), levels)
    mesh = surface_mesh(height, image, hidden=hidden, most=most)
    assert len(mesh.triangles) > 100
    assert as_set(triangles.reshape(-1, 3)) == as_set(numbers_in_grid(mesh, height, view)[mesh.triangles])
    assert_allclose(slopes.reshape(-1, 2)[inner_of(view)], true_slopes(levels)[inner_of(view)], atol=2e-3)


def as_set(triangles):
    """Triangles with the least of their vertices first, in the order in which they go round."""
    first = triangles.argmin(axis=1)[:, None]
    return set(map(tuple, np.take_along_axis(triangles, (first + np.arange(3)) % 3, axis=1).tolist()))


def numbers_in_grid(mesh, height, view):
    """Which vertex of the grid of a view each vertex of a mesh is."""
    x, y = mesh.vertices[:, 0], len(height) - 1 - mesh.vertices[:, 1]
    columns, rows = ((at - corner) / view["cell"] for at, corner in zip((x, y), view["corner"], strict=True))
    return np.rint(rows * view["grid"][0] + columns).astype(int)


def inner_of(view):
    """Some vertices on the slope of the hill, far from where it is cut, by their numbers."""
    columns, rows = view["grid"]
    row = rows * 3 // 4
    return np.arange(row * columns + columns // 6, row * columns + columns // 3)


def true_slopes(levels):
    down, right = np.gradient(levels.astype(float) / 65535)
    return np.stack([right, -down], axis=-1).reshape(-1, 2)


def test_the_stills_are_the_picture_and_the_heights_in_colour_with_holes_in_gray(hill):
    height, image, hidden = hill
    picture, heights = pictures_in(surface(height, image, hidden=hidden))
    assert_allclose(picture[30, [8, 24, 40, 56]], 255 * image[30, [8, 24, 40, 56]], atol=6)
    assert_allclose(heights[24, 32], 128, atol=6)
    wall, ground = heights[3, 32].astype(int), heights[40, 2].astype(int)
    assert wall[0] > 200 and wall[1] > 200 > wall[2]  # yellow: high
    assert ground[2] > ground[1] > 0 and ground[1] < 60  # violet: low


def test_a_large_picture_is_reduced_and_the_view_stays_below_a_megabyte():
    image, depth = motorcycle()
    image, depth = (cv2.resize(plane, (1536, 1040), interpolation=cv2.INTER_LINEAR) for plane in (image, depth))
    noisy = depth + np.random.default_rng(3).normal(0, 2e-3, depth.shape).astype(np.float32)
    widget = surface(-noisy, image, unit="m")
    view, levels, _ = packed_in(widget)
    assert 512 * 512 / 4 < levels.size <= 512 * 512 and view["cell"] == 3
    assert max(pictures_in(widget)[0].shape) == 1024
    assert len(widget.html) < 1e6


def test_a_panorama_that_webp_could_not_hold_is_shown():
    widget = surface(np.tile(np.arange(20_000.0), (3, 1)), np.full((3, 20_000), 40_000, np.uint16))
    assert widget.size == (20_000, 3)
    assert_allclose(pictures_in(widget)[0], np.full((1, 1024, 3), 156), atol=1)


def test_a_long_strip_is_reduced_no_further_than_to_two_vertices_across():
    view = packed_in(surface(np.tile(np.arange(300_000.0), (2, 1)), np.full((2, 300_000), 0.5)))[0]
    assert (view["grid"], view["cell"]) == ([300_000, 2], 1)


def test_colours_of_the_view_are_those_of_the_preview(hill):
    view = packed_in(surface(*hill[:2]))[0]
    assert_array_equal(view["palette"], colours_of(np.linspace(0, 1, 17)))
    assert view["palette"][0] == [68, 1, 84] and view["palette"][-1] == [253, 231, 37]


def test_the_first_vertex_of_a_reduced_grid_lies_where_its_cell_does():
    columns = np.tile(np.arange(64.0), (50, 1))
    view = packed_in(surface(columns, columns / 64, most=400))[0]
    assert (view["cell"], view["grid"], view["corner"]) == (3, [21, 16], [1, 2])  # the middle of the first cell: x, y


def test_sizes_are_told_in_the_unit_where_they_are_known(hill):
    height, image, _ = hill
    view = packed_in(surface(height, image, unit="mm", pixel_size=0.5))[0]
    assert view["sides"] == ["32 mm", "24 mm"]
    assert view["lift"] == pytest.approx((height.max() - height.min()) / 0.5 / 64)
    view = packed_in(surface(height, image))[0]
    assert view["sides"] == ["64 px", "48 px"] and view["lift"] == 0.3
    assert view["heights"][1].endswith(" frames")


def test_a_flat_surface_is_shown_flat():
    view, levels, _ = packed_in(surface(np.full((8, 8), 3.0), np.full((8, 8), 0.5)))
    assert view["lift"] == 0 and not levels.any() and view["heights"] == ["3 frames"] * 2


def test_exaggeration_is_where_the_slider_starts(hill):
    (slider,) = Elements(surface(*hill[:2], exaggeration=4).html).of("input")
    assert [float(slider[name]) for name in ("min", "value", "max")] == [-1, 2, 5]


# --- HTML ------------------------------------------------------------------------------------------------------------


def test_every_control_has_a_name_and_text_is_no_markup(hill):
    words = 'x" onload="y <b>$low ${width}'
    elements = Elements(surface(*hill[:2], unit=words, alt=words).html)
    assert not elements.of("b") and not any("onload" in attributes for _, attributes in elements.found)
    (canvas,), (slider,) = elements.of("canvas"), elements.of("input")
    assert (canvas["role"], canvas["tabindex"], canvas["aria-label"]) == ("application", "0", words)
    assert canvas["aria-roledescription"] == "surface to turn"
    assert slider["aria-label"] and slider["aria-valuetext"]
    for attributes in [canvas, slider, *elements.of("button")]:
        assert "data-lm-suppress-shortcuts" in attributes
    assert all(attributes["alt"] and attributes["width"] == "64" for attributes in elements.of("img"))
    assert not any("id" in attributes for _, attributes in elements.found)


def test_nothing_is_fetched(hill):
    page = surface_page(*hill[:2], title="Hill")
    addresses = [a[name] for _, a in Elements(page).found for name in ("src", "href", "srcset") if name in a]
    assert addresses and all(address.startswith("data:") for address in addresses)
    rest = re.sub(r'(src|data-packed)="[^"]*"', "", page)
    assert not re.search(r"https?:|//\w+\.|@import|url\(|fetch\(|XMLHttp|import\(", rest)


def test_a_page_is_a_whole_document_with_its_title(hill):
    page = surface_page(*hill[:2], title="Hill <1> & more", unit="mm")
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "<title>Hill &lt;1&gt; &amp; more</title>" in page
    assert surface(*hill[:2], unit="mm").html in page


def test_the_text_form_says_what_is_shown(hill):
    assert repr(surface(*hill[:2])) == "<surface: picture | height in frames, 64 x 48 pixels>"
    assert surface(*hill[:2])._repr_html_() == surface(*hill[:2]).html


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pixel_size": 0}, "pixel_size must be a positive number, got 0"),
        ({"exaggeration": np.nan}, "exaggeration must be a positive number, got nan"),
        ({"most": 3}, "most must be 4 vertices or more, got 3"),
        ({"hidden": np.ones((48, 64), bool)}, "nothing is left of the surface: 100% of it is hidden"),
    ],
)
def test_what_cannot_be_shown_is_refused(hill, options, message):
    with pytest.raises(ValueError, match=message):
        surface(*hill[:2], **options)


def test_a_picture_out_of_range_is_refused(hill):
    with pytest.raises(DataError, match=r"the picture of the surface has values in \[0, 1.6\]"):
        surface(hill[0], 2 * hill[1])


# --- in a browser ----------------------------------------------------------------------------------------------------


def seen_by_browser(folder, hill, *flags):
    """What a browser reports of a page with one surface twice, after keys, wheel, pointers and a lost context."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs Chromium, to run the surface")
    height, image, hidden = hill
    widget = surface(height, image, hidden=hidden, unit="mm", pixel_size=0.5).html
    page = folder / "page.html"
    head = f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{STRICT}">{WATCH}'
    page.write_text(f"{head}{widget}{widget}<script>{DRIVER.read_text(encoding='utf-8')}</script>", encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--virtual-time-budget=60000", f"--user-data-dir={folder / 'profile'}"]
    command = [browser, *options, *flags, "--dump-dom", page.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    if not run.stdout:
        pytest.skip(f"Chromium does not start here: {run.stderr[-200:]}")
    report = re.search(r"<title>(.*?)</title>", run.stdout)
    assert report, run.stdout[-2000:]
    return json.loads(report[1])


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    report = seen_by_browser(tmp_path_factory.mktemp("page"), made_hill(), *SOFTWARE)
    if report["missing"]:
        pytest.skip(f"no WebGL here: {report['missing']}")
    return report


def test_the_surface_takes_the_place_of_the_stills(driven):
    assert (driven["stills"], driven["scene"]) == ("none", "block")
    first = driven["seen"]["first"]
    assert 0.1 < first["share"] < 0.9
    assert first["colour"][0] > 60 and first["colour"][1] > 60 > first["colour"][2]  # red and green


def test_nothing_goes_wrong_and_nothing_is_asked_of_a_host(driven):
    assert driven["problems"] == [] and driven["fetched"] == []


def test_what_is_hidden_is_a_hole(driven):
    assert not driven["seen"]["front"]["middle"]
    assert driven["seen"]["front"]["share"] > 0.2


def test_left_is_left_and_up_is_up(driven):
    red, green, _ = driven["seen"]["front"]["left"]
    assert red > 150 and green < 30
    wall = driven["seen"]["heights"]["top"]
    assert min(wall[:2]) > 130 > 80 > wall[2]  # yellow: high


def test_keys_turn_and_reset(driven):
    seen = driven["seen"]
    assert seen["arrow"]["sum"] != seen["first"]["sum"]
    assert seen["home"] == seen["reset"] == seen["first"]
    assert seen["steep"]["share"] < 0.7 * seen["front"]["share"]


def test_the_buttons_choose_what_is_shown(driven):
    picture, heights, shape = (driven["seen"][name]["colour"] for name in ("front", "heights", "shape"))
    assert max(shape) - min(shape) <= 2  # gray
    assert heights[2] > picture[2] + 30  # low is violet
    assert driven["legend"] == "flex"
    shares = [driven["seen"][name]["share"] for name in ("front", "heights", "shape")]
    assert_allclose(shares, shares[0], atol=0.01)


def test_the_slider_raises_heights(driven):
    assert driven["said"] == "× 4.0"
    assert driven["seen"]["exaggerated"]["share"] != pytest.approx(driven["seen"]["steep"]["share"], rel=0.05)


def test_wheel_plus_and_pinch_zoom(driven):
    seen = driven["seen"]
    assert seen["plain wheel"] == seen["first"]
    for name in ("ctrl wheel", "plus", "pinch"):
        assert seen[name]["share"] > 1.2 * seen["first"]["share"]
    assert seen["minus"]["share"] < 0.8 * seen["first"]["share"]


def test_the_wheel_is_left_to_the_page_unless_the_surface_has_the_focus(driven):
    assert driven["focused"]
    assert driven["prevented"] == {
        "plain wheel": False,
        "ctrl wheel": True,
        "wheel after a press": True,
        "escape": True,
        "wheel after Escape": False,
    }


def test_one_finger_turns_and_shift_moves(driven):
    seen = driven["seen"]
    assert seen["one finger"]["sum"] != seen["first"]["sum"]
    assert abs(seen["one finger"]["x"] - seen["first"]["x"]) < 0.05
    for name in ("shift arrow", "shift drag"):
        assert seen[name]["x"] > seen["first"]["x"] + 0.02
        assert seen[name]["y"] == pytest.approx(seen["first"]["y"], abs=0.01)


def test_one_finger_scrolls_the_page_until_the_surface_has_the_focus(driven):
    assert driven["pressed"] == driven["left"] == {"focused": False, "action": "pan-y", "kept": [False, True]}
    assert driven["tapped"] == {"focused": True, "action": "none", "kept": [True, True]}


def test_keys_are_described_on_each_surface_of_a_page(driven):
    assert driven["isOwn"] and driven["keys"].startswith("Arrow keys turn, plus and minus zoom")


def test_a_context_that_was_lost_leaves_the_stills_until_it_is_made_again(driven):
    assert (driven["lost"]["stills"], driven["lost"]["scene"], driven["lost"]["controls"]) == ("grid", "none", "none")
    assert driven["lost"]["missing"].startswith("This browser does not draw the surface (")
    assert driven["isAsBefore"]
    assert driven["seen"]["restored"] == driven["seen"]["first"]


def test_a_long_strip_is_not_drawn_one_pixel_high(tmp_path):
    columns = np.tile(np.linspace(0, 9, 4000), (3, 1))
    report = seen_by_browser(tmp_path, (columns, columns / 9, None), *SOFTWARE)
    if report["missing"]:
        pytest.skip(f"no WebGL here: {report['missing']}")
    assert report["box"][0] > 400 and report["box"][1] == 256
    assert report["problems"] == []


def test_lengths_stand_beside_the_surface(driven):
    assert driven["measures"][:2] == ["32 mm", "24 mm"]
    assert all(text.endswith(" mm") for text in driven["measures"])


def test_a_twin_on_the_page_is_not_disturbed(driven):
    assert driven["twinBefore"]["share"] > 0.1
    assert driven["twinAfter"] == driven["twinBefore"]


def test_without_webgl_the_stills_stay_and_a_sentence_says_why(tmp_path, hill):
    report = seen_by_browser(tmp_path, hill, "--disable-3d-apis")
    assert "WebGL 2 is missing or turned off" in report["missing"]
    assert (report["stills"], report["scene"]) == ("grid", "none")


def test_what_is_not_to_scale_says_so():
    height, image = np.tile(np.float32([0, 1, 2, 3]), (4, 1)), np.full((4, 4), 0.5)
    assert "Heights are not to scale" in surface(height, image).html
    scaled = surface(height, image, pixel_size=0.5).html
    assert "To scale at × 1" in scaled and "not to scale" not in scaled

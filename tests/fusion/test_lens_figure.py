"""The lens on a page obeys the lens of the scenes: in the still figure, in its script, and in a browser."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.scenes import circle_of_confusion
from fusion.show import thin_lens
from fusion.show.lens import drawing

TEMPLATES = Path(__file__).resolve().parents[2] / "fusion" / "show" / "templates"
MACRO = {"nearest": 0.12, "farthest": 0.4, "focal_length": 0.1, "pixel_pitch": 2.4e-6, "f_numbers": (4, 5.6, 64)}
SETTINGS = [  # options of the widget
    {},
    {"depth": 0.5, "distance": 5, "f_number": 1.2},
    {"depth": 5, "distance": 0.5, "f_number": 16},
    {"depth": 2, "distance": 2, "f_number": 1.2},
    {"depth": 0.731, "distance": 0.964, "f_number": 11, "frames": 2},
    {"depth": 4.9, "distance": 4.8, "f_number": 8, "focal_length": 0.018, "farthest": 300, "frames": 31},
    {"depth": 1800, "distance": 120, "f_number": 1.4, "farthest": 2000, "nearest": 12},
    {"depth": 0.15, "distance": 0.33, "f_number": 5.6, **MACRO},
    {"depth": 0.4, "distance": 0.12, "f_number": 64, **MACRO},
]
STATES = [  # positions of the sliders
    {"depth": 2.0, "distance": 1.3, "f_number": 16},
    {"depth": 0.5, "distance": 4.0, "f_number": 1.4},
    {"depth": 5.0, "distance": 0.625, "f_number": 5.6},
]


class Elements(HTMLParser):
    """The elements of a document: (name, attributes)."""

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def given_to_script(widget):
    """Options and state that a widget hands to its script."""
    (told,) = [attributes["data-lens"] for attributes in Elements(widget.html).of("div") if "data-lens" in attributes]
    return json.loads(told)


def state_of(**options):
    return drawing(**given_to_script(thin_lens(**options)))


def true_diameter(options, state, distance=None):
    lens = {"focal_length": options["focal_length"], "f_number": state["f_number"]}
    return circle_of_confusion(state["depth"], distance or state["distance"], **lens)


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


@pytest.fixture(scope="module")
def by_script():
    """(options and state, what the script makes of them), for several settings."""
    if not shutil.which("node"):
        pytest.skip("needs node, to run the script of the figure")
    given = [given_to_script(thin_lens(**setting)) for setting in SETTINGS]
    given += [{"options": given[0]["options"], "state": state} for state in STATES]
    program = (TEMPLATES / "lens.js").read_text(encoding="utf-8") + (
        f"console.log(JSON.stringify({json.dumps(given)}.map(({{ options, state }}) => drawing(options, state))));"
    )
    run = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True, timeout=60)
    return list(zip(given, json.loads(run.stdout), strict=True))


def test_the_script_has_the_lens_of_the_scenes(by_script):
    for given, made in by_script:
        assert_allclose(made["diameter"], true_diameter(**given), rtol=1e-6, atol=1e-15)
    assert sum(made["diameter"] > 1e-6 for _, made in by_script) >= 9


def test_the_script_draws_the_curve_and_the_frames_of_the_lens_of_the_scenes(by_script):
    for given, made in by_script:
        options, state = given["options"], given["state"]
        far, near = 1 / options["farthest"], 1 / options["nearest"]
        for name, count in (("curve", options["samples"] + 2), ("dots", options["frames"])):
            x, y = np.reshape(numbers(made[name].replace("h0", "")), (-1, 2)).T
            assert len(x) == count and x[0] == 0 and x[-1] == 100 and (np.diff(x) >= 0).all()
            drawn = (100 - y) / 100 * options["top"]
            steepness = true_diameter(options, {**state, "depth": options["farthest"]}, options["nearest"]) / 100
            true = [true_diameter(options, state, 1 / (far + share / 100 * (near - far))) for share in x]
            assert_allclose(drawn, true, atol=1e-5 * options["top"] + 2e-3 * steepness)


def test_the_still_figure_and_the_script_agree_on_everything(by_script):
    for given, made in by_script:
        still = drawing(**given)
        assert still.keys() == made.keys()
        for name, value in still.items():
            if isinstance(value, float):
                assert_allclose(made[name], value, rtol=1e-9, atol=1e-9, err_msg=name)
            elif name in {"curve", "dots", "best"}:
                assert_allclose(numbers(made[name]), numbers(value), atol=0.0011, err_msg=name)
            else:
                assert made[name] == value, name


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_still_figure_has_the_lens_of_the_scenes(setting):
    given = given_to_script(thin_lens(**setting))
    assert drawing(**given)["diameter"] == true_diameter(**given)


@pytest.mark.parametrize("setting", SETTINGS)
def test_rays_are_straight_and_meet_in_the_image(setting):
    given = given_to_script(thin_lens(**setting))
    made, lens_x = drawing(**given), given["options"]["lens_x"]
    for rim, hit, end in (("rim_top", "hit_top", "end_top"), ("rim_bottom", "hit_bottom", "end_bottom")):
        slope = (made["image_y"] - made[rim]) / (made["image_x"] - lens_x)
        assert made[hit] == pytest.approx(made[rim] + slope * (made["sensor_x"] - lens_x))
        assert made[end] == pytest.approx(made[rim] + slope * (made["end_x"] - lens_x))
    assert made["end_x"] == max(made["image_x"], made["sensor_x"])
    centre = given["options"]["axis_y"]
    for x, y in ((made["point_x"], made["point_y"]), (made["sensor_x"], made["chief_y"])):
        assert (y - centre) / (x - lens_x) == pytest.approx((made["image_y"] - centre) / (made["image_x"] - lens_x))


def test_a_point_in_focus_is_drawn_as_a_point():
    sharp = state_of(depth=2, distance=2, f_number=1.2)
    assert sharp["hit_top"] == pytest.approx(sharp["hit_bottom"])
    assert (sharp["diameter_text"], sharp["pixels_text"]) == ("0.0 µm", "0.0 pixels")
    assert "lies on the sensor" in sharp["verdict"]
    assert sharp["marker_y"] == 394 and sharp["beyond"] == ""


def test_near_points_are_imaged_behind_the_sensor_and_far_ones_in_front():
    near, far = state_of(depth=1, distance=2), state_of(depth=2, distance=1)
    assert near["image_x"] > near["sensor_x"] and "1.35 mm behind the sensor" in near["verdict"]
    assert far["image_x"] < far["sensor_x"] and "1.35 mm in front of the sensor" in far["verdict"]
    assert near["point_x"] > near["focus_x"] and near["image_text"] == far["sensor_text"] == "52.63 mm"


def test_the_v_has_its_foot_at_the_point_and_is_narrow_for_a_large_aperture():
    widths = []
    for f_number in (1.2, 4, 16):
        made = state_of(depth=1.3, f_number=f_number)
        x, y = np.reshape(numbers(made["curve"]), (-1, 2)).T
        assert y.max() == y[np.argmin(np.abs(x - 100 * (1 / 1.3 - 0.2) / 1.8))] == 100
        assert (np.diff(y[: y.argmax()]) > 0).all() and (np.diff(y[y.argmax() :]) < 0).all()
        widths.append(np.ptp(x[y > 75]))
    assert all(narrow < wide for narrow, wide in pairwise(widths))


@pytest.mark.parametrize(("f_number", "text"), [(8, "from 1.226 m to 1.274 m"), (16, "from 1.204 m to 1.300 m")])
def test_between_the_named_distances_the_disc_is_no_larger_than_a_pixel(f_number, text):
    assert text in state_of(f_number=f_number)["verdict"]
    for distance in numbers(text):
        size = circle_of_confusion(1.25, distance, focal_length=0.05, f_number=f_number)
        assert size == pytest.approx(5e-6, rel=0.03)


def test_a_small_aperture_may_be_sharp_to_infinity():
    small = {"farthest": 40, "depth": 30, "f_number": 16, "pixel_pitch": 8e-6}
    assert "on to infinity" in state_of(**small)["verdict"]


def test_the_best_frame_is_the_one_nearest_in_focus():
    made = state_of(depth=1.25, frames=9)
    assert "number 3, focused at 1.14 m," in made["verdict"]
    assert made["best"] == made["dots"].split()[6] + " " + made["dots"].split()[7]


def test_distances_are_written_with_three_digits():
    far = state_of(depth=1800, distance=120, farthest=2000, nearest=12)
    near = state_of(depth=0.0625, distance=0.1, farthest=0.2, nearest=0.06)
    assert (far["depth_text"], far["distance_text"]) == ("1800 m", "120 m")
    assert (near["depth_text"], near["distance_text"]) == ("0.0625 m", "0.100 m")


def test_a_disc_too_large_for_the_plot_is_marked_at_its_top():
    made = state_of(depth=0.5, distance=5, f_number=1.2)
    assert made["marker_y"] == 394 - 120 and made["beyond"] == "↑"


def test_the_smallest_aperture_fits_the_plot():
    for setting in SETTINGS:
        options = given_to_script(thin_lens(**setting))["options"]
        state = {"depth": options["farthest"], "f_number": options["f_numbers"][-1]}
        assert 0.5 * options["top"] <= true_diameter(options, state, options["nearest"]) <= options["top"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_numbers_along_the_axis_stand_apart_and_where_they_belong(setting):
    options = given_to_script(thin_lens(**setting))["options"]
    marks = re.findall(r'<text x="([\d.]+)%" y="412">([\d.]+)</text>', options["marks"])
    assert len(marks) >= 3
    far, near = 1 / options["farthest"], 1 / options["nearest"]
    x, value = np.array(marks, float).T
    assert_allclose(x, 9 + 41 * (1 / value - far) / (near - far), atol=0.01)
    assert np.diff(np.sort(x)).min() > 0.15 * 41 and x.min() >= 9 and x.max() <= 50.001


def test_the_still_figure_is_complete_without_a_script():
    document = re.sub(r"<script>.*?</script>", "", thin_lens().html, flags=re.S)
    still = document[document.index("<svg") : document.rindex("</svg>")]
    assert "$" not in still and "nan" not in still
    for text in ("focus 2.00 m", "point 1.25 m", "sensor 51.28 mm", "image 52.08 mm", ">275 µm<", ">54.9 pixels<"):
        assert text in still
    (beam,) = Elements(still).of("polygon")
    assert [f"{number:g}" for number in numbers(beam["points"])[:4]] == ["22.67", "95.6", "60", "83.71"]


def test_controls_have_names_and_values_and_keep_their_keys():
    document = Elements(thin_lens(depth=1.6, distance=2.5, f_number=4).html)
    sliders = document.of("input")
    assert [slider["name"] for slider in sliders] == ["depth", "distance", "f_number"]
    assert [slider["aria-valuetext"] for slider in sliders] == ["1.60 m", "2.50 m", "f/4"]
    assert_allclose([float(slider["value"]) for slider in sliders], [1 / 1.6, 1 / 2.5, 4])
    for slider in sliders:
        assert float(slider["min"]) <= float(slider["value"]) <= float(slider["max"])
        assert 50 < (float(slider["max"]) - float(slider["min"])) / float(slider["step"]) < 1100 or slider["max"] == "8"
        assert slider["type"] == "range" and "data-lm-suppress-shortcuts" in slider
    assert len(document.of("label")) == 3


def test_the_whole_has_a_description_and_no_names_that_would_clash():
    document = Elements(thin_lens(alt="A <lens>").html)
    assert document.of("div")[0]["role"] == "group" and document.of("div")[0]["aria-label"] == "A <lens>"
    assert not any("id" in attributes for _, attributes in document.found)
    assert thin_lens()._repr_html_() == thin_lens().html
    assert repr(thin_lens()) == "<lens: point | lens | sensor, 760 x 436 pixels>"


def test_nothing_is_fetched():
    document = thin_lens().html
    assert not re.search(r"https?:|//\w+\.|@import|url\(|fetch\(|XMLHttp|import\(|src=|href=", document)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0.4}, r"depth is 0.4 m; it lies between nearest, 0.5 m, and farthest, 5 m"),
        ({"distance": 6}, r"distance is 6 m; it lies between"),
        ({"depth": np.nan}, r"depth is nan m"),
        ({"nearest": 0.05}, r"from 0.05 to 5 m for a lens of 0.05 m; they must rise, and begin beyond the focal"),
        ({"farthest": 0.5}, r"from 0.5 to 0.5 m"),
        ({"farthest": np.inf}, r"from 0.5 to inf m"),
        ({"focal_length": 0}, r"for a lens of 0 m"),
        ({"f_number": 3}, r"f_number is 3; it must be one of f_numbers, \[1.2, 1.4, "),
        ({"f_numbers": (2.8, 1.4)}, r"f_numbers are positive and finite, and rise, got \[2.8, 1.4\]"),
        ({"f_numbers": ()}, r"f_numbers are positive and finite, and rise, got \[\]"),
        ({"f_numbers": (0, 2.8)}, r"f_numbers are positive"),
        ({"f_numbers": (2.8, np.inf)}, r"f_numbers are positive and finite, and rise, got \[2.8, inf\]"),
        ({"f_numbers": (2.8, np.nan)}, r"f_numbers are positive and finite, and rise, got \[2.8, nan\]"),
        ({"pixel_pitch": 0}, r"pixel_pitch is the width of a pixel in metres, positive and finite, got 0"),
        ({"pixel_pitch": np.inf}, r"pixel_pitch is the width of a pixel in metres, positive and finite, got inf"),
        ({"frames": 2.9}, r"frames is 2.9; a focal stack has two at least, and whole ones"),
        ({"frames": np.inf}, r"frames is inf; a focal stack has two at least, and whole ones"),
        ({"frames": np.nan}, r"frames is nan; a focal stack has two at least"),
        ({"frames": 1}, r"frames is 1; a focal stack has two at least"),
    ],
)
def test_what_is_no_lens_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        thin_lens(**options)


DRIVER = """
const [first, twin] = document.querySelectorAll(".lens");
const look = (root) => ({
  diameter: Number(root.querySelector("data").value),
  texts: [...root.querySelectorAll("svg.figure text")].map((text) => text.textContent),
  said: [...root.querySelectorAll("input")].map((slider) => slider.getAttribute("aria-valuetext")),
  shown: [...root.querySelectorAll("output")].map((output) => output.textContent),
  sensor: root.querySelector("line.sensor").getBoundingClientRect().x,
  rects: [...root.querySelectorAll("svg.figure text")].map((text) => text.getBoundingClientRect()).map(
    ({ left, right, top, bottom }) => [left, right, top, bottom]),
  wide: root.getBoundingClientRect().right,
});
const slide = (name, value, root = first) => {
  const slider = root.querySelector(`[name=${name}]`);
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
};
const report = { start: look(first), moved: [] };
for (const [depth, distance, f_number] of [[2, 0.2, 0], [0.2, 2, 0], [1, 1.25, 4], [0.2, 0.2, 8], [2, 2, 0]]) {
  slide("depth", depth);
  slide("distance", distance);
  slide("f_number", f_number);
  report.moved.push(look(first));
}
report.twin = [look(twin)];
slide("distance", 1, twin);
report.twin.push(look(twin));
document.title = JSON.stringify(report);
"""
MOVED = [(0.5, 5, 1.2), (5, 0.5, 1.2), (1, 0.8, 4), (5, 5, 16), (0.5, 0.5, 1.2)]


@pytest.fixture(scope="module", params=[340, 420, 800])
def driven(request, tmp_path_factory):
    """What a browser reports of a page with two figures, when the sliders of the first are moved."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs Chromium, to move the sliders")
    page = tmp_path_factory.mktemp("page") / "page.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><body style="width: {request.param}px; margin: 0">'
        f"{thin_lens().html}{thin_lens(depth=3).html}<script>{DRIVER}</script>",
        encoding="utf-8",
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    run = subprocess.run(
        [browser, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False, timeout=120
    )
    if not run.stdout:
        pytest.skip(f"Chromium does not start here: {run.stderr[-200:]}")
    report = re.search(r"<title>(.*?)</title>", run.stdout)
    assert report, run.stdout[-2000:]
    return json.loads(report[1])


def test_sliders_move_the_figure(driven):
    for (depth, distance, f_number), seen in zip(MOVED, driven["moved"], strict=True):
        true = circle_of_confusion(depth, distance, focal_length=0.05, f_number=f_number)
        assert_allclose(seen["diameter"], true, rtol=1e-6, atol=1e-12)
        assert seen["shown"] == [f"{depth:#.3g} m", f"{distance:#.3g} m", f"f/{f_number:g}"]
        assert f"{true * 1e6:.{0 if true >= 1e-5 else 1}f} µm" in seen["texts"]
        assert all(said.startswith(f"{shown}, disc of ") for said, shown in zip(seen["said"], seen["shown"]))
    nearest, farthest = driven["moved"][1]["sensor"], driven["moved"][0]["sensor"]
    assert nearest > farthest + 30


def test_the_figure_starts_as_it_stands_in_the_page(driven):
    assert driven["start"]["shown"] == ["1.25 m", "2.00 m", "f/2.8"]
    assert_allclose(driven["start"]["diameter"], circle_of_confusion(1.25, 2, focal_length=0.05, f_number=2.8))


def test_two_figures_of_a_page_are_moved_one_by_one(driven):
    before, after = driven["twin"]
    assert before["shown"] == ["3.00 m", "2.00 m", "f/2.8"]
    assert after["shown"] == ["3.00 m", "1.00 m", "f/2.8"]


def test_no_label_covers_another_or_leaves_the_figure(driven):
    for seen in [driven["start"], *driven["moved"]]:
        labels = [(text, box) for text, box in zip(seen["texts"], seen["rects"]) if text not in {"", "↑"}]
        for index, (text, (left, right, top, bottom)) in enumerate(labels):
            assert left >= 0 and right <= seen["wide"], (text, left, right)
            for other, (west, east, north, south) in labels[:index]:
                apart = left >= east or west >= right or top >= south - 4 or north >= bottom - 4
                assert apart, (text, other)

"""The page of a comparison holds what was measured, nothing that anyone else wrote, and fits into what it is given."""

import base64
import html
import json
import re
import shutil
import subprocess
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from fusion.report.contents import Failure, Metric, Picture, Region, Report, Result, Trait
from fusion.report.page import page_of
from fusion.report.scoreboard import Column, shown_memory, shown_scores, shown_time

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "fusion" / "report" / "templates"
DRIVER = Path(__file__).with_name("drive_page.js")
VOID = {"meta", "link", "img", "input", "br"}
EVIL = """<script>alert("1")</script><img src=x onerror='a()'> & </title> $title ${advice}"""
NAN = float("nan")


class Document(HTMLParser):
    """Elements of a document with their attributes and texts; what is not closed in order is an error."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        assert len(attributes) == len(dict(attributes))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def of(self, tag, **attributes):
        """Elements by tag, and by words that their attributes hold."""
        return [
            element
            for element in self.elements
            if element["tag"] == tag
            and all(value in (element.get(name) or "").split() for name, value in attributes.items())
        ]

    def body(self):
        (body,) = self.of("body")
        return body["text"]


def picture_at(source):
    data = base64.b64decode(source.removeprefix("data:image/webp;base64,"), validate=True)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def psnr(first, second):
    return cv2.PSNR(np.ascontiguousarray(first), np.ascontiguousarray(second))


def textured(height, width, seed):
    """A picture that nobody took, coarse enough for what WebP does to colours."""
    coarse = np.random.default_rng(seed).random((height // 8 + 2, width // 8 + 2, 3), np.float32)
    picture = 0.8 * coarse[..., :1] + 0.2 * coarse
    return np.rint(255 * cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)).astype(
        np.uint8
    )


def made_report(height=96, width=160, results=3, frames=2, gray=False, **changes):
    """A report of a few methods on frames that nobody took."""
    pixels = [textured(height, width, seed) for seed in range(results + frames)]
    pixels = [picture[..., 1].copy() for picture in pixels] if gray else pixels
    scores = [{"Q_G": 0.5, "Q_CV": 9.5}, {"Q_G": 0.75, "Q_CV": 12.25}, {"Q_G": 0.25, "Q_CV": NAN}]
    seconds, megabytes = [0.25, 130.4, 3], [812.4, 12.34, 1500]
    made = [
        Result(
            f"m{k}",
            Picture(f"method {k}", pixels[k]),
            seconds[k],
            megabytes[k],
            scores[k],
            f"fusion m{k} a/",
            f"use {k}",
        )
        for k in range(results)
    ]
    report = Report(
        title="Macro",
        kinds=("focus",),
        frames=[Picture(f"frame-{k}.jpg", pixels[results + k]) for k in range(frames)],
        frame_names=["a.jpg", "b.jpg", "c.jpg"],
        left_out=[("d.jpg", "agrees with no other")],
        alignment="Frames were aligned.",
        results=made,
        failures=[Failure("another method", "ran out of memory")],
        metrics=[Metric("Q_G", False, "edges that are kept"), Metric("Q_CV", True, "error that is seen")],
        traits=[Trait("noise", "1.5 levels", "where frames are quietest")],
        regions=[Region(8, 16, 32, 24, 41.6), Region(120, 60, 24, 30, 20.2)],
        advice="Take method 0.",
        reasons=["It is sharp.", "It is fast."],
        depth="Frames have 8 bits.",
        made_by="All in Focus 1.2",
    )
    return report._replace(**changes)


@pytest.fixture(scope="module")
def report():
    return made_report()


@pytest.fixture(scope="module")
def page(report):
    return page_of(report)


@pytest.fixture(scope="module")
def document(page):
    return Document(page)


def test_all_that_was_found_can_be_read(document):
    text = document.body()
    for words in (
        *("Macro", "Take method 0.", "It is sharp.", "It is fast.", "Frames were aligned.", "Frames have 8 bits."),
        *("3 frames of 160 × 96 pixels, which differ in focus.", "1 frame left out", "agrees with no other", "c.jpg"),
        *("another method", "ran out of memory", "noise", "1.5 levels", "where frames are quietest", "use 1"),
        *("fusion m2 a/", "All in Focus 1.2", "edges that are kept", "error that is seen", "42 levels of 255"),
    ):
        assert words in text, words
    assert [head["text"] for head in document.of("h1")] == ["Macro"]
    assert [element["text"] for element in document.of("p", **{"class": "advice"})] == ["Take method 0."]


def test_every_picture_is_embedded_once_results_first(document, report):
    pictures = [result.picture for result in report.results] + report.frames
    panes = [image for image in document.of("img") if image.get("draggable")]
    assert [pane["alt"] for pane in panes] == [picture.title for picture in pictures]
    for pane, picture in zip(panes, pictures, strict=True):
        assert (pane["width"], pane["height"]) == ("160", "96") and pane["loading"] == "lazy"
        assert psnr(picture_at(pane["src"]), picture.pixels) > 33


def test_every_region_is_cut_from_every_result(document, report):
    crops = [image for image in document.of("img") if image["alt"].startswith("Region")]
    expected = [(region, result.picture) for region in report.regions for result in report.results]
    for number, (crop, (region, picture)) in enumerate(zip(crops, expected, strict=True)):
        cut = picture.pixels[region.y : region.y + region.height, region.x : region.x + region.width]
        assert crop["alt"] == f"Region {1 + number // 3}, {picture.title}"
        assert psnr(picture_at(crop["src"]), cut) > 30
    places = [
        tuple(int(part[f"data-{name}"]) for name in ("x", "y", "width", "height"))
        for part in document.of("section", **{"class": "region"})
    ]
    assert places == [region[:4] for region in report.regions]


def test_regions_are_numbered_where_they_lie(document):
    first, second = (marker["style"] for marker in document.of("a", **{"class": "marker"}))
    assert first == f"left:{100 * 8 / 160}%;top:{100 * 16 / 96}%;width:{100 * 32 / 160}%;height:{100 * 24 / 96}%"
    assert second.startswith("left:75.0%;top:62.5%")


def test_the_first_four_are_shown_at_first(document):
    checked = [box["value"] for box in document.of("input", name="shown") if "checked" in box]
    shown = [figure["id"] for figure in document.of("figure", **{"class": "shown"})]
    assert checked == ["0", "1", "2", "3"] and shown == [f"picture-{index}" for index in range(4)]
    selected = [option["value"] for option in document.of("option") if "selected" in option]
    assert selected == ["0", "1"]


def test_the_best_of_each_column_is_marked(document):
    best = [cell["text"] for cell in document.of("td", **{"class": "best"})]
    assert best == ["0.25 s best", "9.50 best", "12.3 MB best", "0.7500 best"]
    heads = [head["text"] for head in document.of("th", scope="col")][:5]
    assert heads == [
        *("method", "time ↓(less is better)", "peak memory ↓(less is better)"),
        *("Q_G ↑(more is better)", "Q_CV ↓(less is better)"),
    ]


def test_numbers_keep_what_the_table_rounds(document):
    cells = [(cell.get("data-value"), cell["text"].removesuffix(" best")) for cell in document.of("td")][:12]
    assert cells[:4] == [("0.25", "0.25 s"), ("812.4", "812 MB"), ("0.5", "0.5000"), ("9.5", "9.50")]
    assert cells[4][1] == "2 min 10 s" and cells[9] == ("1500.0", "1.50 GB") or cells[9] == ("1500", "1.50 GB")
    assert cells[11] == (None, "–")


@pytest.mark.parametrize(
    ("values", "lower", "best"),
    [
        ([1.0, 2.0, 3.0], False, [2]),
        ([1.0, 2.0, 3.0], True, [0]),
        ([0.5, 0.500001, 0.4], False, [0, 1]),  # alike, as far as it is shown
        ([0.5, 0.5, 0.500001], False, []),
        ([NAN, 0.1, 0.2], True, [1]),
        ([NAN, 0.1, NAN], True, []),
        ([NAN, NAN, NAN], True, []),
        ([1.0, float("inf"), 2.0], False, [1]),
    ],
)
def test_best_is_what_no_other_surpasses(values, lower, best):
    column = Column(Metric("Q", lower, ""), values, shown_scores(values))
    assert [row for row in range(3) if column.is_best(row)] == best


def test_units_suit_the_numbers():
    assert [shown_time(t) for t in (0.0421, 9.996, 63.26, 119.6, 185, NAN)] == [
        *("0.04 s", "10.00 s", "63.3 s", "120 s", "3 min 05 s", "–")
    ]
    assert [shown_memory(m) for m in (87.2, 999, 1000, 12345)] == ["87.2 MB", "999 MB", "1.00 GB", "12.3 GB"]
    assert shown_scores([-0.5, 1, NAN]) == ["−0.5000", "1.0000", "–"]
    assert shown_scores([123.456, float("inf")]) == ["123.46", "∞"]


def test_the_page_asks_nothing_of_anyone(page, document):
    addresses = [element[name] for element in document.elements for name in ("src", "href") if element.get(name)]
    assert addresses and all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(
        r"https?:|//[a-z]+\.|url\(|@import|fetch\(|XMLHttp|\bimport\b\(", re.sub(r'"data:[^"]*"', "", page)
    )
    (policy,) = [element["content"] for element in document.of("meta") if element.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data:;")
    hashes = re.findall(r"'sha256-(.*?)'", policy)
    scripts = [script["text"] for script in document.of("script")]
    assert hashes == [base64.b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert "unsafe" not in policy.partition("script-src")[2]


def test_fragments_lead_somewhere_and_identifiers_are_unique(document):
    identifiers = [element["id"] for element in document.elements if "id" in element]
    assert len(identifiers) == len(set(identifiers))
    references = [link["href"][1:] for link in document.of("a")]
    for name in ("aria-labelledby", "aria-describedby"):
        references += [element[name] for element in document.elements if name in element]
    assert references and set(references) <= set(identifiers)


def test_whatever_can_be_worked_has_a_name(document):
    for control in [*document.of("button"), *document.of("a")]:
        assert control["text"].strip() or control.get("aria-label") or "hidden" in control
    assert all(image["alt"] for image in document.of("img"))
    labels = "".join(label["text"] for label in document.of("label"))
    for words in ("Side by side", "Slider", "method 0", "frame-1.jpg", "Left of the divider", "Right of the divider"):
        assert words in labels
    for region in document.of("div", tabindex="0"):
        assert region["role"] in {"group", "region"} and (region.get("aria-label") or region.get("aria-labelledby"))


def test_names_are_text_whatever_they_hold(report):
    result = report.results[0]
    evil = report._replace(
        title=EVIL,
        kinds=(EVIL,),
        frames=[Picture(EVIL, report.frames[0].pixels)],
        frame_names=[EVIL],
        left_out=[(EVIL, EVIL)],
        alignment=EVIL,
        results=[
            result._replace(picture=Picture(EVIL, result.picture.pixels), command=EVIL, use=EVIL, scores={EVIL: 1}),
            result._replace(picture=Picture(EVIL, result.picture.pixels), command="", use=EVIL, scores={}),
        ],
        failures=[Failure(EVIL, EVIL)],
        metrics=[Metric(EVIL, False, EVIL)],
        traits=[Trait(EVIL, EVIL, EVIL)],
        advice=EVIL,
        reasons=[EVIL],
        depth=EVIL,
        made_by=EVIL,
    )
    page = page_of(evil)
    document = Document(page)
    assert len(document.of("script")) == 2 and not [element for element in document.elements if "onerror" in element]
    assert [title["text"] for title in document.of("title")] == [EVIL]
    assert page.count(html.escape(EVIL)) >= 33 and EVIL not in page


@pytest.mark.parametrize("limit", [60_000, 90_000, 150_000, 400_000])
def test_the_page_fits_and_says_at_what_size(limit):
    report = made_report(height=480, width=640, frames=1)
    page = page_of(report, limit=limit)
    assert 0.5 * limit < len(page.encode()) <= limit
    document = Document(page)
    panes = [image for image in document.of("img") if image.get("draggable")]
    width, height = int(panes[0]["width"]), int(panes[0]["height"])
    assert picture_at(panes[0]["src"]).shape == (height, width, 3)
    (stage,) = document.of("div", **{"class": "stage"})
    assert float(stage["data-reduction"]) == pytest.approx(width / 640, abs=1 / 640)
    (note,) = [element["text"] for element in document.of("p", **{"class": "note"}) if "embedded at" in element["text"]]
    if width == 640:
        assert "at their full size, as WebP of quality" in note
    else:
        assert (
            f"at {width} × {height} pixels, {100 * width / 640:.0f} % of their 640 × 480, as WebP of quality 75" in note
        )
    assert (width == 640) == (limit >= 400_000)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"regions": []}, "Where results differ most"),
        ({"failures": []}, "Methods that made nothing"),
        ({"traits": []}, "What was measured on the frames"),
        ({"left_out": []}, "left out"),
        ({"kinds": ()}, "which differ in"),
        ({"frames": []}, "Frames"),
    ],
)
def test_what_there_is_not_takes_no_place(report, document, changes, missing):
    assert missing in document.body()
    page = Document(page_of(report._replace(**changes)))
    if missing == "Frames":
        assert not [group for group in page.of("optgroup") if group["label"] == "Frames"]
        assert "chips-frames" not in {element.get("id") for element in page.elements}
    else:
        assert missing not in page.body()
    fragments = {link["href"][1:] for link in page.of("a")}
    assert fragments <= {element.get("id") for element in page.elements}


def test_a_method_without_a_command_says_so(report):
    results = [report.results[0], report.results[1]._replace(command="")]
    page = Document(page_of(report._replace(results=results)))
    assert len(page.of("button", **{"class": "copy"})) == 1
    assert "use 1. The command line has no command for it." in page.body()


@pytest.mark.parametrize(("height", "width"), [(20, 30), (320, 40), (40, 600)])
def test_small_and_long_gray_pictures_are_pictures_too(height, width):
    report = made_report(height, width, gray=True, results=2, regions=[Region(0, 0, 8, 8, 3)])
    document = Document(page_of(report))
    panes = [image for image in document.of("img") if image.get("draggable")]
    assert [picture_at(pane["src"]).shape for pane in panes] == [(height, width, 3)] * 4


def test_a_single_result_has_nothing_to_slide_over(report):
    page = Document(page_of(report._replace(results=report.results[:1], frames=[], regions=[])))
    (slider,) = page.of("input", value="slider")
    assert "disabled" in slider


@pytest.mark.parametrize(
    ("changes", "limit", "message"),
    [
        ({"results": []}, 1e6, "the report holds no result; a page compares at least one"),
        (
            {"frames": [Picture("odd", np.zeros((9, 9), np.uint8))]},
            1e6,
            r"odd has shape \(9, 9\), but method 0 has \(96,",
        ),
        ({}, 20_000, "5 pictures do not fit into 0 bytes; allow for more"),
    ],
)
def test_what_makes_no_page_is_refused(report, changes, limit, message):
    with pytest.raises(ValueError, match=message):
        page_of(report._replace(**changes), limit=limit)


def contrast(first, second):
    """Contrast of two colours as WCAG 2 defines it."""

    def luminance(colour):
        values = np.array([int(colour[k : k + 2], 16) for k in (0, 2, 4)]) / 255
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_in_light_and_dark():
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", style, re.S)
    assert len(schemes) == 3  # light, dark, on paper
    light, dark, paper = (dict(re.findall(r"--([\w-]+): #(\w+);", scheme)) for scheme in schemes)
    for scheme in (light, dark, light | paper):
        colours = {
            name: value if len(value) == 6 else "".join(2 * digit for digit in value) for name, value in scheme.items()
        }
        pairs = [
            ("text", "ground"),
            ("quiet", "ground"),
            ("accent", "ground"),
            ("text", "raised"),
            ("best-text", "best"),
        ]
        for text, ground in [*pairs, ("accent", "raised"), ("on-accent", "accent")]:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["edge"], colours["ground"]) >= 3


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """What a browser reports after wheel, keys, drags and clicks on a page of pictures that were reduced."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs Chromium, to work the page")
    report = made_report(960, 1280, regions=[Region(0, 0, 64, 64, 9), Region(640, 480, 320, 240, 8)])
    report = report._replace(metrics=[*report.metrics, *(Metric(f"metric-{k}", False, "more") for k in range(20))])
    text = page_of(report, limit=1_000_000)
    page = tmp_path_factory.mktemp("page") / "page.html"
    driver = DRIVER.read_text(encoding="utf-8")
    page.write_text(text.replace("<meta http-equiv", f"<script>{driver}</script><meta http-equiv", 1), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"]
    options += [f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", page.as_uri()]
    run = subprocess.run([browser, *options], capture_output=True, text=True, check=False, timeout=120)
    if not run.stdout:
        pytest.skip(f"Chromium does not start here: {run.stderr[-200:]}")
    seen = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", run.stdout)[1]))
    (stage,) = Document(text).of("div", **{"class": "stage"})
    reduction = float(stage["data-reduction"])
    assert 0.5 < reduction < 0.9
    return seen, reduction


def only(state):
    """Scale and place of the pictures, which they all share."""
    (matrix,) = state["transforms"]
    return matrix[0], matrix[4:]


def test_nothing_goes_wrong_in_a_browser(driven):
    assert driven[0]["problems"] == [] and driven[0]["scroll"] == 0


def test_pictures_fit_at_first_and_are_enlarged_together(driven):
    seen, reduction = driven
    scale, _ = only(seen["start"])
    fits = min(seen["frame"][0] / 1280, seen["frame"][1] / 960) / reduction
    assert scale == pytest.approx(fits, rel=0.01)
    assert seen["start"]["level"] == f"{100 * scale:.0f} %"
    assert seen["plainWheel"] == [False, seen["start"]]  # the page scrolls
    assert seen["wheel"][0] and only(seen["wheel"][1])[0] == pytest.approx(scale * np.exp(0.25), rel=1e-4)
    assert only(seen["full"])[0] == 1 and seen["full"]["level"] == "100 %"
    assert only(seen["plus"])[0] == 1.5
    assert seen["fit"] == seen["start"]
    assert seen["focusedWheel"] == [True, True, False]  # where nothing is left to reduce, the page scrolls


def test_pictures_are_moved_together(driven):
    before, dragged, arrow = (np.array(only(driven[0][name])[1]) for name in ("plus", "dragged", "arrow"))
    assert (dragged - before).tolist() == [7, -5]
    across = driven[0]["frame"][0]
    assert (arrow - dragged).tolist() == pytest.approx([-0.1 * across, 0], abs=1)


def test_only_what_is_seen_is_decoded(driven):
    assert driven[0]["sources"] == {"grid": [1, 1, 1, 1, 0], "chosen": [1, 0, 1, 1, 1], "slider": [1, 1, 0, 0, 0]}


def test_the_divider_moves_and_its_sides_differ(driven):
    start, moved, said = driven[0]["split"]
    assert float(start) == 50 and float(moved) == pytest.approx(75, abs=0.1)
    assert said == "75 % method 0, 25 % method 1"
    assert driven[0]["pair"] == ["1", "0"]


def test_a_crop_leads_to_its_place(driven):
    seen, reduction = driven
    visit = seen["visit"]
    assert visit["right"] == "2" and visit["active"].startswith("stage") and visit["hash"] == ""
    assert seen["back"] == ["Back to region 2", False, "#region-2"]
    scale, place = only(visit)
    across, high = visit["frame"]
    x, y = (offset + scale * reduction * middle for offset, middle in zip(place, (800, 600)))
    assert (x, y) == pytest.approx((across / 2, high / 2), abs=2)
    assert scale * reduction == pytest.approx(0.6 * min(across / 320, high / 240), rel=0.01)


def test_rows_are_sorted_best_first_and_the_unknown_last(driven):
    (first, said), (second, said_next) = driven[0]["sorted"]["score"]
    assert first == ["0.7500", "0.5000", "0.2500"] and said == [[3, "descending"]]
    assert second == first[::-1] and said_next == [[3, "ascending"]]
    unknown, _ = driven[0]["sorted"]["unknown"]
    assert unknown == ["9.50", "12.25", "–"]
    methods, said = driven[0]["sorted"]["method"]
    assert methods == ["method 0", "method 1", "method 2"] and said == [[0, "ascending"]]

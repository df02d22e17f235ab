"""The README: its figures are measured, its links lead somewhere, its commands exist."""

import re
import shlex
from pathlib import Path

import pytest

import fusion
from benchmarks.run import saved
from fusion.cli import build_parser
from fusion.lineup import LINEUP

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def row(beginning):
    return next(line for line in TEXT.splitlines() if line.startswith(f"| {beginning}"))


def numbers(line):
    return [float(number) for number in re.findall(r"(?<![\w.])\d+\.\d+|(?<![\w.])\d{3}(?= CPU)", line)]


def spent(run):
    return [run["cpu_s"], run["peak_mb"] / 1000]


def test_figures_of_stacking_are_measured():
    speed, quality = saved("stacking")["speed"], saved("stacking")["quality"]["motorcycle"]["f/1.2"]
    twenty = speed["20_frames"]
    expected = [*spent(twenty["ours"]), *spent(twenty["shinestacker"]), *spent(twenty["enfuse"])]
    assert numbers(row("20 frames")) == pytest.approx(expected, rel=0.03)
    large = speed["100_frames_of_24_megapixels"]["ours"]
    assert numbers(row("100 frames")) == pytest.approx(spent(large), rel=0.04)
    names = ("ours", "best pick", "shinestacker", "enfuse")
    assert numbers(row("8 frames")) == pytest.approx([quality[name] for name in names], abs=0.06)


def test_figures_of_the_others_are_measured():
    motion = saved("registration")["motion"]["10_frames"]
    names = ("similarity", "SIFT homographies", "align_image_stack")
    assert numbers(row("a lens")) == pytest.approx([motion[name]["mean_px"] for name in names], abs=0.005)
    five = saved("exposure")["speed"]["five_jpeg"]
    expected = [*spent(five["ours"]), *spent(five["enfuse"]), *spent(five["merge_mertens"])]
    assert numbers(row("a bracket")) == pytest.approx(expected, rel=0.03)
    methods = saved("depth")["scenes"]["scenes"]["motorcycle, 25 frames, 1% noise"]["methods"]
    errors = [methods[name]["mean"] for name in ("guided", "graph-cut")]
    assert numbers(row("depth from 25")) == pytest.approx(errors, abs=0.006)


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 10
    for link in links:
        assert link.startswith("https://") or (ROOT / link).is_file(), link


def test_commands_can_be_parsed():
    commands = [line for line in TEXT.splitlines() if line.startswith("fusion ")]
    assert len(commands) == 5
    for line in commands:
        build_parser().parse_args(shlex.split(line, comments=True)[1:])


def test_methods_of_the_table_are_there():
    for title, page, use in re.findall(r"^\| \[(.*?)\]\(book/(\w+)\.md\) \| (.*?) \|", TEXT, re.MULTILINE):
        method = next((method for method in LINEUP.values() if method.title == title), None)
        assert title == "depth from focus" or (method.page, method.use) == (page, use)
    for name in re.findall(r"`fusion\.(\w+)`", TEXT):
        assert hasattr(fusion, name)

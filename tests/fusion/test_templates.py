"""Templates of packages: all of them are installed, and scripts among them are JavaScript."""

import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from fusion.templates import Templates

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {f"fusion.{room}": ROOT / "fusion" / room / "templates" for room in ("show", "report")}


@pytest.mark.parametrize("package", FOLDERS)
def test_templates_are_in_the_package(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"][package]
    paths = list(FOLDERS[package].iterdir())
    assert paths
    for path in paths:
        assert any(fnmatch(f"templates/{path.name}", pattern) for pattern in patterns), path.name


@pytest.mark.parametrize(
    "path", sorted(path for folder in FOLDERS.values() for path in folder.glob("*.js")), ids=lambda path: path.stem
)
def test_scripts_parse(path):
    if not shutil.which("node"):
        pytest.skip("needs node, to parse JavaScript")
    subprocess.run(["node", "--check", path], check=True, timeout=30)


def test_values_are_escaped_and_markup_is_not():
    pane = Templates("fusion.show").filled_in("pane.html", label="<a>&", source="'", width=1, height=2)
    assert "&lt;a&gt;&amp;" in pane and "&#x27;" in pane and "<a>" not in pane
    page = Templates("fusion.show").filled_in("surface-page.html", {"widget": "<i>it</i>"}, title="<t>")
    assert "<i>it</i>" in page and "<t>" not in page

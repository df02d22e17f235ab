"""Pages call the packages and explain; they define nothing, open nothing, and fit on the page."""

import ast
import re
from pathlib import Path

import jupytext
import pytest

from data.scenes.lab import LAB
from fusion.lineup import LINEUP

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGES = sorted(path for path in BOOK.glob("*.md") if "{code-cell}" in path.read_text(encoding="utf-8"))
PART_ONE = ["pictures", "scenes", "guided_filter", "image_fusion", "experiments", "our_pictures", "conclusion"]
EXPOSURE = ["exposure_fusion"]
REGISTRATION = ["registration"]
STACKING = ["focus_stacking"]
BOUNDARY = ["boundary_fusion"]
DEPTH = ["depth_from_focus"]
MEASURING = ["how_good", "leaderboard"]
CHOOSING = ["choosing", "artefacts", *(f"artefact_{name}" for name in LAB)]
OPENERS = {"open", "imread", "imwrite", "Path", "load_npz"}
TOUCHABLE = re.compile(r"^(compare|scrub|surface|thin_lens|zoom)\(", re.MULTILINE)
ALT = re.compile(r'alt ?= ?"([^"]*)"')
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def code_cells(path):
    cells = jupytext.read(path, fmt="md:myst").cells
    return [cell for cell in cells if cell.cell_type == "code"]


def faults(source):
    """Name what a cell does that a page should not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DEFINITIONS):
            yield f"line {node.lineno} defines a function or class"
        called = getattr(node, "func", None)
        if getattr(called, "id", getattr(called, "attr", None)) in OPENERS:
            yield f"line {node.lineno} opens a file"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_cells_are_short_and_only_call(path):
    for cell in code_cells(path):
        assert list(faults(cell.source)) == []
        assert cell.source.count("\n") < 12, cell.source
        shown = "remove-cell" not in cell.metadata.get("tags", [])
        assert not shown or max(map(len, cell.source.splitlines())) <= 80, cell.source


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_figures_have_caption_name_and_alternative_text(path):
    for cell in code_cells(path):
        if "import" in cell.source or not (touchable := TOUCHABLE.search(cell.source)) and "plot_" not in cell.source:
            continue
        if glued := re.findall(r'glue\("([^"]+)", plot_', cell.source):
            assert len(glued) == cell.source.count("plot_")
            continue  # drawn where the page says, with its alternative text: see below
        described = cell.metadata["mystnb"]
        assert described["figure"]["caption"] and described["figure"]["name"]
        alt = ALT.search(cell.source)[1] if touchable else described["image"]["alt"]
        assert len(alt) > 20


@pytest.mark.parametrize(
    "name", PART_ONE + EXPOSURE + REGISTRATION + STACKING + BOUNDARY + DEPTH + MEASURING + CHOOSING
)
def test_every_page_has_a_folded_exercise_and_answer(name):
    text = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    exercises = re.findall(r"{admonition} Exercise\n:class: (.*)\n", text)
    answers = re.findall(r"{admonition} Answer\n:class: (.*)\n", text)
    assert len(exercises) == len(answers) > 0
    assert all("dropdown" in classes for classes in exercises + answers)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_glued_figures_have_alternative_text(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r'glue\("([^"]+)", plot_', text):
        described = re.search(rf"{{glue:figure}} {name}\n:alt: (.*)\n", text)
        assert described and len(described[1]) > 20, name


def test_every_method_is_in_the_tables_and_every_artefact_has_a_page():
    table, symptoms = ((BOOK / f"{name}.md").read_text(encoding="utf-8") for name in ("choosing", "artefacts"))
    for method in LINEUP.values():
        assert f"| [{method.title}]({method.page}.md) |" in table
        words = method.command.replace(" --align none", "")
        assert not words or f"`{words}`" in table
    for name in LAB:
        assert (BOOK / f"artefact_{name}.md").is_file() and f"(artefact_{name}.md)" in symptoms


def test_faults_are_found():
    assert len(list(faults("f = lambda x: x\ndef g():\n    return cv2.imread('a')"))) == 3

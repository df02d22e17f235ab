"""The reference: every public name has an entry, and docstrings become pages without a warning."""

import argparse
import functools
import os
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import command_help
import public_names
import pytest
import reference
import yaml

import fusion

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "book").glob("api*.md"))
DIRECTIVE = re.compile(r"^\.\. (automodule|autofunction|autoclass|py:data):: ([\w.]+)(?:\n   :module: ([\w.]+))?", re.M)
INITS = [path for room in public_names.ROOMS for path in sorted((ROOT / room).rglob("__init__.py"))]
PACKAGES = [
    path.parent.relative_to(ROOT).as_posix().replace("/", ".")
    for path in INITS
    if "__all__" in path.read_text(encoding="utf-8")
]


def directives():
    """List (page, directive, what it documents)."""
    return [
        (page.stem, found[1], f"{found[3]}.{found[2]}" if found[3] else found[2])
        for page in PAGES
        for found in DIRECTIVE.finditer(page.read_text(encoding="utf-8"))
    ]


def is_on_a_page(name, documented):
    """Tell whether the directives of the reference document a name, by itself or with its module."""
    address = public_names.canonical(name)
    thing, owner = public_names.locate(address), address.rpartition(".")[0]
    if isinstance(public_names.locate(owner), type):
        return is_on_a_page(owner, documented)
    return address in documented or owner in documented and public_names.is_documented(address, thing)


def test_all_rooms_have_public_names():
    assert {*public_names.ROOMS, "data.scenes", "fusion.depth", "fusion.metrics", "fusion.show"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_on_a_page(package):
    documented = {name for _, _, name in directives()}
    names = [f"{package}.{name}" for name in public_names.listed(public_names.locate(package))]
    assert names
    missing = [name for name in names if not is_on_a_page(name, documented)]
    assert missing == [], "name them, or their modules, on a page book/api*.md"


def test_what_pages_name_is_on_a_page():
    documented = {name for _, _, name in directives()}
    named = {name for name in public_names.named_on_pages() if name.startswith(public_names.ROOMS)}
    assert len(named) > 50
    missing = sorted(name for name in named if not is_on_a_page(name, documented))
    assert missing == [], "pages of the book name these: put their modules on a page book/api*.md"


def test_nothing_is_documented_twice_and_nothing_that_is_not_there():
    documented = [name for _, _, name in directives()]
    assert len(documented) > 100
    assert [name for name in sorted(set(documented)) if documented.count(name) > 1] == []
    assert [name for name in documented if public_names.locate(name) is None] == []


def test_pages_of_the_reference_are_in_its_table():
    listed = re.findall(r"\[\]\((api\w+)\.md\)", (ROOT / "book" / "api.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(page.stem for page in PAGES if page.stem != "api")


def test_a_name_is_documented_at_its_shortest_address():
    assert public_names.canonical("fusion.stacking.pyramid_fusion") == "fusion.pyramid_fusion"
    assert public_names.canonical("fusion.depth.estimate.Depth") == "fusion.depth.Depth"
    assert public_names.canonical("fusion.depth.depth_from_focus") == "fusion.depth_from_focus"
    assert public_names.canonical("data.scenes.lens.circle_of_confusion") == "data.scenes.circle_of_confusion"
    assert public_names.canonical("fusion.filters.box") == "fusion.filters.box"
    assert public_names.canonical("fusion.metrics.METRICS") == "fusion.metrics.METRICS"


def test_a_scene_in_a_module_of_its_own_name_is_the_function():
    assert callable(public_names.locate("data.scenes.lab.halos"))
    assert public_names.canonical("data.scenes.lab.halos") == "data.scenes.lab.halos.halos"


@pytest.mark.parametrize("name", ["fusion.nothing", "numpy.mean", "fusion.filters.box.nothing", "", "fusion."])
def test_what_is_not_ours_is_not_found(name):
    assert public_names.locate(name) is None


def test_helpers_and_what_is_private_are_left_out():
    from fusion import weights

    assert public_names.is_documented("fusion.weights.decision_map", weights.decision_map)
    assert public_names.is_documented("fusion.weights.normalise_weights", weights.normalise_weights)  # named on a page
    assert not public_names.is_documented("fusion.exposure.contrast", public_names.locate("fusion.measure.contrast"))
    assert not public_names.is_documented("data.stack.is_uneven", lambda: None)
    helper = SimpleNamespace(__module__="fusion.weights", __qualname__="helper")
    assert not public_names.is_documented("fusion.weights.helper", helper)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fusion.filters.box", "fusion.filters.box"),
        ("box(image, 3)", "box"),
        ("stack[0]", "stack"),
        ("GFF.run(\n)", "GFF.run"),
        ("make book", None),
        ("--align", None),
        ("levels=", None),
        ("", None),
    ],
)
def test_the_name_that_inline_code_begins_with(text, name):
    assert public_names.spoken_name(text) == name


def test_the_reference_is_read_again_when_pages_name_other_functions(monkeypatch):
    named = [frozenset({"fusion.filters.box"})]
    monkeypatch.setattr(public_names, "named_on_pages", functools.cache(lambda: named[0]))
    env = SimpleNamespace(found_docs={"book/intro", "book/api_parts"})
    assert reference.outdated(None, env, set(), set(), set()) == []
    assert reference.outdated(None, env, set(), set(), set()) == []
    named[0] = frozenset({"fusion.filters.box", "fusion.weights.blend"})
    assert reference.outdated(None, env, set(), set(), set()) == ["book/api_parts"]


def test_citations_become_a_list():
    lines = [
        "As in [1]_ and [2]_.",
        "",
        "References",
        "----------",
        ".. [1] T. One, title,",
        "       2001.",
        ".. [2] U.",
    ]
    assert reference.number_references(lines) == [
        *("As in [1] and [2].", "", "References", "----------"),
        *(r"1. \T. One, title,", "   2001.", r"2. \U."),
    ]


def test_the_help_of_every_command_is_shown():
    helps = command_help.helps()
    assert {"fusion", "fusion stack", "fusion data", "fusion data list"} <= set(helps)
    for command, text in helps.items():
        assert text.startswith(f"usage: {command}")
        assert max(map(len, text.partition("\n\n")[0].splitlines())) <= command_help.WIDTH


def test_commands_are_followed_to_any_depth():
    parser = argparse.ArgumentParser(prog="a")
    inner = parser.add_subparsers().add_parser("b")
    inner.add_subparsers().add_parser("c")
    assert [found.prog for found in command_help.commands(parser)] == ["a", "a b", "a b c"]


def test_the_terminal_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("COLUMNS", "123")
    monkeypatch.delenv("NO_COLOR", raising=False)
    command_help.helps()
    assert os.environ["COLUMNS"] == "123" and "NO_COLOR" not in os.environ


def test_the_citation_file_says_what_the_project_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["version"] == fusion.__version__
    assert citation["license"] == project["license"]
    assert citation["authors"] == [{"name": author["name"]} for author in project["authors"]]
    assert set(project["keywords"]) <= set(citation["keywords"])
    assert citation["title"] == "All in Focus" and citation["abstract"] and citation["message"]


def test_the_page_on_citing_says_the_version():
    page = (ROOT / "book" / "contributing.md").read_text(encoding="utf-8")
    assert f"version = {{{fusion.__version__}}}" in page

"""A notebook alone, in an empty folder, runs with what `pip install` brings: the wheel and the extra "book"."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import imports

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("benchmarks", "data", "fusion", "recalage")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OPENED = tuple(f"_{what}" for what in ("sample", "origin", "dataset"))  # names that open pictures when they are read
RESOLVE = """
import sys, imports, benchmarks, data, fusion, recalage
for name in sys.argv[1:]:
    getattr(imports, name)
for name in ("boundary", "depth", "exposure", "registration", "stacking"):
    assert imports.benchmark(name)
print(*(package.__file__ for package in (imports, benchmarks, data, fusion, recalage)), sep="\\n")
"""
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import fusion, imports; print(imports.__file__, fusion.__file__)"))
nbclient.execute(notebook, timeout=300, kernel_name="python3")
print(notebook.cells[-1].outputs[0].text)
"""


def source_of(notebook):
    """All code of a notebook; its cells hold plain Python."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def names_of(code):
    """Names that code takes from imports.py."""
    taken = [
        node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom) and node.module == "imports"
    ]
    return {alias.name for node in taken for alias in node.names}


def files_in(folder):
    """Files of the packages in a folder, by their paths from there."""
    found = [path for package in PACKAGES for path in (folder / package).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of what a wheel is built from: building leaves folders behind."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "README.md", "LICENSE", "imports.py"):
        shutil.copy(ROOT / name, folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


@pytest.fixture(scope="module")
def wheel(sources, tmp_path_factory):
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    before = files_in(sources)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, sources], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    assert files_in(sources) == before
    return folder / "site"


@pytest.fixture(scope="module")
def run_alone(wheel, tmp_path_factory):
    """Run Python where the wheel and the dependencies are installed, and this repository is not."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home, symlinks=True, with_pip=False)
    (installed,) = home.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (installed / "alone.pth").write_text("\n".join([str(wheel), *others]))
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "FUSION_DATA"}}
    environment |= {"FUSION_CACHE": str(home / "cache"), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}

    def run(code, *arguments, folder):
        command = [home / "bin" / "python", "-c", code, *arguments]
        told = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert told.returncode == 0, told.stderr[-3000:]
        return told.stdout

    return run


def test_the_wheel_holds_every_file_of_the_packages(sources, wheel):
    assert len(files_in(sources)) > 100
    assert files_in(sources) - files_in(wheel) == set()
    assert (wheel / "imports.py").is_file()


def test_names_of_all_notebooks_resolve_from_the_wheel(run_alone, wheel, tmp_path):
    names = set().union(*(names_of(source_of(notebook)) for notebook in NOTEBOOKS))
    assert len(names) > 40
    told = run_alone(RESOLVE, *(name for name in sorted(names) if not name.endswith(OPENED)), folder=tmp_path)
    places = [Path(line) for line in told.splitlines()]
    assert len(places) == 5
    assert all(place.is_relative_to(wheel) for place in places), told


def test_a_notebook_runs_alone(run_alone, wheel, tmp_path):
    smallest = min(NOTEBOOKS, key=lambda path: path.stat().st_size)
    shutil.copy(smallest, tmp_path)
    places = run_alone(RUN, smallest.name, folder=tmp_path).split()
    assert all(Path(place).is_relative_to(wheel) for place in places)
    assert [path.name for path in tmp_path.iterdir()] == [smallest.name]


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(extra):
    """Names of the packages that the project needs with an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    found, waiting = set(), [*project["dependencies"], *extras[extra]]
    while waiting:
        name, more = re.match(r"([\w.-]+)(?:\[(.*?)\])?", waiting.pop()).groups()
        if normalised(name) == normalised(project["name"]):
            waiting += [line for other in more.split(",") for line in extras[other.strip()]]
        else:
            found.add(normalised(name))
    return found


def imported_by(code):
    """Top-level packages that code imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_the_extra_names_all_that_notebooks_import():
    folders = ("data", "fusion", "recalage", "benchmarks/leaderboard")  # other benchmarks also run programs of others
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    codes = [path.read_text(encoding="utf-8") for path in files] + [source_of(notebook) for notebook in NOTEBOOKS]
    packages = {name for code in codes for name in imported_by(code)}
    packages |= {place.partition(".")[0] for place in (*imports.MODULES.values(), *imports.FUNCTIONS.values())}
    packages -= {*sys.stdlib_module_names, *PACKAGES, "imports"}
    assert {"numpy", "torch", "matplotlib", "myst_nb", "skimage"} <= packages
    sold_in = importlib.metadata.packages_distributions()
    missing = [name for name in packages if not {normalised(one) for one in sold_in[name]} & declared("book")]
    assert missing == []

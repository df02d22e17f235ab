"""Who may import whom: the rooms of the house, read from the syntax tree of every file."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("data", "recalage", "fusion")
OURS = {*ROOMS, "imports", "benchmarks", "tests"}
MAY_IMPORT = {
    "fusion/cli": {"data", "recalage", "fusion"},
    "fusion": {"data", "fusion"},
    "recalage": {"data", "recalage"},
    "data": {"data"},
    "imports.py": {*ROOMS, "benchmarks"},
}
HEAVY = {"matplotlib": "fusion/show", "mpl_toolkits": "fusion/show", "torch": "fusion/boundary or a file *_torch.py"}


def is_inside(path, folder):
    """Tell whether a path is a room, or the file, or lies in the folder named."""
    return path == folder or path.startswith(f"{folder}/") or path == f"{folder}.py"


def absolute_name(node, path):
    """Name the module of a `from ... import`, its leading dots replaced by the package the file is in."""
    package = path.split("/")[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def called_import(node):
    """Name the module of `import_module("name")` or `__import__("name")`, or None."""
    called = getattr(node.func, "attr", getattr(node.func, "id", None))
    if called in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
        return node.args[0].value
    return None


def imported_packages(code, path):
    """Yield (line, top-level package) of each import of a file, wherever it stands."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [absolute_name(node, path)]
        elif isinstance(node, ast.Call) and called_import(node):
            names = [called_import(node)]
        else:
            continue
        yield from ((node.lineno, name.partition(".")[0]) for name in names)


def may_import(path, package):
    """Tell whether a file, named by its path from the root, may import a package."""
    if package in OURS:
        room = next(room for room in MAY_IMPORT if is_inside(path, room))
        return package in MAY_IMPORT[room]
    if package in {"matplotlib", "mpl_toolkits"}:
        return is_inside(path, "fusion/show")
    if package == "torch":
        return is_inside(path, "fusion/boundary") or path.endswith("_torch.py")
    return True


def trespasses(code, path):
    """List the imports of a file that the rules of the house forbid."""
    return [
        f"{path}:{line} imports {package}" + (f", which belongs in {HEAVY[package]}" if package in HEAVY else "")
        for line, package in imported_packages(code, path)
        if not may_import(path, package)
    ]


def test_rooms_import_only_what_they_may():
    files = [ROOT / "imports.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
    assert {path.relative_to(ROOT).parts[0] for path in files} == {"imports.py", *ROOMS}
    assert [
        line
        for path in files
        for line in trespasses(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ] == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("data/stack.py", "import fusion"),
        ("data/stack.py", "import numpy, recalage.warp"),
        ("recalage/chain.py", "from fusion.filters import box"),
        ("fusion/guided.py", "from recalage import warp"),
        ("fusion/guided.py", "def fuse():\n    import recalage"),
        ("fusion/guided.py", "import imports"),
        ("fusion/guided.py", "import matplotlib.pyplot as plt"),
        ("fusion/guided.py", "import torch"),
        ("fusion/guided.py", "from importlib import import_module\nimport_module('torch.nn')"),
        ("fusion/show/figures.py", "import torch"),
        ("fusion/showing.py", "import matplotlib"),
        ("fusion/client.py", "import recalage"),
        ("data/io.py", "from benchmarks.guided import run"),
        ("imports.py", "from matplotlib import pyplot"),
    ],
)
def test_a_trespass_is_found(path, code):
    assert len(trespasses(code, path)) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("fusion/guided.py", "from data import as_stack\nfrom . import filters\nfrom .filters import box\nimport cv2"),
        ("fusion/cli/stack.py", "import data, recalage\nfrom ..guided import fuse"),
        ("fusion/show/figures.py", "import matplotlib.pyplot as plt"),
        ("fusion/exposure_torch.py", "import torch"),
        ("fusion/boundary/net.py", "from torch import nn\nfrom .. import filters"),
        ("imports.py", "import data, fusion, recalage"),
    ],
)
def test_what_is_allowed_passes(path, code):
    assert trespasses(code, path) == []


def test_a_relative_import_is_followed_to_its_room():
    assert list(imported_packages("from ...recalage import warp", "fusion/show/figures.py")) == [(1, "recalage")]

"""The samples of the pages: from the folder of data where they are, built in where not, never in silence."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data import save

ROOT = Path(__file__).resolve().parent.parent
WATCH = """
import sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append(str(given[0]).lower()))
import imports
def pictures():
    return [path for path in opened if path.endswith((".jpg", ".jpeg", ".png", ".tif", ".webp", ".npz", ".npy"))]
"""


@pytest.fixture
def ask(tmp_path):
    """Run lines after ``import imports`` in a Python of its own, by default without any data; return the process."""

    def run(lines, **folders):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FUSION_")}
        environment |= {"FUSION_CACHE": str(tmp_path / "empty")} | {key: str(path) for key, path in folders.items()}
        command = [sys.executable, "-c", WATCH + lines]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    return run


@pytest.fixture
def lytro(tmp_path):
    """A folder that holds the two frames of lytro/01, under the names of the registry."""
    folder = tmp_path / "data" / "lytro" / "01"
    folder.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        save(np.full((6, 8, 3), 0.5), folder / name)
    return folder


def test_importing_reads_no_picture(ask, lytro):
    asked = ask(
        'print(pictures(), sorted({"matplotlib", "skimage"} & set(sys.modules)))\n'
        "imports.multi_focus_sample\nprint(len(pictures()))",
        FUSION_DATA=lytro.parent.parent,
    )
    before, after = asked.stdout.splitlines()
    assert before == "[] []"
    assert int(after) >= 2  # the check sees what is opened


def test_without_data_the_built_in_pictures_say_so(ask):
    asked = ask("print(imports.multi_focus_origin, imports.multi_focus_sample.shape)")
    assert asked.stdout.startswith("built-in pictures built-in/motorcycle-pair, in place of lytro/01 (2, ")


@pytest.mark.parametrize("variable", ["FUSION_DATA", "FUSION_CACHE"])
def test_where_the_set_is_it_is_used(ask, lytro, variable):
    asked = ask(
        "print(imports.multi_focus_origin, imports.multi_focus_sample.shape)", **{variable: lytro.parent.parent}
    )
    assert asked.stdout == "picture set lytro/01 (2, 6, 8, 3)\n"


def test_a_broken_picture_is_an_error(ask, lytro):
    (lytro / "b.jpg").write_bytes(b"broken")
    asked = ask("print(imports.multi_focus_origin)", FUSION_DATA=lytro.parent.parent)
    assert asked.returncode == 1 and asked.stdout == ""
    assert "b.jpg: is not a picture" in asked.stderr.splitlines()[-1]


def test_datasets_are_the_folders_of_scenes_where_they_hold_any(ask, lytro):
    (lytro.parent.parent / "mef" / "_fused").mkdir(parents=True)
    asked = ask(
        "print(imports.multi_focus_dataset, imports.multi_exposure_dataset, sep=chr(10))",
        FUSION_CACHE=lytro.parent.parent,
    )
    focus, exposure = asked.stdout.splitlines()
    assert focus == f"<MultiviewDataset of 1 scene in {lytro.parent}: 01>"
    assert exposure == "<MultiviewDataset of 1 scene: built-in/coffee>"


def test_naming_a_dataset_reads_no_picture(ask, lytro):
    asked = ask(
        'imports.multi_focus_dataset\nprint(pictures())\nimports.multi_focus_dataset["01"]\nprint(len(pictures()))',
        FUSION_DATA=lytro.parent.parent,
    )
    before, after = asked.stdout.splitlines()
    assert before == "[]" and int(after) >= 2


def test_without_data_a_dataset_has_built_in_scenes(ask):
    asked = ask(
        "for group in imports.DATASETS:\n    names = getattr(imports, f'{group}_dataset').names\n"
        "    print(names, set(names) <= set(imports.datasets.names()))"
    )
    lines = asked.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("['built-in/") and line.endswith("] True") for line in lines)


def test_all_names_are_listed_and_lead_somewhere(ask):
    asked = ask(
        "imports.data.load = str\nfrom imports import *\n"  # samples are their names here: making them takes long
        "print(set(dir(imports)) - set(globals()), gray_sample, hasattr(imports, 'nonsense'))"
    )
    assert asked.stdout == "set() built-in/gray False\n"

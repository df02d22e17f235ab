"""Importing the library stays light."""

import subprocess
import sys

import pytest


def loaded_by(statement):
    """Run a statement in a Python of its own; return the names of the modules it loaded."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("package", ["data", "recalage", "fusion", "fusion.cli"])
def test_a_package_loads_neither_torch_nor_matplotlib(package):
    assert not {"torch", "matplotlib"} & loaded_by(f"import {package}")


def test_interactive_pictures_load_no_matplotlib():
    assert "matplotlib" not in loaded_by("from fusion.show import compare, scrub, zoom")


def test_the_check_sees_what_is_loaded():
    assert "matplotlib" in loaded_by("import matplotlib")

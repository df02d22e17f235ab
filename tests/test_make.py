"""`make` on a machine that is not as it should be says what is wrong, in one line."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def make(*arguments):
    """Run make as from a fresh shell: what the make around this test was told stays outside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def complaint(tmp_path):
    """Run `make book` with a Python that is a shell script; return what it says on the way to failing."""

    def run(script=None):
        python = tmp_path / "python"
        if script is not None:
            python.write_text(f"#!/bin/sh\n{script}\n")
            python.chmod(0o755)
        result = make("book", f"PYTHON={python}", f"VENV={tmp_path}/venv")
        assert result.returncode != 0
        assert not (tmp_path / "venv").exists()
        said = [line for line in (result.stdout + result.stderr).splitlines() if not line.startswith("make")]
        assert len(said) == 1, said
        return said[0]

    return run


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.14", "4.11"])
def test_a_python_of_another_version_is_refused(complaint, version):
    said = complaint(f"echo {version}")
    assert f"is Python {version}; Python 3.11, 3.12 or 3.13 is needed: make book PYTHON=python3.12" in said


def test_a_missing_python_is_named(complaint, tmp_path):
    assert complaint().startswith(f"No Python found as {tmp_path}/python; Python 3.11")


def test_a_broken_python_is_named(complaint):
    assert complaint("echo cannot start >&2; exit 127").startswith("No Python found as")


def test_a_python_without_venv_is_refused(complaint):
    said = complaint('case "$*" in *ensurepip*) echo Traceback >&2; exit 1 ;; *) echo 3.12 ;; esac')
    assert "has no venv or no ensurepip; install them" in said


def test_help_lists_every_target():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)[1].split()
    listed = re.findall(r"^  make ([a-z-]+) +\w", make().stdout, flags=re.MULTILINE)
    assert sorted(listed) == sorted(targets)
    assert make("help").stdout == make().stdout


@pytest.mark.parametrize(
    ("given", "passed_on"), [("pictures", f"{ROOT}/pictures"), ("/my pictures", "/my pictures"), ("", "")]
)
def test_the_folder_of_pictures_becomes_absolute(tmp_path, given, passed_on):
    printer = tmp_path / "print.mk"
    printer.write_text('include Makefile\nprint: ; @echo "[$$FUSION_DATA]"\n')
    assert make("-f", str(printer), "print", f"FUSION_DATA={given}").stdout == f"[{passed_on}]\n"

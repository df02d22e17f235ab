"""The list of licences names what is installed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-lab.txt"])
def test_every_pin_is_listed_with_its_version_and_licence(name):
    listed = re.findall(r"^\| ([\w.-]+) \| (\S+) \| \S.* \|$", (ROOT / "LICENSES.md").read_text(), re.MULTILINE)
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)
    assert len(pinned) > 5
    assert set(pinned) - set(listed) == set()

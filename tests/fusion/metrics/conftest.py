"""Values to verify against: of small patterns, which are here, and of published results, which may be at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

FIXTURES = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def patterns():
    """Read the arrays of a small pattern by its name: sources A and B, or a sequence, and fused images F_*."""
    return lambda name: np.load(FIXTURES / f"fixture_{name}.npz")


@pytest.fixture(scope="session")
def reference(real_data):
    """Read a file of expected values of published results, or skip: they lie beside the folder of pictures."""
    folder = real_data.resolve().parent / "reference"
    if not folder.is_dir():
        pytest.skip(f"needs the expected values of published results, metrics.json and mef_ssim.json, in {folder}")
    return lambda name: json.loads((folder / name).read_text(encoding="utf-8"))

"""Small patterns whose scores are known."""

from pathlib import Path

import numpy as np
import pytest

FIXTURES = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def patterns():
    """Read the arrays of a small pattern by its name: sources A and B, or a sequence, and fused images F_*."""
    return lambda name: np.load(FIXTURES / f"fixture_{name}.npz")

"""What several tests need: real pictures where they are at hand, and small scenes with a known answer."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def real_data():
    """The folder of real pictures, or a skip."""
    folder = os.environ.get("FUSION_DATA")
    if not folder or not (Path(folder) / "manifest.json").is_file():
        pytest.skip("needs the real pictures: set FUSION_DATA to the folder that holds manifest.json")
    return Path(folder)


@pytest.fixture(scope="session")
def published_scores():
    """What an independent program gives published results: of Lytro pairs, of exposure sequences, with opinions."""
    path = Path(__file__).parent / "fusion" / "metrics" / "reference" / "published.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def one_torch_thread():
    """On pictures this small, threads that wait for each other cost more than they save."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def texture():
    """A colour image with detail at many scales, float32 of shape (96, 128, 3)."""
    rng = np.random.default_rng(7)
    layers = [cv2.GaussianBlur(rng.random((96, 128, 3), np.float32), (0, 0), sigma) for sigma in (0.7, 2, 6)]
    mixed = sum(layer / layer.std() for layer in layers)
    return ((mixed - mixed.min()) / (mixed.max() - mixed.min())).astype(np.float32)


@pytest.fixture(scope="session")
def focus_pair(texture):
    """Two frames of `texture`, the first sharp on the left, the second on the right; no two pixels tie."""
    blurred = cv2.GaussianBlur(texture, (0, 0), 3)
    left = np.arange(texture.shape[1]) < texture.shape[1] // 2
    return np.stack([np.where(left[:, None], texture, blurred), np.where(left[:, None], blurred, texture)])

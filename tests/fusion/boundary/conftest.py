"""What the tests of boundary-aware fusion need: textured pairs, and networks whose weights are drawn by chance."""

import cv2
import numpy as np
import pytest

from fusion.boundary import compact, inputs, resnet56
from fusion.boundary.mattes import Sources


def drawn_weights(layers, seed, *, gain=1.0):
    """Weights and biases of layers, drawn by chance, of about the size that keeps what passes as large as it was."""
    rng, parameters = np.random.default_rng(seed), {}
    for name, (count, width, size) in layers.items():
        spread = gain * (2 / (count * size**2)) ** 0.5
        parameters[f"{name}.weight"] = (spread * rng.standard_normal((width, count, size, size))).astype(np.float32)
        parameters[f"{name}.bias"] = rng.normal(0, 0.1, width).astype(np.float32)
    return parameters


def textured(shape, seed):
    """Gray noise with detail of several sizes, float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.random(shape, np.float32), (0, 0), sigma) for sigma in (0.7, 2, 6)]
    mixed = sum(layer / max(layer.std(), 1e-3) for layer in layers)
    span = mixed.max() - mixed.min()
    return ((mixed - mixed.min()) / span if span > 0 else np.full(shape, 0.5)).astype(np.float32)


@pytest.fixture(scope="session")
def make_pair():
    """``make_pair(shape, seed=0)``: gray frames (2, H, W), each sharp in places of its own."""

    def make(shape, seed=0):
        sharp = textured(shape, seed)
        blurred = cv2.GaussianBlur(sharp, (0, 0), 2.5, borderType=cv2.BORDER_REFLECT)
        first = cv2.GaussianBlur(textured(shape, seed + 1), (0, 0), 8, borderType=cv2.BORDER_REFLECT)
        first = first > np.median(first)
        return np.stack([np.where(first, sharp, blurred), np.where(first, blurred, sharp)])

    return make


@pytest.fixture(scope="session")
def compact_weights():
    """Weights of a compact network with a quarter of the channels, as deep as it is, drawn by chance."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compact, "WIDTHS", tuple(width // 4 for width in compact.WIDTHS))
        patched.setattr(compact, "FINE", tuple(width // 4 for width in compact.FINE))
        weights = drawn_weights(compact.layers(inputs.PLANES), 5)
    return quiet(weights, "blend", "leave", share=0.05)


@pytest.fixture(scope="session")
def resnet56_weights():
    """Weights of a network with a quarter of the channels and all 56 layers, drawn by chance."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resnet56, "WIDTHS", tuple(width // 4 for width in resnet56.WIDTHS))
        layers = resnet56.layers()
    seconds = [name for name in layers if name.endswith(".b")]
    return quiet(drawn_weights(layers, 6), *seconds, share=0.3)


def quiet(weights, *starts, share):
    """Make the weights of some layers smaller, so that evidence is neither tiny nor huge."""
    is_one = {name: name.startswith(starts) and name.endswith("weight") for name in weights}
    return {name: np.float32(share) * weight if is_one[name] else weight for name, weight in weights.items()}


@pytest.fixture(scope="session")
def drawn_sources():
    """Two photographs that are noise, so that drawing pairs needs no file."""
    return Sources([textured((220, 260), 1), textured((240, 230), 2)], [])

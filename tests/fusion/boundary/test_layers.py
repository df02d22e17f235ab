"""Facts about the layers of the networks: by hand, and NumPy beside PyTorch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fusion.boundary import layers_numpy

RNG = np.random.default_rng(8)
PLANES = RNG.standard_normal((4, 13, 18)).astype(np.float32)


@pytest.fixture(scope="module")
def both(one_torch_thread):
    """``both(layer, *arrays, **options)``: what NumPy and what PyTorch return, as lists of arrays."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from fusion.boundary import layers_torch

    def call(layer, *arguments, **options):
        tensors = [torch.from_numpy(a.copy()) if isinstance(a, np.ndarray) else a for a in arguments]
        tensors = [t[None] if isinstance(t, torch.Tensor) and t.ndim == 3 else t for t in tensors]  # a batch of one
        found = getattr(layers_torch, layer)(*tensors, **options)
        ours = getattr(layers_numpy, layer)(
            *(a.copy() if isinstance(a, np.ndarray) else a for a in arguments), **options
        )
        several = isinstance(ours, (list, tuple))
        return (list(ours), [t[0].numpy() for t in found]) if several else ([ours], [found[0].numpy()])

    return call


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_a_kernel_looks_at_its_neighbour_and_at_zeros_outside():
    x = np.float32([[[1, 2, 3], [4, 5, 6]]])
    right = np.zeros((1, 1, 3, 3), np.float32)
    right[0, 0, 1, 2] = 1
    none = np.zeros(1, np.float32)
    assert_array_equal(layers_numpy.convolve(x, right, none), [[[2, 3, 0], [5, 6, 0]]])
    assert_array_equal(layers_numpy.convolve(x, right, none + 1), [[[3, 4, 1], [6, 7, 1]]])
    assert_array_equal(layers_numpy.convolve(x, right, none, dilation=2), [[[3, 0, 0], [6, 0, 0]]])
    assert_array_equal(layers_numpy.convolve(x, right, none, stride=2), [[[2, 0]]])
    assert_array_equal(layers_numpy.convolve(-x, right, none + 3, rectified=True), [[[1, 0, 3], [0, 0, 3]]])


def test_channels_are_summed():
    x = np.float32([[[1]], [[10]]])
    weight = np.float32([1, 2, 3, 4]).reshape(2, 2, 1, 1)
    assert_array_equal(layers_numpy.convolve(x, weight, np.float32([0, 100]))[:, 0, 0], [21, 143])


def test_blocks_of_pixels_become_channels_and_pixels_again():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    folded = layers_numpy.fold(x)
    assert_array_equal(folded[:, 0, 0], [0, 1, 4, 5])
    assert_array_equal(folded[:, 1, 1], [10, 11, 14, 15])
    assert_array_equal(layers_numpy.unfold(folded), x)


def test_a_shortcut_skips_pixels_and_adds_zeros():
    x, y = np.ones((2, 4, 6), np.float32), np.zeros((3, 2, 3), np.float32)
    x[:, ::2, ::2] = 7
    found = layers_numpy.shortcut(x, y, 2)
    assert_array_equal(found[:2], 7)
    assert_array_equal(found[2], 0)
    assert layers_numpy.shortcut(x, x, 1) is x


def test_strips_do_not_show(monkeypatch):
    weight, bias = RNG.standard_normal((5, 4, 3, 3)).astype(np.float32), np.ones(5, np.float32)
    for options in ({}, {"stride": 2}, {"dilation": 4}, {"stride": 2, "dilation": 2, "rectified": True}):
        whole = layers_numpy.convolve(PLANES, weight, bias, **options)
        for strip in (1, 4 * 9 * 18 * 3):  # one row at a time; three, and one that is left
            with monkeypatch.context() as patched:
                patched.setattr(layers_numpy, "STRIP", strip)
                assert_allclose(layers_numpy.convolve(PLANES, weight, bias, **options), whole, atol=1e-5)


# --- beside PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 2), (13, 18), (16, 16)])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (1, 4), (2, 2)])
def test_convolutions_agree(both, shape, size, stride, dilation):
    x = RNG.standard_normal((4, *shape)).astype(np.float32)
    weight = RNG.standard_normal((6, 4, size, size)).astype(np.float32)
    bias = RNG.standard_normal(6).astype(np.float32)
    for rectified in (False, True):
        ours, theirs = both("convolve", x, weight, bias, stride=stride, dilation=dilation, rectified=rectified)
        assert_allclose(ours[0], theirs[0], atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 2, 2), (8, 6, 10)])
@pytest.mark.parametrize("layer", ["fold", "unfold", "enlarge", "rectify", "apart"])
def test_layers_of_one_array_agree(both, layer, shape):
    ours, theirs = both(layer, RNG.standard_normal(shape).astype(np.float32))
    assert len(ours) == len(theirs)
    for array, tensor in zip(ours, theirs, strict=True):
        assert array.dtype == np.float32
        assert_allclose(array, tensor, atol=1e-6)


@pytest.mark.parametrize("layer", ["add", "join"])
def test_layers_of_two_arrays_agree(both, layer):
    ours, theirs = both(layer, PLANES, PLANES[::-1].copy())
    assert_array_equal(ours[0], theirs[0])


def test_first_channels_agree(both):
    ours, theirs = both("first", PLANES, 3)
    assert_array_equal(ours[0], PLANES[:3])
    assert_array_equal(ours[0], theirs[0])


@pytest.mark.parametrize("step", [1, 2])
def test_shortcuts_agree(both, step):
    y = np.zeros((7, -(-13 // step), 18 // step), np.float32)
    ours, theirs = both("shortcut", PLANES, y, step)
    assert ours[0].shape == y.shape
    assert_array_equal(ours[0], theirs[0])

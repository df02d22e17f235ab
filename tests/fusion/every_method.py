"""Every method that fuses a stack, what each is known to do by design, and stacks to try it on."""

import importlib.util
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusion
from data import open_stack
from fusion.lineup import LINEUP
from fusion.pyramid import sharpest_details

HAS_TORCH = importlib.util.find_spec("torch") is not None
NEEDS_TORCH = ("optimised", "exposure, tensor")


class Trait(NamedTuple):
    """What a method needs, and how far it may be from what all others do."""

    fewest: int = 1  # frames
    smallest: int = 1  # pixels of the shorter side
    within: bool = False  # the range of the frames in each pixel
    rounding: float = 1e-5  # difference that rounding of its input makes
    examples: int = 12  # of each property


def fuse_gff(stack):
    return fusion.gff(stack).fusion()


def fuse_whole_gff(stack):
    return fusion.gff(stack).fusion_without_separation()


def fuse_with_colour_guide(stack):
    return fusion.guided_fusion(stack, guide="rgb")


def fuse_by_depth(stack):
    """All-in-focus image of depth from focus, which warns where frames are few or in no order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fusion.depth_from_focus(stack).all_in_focus


def fuse_at_once(stack):
    return fusion.boundary_fusion(stack, refine=False)


def fuse_with_islands(stack):
    return fusion.boundary_fusion(stack, smallest=0)


def fuse_by_papers_network(stack):
    return fusion.boundary_fusion(stack, network="resnet56")


def fuse_without_ghosts(stack):
    return fusion.exposure_fusion(stack, deghost="auto")


def fuse_tensor(stack):
    """Exposure fusion of the frames as a tensor, channels first; the result as an array."""
    import torch

    frames = np.asarray(open_stack(stack))
    frames = frames[:, None] if frames.ndim == 3 else np.ascontiguousarray(np.moveaxis(frames, -1, 1))
    fused = fusion.exposure_fusion(torch.from_numpy(frames)).numpy()
    return fused[0] if len(fused) == 1 else np.moveaxis(fused, 0, -1)


def fuse_preferring_first(stack):
    return fusion.pyramid_fusion(stack, prefer="first")


def fuse_levels_alone(stack):
    return fusion.pyramid_fusion(stack, consistent=False)


def fuse_unbounded(stack):
    return fusion.pyramid_fusion(stack, bounded=False)


OTHERS = {
    "gff": fuse_gff,
    "gff, whole frames": fuse_whole_gff,
    "guided, colour guide": fuse_with_colour_guide,
    "depth": fuse_by_depth,
    "boundary, one look": fuse_at_once,
    "boundary, islands": fuse_with_islands,
    "boundary, resnet56": fuse_by_papers_network,
    "exposure, no ghosts": fuse_without_ghosts,
    "exposure, tensor": fuse_tensor,
    "pyramid, first": fuse_preferring_first,
    "pyramid, levels alone": fuse_levels_alone,
    "pyramid, unbounded": fuse_unbounded,
    "sharpest details": sharpest_details,
}
METHODS: dict[str, Callable] = {name: method.fuse for name, method in LINEUP.items()} | OTHERS

_COPIES = Trait(fewest=2, within=True, rounding=1e-6, examples=4)
TRAITS = {
    "pyramid": Trait(within=True),
    "pyramid, first": Trait(within=True),
    "pyramid, levels alone": Trait(within=True),
    "depth": Trait(fewest=2, within=True, examples=6),
    "log-maximum": Trait(within=True, rounding=1e-6),
    "mean": Trait(within=True, rounding=1e-6),
    "boundary": _COPIES,
    "boundary, one look": _COPIES,
    "boundary, islands": _COPIES,
    "boundary, resnet56": _COPIES._replace(examples=1),
    "boundary-blended": Trait(fewest=2, examples=4),
    "exposure, no ghosts": Trait(rounding=2e-3, examples=6),
    "optimised": Trait(smallest=41, rounding=5e-3, examples=1),
}


def trait_of(name):
    """What is known of a method; of one that is new in the line-up nothing, so it must do what most do."""
    return TRAITS.get(name, Trait())


def every(*left_out, names=METHODS):
    """Parametrise a test by the names of all methods but some."""
    needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch")
    marks = {name: [needs_torch] if name in NEEDS_TORCH else [] for name in names}
    chosen = [name for name in names if name not in left_out]
    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks[name], id=name) for name in chosen])


def holds(name, fact, *strategies):
    """Try a fact about a method on examples, the same in every run: fewer of them if the method is slow."""
    chosen = settings(deadline=None, derandomize=True, database=None, max_examples=trait_of(name).examples)
    chosen(given(*strategies)(fact))()


# --- stacks ----------------------------------------------------------------------------------------------------------


def noise(rng, shape):
    """Frames of white noise: no two pixels tie."""
    return rng.random(shape, np.float32)


def quiet(rng, shape):
    """Frames of white noise in a fifth of the range."""
    return 0.4 + rng.random(shape, np.float32) * np.float32(0.2)


def slopes(rng, shape):
    """Frames of smooth waves, one unlike the other."""
    rows, columns = np.indices(shape[1:3], np.float32)
    bends = rng.uniform(0.1, 0.9, (shape[0], 3, *shape[3:])).astype(np.float32)
    waves = [np.sin(np.multiply.outer(rows, a) + np.multiply.outer(columns, b) + 6 * c) for a, b, c in bends]
    return (0.5 + 0.45 * np.stack(waves)).astype(np.float32)


def extremes(rng, shape):
    """Frames of black and white pixels."""
    return (rng.random(shape) > 0.5).astype(np.float32)


def faint(rng, shape):
    """Frames so dark that squares of their values underflow."""
    return rng.random(shape, np.float32) * np.float32(1e-30)


def single_points(rng, shape):
    """Black frames with one white value in all of them."""
    frames = np.zeros(shape, np.float32)
    frames.flat[rng.integers(frames.size)] = 1
    return frames


ANY = (noise, slopes, extremes, faint, single_points)


class Frames(NamedTuple):
    """What a stack is made from; shown in place of its pixels where a fact does not hold."""

    kind: Callable
    seed: int
    shape: tuple

    def make(self):
        """Return the stack, float32 (N, H, W[, 3])."""
        return self.kind(np.random.default_rng(self.seed), self.shape)


@st.composite
def stacks(draw, name, *, kinds=ANY, fewest=1, most=3, smallest=1, largest=40, colour=None):
    """Draw `Frames` that a method can fuse."""
    trait = trait_of(name)
    least = max(smallest, trait.smallest)
    sides = st.integers(least, max(largest, least + 4))
    count = draw(st.integers(max(fewest, trait.fewest), most))
    channels = (3,) if (draw(st.booleans()) if colour is None else colour) else ()
    shape = (count, draw(sides), draw(sides), *channels)
    return Frames(draw(st.sampled_from(kinds)), draw(st.integers(0, 999)), shape)

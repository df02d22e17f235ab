"""Focal stacks whose depth is known; and files of one: python -m benchmarks.depth_scenes FOLDER COUNT WIDTH HEIGHT

motorcycle: the built-in photograph with measured depth, rendered by `data.scenes.focal_stack`. antinous: a scene of the 4D
light field benchmark, rendered so too. Its disparity has no unit here: nearness, 1 / distance, is taken to be linear in
it, from 1/5 to 1/2 per metre, as of things 5 to 2 m away. cone: a stack that others rendered; its depth is inferred from
their program, `COUNT - 1` times the distance to the centre of the picture over that of a corner.
FOLDER: COUNT frames of the motorcycle are enlarged, get grain, and are written as JPEG files.
"""

import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.leaderboard.contests import is_at_hand
from data import datasets, load, open_stack, save, scenes
from data.scenes.photographs import motorcycle
from data.stack import Stack

CONE, ANTINOUS = "dff/sim-cone", "dff/antinous-rgbd"
COUNTS = (9, 25)  # frames
NOISES = (0.0, 0.01, 0.03)  # standard deviation at white
NEAREST, FARTHEST = 2, 5  # metres: what the disparity of the antinous stands for
GRAIN = 2 / 255


class Known(NamedTuple):
    """A focal stack whose depth is known."""

    stack: Stack
    truth: np.ndarray  # (H, W), in frames, with fractions
    sharp: np.ndarray | None  # the all-in-focus image, where that is known too


# --- scenes ----------------------------------------------------------------------------------------------------------


def antinous():
    """Photograph and depth of the antinous, both (512, 512): uint8 in colour, float32 in metres."""
    picture, disparity = datasets.find(ANTINOUS)
    disparity = read_pfm(disparity)
    nearness = np.interp(disparity, [disparity.min(), disparity.max()], [1 / FARTHEST, 1 / NEAREST])
    return open_stack([picture]).pixels(0), np.float32(1 / nearness)


def read_pfm(path):
    """Read a gray portable float map; its rows are stored from the last to the first."""
    with open(path, "rb") as file:
        kind, size, scale = (file.readline().decode("ascii").strip() for _ in range(3))
        if kind != "Pf":
            raise ValueError(f"{path}: begins with {kind!r}; a gray portable float map begins with 'Pf'")
        width, height = map(int, size.split())
        values = np.frombuffer(file.read(), "<f4" if float(scale) < 0 else ">f4")
    return values.reshape(height, width)[::-1].astype(np.float32)


def rendered(photograph, count, noise):
    """Return so many frames of a photograph with depth, evenly focused in 1 / distance."""
    made = scenes.focal_stack(*photograph(), distances=count, noise=noise)
    return Known(made.stack, made.position, made.sharp)


def cone():
    """Return the stack of a cone."""
    stack = load(CONE)
    return Known(stack, depth_of_cone(stack.shape[1:3], len(stack)), None)


def depth_of_cone(shape, count):
    """Depth that rises from 0 in the centre to the last frame in the corners, float64 (H, W)."""
    y, x = (np.arange(length) - (length - 1) / 2 for length in shape)
    radius = np.hypot(y[:, None], x)
    return (count - 1) * radius / radius.max()


PHOTOGRAPHS = {"motorcycle": motorcycle, "antinous": antinous}


def name_of(photograph, count, noise):
    """Name a scene."""
    return f"{photograph}, {count} frames, {noise:.0%} noise"


RENDERED = {
    name_of(name, count, noise): partial(rendered, photograph, count, noise)
    for name, photograph in PHOTOGRAPHS.items()
    for count in COUNTS
    for noise in NOISES
}
SCENES = {"cone": cone} | RENDERED


NEEDS = {"cone": CONE, "antinous": ANTINOUS}


def missing():
    """Data sets that are not at hand, by the name that scenes made of them begin with."""
    return {scene: name for scene, name in NEEDS.items() if not is_at_hand(name)}


# --- files -----------------------------------------------------------------------------------------------------------


def main(folder, count, size):
    """Write frames of the motorcycle, enlarged to a width and a height, with grain."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = scenes.focal_stack(distances=count).stack
    rng = np.random.default_rng(12)
    for index, frame in enumerate(stack):
        grain = np.float32(GRAIN) * rng.standard_normal((size[1], size[0], 1), dtype=np.float32)
        enlarged = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) + grain
        save(enlarged.clip(0, 1), folder / f"{index:02d}.jpg", quality=95, force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), tuple(map(int, sys.argv[3:5])))

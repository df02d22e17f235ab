"""Boundary-aware fusion without each of its parts, as JSON: python -m benchmarks.boundary_variants [--trained FOLDER]

Every variant is scored on the scenes of `benchmarks.boundary_scores` and, where they are at hand, on five real pairs
that are not those of the paper: errors of the decision, PSNR of copied pixels, PSNR of what the compact network blends,
and four metrics of the real pairs. FOLDER holds compact-paper.safetensors, compact-physical.safetensors and
compact-both.safetensors: weights of compact networks that were trained for 500 steps each, by one model of defocus
alone and by all of them.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import contextlib
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import cv2
import numpy as np
from safetensors.numpy import load_file

from benchmarks.boundary_scores import METRICS, NAIVE, SCENES, each, errors, scores_of
from benchmarks.leaderboard.contests import is_at_hand
from data import load, open_stack
from fusion.boundary import fuse, score
from fusion.boundary.decide import without_islands
from fusion.boundary.networks import CompactNetwork, read_weights
from fusion.boundary.score import WINDOW, near_boundary
from fusion.evaluation import scorers_for
from fusion.metrics import psnr
from fusion.metrics.door import eight_bits
from fusion.weights import copied

REAL = tuple(f"classic/{name}" for name in ("pepsi", "craft", "girl", "leaf", "toy"))  # none of the paper's pairs
PLACES = {"first_network": score, "near_boundary": score, "without_islands": fuse}  # of parts that are replaced


class Variant(NamedTuple):
    """Options of the fusion, and what takes the place of its parts."""

    options: dict = {}
    parts: dict = {}


class FullSizeOnly(CompactNetwork):
    """The compact network, not shown pictures at half their size."""

    sees_half = False


def by_size(labels, confidence, *, smallest):
    """Remove all regions below a hundredth of the picture, however sure the network is."""
    return without_islands(labels, smallest=0.01)


KEPT, INITIAL, PAPERS = {"smallest": 0}, {"refine": False}, {"network": "resnet56"}
VARIANTS = {
    "compact": Variant(),
    "compact, islands kept": Variant(KEPT),
    "compact, islands by size alone": Variant(parts={"without_islands": by_size}),
    "compact, at full size only": Variant(parts={"first_network": lambda name: FullSizeOnly(read_weights(name))}),
    "compact, initial": Variant(INITIAL),
    "compact, initial, islands kept": Variant(INITIAL | KEPT),
    **{
        f"compact, window of {size} px": Variant(parts={"near_boundary": partial(near_boundary, window=size)})
        for size in (WINDOW // 2, 2 * WINDOW)
    },
    "resnet56": Variant(PAPERS),
    "resnet56, initial": Variant(PAPERS | INITIAL),
}
TRAINED = {
    "compact, initial, learnt from the paper's model": "compact-paper.safetensors",
    "compact, initial, learnt from the physical model": "compact-physical.safetensors",
    "compact, initial, learnt as long from all": "compact-both.safetensors",
}


def variants(folder=None):
    """Return all variants by name; those that were trained in another way only if a folder holds them.

    Raises
    ------
    ValueError
        If there is a folder, and one of the files is not in it.
    """
    if folder is None:
        return VARIANTS
    return VARIANTS | {name: trained_otherwise(Path(folder) / file) for name, file in TRAINED.items()}


def trained_otherwise(path):
    """Return the variant whose network has the weights of a file, and no second one."""
    if not path.is_file():
        raise ValueError(f"{path}: no such file; the folder must hold {', '.join(TRAINED.values())}")
    weights = {layer: np.ascontiguousarray(weight, np.float32) for layer, weight in load_file(path).items()}
    return Variant(INITIAL, {"first_network": lambda name: CompactNetwork(weights)})


def with_parts_of(variant):
    """Let fusion use the parts of a variant, for a while."""
    stack = contextlib.ExitStack()
    for name, part in variant.parts.items():
        stack.enter_context(mock.patch.object(PLACES[name], name, part))
    return stack


def decided(stack, variant):
    """Return the decision map that a variant makes of a pair."""
    with with_parts_of(variant):
        return fuse.boundary_decision(stack, **variant.options)


def is_compact(variant):
    """Tell whether a variant can blend."""
    return variant.options.get("network", "compact") == "compact"


def blended(stack, variant):
    """Return what a variant makes of a pair if it blends; islands play no part in that."""
    with with_parts_of(variant):
        return fuse.boundary_fusion(stack, **(variant.options | {"blend": "pyramid"}))


def of_scene(name, folder=None):
    """Return errors and PSNR of all variants on a scene."""
    scene = SCENES[name]()
    return {row: figures(scene, variant) for row, variant in variants(folder).items()}


def figures(scene, variant):
    """Return errors of the decision, as shares, and PSNR of copied and of blended pixels, in decibels."""
    decision, truth = decided(scene.stack, variant), eight_bits(scene.sharp)
    pictures = {"copied_db": copied(scene.stack, decision)}
    if is_compact(variant):
        pictures["blended_db"] = blended(scene.stack, variant)
    return errors(scene, decision) | {name: round(psnr(eight_bits(p), truth), 2) for name, p in pictures.items()}


def of_pair(name, folder=None):
    """Return the scores of all variants on the first two frames of a set."""
    stack = load(name)
    stack = open_stack([stack.pixels(index) for index in range(2)])
    scorers = scorers_for(METRICS, stack)
    return {
        row: scores_of(copied(stack, decided(stack, variant)), scorers) for row, variant in variants(folder).items()
    }


def averaged(found):
    """Average figures of every row over scenes or pairs: a dict from these to rows."""
    first = next(iter(found.values()))
    return {
        row: {figure: round(float(np.mean([of[row][figure] for of in found.values()])), 5) for figure in figures}
        for row, figures in first.items()
    }


def compared(folder, jobs):
    """Return the figures of all variants: averages over scenes of a lens, over pairs, and those of each scene."""
    found = each(partial(of_scene, folder=folder), list(SCENES), jobs)
    rows = averaged({name: of for name, of in found.items() if name != NAIVE})
    told = {"rows": rows, "scenes": found}
    missing = [name for name in REAL if not is_at_hand(name)]
    if missing:
        return told | {"pairs": f"not at hand: {', '.join(missing)}; set FUSION_DATA, or run `fusion data fetch`"}
    scores = averaged(each(partial(of_pair, folder=folder), REAL, jobs))
    return told | {"rows": {row: of_row | scores[row] for row, of_row in rows.items()}, "pairs": REAL}


def main(arguments=None):
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trained", type=Path, metavar="FOLDER", help="of weights that were trained by one model")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(json.dumps(compared(args.trained, args.jobs)))


if __name__ == "__main__":
    main()

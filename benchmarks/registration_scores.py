"""How well stacks are registered, as JSON: python -m benchmarks.registration_scores motion TRUTH FILE ..., or real, or rest

motion: how far the corners of frames lie from where they should, for each file of matrices that `benchmarks.aligners`
wrote, or project of align_image_stack; TRUTH is truth.json of `benchmarks.moving`.
real: the misalignment of neighbours in real stacks, as they are and as they are registered. It is measured on the same
features as the chain of SIFT homographies is estimated from, which favours that chain.
rest: how many frames stay as they are in stacks that were aligned by others, or need nothing.
The last two need the picture sets (see `fusion data list`); without them, only the built-in ones are looked at.
"""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.aligners import sift
from data import datasets, load, scenes
from recalage import RegistrationError, misalignment, register, warp
from recalage.area import common_area
from recalage.homography import corner_errors, corners

MODELS = ("similarity", "homography")
REAL = (
    *("stack/pcb", "stack/pcb-depth", "stack/flies", "stack/insect", "stack/vignetted"),
    *(f"stack/bznick-test{number}" for number in range(1, 10)),
    *("ours/stylos2", "ours/barriere", "dff/balls", "dff/keyboard"),
)
ALIGNED = ("dff/balls-aligned", "dff/keyboard-aligned")  # registered by their authors, beside mef/* and lytro/*


# --- known motion ----------------------------------------------------------------------------------------------------


def scores_of_motion(truth, files):
    """Score files of matrices; a sentence in place of numbers stays one."""
    known = json.loads(truth.read_text())
    shape, true = known["size"][::-1], np.array(known["matrices"])
    found = {file.stem: read_matrices(file, shape, len(true)) for file in files}
    return {name: told if isinstance(told, str) else score(told, true, shape) for name, told in found.items()}


def read_matrices(file, shape, count):
    """Read what a method found: matrices, NaN for frames left out, or the sentence by which it gave up."""
    if file.suffix == ".pto":
        return hugin_matrices(file, shape, count)
    told = json.loads(file.read_text())
    return told if isinstance(told, str) else np.array([matrix or np.full((3, 3), np.nan) for matrix in told])


def hugin_matrices(file, shape, count):
    """Matrices to the middle frame of a Hugin project of rectilinear frames, from where it maps their corners."""
    middle, places = count // 2, corners(shape)
    mapped = (hugin_map(file, middle, hugin_map(file, index, places), back=True) for index in range(count))
    return np.stack([cv2.getPerspectiveTransform(np.float32(places), np.float32(moved)) for moved in mapped])


def hugin_map(file, index, points, back=False):
    """Map points of a frame to the panorama, or back, by pano_trafo of Hugin."""
    command = ["pano_trafo", *(["-r"] if back else []), str(file), str(index)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, input=lines(points)).stdout
    return np.array([line.split() for line in told.splitlines()], np.float64)


def lines(points):
    """Write points as lines of text."""
    return "".join(f"{x:.9f} {y:.9f}\n" for x, y in points)


def score(found, true, shape):
    """Errors at the four corners in pixels, over all frames but the middle one, which is where it is for all."""
    others = [index for index in range(len(true)) if index != len(true) // 2]
    errors = np.array([corner_errors(found[index], true[index], shape) for index in others])
    kept = np.isfinite(errors).all(axis=1)
    told = {"left_out": int((~kept).sum())}
    if not kept.any():
        return told
    means = errors[kept].mean(axis=1)
    return told | {
        "mean_px": round(float(means.mean()), 4),
        "worst_frame_px": round(float(means.max()), 4),
        "worst_corner_px": round(float(errors[kept].max()), 4),
    }


# --- real stacks -----------------------------------------------------------------------------------------------------


def residuals_of(stack):
    """Misalignment of neighbours before, and after each method; means are over the pairs that all could be measured on."""
    pairs = {"before": distances(list(map(stack.pixels, range(len(stack)))))}
    statuses = {}
    for model in MODELS:
        statuses[model], pairs[model] = registered(stack, model)
    pairs["SIFT homographies"] = chained(stack)
    measured = [told for told in pairs.values() if not isinstance(told, str)]
    common = np.isfinite(measured).all(axis=0)
    told = {name: found if isinstance(found, str) else mean_of(found, common) for name, found in pairs.items()}
    size = list(stack.shape[2:0:-1])
    return {"frames": len(stack), "size": size, "pairs_in_means": int(common.sum()), "statuses": statuses} | told


def registered(stack, model):
    """Register a stack; return how its frames are called then, and the misalignment of neighbours."""
    try:
        alignment = register(stack, model=model)
        frames = alignment.apply(stack, crop=True)
    except RegistrationError as error:
        return {}, str(error)
    frames = dict(zip(alignment.kept, map(frames.pixels, range(len(frames))), strict=True))
    return counted(alignment), distances([frames.get(index) for index in range(len(stack))])


def chained(stack):
    """Misalignment of neighbours after the chain of SIFT homographies."""
    try:
        matrices = sift(stack)
        area = common_area(matrices, stack.shape[1:])
    except RegistrationError as error:
        return str(error)
    return distances([warp(stack.pixels(index), matrix)[area] for index, matrix in enumerate(matrices)])


def distances(frames):
    """Misalignment of neighbours; NaN where it cannot be measured, or a frame (None) is left out."""
    return np.array([distance(*pair) for pair in pairwise(frames)])


def distance(frame, following):
    if frame is None or following is None:
        return np.nan
    try:
        return misalignment(frame, following)
    except RegistrationError:
        return np.nan


def mean_of(found, common):
    """Mean and largest of what was measured on the pairs in common, and on how many pairs there is none."""
    told = {"not_measurable": int(np.isnan(found).sum())}
    if not common.any():
        return told
    kept = found[common]
    return {"mean_px": round(float(kept.mean()), 3), "worst_px": round(float(kept.max()), 3)} | told


def counted(alignment):
    """How many frames have each status."""
    return dict(Counter(report.status for report in alignment.frames))


# --- stacks that need nothing ----------------------------------------------------------------------------------------


def at_rest(stack):
    """How many frames have each status, and how far the one moves that moves the most."""
    try:
        alignment = register(stack)
    except RegistrationError as error:
        return str(error)
    told = counted(alignment)
    farthest = round(float(np.nanmax(alignment.displacements)), 3)
    return told | {"farthest_px": farthest, "all_untouched": not set(told) - {"reference", "untouched"}}


def stacks_at_rest():
    """Names of stacks whose frames lie on each other: built in, where that is known, and aligned by their authors."""
    names = [name for name in scenes.built_in_names() if not moves(scenes.built_in(name))]
    others = [name for name in datasets.names("multi-exposure") if name.startswith("mef/")]
    others += [name for name in datasets.names("multi-focus") if name.startswith("lytro/")]
    return names + at_hand([*ALIGNED, *others])


def moves(scene):
    """Tell whether the frames of a scene moved."""
    return hasattr(scene, "matrices") and not np.array_equal(
        scene.matrices, np.tile(np.eye(3), (len(scene.stack), 1, 1))
    )


def at_hand(names):
    """Keep the names of the picture sets that are at hand."""
    return [name for name in names if datasets.place(name) != "not here"]


PARTS = {
    "real": lambda: {name: residuals_of(load(name)) for name in at_hand(REAL)} or "the stacks are not at hand",
    "rest": lambda: {name: at_rest(load(name)) for name in stacks_at_rest()},
}


def main(part, *files):
    """Print the scores of a part."""
    truth, *found = map(Path, files) if files else (None,)
    print(json.dumps(scores_of_motion(truth, found) if part == "motion" else PARTS[part]()))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main(*sys.argv[1:])

"""How well stacks are fused, as JSON: python -m benchmarks.stacking_scores breathing|motorcycle|flat|order FOLDER

breathing: 10 frames of 12 megapixels of `benchmarks.breathing`, moving and still, by commands. motorcycle: 8 frames of the
built-in motorcycle whose depth is known, through several lenses. Both are compared with the best pick, which takes each
pixel from the frame whose circle of confusion is the smallest there. flat: how much noise is left where nothing but noise
is seen. order: by how much the result depends on the order of frames. FOLDER keeps the frames and the results.
"""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks import breathing, stackers
from benchmarks.guided import COMMAND
from data import load, open_stack, save, scenes
from data.scenes.photographs import motorcycle
from fusion import guided_fusion
from fusion.metrics import psnr
from fusion.metrics.door import eight_bits
from fusion.pyramid import sharpest_details
from fusion.stacking import pyramid_fusion

FRAMES = 10
BORDER = 100  # pixels that are not scored where frames moved
METHODS = {
    "ours": pyramid_fusion,
    "ours, naive": partial(pyramid_fusion, naive=True),
    "ours, levels on their own": partial(pyramid_fusion, consistent=False),
    "ours, unbounded": partial(pyramid_fusion, bounded=False),
    "sharpest details": sharpest_details,
    "guided": guided_fusion,
}
LENSES = {"f/1.2": {}, "f/0.6": {"f_number": 0.6}, "f/1.2, noise": {"noise": 0.01}}
SIGMA = 0.02  # standard deviation of noise, where it is all that is seen
COUNTS = (5, 10, 20, 40)
FLAT = slice(160, 320), slice(290, 450)  # in the motorcycle: a square that is made flat
RIM = 50  # pixels of it that the blur of its surroundings may reach
AVERAGING = {"ours": pyramid_fusion, "ours, naive": METHODS["ours, naive"], "sharpest details": sharpest_details}


def run(command):
    """Run a program that is quiet."""
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def score(image, truth):
    """PSNR of an image of 8 bits to the true one, in decibels."""
    return round(psnr(eight_bits(image), eight_bits(truth)), 2)


def compared(told):
    """Add by how much ours is below the best pick, in decibels."""
    return told | {"below_best_pick": round(told["best pick"] - told["ours"], 2)}


# --- breathing -------------------------------------------------------------------------------------------------------


def of_breathing(folder):
    """Scores on frames whose lens breathes, and on the same without motion."""
    breathing.make(folder, FRAMES)
    truth = inner(folder / "truth.png")
    still = {
        "best pick": score(inner(folder / "picked.png"), truth),
        "best single frame": max(score(inner(path), truth) for path in sorted((folder / "still").glob("*.jpg"))),
    }
    told = {}
    for name in ("moving", "still"):
        results = fused_by_programs(folder / name, folder / f"{name} fused", align=name == "moving")
        scores = {program: score(inner(path), truth) for program, path in results.items()}
        told[name] = compared(still | scores | stackers.missing())
    return told


def inner(path):
    """Read a picture, and cut its border."""
    return open_stack([path]).pixels(0)[BORDER:-BORDER, BORDER:-BORDER]


def fused_by_programs(frames, folder, *, align):
    """Fuse the JPEG files in a folder by ours and by others; return the results by name."""
    folder.mkdir(exist_ok=True)
    frames, ours = sorted(frames.glob("*.jpg")), folder / "ours.png"
    options = ["--align", "similarity" if align else "none", "--force", "--quiet"]
    found = {"ours": ([*COMMAND, "stack", *frames, "-o", ours, *options], ours)}
    others = stackers.programs(frames, folder, align=align, lossless=True)
    found |= {name: job for name, job in others.items() if name != "enfuse" or not align}  # which cannot align
    for command, _ in found.values():
        run(command)
    return {name: file for name, (_, file) in found.items()}


# --- motorcycle ------------------------------------------------------------------------------------------------------


def of_motorcycle(folder):
    """Scores on the motorcycle, seen through each lens."""
    return {lens: of_lens(folder / f"lens{number}", **LENSES[lens]) for number, lens in enumerate(LENSES)}


def of_lens(folder, **lens):
    """Scores of all methods on 8 frames."""
    made = scenes.focal_stack(distances=8, **lens)
    frames = [made.stack.pixels(index) for index in range(len(made.stack))]
    told = {
        "best pick": score(breathing.picked(made.stack, made.index), made.sharp),
        "best single frame": max(score(frame, made.sharp) for frame in frames),
        "mean": score(np.mean(made.stack, axis=0), made.sharp),
    }
    told |= {name: score(fuse(made.stack), made.sharp) for name, fuse in METHODS.items()}
    return compared(told | by_others(frames, made.sharp, folder) | stackers.missing())


def by_others(frames, truth, folder):
    """Scores of other programs, on PNG files of the frames."""
    given = folder / "frames"
    given.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        save(frame, given / f"{index:02d}.png", force=True)
    told = {}
    others = stackers.programs(sorted(given.glob("*.png")), folder, align=False, lossless=True)
    for name, (command, file) in others.items():
        run(command)
        told[name] = score(open_stack([file]).pixels(0), truth)
    return told


# --- noise -----------------------------------------------------------------------------------------------------------


def of_flat(folder):
    """Noise that is left, as a share of that of a frame, for each number of frames: in a flat picture, and a scene."""
    told = {"flat picture": {}, "flat gray picture": {}, "flat part of a scene": {}}
    for count in COUNTS:
        told["flat picture"][f"{count}_frames"] = shares_left(flat_picture(count), np.s_[:, :])
        told["flat gray picture"][f"{count}_frames"] = shares_left(flat_picture(count, shape=(256, 256)), np.s_[:, :])
        inside = tuple(slice(part.start + RIM, part.stop - RIM) for part in FLAT)
        told["flat part of a scene"][f"{count}_frames"] = shares_left(scene_with_flat_part(count), inside)
    return told


def shares_left(stack, part):
    """Standard deviation of each result in a part that is flat, over that of the frames there."""
    noise = np.mean([deviation(frame[part]) for frame in stack])
    return {name: round(float(deviation(fuse(stack)[part]) / noise), 3) for name, fuse in AVERAGING.items()}


def deviation(image):
    """Standard deviation of each channel about its mean, over all channels."""
    return np.sqrt(image.var(axis=(0, 1), dtype=np.float64).mean())


def flat_picture(count, seed=0, shape=(256, 256, 3)):
    """Frames of one gray, with noise."""
    rng = np.random.default_rng(seed)
    frames = (0.5 + np.float32(SIGMA) * rng.standard_normal(shape, dtype=np.float32) for _ in range(count))
    return open_stack([frame.clip(0, 1) for frame in frames])


def scene_with_flat_part(count, seed=0):
    """Focal stack of the motorcycle, a square of which is flat, with noise."""
    picture, depth = (part.copy() for part in motorcycle())
    picture[FLAT], depth[FLAT] = 128, np.median(depth)
    return scenes.focal_stack(picture, depth, distances=count, noise=SIGMA, seed=seed).stack


# --- order -----------------------------------------------------------------------------------------------------------


def of_order(folder):
    """Largest difference between the result of a stack and that of the same frames in another order."""
    found = {"built-in/motorcycle": load("built-in/motorcycle"), "flat picture": flat_picture(FRAMES)}
    return {name: {"largest_difference": difference_by_order(stack)} for name, stack in found.items()}


def difference_by_order(stack, seed=0):
    """Largest difference of any value."""
    shuffled = [stack[index] for index in np.random.default_rng(seed).permutation(len(stack))]
    return float(np.abs(pyramid_fusion(stack) - pyramid_fusion(shuffled)).max())


PARTS = {"breathing": of_breathing, "motorcycle": of_motorcycle, "flat": of_flat, "order": of_order}


def main(part, folder):
    """Print the scores of a part."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(PARTS[part](folder)))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main(*sys.argv[1:])

"""Make a focal stack of 12 megapixels through a lens that breathes: its all-in-focus truth is known.

    python -m benchmarks.breathing FOLDER COUNT [--seed 0]

The scene is that of `benchmarks.moving`; frames are scaled and shifted, but not turned, and all have the same light.
Writes COUNT JPEG files to FOLDER/moving, and the same frames, with the same grain, to FOLDER/still, as they are without
motion; truth.png, what the middle frame would show if all were sharp, without grain; and picked.png, in each pixel
the value of the still frame whose circle of confusion is the smallest there. A folder that holds all that is left as
it is.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from benchmarks import moving
from data import open_stack, save, scenes
from data.image import to_float
from data.scenes.light import to_linear

FORMAT = 1  # of the folder; another one is made anew
STILL = np.eye(3)


def breathing(count, seed):
    """Return the matrices that map (x, y, 1) of each frame to the middle one."""
    return moving.motion(count, seed, turn=0.0)[0]


def pairs(count, seed):
    """Yield each frame as it moved, and as it would be without motion."""
    for index, (light, matrix) in enumerate(zip(moving.lights(count, seed), breathing(count, seed), strict=True)):
        yield [
            moving.with_grain(moving.pictured(light, place), np.random.default_rng([seed, 2, index]))
            for place in (matrix, STILL)
        ]


def truth(seed):
    """Draw the scene without defocus: the photograph, with its texture in full."""
    picture, _, _ = moving.coarse_scene()
    texture = moving.fine_texture(picture, np.random.default_rng([seed, 1]))
    light = moving.enlarge(to_linear(to_float(picture)), moving.FINE) * (1 + texture)[..., None]
    return moving.pictured(light, STILL)


def sharpest(count):
    """Number of the still frame whose circle of confusion is the smallest in each pixel."""
    _, depth, _ = moving.coarse_scene()
    blurred = [scenes.circle_of_confusion(depth, d, **moving.LENS) for d in moving.focused_at(depth, count)]
    onto, flags = moving.to_canvas(moving.COARSE), cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(np.argmin(blurred, axis=0).astype(np.uint8), onto[:2], moving.SIZE, flags=flags)


def picked(stack, index):
    """Take each pixel from the frame whose number stands there."""
    chosen = np.empty_like(stack.pixels(0))
    for number in range(len(stack)):
        here = index == number
        chosen[here] = stack.pixels(number)[here]
    return chosen


def make(folder, count, seed=0):
    """Make the stack, moving and still, the truth, and the best pick."""
    made = {"format": FORMAT, "count": count, "seed": seed, "size": list(moving.SIZE)}
    note = folder / "made.json"
    if note.exists() and json.loads(note.read_text()) == made:
        return
    for name in ("moving", "still"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    for index, pair in enumerate(pairs(count, seed)):
        for name, frame in zip(("moving", "still"), pair, strict=True):
            save(frame, folder / name / f"{index:02d}.jpg", quality=95, force=True)
    save(truth(seed), folder / "truth.png", force=True)
    save(picked(open_stack(folder / "still"), sharpest(count)), folder / "picked.png", force=True)
    note.write_text(json.dumps(made) + "\n")


def main(arguments=None):
    """Make a stack in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, help="number of frames")
    parser.add_argument("--seed", type=int, default=0, help="of motion, texture and grain (default: %(default)s)")
    args = parser.parse_args(arguments)
    make(args.folder, args.count, args.seed)


if __name__ == "__main__":
    main()

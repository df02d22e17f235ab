"""Find the motion of a stack by one method, ours or another.

    python -m benchmarks.aligners METHOD FOLDER FILE

Reads the frames in FOLDER and writes as JSON the matrices that map (x, y, 1) of each frame to the middle one; null for a
frame that is left out, a sentence if the method gives up. The method "reading" only reads the frames: what every method
costs before it begins.
"""

import json
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from data import open_stack, to_gray
from recalage import RegistrationError, compose, homographies, register

ECC_SCALES = (1 / 32, 1 / 16, 1 / 8, 1 / 4)  # from coarse to fine
ECC_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-5)
ECC_SMOOTHING = 5  # pixels, the default of OpenCV


def reading(stack):
    """Read every frame, and nothing else."""
    for index in range(len(stack)):
        stack.pixels(index)
    return np.tile(np.eye(3), (len(stack), 1, 1))


def ours(stack, model, strategy="chain"):
    """Registration of this project."""
    return register(stack, model=model, strategy=strategy).matrices


def sift(stack):
    """Homographies between neighbours from SIFT features, chained."""
    return to_middle(homographies(stack))


def ecc(stack):
    """Affine maps between neighbours that maximise their enhanced correlation coefficient, chained."""
    steps, previous = [], None
    for index in range(len(stack)):
        frame = to_gray(stack.pixels(index))
        levels = [
            cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
            for scale in ECC_SCALES
        ]
        if previous is not None:
            steps.append(ecc_step(previous, levels))
        previous = levels
    return to_middle(compose(steps))


def ecc_step(moving, reference):
    """Map one frame to another, level by level; where a level finds none, what the coarser one found stays."""
    step = np.eye(3)
    for scale, *pair in zip(ECC_SCALES, moving, reference, strict=True):
        reduce = to_level(scale)
        start = (reduce @ step @ np.linalg.inv(reduce))[:2].astype(np.float32)
        try:
            _, found = cv2.findTransformECC(*pair, start, cv2.MOTION_AFFINE, ECC_STOP, None, ECC_SMOOTHING)
        except cv2.error:
            continue
        step = np.linalg.inv(reduce) @ np.vstack([found, [0, 0, 1]]) @ reduce
    return step


def to_level(scale):
    """Matrix that maps a frame to the one reduced by a scale; pixels of both are squares around their centres."""
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]])


def mtb(stack):
    """Shifts by whole pixels to the middle frame, from bitmaps of what is brighter than the median."""
    aligner, middle = cv2.createAlignMTB(), to_gray(stack.pixels(len(stack) // 2))
    matrices = np.tile(np.eye(3), (len(stack), 1, 1))
    for index, matrix in enumerate(matrices):
        matrix[:2, 2] = aligner.calculateShift(middle, to_gray(stack.pixels(index)))
    return matrices


def to_middle(to_last):
    """Turn transforms to the last frame into those to the middle one."""
    matrices = np.linalg.inv(to_last[len(to_last) // 2]) @ np.stack(to_last)
    return matrices / matrices[:, 2:, 2:]


METHODS = {
    "reading": reading,
    "similarity": partial(ours, model="similarity"),
    "affine": partial(ours, model="affine"),
    "homography": partial(ours, model="homography"),
    "similarity, each frame to the middle one": partial(ours, model="similarity", strategy="reference"),
    "SIFT homographies": sift,
    "OpenCV findTransformECC": ecc,
    "OpenCV AlignMTB": mtb,
}


def main(method, folder, file):
    """Write what a method finds."""
    try:
        matrices = METHODS[method](open_stack(folder))
        found = [matrix.tolist() if np.isfinite(matrix).all() else None for matrix in matrices]
    except RegistrationError as error:
        found = str(error)
    Path(file).write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main(*sys.argv[1:])

"""Make frames of 12 megapixels: the built-in motorcycle, enlarged, with grain.

    python -m benchmarks.frames FOLDER COUNT

Writes COUNT JPEG files of near and far focus in turn, and what they would be without defocus as _truth.png.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from data import load, save, scenes

SIZE = (4016, 3000)
GRAIN = 2 / 255


def enlarge(image):
    """Enlarge an image to 12.05 megapixels."""
    return cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC).clip(0, 1)


def main(folder, count):
    """Write the frames and the truth."""
    stack = load("built-in/motorcycle-pair")
    rng = np.random.default_rng(12)
    for index in range(count):
        grain = rng.normal(0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
        frame = (enlarge(stack[index % 2]) + grain).clip(0, 1)
        save(frame, folder / f"frame{index}.jpg", quality=95, force=True)
    save(enlarge(scenes.truth("built-in/motorcycle-pair")), folder / "_truth.png", force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

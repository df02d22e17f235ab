"""Make a colour pair of 520 x 520 pixels, the size of Lytro pictures: python -m benchmarks.small_pair FOLDER

Writes the built-in motorcycle, resized, as frame0.png and frame1.png.
"""

import sys
from pathlib import Path

import cv2

from data import load, save

SIZE = (520, 520)


def small_pair():
    """Return the two frames, float32 of shape (520, 520, 3)."""
    return [cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in load("built-in/motorcycle-pair")]


def main(folder):
    """Write the frames."""
    for index, frame in enumerate(small_pair()):
        save(frame, folder / f"frame{index}.png", force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

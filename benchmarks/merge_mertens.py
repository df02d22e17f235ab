"""Exposure fusion as one would write it in five minutes with OpenCV alone: the yardstick for speed and memory.

    python -m benchmarks.merge_mertens OUT FRAME FRAME ...

Everything in memory, every setting as it comes.
"""

import sys

import cv2
import numpy as np


def fuse(frames):
    """Fuse images of 8 or 16 bits; the result is float, and may leave [0, 1]."""
    if frames[0].dtype == np.uint16:  # OpenCV divides by 255, whatever the depth
        frames = [frame.astype(np.float32) / 257 for frame in frames]
    return cv2.createMergeMertens().process(frames)


def main(out, paths):
    """Read, fuse, and write with as many bits as the frames have."""
    frames = [cv2.imread(path, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR) for path in paths]
    full = np.iinfo(frames[0].dtype).max
    cv2.imwrite(out, np.clip(fuse(frames) * full + 0.5, 0, full).astype(frames[0].dtype))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

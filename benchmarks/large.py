"""Make a long focal stack of 24 megapixels, cheaply: python -m benchmarks.large FOLDER COUNT

Writes COUNT JPEG files, focused from near to far. They are six pictures of the built-in motorcycle with fixed texture,
enlarged, each of them blurred more and more from frame to frame; a few pixels are shifted, and noise differs.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from data import save, scenes

SIZE = (6000, 4000)
PICTURES = 6
MARGIN = 16  # pixels around a frame
STEP = 3  # pixels: largest shift from frame to frame
BLUR = 1.5  # pixels: largest standard deviation
TEXTURE, NOISE = 6, 2  # standard deviations, of 255


def grains(rng, spread, sigma=0.0):
    """Return bytes of noise about 128, somewhat larger than a frame, perhaps smoothed."""
    noise = rng.standard_normal((SIZE[1] + 2 * MARGIN, SIZE[0] + 2 * MARGIN), dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigma) if sigma else noise
    return np.rint(128 + spread * noise / noise.std()).astype(np.uint8)


def added(picture, grain):
    """Add bytes of noise about 128 to a picture."""
    return cv2.addWeighted(picture, 1, cv2.merge([grain] * 3), 1, -128)


def path(count, rng):
    """Offsets of the frames, in pixels; at most `MARGIN` from the middle."""
    steps = rng.integers(-STEP, STEP, (count, 2), endpoint=True)
    steps[0] = 0
    return steps.cumsum(axis=0).clip(-MARGIN, MARGIN)


def frames(count, seed=0):
    """Yield the frames."""
    rng = np.random.default_rng(seed)
    texture, noise = grains(rng, TEXTURE, 1.0), grains(rng, NOISE)
    seen = scenes.focal_stack(distances=PICTURES).stack
    for index, (x, y) in enumerate(MARGIN + path(count, rng)):
        number, place = divmod(index * PICTURES, count)
        if index == 0 or number != (index - 1) * PICTURES // count:
            scene = added(cv2.resize(seen.pixels(number), texture.shape[::-1], interpolation=cv2.INTER_CUBIC), texture)
        frame = scene[y : y + SIZE[1], x : x + SIZE[0]]
        blurred = cv2.GaussianBlur(frame, (0, 0), 0.3 + BLUR * place / count)
        left, top = rng.integers(0, 2 * MARGIN, 2)
        yield added(blurred, noise[top : top + SIZE[1], left : left + SIZE[0]])


def main(folder, count):
    """Write the frames."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames(count)):
        save(frame, folder / f"{index:03d}.jpg", quality=90, force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""Training pairs, batch by batch, as the networks take them; made in a thread while the batch before is learnt."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from fusion.boundary.inputs import input_planes
from fusion.boundary.mattes import is_near_boundary, training_pair
from fusion.boundary.resnet56 import PATCH, scaled

NEAR, MORE = 6, 4.0  # pixels from a boundary within which a decision counts more, and by how much
AROUND = 16  # pixels from a boundary within which a decision counts at all for a network that looks again there
VISIBLE = 1e-4  # square of a difference between the frames that is seen clearly
PER_PAIR = 10  # patches cut from a pair, as in the paper
PATCHED = 160  # pixels: height and width of the pairs that patches are cut from


def pairs(sources, seed, count, *, size=128, model=None, at_boundary=False):
    """Draw whole pairs for the compact network.

    Parameters
    ----------
    sources : Sources
        From `fusion.boundary.mattes.sources_at_hand`.
    seed : tuple of int
        Of the batch.
    count, size : int
        Number of pairs, and their height and width.
    model : str, optional
        Of defocus; any by default.
    at_boundary : bool, optional
        Decisions count within 16 px of a boundary only. What is blended counts everywhere all the same.

    Returns
    -------
    dict of ndarray of float32
        ``planes`` (count, 5, H, W), ``frames`` (count, 2, H, W), ``sharp``, ``label`` and ``weight`` (count, H, W).
    """
    drawn = [training_pair(sources, (*seed, number), size=size, model=model) for number in range(count)]
    return {
        "planes": np.stack([input_planes(*pair.frames) for pair in drawn]),
        "frames": np.stack([pair.frames for pair in drawn]),
        "sharp": np.stack([pair.sharp for pair in drawn]),
        "label": np.stack([pair.label for pair in drawn]),
        "weight": np.stack([importance(pair, at_boundary=at_boundary) for pair in drawn]),
    }


def importance(pair, *, at_boundary=False):
    """Return how much the decision in each pixel counts: little where the frames look alike, most at a boundary.

    With `at_boundary`, 0 further than 16 px from one. The blend is not weighed by this: there, every pixel counts.
    """
    difference = cv2.GaussianBlur((pair.frames[0] - pair.frames[1]) ** 2, (0, 0), 2)
    weight = (0.1 + difference / (difference + VISIBLE)) * (1 + MORE * band(pair.label, NEAR))
    return weight * band(pair.label, AROUND) if at_boundary else weight


def band(label, reach):
    """Return 1 within so many pixels of a boundary between labels, else 0; float32, of shape (H, W)."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return (cv2.dilate(label, kernel) != cv2.erode(label, kernel)).astype(np.float32)


def patches(sources, seed, count, *, size=PATCHED, model=None, at_boundary=False):
    """Draw patches for the paper's network, ten of each pair, half of them with the frames exchanged.

    Parameters
    ----------
    sources, seed, count, size, model
        As for `pairs`; `size` is that of the pairs which patches are cut from.
    at_boundary : bool, optional
        Only patches that show both sides, at least a tenth of each.

    Returns
    -------
    dict of ndarray of float32
        ``frames`` (count, 2, 64, 64) and ``label`` (count,): 1 where the pixel in the middle is in focus in the first.
    """
    rng, frames, labels, number = np.random.default_rng(seed), [], [], 0
    while len(labels) < count:
        pair, number = training_pair(sources, (*seed, number), size=size, model=model), number + 1
        corners = rng.integers(0, size - PATCH + 1, (PER_PAIR, 2))
        for top, left in corners:
            window = (slice(top, top + PATCH), slice(left, left + PATCH))
            if at_boundary and not is_near_boundary(pair.label[window]):
                continue
            way = 1 if rng.random() < 0.5 else -1
            frames.append(scaled(pair.frames[::way, *window]))
            label = pair.label[top + PATCH // 2, left + PATCH // 2]
            labels.append(label if way == 1 else 1 - label)
    return {"frames": np.stack(frames[:count]), "label": np.array(labels[:count], np.float32)}


def ahead(make, numbers):
    """Yield ``make(number)`` for each number, the next one made in a thread meanwhile."""
    with ThreadPoolExecutor(1) as maker:
        coming = None
        for number in numbers:
            coming, ready = maker.submit(make, number), coming
            if ready is not None:
                yield ready.result()
        if coming is not None:
            yield coming.result()

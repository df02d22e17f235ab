"""How far the paper's network on whole pictures is from itself on patches, as JSON.

    python -m benchmarks.boundary_patches

A patch of 64 x 64 pixels is cut out around a pixel, as in training; the picture is continued by its mirror image. That
is done for 400 pixels of a gray pair of 520 x 520, by chance, and what all would cost is reckoned from them. Scores are
those of `fusion.boundary.score`: between 0 and 1, and a decision is on which side of 0.5 they lie.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import json
import time

import cv2
import numpy as np

from benchmarks.small_pair import small_pair
from data import to_gray
from fusion.boundary.networks import Resnet56Network, read_weights
from fusion.boundary.patchwise import compare_patches
from fusion.boundary.score import as_score, compare_frames

COUNT = 400
NETWORKS = {"stride_4": {}, "dense": {"dense": True}}


def differences(found, patches):
    """Tell how far scores are from those of patches, given the evidence of both."""
    apart = np.abs(as_score(found) - as_score(patches))
    return {
        "mean_difference": round(float(apart.mean()), 5),
        "largest_difference": round(float(apart.max()), 5),
        "decisions_differ": round(float(np.mean((found > 0) != (patches > 0))), 5),
    }


def timed(function, *arguments, **options):
    """Call a function; return what it returns, and its CPU seconds."""
    started = time.process_time()
    return function(*arguments, **options), time.process_time() - started


def compared(own, rival, *, count=COUNT, seed=0):
    """Compare the network with itself on patches, at stride 4 and dense."""
    parameters = read_weights("resnet56")
    pixels = np.random.default_rng(seed).integers(0, own.shape, (count, 2))
    patches, spent = timed(compare_patches, own, rival, pixels, parameters)
    told = {"pixels": count, "patches": {"cpu_s": round(spent / count * own.size, 1)}}
    for name, options in NETWORKS.items():
        found, spent = timed(compare_frames, own, rival, Resnet56Network(parameters, **options))
        told[name] = {"cpu_s": round(spent, 2)} | differences(found.score[tuple(pixels.T)], patches)
    return told


if __name__ == "__main__":
    cv2.setNumThreads(1)
    print(json.dumps(compared(*map(to_gray, small_pair()))))

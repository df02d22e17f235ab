"""Quality of exposure fusion on real brackets, as JSON: python -m benchmarks.exposure_scores

How much of the published results of the authors' program is reproduced, and the MEF-SSIM of every method of ours on
every sequence: of exposure fusion rounded down to 8 bits, as that program does, of the others rounded. Needs the
sequences (see `fusion data list --kind multi-exposure`).
"""

import json
import statistics

import cv2
import numpy as np

from data import datasets, load, open_stack
from fusion.exposure import exposure_fusion
from fusion.extended_exposure import extended_exposure_fusion
from fusion.metrics import EXPOSURE
from fusion.optimised_exposure_torch import optimised_exposure_fusion

PUBLISHED = "mertens07.png"


def rounded_down(image):
    """Cut an image to 8 bits, as the authors' program does."""
    return np.floor(255 * image.astype(np.float64)).astype(np.uint8)


METHODS = {
    "exposure fusion": lambda stack: rounded_down(exposure_fusion(stack)),
    "extended": extended_exposure_fusion,
    "optimised": optimised_exposure_fusion,
}


def sequences():
    """List the sequences of the MEF database that are at hand."""
    names = [name for name in datasets.names("multi-exposure") if name.startswith("mef/")]
    return [name for name in names if datasets.place(name) != "not here"]


def share_reproduced(published, fused):
    """Share of the values of a published picture that a result equals."""
    return round(float((published == fused).mean()), 6)


def reproduced(names):
    """Share of values of each published result of the authors' program that ours equals."""
    told = {}
    for name, folder in zip(names, map(published_folder, names)):
        if folder in datasets.names("fused") and datasets.place(folder) != "not here":
            published = open_stack([datasets.where(folder) / PUBLISHED]).pixels(0)
            told[name] = share_reproduced(published, METHODS["exposure fusion"](load(name)))
    return told


def published_folder(name):
    """Name the set that holds published results on a sequence."""
    return name.replace("mef/", "mef/_fused/")


def scores(names, methods=METHODS):
    """MEF-SSIM of each method on each sequence, and the means."""
    told = {}
    for method, fuse in methods.items():
        found = {name: float(EXPOSURE["MEF-SSIM"](load(name), fuse(load(name)))) for name in names}
        mean = statistics.mean(found.values())
        told[method] = {"mean": round(mean, 5)} | {name: round(score, 5) for name, score in found.items()}
    return told


def main():
    """Print all numbers, or that there is nothing to compute them from."""
    names = sequences()
    if not names:
        print(json.dumps("the sequences are not at hand: set FUSION_DATA, or fetch them by fusion data fetch"))
        return
    print(json.dumps({"values_reproduced": reproduced(names), "MEF-SSIM": scores(names)}))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()

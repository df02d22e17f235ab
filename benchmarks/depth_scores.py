"""How well depth is found where it is known, as JSON: python -m benchmarks.depth_scores PART [--jobs 2]

scenes: those of `benchmarks.depth_scenes`. Of each refinement: the error of depth in frames, its mean, median, and the share
of pixels that are off by more than one; how well the confidence foretells it (area of sparsification, and the mean error
of the 80 % most confident); the share of pixels that is unsure, and the mean error of the others; and CPU seconds of all,
and of the refinement alone, from votes to depth. Of the graph cut, the frames that it chose have a row too, as they are,
without the peaks of the votes near them. Beside them is what takes the sharpest frame in every pixel: winner takes
all, by the Laplacian of Gaussian of the pixel alone, as plain focus stacking does; and by its energy averaged in a fixed
window, with fractions. measures: the same for each focus measure, with the refinement that is the default. labels: see
`benchmarks.depth_labels`. missing: picture sets that scenes need, and that are not at hand: these are left out. All run on
one thread.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import contextlib
import json
from typing import NamedTuple
from unittest import mock

import cv2
import numpy as np

from benchmarks.boundary_patches import timed
from benchmarks.boundary_scores import each
from benchmarks.depth_labels import labelled, volume
from benchmarks.depth_scenes import COUNTS, PHOTOGRAPHS, SCENES, missing, name_of
from benchmarks.stacking_scores import score
from fusion import depth_from_focus, pyramid_fusion
from fusion.depth import REFINEMENTS
from fusion.depth.estimate import LEAST_CONFIDENCE
from fusion.depth.focus_measures import SINGLE_SCALE
from fusion.depth.volume import gray_of
from fusion.log_maximum import LogMaximum, laplacian_of_gaussian
from fusion.metrics import depth_error

DEFAULT, CUT, PRESET, PLAIN = "guided", "graph-cut", "preset graph-cut", "winner takes all"
LABELS = "graph-cut, whole frames"  # without the peaks of the votes near them
WINDOWS = (2, 5, 10)  # pixels: standard deviation of the Gaussian in which energy is averaged
REMOVED = 0.2  # share of the pixels, the least confident ones
NOISE = 0.01  # at which methods are compared, and measures
LEAST = 1e-12  # energy whose logarithm is taken
MEASURES = (*SINGLE_SCALE, "multi-scale-log")
MEASURED = ("cone", *(name_of(name, COUNTS[-1], NOISE) for name in PHOTOGRAPHS))
STAGE = "refinement_cpu_s"
OURS = {name: {"refine": name} for name in REFINEMENTS} | {PRESET: {"preset": "graph-cut"}}


class Found(NamedTuple):
    """A depth map, and how sure it is."""

    depth: np.ndarray  # (H, W), in frames
    confidence: np.ndarray | None = None  # (H, W)


# --- figures ---------------------------------------------------------------------------------------------------------


def rounded(number):
    """Round a number to four digits behind the point."""
    return round(float(number), 4)


def figures(found, truth):
    """Return the error of depth, in frames, and how well a confidence, if there is one, foretells it."""
    error, apart = depth_error(found.depth, truth, confidence=found.confidence), np.abs(found.depth - truth)
    told = {"mean": rounded(error.mae), "median": rounded(np.median(apart)), "off": rounded(error.off)}
    if found.confidence is None:
        return told
    sparse = error.sparsification
    kept = np.interp(REMOVED, sparse.shares, sparse.error)
    return told | {"sparsification_area": rounded(sparse.area), "mean_of_80_percent": rounded(kept)}


def figures_of_ours(found, truth):
    """Return the same figures, and how many pixels are marked as unsure, and the mean error of the others."""
    sure = found.confidence >= LEAST_CONFIDENCE
    mean = rounded(np.abs(found.depth - truth)[sure].mean()) if sure.any() else None
    return figures(found, truth) | {"unsure": rounded(1 - sure.mean()), "mean_of_sure": mean}


def straight_fit(depth, truth):
    """Return slope and offset of the straight line that fits depth over truth best."""
    slope, offset = np.polyfit(np.ravel(truth), np.ravel(depth), 1)
    return {"slope": rounded(slope), "offset": rounded(offset)}


# --- yardsticks ------------------------------------------------------------------------------------------------------


def winner_takes_all(stack):
    """Take the frame whose Laplacian of Gaussian is strongest, in each pixel on its own."""
    running = LogMaximum()
    for position in range(len(stack)):
        running.add(stack.pixels(position), position)
    return Found(np.float32(running.index), running.confidence(len(stack)))


def in_window(stack, window):
    """Take the peak of the energy of the Laplacian of Gaussian, averaged in a window."""
    energy = [laplacian_of_gaussian(gray_of(stack.pixels(index))) ** 2 for index in range(len(stack))]
    return Found(three_point_peak(np.stack([cv2.GaussianBlur(plane, (0, 0), window) for plane in energy])))


def three_point_peak(energy):
    """Top of the Gaussian through the largest value of each profile (N, h, w) and its two neighbours; ends stay."""
    index = energy.argmax(axis=0)
    inside = np.clip(index, 1, len(energy) - 2)
    before, there, after = (
        np.log(np.take_along_axis(energy, (inside + step)[None], axis=0)[0] + LEAST) for step in (-1, 0, 1)
    )
    curve = before - 2 * there + after
    has_top = (curve < 0) & (index == inside)
    return index + np.divide(before - after, 2 * curve, out=np.zeros_like(curve), where=has_top)


def by_yardsticks(stack, truth):
    """Return the figures of what takes the sharpest frame."""
    rows = {PLAIN: figures(winner_takes_all(stack), truth)}
    return rows | {f"{PLAIN}, window of {window} px": figures(in_window(stack, window), truth) for window in WINDOWS}


# --- refinements -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def clocked():
    """Keep the `Estimate` and the CPU seconds of all refinements that are made meanwhile, in the list that is given."""
    done = []

    def with_clock(refine):
        def run(*given, **more):
            done.append(timed(refine, *given, **more))
            return done[-1][0]

        return run

    with mock.patch.dict(REFINEMENTS, {name: with_clock(refine) for name, refine in REFINEMENTS.items()}):
        yield done


def with_costs(stack, **options):
    """Find depth; return it, CPU seconds of all, and of the refinements, from votes to depth; and the last frames."""
    with clocked() as done:
        found, whole = timed(depth_from_focus, stack, **options)
    stage = sum(spent for _, spent in done)
    return found, {"cpu_s": round(whole, 3), STAGE: round(stage, 3)}, done[-1][0].index


# --- scenes ----------------------------------------------------------------------------------------------------------


def of_scene(name):
    """Return the figures of all methods in a scene, and PSNR of all-in-focus images."""
    stack, truth, sharp = SCENES[name]()
    rows, images = by_yardsticks(stack, truth), {}
    for row, options in OURS.items():
        found, costs, index = with_costs(stack, **options)
        rows[row] = figures_of_ours(found, truth) | costs
        images[row] = found.all_in_focus
        if row == CUT:
            rows[LABELS] = figures(Found(np.float32(index)), truth)
        if row == DEFAULT:
            fit = straight_fit(found.depth, truth)
    told = {"methods": rows, "fit": fit}
    return told if sharp is None else told | {"psnr_db": decibels(stack, images, sharp)}


def decibels(stack, images, sharp):
    """Return PSNR of all-in-focus images of ours, and of others."""
    shown = {row: images[row] for row in (DEFAULT, PRESET)} | {"pyramid_fusion": pyramid_fusion(stack)}
    single = max(score(stack.pixels(index), sharp) for index in range(len(stack)))
    return {row: score(image, sharp) for row, image in shown.items()} | {"best single frame": single}


def compared(told):
    """Tell how the default does beside others in a scene: ratios of mean errors, and of CPU seconds."""
    rows = told["methods"]
    ours = rows[DEFAULT]
    ratios = {
        "error_of_winner_takes_all": rows[PLAIN]["mean"] / ours["mean"],
        "error_to_best_window": ours["mean"] / min(rows[row]["mean"] for row in rows if "window" in row),
        "error_to_graph_cut": ours["mean"] / rows[CUT]["mean"],
        "error_to_labels_of_graph_cut": ours["mean"] / rows[LABELS]["mean"],
        "error_to_preset": ours["mean"] / rows[PRESET]["mean"],
        "cpu_ratio_to_graph_cut": ours[STAGE] / rows[CUT][STAGE],
        "cpu_ratio_to_preset": ours[STAGE] / rows[PRESET][STAGE],
    }
    if "psnr_db" in told:
        ratios["db_above_pyramid_fusion"] = told["psnr_db"][DEFAULT] - told["psnr_db"]["pyramid_fusion"]
    return {name: round(ratio, 3) for name, ratio in ratios.items()}


def at_hand(names):
    """Return those of the scenes whose data are there."""
    lacking = missing()
    return [name for name in names if not any(name.startswith(scene) for scene in lacking)]


def of_scenes(jobs):
    """Return the figures in all scenes that are at hand, and how ours compares."""
    found = each(of_scene, at_hand(SCENES), jobs)
    return {"scenes": found, "compared": {name: compared(told) for name, told in found.items()}}


# --- focus measures --------------------------------------------------------------------------------------------------


def of_measures_in(name):
    """Return the figures of the default with each focus measure in a scene."""
    stack, truth, _ = SCENES[name]()
    return {measure: of_measure(stack, truth, measure) for measure in MEASURES}


def of_measure(stack, truth, measure):
    """Return the figures of the default with a focus measure."""
    found, costs, _ = with_costs(stack, measure=measure)
    return figures_of_ours(found, truth) | costs


def of_measures(jobs):
    """Return the figures of each focus measure in some scenes."""
    return each(of_measures_in, at_hand(MEASURED), jobs)


PARTS = {
    "scenes": of_scenes,
    "measures": of_measures,
    "labels": lambda jobs: labelled(*volume()),
    "missing": lambda jobs: list(missing().values()),
}


def main(arguments=None):
    """Print the figures of a part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(json.dumps(PARTS[args.part](args.jobs)))


if __name__ == "__main__":
    main()

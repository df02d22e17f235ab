"""How well boundary-aware fusion decides and fuses, as JSON: python -m benchmarks.boundary_scores truth|paper

truth: scenes with a known answer: how many pixels are taken from the wrong frame, of all and within 5 px of the true
boundary, and PSNR to the scene, of the whole picture and within 10 px of the boundary. Beside ours are guided-filter
fusion, which decides for the frame of the larger weight, of detail or of base layers; pyramids, which decide nothing;
the true decision; and the best pick, which takes each pixel from the frame that is nearest to the truth there. paper:
four metrics on the 24 pairs of the paper, and wins over published results of 18 methods on the 20 Lytro pairs of them.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.leaderboard.contests import CONTESTS, LYTRO, QUOTED, missing_sets
from benchmarks.leaderboard.jobs import outcomes
from data import load, open_stack, scenes, to_float
from data.nearest import nearest_true
from data.scenes.thin import fence_before_lawn
from data.stack import Stack
from fusion import boundary_fusion, guided_fusion, pyramid_fusion
from fusion.boundary.fuse import boundary_decision
from fusion.boundary.mattes import disc_blur, paper_pair
from fusion.evaluation import score_with, scorers_for
from fusion.guided_stages import gff
from fusion.metrics import decision_error, psnr
from fusion.metrics.decision import near_boundary
from fusion.metrics.door import eight_bits
from fusion.pyramid import sharpest_details
from fusion.weights import copied

NEAR, AROUND = 5, 10  # pixels from the true boundary, for decisions and for PSNR
NAIVE = "thin, the paper's model of defocus"
DRAWN = 0.1  # alpha from which a foreground that is drawn has a colour of its own
OPTIONS = {
    "compact, initial": {"refine": False},
    "compact": {},
    "resnet56, initial": {"network": "resnet56", "refine": False},
    "resnet56": {"network": "resnet56"},
}


def each(function, items, jobs):
    """Call a function for each item, in so many processes; return a dict from the item, in order."""
    done = {}
    for item, outcome in tqdm(outcomes(function, items, jobs), total=len(items), disable=None):
        if isinstance(outcome, BaseException):
            raise outcome
        done[item] = outcome
    return {item: done[item] for item in items}


# --- scenes with a known answer --------------------------------------------------------------------------------------


class Known(NamedTuple):
    """A pair of frames whose answer is known."""

    stack: Stack
    sharp: np.ndarray  # (H, W) or (H, W, 3)
    decision: np.ndarray  # (H, W), 0 or 1


def known(made):
    """Return a scene of `data.scenes` as a pair with its answer."""
    decision = made.index if isinstance(made, scenes.FocalStack) else made.decision
    return Known(made.stack, made.sharp, decision)


def built_in(name):
    """Return a scene that has a name."""
    return known(scenes.built_in(name))


def fence(radius):
    """Return the scene of thin structures, with this blur in pixels."""
    return known(scenes.focus_pair(*fence_before_lawn(), radius=radius))


def coins(radius):
    """Return the coins, with this blur in pixels."""
    return known(scenes.focus_pair(radius=radius))


def naive_fence(radius=5.0):
    """Return the scene of thin structures, whose outlines stay sharp in both frames: as the paper composes a pair."""
    foreground, alpha, background = fence_before_lawn()
    nearest, _ = nearest_true(alpha >= DRAWN)
    foreground = foreground.reshape(-1, 3)[nearest]  # where nothing is drawn, colours that may be blurred
    front, back = (scenes.to_linear(to_float(picture)) for picture in (foreground, background))
    light = [*paper_pair(front, alpha, back, disc_blur(radius)), alpha[..., None] * (front - back) + back]
    near, far, sharp = map(scenes.to_eight_bits, light)
    return Known(open_stack([near, far]), to_float(sharp), (alpha < 0.5).astype(np.uint8))


SCENES = {
    "built-in/thin": partial(built_in, "built-in/thin"),
    "thin, radius 3": partial(fence, 3.0),
    "thin, radius 9": partial(fence, 9.0),
    "built-in/coins": partial(built_in, "built-in/coins"),
    "coins, radius 9": partial(coins, 9.0),
    "built-in/motorcycle-pair": partial(built_in, "built-in/motorcycle-pair"),
    NAIVE: naive_fence,
}


def by_guided_filter(weights, scene):
    """Fuse by guided filtering; the decision is the frame of the larger weight in one of the two layers."""
    stages = gff(scene.stack)
    fused = stages.fusion()
    return fused, stages.normalised_refined_weights[weights].argmax(axis=0)


def undecided(fuse, scene):
    """Fuse by a method that does not decide."""
    return fuse(scene.stack), None


def by_network(options, scene):
    """Copy pixels as a network decides."""
    return by_decision(scene, boundary_decision(scene.stack, **options))


def by_decision(scene, decision):
    """Copy pixels as a decision map says."""
    return copied(scene.stack, decision), decision


def best_pick(scene):
    """Copy each pixel from the frame that is nearest to the truth there."""
    errors = [np.atleast_3d((frame - scene.sharp) ** 2).sum(axis=2) for frame in scene.stack]
    return by_decision(scene, np.argmin(errors, axis=0))


METHODS = {
    "guided": partial(by_guided_filter, "detail"),
    "guided, base weights": partial(by_guided_filter, "base"),
    "Laplacian pyramid": partial(undecided, sharpest_details),
    "focus stacking": partial(undecided, pyramid_fusion),
    **{name: partial(by_network, options) for name, options in OPTIONS.items()},
    "compact, blended": partial(undecided, partial(boundary_fusion, blend="pyramid")),
    "true decision": lambda scene: by_decision(scene, scene.decision),
    "best pick": best_pick,
}


def figures(scene, fused, decision):
    """Return errors of a decision, if there is one, as shares, and PSNR of what was fused, in decibels."""
    picture, truth = eight_bits(fused), eight_bits(scene.sharp)
    around = near_boundary(scene.decision, AROUND)
    part = psnr(picture[around][None], truth[around][None])  # as one row of pixels
    decibels = {"psnr_db": round(psnr(picture, truth), 2), f"psnr_db_within_{AROUND}_px": round(part, 2)}
    return decibels if decision is None else errors(scene, decision) | decibels


def errors(scene, decision):
    """Return the share of wrong pixels, of all and near the true boundary."""
    error = decision_error(decision, scene.decision, distances=(NEAR,))
    return {"wrong": round(error.fraction, 5), f"wrong_within_{NEAR}_px": round(error.near[NEAR], 5)}


def of_scene(name):
    """Return the figures of all methods on a scene."""
    scene = SCENES[name]()
    return {method: figures(scene, *fuse(scene)) for method, fuse in METHODS.items()}


def compared(rows):
    """Tell how ours does beside others: ratios of errors near the boundary, and decibels more."""
    wrong = {name: row.get(f"wrong_within_{NEAR}_px") for name, row in rows.items()}
    pyramid, guided = rows["Laplacian pyramid"]["psnr_db"], min(wrong["guided"], wrong["guided, base weights"])
    return {
        "near_errors_to_guided": round(wrong["compact"] / guided, 3),
        "near_errors_to_initial": round(wrong["compact"] / wrong["compact, initial"], 3),
        "copied_db_above_pyramid": round(rows["compact"]["psnr_db"] - pyramid, 2),
        "blended_db_above_pyramid": round(rows["compact, blended"]["psnr_db"] - pyramid, 2),
    }


def truth(jobs):
    """Return the figures of all methods on all scenes, and how ours compares."""
    found = each(of_scene, list(SCENES), jobs)
    return {"scenes": found, "compared": {name: compared(rows) for name, rows in found.items()}}


# --- the pairs of the paper ------------------------------------------------------------------------------------------


PAPER = CONTESTS["paper"]
METRICS = PAPER.ranked
FUSE = {"guided": guided_fusion} | {name: partial(boundary_fusion, **options) for name, options in OPTIONS.items()}
UNPUBLISHED = "classic/book"  # no published results of it are lossless


def of_pair(name):
    """Return the scores of all methods on a pair."""
    stack = load(name)
    scorers = scorers_for(METRICS, stack)
    return {method: scores_of(fuse(stack), scorers) for method, fuse in FUSE.items()}


def scores_of(fused, scorers):
    """Return the scores of a picture of 8 bits."""
    scores, reasons = score_with(scorers, eight_bits(fused))
    if reasons:
        raise ValueError(f"undefined scores: {reasons}")
    return {metric: round(score, 6) for metric, score in scores.items()}


def by_row(pairs):
    """Turn pair -> row -> metric into row -> metric -> scores of all pairs."""
    rows = next(iter(pairs.values()))
    return {row: {metric: [pair[row][metric] for pair in pairs.values()] for metric in rows[row]} for row in rows}


def averages(scores, names):
    """Average scores of pairs over all of them, over those that others published results of, and over Lytro pairs."""
    groups = {
        "24 pairs": list(names),
        "23 pairs": [name for name in names if name != UNPUBLISHED],
        "20 Lytro pairs": [name for name in names if name in LYTRO],
    }
    return {
        group: {metric: mean_over(chosen, values, names) for metric, values in scores.items()}
        for group, chosen in groups.items()
    }


def mean_over(chosen, values, names):
    """Average the values of some of the names."""
    return round(float(np.mean([value for name, value in zip(names, values, strict=True) if name in chosen])), 5)


def wins(scores, published):
    """Count the pairs on which a method beats each published one, and on which it beats all of them at once."""
    over = {method: int(np.sum(np.greater(scores, theirs))) for method, theirs in published.items()}
    return over | {f"all {len(published)}": int(np.sum(np.greater(scores, np.max(list(published.values()), axis=0))))}


def best_of(published):
    """Return the highest average of published scores, and whose it is."""
    means = {method: float(np.mean(theirs)) for method, theirs in published.items()}
    best = max(means, key=means.get)
    return {"method": best, "average": round(means[best], 5)}


def quoted(metric):
    """Return the published scores of 18 methods on the Lytro pairs, lossless."""
    rows = json.loads((QUOTED / CONTESTS["lytro"].quoted).read_text(encoding="utf-8"))["rows"]
    return {method: scores[metric] for method, scores in rows.items()}


def paper(jobs):
    """Return scores, averages and wins on the pairs of the paper; a sentence where they are not at hand."""
    missing = missing_sets(PAPER)
    if missing:
        return f"not at hand: {', '.join(missing[:3])}, ...; set FUSION_DATA, or run `fusion data fetch`"
    names = PAPER.sets
    scores = by_row(each(of_pair, names, jobs))
    lytro = slice(names.index(LYTRO[0]), names.index(LYTRO[-1]) + 1)
    return {
        "sets": names,
        "scores": scores,
        "averages": {row: averages(of_row, names) for row, of_row in scores.items()},
        "best_published": {metric: best_of(quoted(metric)) for metric in METRICS},
        "wins": {
            row: {metric: wins(values[lytro], quoted(metric)) for metric, values in of_row.items()}
            for row, of_row in scores.items()
        },
    }


PARTS = {"truth": truth, "paper": paper}


def main(arguments=None):
    """Print the scores of a part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(json.dumps(PARTS[args.part](args.jobs)))


if __name__ == "__main__":
    main()

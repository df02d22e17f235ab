"""The names that pages of the book use. Importing it reads no picture: samples are opened when first named.

    from imports import fusion, multi_focus_sample, plot_images

Samples and datasets come from the folder that FUSION_DATA names, or the download cache; where they are not at hand,
built-in scenes take their place, and `multi_focus_origin` and its like say so in captions.
"""

import contextlib
import importlib
import os
from pathlib import Path

# Read when NumPy is imported: matrices of the networks are small, and threads that wait for each other cost time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import data
import fusion
import recalage
from data import datasets

BASE_DIR = Path(__file__).resolve().parent

# sample: (the set that the page is written for, the built-in set in its place)
SAMPLES = {
    "multi_focus": ("lytro/01", "built-in/motorcycle-pair"),
    "hard_pair": ("lytro/20", "built-in/motorcycle-pair"),
    "multi_exposure": ("mef/venice", "built-in/coffee"),
    "gray": ("classic/clock", "built-in/gray"),
    "focal_stack": ("stack/pcb", "built-in/motorcycle"),
    "ours": ("ours/stylos2", "built-in/hand-held"),
    "halo": ("stack/pcb-depth", "built-in/motorcycle"),
    "bright_edge": ("lytro/06", "built-in/thin"),
    "thin_foreground": ("lytro/19", "built-in/thin"),
    "long_stack": ("dff/keyboard-aligned", "built-in/motorcycle"),
    "printed": ("lytro/19", "built-in/motorcycle-pair"),
    "noisy": ("stack/bznick-test7", "built-in/hand-held"),
    "cast": ("stack/insect", "built-in/hand-held"),
    "blown": ("mef/farmhouse", "built-in/coffee"),
    "window": ("mef/belgium-house", "built-in/ten-stops"),
    "passer_by": ("mef/candle", "built-in/ten-stops"),
    "breathing": ("dff/balls", "built-in/hand-held"),
    "dusty": ("stack/vignetted", "built-in/hand-held"),
}
# dataset: (the folder of scenes, the built-in scenes in its place)
DATASETS = {
    "multi_focus": ("lytro", ["built-in/motorcycle-pair"]),
    "multi_exposure": ("mef", ["built-in/coffee"]),
    "ours": ("ours", ["built-in/hand-held"]),
}
MODULES = {
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "iio": "imageio.v3",
    "cv2": "cv2",
    "gf": "fusion",
    "filters": "fusion.filters",
    "batches": "fusion.boundary.batches",
    "compact": "fusion.boundary.compact",
    "controls": "fusion.controls",
    "decide": "fusion.boundary.decide",
    "deghost": "fusion.deghost",
    "depth_votes": "fusion.depth.votes",
    "estimate": "fusion.depth.estimate",
    "exposure": "fusion.exposure",
    "extended_exposure": "fusion.extended_exposure",
    "guided": "fusion.guided",
    "inputs": "fusion.boundary.inputs",
    "lab": "data.scenes.lab",
    "leaderboard": "benchmarks.leaderboard",
    "learners": "fusion.boundary.learners",
    "levels": "recalage.levels",
    "link": "recalage.link",
    "log_maximum": "fusion.log_maximum",
    "mattes": "fusion.boundary.mattes",
    "measure": "fusion.measure",
    "metrics_torch": "fusion.metrics.exposure_torch",
    "motion": "recalage.motion",
    "network": "recalage.network",
    "patches": "recalage.patches",
    "refinements": "fusion.depth.refinements",
    "resnet56": "fusion.boundary.resnet56",
    "score": "fusion.boundary.score",
    "shapes": "fusion.boundary.shapes",
    "stacking": "fusion.stacking",
    "trial": "recalage.trial",
    "weights": "fusion.weights",
    "metrics": "fusion.metrics",
    "pyramid": "fusion.pyramid",
    "order": "fusion.order",
    "scenes": "data.scenes",
    "torch": "torch",
}
FUNCTIONS = {
    "benchmark": "benchmarks.run.saved",
    "boundary_decision": "fusion.boundary.fuse.boundary_decision",
    "choose": "fusion.choice.choose",
    "closeup": "fusion.artefacts.closeup",
    "clarity_of": "fusion.depth.votes.clarity_of",
    "coarsest_activity": "fusion.energy.coarsest_activity",
    "compare": "fusion.show.compare",
    "confidence_of": "fusion.depth.votes.confidence_of",
    "copied": "fusion.weights.copied",
    "corner_errors": "recalage.homography.corner_errors",
    "filled": "fusion.depth.fill.filled",
    "FOCUS_MEASURES": "fusion.depth.FOCUS_MEASURES",
    "focus_volume": "fusion.depth.volume.focus_volume",
    "gaussian": "scipy.ndimage.gaussian_filter",
    "glue": "myst_nb.glue",
    "graph_cut": "fusion.depth.graph_cut.graph_cut",
    "gray_of": "fusion.depth.volume.gray_of",
    "gray_to_rgb": "fusion.show.gray_to_rgb",
    "initial_estimate": "fusion.depth.refinements.initial_estimate",
    "measure_traits": "fusion.traits.measure_traits",
    "peak": "fusion.depth.votes.peak",
    "plot_depth": "fusion.show.plot_depth",
    "plot_images": "fusion.show.plot_images",
    "plot_lines": "fusion.show.plot_lines",
    "plot_maps": "fusion.show.plot_maps",
    "plot_points": "fusion.show.plot_points",
    "plot_profiles": "fusion.show.plot_profiles",
    "LINEUP": "fusion.lineup.LINEUP",
    "fitting": "fusion.lineup.fitting",
    "score_methods": "fusion.artefacts.score_methods",
    "scores_of": "fusion.artefacts.scores_of",
    "refine_motion": "recalage.refine.refine",
    "region_energy": "fusion.energy.region_energy",
    "scrub": "fusion.show.scrub",
    "semi_global": "fusion.depth.semi_global.semi_global",
    "sharpest": "fusion.depth.votes.sharpest",
    "spearmanr": "scipy.stats.spearmanr",
    "surface": "fusion.show.surface",
    "thin_lens": "fusion.show.thin_lens",
    "votes_of": "fusion.depth.votes.votes_of",
    "weighted_median": "fusion.depth.weighted_median.weighted_median",
    "zoom": "fusion.show.zoom",
}
__all__ = sorted(
    ["BASE_DIR", "Path", "data", "datasets", "fusion", "recalage", *MODULES, *FUNCTIONS]
    + [f"{sample}_{what}" for sample in SAMPLES for what in ("sample", "origin")]
    + [f"{group}_dataset" for group in DATASETS]
)
_opened = {}


def __getattr__(name):
    """Import a module, or open a sample or a dataset, at the first use of its name."""
    if name in MODULES:
        return importlib.import_module(MODULES[name])
    if name in FUNCTIONS:
        module, _, function = FUNCTIONS[name].rpartition(".")
        return getattr(importlib.import_module(module), function)
    if name in __all__:
        sample, _, what = name.rpartition("_")
        return _open_dataset(sample) if what == "dataset" else _open(sample)[what == "origin"]
    raise AttributeError(f"imports has no name {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__


def _open(sample):
    """Return (stack, where it comes from) of one sample, opened once."""
    if sample not in _opened:
        wanted, built_in = SAMPLES[sample]
        if datasets.place(wanted) == "not here":
            _opened[sample] = data.load(built_in), f"built-in pictures {built_in}, in place of {wanted}"
        else:
            _opened[sample] = data.load(wanted), f"picture set {wanted}"
    return _opened[sample]


def _open_dataset(group):
    """Return a dataset over the folder of a group of sets, or over built-in scenes where no such folder holds any."""
    wanted, built_in = DATASETS[group]
    for root in filter(None, (datasets.own_folder(), datasets.cache_folder())):
        with contextlib.suppress(data.DataError):
            return data.MultiviewDataset(root / wanted)
    return data.MultiviewDataset(built_in)

"""The names that pages of the book use. Importing it reads no picture: samples are opened when first named.

    from imports import fusion, multi_focus_sample, plot_images

Samples come from the folder that FUSION_DATA names, or the download cache; where they are not at hand, built-in ones
take their place, and `multi_focus_origin` and its like say so in captions.
"""

import importlib

import data
import fusion
import recalage  # noqa: F401  (for pages)
from data import datasets

# sample: (the set that the page is written for, the built-in set in its place)
SAMPLES = {
    "multi_focus": ("lytro/01", "built-in/motorcycle-pair"),
    "multi_exposure": ("mef/venice", "built-in/coffee"),
    "gray": ("classic/clock", "built-in/gray"),
    "focal_stack": ("stack/pcb", "built-in/motorcycle"),
}
MODULES = {
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "iio": "imageio.v3",
    "cv2": "cv2",
    "filters": "fusion.filters",
    "guided": "fusion.guided",
    "measure": "fusion.measure",
    "weights": "fusion.weights",
    "metrics": "fusion.metrics",
    "scenes": "data.scenes",
}
FUNCTIONS = {"plot_images": "fusion.show", "plot_lines": "fusion.show", "signed": "fusion.show", "glue": "myst_nb"}
_opened = {}


def __getattr__(name):
    """Import a module or open a sample at the first use of its name."""
    if name in MODULES:
        return importlib.import_module(MODULES[name])
    if name in FUNCTIONS:
        return getattr(importlib.import_module(FUNCTIONS[name]), name)
    sample, _, what = name.rpartition("_")
    if sample in SAMPLES and what in ("sample", "origin"):
        return _open(sample)[what == "origin"]
    raise AttributeError(f"imports has no name {name!r}; it has {', '.join(__dir__())}")


def __dir__():
    samples = [f"{sample}_{what}" for sample in SAMPLES for what in ("sample", "origin")]
    return sorted(["data", "datasets", "fusion", "recalage", *MODULES, *FUNCTIONS, *samples])


def _open(sample):
    """Return (stack, where it comes from) of one sample, opened once."""
    if sample not in _opened:
        wanted, built_in = SAMPLES[sample]
        if datasets.place(wanted) == "not here":
            _opened[sample] = data.load(built_in), f"built-in pictures {built_in}, in place of {wanted}"
        else:
            _opened[sample] = data.load(wanted), f"picture set {wanted}"
    return _opened[sample]

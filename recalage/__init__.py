"""Registration (in French, recalage): bringing the frames of a stack into one frame of reference.

``registration(*images)`` does all of it. Its stages can be called one by one: `find_features` and `match` find the
same points in two images, `estimate_homography` finds the transform between two neighbours, `compose` turns the steps
from neighbour to neighbour into transforms to the last frame, `warp` draws an image where a transform takes it,
`common_area` says which part all frames cover, and `misalignment` measures what is left. `aligned` brings an exposure
bracket together, frame by frame as it is read.
"""

import importlib

MODULES = {
    "Alignment": "recalage.alignment",
    "RegistrationError": "recalage.errors",
    "common_area": "recalage.area",
    "compose": "recalage.chain",
    "estimate_homography": "recalage.estimate",
    "find_features": "recalage.features",
    "homographies": "recalage.chain",
    "match": "recalage.matching",
    "misalignment": "recalage.residual",
    "project": "recalage.homography",
    "scale_at": "recalage.homography",
    "register": "recalage.engine",
    "registration": "recalage.align",
    "warp": "recalage.warping",
}
__all__ = list(MODULES)


def __getattr__(name):
    """Import a function at its first use, so that the command line answers at once."""
    if name in MODULES:
        return getattr(importlib.import_module(MODULES[name]), name)
    raise AttributeError(f"module 'recalage' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__

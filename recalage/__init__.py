"""Registration (in French, recalage): bringing the frames of a stack into one frame of reference.

``register(stack)`` finds where each frame lies, an `Alignment`; ``registration(*images)`` returns the aligned images
at once. The stages lie in files of their own: `survey`, `levels`, `patches`, `refine`, `link`, `walk`, `network`,
`verdict`.

The other way, by points: `find_features` and `match` find the same points in two images, `estimate_homography` finds
the transform between two neighbours, `compose` and `homographies` chain the steps to the last frame. `warp` draws an
image where a transform takes it, `common_area` says which part all frames cover, `misalignment` measures what is left.
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

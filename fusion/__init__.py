"""Image fusion: many pictures of one scene become one."""

import importlib
import importlib.util

from fusion.version import VERSION as __version__

METHODS = {
    "boundary_fusion": "fusion.boundary.fuse",
    "depth_from_focus": "fusion.depth.estimate",
    "evaluate": "fusion.evaluation",
    "exposure_fusion": "fusion.exposure",
    "extended_exposure_fusion": "fusion.extended_exposure",
    "gff": "fusion.guided_stages",
    "guided_fusion": "fusion.guided",
    "optimised_exposure_fusion": "fusion.optimised_exposure_torch",
    "pyramid_fusion": "fusion.stacking",
}
__all__ = ["__version__", *(name for name, module in METHODS.items() if not module.endswith("_torch"))]


def __getattr__(name):
    """Import a method or a module at its first use, so that the command line answers at once."""
    if name in METHODS:
        return getattr(importlib.import_module(METHODS[name]), name)
    if not name.startswith("_") and importlib.util.find_spec(f"{__name__}.{name}"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'fusion' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return ["__version__", *METHODS]

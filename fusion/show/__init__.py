"""Figures and interactive pictures for pages; the only importer of matplotlib."""

import importlib

MODULES = {
    "compare": "fusion.show.widgets",
    "gray_to_rgb": "fusion.show.figures",
    "pixels_of": "fusion.show.stacking",
    "plot_depth": "fusion.show.depth",
    "plot_images": "fusion.show.figures",
    "plot_lines": "fusion.show.figures",
    "plot_maps": "fusion.show.figures",
    "plot_points": "fusion.show.figures",
    "plot_profiles": "fusion.show.depth",
    "plot_stack": "fusion.show.stacking",
    "scrub": "fusion.show.widgets",
    "surface": "fusion.show.surfaces",
    "surface_page": "fusion.show.surfaces",
    "thin_lens": "fusion.show.lens",
    "zoom": "fusion.show.widgets",
}
__all__ = list(MODULES)


def __getattr__(name):
    """Import a function at its first use: interactive pictures need no matplotlib."""
    if name in MODULES:
        return getattr(importlib.import_module(MODULES[name]), name)
    raise AttributeError(f"module 'fusion.show' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__

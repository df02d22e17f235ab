"""Every method that fits, on one stack: measured, compared, recommended, in one page of HTML."""

import importlib

MODULES = {"Report": "fusion.report.contents", "compare": "fusion.report.comparison", "page_of": "fusion.report.page"}
__all__ = list(MODULES)


def __getattr__(name):
    """Import a function at its first use."""
    if name in MODULES:
        return getattr(importlib.import_module(MODULES[name]), name)
    raise AttributeError(f"module 'fusion.report' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__

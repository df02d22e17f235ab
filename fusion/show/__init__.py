"""Figures and interactive pictures for pages; the only importer of matplotlib."""

from fusion.show.figures import gray_to_rgb, plot_images, plot_lines
from fusion.show.widgets import compare, scrub, zoom

__all__ = ["compare", "gray_to_rgb", "plot_images", "plot_lines", "scrub", "zoom"]

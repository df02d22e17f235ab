"""Figures for pages; the only importer of matplotlib."""

from fusion.show.figures import plot_images, plot_lines, signed

__all__ = ["plot_images", "plot_lines", "signed"]

"""Depth from focus: how far away everything is, from where in a focal stack it is sharpest."""

from fusion.depth.estimate import Depth, depth_from_focus
from fusion.depth.files import read_depth, save_depth
from fusion.depth.focus_measures import FOCUS_MEASURES
from fusion.depth.refinements import REFINEMENTS

__all__ = ["FOCUS_MEASURES", "REFINEMENTS", "Depth", "depth_from_focus", "read_depth", "save_depth"]

"""Deghosting: what moved while a bracket was taken is replaced, in every frame, by what one reference frame shows."""

from fusion.deghost.contradiction import consistency, ghost_mask
from fusion.deghost.mapping import intensity_mapping
from fusion.deghost.repair import best_exposed, deghosted

__all__ = ["best_exposed", "consistency", "deghosted", "ghost_mask", "intensity_mapping"]

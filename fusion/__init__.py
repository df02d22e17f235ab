"""Image fusion: many pictures of one scene become one."""

from data.version import VERSION as __version__
from fusion.guided import guided_fusion

__all__ = ["__version__", "guided_fusion"]

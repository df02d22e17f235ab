"""One small scene for each artefact: frames that bring it about, and the truth that shows it.

`LAB` names them; each is a function without arguments that are required, and returns a `LabScene`, made from a seed or
from photographs that come with scikit-image.
"""

import importlib

from data.scenes.lab.kind import LabScene

LAB = {
    "halos": "data.scenes.lab.halos",
    "ghosts": "data.scenes.lab.ghosts",
    "misregistration": "data.scenes.lab.misregistration",
    "never_in_focus": "data.scenes.lab.never_in_focus",
    "noise": "data.scenes.lab.noise",
    "transparent_foreground": "data.scenes.lab.transparent_foreground",
    "colour_cast": "data.scenes.lab.colour_cast",
    "clipped_highlights": "data.scenes.lab.clipped_highlights",
    "invented_borders": "data.scenes.lab.invented_borders",
    "dust_trails": "data.scenes.lab.dust_trails",
    "islands": "data.scenes.lab.islands",
    "low_frequency_halo": "data.scenes.lab.low_frequency_halo",
}
__all__ = ["LAB", "LabScene", *LAB]


for _name, _module in LAB.items():  # at once, so that each name is the function, and not the module that is called so
    globals()[_name] = getattr(importlib.import_module(_module), _name)

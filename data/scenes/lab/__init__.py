"""One small scene for each artefact: frames that bring it about, and the truth that shows it.

`LAB` holds them by name; each is a function without arguments that are required, and returns a `LabScene`, made from a
seed or from photographs that come with scikit-image.
"""

from data.scenes.lab.clipped_highlights import clipped_highlights
from data.scenes.lab.colour_cast import colour_cast
from data.scenes.lab.dust_trails import dust_trails
from data.scenes.lab.ghosts import ghosts
from data.scenes.lab.halos import halos
from data.scenes.lab.invented_borders import invented_borders
from data.scenes.lab.islands import islands
from data.scenes.lab.kind import LabScene
from data.scenes.lab.low_frequency_halo import low_frequency_halo
from data.scenes.lab.misregistration import misregistration
from data.scenes.lab.never_in_focus import never_in_focus
from data.scenes.lab.noise import noise
from data.scenes.lab.transparent_foreground import transparent_foreground

LAB = {
    "halos": halos,
    "ghosts": ghosts,
    "misregistration": misregistration,
    "never_in_focus": never_in_focus,
    "noise": noise,
    "transparent_foreground": transparent_foreground,
    "colour_cast": colour_cast,
    "clipped_highlights": clipped_highlights,
    "invented_borders": invented_borders,
    "dust_trails": dust_trails,
    "islands": islands,
    "low_frequency_halo": low_frequency_halo,
}
__all__ = ["LAB", "LabScene", *LAB]

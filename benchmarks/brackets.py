"""Make exposure brackets of 12 megapixels: the built-in cup of coffee, enlarged, with grain.

    python -m benchmarks.brackets FOLDER COUNT [ENDING]

Writes COUNT files of -4 to 4 stops to FOLDER: JPEG, or TIFF of 16 bits if ENDING is .tif.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.frames import GRAIN, SIZE, enlarge
from data import save
from data.scenes import exposure_bracket

STOPS = 4  # the darkest frame has as many less than the middle, the brightest as many more


def main(folder, count, ending=".jpg"):
    """Write the frames."""
    stack = exposure_bracket(exposures=np.linspace(-STOPS, STOPS, count)).stack
    rng = np.random.default_rng(12)
    folder.mkdir(exist_ok=True)
    for index, frame in enumerate(stack):
        grain = rng.normal(0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
        frame = (enlarge(frame) + grain).clip(0, 1)
        pixels = (frame * 65535 + 0.5).astype(np.uint16) if ending == ".tif" else frame
        save(pixels, folder / f"frame{index:02}{ending}", quality=95, force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])

"""Focus stacking by others: their command lines, and a script around shinestacker, which has none.

    $SHINESTACKER_PYTHON -P benchmarks/stackers.py FOLDER OUT [--align]

Fuses the frames in FOLDER by shinestacker's pyramids, the variant that keeps all frames in memory, without the plots that
it draws, and writes OUT, of the format of the frames. The environment variable SHINESTACKER_PYTHON names a Python that it is
installed in (Python 3.12: pip install shinestacker).
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "SHINESTACKER_PYTHON"
QUIET = ["sh", "-c", 'exec "$@" > /dev/null 2>&1', "sh"]  # both tell of every frame
ENFUSE_OPTIONS = ["--exposure-weight=0", "--saturation-weight=0", "--contrast-weight=1", "--hard-mask"]
WAY_OUT = {"shinestacker": f"set {VARIABLE} to a Python that it is installed in", "enfuse": "install enfuse"}


def programs(frames, folder, *, align, lossless=False):
    """Return the command lines of others that are at hand, and the file that each writes, by name.

    `frames` are all pictures of one folder; the results go to another one, in the format of the frames or, if `lossless`,
    as PNG; but shinestacker writes that of the frames, JPEG of quality 100. Only shinestacker aligns, if it is to.
    """
    found = {}
    python, enfuse = os.environ.get(VARIABLE), shutil.which("enfuse")
    if python:
        file = folder / f"shinestacker{frames[0].suffix}"
        script = [python, "-P", __file__, frames[0].parent, file, *(["--align"] if align else [])]
        found["shinestacker"] = [*QUIET, *script], file
    if enfuse:
        file = folder / f"enfuse{'.png' if lossless else frames[0].suffix}"
        quality = ["--compression=95"] if file.suffix == ".jpg" else []
        found["enfuse"] = [*QUIET, enfuse, *ENFUSE_OPTIONS, *quality, "-o", file, *frames], file
    return found


def missing():
    """Say of each program that is not at hand how to get it."""
    at_hand = {"shinestacker": os.environ.get(VARIABLE), "enfuse": shutil.which("enfuse")}
    return {name: f"not at hand: {way}" for name, way in WAY_OUT.items() if not at_hand[name]}


def stack(folder, out, align):
    """Fuse the frames in a folder by shinestacker."""
    from shinestacker.algorithms import AlignFrames, CombinedActions, FocusStack, PyramidStack, StackJob

    with tempfile.TemporaryDirectory(dir=out.parent) as work:
        job = StackJob("fusion", work, input_path=str(folder.resolve()))
        if align:
            job.add_action(CombinedActions("aligned", [AlignFrames()]))
        job.add_action(FocusStack("stacked", PyramidStack(), plot_stack=False))
        if not job.run():
            raise SystemExit("shinestacker failed")
        (fused,) = (Path(work) / "stacked").iterdir()
        fused.replace(out)


def main(arguments=None):
    """Read the command line, and fuse."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--align", action="store_true", help="align the frames first")
    args = parser.parse_args(arguments)
    stack(args.folder, args.out, args.align)


if __name__ == "__main__":
    main()

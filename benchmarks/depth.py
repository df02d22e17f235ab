"""Depth from focus: how near to the truth it comes, beside graph cuts and yardsticks, and what it costs.

    python -m benchmarks.depth [scenes] [measures] [labels] [speed] [memory] [--save]

scenes, measures, labels: see `benchmarks.depth_scores`; some scenes need picture sets: FUSION_DATA. speed: the
command `fusion depth` on 25 frames of 2 megapixels, as they are, and aligned first. memory: on 50 frames of 12 megapixels,
once. Frames are those of `benchmarks.depth_scenes`. Programs run in turn, each as a whole process, on as many threads as
they like; CPU seconds are user and system time together, and the run of median CPU time counts. Prints JSON; --save writes
it to benchmarks/results/depth.json too, where parts that did not run stay as they are.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from benchmarks.guided import COMMAND, module
from benchmarks.run import in_turn, measure, on_this_machine, printed_by, publish_parts

RESULTS = Path(__file__).parent / "results" / "depth.json"
SMALL, LARGE = (25, 1632, 1224), (50, 4016, 3000)  # frames, width, height
ALIGNED = ("none", "similarity")


def find_depth(frames, folder, align):
    """Return the command line of this project."""
    results = ["--depth-map", folder / "depth.png", "--all-in-focus", folder / "sharp.jpg"]
    return [*COMMAND, "depth", *frames, *results, "--align", align, "--force", "--quiet"]


def made(folder, size):
    """Make frames; return their files."""
    subprocess.run([str(part) for part in module("depth_scenes", folder, *size)], check=True)
    return sorted(folder.glob("*.jpg"))


def speed(args):
    """Run the command on frames of 2 megapixels, with alignment and without."""
    with tempfile.TemporaryDirectory() as given, tempfile.TemporaryDirectory() as folder:
        frames = made(Path(given), SMALL)
        commands = {f"align {model}": find_depth(frames, Path(folder), model) for model in ALIGNED}
        measure(commands["align none"])  # once, so that files are in the cache of the system
        return {"25_frames_of_2_megapixels": in_turn(commands, args.repeats)}


def memory(args):
    """Run the command on frames of 12 megapixels, as they are."""
    with tempfile.TemporaryDirectory() as given, tempfile.TemporaryDirectory() as folder:
        command = find_depth(made(Path(given), LARGE), Path(folder), "none")
        return {"50_frames_of_12_megapixels": {"align none": measure(command)}}


def scores(part):
    """Return what scores depth maps, as a part."""
    return lambda args: printed_by(module("depth_scores", part, "--jobs", args.jobs))


PARTS = {name: scores(name) for name in ("scenes", "measures", "labels")} | {"speed": speed, "memory": memory}


def missing():
    """Return the picture sets that scenes need, and that are not at hand."""
    return printed_by(module("depth_scores", "missing"))


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--jobs", type=int, default=2, help="processes that score depth maps (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    args.parts = args.parts or list(PARTS)
    if args.save and (lacking := missing()):
        parser.error(f"--save: not at hand: {', '.join(lacking)}; set FUSION_DATA, for the results would lack them")
    return args


def main(arguments=None):
    """Run, print, perhaps save."""
    args, found = parse(arguments), {}
    for part in args.parts:
        found |= on_this_machine({part: PARTS[part](args)})
    publish_parts(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

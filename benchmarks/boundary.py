"""Boundary-aware fusion: how well it decides and fuses, what its parts are good for, what it costs.

    python -m benchmarks.boundary [truth] [paper] [dense] [ablation] [speed] [--ablation FOLDER] [--save]

truth and paper: see `benchmarks.boundary_scores`; paper needs the 24 pairs of the paper: FUSION_DATA. dense: see
`benchmarks.boundary_patches`. ablation: see `benchmarks.boundary_variants`; FOLDER, or the variable BOUNDARY_ABLATION,
holds networks that were trained by one model of defocus alone. speed: programs run in turn, each as a whole process, on
as many threads as they like; CPU seconds are user and system time together, and the run of median CPU time counts.
Prints JSON; --save writes it to benchmarks/results/boundary.json too, where parts that did not run stay as they are.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.guided import COMMAND, module
from benchmarks.run import in_turn, measure, on_this_machine, printed_by, publish_parts

RESULTS = Path(__file__).parent / "results" / "boundary.json"
VARIABLE = "BOUNDARY_ABLATION"
PROGRAMS = {
    "compact": ("boundary",),
    "compact, initial": ("boundary", "--no-refine"),
    "compact, blended": ("boundary", "--blend", "pyramid"),
    "resnet56": ("boundary", "--network", "resnet56"),
    "guided": ("guided",),
    "stack": ("stack", "--align", "none"),
}
SLOW = "resnet56"  # not run on 12 megapixels


def fuse(program, frames, out):
    """Return the command line of a program."""
    command, *options = PROGRAMS[program]
    return [*COMMAND, command, *frames, "-o", out, "--force", "--quiet", *options]


def pair(folder, *maker):
    """Make two frames by a module of this package; return their files."""
    folder.mkdir()
    name, *arguments = maker
    subprocess.run([str(part) for part in module(name, folder, *arguments)], check=True)
    return sorted(folder.glob("frame*"))


def all_programs(names, frames, repeats):
    """Run programs in turn on a pair; return the run of median CPU time of each."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"out{frames[0].suffix}"
        commands = {name: fuse(name, frames, out) for name in names}
        measure(commands[names[0]])  # once, so that files are in the cache of the system
        return in_turn(commands, repeats)


def speed(args):
    """Run all programs on a pair of 520 x 520 pixels, and all but the slow one on a pair of 12 megapixels."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = pair(Path(folder) / "small", "small_pair"), pair(Path(folder) / "large", "frames", "2")
        names = list(PROGRAMS)
        on_small = all_programs(names, small, args.repeats)
        on_large = all_programs([name for name in names if name != SLOW], large, args.repeats)
    return {"pair_520x520": on_small, "pair_12_megapixels": on_large}


def scores(part):
    """Return what scores pictures, as a part."""
    return lambda args: printed_by(module("boundary_scores", part, "--jobs", args.jobs))


def dense(args):
    """Compare the paper's network on patches with the same on whole pictures."""
    return printed_by(module("boundary_patches"))


def ablation(args):
    """Score the fusion without each of its parts."""
    trained = ["--trained", args.ablation] if args.ablation else []
    return printed_by(module("boundary_variants", "--jobs", args.jobs, *trained))


PARTS = {"truth": scores("truth"), "paper": scores("paper"), "dense": dense, "ablation": ablation, "speed": speed}


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--ablation",
        type=Path,
        metavar="FOLDER",
        default=os.environ.get(VARIABLE),
        help=f"of networks that were trained by one model of defocus (default: the variable {VARIABLE}, or none)",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes that score pictures (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    args.parts = args.parts or list(PARTS)
    if args.save and "ablation" in args.parts and not args.ablation:
        parser.error(f"--save: name a folder by --ablation or {VARIABLE}; the results would lack its networks")
    return args


def main(arguments=None):
    """Run, print, perhaps save."""
    args, found = parse(arguments), {}
    for part in args.parts:
        found |= on_this_machine({part: PARTS[part](args)})
    publish_parts(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

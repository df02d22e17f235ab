"""Speed, memory and quality of exposure fusion beside OpenCV's MergeMertens and Enfuse, on frames of 12 megapixels.

    python -m benchmarks.exposure [--part speed quality torch] [--repeats 5] [--save]

Each program runs as a whole process, in turn with the others; CPU seconds are user and system time together, and the
run of median CPU time counts. Prints JSON; --save writes it to benchmarks/results/exposure.json too, where parts that
did not run stay as they are. The quality part needs real brackets: FUSION_DATA.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.guided import COMMAND, module
from benchmarks.run import in_turn, measure, on_this_machine, printed_by, publish_parts

RESULTS = Path(__file__).parent / "results" / "exposure.json"
QUIET = ["sh", "-c", 'exec "$@" 2> /dev/null', "sh"]  # Enfuse tells of every frame
FRAMES, MANY = 5, 20


def bracket(folder, count, ending=".jpg"):
    """Make a bracket of 12 megapixels; return its files."""
    subprocess.run(module("brackets", folder, str(count), ending), check=True)
    return sorted(folder.glob(f"frame*{ending}"))


def fuse(frames, out):
    """Return the command line of this project."""
    return [*COMMAND, "exposure", *frames, "-o", out, "--force", "--quiet"]


def programs(frames, folder):
    """Return the command lines of ours and of others, by name; Enfuse only where it is installed."""
    ending = frames[0].suffix
    found = {
        "ours": fuse(frames, folder / f"ours{ending}"),
        "merge_mertens": module("merge_mertens", folder / f"merge_mertens{ending}", *frames),
    }
    enfuse = shutil.which("enfuse")
    if enfuse:
        found["enfuse"] = [*QUIET, enfuse, "-o", folder / f"enfuse{ending}", *frames]
    return found


def compared(runs):
    """Add to the runs of all programs how much CPU time ours takes of that of each other one."""
    ratios = {
        f"cpu_ratio_to_{name}": round(runs["ours"]["cpu_s"] / run["cpu_s"], 3)
        for name, run in runs.items()
        if name != "ours"
    }
    return runs | {"enfuse": runs.get("enfuse", "not at hand")} | ratios


def speed(folder, repeats):
    """Run all programs on five frames of 8 and of 16 bits, and ours on twenty."""
    told = {}
    for name, ending in (("five_jpeg", ".jpg"), ("five_tiff_16_bit", ".tif")):
        frames = bracket(folder / name, FRAMES, ending)
        commands = programs(frames, folder)
        measure(commands["ours"])  # once, so that files are in the cache of the system
        told[name] = compared(in_turn(commands, repeats))
    many = measure(fuse(bracket(folder / "many", MANY), folder / "many.jpg"))
    growth = many["peak_mb"] / told["five_jpeg"]["ours"]["peak_mb"]
    return {"speed": told | {"twenty_jpeg": {"ours": many}, "memory_growth": round(growth, 3)}}


def quality(folder, repeats):
    """Score every method on real brackets."""
    return {"quality": printed_by(module("exposure_scores"))}


def torch(folder, repeats):
    """Fuse five frames as one tensor, on the processor and on a CUDA device."""
    frames = bracket(folder / "tensor", FRAMES)
    return {f"torch_{device}": printed_by(module("fuse_tensor", device, *frames)) for device in ("cpu", "cuda")}


PARTS = {"speed": speed, "quality": quality, "torch": torch}


def main(arguments=None):
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each program (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    if args.save and "speed" in args.part and not shutil.which("enfuse"):
        parser.error(
            "--save: install Enfuse first, or name the other parts by --part; it would be missing in the results"
        )
    found = {}
    for part in args.part:
        with tempfile.TemporaryDirectory() as folder:
            found |= on_this_machine(PARTS[part](Path(folder), args.repeats))
    publish_parts(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

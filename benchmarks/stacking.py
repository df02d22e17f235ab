"""Speed, memory and quality of `fusion stack` beside shinestacker and Enfuse, on frames of 12 megapixels.

    python -m benchmarks.stacking [--part speed quality] [--repeats 3] [--stacks FOLDER] [--save]

speed: 10, 20 and 40 frames that were taken by hand are aligned and fused to one JPEG file; Enfuse fuses them without
aligning. Others take part up to 20 frames: shinestacker holds them all. Then ours within a budget of memory, and on 100
frames of 24 megapixels. quality: see `benchmarks.stacking_scores`; no picture set is needed.
Programs run in turn, each as a whole process, on as many threads as they like; CPU seconds are user and system time
together, and the run of median CPU time counts; the large stack is fused once. Prints JSON; --save writes it to benchmarks/results/stacking.json too,
where parts that did not run stay as they are. --stacks keeps the frames.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from benchmarks import stackers
from benchmarks.guided import COMMAND, module
from benchmarks.run import in_turn, measure, on_this_machine, printed_by, publish_parts

RESULTS = Path(__file__).parent / "results" / "stacking.json"
COUNTS = (10, 20, 40)
MOST_OF_OTHERS = 20  # frames
RAM = 550  # MB
LARGE = 100  # frames of 24 megapixels
SCORES = ("breathing", "motorcycle", "flat", "order")


def made(name, folder, count):
    """Make a stack by a module of this package; return its files."""
    subprocess.run([str(part) for part in module(name, folder, count)], check=True)
    return sorted(folder.glob("*.jpg"))


def fuse(frames, out, *options):
    """Return the command line of this project: frames are aligned and fused."""
    return [*COMMAND, "stack", *frames, "-o", out, "--align", "similarity", "--force", "--quiet", *options]


def programs(frames, folder):
    """Return the command lines of ours, and of others where the frames are not too many, by name."""
    found = {"ours": fuse(frames, folder / "ours.jpg")}
    if len(frames) > MOST_OF_OTHERS:
        return found
    return found | {name: command for name, (command, _) in stackers.programs(frames, folder, align=True).items()}


def compared(runs):
    """Add to the runs of all programs how much CPU time ours takes of that of each other one, or why one is missing."""
    ratios = {
        f"cpu_ratio_to_{name}": round(runs["ours"]["cpu_s"] / run["cpu_s"], 3)
        for name, run in runs.items()
        if name != "ours"
    }
    return runs | stackers.missing() | ratios


def beside_others(frames, folder, repeats):
    """Run all programs on frames of 12 megapixels."""
    commands = programs(frames, folder)
    measure(commands["ours"])  # once, so that files are in the cache of the system
    runs = in_turn(commands, repeats)
    return runs if len(frames) > MOST_OF_OTHERS else compared(runs)


def speed(stacks, repeats):
    """Run all programs on stacks of several lengths; ours in little memory, and on a large stack."""
    frames = {count: made("moving", stacks / f"moving{count}", count) for count in COUNTS}
    large = made("large", stacks / "large", LARGE)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        told = {f"{count}_frames": beside_others(frames[count], out, repeats) for count in COUNTS}
        in_little = in_turn({"ours": fuse(frames[COUNTS[0]], out / "little.jpg", "--ram", f"{RAM}M")}, repeats)
        on_large = measure(fuse(large, out / "large.jpg"))
    few, *_, many = (runs["ours"]["peak_mb"] for runs in told.values())
    told["memory_growth"] = round(many / few, 3)
    told[f"{COUNTS[0]}_frames_in_{RAM}_mb"] = in_little
    told[f"{LARGE}_frames_of_24_megapixels"] = {"ours": on_large}
    return {"speed": told}


def quality(stacks, repeats):
    """Score ours and others on scenes whose truth is known."""
    return {"quality": {part: printed_by(module("stacking_scores", part, stacks / part)) for part in SCORES}}


PARTS = {"speed": speed, "quality": quality}


def main(arguments=None):
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (default: %(default)s)")
    parser.add_argument("--stacks", type=Path, help="folder in which frames are kept (default: none)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    missing = "; ".join(f"{name} is {why}" for name, why in stackers.missing().items())
    if args.save and missing:
        parser.error(f"--save: {missing}; the results would lack it")
    with tempfile.TemporaryDirectory() as folder:
        stacks, found = args.stacks or Path(folder), {}
        for part in args.part:
            found |= on_this_machine(PARTS[part](stacks, args.repeats))
    publish_parts(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

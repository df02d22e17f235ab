"""Speed, memory and quality of `fusion guided` beside a plain OpenCV script, on frames of 12 megapixels.

    python -m benchmarks.guided [--repeats 5] [--save]

Each program runs as a whole process, in turn with the other; CPU seconds are user and system time together, and the
run of median CPU time counts. Prints JSON; --save writes it to benchmarks/results/guided.json too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.run import in_turn, machine, measure, publish

RESULTS = Path(__file__).parent / "results" / "guided.json"
COMMAND = [sys.executable, "-c", "import sys; from fusion.cli import main; sys.exit(main())"]


def fuse(frames, out):
    """Return the command line of this project."""
    return [*COMMAND, "guided", *frames, "-o", out, "--force", "--quiet"]


def module(name, *arguments):
    """Return the command line of a module of this package."""
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def compare(folder, repeats):
    """Run both programs on a pair, ours on eight frames too, and score the results."""
    subprocess.run(module("frames", folder, "8"), check=True)
    frames = [folder / f"frame{index}.jpg" for index in range(8)]
    ours, yardstick = folder / "ours.jpg", folder / "yardstick.jpg"
    commands = {"ours": fuse(frames[:2], ours), "yardstick": module("yardstick", yardstick, *frames[:2])}
    measure(commands["ours"])  # once, so that files are in the cache of the system
    pair = in_turn(commands, repeats)
    eight = measure(fuse(frames, folder / "eight.jpg"))
    pictures = [ours, yardstick, frames[0], frames[1]]
    scored = subprocess.run(module("score", folder / "_truth.png", *pictures), check=True, capture_output=True)
    scores = dict(zip(("ours", "yardstick", "near", "far"), json.loads(scored.stdout).values(), strict=True))
    return {
        "machine": machine(),
        "pair": pair,
        "eight_frames": eight,
        "cpu_ratio": round(pair["ours"]["cpu_s"] / pair["yardstick"]["cpu_s"], 3),
        "memory_growth": round(eight["peak_mb"] / pair["ours"]["peak_mb"], 3),
        "psnr_db": scores,
    }


def main():
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of each program (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        publish(compare(Path(folder), args.repeats), RESULTS, args.save)


if __name__ == "__main__":
    main()

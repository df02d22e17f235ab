"""What scenes with a known answer cost, and how well guided fusion does on each.

    python -m benchmarks.scenes [--save]

Each scene is made in a process of its own; its CPU seconds leave out the start of Python and reading photographs.
Prints JSON; --save writes it to benchmarks/results/scenes.json too.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.run import machine, publish

RESULTS = Path(__file__).parent / "results" / "scenes.json"
CALLS = {
    "focal_stack, 9 frames of 741 x 500": "scenes.focal_stack()",
    "the same, moving and noisy": "scenes.focal_stack(breathing=0.03, shift=3, drift=0.3, noise=0.01)",
    "exposure_bracket, 5 frames of 600 x 400": "scenes.exposure_bracket()",
    "the same, with a coin that moves": "scenes.exposure_bracket(moving=True)",
    "focus_pair, 2 frames of 512 x 404": "scenes.focus_pair()",
}
# Made twice: the first time reads the photographs.
CHILD = """
import json, resource, time
from data import scenes
{call}
started = time.process_time()
{call}
spent = time.process_time() - started
print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
"""


def costs():
    """CPU seconds of each kind of scene, and peak memory of a process that makes it."""
    told = {}
    for name, call in CALLS.items():
        child = subprocess.run([sys.executable, "-c", CHILD.format(call=call)], capture_output=True, check=True)
        cpu, peak = json.loads(child.stdout)
        told[name] = {"cpu_s": round(cpu, 3), "peak_mb": round(peak, 1)}
    return told


def quality():
    """PSNR of the best frame, of the mean and of guided fusion to the truth of each built-in scene."""
    from data import scenes
    from fusion import guided_fusion
    from fusion.metrics import psnr

    told = {}
    for name in scenes.built_in_names():
        made = scenes.built_in(name)
        truth = made.sharp if scenes.scene(name).kind != "multi-exposure" else made.photograph
        pictures = {"fused": guided_fusion(made.stack), "mean": np.mean(made.stack, axis=0)}
        scores = {which: psnr(picture, truth) for which, picture in pictures.items()}
        scores["best_frame"] = max(psnr(frame, truth) for frame in made.stack)
        told[name] = {which: round(score, 2) for which, score in scores.items()}
    return told


def main():
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args()
    found = {"machine": machine(), "cost": costs(), "psnr_db": quality()}
    publish(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

"""What each metric costs: CPU seconds on one pair of 520 x 520 pixels, and of MEF-SSIM on nine frames of 512 x 340.

    python -m benchmarks.metrics [--repeats 7] [--save]

Pictures are the built-in ones, in colour, cut or enlarged to those sizes; the median counts. One thread. Prints JSON;
--save writes it to benchmarks/results/metrics.json too.
"""

import argparse
import os
import statistics
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2

from benchmarks.run import machine, publish
from data import scenes
from fusion import guided_fusion
from fusion.metrics import EXPOSURE, METRICS, NO_REFERENCE
from fusion.metrics.door import eight_bits

RESULTS = Path(__file__).parent / "results" / "metrics.json"


def resized(images, size):
    """Resize images to (width, height), and round them to 8 bits."""
    return [eight_bits(cv2.resize(image, size).clip(0, 1)) for image in images]


def pair():
    """Two sources and a result, 520 x 520."""
    stack = scenes.built_in("built-in/motorcycle-pair").stack
    a, b, fused = resized([*stack, guided_fusion(stack)], (520, 520))
    return [a, b], fused


def sequence():
    """Nine exposures and a result, 512 x 340."""
    stack = scenes.exposure_bracket(exposures=tuple(range(-4, 5))).stack
    *frames, fused = resized([*stack, guided_fusion(stack)], (512, 340))
    return frames, fused


def cost(score, repeats):
    """Median CPU seconds of a call; the first one is not counted."""
    score()
    spent = []
    for _ in range(repeats):
        started = time.process_time()
        score()
        spent.append(time.process_time() - started)
    return round(statistics.median(spent), 4)


def costs(repeats):
    """CPU seconds of every metric."""
    sources, fused = pair()
    frames, well_exposed = sequence()
    of_pairs = {name: cost(partial(metric, sources, fused), repeats) for name, metric in METRICS.items()}
    alone = {name: cost(partial(metric, fused), repeats) for name, metric in NO_REFERENCE.items()}
    exposure = {name: cost(partial(metric, frames, well_exposed), repeats) for name, metric in EXPOSURE.items()}
    return {
        "pair_520x520_s": of_pairs,
        "all_pair_metrics_but_q_p_s": round(sum(spent for name, spent in of_pairs.items() if name != "Q_P"), 3),
        "no_reference_520x520_s": alone,
        "exposure_9_frames_512x340_s": exposure,
    }


def main():
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7, help="calls of each metric (default: %(default)s)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    publish({"machine": machine()} | costs(args.repeats), RESULTS, args.save)


if __name__ == "__main__":
    main()

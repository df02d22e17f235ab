"""Run one method as a process of its own: python -m fusion.report.worker METHOD OUT FRAMES...

Writes the result to OUT, a .npy file, and prints what it took as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import numpy as np

from data import open_stack
from data.image import to_integers
from fusion.lineup import LINEUP
from fusion.tuning import keep_freed_pages, use_one_thread


def main(name, output, *paths):
    """Fuse the frames by a method, on one thread as the command line does."""
    keep_freed_pages()
    use_one_thread()
    started = time.perf_counter()
    stack = open_stack(list(paths))
    fused = LINEUP[name].fuse(stack)
    seconds = time.perf_counter() - started
    np.save(output, to_integers(fused.clip(0, 1), np.uint16 if stack.bit_depth == 16 else np.uint8))
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory() / 1e6}))


def peak_memory():
    """Return the largest amount of memory that this process has held, in bytes; NaN where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # the other way would tell of the process that started this one
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        peak = next((line for line in lines if line.startswith("VmHWM")), None)
        return float("nan") if peak is None else int(peak.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return float("nan")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])

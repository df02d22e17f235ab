"""Fuse frames as one float32 tensor with PyTorch, and print what that took, as JSON.

    python -m benchmarks.fuse_tensor DEVICE FRAME FRAME ...

DEVICE is cpu or cuda. Of three calls the fastest counts; reading the frames, and taking them to the device, does not.
The peak memory is that of the whole process.
"""

import json
import resource
import sys
import time

import numpy as np
import torch

from data import open_stack
from fusion.exposure import exposure_fusion

CALLS = 3
KILOBYTE = 1 if sys.platform == "darwin" else 1024  # unit of the peak memory, in bytes


def spent(frames):
    """Elapsed seconds and CPU seconds of one call, until the device has done its work."""
    begun, started = time.perf_counter(), time.process_time()
    exposure_fusion(frames)
    if frames.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begun, time.process_time() - started


def main(device, paths):
    """Print the cost of fusing the frames, or that there is no such device."""
    if device == "cuda" and not torch.cuda.is_available():
        print(json.dumps("no CUDA device at hand"))
        return
    frames = torch.from_numpy(np.asarray(open_stack(paths))).permute(0, 3, 1, 2).contiguous().to(device)
    elapsed, cpu = min(spent(frames) for _ in range(CALLS))
    told = {
        "cpu_s": round(cpu, 3),
        "elapsed_s": round(elapsed, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE / 1e6, 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    if device == "cuda":
        told["device"] = torch.cuda.get_device_name()
        told["peak_mb_on_device"] = round(torch.cuda.max_memory_allocated() / 1e6, 1)
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

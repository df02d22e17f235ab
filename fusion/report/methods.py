"""Run methods one after the other, each in a process of its own, so that time and memory are its own too."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import DataError, save
from fusion.report.contents import Failure


class Fused(NamedTuple):
    """What a method made, and what it took."""

    pixels: np.ndarray  # uint8, or uint16 where the frames have 16 bits
    seconds: float
    megabytes: float


@contextlib.contextmanager
def frames_on_disk(stack, progress):
    """Write the frames of a stack to a temporary folder, for processes to read; yield their files.

    Raises a DataError if there is no room for them.
    """
    with tempfile.TemporaryDirectory(prefix="fusion-compare-") as folder:
        _check_room(stack, folder)
        files = [Path(folder) / f"{index:06}.tif" for index in range(len(stack))]
        for index, pixels in stack.read_ahead(progress(range(len(stack)), "reading frames")):
            save(pixels, files[index])
        yield files


def _check_room(stack, folder):
    """Raise a DataError if the frames, uncompressed, and one result do not fit into a folder."""
    needed = (len(stack) + 1) * int(np.prod(stack.shape[1:])) * stack.bit_depth // 8
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{folder}: {needed / 1e9:.1f} GB are needed there for aligned frames, and {free / 1e9:.1f} GB are free; set "
            "the variable TMPDIR to a folder with more room"
        )


def run_method(name, method, files):
    """Fuse frames by a method.

    Parameters
    ----------
    name : str
        Key of `fusion.lineup.LINEUP`.
    method : fusion.lineup.Method
    files : list of Path
        The frames.

    Returns
    -------
    Fused or Failure
        A failure where the process ended with an error; its reason is the last line that it wrote.
    """
    output = files[0].with_name("fused.npy")
    command = [sys.executable, "-P", "-m", "fusion.report.worker", name, str(output), *map(str, files)]
    # The packages come from where this process has them, and not from the folder that the user is in.
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", env=paths)
    if ran.returncode != 0:
        return Failure(method.title, _reason(ran))
    taken = json.loads(ran.stdout.splitlines()[-1])
    pixels = np.load(output, allow_pickle=False)
    output.unlink()
    return Fused(pixels, taken["seconds"], taken["megabytes"])


def _reason(ran):
    """Say in a line why a process failed."""
    if ran.returncode < 0:
        return f"its process was ended by signal {-ran.returncode}, as a rule for lack of memory"
    lines = ran.stderr.strip().splitlines()
    return lines[-1] if lines else f"its process ended with status {ran.returncode}"

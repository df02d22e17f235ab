"""The rows of the leaderboard: our methods, controls that no method made, published results."""

import functools
import importlib.util
import io
import statistics
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, JpegImagePlugin

import fusion
from data import open_stack, to_gray
from fusion import boundary_fusion, exposure_fusion, extended_exposure_fusion, guided_fusion, pyramid_fusion
from fusion.controls import CONTROLS as CONTROLS
from fusion.controls import pick
from fusion.measure import saliency
from fusion.pyramid import sharpest_details
from fusion.weights import decision_map

OURS, CONTROL, PUBLISHED, QUOTED = "ours", "control", "published", "quoted"


def unrefined(stack):
    """Every pixel from the frame that is most salient there; nothing is refined."""
    return pick(stack, decision_map(saliency(stack.pixels(index)) for index in range(len(stack))))


def optimised(stack):
    """Exposure fusion optimised for MEF-SSIM; torch is imported only here, when it is needed."""
    return fusion.optimised_exposure_fusion(stack)


FOR_FOCUS = {  # trained on frames of one exposure
    "boundary-aware, compact": boundary_fusion,
    "boundary-aware, blended": functools.partial(boundary_fusion, blend="pyramid"),
}
METHODS = {
    "guided": guided_fusion,
    "guided, colour guide": functools.partial(guided_fusion, guide="rgb"),
    "Laplacian pyramid": sharpest_details,
    "focus stacking": pyramid_fusion,
    "decision map, unrefined": unrefined,
    **FOR_FOCUS,
}
FOR_BRACKETS = {
    "exposure fusion": exposure_fusion,
    "exposure fusion, extended": extended_exposure_fusion,
    "exposure fusion, optimised": optimised,
}
EACH_SOURCE = "each source alone"
BEST_SOURCE, AVERAGE_SOURCE = "one source, the best", "one source, on average"


def methods_of(contest):
    """List the methods that take part in a contest: in brackets, those for brackets, and none that is for focus alone."""
    if not contest.brackets:
        return METHODS
    return {name: fuse for name, fuse in METHODS.items() if name not in FOR_FOCUS} | FOR_BRACKETS


def method_from(path):
    """Load ``fuse(stack)`` from a Python file.

    Raises
    ------
    ValueError
        If there is no such file, it cannot be run, or there is no such function in it.
    """
    path = Path(path)
    if not path.is_file() or path.suffix != ".py":
        what = "is not called *.py" if path.is_file() else "no such file"
        raise ValueError(f"{path}: {what}; a method is a Python file that defines fuse(stack)")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path}: cannot be run, {type(error).__name__}: {error}") from None
    if not callable(getattr(module, "fuse", None)):
        raise ValueError(f"{path}: defines no function fuse(stack), which takes a stack and returns an image")
    return module.fuse


def picture(path):
    """Read one picture, as integers."""
    return open_stack([path]).pixels(0)


class Encoding(NamedTuple):
    """How a JPEG file holds its picture."""

    mode: str  # of Pillow
    sampling: int  # of colour: 0 for 4:4:4, 2 for 4:2:0, below 0 for gray
    tables: tuple  # of quantisation


def encoding_of(path):
    """Read from the header of a JPEG file how it holds its picture."""
    with Image.open(path) as file:
        tables = tuple(tuple(file.quantization[number]) for number in sorted(file.quantization))
        return Encoding(file.mode, JpegImagePlugin.get_sampling(file), tables)


def stored_like(pixels, paths):
    """Send a picture through JPEG as most of some published files hold theirs; if that is gray, make it gray.

    Raises
    ------
    ValueError
        If there are no files.
    """
    if not paths:
        raise ValueError("no published results are stored as JPEG, so there is nothing to store a result like")
    encoding = statistics.mode(map(encoding_of, paths))
    pixels = to_gray(pixels) if encoding.mode == "L" else pixels
    options = {} if encoding.sampling < 0 else {"subsampling": encoding.sampling}
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", qtables=encoding.tables, **options)
    return np.asarray(Image.open(stream))

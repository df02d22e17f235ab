"""The rows of the leaderboard: our methods, controls that no method made, published results."""

import functools
import importlib.util
import io
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from data import open_stack, to_gray
from fusion import guided_fusion
from fusion.controls import least_sharp, mean, pick
from fusion.measure import saliency
from fusion.pyramid import sharpest_details
from fusion.weights import decision_map

OURS, CONTROL, PUBLISHED, QUOTED = "ours", "control", "published", "quoted"


def sharpest_pixel(stack):
    """Every pixel from the frame that is most salient there; nothing is refined."""
    return pick(stack, decision_map(saliency(stack.pixels(index)) for index in range(len(stack))))


def random_pixel(stack):
    """Every pixel from a frame drawn at random."""
    return pick(stack, np.random.default_rng(0).integers(len(stack), size=stack.shape[1:3]))


METHODS = {
    "guided": guided_fusion,
    "guided, colour guide": functools.partial(guided_fusion, guide="rgb"),
    "Laplacian pyramid": sharpest_details,
    "sharpest pixel": sharpest_pixel,
}
CONTROLS = {
    "mean": mean,
    "random pixel": random_pixel,
    "defocused side": lambda stack: pick(stack, least_sharp(stack)),
}
EACH_SOURCE = "each source alone"
BEST_SOURCE, AVERAGE_SOURCE = "one source, the best", "one source, on average"


def method_from(path):
    """Load ``fuse(stack)`` from a Python file.

    Raises
    ------
    ValueError
        If there is no such file, or no such function in it.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; a method is a Python file that defines fuse(stack)")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "fuse", None)):
        raise ValueError(f"{path}: defines no function fuse(stack), which takes a stack and returns an image")
    return module.fuse


def picture(path):
    """Read one picture, as integers."""
    return open_stack([path]).pixels(0)


def in_eight_bits(image):
    """Round an image to 8 bits, as a file of that depth holds it."""
    return image if image.dtype == np.uint8 else np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def stored_like(pixels, path):
    """Send a picture through JPEG with the tables and the colour resolution of a published file.

    A gray published file makes a gray one.
    """
    with Image.open(path) as published:
        tables, sampling = published.quantization, JpegImagePlugin.get_sampling(published)
        pixels = to_gray(pixels) if published.mode == "L" else pixels
    stream = io.BytesIO()
    options = {} if sampling < 0 else {"subsampling": sampling}
    tables = {number: tables[number] for number in sorted(tables)}
    Image.fromarray(pixels).save(stream, "JPEG", qtables=tables, **options)
    return np.asarray(Image.open(stream))

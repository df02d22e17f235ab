"""The networks as they are shipped: their weights, and how they compare a frame with a rival."""

import functools
import hashlib
from pathlib import Path

import cv2
import numpy as np
from safetensors.numpy import load

from fusion.boundary import compact, inputs, layers_numpy, resnet56

FOLDER = Path(__file__).parent / "weights"
SHA256 = {  # of the files of weights
    "compact": "a332aa668453189eeab417a7a1ba1780c80ba4ff62dbd805cbaff845bcb97821",
    "compact-boundary": "a332aa668453189eeab417a7a1ba1780c80ba4ff62dbd805cbaff845bcb97821",
    "resnet56": "537d19b9813dbdb23ce3aa88e8a9be0952baa2f76407533309e928590df9734a",
    "resnet56-boundary": "bc8f1a5bc9f8b19797b7601d5dc7da77731a561de5e157a04aa84329643230ca",
}
BORDER = resnet56.PATCH // 2


class CompactNetwork:
    """Looks at a frame beside its rival, and at the rival beside the frame, and takes the difference."""

    stride, halo, bands = compact.STRIDE, 160, compact.BLENDS + 1

    def __init__(self, parameters):
        self._parameters = parameters

    def compare(self, own, rival):
        """Return the score, then the evidence of each band of a pyramid; sizes are multiples of the stride."""
        planes = inputs.input_planes(own, rival)
        found = compact.compare(planes, inputs.exchanged(planes), self._parameters, layers_numpy)
        return [plane[0] for plane in found]


class Resnet56Network:
    """The paper's network, run on whole pictures instead of patches.

    Frame and rival are looked at in both orders and the scores subtracted, so that the order of frames cannot matter.
    """

    stride, halo, bands = resnet56.STRIDE, 160, 0

    def __init__(self, parameters, *, dense=False):
        self._parameters, self._dense = parameters, dense

    def compare(self, own, rival):
        """Return the score, as a list of one plane; sizes are multiples of the stride."""
        own, rival = (resnet56.scaled(_with_border(frame)) for frame in (own, rival))
        score = (self._evidence(own, rival) - self._evidence(rival, own)) / 2
        inside = slice(BORDER, -BORDER)
        return [score[inside, inside]]

    def _evidence(self, own, rival):
        step = 1 if self._dense else self.stride
        found = resnet56.evidence(np.stack([own, rival]), self._parameters, layers_numpy, dense=self._dense)[0]
        return mean_of_patches(found, step, own.shape)


def _with_border(frame):
    """Continue a frame by its mirror image, so that the patch around every pixel is full."""
    return cv2.copyMakeBorder(frame, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REFLECT_101)


def mean_of_patches(evidence, step, shape):
    """Average evidence over the patch around every pixel.

    Parameters
    ----------
    evidence : ndarray of float32
        Of shape (H, W) at a step of 1, and of every fourth pixel of every fourth row at a step of 4.
    step : {1, 4}
    shape : tuple of int
        (H, W) of the picture.

    Returns
    -------
    ndarray of float32 of shape (H, W)
        The last stage of the network sees every fourth pixel of a patch, 16 x 16 of them, and so does the mean here. At
        a step of 4, pixels between are interpolated linearly.
    """
    count = resnet56.PATCH // resnet56.STRIDE
    window = {"ksize": (count, count), "anchor": (count // 2, count // 2), "borderType": cv2.BORDER_REPLICATE}
    if step == 1:
        mean = np.empty(shape, np.float32)
        for top in range(resnet56.STRIDE):
            for left in range(resnet56.STRIDE):
                phase = (slice(top, None, resnet56.STRIDE), slice(left, None, resnet56.STRIDE))
                mean[phase] = cv2.blur(np.ascontiguousarray(evidence[phase]), **window)
        return mean
    shrink = np.float32([[1 / step, 0, 0], [0, 1 / step, 0]])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(cv2.blur(evidence, **window), shrink, shape[::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)


# --- what is shipped -------------------------------------------------------------------------------------------------

NETWORKS = {"compact": CompactNetwork, "resnet56": Resnet56Network}


def check_network(name):
    """Raise a ValueError that names the networks, unless this is one."""
    if name not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(map(repr, NETWORKS))}, got {name!r}")


@functools.cache
def first_network(name):
    """Return the network that looks at everything."""
    return NETWORKS[name](read_weights(name))


@functools.cache
def boundary_network(name):
    """Return the network that looks once more at what lies near the boundary between focused and defocused."""
    options = {"dense": True} if name == "resnet56" else {}
    return NETWORKS[name](read_weights(f"{name}-boundary"), **options)


def read_weights(name):
    """Read the weights of a network, in single precision.

    Parameters
    ----------
    name : str
        Of a file in the folder `weights`, without its ending.

    Returns
    -------
    dict of str to ndarray of float32

    Raises
    ------
    ValueError
        If the file is not the one that was shipped, or there is none.
    """
    path = FOLDER / f"{name}.safetensors"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{path}: the weights are missing; install the project again") from None
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise ValueError(f"{path}: is not the file of weights that was shipped; install the project again")
    return {layer: np.ascontiguousarray(weight, np.float32) for layer, weight in load(content).items()}

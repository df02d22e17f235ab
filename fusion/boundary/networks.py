"""The networks as they are shipped: their weights, and how they compare a frame with a rival."""

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from safetensors.numpy import load

from fusion.boundary import compact, inputs, layers_numpy, resnet56

FOLDER = Path(__file__).parent / "weights"
SHA256 = {  # of the files of weights
    "compact": "08d64882400cf08065e838a80558c50a33a13d057cb8b013112f467f49195641",
    "compact-boundary": "08d64882400cf08065e838a80558c50a33a13d057cb8b013112f467f49195641",
    "resnet56": "6f7d083c6a5ec3d273b63671ce063fd06ba4356e694d7c837a0ad9bc24bff5c8",
    "resnet56-boundary": "6f7d083c6a5ec3d273b63671ce063fd06ba4356e694d7c837a0ad9bc24bff5c8",
}
BORDER = resnet56.PATCH // 2


class Comparison(NamedTuple):
    """What a network says of a frame beside its rival. Exchanging the two changes the sign of score and bands."""

    score: np.ndarray  # evidence that a pixel is in focus
    bands: list = []  # the same of every band of a Laplacian pyramid, from fine to coarse, if the network knows of bands
    gains: list = []  # by which the details of the frame are multiplied, in every band but the coarsest
    rival_gains: list = []  # and those of its rival

    def exchanged(self):
        """Return what the network says of the rival beside the frame."""
        return Comparison(-self.score, [-band for band in self.bands], self.rival_gains, self.gains)

    def planes(self):
        """Return all arrays, in order."""
        return [self.score, *self.bands, *self.gains, *self.rival_gains]


class CompactNetwork:
    """Looks at a frame beside its rival, and at the rival beside the frame, and takes the difference."""

    stride, halo, details = compact.STRIDE, 160, compact.DETAILS

    def __init__(self, parameters):
        self._parameters = parameters

    def compare(self, own, rival):
        """Return a `Comparison` of two gray frames whose sizes are multiples of the stride."""
        planes = inputs.input_planes(own, rival)
        mine, others = (
            compact.look(seen, self._parameters, layers_numpy) for seen in (planes, inputs.exchanged(planes))
        )
        bands = [(band - other)[0] for band, other in zip(mine.bands, others.bands, strict=True)]
        gains = [[2 / (1 + np.exp(-gain[0])) for gain in look.gains] for look in (mine, others)]
        return Comparison((mine.score - others.score)[0], bands, *gains)


class Resnet56Network:
    """The paper's network, run on whole pictures instead of patches.

    Frame and rival are looked at in both orders and the scores subtracted, so that the order of frames cannot matter.
    """

    stride, halo, details = resnet56.STRIDE, 160, None

    def __init__(self, parameters, *, dense=False):
        self._parameters, self._dense = parameters, dense

    def compare(self, own, rival):
        """Return a `Comparison`, of a score alone, of two gray frames whose sizes are multiples of the stride."""
        own, rival = (resnet56.scaled(_with_border(frame)) for frame in (own, rival))
        score = (self._evidence(own, rival) - self._evidence(rival, own)) / 2
        inside = slice(BORDER, -BORDER)
        return Comparison(score[inside, inside])

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

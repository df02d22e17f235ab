"""The networks as they are shipped: their weights, and how they compare a frame with a rival."""

import functools
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load

from fusion.boundary import compact, inputs, layers_numpy, resnet56

FOLDER = Path(__file__).parent / "weights"
SHA256 = {  # of the files of weights
    "compact": "755e6fbd70f2d83bcd714d34242e7b86d3c17056b630943da514d7adc4751699",
    "compact-boundary": "a2275726e7a7ee6ca6fa172d30dc7ece86db70c2889dc78b5516cc6cd0cd14d6",
    "resnet56": "4f1c6e4586b92b4860016ec2e9d02ddb1f8d860b2480ea89b1f087b7152100c1",
    "resnet56-boundary": "12b662152a5fc4dee96185b6888f261af7d1fe47b0283ebe150c717a427cb12b",
}
BORDER = resnet56.PATCH // 2


class Comparison(NamedTuple):
    """What a network says of a frame beside its rival. Exchanging the two changes the sign of score and bands."""

    score: np.ndarray  # evidence that a pixel is in focus
    bands: tuple = ()  # the same of every band of a Laplacian pyramid, from fine to coarse, if the network knows any
    gains: tuple = ()  # by which the details of the frame are multiplied, in every band but the coarsest: 0 to 2
    rival_gains: tuple = ()  # and those of its rival

    def exchanged(self):
        """Return what the network says of the rival beside the frame."""
        return Comparison(-self.score, [-band for band in self.bands], self.rival_gains, self.gains)

    def planes(self):
        """Return all arrays, in order."""
        return [self.score, *self.bands, *self.gains, *self.rival_gains]

    def scales(self):
        """Return how many pixels of a picture lie between two of each array, in the same order."""
        return [1, *(2**k for part in (self.bands, self.gains, self.rival_gains) for k in range(len(part)))]


class CompactNetwork:
    """Looks at a frame beside its rival, and at the rival beside the frame, and takes the difference."""

    stride, tile, halo = compact.STRIDE, 1024, 160  # pixels; it sees 147 around a pixel: inputs 25, down 76, up 46
    details, sees_half = compact.DETAILS, True

    def __init__(self, parameters):
        self._parameters = parameters

    def compare(self, own, rival):
        """Return a `Comparison` of two gray frames whose sizes are multiples of the stride."""
        planes = inputs.input_planes(own, rival)
        mine, others = (
            compact.look(seen, self._parameters, layers_numpy) for seen in (planes, inputs.exchanged(planes))
        )
        bands = [(band - other)[0] for band, other in zip(mine.bands, others.bands, strict=True)]
        gains = [[1 + np.tanh(gain[0] / 2) for gain in look.gains] for look in (mine, others)]
        return Comparison((mine.score - others.score)[0], bands, *gains)


class Resnet56Network:
    """The paper's network, run on whole pictures instead of patches.

    Frame and rival are looked at in both orders and the scores subtracted, so that the order of frames cannot matter.
    """

    stride, tile, halo = resnet56.STRIDE, 640, 160  # pixels; layers see 127 around a pixel, and a patch is 32 wide
    details, sees_half = None, False

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
FOR_BOUNDARY = {"compact": CompactNetwork, "resnet56": functools.partial(Resnet56Network, dense=True)}


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
    return FOR_BOUNDARY[name](read_weights(f"{name}-boundary"))


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


def history(name):
    """Return by what training the weights of a network came about.

    Parameters
    ----------
    name : str
        Of a file in the folder `weights`, without its ending.

    Returns
    -------
    list of dict
        One entry for each training, the last one at the end: ``arguments`` of `fusion.boundary.train`, numbers of
        ``pictures`` and ``mattes`` it learnt from, and ``log``, a list of figures on what was held out, with the
        ``step`` and the ``seconds`` since its start.
    """
    with safe_open(FOLDER / f"{name}.safetensors", "np") as file:
        return json.loads(file.metadata()["history"])

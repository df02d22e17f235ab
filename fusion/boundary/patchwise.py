"""The paper's network as the paper runs it: one patch for every pixel. Slow; whole pictures are held to it."""

import numpy as np

from fusion.boundary import layers_numpy, resnet56


def compare_patches(own, rival, pixels, parameters):
    """Compare two frames in single pixels, each by the patch of 64 x 64 pixels around it.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1]; continued by their mirror image.
    pixels : ndarray of int of shape (N, 2)
        Row and column of each; a patch reaches from 32 pixels before to 31 behind.
    parameters : dict of str to ndarray of float32
        Weight and bias of every layer of `fusion.boundary.resnet56`, as `fusion.boundary.networks.read_weights` returns
        them.

    Returns
    -------
    ndarray of float32 of shape (N,)
        Evidence that the frame is in focus, as `fusion.boundary.networks.Resnet56Network.compare` gives it for all
        pixels: seen in both orders, and half the difference. Exchanging the frames changes the sign.
    """
    size = resnet56.PATCH
    pair = np.stack([np.pad(resnet56.scaled(frame), size // 2, mode="reflect") for frame in (own, rival)])
    return np.float32([_compare_patch(pair[:, y : y + size, x : x + size], parameters) for y, x in pixels])


def _compare_patch(pair, parameters):
    own, rival = (resnet56.evidence(frames, parameters, layers_numpy).mean() for frames in (pair, pair[::-1]))
    return (own - rival) / 2

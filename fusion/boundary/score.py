"""Score maps: how much more one frame is in focus than another, pixel by pixel, everywhere or near the boundary."""

import cv2
import numpy as np

from fusion.boundary.networks import boundary_network, check_network, first_network
from fusion.tiles import Tile, tiles

TILE = 1024  # pixels, a multiple of every stride: larger pictures are looked at in parts
WINDOW = 32  # pixels: height and width over which scores are averaged to tell whether a boundary is near
LEAST = 0.1  # mean score from which, up to 1 less this, a boundary is near


def score_map(own, rival, *, network="compact"):
    """Score a frame beside a rival.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1].
    network : {"compact", "resnet56"}, optional

    Returns
    -------
    ndarray of float32 of shape (H, W)
        In [0, 1]: 1 where the frame is in focus, 0 where the rival is. Exchanging the two gives 1 less the map.
    """
    check_network(network)
    return as_score(compare_frames(own, rival, first_network(network))[0])


def refined_score_map(own, rival, scores, *, network="compact", window=WINDOW, least=LEAST):
    """Replace scores near the boundary by those of the network that is trained for it.

    Parameters
    ----------
    own, rival, network
        As for `score_map`.
    scores : ndarray of float32 of shape (H, W)
        What it returned.
    window, least
        As for `near_boundary`.

    Returns
    -------
    ndarray of float32 of shape (H, W)
    """
    check_network(network)
    near = near_boundary(scores, window=window, least=least)
    again = compare_frames(own, rival, boundary_network(network), where=near)[0]
    return np.where(near, as_score(again), scores)


def near_boundary(scores, *, window=WINDOW, least=LEAST):
    """Tell where the boundary between focused and defocused is near.

    Parameters
    ----------
    scores : ndarray of float32 of shape (H, W)
        In [0, 1].
    window : int, optional
        Height and width in pixels of the window around a pixel over which scores are averaged.
    least : float, optional
        The boundary is near where the mean lies between this and 1 less this.

    Returns
    -------
    ndarray of bool of shape (H, W)
    """
    mean = cv2.blur(scores, (window, window), borderType=cv2.BORDER_REFLECT)
    return (mean > least) & (mean < 1 - least)


def as_score(evidence):
    """Turn evidence, of any sign and size, into a score between 0 and 1."""
    return 1 / (1 + np.exp(-evidence))


def compare_frames(own, rival, network, *, where=None, tile=TILE):
    """Compare two frames by a network, part by part; parts with a margin equal the whole.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1].
    network : CompactNetwork or Resnet56Network
    where : ndarray of bool of shape (H, W), optional
        Compare there; elsewhere the result is 0, or whatever came along.
    tile : int, optional
        Height and width of a part.

    Returns
    -------
    list of ndarray of float32
        Evidence that the frame is in focus and not the rival, of shape (H, W); then, for each band of a pyramid that
        the network knows of, from fine to coarse, of ceil(H / 2**k) x ceil(W / 2**k).
    """
    scales = [1, *(2**level for level in range(network.bands))]
    found = [np.zeros([-(-length // scale) for length in own.shape], np.float32) for scale in scales]
    for part in tiles(own.shape, tile):
        part = part if where is None else _bounding_tile(part, where, network.stride)
        if part is not None:
            outer = part.grow(network.halo, own.shape)
            planes = network.compare(*(_filled_up(frame[outer], network.stride) for frame in (own, rival)))
            for plane, whole_plane, scale in zip(planes, found, scales, strict=True):
                whole_plane[_scaled(part, scale)] = plane[_scaled(part.within(outer), scale)]
    return found


def _bounding_tile(part, where, stride):
    """Return the smallest tile, in whole strides, that holds all of a part where a mask holds; None where it never does."""
    y, x = (np.flatnonzero(where[part].any(axis=axis)) for axis in (1, 0))
    if not len(y):
        return None
    ends = zip(part, (y, x), where.shape, strict=True)
    return Tile(
        *(
            slice(p.start + i[0] // stride * stride, min(p.start + -(-(i[-1] + 1) // stride) * stride, n))
            for p, i, n in ends
        )
    )


def _scaled(part, scale):
    return Tile(*(slice(s.start // scale, -(-s.stop // scale)) for s in part))


def _filled_up(frame, stride):
    """Continue a frame by its mirror image to whole strides."""
    bottom, right = (-length % stride for length in frame.shape)
    if not (bottom or right):
        return frame
    return cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REFLECT)

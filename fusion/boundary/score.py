"""Score maps: how much more one frame is in focus than another, pixel by pixel, everywhere or near the boundary."""

import cv2
import numpy as np

from fusion.boundary.networks import Comparison, boundary_network, check_network, first_network
from fusion.pyramid import level_shapes
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
    return as_score(compare_frames(own, rival, first_network(network)).score)


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
    again = compare_frames(own, rival, boundary_network(network), where=near)
    return np.where(near, as_score(again.score), scores)


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
    Comparison
        Score of shape (H, W); bands and gains, if the network knows of them, of ceil(H / 2**k) x ceil(W / 2**k).
    """
    found = _empty_comparison(own.shape, network.details)
    for part in tiles(own.shape, tile):
        part = part if where is None else _bounding_tile(part, where, network.stride)
        if part is not None:
            outer = part.grow(network.halo, own.shape)
            seen = network.compare(*(_filled_up(frame[outer], network.stride) for frame in (own, rival)))
            for plane, whole in zip(seen.planes(), found.planes(), strict=True):
                scale = -(-own.shape[0] // whole.shape[0])
                whole[_scaled(part, scale)] = plane[_scaled(part.within(outer), scale)]
    return found


def _empty_comparison(shape, details):
    if details is None:
        return Comparison(np.zeros(shape, np.float32))
    sizes = level_shapes(shape, details)
    return Comparison(
        np.zeros(shape, np.float32),
        *([np.zeros(s, np.float32) for s in part] for part in (sizes, sizes[:-1], sizes[:-1])),
    )


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

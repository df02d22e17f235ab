"""Score maps: how much more one frame is in focus than another, pixel by pixel, everywhere or near the boundary."""

import cv2
import numpy as np

from fusion.boundary.networks import Comparison, boundary_network, check_network, first_network
from fusion.tiles import Tile, tiles

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
    return as_score(first_look(own, rival, network).score)


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


def first_look(own, rival, network, *, bands=True, progress=None):
    """Compare two frames by the network that looks at everything, of this name.

    The compact network sees them at half their size too, where as many pixels are a larger part of the picture, and the
    evidence of both sizes is added up.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1].
    network : {"compact", "resnet56"}
    bands, progress
        As for `compare_frames`.

    Returns
    -------
    Comparison
    """
    check_network(network)
    looker = first_network(network)
    found = compare_frames(own, rival, looker, bands=bands, progress=progress)
    if looker.sees_half:
        half = compare_frames(_half(own), _half(rival), looker, bands=False).score
        found.score[:] += cv2.resize(half, own.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return found


def second_look(own, rival, found, network, *, progress=None):
    """Compare two frames again near the boundary, by the network that is trained for it.

    Parameters
    ----------
    own, rival, network, progress
        As for `first_look`.
    found : Comparison
        What that returned; changed near the boundary.
    """
    _compare_into(found, own, rival, boundary_network(network), near_boundary(as_score(found.score)), progress)


def _half(frame):
    size = [(length + 1) // 2 for length in frame.shape[::-1]]
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


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
    return (1 + np.tanh(evidence / 2)) / 2


def compare_frames(own, rival, network, *, where=None, bands=True, tile=None, progress=None):
    """Compare two frames by a network, part by part; parts with a margin equal the whole.

    Parameters
    ----------
    own, rival : ndarray of float32 of shape (H, W)
        Gray, in [0, 1].
    network : CompactNetwork or Resnet56Network
    where : ndarray of bool of shape (H, W), optional
        Compare there; elsewhere the result is 0.
    bands : bool, optional
        Keep what the network says of bands, if it knows of any; else its score alone.
    tile : int, optional
        Height and width of a part, a multiple of the network's stride; the network's own by default.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same parts.

    Returns
    -------
    Comparison
        Score of shape (H, W); bands and gains of ceil(H / 2**k) x ceil(W / 2**k).

    Raises
    ------
    ValueError
        If `tile` is no multiple of the stride.
    """
    if tile is not None and tile % network.stride:
        raise ValueError(f"tile must be a multiple of {network.stride}, got {tile}")
    found = _empty_comparison(own.shape, network.details if bands else None)
    where = np.ones(own.shape, bool) if where is None else where
    _compare_into(found, own, rival, network, where, progress, tile)
    return found


def _compare_into(found, own, rival, network, where, progress, tile=None):
    """Compare two frames where a mask holds, and put it there into what was found before."""
    parts = [_bounding_tile(part, where, network.stride) for part in tiles(own.shape, tile or network.tile)]
    parts = [part for part in parts if part is not None]
    for part in progress(parts, "comparing") if progress else parts:
        outer = part.grow(network.halo, own.shape)
        seen = network.compare(*(_filled_up(frame[outer], network.stride) for frame in (own, rival)))
        for plane, whole, scale in zip(seen.planes(), found.planes(), found.scales()):  # as many as were asked for
            new = plane[_scaled(part.within(outer), scale)]
            np.copyto(whole[_scaled(part, scale)], new, where=where[part][::scale, ::scale])


def _empty_comparison(shape, details):
    if details is None:
        return Comparison(np.zeros(shape, np.float32))
    sizes = [tuple(-(-length // 2**level) for length in shape) for level in range(details + 1)]
    planes = ([np.zeros(size, np.float32) for size in part] for part in (sizes, sizes[:-1], sizes[:-1]))
    return Comparison(np.zeros(shape, np.float32), *planes)


def _bounding_tile(part, where, stride):
    """Return the smallest tile, in whole strides, that holds all of a part where a mask holds, or None."""
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

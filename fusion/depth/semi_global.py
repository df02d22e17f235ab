"""Semi-global matching (Hirschmueller 2008), over frames instead of disparities."""

import numpy as np

SMALL, LARGE = 0.1, 0.6  # price of a step of one frame between neighbours, and of a larger one
ACROSS = None  # in place of the lean of a path from line to line: paths along the lines


def semi_global(votes, *, small=SMALL, large=LARGE, progress=None):
    """Let pixels agree with their neighbours along eight directions, at a price for every step in depth.

    Parameters
    ----------
    votes : ndarray of float32 of shape (N, h, w)
        For every frame in every pixel, 0 to 1.
    small, large : float, optional
        Price of a step of one frame between neighbours, and of a larger one, as at the outline of a thing.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same directions and shows how far it is.

    Returns
    -------
    ndarray of uint16 of shape (h, w)
        The frame of least cost in every pixel: what its votes lack, summed up with what the best paths to it along all
        directions cost.

    Notes
    -----
    The paper divides the price of large steps by the contrast of the picture there. Here the guided filter has taken
    outlines into account before.

    References
    ----------
    .. [1] H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information," IEEE TPAMI 30(2), 2008.
       :doi:`10.1109/TPAMI.2007.1166`
    """
    progress = progress or (lambda directions, what: directions)
    costs = np.float32(1) - votes
    sums = np.zeros_like(costs)
    for lean in progress((0, 1, -1, ACROSS), "agreeing"):
        if lean is ACROSS:
            turned = np.ascontiguousarray(costs.swapaxes(1, 2))
            sums += _swept_both_ways(turned, np.zeros_like(turned), 0, small, large).swapaxes(1, 2)
        else:
            _swept_both_ways(costs, sums, lean, small, large)
    return sums.argmin(axis=0).astype(np.uint16)


def _swept_both_ways(costs, sums, lean, small, large):
    _sweep(costs, sums, lean, small, large)
    _sweep(costs[:, ::-1], sums[:, ::-1], lean, small, large)
    return sums


def _sweep(costs, sums, lean, small, large):
    """Add the costs of the best paths that come line by line, and lean to a side by so many pixels for each."""
    path = np.zeros_like(costs[:, 0])
    for line in range(costs.shape[1]):
        if lean:
            path = _moved(path, lean)
        least = path.min(axis=0)
        best = np.minimum(path, least + np.float32(large))
        path += np.float32(small)
        np.minimum(best[1:], path[:-1], out=best[1:])
        np.minimum(best[:-1], path[1:], out=best[:-1])
        best -= least
        best += costs[:, line]
        sums[:, line] += best
        path = best


def _moved(path, lean):
    """Move paths along the line by a pixel; a new one begins at the border."""
    moved = np.empty_like(path)
    if lean > 0:
        moved[:, 0], moved[:, 1:] = 0, path[:, :-1]
    else:
        moved[:, -1], moved[:, :-1] = 0, path[:, 1:]
    return moved

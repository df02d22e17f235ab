"""Semi-global matching (Hirschmueller 2008), over frames instead of disparities."""

import numpy as np

SMALL, LARGE = 0.05, 0.4  # price of a step of one frame between neighbours, and of a larger one


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

    References
    ----------
    .. [1] H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information," IEEE TPAMI 30(2), 2008.
       :doi:`10.1109/TPAMI.2007.1166`
    """
    progress = progress or (lambda directions, what: directions)
    costs = np.ascontiguousarray(np.moveaxis(np.float32(1) - votes, 0, 2))
    sums = np.zeros_like(costs)
    down, across = (costs, sums), (costs.swapaxes(0, 1), sums.swapaxes(0, 1))
    for (lines, totals), lean in progress([(down, 0), (down, 1), (down, -1), (across, 0)], "agreeing"):
        _sweep(lines, totals, lean, small, large)
        _sweep(lines[::-1], totals[::-1], lean, small, large)
    return sums.argmin(axis=2).astype(np.uint16)


def _sweep(lines, totals, lean, small, large):
    """Add the costs of the best paths that come line by line, and lean to a side by so many pixels for each."""
    path = np.zeros_like(lines[0])
    for line, total in zip(lines, totals):
        if lean:
            path = _moved(path, lean)
        least = path.min(axis=1, keepdims=True)
        best = np.minimum(path, least + np.float32(large))
        np.minimum(best[:, 1:], path[:, :-1] + np.float32(small), out=best[:, 1:])
        np.minimum(best[:, :-1], path[:, 1:] + np.float32(small), out=best[:, :-1])
        best -= least
        best += line
        total += best
        path = best


def _moved(path, lean):
    """Move paths along the line by a pixel; a new one begins at the border."""
    moved = np.empty_like(path)
    if lean > 0:
        moved[0], moved[1:] = 0, path[:-1]
    else:
        moved[-1], moved[:-1] = 0, path[1:]
    return moved

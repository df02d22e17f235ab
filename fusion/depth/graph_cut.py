"""Graph cut: alpha expansion on the grid of pixels (Boykov, Veksler, Zabih 2001). PyMaxflow is imported here only."""

import numpy as np

SMOOTHNESS = 0.5  # price of a step of one frame between neighbours
TRUNCATION = 4  # frames: larger steps cost no more
CYCLES = 8  # over all frames; two or three are enough as a rule


def graph_cut(votes, *, smoothness=SMOOTHNESS, truncation=TRUNCATION, start=None, progress=None):
    """Choose a frame for every pixel such that votes are high and neighbours alike.

    Parameters
    ----------
    votes : ndarray of float32 of shape (N, h, w)
        For every frame in every pixel, 0 to 1.
    smoothness : float, optional
        Price of a step of one frame between neighbours.
    truncation : float, optional
        Frames: a larger step costs no more than one of so many.
    start : ndarray of int of shape (h, w), optional
        Frames to begin with; by default those of most votes.
    progress : callable, optional
        ``progress(iterable, what)`` returns an iterable over the same moves and shows how far it is.

    Returns
    -------
    index : ndarray of uint16 of shape (h, w)
    energies : list of float
        Energy at first and after every cycle; it never rises, and the last cycle that is kept lowered it.

    Raises
    ------
    ImportError
        If PyMaxflow is not installed.

    Notes
    -----
    The energy is the sum over pixels of what their votes lack, ``1 - votes``, and over neighbours, four for each pixel,
    of ``smoothness * min(abs(step), truncation)``. A move of alpha expansion lets any set of pixels change to one
    frame, and finds the best such set by a minimum cut; a cycle tries all frames.

    References
    ----------
    .. [1] Y. Boykov, O. Veksler, R. Zabih, "Fast approximate energy minimization via graph cuts," IEEE TPAMI 23(11),
       2001. :doi:`10.1109/34.969114`
    """
    fastmin = _fastmin()
    steps = np.abs(np.subtract.outer(np.arange(len(votes)), np.arange(len(votes))))
    prices = smoothness * np.minimum(steps, truncation).astype(np.float64)
    costs = np.ascontiguousarray(np.moveaxis(1 - votes.astype(np.float64), 0, 2))
    labels = np.array(votes.argmax(axis=0) if start is None else start, np.int_)  # a copy, which moves change
    energies = [fastmin.energy_of_grid_labeling(costs, prices, labels)]
    progress = progress or (lambda cycles, what: cycles)
    for _ in progress(range(CYCLES), "cutting"):
        labels = fastmin.aexpansion_grid(costs, prices, max_cycles=1, labels=labels)
        energies.append(fastmin.energy_of_grid_labeling(costs, prices, labels))
        if not energies[-1] < energies[-2]:
            break
    return labels.astype(np.uint16), [float(energy) for energy in energies]


def check_is_installed():
    """Raise an ImportError that says how to get it, if PyMaxflow is not installed."""
    _fastmin()


def _fastmin():
    try:
        from maxflow import fastmin
    except ImportError as error:
        raise ImportError(
            "graph cuts need PyMaxflow, which is not installed, for its licence is the GPL; install it with: pip install "
            "PyMaxflow, or refine by 'guided', which needs nothing"
        ) from error
    return fastmin

"""The order of frames by focus, found from where each of them is sharp."""

import cv2
import numpy as np

from data import open_stack
from fusion.measure import saliency

GRID = 24  # blocks along each side of a frame in which its sharpness is compared
FLOOR = 1e-4  # saliency that is nothing: below the noise of 8 bits


def focus_order(stack):
    """Order frames from one end of the focus to the other.

    Frames whose focus is close are sharp and blurred in the same places. The order is the shortest way through all
    frames, if the distance of two is how much their sharpness differs. It may come out from near to far or from far to
    near; of the two, the one that is closer to the order given is taken.

    Parameters
    ----------
    stack : stack
        N frames, which need not be aligned.

    Returns
    -------
    list of int
        Frame numbers. The order is a guess, to be looked at: where neighbours share no sharp place, or where both ends
        of the stack are blurred nearly everywhere and so look alike, it may be wrong, most often by being cut in the
        middle and joined at the ends.

    Raises
    ------
    DataError
        If a frame cannot be read, or frames differ in size.

    Notes
    -----
    The way starts from the order of the second eigenvector of the graph of likenesses [1]_ and is shortened by turning
    parts of it around [2]_. Its cost grows with the square of N; a frame is read once.

    References
    ----------
    .. [1] J. E. Atkins, E. G. Boman, B. Hendrickson, "A spectral algorithm for seriation and the consecutive ones
       problem," SIAM J. Comput. 28(1), 1998. :doi:`10.1137/S0097539795285771`
    .. [2] G. A. Croes, "A method for solving traveling-salesman problems," Operations Research 6(6), 1958.
       :doi:`10.1287/opre.6.6.791`
    """
    stack = open_stack(stack)
    sharpness = np.stack([_sharpness(stack.pixels(index)) for index in range(len(stack))])
    distances = np.stack([np.linalg.norm(sharpness - frame, axis=1) for frame in sharpness])
    order = _shortened(_spectral_order(distances), distances)
    forward = np.corrcoef(order, np.arange(len(order)))[0, 1] >= 0 if len(order) > 1 else True
    return [int(index) for index in (order if forward else order[::-1])]


def _sharpness(pixels):
    """Logarithm of the saliency in each block, less its mean: where a frame is sharper than elsewhere."""
    blocks = cv2.resize(saliency(pixels), (GRID, GRID), interpolation=cv2.INTER_AREA)
    logarithm = np.log(blocks + FLOOR).ravel()
    return (logarithm - logarithm.mean()).astype(np.float64)


def _spectral_order(distances):
    """Order by the second eigenvector of the graph Laplacian of likenesses."""
    if len(distances) < 3 or not distances.any():
        return np.arange(len(distances))
    nearest = np.where(distances > 0, distances, np.inf).min(axis=1)  # equal frames, and the frame itself, are at 0
    scale = 2 * np.median(nearest) ** 2
    likeness = np.exp(-(distances**2) / scale)
    laplacian = np.diag(likeness.sum(axis=1)) - likeness
    return np.linalg.eigh(laplacian)[1][:, 1].argsort(kind="stable")


def _shortened(order, distances):
    """Turn parts of an order around for as long as that makes the way through it shorter."""
    outside = len(order)  # a place at no distance from any frame, where the way begins and ends
    padded = np.pad(distances, (0, 1))
    tour = np.concatenate([[outside], order, [outside]])
    while True:
        here, there = tour[:-1], tour[1:]
        steps = padded[here, there]
        # turning tour[i + 1 .. j] around replaces the steps at i and at j by here[i]-here[j] and there[i]-there[j]
        gain = steps[:, None] + steps - padded[np.ix_(here, here)] - padded[np.ix_(there, there)]
        start, stop = np.unravel_index(np.triu(gain, 1).argmax(), gain.shape)
        if not gain[start, stop] > 1e-6 * steps.sum():
            return tour[1:-1]
        tour[start + 1 : stop + 1] = tour[start + 1 : stop + 1][::-1]

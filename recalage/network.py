"""A network of links: the motions of all frames that contradict the links between them least."""

import numpy as np

from recalage.homography import normalised

ROUNDS = 3
FINEST = 1e-3  # pixels: links are trusted by their spread, but none beyond this


def settle(matrices, links, reference, centring):
    """Move frames so that links between them are fulfilled as well as can be.

    Parameters
    ----------
    matrices : dict of int to ndarray of shape (3, 3)
        By frame: what maps ``(x, y, 1)`` of it to the reference, nearly; one entry for each frame, with links.
    links : dict of (int, int) to Link
        By the moving and the fixed frame.
    reference : int
        The frame that stays.
    centring : ndarray of shape (3, 3)
        Moves the middle of a frame to 0, and its corners to about 1, where numbers of a matrix weigh the same.

    Returns
    -------
    dict of int to ndarray of float64 of shape (3, 3)

    Notes
    -----
    Errors of a chain add up; links that leap over a frame tell the sum of two steps once more. Least squares over all of
    them weighs each by the inverse square of its spread. What a link contradicts is nearly the identity, and enters to
    first order; sums of such matrices stay what they are, similarities or affine maps.
    """
    frames = [index for index in matrices if index != reference]
    trust = np.array([1 / (link.spread + FINEST) for link in links.values()])[:, None]
    incidence = trust * _incidence(links, frames)
    back = np.linalg.inv(centring)
    steps = {pair: centring @ link.matrix @ back for pair, link in links.items()}
    settled = {index: centring @ matrix @ back for index, matrix in matrices.items()}
    for _ in range(ROUNDS if frames else 0):
        wrong = [settled[fixed] @ step @ np.linalg.inv(settled[moving]) for (moving, fixed), step in steps.items()]
        wrong = np.array([normalised(matrix) - np.eye(3) for matrix in wrong]).reshape(-1, 9)
        moves = np.linalg.solve(incidence.T @ incidence, incidence.T @ (trust * wrong)).reshape(-1, 3, 3)
        for index, move in zip(frames, moves, strict=True):
            settled[index] = normalised((np.eye(3) + move) @ settled[index])
    return {index: normalised(back @ matrix @ centring) for index, matrix in settled.items()}


def _incidence(links, frames):
    """Return 1 where a link moves a frame, and -1 where it ends in it; a row for each link, none for the reference."""
    column = {index: place for place, index in enumerate(frames)}
    incidence = np.zeros((len(links), len(frames)))
    for row, (moving, fixed) in enumerate(links):
        incidence[row, column[moving]] = 1
        if fixed in column:
            incidence[row, column[fixed]] = -1
    return incidence

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
    if not frames:
        return matrices
    row = {index: position for position, index in enumerate(frames)}
    normal, pairs = np.zeros((len(frames), len(frames))), list(links.items())
    weights = [1 / (link.spread + FINEST) ** 2 for _, link in pairs]
    for ((moving, fixed), _), weight in zip(pairs, weights, strict=True):
        for one, sign in ((moving, 1), (fixed, -1)):
            for other, other_sign in ((moving, 1), (fixed, -1)):
                if one in row and other in row:
                    normal[row[one], row[other]] += weight * sign * other_sign
    centred = {index: centring @ matrix @ np.linalg.inv(centring) for index, matrix in matrices.items()}
    for _ in range(ROUNDS):
        right = np.zeros((len(frames), 9))
        for ((moving, fixed), link), weight in zip(pairs, weights, strict=True):
            step = centring @ link.matrix @ np.linalg.inv(centring)
            wrong = normalised(centred[fixed] @ step @ np.linalg.inv(centred[moving])) - np.eye(3)
            for index, sign in ((moving, 1), (fixed, -1)):
                if index in row:
                    right[row[index]] += weight * sign * wrong.ravel()
        moves = np.linalg.solve(normal, right).reshape(-1, 3, 3)
        for index, move in zip(frames, moves, strict=True):
            centred[index] = normalised((np.eye(3) + move) @ centred[index])
    return {index: normalised(np.linalg.inv(centring) @ matrix @ centring) for index, matrix in centred.items()}

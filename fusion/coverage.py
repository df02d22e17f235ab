"""What of a picture a frame shows that was moved into it; beyond its border there are only repeated pixels."""

import numpy as np

UNCOVERED = 1e-36  # factor of the weight of what a frame does not show: it counts only where no frame shows anything
FARTHEST = 2.0**30  # columns, more than any picture has


def check_matrices(matrices, count):
    """Return matrices, or None where nothing is moved; raise a ValueError unless all `count` can be inverted."""
    if matrices is None:
        return [None] * count
    matrices = np.asarray(matrices, np.float64)
    if matrices.shape != (count, 3, 3):
        raise ValueError(
            f"matrices must have shape ({count}, 3, 3), one for each frame, got {matrices.shape}; of an alignment that "
            "left frames out, give matrices[kept]"
        )
    for index, matrix in enumerate(matrices):
        if not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-12):
            raise ValueError(f"matrix {index} must be finite, with an inverse, got {matrix.tolist()}")
    return [None if np.array_equal(matrix, np.eye(3)) else matrix for matrix in matrices]


def covered(matrix, shape, tile, scale):
    """Tell which pixels of a tile lie within a frame.

    Parameters
    ----------
    matrix : ndarray of shape (3, 3)
        Maps ``(x, y, 1)`` of the frame to the picture; (0, 0) is the centre of the first pixel.
    shape : tuple of int
        Height and width of frame and picture.
    tile : Tile
        Part of a level of the picture's pyramid.
    scale : int
        By how much that level is smaller than the picture.

    Returns
    -------
    ndarray of float32 of shape (h, w), or 1.0
        1 where the frame shows something, `UNCOVERED` elsewhere; a single 1 if that is everywhere.
    """
    edges = _edges(np.linalg.inv(matrix), shape)
    x = np.arange(tile.columns.start, tile.columns.stop) * scale
    y = np.arange(tile.rows.start, tile.rows.stop) * scale
    if (edges @ [x[[0, -1, 0, -1]], y[[0, 0, -1, -1]], np.ones(4)] >= 0).all():
        return 1.0  # a frame is convex: with its corners, all of the tile lies in it
    first, last = _spans(edges, y)
    x = x.astype(np.int32)
    factors = ((x >= first[:, None]) & (x <= last[:, None])).astype(np.float32)
    return np.maximum(factors, np.float32(UNCOVERED), out=factors)


def _edges(to_frame, shape):
    """Return the lines around a frame, half a pixel beside its outer pixels, and the horizon: each is >= 0 inside."""
    across, down, depth = to_frame
    height, width = shape[:2]
    return np.stack(
        [
            across + 0.5 * depth,
            down + 0.5 * depth,
            (width - 0.5) * depth - across,
            (height - 0.5) * depth - down,
            depth,
        ]
    )


def _spans(edges, y):
    """Return the first and the last column of each row that is inside, int32; the last one lies first if none is."""
    first, last = np.full(len(y), -1.0), np.full(len(y), FARTHEST)
    for along, rest in zip(edges[:, 0], edges[:, 1:] @ [y, np.ones(len(y))], strict=True):
        if along > 0:
            np.maximum(first, -rest / along, out=first)
        elif along < 0:
            np.minimum(last, -rest / along, out=last)
        else:
            last[rest < 0] = -2
    return np.ceil(first.clip(-1, FARTHEST)).astype(np.int32), np.floor(last.clip(-2, FARTHEST)).astype(np.int32)

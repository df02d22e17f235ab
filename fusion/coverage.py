"""What of a picture a frame shows that was moved into it; beyond its border there are only repeated pixels."""

import numpy as np

UNCOVERED = 1e-36  # factor of the weight of what a frame does not show: it counts only where no frame shows anything


def check_matrices(matrices, count):
    """Return matrices as an array; raise a ValueError unless there are `count`, and each can be inverted."""
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
    return matrices


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
    to_frame = np.linalg.inv(matrix)
    x = np.arange(tile.columns.start, tile.columns.stop) * scale
    y = np.arange(tile.rows.start, tile.rows.stop) * scale
    if _inside(to_frame, shape, x[[0, -1]], y[[0, -1]]).all():
        return 1.0  # a frame is convex: with its corners, all of the tile lies in it
    return np.where(_inside(to_frame, shape, x, y), np.float32(1), np.float32(UNCOVERED))


def _inside(to_frame, shape, x, y):
    """Tell which points of a grid, from its columns and rows, lie within the frame or half a pixel beside it."""
    across, down, depth = (row[0] * x + (row[1] * y + row[2])[:, None] for row in to_frame)
    inside = depth > 0
    for position, length in ((across, shape[1]), (down, shape[0])):
        inside &= (position >= -0.5 * depth) & (position <= (length - 0.5) * depth)
    return inside

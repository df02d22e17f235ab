"""What of a picture a frame shows that was moved into it; beyond its border there are only repeated pixels."""

import cv2
import numpy as np

BITS = 6  # behind the point, of the corners of frames
FINER = 1 << BITS
UNCOVERED = 1e-36  # factor of the weight of what a frame does not show: it counts only where no frame shows anything


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
    outline = _outline(matrix, shape) / scale - (tile.columns.start, tile.rows.start)
    height, width = tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    if all(cv2.pointPolygonTest(outline.astype(np.float32), corner.tolist(), False) >= 0 for corner in corners):
        return 1.0  # a frame is convex: with its corners, all of the tile lies in it
    factors = np.full((height, width), UNCOVERED, np.float32)
    cv2.fillConvexPoly(factors, np.rint(outline * FINER).astype(np.int32), 1.0, shift=BITS)
    return factors


def _outline(matrix, shape):
    """Return where the centres of the pixels in the corners of a frame lie in the picture, (4, 2)."""
    right, bottom = shape[1] - 1, shape[0] - 1
    corners = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float64)
    return cv2.perspectiveTransform(corners[None], np.asarray(matrix, np.float64))[0]

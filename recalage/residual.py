"""What registration left: how far two images still lie apart."""

import numpy as np

from recalage.consensus import find_consensus
from recalage.errors import RegistrationError
from recalage.features import find_features
from recalage.matching import match

MAX_CELLS = 8  # the image is looked at in up to 8 x 8 cells
LOOSE_THRESHOLD = 10.0  # pixels of the reduced image; far beyond any error of localisation, rare for a false match
NEIGHBOURS = 6  # matches around one that tell whether it may be right though most others contradict it
MIN_MATCHES = 12
MATCHES_PER_CELL = 20  # on average; with fewer matches, cells are larger


def misalignment(warped, target):
    """Measure how far apart two images are that should lie on top of each other.

    Parameters
    ----------
    warped, target : ndarray of shape (H, W) or (H, W, 3)
        Images of one size: float in [0, 1], uint8 or uint16. The order does not matter. Best cropped to their
        `common_area`: repeated borders show nothing.

    Returns
    -------
    float
        Distance in pixels, root mean square over the matched features; 0 for equal images, d for a shift by d pixels.

    Raises
    ------
    RegistrationError
        If fewer than 12 matches agree.
    DataError
        If an array is no image.
    ValueError
        If the two differ in size.

    Notes
    -----
    A blurred feature is found a pixel or so off, which says nothing about registration. So displacements are smoothed:
    an affine map of all of them, plus the median of what it leaves in each cell (of 8 x 8 cells, fewer where there are
    fewer than 20 matches a cell). Errors of localisation cancel, while a part of the image that is displaced
    counts. Matches are discarded as false where they contradict by more than 10 pixels (of the image reduced to half a
    megapixel) both the homography that most agree on and most of the 6 contradicting matches nearest to them.
    """
    if np.shape(warped)[:2] != np.shape(target)[:2]:
        raise ValueError(f"images must be of one size, got shapes {np.shape(warped)} and {np.shape(target)}; warp one")
    source, destination = _agreeing_matches(warped, target)
    displacements = _smooth(destination - source, (source + destination) / 2, np.shape(target))
    return float(np.sqrt((displacements**2).sum(axis=1).mean()))


def _smooth(displacements, points, shape):
    """Replace each displacement by an affine map of all, plus the median of what that leaves around it."""
    places = np.column_stack([points, np.ones(len(points))])
    smooth = places @ np.linalg.lstsq(places, displacements)[0]
    cells = _cells(points, shape)
    for cell in np.unique(cells):
        here = cells == cell
        smooth[here] += np.median(displacements[here] - smooth[here], axis=0)
    return smooth


def _agreeing_matches(warped, target):
    """Match two images; keep what agrees both ways, in an order that does not depend on which one comes first."""
    warped, target = find_features(warped, name="warped"), find_features(target, name="target")
    source, destination = match(warped, target)
    order = np.lexsort((source + destination).T)
    source, destination = source[order], destination[order]
    threshold = LOOSE_THRESHOLD * warped.pitch
    kept = find_consensus(source, destination, threshold)[1] & find_consensus(destination, source, threshold)[1]
    kept[~kept] = _agree_with_neighbours(source[~kept], destination[~kept], threshold)
    if kept.sum() < MIN_MATCHES:
        raise RegistrationError(
            f"the distance of the two images cannot be measured: {kept.sum()} of {len(kept)} matches agree, and "
            f"{MIN_MATCHES} are needed; check that both show the same scene, and something sharp",
            int(kept.sum()),
            ("warped", "target"),
        )
    return source[kept], destination[kept]


def _agree_with_neighbours(source, destination, threshold):
    """Tell which matches move as most of those around them do: a part that is displaced, not matches by chance."""
    if len(source) <= NEIGHBOURS:
        return np.zeros(len(source), bool)
    places, moves = (source + destination) / 2, destination - source
    nearest = np.linalg.norm(places[:, None] - places, axis=2).argsort(axis=1)[:, 1 : NEIGHBOURS + 1]
    alike = np.linalg.norm(moves[nearest] - moves[:, None], axis=2) < threshold
    return alike.sum(axis=1) > NEIGHBOURS / 2


def _cells(points, shape):
    """Number the cell of each point."""
    across = int(np.sqrt(len(points) / MATCHES_PER_CELL).clip(1, MAX_CELLS))
    columns, rows = (points * across / (shape[1], shape[0])).astype(int).clip(0, across - 1).T
    return rows * across + columns

"""Frames of a cup and a table that do not lie on top of each other: shifted, or drawn larger and smaller."""

import numpy as np

from data.gray import to_gray
from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.tilted import MARGIN, distances_of, in_focus, inner, moved, scaled, table
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts, check_share

COUNT = 3
REACH = 4  # pixels around a point that its value is interpolated from
EDGES = 0.85  # of all pixels have weaker gradients than those that count as edges


def misregistration(*, shift=1.5, breathing=0.0, noise=0.002, seed=0):
    """Take three frames of a tilted picture, from near to far, with a camera that moves or a lens that breathes.

    Parameters
    ----------
    shift : float, optional
        Pixels by which the first frame is moved both to the right and down, and the last one to the left and up.
    breathing : float, optional
        By this share the first frame is drawn larger than the last one.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    LabScene
        The truth lies as the middle frame does; `where` are its strongest edges.

    Raises
    ------
    DataError
        If scikit-image, for the photograph, is not installed.
    ValueError
        If an option is out of range, or a frame would show its border.
    """
    check_amounts(shift=shift, noise=noise)
    check_share(breathing=breathing)
    light = table()
    still = inner(light)
    matrices = [motion(still.shape, shift * side, 1 + breathing / 2 * side) for side in (1, 0, -1)]
    farthest = shift + abs(breathing) * max(still.shape) / 4
    if farthest > MARGIN - REACH:
        raise ValueError(
            f"frames move by up to {farthest:.1f} pixels, {MARGIN - REACH} are the most: shift and breathe less"
        )
    rng = np.random.default_rng(seed)
    drawn = [in_focus(light, distance) for distance in distances_of(COUNT)]
    views = [moved(image, matrix) for image, matrix in zip(drawn, matrices, strict=True)]
    frames = [to_float(to_eight_bits(with_noise(view, noise, rng))) for view in views]
    truth = to_float(to_eight_bits(still))
    return LabScene(np.stack(frames), truth, strongest_edges(truth), "focus")


def motion(shape, shift, scale):
    """Matrix that enlarges a picture about its centre, and shifts it to the right and down."""
    matrix = scaled(shape, scale)
    matrix[:2, 2] += shift
    return matrix


def strongest_edges(image):
    """Pixels with the strongest gradients, (H, W)."""
    strength = np.hypot(*np.gradient(to_gray(image)))
    return strength > np.quantile(strength, EDGES)

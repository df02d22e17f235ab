"""Frames of a lens that breathes, brought together: near the border some of them have nothing to show."""

import numpy as np

from data.image import to_float
from data.scenes.lab.kind import LabScene
from data.scenes.lab.tilted import breathing_series, brought_back, inner, table
from data.scenes.light import to_eight_bits, with_noise
from data.scenes.options import check_amounts


def invented_borders(*, breathing=0.1, aligned=True, noise=0.002, seed=0):
    """Take five frames of a tilted picture, from near to far, with a lens that draws near things larger.

    Parameters
    ----------
    breathing : float, optional
        By this share the first frame is drawn larger than the last one, 0 to 0.12.
    aligned : bool, optional
        Bring the frames together by their true motion, as `recalage.warp` does: where a frame shows nothing, its last
        pixel is repeated. Else they are as the camera took them.
    noise : float, optional
        Standard deviation of noise at white, in linear light; in the dark it is a tenth of it.
    seed : int, optional
        Of the noise.

    Returns
    -------
    LabScene
        The truth lies as the middle frame does; `where` is what some frame does not reach.

    Raises
    ------
    DataError
        If scikit-image, for the photograph, is not installed.
    ValueError
        If an option is out of range.
    """
    check_amounts(noise=noise)
    light, rng = table(), np.random.default_rng(seed)
    seen, matrices = breathing_series(light, breathing)
    truth = to_eight_bits(inner(light))
    frames = [to_eight_bits(with_noise(view, noise, rng)) for view in seen]
    if aligned:
        frames = list(map(brought_back, frames, matrices))
    where = ~np.all([reached(matrix, truth.shape) for matrix in matrices], axis=0)
    return LabScene(to_float(np.stack(frames)), to_float(truth), where, "focus")


def reached(matrix, shape):
    """Where a frame that is drawn about its centre shows something, once it is brought back, (H, W)."""
    sides = [np.abs(np.arange(length) - (length - 1) / 2) for length in shape[:2]]
    inside = [matrix[0, 0] * places <= len(places) / 2 for places in sides]
    return np.logical_and.outer(*inside)

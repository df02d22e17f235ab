"""How much goes on in frames and result: the average gradient magnitude, as a small table."""

import math

from fusion.metrics.activity import ag

STRIP = 256  # rows that are measured at a time
HEADING = "average gradient magnitude, in gray levels per pixel"
WARNING = "more is not always better: noise, halos and false detail count as well"


def average_gradient(image):
    """Return the average gradient magnitude of a picture, `fusion.metrics.activity.ag`, without copies of all of it.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3)
        Float in [0, 1], uint8 or uint16.

    Returns
    -------
    float
        In gray levels per pixel.
    """
    height, total = len(image), 0.0
    for first in range(0, height, STRIP):
        strip = image[first : first + STRIP + 1]  # with a row of the next one, for the differences to it
        total += ag(strip) * len(strip)
        if len(strip) > STRIP:
            total -= ag(strip[STRIP:])
    return total / height


def sharpness_table(frames, fused, *, progress=None):
    """Return lines that tell the average gradient magnitude of every frame, their mean, and that of the result.

    Parameters
    ----------
    frames : Stack
        Read one by one.
    fused : ndarray
        The result.
    progress : callable, optional
        As methods take it.

    Returns
    -------
    str
    """
    progress = progress or (lambda positions, what: positions)
    scores = [average_gradient(pixels) for _, pixels in frames.read_ahead(progress(range(len(frames)), "measuring"))]
    mean = math.fsum(scores) / len(scores)
    rows = [*zip(frames.names, scores), ("mean of the frames", mean), ("result", average_gradient(fused))]
    width = max(len(name) for name, _ in rows)
    return "\n".join([f"{HEADING}:", *(f"  {name:{width}}  {score:6.2f}" for name, score in rows), WARNING])

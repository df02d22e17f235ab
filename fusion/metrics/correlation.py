"""What each source left in a fused image: the sum of the correlations of differences."""

import numpy as np

from fusion.metrics.door import UndefinedScore, pair_metric


@pair_metric("SCD", most_sources=2)
def scd(sources, fused):
    """Sum of the correlations of differences: of F - B with A, and of F - A with B.

    Parameters
    ----------
    sources : stack
        Two frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        -2 to 2; higher is called better, and a result with too much contrast scores higher still.

    Raises
    ------
    ValueError
        If there are not two sources, or sizes differ.
    UndefinedScore
        If the result is one of the sources plus a constant, or a source is constant: nothing correlates with a constant.

    References
    ----------
    .. [1] V. Aslantas, E. Bendes, "A new image quality metric for image fusion: the sum of the correlations of
       differences," AEU 69(12), 2015. :doi:`10.1016/j.aeue.2015.09.004`
    """
    a, b = sources
    return correlation(fused - b, a) + correlation(fused - a, b)


def correlation(x, y):
    """Pearson's correlation of two planes.

    Raises
    ------
    UndefinedScore
        If one of them is constant.
    """
    x, y = x - x.mean(), y - y.mean()
    spread = np.sqrt(np.sum(x * x) * np.sum(y * y))
    if spread == 0:
        raise UndefinedScore(
            "SCD is not defined where a source is constant, or the result is one of the sources plus a constant: "
            "leave it out there"
        )
    return np.sum(x * y) / spread

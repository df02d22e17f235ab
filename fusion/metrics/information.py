"""How much of the sources' information a fused image carries: entropies of gray levels."""

import numpy as np

from fusion.metrics.door import no_reference_metric, pair_metric, rescaled

LEVELS = 256


def entropy(counts):
    """Entropy in bits of a histogram, of any shape."""
    shares = counts[counts > 0] / counts.sum()
    return -np.sum(shares * np.log2(shares))


def joint_histogram(first, second):
    """Count how often each pair of gray levels meets; (256, 256)."""
    pairs = first.astype(np.intp) * LEVELS + second.astype(np.intp)
    return np.bincount(pairs.ravel(), minlength=LEVELS**2).reshape(LEVELS, LEVELS)


def entropies(first, second):
    """Entropies of two images, and what they share: H(X), H(Y), and the mutual information of both, in bits."""
    joint = joint_histogram(first, second)
    of_first, of_second = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    return of_first, of_second, max(of_first + of_second - entropy(joint), 0.0)  # below 0 by rounding only


@pair_metric("Q_MI")
def q_mi(sources, fused):
    r"""Normalised mutual information of a fused image and its sources.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 2; higher is better. It rewards copied pixels: one of the sources itself scores higher than any fusion.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If an image has one gray level that is not 0, or the result and a source are black.

    Notes
    -----
    Each image is stretched to 0..255 first. With two sources it is
    :math:`2 \left[ \frac{I(A, F)}{H(A) + H(F)} + \frac{I(B, F)}{H(B) + H(F)} \right]`; with N of them, twice the mean
    of :math:`2 I / (H + H)`, so that the range stays.

    References
    ----------
    .. [1] M. Hossny, S. Nahavandi, D. Creighton, "Comments on 'Information measure for performance of image fusion',"
       Electronics Letters 44(18), 2008. :doi:`10.1049/el:20081754`
    """
    fused = rescaled("Q_MI", fused)
    shared = []
    for source in sources:
        of_source, of_fused, mutual = entropies(rescaled("Q_MI", source), fused)
        shared.append(2 * mutual / (of_source + of_fused))
    return 2 * np.mean(shared)


@pair_metric("Q_NCIE")
def q_ncie(sources, fused):
    """Nonlinear correlation information entropy of a fused image and its sources.

    Parameters
    ----------
    sources : stack
        N >= 2 frames.
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 1, in practice near 0.8, as if all are black; higher is better.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or sizes differ.
    UndefinedScore
        If an image has one gray level that is not 0.

    Notes
    -----
    The mutual informations of all N + 1 images, stretched and divided by their largest value of 8 bits, make a
    correlation matrix of ones on the diagonal; its eigenvalues, divided by N + 1, are taken for probabilities. The
    logarithm has base 256 for any number of sources.

    References
    ----------
    .. [1] Q. Wang, Y. Shen, J. Jin, "Performance evaluation of image fusion techniques," in Image Fusion: Algorithms
       and Applications, 2008. :doi:`10.1016/B978-0-12-372529-5.00017-2`
    """
    images = [rescaled("Q_NCIE", image).astype(np.uint8) for image in (*sources, fused)]
    correlation = np.eye(len(images))
    for row, column in zip(*np.triu_indices(len(images), 1)):
        _, _, mutual = entropies(images[row], images[column])
        correlation[row, column] = correlation[column, row] = mutual / 8
    shares = np.linalg.eigvalsh(correlation) / len(images)
    shares = shares[shares > 0]
    return 1 + np.sum(shares * np.log2(shares)) / 8


@no_reference_metric("EN")
def en(fused):
    """Entropy of the gray levels of an image.

    Parameters
    ----------
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 to 8 bits. More is called better, and noise has most.
    """
    return entropy(np.bincount(fused.astype(np.intp).ravel(), minlength=LEVELS))

"""How much goes on in an image, whatever its sources: sharpening and noise raise these scores without limit."""

import cv2
import numpy as np

from fusion.metrics.door import no_reference_metric


@no_reference_metric("SF")
def sf(fused):
    """Spatial frequency: root mean square of the differences of neighbours, along rows and columns.

    Parameters
    ----------
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        In gray levels, 0 for a flat image. Higher is called better.

    References
    ----------
    .. [1] A. M. Eskicioglu, P. S. Fisher, "Image quality measures and their performance," IEEE Transactions on
       Communications 43(12), 1995. :doi:`10.1109/26.477498`
    """
    along_rows, along_columns = np.diff(fused, axis=1), np.diff(fused, axis=0)
    return np.sqrt((np.sum(along_rows**2) + np.sum(along_columns**2)) / fused.size)


@no_reference_metric("AG")
def ag(fused):
    """Average gradient: mean of the root mean square of the two forward differences; 0 beyond the last pixel.

    Parameters
    ----------
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        In gray levels per pixel, 0 for a flat image. Higher is called better.
    """
    along_rows = np.diff(fused, axis=1, append=fused[:, -1:])
    along_columns = np.diff(fused, axis=0, append=fused[-1:])
    return np.mean(np.sqrt((along_rows**2 + along_columns**2) / 2))


@no_reference_metric("SD", smallest=2)
def sd(fused):
    """Standard deviation: the mean over the columns of the sample standard deviation of each.

    Parameters
    ----------
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        In gray levels. Higher is called better: it is contrast, wanted or not.

    Raises
    ------
    UndefinedScore
        If the image has one row or one column only.
    """
    return np.mean(np.std(fused, axis=0, ddof=1))


@no_reference_metric("EI")
def ei(fused):
    """Edge intensity: mean magnitude of the Sobel gradient, borders replicated.

    Parameters
    ----------
    fused : ndarray of shape (H, W) or (H, W, 3)
        The result.

    Returns
    -------
    float
        0 for a flat image. Higher is called better.
    """
    along_rows, along_columns = (
        cv2.Sobel(fused, cv2.CV_64F, dx, 1 - dx, borderType=cv2.BORDER_REPLICATE) for dx in (1, 0)
    )
    return np.mean(np.hypot(along_rows, along_columns))

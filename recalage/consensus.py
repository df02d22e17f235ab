"""Consensus: which matches agree on one homography, and which are false."""

import cv2
import numpy as np

TRIALS = 5000  # of the random search, at most
CONFIDENCE = 0.999


def find_consensus(source, target, threshold):
    """Find the homography that most matches agree on, by random search.

    Parameters
    ----------
    source, target : ndarray of shape (M, 2)
        Positions (x, y) of matches.
    threshold : float
        Largest reprojection error of an inlier, in pixels.

    Returns
    -------
    homography : ndarray of float64 of shape (3, 3), or None
        None if there is none.
    is_inlier : ndarray of bool of shape (M,)
        Which matches agree; none, if there is no homography.

    Notes
    -----
    The search has random numbers of its own, the same at every call.
    """
    none = None, np.zeros(len(source), bool)
    if len(source) < 4:
        return none
    homography, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, threshold, None, TRIALS, CONFIDENCE)
    return none if homography is None else (homography, mask.ravel() > 0)

"""Estimating the homography between two neighbours."""

from recalage.consensus import find_consensus
from recalage.errors import RegistrationError
from recalage.features import Features, find_features
from recalage.homography import LARGEST_SCALE, LEAST_SCALE, is_plausible
from recalage.matching import check_ratio, match
from recalage.polish import polish


def estimate_homography(moving, reference, *, ratio=0.75, reprojection_threshold=3.0, min_inliers=12):
    """Estimate the homography that maps one image onto another.

    Parameters
    ----------
    moving, reference : ndarray of shape (H, W) or (H, W, 3), or Features
        Images: float in [0, 1], uint8 or uint16; or what `find_features` found in them. The two sizes may differ.
    ratio : float, optional
        Largest ratio of the distances to the first and second neighbour for which a match is kept, in (0, 1].
    reprojection_threshold : float, optional
        Largest reprojection error of an inlier, in pixels; for images above half a megapixel, in pixels of the image
        reduced to that.
    min_inliers : int, optional
        Fewest inliers for which the estimate is trusted, at least 4.

    Returns
    -------
    ndarray of float64 of shape (3, 3)
        Maps ``(x, y, 1)`` of `moving` to `reference`, with ``homography[2, 2] == 1``. The same for the same images.

    Raises
    ------
    RegistrationError
        If fewer than `min_inliers` matches agree on one homography, or if they agree on one that mirrors, or scales by
        less than 0.5 or more than 2.
    DataError
        If an array is no image.
    ValueError
        If an option is out of range.

    Notes
    -----
    A random search [2]_, scored by [3]_, finds the inliers; all of them then fit the homography by least squares, in
    which those that are farther off count less (the Cauchy weights of `polish`). Between frames of different focus,
    this halves the error of the search alone.

    References
    ----------
    .. [1] D. G. Lowe, "Distinctive image features from scale-invariant keypoints," IJCV 60(2), 2004.
       :doi:`10.1023/B:VISI.0000029664.99615.94`
    .. [2] M. A. Fischler, R. C. Bolles, "Random sample consensus," CACM 24(6), 1981.
       :doi:`10.1145/358669.358692`
    .. [3] D. Barath et al., "MAGSAC++, a fast, reliable and accurate robust estimator," CVPR 2020.
       :doi:`10.1109/CVPR42600.2020.00138`
    """
    check_options(ratio, reprojection_threshold, min_inliers)
    moving, reference = _features_of(moving, "moving"), _features_of(reference, "reference")
    matches = match(moving, reference, ratio=ratio)
    return fit_homography(matches, moving, reference, reprojection_threshold, min_inliers)


def fit_homography(matches, moving, reference, reprojection_threshold, min_inliers):
    """Do what `estimate_homography` does, from the matches of two `Features` on."""
    source, target = matches
    threshold = reprojection_threshold * max(moving.pitch, reference.pitch)
    homography, is_inlier = find_consensus(source, target, threshold)
    inliers = int(is_inlier.sum())
    if inliers < min_inliers:
        raise _too_few(moving, reference, inliers, len(source), min_inliers)
    homography = polish(homography, source[is_inlier], target[is_inlier], scale=threshold / 3)
    if not is_plausible(homography, moving.shape):
        raise _absurd(moving, reference, inliers)
    return homography


def _features_of(image, name):
    return image if isinstance(image, Features) else find_features(image, name=name)


def check_options(ratio, reprojection_threshold, min_inliers):
    """Raise a ValueError unless the options of `estimate_homography` are in range."""
    check_ratio(ratio)
    if not 0 < reprojection_threshold < float("inf"):
        raise ValueError(f"reprojection_threshold must be a positive number of pixels, got {reprojection_threshold}")
    if not min_inliers >= 4:
        raise ValueError(f"min_inliers must be at least 4, the points that fix a homography; got {min_inliers}")


def _too_few(moving, reference, inliers, matches, needed):
    for features in (moving, reference):
        if len(features.points) < needed:
            found = len(features.points)
            return RegistrationError(
                f"{features.name} shows too little texture to be matched: {found} features were found, and "
                f"{needed} matches are needed; leave it out",
                frames=(moving.name, reference.name),
            )
    return RegistrationError(
        f"{moving.name} and {reference.name} do not match: {inliers} of {matches} matches agree, and {needed} are "
        "needed; neighbours must overlap and share something sharp: leave out frames of another scene, check the order",
        inliers,
        (moving.name, reference.name),
    )


def _absurd(moving, reference, inliers):
    return RegistrationError(
        f"{moving.name} and {reference.name} do not match: {inliers} matches agree, but on a transform that mirrors, "
        f"or scales by less than {LEAST_SCALE} or more than {LARGEST_SCALE}; check that both show the same scene",
        inliers,
        (moving.name, reference.name),
    )

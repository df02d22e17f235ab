"""Trials: how well two frames agree in patches that were kept back while their motion was estimated."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from recalage.features import find_features
from recalage.levels import levels_of
from recalage.patches import compare, mean_correlation, patch_count

AGREEING = 0.5  # correlation from which on a patch counts as matched


class Frame:
    """A frame that is being registered: its name, and what is made of it when it is asked for.

    Attributes
    ----------
    name : str
    reduced : Reduced
    """

    def __init__(self, name, reduced):
        self.name, self.reduced = name, reduced

    @cached_property
    def levels(self):
        """The frame at several sizes, a list of `Level`."""
        return levels_of(self.reduced)

    @cached_property
    def features(self):
        """SIFT features of the reduced frame."""
        return find_features(self.reduced.gray, name=self.name)

    def forget(self):
        """Free the memory of what can be made anew."""
        self.__dict__.pop("levels", None)
        self.__dict__.pop("features", None)


class Agreement(NamedTuple):
    """How well two frames agree where patches were kept back.

    Attributes
    ----------
    correlation : float
        In [-1, 1].
    evidence : float
        Mean correlation of single patches, in standard errors above 0.
    area : float
        Share of these patches that agree, of all there are in the fixed frame.
    """

    correlation: float
    evidence: float
    area: float


def finest_tested(frame):
    """Number of the smallest size at which patches are kept back."""
    return max(number for number, level in enumerate(frame.levels) if level.kept_back.any())


def agreement(moving, fixed, matrix, level):
    """Measure how well two frames agree where patches were kept back.

    Parameters
    ----------
    moving, fixed : Frame
    matrix : ndarray of shape (3, 3)
        Maps ``(x, y, 1)`` of the moving frame, reduced, to the fixed one, reduced.
    level : int
        Size to look at.

    Returns
    -------
    Agreement
    """
    return _agreement(_kept_back(moving, fixed, matrix, level), fixed.levels[level])


def compare_motions(moving, fixed, before, after, level):
    """Measure how much better two frames agree by one motion than by another where patches were kept back.

    Returns
    -------
    before, after : Agreement
    advantage : float
        Mean gain of correlation of the patches that both motions show, in standard errors.
    """
    found = [_kept_back(moving, fixed, matrix, level) for matrix in (before, after)]
    _, *places = np.intersect1d(*(patches.cells for patches in found), assume_unique=True, return_indices=True)
    old, new = (patches.correlation[place] for patches, place in zip(found, places, strict=True))
    return *(_agreement(patches, fixed.levels[level]) for patches in found), _in_errors(new - old)


def _kept_back(moving, fixed, matrix, level):
    scale = np.diag([2.0**level, 2.0**level, 1])
    template = fixed.levels[level]
    matrix = np.linalg.inv(scale) @ np.linalg.inv(matrix) @ scale
    return compare(template, moving.levels[level], matrix, template.kept_back)


def _agreement(patches, template):
    area = (patches.correlation > AGREEING).sum() / patch_count(template.kept_back)
    return Agreement(max(mean_correlation(patches), -1.0), _in_errors(patches.correlation), float(area))


def _in_errors(values):
    """Mean of values over its standard error; 0 for fewer than two."""
    return 0.0 if len(values) < 2 else float(values.mean() / (values.std(ddof=1) / len(values) ** 0.5 + 1e-9))

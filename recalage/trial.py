"""Trials: how well two frames agree in patches that were kept back while their motion was estimated."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from recalage.features import find_features
from recalage.levels import at_size, levels_of
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
        Mean correlation of blocks of patches, in standard errors above 0.
    area : float
        Share of these patches that agree, of all there are in the fixed frame.
    """

    correlation: float
    evidence: float
    area: float


def coarsest_tested(frame):
    """Number of the smallest size at which patches are kept back."""
    return max(number for number, level in enumerate(frame.levels) if level.kept_back.any())


def agreement(moving, fixed, matrix, level, *, everywhere=False):
    """Measure how well two frames agree where patches were kept back, or everywhere.

    Parameters
    ----------
    moving, fixed : Frame
    matrix : ndarray of shape (3, 3)
        Maps ``(x, y, 1)`` of the moving frame, reduced, to the fixed one, reduced.
    level : int
        Size to look at.
    everywhere : bool, optional
        Ask all patches: for a motion that none of them made.

    Returns
    -------
    Agreement
    """
    template = fixed.levels[level]
    cells = np.ones(template.grid, bool) if everywhere else template.kept_back
    return _agreement(_patches(moving, fixed, matrix, level, cells), template, cells)


def compare_motions(moving, fixed, before, after, level):
    """Measure how much better two frames agree by one motion than by another where patches were kept back.

    Parameters
    ----------
    moving, fixed : Frame
    before, after : ndarray of shape (3, 3)
        The motions, as for `agreement`.
    level : int
        Size to look at.

    Returns
    -------
    before, after : Agreement
    advantage : float
        Mean gain of correlation of the patches that the motion after shows, in standard errors between blocks.
    """
    template = fixed.levels[level]
    found = [_patches(moving, fixed, matrix, level, template.kept_back) for matrix in (before, after)]
    old = np.zeros(template.grid)  # what is not seen agrees by 0
    old.flat[found[0].cells] = found[0].correlation
    gains = _means(found[1].correlation - old.flat[found[1].cells], template.blocks.flat[found[1].cells])
    return *(_agreement(patches, template, template.kept_back) for patches in found), _in_errors(gains)


def _patches(moving, fixed, matrix, level, cells):
    matrix = at_size(np.linalg.inv(matrix), level)
    return compare(fixed.levels[level], moving.levels[level], matrix, cells)


def _agreement(patches, template, cells):
    """Sum up what patches say; neighbours among them overlap, so errors are those between blocks."""
    area = (patches.correlation > AGREEING).sum() / patch_count(cells)
    by_block = _means(patches.correlation, template.blocks.flat[patches.cells])
    return Agreement(mean_correlation(patches), _in_errors(by_block), float(area))


def _means(values, groups):
    """Mean of the values of each group."""
    _, places = np.unique(groups, return_inverse=True)
    return np.bincount(places, values) / np.bincount(places) if len(values) else values


def _in_errors(values):
    """Mean of values over its standard error; 0 for fewer than two."""
    return 0.0 if len(values) < 2 else float(values.mean() / (values.std(ddof=1) / len(values) ** 0.5 + 1e-9))

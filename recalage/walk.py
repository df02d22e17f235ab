"""The walk through a stack: from the reference outwards, each frame is linked with those placed before it."""

import numpy as np

from recalage.homography import normalised
from recalage.link import find_link, refine_link

TRIES = 3  # neighbours that a frame is matched with before it is left out


def place_by_chain(frames, order, reference, model, progress):
    """Link frames with their neighbours, and with the neighbours of these.

    Parameters
    ----------
    frames : dict of int to Frame
    order : list of int
        So that neighbours look alike.
    reference : int
        Where the walk begins.
    model : str
    progress : callable

    Returns
    -------
    matrices : dict of int to ndarray of shape (3, 3)
        Of the frames that were placed: maps ``(x, y, 1)`` of the reduced frame to the reduced reference.
    links : dict of (int, int) to Link
        By moving and fixed frame. The first link of a frame is the one with its neighbour.
    """
    matrices, links = {reference: np.eye(3)}, {}
    start = order.index(reference)
    sides = order[start + 1 :], order[:start][::-1]
    placed, last_step = [reference], None
    for index in progress([*sides[0], *sides[1]], "aligning"):
        if sides[1] and index == sides[1][0]:
            placed, last_step = [reference], None
        link, neighbour = _first_link(frames, index, placed, model, last_step)
        if link is not None:
            last_step = link.matrix
            matrices[index], links[index, neighbour] = normalised(matrices[neighbour] @ link.matrix), link
            _leap(frames, index, placed, neighbour, model, matrices, links)
            placed.append(index)
        forget(frames, {*order} - {reference, *placed[-TRIES:]})
    return matrices, links


def place_by_reference(frames, order, reference, model, progress):
    """Link every frame with the reference itself; returns what `place_by_chain` does."""
    matrices, links = {reference: np.eye(3)}, {}
    start = order.index(reference)
    for index in progress(order[start + 1 :] + order[:start][::-1], "aligning"):
        link = find_link(frames[index], frames[reference], model)
        frames[index].forget()
        if link is not None:
            matrices[index], links[index, reference] = link.matrix, link
    return matrices, links


def _first_link(frames, index, placed, model, last_step):
    """Link a frame with the nearest of those placed that it agrees with."""
    starts = [] if last_step is None else [last_step]  # motion is often smooth
    for neighbour in placed[: -TRIES - 1 : -1]:
        link = find_link(frames[index], frames[neighbour], model, starts)
        if link is not None:
            return link, neighbour
    return None, None


def _leap(frames, index, placed, neighbour, model, matrices, links):
    """Link a frame with the one before its neighbour too, if there is one and they agree."""
    position = placed.index(neighbour)
    if position == 0:
        return
    farther = placed[position - 1]
    start, level = np.linalg.inv(matrices[farther]) @ matrices[index], links[index, neighbour].level
    link = refine_link(frames[index], frames[farther], model, start, level)
    if link is not None:
        links[index, farther] = link


def forget(frames, indices):
    """Free the memory of what can be made anew of frames."""
    for index in indices:
        frames[index].forget()


STRATEGIES = {"chain": place_by_chain, "reference": place_by_reference}
"""How frames are linked, by name."""

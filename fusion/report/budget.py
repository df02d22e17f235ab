"""Pictures made to fit: as WebP of one quality and reduced by one factor, so that all of them take what is there."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from fusion.show.embed import LARGEST, webp

QUALITIES = (92, 85, 80, 75)  # of WebP, the first that fits is taken; below the last, pictures are reduced instead
STRIPS, FEWEST = 18, 2  # of which the size of all pictures is estimated, and of each picture at least
THICKNESS = 64  # rows of a strip, after pictures are reduced
MARGIN = 0.98  # share of the room that is aimed at, as strips tell the size of a whole to a few percent
TRIALS, ENOUGH = 4, 0.85  # reductions that are tried at most, and the share of the room with which they end
WORKERS = min(4, os.cpu_count() or 1)  # threads, each with a copy of one picture


class Fitted(NamedTuple):
    """Pictures as files, and what was done to make them fit."""

    files: list  # of bytes, WebP
    sizes: list  # of (width, height) of each
    scale: float  # of their sides; 1 where nothing was reduced
    quality: int


def fitted(pictures, room, qualities=QUALITIES):
    """Encode pictures with the best quality, and then in the largest size, with which they take no more than the room.

    Parameters
    ----------
    pictures : list of ndarray of shape (H, W) or (H, W, 3)
        Of type uint8. They may differ in size; all are reduced by one factor.
    room : float
        Bytes for all files together.
    qualities : tuple of int, optional
        Of WebP, the best first.

    Returns
    -------
    Fitted

    Raises
    ------
    ValueError
        If even pictures of one pixel do not fit.
    """
    if not pictures:
        return Fitted([], [], 1.0, qualities[0])
    scale, quality = _estimate(pictures, MARGIN * room, qualities)
    while True:
        files = _each(partial(_encoded, scale=scale, quality=quality), pictures)
        total = sum(map(len, files))
        sizes = [reduced_size(picture, scale) for picture in pictures]
        if total <= room:
            return Fitted(files, sizes, scale, quality)
        if max(map(max, sizes)) == 1:
            raise ValueError(f"{len(pictures)} pictures do not fit into {max(0, int(room))} bytes; allow for more")
        scale *= min(0.97, MARGIN * math.sqrt(max(0, room) / total))


def reduced_size(picture, scale):
    """Width and height of a picture after its sides are scaled."""
    height, width = picture.shape[:2]
    return max(1, round(scale * width)), max(1, round(scale * height))


def _estimate(pictures, room, qualities):
    """Scale and quality with which pictures should fit, from strips of them."""
    scale = min(1, *(LARGEST / max(picture.shape[:2]) for picture in pictures))
    for quality in qualities:
        estimate = _estimated_bytes(pictures, scale, quality)
        if estimate <= room:
            return scale, quality
    return _reduction(pictures, scale, quality, room, estimate), quality


def _reduction(pictures, scale, quality, room, estimate):
    """Scale at which pictures should fill the room: where a power law through the last two trials meets it."""
    if room <= 0:
        return 0.0
    power, best = 2.0, 0.0
    for _ in range(TRIALS):
        trial = scale * (room / estimate) ** (1 / power)
        before, scale, estimate = (scale, estimate), trial, _estimated_bytes(pictures, trial, quality)
        if estimate <= room:
            best = max(best, scale)
        if ENOUGH * room <= estimate <= room:
            break
        power = max(1.0, math.log(before[1] / estimate) / math.log(before[0] / scale))
    return best or scale


def _estimated_bytes(pictures, scale, quality):
    """Bytes of all pictures, from strips that lie elsewhere in each: what one picture has between two, another shows."""
    strips = max(FEWEST, STRIPS // len(pictures))
    phases = (np.arange(len(pictures)) + 0.5) / len(pictures)
    return sum(_each(partial(_estimated_file, strips=strips, scale=scale, quality=quality), pictures, phases))


def _estimated_file(picture, phase, *, strips, scale, quality):
    height = len(picture)
    thickness = math.ceil(THICKNESS / scale)
    if 2 * strips * thickness >= height:
        return len(_encoded(picture, scale=scale, quality=quality))
    starts = np.rint((np.arange(strips) + phase) / strips * (height - thickness)).astype(int)
    sample = np.concatenate([picture[start : start + thickness] for start in starts])
    return len(_encoded(sample, scale=scale, quality=quality)) * height / len(sample)


def _encoded(picture, *, scale, quality):
    """One picture as WebP, gray or RGB."""
    if scale < 1:
        picture = cv2.resize(picture, reduced_size(picture, scale), interpolation=cv2.INTER_AREA)
    return webp(picture, quality)


def _each(work, *lists):
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, *lists))

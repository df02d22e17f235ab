"""Where results differ most: rectangles that are worth a closer look."""

import cv2
import numpy as np

from data import to_gray
from fusion.report.contents import Region

SHARE = 0.12  # side of a region, of the shorter side of the picture
SMALLEST, LARGEST = 48, 360  # pixels of a side
STEPS = 4  # positions of a region that are tried along its side
AROUND = 3  # sides of a region, over which brightness is averaged: what differs in tone alone is seen without help
APART = 1.5  # sides, at least, from one region to the next
LEAST = 2.0  # levels of 255 by which results must differ on average, for a region to be worth a look
MOST = 6  # regions


def find_regions(pictures):
    """Find the squares in whose details pictures differ most, apart from each other.

    Parameters
    ----------
    pictures : list of ndarray of uint8 of shape (H, W) or (H, W, 3)

    Returns
    -------
    list of Region
        At most `MOST`, the largest difference first; none where pictures are alike, or there is only one.
    """
    if len(pictures) < 2:
        return []
    height, width = pictures[0].shape[:2]
    side = min(max(SMALLEST, min(LARGEST, round(SHARE * min(height, width)))), height, width)
    step = max(1, side // STEPS)
    mean = _means(range_of(pictures, AROUND * side), side)[::step, ::step]
    found = []
    while len(found) < MOST:
        row, column = np.unravel_index(mean.argmax(), mean.shape)
        difference = float(mean[row, column])
        if difference < LEAST:
            break
        found.append(Region(int(column) * step, int(row) * step, side, side, difference))
        reach = -(-round(APART * side) // step)  # positions that are too near
        mean[max(0, row - reach + 1) : row + reach, max(0, column - reach + 1) : column + reach] = -1
    return found


def range_of(pictures, around):
    """Return the range of the details of pictures in every pixel, in levels: (H, W) uint8.

    Details are what is left of gray values less their mean over a window, `around` pixels wide.
    """
    low = high = _details(pictures[0], around)
    for picture in pictures[1:]:
        details = _details(picture, around)
        low, high = cv2.min(low, details), cv2.max(high, details)
    return cv2.subtract(high, low, dtype=cv2.CV_8U)


def _details(picture, around):
    gray = to_gray(picture)
    return cv2.subtract(gray, cv2.blur(gray, (around, around)), dtype=cv2.CV_16S)


def _means(values, side):
    """Mean of every square of a side that lies within the picture; [0, 0] is the one at the upper left."""
    sums = cv2.integral(values)
    return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / np.float32(side**2)

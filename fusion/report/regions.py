"""Where results differ most: rectangles that are worth a closer look."""

import cv2
import numpy as np

from data import to_gray
from fusion.report.contents import Region

SHARE = 0.12  # side of a region, of the shorter side of the picture
SMALLEST, LARGEST = 48, 360  # pixels of a side
STEPS = 4  # positions of a region that are tried along its side
LEAST = 2.0  # levels of 255 by which results must differ on average, for a region to be worth a look
MOST = 6  # regions


def find_regions(pictures):
    """Find the squares in which pictures differ most, apart from each other.

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
    mean = _means(range_of(pictures), side)[::step, ::step]
    found = []
    while len(found) < MOST:
        row, column = np.unravel_index(mean.argmax(), mean.shape)
        difference = float(mean[row, column])
        if difference < LEAST:
            break
        found.append(Region(int(column) * step, int(row) * step, side, side, difference))
        reach = -(-side // step)  # positions at which a region would overlap this one
        mean[max(0, row - reach + 1) : row + reach, max(0, column - reach + 1) : column + reach] = -1
    return found


def range_of(pictures):
    """Return the range of the gray values of pictures in every pixel, (H, W) uint8."""
    low = high = to_gray(pictures[0])
    for picture in pictures[1:]:
        gray = to_gray(picture)
        low, high = cv2.min(low, gray), cv2.max(high, gray)
    return cv2.subtract(high, low)


def _means(values, side):
    """Mean of every square of a side that lies within the picture; [0, 0] is the one at the upper left."""
    sums = cv2.integral(values)
    return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / np.float32(side**2)

"""Cut an image into tiles with a margin, so that a method works in little memory and still equals the whole."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

TILE = 384  # pixels: a few planes of this size stay in the cache of a processor
WORKERS = max(1, min(4, (os.cpu_count() or 1) // 2))  # one per core, where two logical processors share one


class Tile(NamedTuple):
    """A rectangle of an image."""

    rows: slice
    columns: slice

    def grow(self, margin, shape):
        """Return the tile with a margin on each side, as far as the image goes."""
        return Tile(
            *(slice(max(s.start - margin, 0), min(s.stop + margin, n)) for s, n in zip(self, shape, strict=False))
        )

    def halved(self):
        """Return the tile of the image of half the size; the tile must begin in an even row and column."""
        return Tile(*(slice(s.start // 2, (s.stop + 1) // 2) for s in self))

    def doubled(self, margin, shape):
        """Return the tile of the image of such a shape, twice as large, with a margin that is even."""
        return Tile(*(slice(2 * s.start, 2 * s.stop) for s in self)).grow(margin, shape)

    def is_inside(self, shape):
        """Tell whether the tile touches no border of an image of such a shape."""
        return all(s.start > 0 and s.stop < n for s, n in zip(self, shape, strict=False))

    def within(self, larger):
        """Return this tile in the coordinates of a larger one."""
        return Tile(*(slice(s.start - o.start, s.stop - o.start) for s, o in zip(self, larger, strict=True)))


def whole(shape):
    """Return the tile that is all of an image of shape (H, W, ...)."""
    return Tile(slice(0, shape[0]), slice(0, shape[1]))


def tiles(shape, size=None, rows=None):
    """Yield the tiles of an image of shape (H, W, ...), row by row; or of a slice of its rows, which begins with one."""
    size = size or TILE
    first, last = (0, shape[0]) if rows is None else (rows.start, min(rows.stop, shape[0]))
    for top in range(first, last, size):
        for left in range(0, shape[1], size):
            yield Tile(slice(top, min(top + size, last)), slice(left, min(left + size, shape[1])))


def for_each_tile(work, shape, *, rows=None, workers=None):
    """Call ``work(tile)`` for every tile of an image, or of some of its rows; tiles must not depend on each other.

    So many `workers` call it at the same time; `WORKERS` by default.
    """
    workers = workers or WORKERS
    if workers == 1:
        for tile in tiles(shape, rows=rows):
            work(tile)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, tiles(shape, rows=rows)):
            pass

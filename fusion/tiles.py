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

    def within(self, larger):
        """Return this tile in the coordinates of a larger one."""
        return Tile(*(slice(s.start - o.start, s.stop - o.start) for s, o in zip(self, larger, strict=True)))


def tiles(shape, size=None):
    """Yield the tiles of an image of shape (H, W, ...), row by row."""
    size = size or TILE
    for top in range(0, shape[0], size):
        for left in range(0, shape[1], size):
            yield Tile(slice(top, min(top + size, shape[0])), slice(left, min(left + size, shape[1])))


def for_each_tile(work, shape):
    """Call ``work(tile)`` for every tile of an image, several at a time; tiles must not depend on each other."""
    if WORKERS == 1:
        for tile in tiles(shape):
            work(tile)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(work, tiles(shape)):
            pass

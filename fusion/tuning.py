"""Settings of a process that does nothing but fuse pictures."""

import ctypes
import sys

import cv2

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # from malloc.h of glibc
LIMIT = 1 << 30


def keep_freed_pages():
    """Tell glibc not to give freed buffers back, for fetching fresh pages takes longer than filtering them.

    Nothing happens where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LIMIT)
        mallopt(M_TRIM_THRESHOLD, LIMIT)
        mallopt(M_ARENA_MAX, 1)  # so that threads reuse what others have freed


def use_one_thread():
    """Keep OpenCV on one thread: steps are short, and threads that wait for the next cost more than they gain."""
    cv2.setNumThreads(1)

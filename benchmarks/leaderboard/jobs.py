"""Compute many things with all processors."""

import concurrent.futures
import multiprocessing
import os
import signal

import cv2


def outcomes(function, items, jobs):
    """Call a function for each item, in so many processes; 1 is this one.

    Yields
    ------
    item
        As they are done.
    object
        What the function returned, or the exception that it raised.

    Raises
    ------
    KeyboardInterrupt
        Calls that have begun are finished first; the others are never made.
    """
    if jobs == 1:
        pool = concurrent.futures.ThreadPoolExecutor(1)
    else:
        fresh = multiprocessing.get_context("spawn")  # a fork would copy locks that OpenCV's threads hold
        pool = concurrent.futures.ProcessPoolExecutor(jobs, fresh, initializer=_start_worker)
    try:
        waiting = {pool.submit(function, item): item for item in items}
        for future in concurrent.futures.as_completed(waiting):
            error = future.exception()
            if isinstance(error, KeyboardInterrupt):
                raise error
            yield waiting[future], error or future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker():
    """One thread for each process; an interrupt is for the first process to handle."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

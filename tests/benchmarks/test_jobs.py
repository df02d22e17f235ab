"""Many calls, some of which fail."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.leaderboard.jobs import outcomes


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failure_loses_nothing_else(jobs):
    found = dict(outcomes(math.sqrt, [4.0, -1.0, 9.0], jobs))
    assert found[4.0] == 2 and found[9.0] == 3
    assert isinstance(found[-1.0], ValueError)


def test_a_process_that_dies_is_a_failure_of_each_call_not_of_all():
    found = dict(outcomes(os._exit, [3, 4], 2))
    assert {type(error).__name__ for error in found.values()} == {"BrokenProcessPool"}


def test_one_job_is_this_process():
    assert dict(outcomes(lambda _: os.getpid(), ["here"], 1)) == {"here": os.getpid()}


def test_several_jobs_are_others():
    assert os.getpid() not in dict(outcomes(_process_of, range(3), 2)).values()


def _process_of(_):
    return os.getpid()


def test_what_falls_out_of_use_is_not_computed():
    called, first_is_done = [], threading.Event()

    def call(item):
        called.append(item)
        if item:
            first_is_done.wait(5)
        return item

    for item, _ in outcomes(call, range(50), 1):
        assert item == 0
        first_is_done.set()
        break
    assert len(called) < 50


def test_an_interrupt_is_no_failure_of_a_call():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dict(outcomes(stop, [1], 1))


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_reaches_the_first_process_only():
    code = (
        "import sys, time\n"
        "from benchmarks.leaderboard.jobs import outcomes\n"
        "print('ready', flush=True)\n"
        "try:\n"
        "    for _ in outcomes(time.sleep, [1, 2], 2):\n"
        "        print('one', flush=True)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(130)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout.readline() == "ready\n" and program.stdout.readline() == "one\n"
    time.sleep(0.2)  # one process waits for work, one works
    os.killpg(program.pid, signal.SIGINT)  # to all, as a terminal does
    _, err = program.communicate(timeout=30)
    assert program.returncode == 130 and err == ""

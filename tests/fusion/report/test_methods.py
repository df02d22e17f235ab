"""Methods that run in processes of their own."""

import numpy as np
import pytest

import fusion
from data import DataError, open_stack
from data.image import to_integers
from fusion.lineup import LINEUP
from fusion.report import methods
from fusion.report.contents import Failure
from fusion.report.methods import frames_on_disk, run_method


def no_progress(items, what):
    return items


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_result_is_that_of_the_library(focus_pair, dtype):
    frames = open_stack(to_integers(focus_pair, dtype))
    with frames_on_disk(frames, no_progress) as files:
        made = run_method("guided", LINEUP["guided"], files)
    assert made.pixels.dtype == dtype
    assert np.array_equal(made.pixels, to_integers(fusion.guided_fusion(frames), dtype))
    assert 0 < made.seconds < 60 and 20 < made.megabytes < 2000


def test_frames_are_gone_afterwards(focus_pair):
    with frames_on_disk(open_stack(focus_pair), no_progress) as files:
        assert [len(files), files[0].exists()] == [2, True]
    assert not files[0].parent.exists()


def test_memory_is_that_of_the_process_alone(focus_pair):
    held = np.ones((64, 1024, 1024))  # half a gigabyte, here
    with frames_on_disk(open_stack(focus_pair), no_progress) as files:
        made = run_method("mean", LINEUP["mean"], files)
    assert made.megabytes < 450 < held.nbytes / 1e6


def test_a_method_that_fails_says_why(focus_pair):
    with frames_on_disk(open_stack(focus_pair), no_progress) as files:
        files[1].write_bytes(b"no picture")
        failed = run_method("guided", LINEUP["guided"], files)
    assert isinstance(failed, Failure) and failed.title == LINEUP["guided"].title
    assert files[1].name in failed.reason and "\n" not in failed.reason


def test_packages_do_not_come_from_the_folder_of_the_user(focus_pair, tmp_path, monkeypatch):
    (tmp_path / "data.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with frames_on_disk(open_stack(focus_pair), no_progress) as files:
        assert not isinstance(run_method("mean", LINEUP["mean"], files), Failure)


def test_frames_for_which_there_is_no_room_are_refused(focus_pair, monkeypatch):
    usage = methods.shutil.disk_usage("/")
    monkeypatch.setattr(methods.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(DataError, match="TMPDIR"), frames_on_disk(open_stack(focus_pair), no_progress):
        pass

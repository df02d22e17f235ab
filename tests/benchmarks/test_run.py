"""What the benchmarks measure is what a program used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.run import in_turn, measure, on_this_machine, printed_by, with_saved

ROOT = Path(__file__).resolve().parents[2]
MEASURE = (
    "import json, sys; from benchmarks.run import measure; print(json.dumps(measure([sys.executable, *sys.argv[1:]])))"
)


def measured(code):
    """Measure a Python program from a small process: peak memory begins with that of the parent."""
    done = subprocess.run([sys.executable, "-c", MEASURE, "-c", code], cwd=ROOT, capture_output=True, check=True)
    return json.loads(done.stdout)


def test_memory_and_time_of_a_program():
    found = measured("import time; b = b'1' * 200_000_000; sum(range(3_000_000)); time.sleep(0.2)")
    assert 150 < found["peak_mb"] < 400
    assert found["cpu_s"] == pytest.approx(found["user_s"] + found["system_s"], abs=0.002)
    assert found["user_s"] > 0.01
    assert found["elapsed_s"] >= 0.2


def test_a_small_program_uses_little():
    assert measured("pass")["peak_mb"] < 100


def test_waiting_is_no_cpu_time():
    found = measured("import time; time.sleep(0.5)")
    assert found["cpu_s"] < 0.4 < found["elapsed_s"]


def test_a_program_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match="failed with status"):
        measure([sys.executable, "-c", "raise SystemExit(3)"])


def test_programs_run_in_turn_and_the_median_counts(monkeypatch):
    times = iter([5, 1, 4, 2, 9, 3])
    run = []
    monkeypatch.setattr("benchmarks.run.measure", lambda command: run.append(command) or {"cpu_s": next(times)})
    assert in_turn({"ours": "a", "theirs": "b"}, 3) == {"ours": {"cpu_s": 5}, "theirs": {"cpu_s": 2}}
    assert run == ["a", "b"] * 3


def test_parts_that_did_not_run_stay_as_they_are(tmp_path):
    path = tmp_path / "results.json"
    assert with_saved({"speed": {"a": 1}}, path) == {"speed": {"a": 1}}
    path.write_text(json.dumps({"speed": {"a": 1}, "quality": {"b": 2}}))
    assert with_saved({"speed": {"a": 3}}, path) == {"speed": {"a": 3}, "quality": {"b": 2}}
    kept = with_saved({"quality": "not at hand", "torch_cuda": "no CUDA device at hand"}, path)
    assert kept == {"speed": {"a": 1}, "quality": {"b": 2}, "torch_cuda": "no CUDA device at hand"}


def test_numbers_or_a_sentence_are_read_from_a_program():
    assert printed_by([sys.executable, "-c", "print('{\"a\": 1}')"]) == {"a": 1}
    assert printed_by([sys.executable, "-c", "print('\"nothing\"')"]) == "nothing"


def test_numbers_say_what_machine_they_come_from():
    told = on_this_machine({"speed": {"a": 1}, "torch_cuda": "no CUDA device at hand"})
    assert told["speed"]["a"] == 1 and "processor" in told["speed"]["machine"]
    assert told["torch_cuda"] == "no CUDA device at hand"

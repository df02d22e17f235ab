"""Run programs as processes of their own and measure them.

Nothing heavy is imported here: a child's peak memory as the system reports it begins with that of its parent.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def measure(command):
    """Run a command; return CPU seconds (user, system), elapsed seconds and peak memory in MB."""
    started = os.times().elapsed
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(map(str, command))} failed with status {status}")
    return {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "user_s": round(usage.ru_utime, 3),
        "system_s": round(usage.ru_stime, 3),
        "elapsed_s": round(os.times().elapsed - started, 3),
        "peak_mb": round(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6, 1),
    }


def in_turn(commands, repeats):
    """Measure several commands one after the other, again and again; return the run of median CPU time of each."""
    runs = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return {name: sorted(found, key=lambda run: run["cpu_s"])[len(found) // 2] for name, found in runs.items()}


def publish(found, path, save):
    """Print what was found as JSON; write it to a file too if it is to be saved."""
    text = json.dumps(found, indent=2)
    print(text)
    if save:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")


def publish_parts(found, path, save):
    """Print some parts of a benchmark; if they are to be saved, with the parts that the file holds already."""
    publish(with_saved(found, path) if save else found, path, save)


def saved(name):
    """Return what a benchmark found when it was last saved: results/NAME.json."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def printed_by(command):
    """Run a program that prints JSON: numbers, or a sentence that says why there are none."""
    return json.loads(subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE).stdout)


def on_this_machine(found):
    """Add to all numbers what machine they come from."""
    return {name: told if isinstance(told, str) else {"machine": machine()} | told for name, told in found.items()}


def with_saved(found, path):
    """Join what was found now with what a results file holds; a sentence takes the place of no numbers."""
    saved = json.loads(path.read_text()) if path.exists() else {}
    return saved | {name: told for name, told in found.items() if name not in saved or not isinstance(told, str)}


def machine():
    """Say what machine this is, in a few words."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    return {"processor": model, "cores": os.cpu_count(), "python": sys.version.split()[0], "system": sys.platform}

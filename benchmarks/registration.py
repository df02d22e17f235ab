"""Accuracy, speed and memory of registration beside others, and what it does to real stacks.

    python -m benchmarks.registration [--part motion real rest] [--repeats 3] [--stacks FOLDER] [--save]

motion: 10 and 40 frames of 12 megapixels whose motion is known. real: residuals in real stacks, for which FUSION_DATA is
needed. rest: stacks that need nothing. Programs run in turn, each as a whole process on one thread; CPU seconds are user
and system time together, and the run of median CPU time counts. Prints JSON; --save writes it to
benchmarks/results/registration.json too, where parts that did not run stay as they are. --stacks keeps the frames.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.guided import module
from benchmarks.run import in_turn, measure, on_this_machine, printed_by, publish_parts

RESULTS = Path(__file__).parent / "results" / "registration.json"
SINGLE = ["env", "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"]
COUNTS = (10, 40)
OURS = ("similarity", "affine", "homography", "similarity, each frame to the middle one")
PEERS = ("SIFT homographies", "OpenCV findTransformECC", "OpenCV AlignMTB")
HUGIN, READING = "align_image_stack", "reading"
HUGIN_OPTIONS = [
    "-m",
    "--use-given-order",
    "-f",
    "10",
]  # a narrow view: in a wide one, its model cannot shift a picture
COUNTED = (
    "cpu_s is the whole process; cpu_s_per_frame is that less the process 'reading', which starts Python and decodes "
    "every frame once, over the number of frames; align_image_stack starts no Python"
)


def programs(frames, folder):
    """Return the command lines of ours and of others, by name, and the file that each writes its motion to."""
    found = {}
    for name in (READING, *OURS, *PEERS):
        file = folder / f"{name}.json"
        found[name] = [*SINGLE, *module("aligners", name, frames, file)], file
    if shutil.which(HUGIN) and shutil.which("pano_trafo"):
        file = folder / f"{HUGIN}.pto"
        pictures = sorted(frames.glob("*.jpg"))
        found[HUGIN] = (
            [*SINGLE, "sh", "-c", 'exec "$@" 2> /dev/null', "sh", HUGIN, *HUGIN_OPTIONS, "-p", file, *pictures],
            file,
        )
    return found


def beside_reading(runs, count):
    """Add to the runs of all programs what each costs per frame beyond reading it."""
    floor = runs[READING]["cpu_s"]
    return {name: run | {"cpu_s_per_frame": round((run["cpu_s"] - floor) / count, 3)} for name, run in runs.items()}


def motion_of(count, stacks, folder, repeats):
    """Run all programs on a stack whose motion is known, and score what they find."""
    frames = stacks / f"moving{count}"
    subprocess.run(list(map(str, module("moving", frames, count))), check=True)
    found = programs(frames, folder)
    measure(found[READING][0])  # once, so that files are in the cache of the system
    runs = beside_reading(in_turn({name: command for name, (command, _) in found.items()}, repeats), count)
    files = [file for name, (_, file) in found.items() if name != READING]
    scores = printed_by(module("registration_scores", "motion", frames / "truth.json", *files))
    told = {name: run | as_entry(scores.get(name, {})) for name, run in runs.items()}
    return {HUGIN: "not at hand: install hugin-tools"} | told


def as_entry(told):
    """Put the sentence of a method that gave up in place of its scores."""
    return {"gave_up": told} if isinstance(told, str) else told


def motion(stacks, repeats):
    """Accuracy, speed and memory on known motion."""
    with tempfile.TemporaryDirectory() as folder:
        told = {f"{count}_frames": motion_of(count, stacks, Path(folder), repeats) for count in COUNTS}
    return {"motion": {"counted": COUNTED} | told}


def real(stacks, repeats):
    """Residuals in real stacks."""
    return {"real": printed_by(module("registration_scores", "real"))}


def rest(stacks, repeats):
    """What happens to stacks that need nothing."""
    return {"rest": printed_by(module("registration_scores", "rest"))}


PARTS = {"motion": motion, "real": real, "rest": rest}


def main(arguments=None):
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program (default: %(default)s)")
    parser.add_argument(
        "--stacks", type=Path, help="folder in which the frames of known motion are kept (default: none)"
    )
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    if args.save and "motion" in args.part and not shutil.which(HUGIN):
        parser.error("--save: install hugin-tools first, or name the other parts by --part; it would be missing")
    with tempfile.TemporaryDirectory() as folder:
        stacks, found = args.stacks or Path(folder), {}
        for part in args.part:
            found |= on_this_machine(PARTS[part](stacks, args.repeats))
    publish_parts(found, RESULTS, args.save)


if __name__ == "__main__":
    main()

"""Score every method of ours beside published results and controls.

Cells are computed by all processors, and kept in .benchmarks/ for each state of the code. Tables whose pictures are
not at hand are left out: set FUSION_DATA to the folder that holds lytro/, mfifb/, classic/ and mef/, or fetch them with
`fusion data fetch`. The table of scenes with a known answer needs nothing.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tqdm import tqdm

from benchmarks.leaderboard.assemble import as_text, assemble
from benchmarks.leaderboard.board import RESULTS, Board
from benchmarks.leaderboard.cells import EVERY, cells_of, failed, scores_of
from benchmarks.leaderboard.contests import CONTESTS, missing_sets
from benchmarks.leaderboard.jobs import outcomes
from benchmarks.leaderboard.rows import CONTROL, method_from

EXAMPLES = """\
examples:
  python -m benchmarks.leaderboard                                  all tables whose pictures are at hand
  python -m benchmarks.leaderboard --tables scenes                  one table
  python -m benchmarks.leaderboard --method my_method.py            with fuse(stack) of a file of yours
  python -m benchmarks.leaderboard --save                           write benchmarks/results/leaderboard.json
"""


def main(arguments=None):
    """Run, print, perhaps save.

    Returns
    -------
    int
        0; 1 if a method failed, a score of a method is not defined, or no table could be made; 130 if interrupted.
    """
    args = parse(arguments)
    try:
        return compare(args)
    except KeyboardInterrupt:
        print("stopped; scores computed so far are kept in .benchmarks/, and nothing was saved", file=sys.stderr)
        return 130


def compare(args):
    """Compute and print the tables whose pictures are at hand; save them if asked to."""
    tables = {}
    for name in args.tables:
        missing = missing_sets(CONTESTS[name])
        if missing:
            some = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
            print(
                f"{name}: left out, not at hand: {some}; set FUSION_DATA, or run `fusion data fetch`", file=sys.stderr
            )
            continue
        tables[name] = run(name, args.method, jobs=args.jobs, quiet=args.quiet)
        for storage in tables[name]["sections"]:
            print(f"\n{CONTESTS[name].title}, {storage}\n{Board(tables[name], storage)}")
    failures = [line for table in tables.values() for line in failures_of(table)]
    if args.save and tables:
        save(tables)
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 0 if tables and not failures else 1


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=list(CONTESTS),
        default=list(CONTESTS),
        metavar="TABLE",
        help=f"of {', '.join(CONTESTS)}",
    )
    parser.add_argument(
        "--method",
        nargs="+",
        default=[],
        metavar="FILE",
        help="Python files that define fuse(stack); what they import is not watched by the cache",
    )
    parser.add_argument("--save", action="store_true", help="put the tables into the results file")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes; 1 computes in this one"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(arguments)
    if args.jobs < 1:
        parser.error(f"--jobs must be 1 or more, got {args.jobs}")
    if args.save and args.method:
        parser.error("--save is for the methods of the library: run --method without it")
    for path in args.method:
        try:
            method_from(path)
        except ValueError as error:
            parser.error(str(error))
    names = [Path(path).name for path in args.method]
    if len(set(names)) < len(names):
        parser.error("--method: rows are called as the files, so no two files may have one name")
    return args


def run(name, extra=(), *, jobs=1, quiet=False):
    """Compute one table; a cell that fails leaves its scores out, and a reason in the table."""
    cells = list(cells_of(name, [Path(path).resolve() for path in extra]))
    bar = tqdm(outcomes(scores_of, cells, jobs), name, len(cells), unit="cell", disable=True if quiet else None)
    done = dict(bar)
    for cell, error in done.items():
        if isinstance(error, BaseException):
            done[cell] = failed(cell, error)
    return assemble(name, {cell: done[cell] for cell in cells})


def failures_of(table):
    """Lines about what failed, and about scores of methods that are not defined; controls may have such."""
    return [
        f"{hole['metric']} of {hole['row']} on {hole['set']}, {hole['storage']}: {hole['reason']}"
        for hole in table["undefined"]
        if hole["kind"] != CONTROL or hole["metric"] == EVERY
    ]


def save(tables):
    """Put tables into the results file, whole or not at all; others in it stay as they are."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else {}
    tables = kept | tables
    temporary = RESULTS.with_name(f".{RESULTS.name}")
    try:
        temporary.write_text(as_text({"tables": {name: tables[name] for name in CONTESTS if name in tables}}), "utf-8")
        temporary.replace(RESULTS)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())

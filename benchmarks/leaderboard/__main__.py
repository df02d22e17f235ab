"""Score every method of ours beside published results and controls.

Cells are computed by all processors, and kept in .benchmarks/ for each state of the code. Tables whose pictures are
not at hand are left out: set FUSION_DATA to the folder that holds lytro/, mfifb/, classic/ and mef/, or fetch them with
`fusion data fetch`. The table of scenes with a known answer needs nothing.
"""

import argparse
import concurrent.futures
import json
import os
import sys
from pathlib import Path

from benchmarks.leaderboard.assemble import assemble
from benchmarks.leaderboard.board import RESULTS, Board
from benchmarks.leaderboard.cells import cells_of, scores_of
from benchmarks.leaderboard.contests import CONTESTS, missing_sets
from benchmarks.leaderboard.rows import CONTROL, method_from
from data.io import save_json

EXAMPLES = """\
examples:
  python -m benchmarks.leaderboard                                  all tables whose pictures are at hand
  python -m benchmarks.leaderboard --tables scenes                  one table
  python -m benchmarks.leaderboard --method my_method.py            with fuse(stack) of a file of yours
  python -m benchmarks.leaderboard --save                           write benchmarks/results/leaderboard.json
"""


def main(arguments=None):
    """Run, print, perhaps save; return 1 if a method failed or a score of a method is not defined, else 0."""
    args = parse(arguments)
    tables, failures = {}, []
    for name in args.tables:
        missing = missing_sets(CONTESTS[name])
        if missing:
            print(
                f"{name}: left out, for {len(missing)} sets are not at hand: {', '.join(missing[:4])} ...",
                file=sys.stderr,
            )
            continue
        tables[name], failed = run(name, args.method, args.quiet)
        failures += failed
        for storage in tables[name]["sections"]:
            print(f"\n{CONTESTS[name].title}, {storage}\n{Board(tables[name], storage)}")
    if args.save:
        save(tables)
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


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
    parser.add_argument("--method", nargs="+", default=[], metavar="FILE", help="Python files that define fuse(stack)")
    parser.add_argument("--save", action="store_true", help="put the tables into the results file")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(arguments)
    if args.save and args.method:
        parser.error("--save is for the methods of the library: run --method without it")
    for path in args.method:
        try:
            method_from(path)
        except ValueError as error:
            parser.error(str(error))
    return args


def run(name, extra=(), quiet=False):
    """Compute one table; return it, and a list of what failed."""
    from tqdm import tqdm

    cells = list(cells_of(name, [Path(path).resolve() for path in extra]))
    found, failures = {}, []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = {pool.submit(scores_of, cell): cell for cell in cells}
        done = concurrent.futures.as_completed(waiting)
        for future in tqdm(done, name, len(cells), unit="cell", disable=True if quiet else None):
            cell = waiting[future]
            try:
                found[cell] = future.result()
            except Exception as error:
                failures.append(f"{cell.row} on {cell.set_name}: {type(error).__name__}: {error}")
    table = assemble(name, {cell: found[cell] for cell in cells if cell in found})
    failures += [
        f"{hole['metric']} of {hole['row']} on {hole['set']}: {hole['reason']}"
        for hole in table["undefined"]
        if hole["kind"] != CONTROL
    ]
    return table, failures


def save(tables):
    """Put tables into the results file; others in it stay as they are."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["tables"] if RESULTS.exists() else {}
    save_json(
        {"tables": {name: (kept | tables)[name] for name in CONTESTS if name in kept | tables}}, RESULTS, force=True
    )


if __name__ == "__main__":
    sys.exit(main())

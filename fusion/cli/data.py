"""The command ``fusion data``: list data sets, find them on this computer, fetch them."""

import argparse
import sys

from data import datasets

EXAMPLES = """examples:
  fusion data list --kind multi-focus
  fusion data list | grep mef/
  fusion data fetch lytro/01 mef/candle
  fusion data where lytro/01

A set is looked for in the folder that FUSION_DATA names, then in the download cache (FUSION_CACHE moves it).
Downloads come from GitHub, or from the address in FUSION_MIRROR, and are checked against known sha256 sums.
"""


def add_parser(subparsers):
    """Add the command to the program."""
    parser = subparsers.add_parser(
        "data",
        help="list, find and download the data sets",
        description="List the data sets of the book, find them on this computer, download them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="print a table of all sets, their terms, and where they are")
    listing.add_argument("--kind", help="multi-focus, focal-stack, multi-exposure, fused or training")
    listing.set_defaults(action=list_sets)
    where = actions.add_parser("where", help="print the folder of a set")
    where.add_argument("name", metavar="NAME")
    where.set_defaults(action=print_folder)
    fetch = actions.add_parser("fetch", help="download sets that are missing or damaged in the cache")
    fetch.add_argument("names", metavar="NAME", nargs="+")
    fetch.set_defaults(action=fetch_sets)
    parser.set_defaults(run=run)


def run(args):
    """Do what the action says."""
    args.action(args)


def list_sets(args):
    """Print one line per set."""
    rows = [("name", "kind", "frames", "pixels", "MB", "where", "terms")]
    rows += [_row(name) for name in datasets.names(args.kind)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    cells = ([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]] for row in rows)
    print("\n".join("  ".join(line) for line in cells))


def _row(name):
    told = datasets.describe(name)
    pixels = "{}x{}".format(*told["size"])
    megabytes = f"{told['bytes'] / 1e6:.2f}" if told["bytes"] else "-"
    return (name, told["kind"], str(told["frames"]), pixels, megabytes, datasets.place(name), told["terms"])


def print_folder(args):
    """Print where a set is."""
    print(datasets.where(args.name))


def fetch_sets(args):
    """Download sets; print their folders."""
    for name in args.names:
        print(datasets.fetch(name, progress=sys.stderr.isatty()))

"""fusion evaluate: score fused pictures beside what no method made."""

import argparse
import itertools
import sys
from pathlib import Path

from data import DataError, open_stack
from data.io import check_output, save_json
from fusion.cli.pictures import progress_bar

DESCRIPTION = """\
Score fused pictures by every metric that is defined for the sources, beside controls that no method made: each source
alone, the mean, a random pixel, the defocused side. With the true picture, PSNR and SSIM too. Pictures are measured as
256 gray levels, but for PSNR and SSIM."""
EXAMPLES = """\
examples:
  fusion evaluate near.jpg far.jpg --fused sharp.jpg
  fusion evaluate near.png far.png --fused ours.png theirs.png --truth scene.png --json scores.json
  fusion evaluate bracket/ --fused result.png --metrics MEF-SSIM Q_G

An arrow says whether more or less is better. Q_MI, Q_NCIE and Q_Y are won by copying one source: read them beside Q_G
or Q_CB. SF, AG, SD, EN and EI rise with noise and sharpening.
"""
LOSSY = {".jpg", ".jpeg", ".webp"}


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score fused pictures, beside controls",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a folder, a multi-page TIFF, or the frames")
    parser.add_argument("--fused", nargs="+", required=True, metavar="FUSED", help="one result or several")
    parser.add_argument("--truth", metavar="TRUTH", help="the picture as it should be")
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help="by default all but MEF-SSIM")
    parser.add_argument("--no-controls", dest="controls", action="store_false", help="score the results alone")
    parser.add_argument("--json", metavar="FILE", help="write the scores to a .json file too")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no notes")
    parser.set_defaults(run=run)


def run(args):
    """Score, print, perhaps write."""
    if args.json:
        check_output(args.json, force=args.force, endings={".json"})
    from fusion import evaluate

    sources = args.sources[0] if len(args.sources) == 1 else args.sources
    table = evaluate(
        open_stack(sources, exclude=args.fused),
        {name: _picture(path) for name, path in _names(args.fused).items()},
        _picture(args.truth) if args.truth else None,
        metrics=args.metrics,
        controls=args.controls,
        progress=progress_bar(args, "picture"),
    )
    print(table)
    if not args.quiet:
        _print_notes(table, args.fused)
    if args.json:
        told = {"sources": args.sources, "fused": args.fused, "truth": args.truth}
        save_json(told | table.as_dict(), args.json, force=args.force)
    _check_results(table)


def _picture(path):
    """Read one picture."""
    stack = open_stack([path])
    if len(stack) != 1:
        raise DataError(f"{path}: holds {len(stack)} pictures; a result is one")
    return stack[0]


def _names(paths):
    """Name results as briefly as they differ: by stems, file names or whole paths."""
    for name_of in (lambda path: Path(path).stem, lambda path: Path(path).name, str):
        named = {name_of(path): path for path in paths}
        if len(named) == len(paths):
            return named
    raise DataError(f"--fused names a file twice: {' '.join(paths)}")


def _print_notes(table, fused):
    for reason, undefined in itertools.groupby(table.undefined, key=lambda score: score.reason):
        print(f"– {', '.join(score.name for score in undefined)}: {reason}", file=sys.stderr)
    lossy = [path for path in fused if Path(path).suffix.lower() in LOSSY]
    if lossy and len(lossy) < len(fused):
        print(
            f"note: {', '.join(lossy)} went through lossy compression, the others did not; that alone costs 0.03 to "
            "0.06 of Q_MI and 0.01 of Q_G: compare results that are stored alike",
            file=sys.stderr,
        )


def _check_results(table):
    """Raise an error at the end if a score of a result is missing."""
    results = {row.name for row in table.rows if row.kind == "result"}
    missing = [f"{score.metric} of {score.name}" for score in table.undefined if score.name in results]
    if missing:
        raise ValueError(f"not defined: {', '.join(missing)}; leave these out of averages")

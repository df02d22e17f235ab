"""fusion evaluate: score fused pictures beside what no method made."""

import argparse
import itertools
import sys
from pathlib import Path

from data import DataError, open_stack
from data.io import check_output, save_json
from data.paths import real_path
from fusion.cli.pictures import explain_data_sets, progress_bar
from fusion.table import RESULT, Table

DESCRIPTION = """\
Score fused pictures by every metric that is defined for the sources, beside
controls that no method made: each source alone, the mean, a random pixel, the
defocused side. With the true picture, PSNR and SSIM too. Pictures are measured
as 256 gray levels, but for PSNR and SSIM."""
EXAMPLES = """\
examples:
  fusion evaluate near.jpg far.jpg --fused sharp.jpg
  fusion evaluate near.png far.png --fused ours.png theirs.png --truth scene.png
  fusion evaluate bracket/ --fused result.png --metrics MEF-SSIM Q_G
  fusion evaluate focus/*.jpg --fused sharp.jpg --json scores.json

metrics:
  two or more sources  Q_MI Q_NCIE Q_G Q_G_2003 Q_P Q_W Q_E Q_CB Q_CV VIFF
  two sources          Q_Y Q_C SCD
  the result alone     SF AG SD EN EI
  exposures            MEF-SSIM
  with --truth         PSNR SSIM

An arrow says whether more or less is better. Q_MI, Q_NCIE and Q_Y are won by
copying one source: read them beside Q_G or Q_CB. SF, AG, SD, EN and EI rise
with noise and sharpening.
"""
PLAIN = str.maketrans({"↑": "^", "↓": "v", "–": "-"})  # for an output that has no arrows
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
    parser.add_argument(
        "--fused", nargs="+", required=True, metavar="FUSED", help="one result or several; no sources, even if named so"
    )
    parser.add_argument("--truth", metavar="TRUTH", help="the picture as it should be")
    parser.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="of those below; by default all but MEF-SSIM, above 4 megapixels without Q_P",
    )
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

    sources, named = _open_sources(args), _names(args.fused)
    table = evaluate(
        sources,
        named,
        args.truth,
        metrics=args.metrics,
        controls=args.controls,
        progress=progress_bar(args, "picture"),
    )
    table = _as_stored(table, named)
    _print(table)
    if not args.quiet:
        _print_notes(table, args)
    if args.json:
        told = {"sources": args.sources, "fused": args.fused, "truth": args.truth}
        save_json(told | table.as_dict(), args.json, force=args.force)
    _check_results(table)


def _open_sources(args):
    """Open the sources; results and the truth, which may lie beside them, are none."""
    explain_data_sets(args.sources)
    if len({real_path(path) for path in args.sources}) < len(args.sources):
        raise DataError(f"a source is named twice: {' '.join(args.sources)}; name it once")
    stack = open_stack(args.sources[0] if len(args.sources) == 1 else args.sources, exclude=_others(args))
    if len(stack) < 2:
        raise DataError(
            f"{stack.names[0]}: is the only source; give two or more, not counting pictures that --fused or --truth name"
        )
    return stack


def _others(args):
    return [*args.fused, *([args.truth] if args.truth else [])]


def _names(paths):
    """Name results as briefly as they differ: by stems, file names, or the ends of their paths."""
    absolute = [Path(path).absolute() for path in paths]
    if len({real_path(path) for path in absolute}) < len(paths):
        raise DataError(f"--fused names a file twice: {' '.join(paths)}; name it once")
    longest = max(len(path.parts) for path in absolute)
    ends = (["/".join(path.parts[-count:]) for path in absolute] for count in range(1, longest + 1))
    candidates = itertools.chain([[path.stem for path in absolute]], ends)
    names = next(names for names in candidates if len(set(names)) == len(names))
    return dict(zip(names, paths, strict=True))


def _as_stored(table, named):
    """Say of each result how its file holds it, if they differ: those are not compared."""
    stored = {name: "lossy" if _is_lossy(path) else "lossless" for name, path in named.items()}
    if len(set(stored.values())) == 1:
        return table
    rows = [row._replace(stored=stored[row.name]) if row.kind == RESULT else row for row in table.rows]
    return Table(rows, lower=table.lower, undefined=table.undefined)


def _is_lossy(path):
    return Path(path).suffix.lower() in LOSSY


def _print(table):
    """Print the table, in what letters the output has."""
    text = str(table)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(PLAIN)
    print(text)


def _print_notes(table, args):
    for reason in dict.fromkeys(score.reason for score in table.undefined):
        print(f"– {', '.join(s.name for s in table.undefined if s.reason == reason)}: {reason}", file=sys.stderr)
    others = {real_path(path) for path in _others(args)}
    for path in args.sources:
        if real_path(path) in others:
            print(f"note: {path} is given as a result or the truth too, and was not taken as a source", file=sys.stderr)
    from fusion.metrics import TRUTH

    if args.truth and args.metrics and not TRUTH.keys() & set(args.metrics):
        print("note: --truth is for PSNR and SSIM only; name them in --metrics too", file=sys.stderr)
    if any(row.stored for row in table.rows):
        lossy = filter(_is_lossy, args.fused)
        print(
            f"note: {', '.join(lossy)} went through lossy compression, the others did not; that alone changes every "
            "score: compare results that are stored alike",
            file=sys.stderr,
        )


def _check_results(table):
    """Raise an error at the end if a score of a result is missing."""
    results = {row.name for row in table.rows if row.kind == RESULT}
    missing = [f"{score.metric} of {score.name}" for score in table.undefined if score.name in results]
    if missing:
        raise ValueError(f"not defined: {', '.join(missing)}; leave these out of averages")

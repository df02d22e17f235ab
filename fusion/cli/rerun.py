"""fusion rerun: make the result of a report again, byte for byte."""

import argparse
import sys
from pathlib import Path

from data import DataError, open_stack
from fusion.cli import stack
from fusion.cli.pictures import tell
from fusion.cli.report import PICTURES, alignment_of, hash_of, read_report, slab_number, versions
from fusion.cli.slabs import parse_slab
from fusion.stacking import check_options

DESCRIPTION = """\
Make the result of "fusion stack --json REPORT" again: of the same frames, with the same options and the same transforms,
for nothing is estimated anew. Whether it has the same bytes is told."""
EXAMPLES = """\
examples:
  fusion stack beetle/ -o beetle.tif --json beetle.json
  fusion rerun beetle.json -o again.tif
  fusion rerun beetle.json --force --depth-map depth.png

Frames are looked for where they were when the report was written: at the path as it was given, seen from the current
folder; at the absolute path; and beside the report. One that has changed since is an error. With other versions of this
program, or of what it is built on, a warning is given, and the result may have other bytes; with the same ones, other
bytes are an error. Depth map and index are written only if they are asked for here.
"""
TAKEN_OVER = ("depth_map", "index", "json", "ram", "jobs", "force", "quiet")  # options of this run, not of the report


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "rerun",
        help="make the result of a report again",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("report", metavar="REPORT", help="a .json file that --json of fusion stack wrote")
    parser.add_argument("-o", "--output", metavar="OUT", help="result (default: as the report has it)")
    parser.add_argument("--depth-map", metavar="FILE", help="write the depth map too")
    parser.add_argument("--index", metavar="FILE", help="write the index too")
    parser.add_argument("--json", metavar="REPORT", help="write a report of this run too")
    stack.add_power_arguments(parser)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no closing line")
    parser.set_defaults(run=run)


def run(args):
    """Check that all is as it was, fuse again, compare."""
    stack.check_jobs(args.jobs)
    report = read_report(args.report)
    output = _output(report, args)
    alignment = alignment_of(report, args.report)
    again = _arguments(report, output, args)
    is_same_version = _compare_versions(report, args.report)
    _check_depth(again, args.report)
    stack.run_stack(again, alignment, exact=True)
    _compare_results(report, output, args, is_same_version)


def _output(report, args):
    """Return where the result goes; of another format, it could not have the same bytes."""
    output, before = Path(args.output or report["output"]), Path(report["output"])
    if output.suffix.lower() != before.suffix.lower():
        raise DataError(f"{output}: is to be the same file as {before}; give it the ending {before.suffix}")
    return output


def _arguments(report, output, args):
    """Return the arguments of `fusion stack` that a report tells of."""
    parser = argparse.ArgumentParser()
    stack.add_parser(parser.add_subparsers(dest="command"))
    again = vars(parser.parse_args(["stack", "FRAMES", "--output", "OUT"]))
    again |= report["parameters"] | {"slab": _slab(report, args.report)}
    again |= {name: getattr(args, name) for name in TAKEN_OVER}
    return argparse.Namespace(**again | {"paths": _frames(report, Path(args.report)), "output": str(output)})


def _check_depth(again, path):
    """Raise a DataError if frames are too small for the levels that a report tells of."""
    frames = open_stack(again.paths, tolerant=True)
    try:
        check_options(frames.shape[1:], levels=again.depth)
    except ValueError as error:
        raise DataError(f"{path}: is damaged: parameters.depth: {error}") from None


def _slab(report, path):
    text = report["parameters"]["slab"]
    try:
        return None if text is None else parse_slab(text)
    except argparse.ArgumentTypeError as error:
        raise DataError(f"{path}: is damaged: parameters.slab: {error}") from None


def _frames(report, path):
    """Return where the frames of a report are now."""
    return [str(_find(entry, path)) for entry in report["inputs"]]


def _find(entry, report):
    """Return the path of a frame that is as it was, or raise a DataError."""
    given, absolute = Path(entry["path"]), Path(entry["absolute"])
    places = [given, absolute, report.parent / given, report.parent / given.name]
    found = [place for place in places if place.is_file()]
    if not found:
        folders = " ".join(dict.fromkeys(str(place.parent) for place in places))
        raise DataError(f"{given}: is a frame of {report} and is missing; put it back, in one of the folders {folders}")
    same = (place for place in found if entry["sha256"] in (None, hash_of(place)))
    unchanged = next(same, None)
    if unchanged is None:
        raise DataError(
            f"{found[0]}: has changed since {report} was written; put back the file of {entry['bytes']} bytes that it "
            "was, or fuse the frames anew"
        )
    return unchanged


def _compare_versions(report, path):
    """Tell whether versions are those of a report; warn if they are not."""
    here, there = versions(), report["versions"]
    others = [name for name in here if there.get(name) != here[name]]
    if others:
        told = ", ".join(f"{name} {there.get(name)} (here {here[name]})" for name in others)
        print(f"{path}: was written with {told}; the result may have other bytes", file=sys.stderr)
    return not others


def _compare_results(report, output, args, is_same_version):
    """Say whether the pictures have the bytes that a report tells of."""
    expected = {path: entry["sha256"] for path, entry in _pictures(report, output)}
    other = [path for path, digest in expected.items() if hash_of(path) != digest]
    if not other:
        tell(
            args, f"{output}: {'has' if len(expected) == 1 else 'all slabs have'} the bytes that {args.report} tells of"
        )
    elif is_same_version:
        raise DataError(
            f"{other[0]}: was written, but not with the bytes that {args.report} tells of, though frames, options and "
            "versions are the same; compare the pictures: another processor may round otherwise, and so may a program "
            "whose code was changed (the number of threads makes no difference)"
        )
    else:
        print(f"{other[0]}: has not the bytes that {args.report} tells of, as versions differ", file=sys.stderr)


def _pictures(report, output):
    """Yield the path that each picture of a report has in this run, and what the report holds of it."""
    for entry in report["outputs"]:
        if entry["role"] in PICTURES:
            number = slab_number(entry["path"], report["output"])
            yield output.with_name(f"{output.stem}{number}{output.suffix}"), entry

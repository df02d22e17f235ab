"""fusion compare: every method that fits, on one's own frames, in one page of HTML."""

import argparse
import shlex
from pathlib import Path

from data.io import check_output, replacing
from fusion.cli.aligning import add_align_arguments, aligned_frames, is_alignment_wanted, with_model
from fusion.cli.pictures import check_is_no_frame, open_paths, progress_bar, tell

DESCRIPTION = """\
Fuse frames by every method that fits them, and write one page that compares the results: side by side and one over the
other, magnified together; where they differ most; time, memory and scores; and which one to take, with reasons that
were measured on these frames. The page is one file of less than 15 MB, which needs no network."""
EXAMPLES = """\
examples:
  fusion compare macro/ -o report.html
  fusion compare dark.jpg middle.jpg bright.jpg -o report.html
  fusion compare tripod/ -o report.html --align none --force

Frames are aligned first, and cropped to what all of them show; those of which no trustworthy motion is found are left
out and named. The aligned frames are kept in a temporary folder while the command runs; the variable TMPDIR says where.
Large pictures are shown reduced, so that the page stays small; the places where results differ are shown in full size.
"fusion fuse" chooses by the same rule, and makes that one picture.
"""
DEFAULT_MODEL = "similarity"
LEFT_OUT = "it cannot be read, is of another size, or no trustworthy motion was found"
ENDINGS = {".html", ".htm"}


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "compare",
        help="every method that fits, on one's own frames, in one page of HTML",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder, a multi-page TIFF, or the frames")
    parser.add_argument("-o", "--output", required=True, metavar="REPORT", help="the page: .html")
    add_align_arguments(parser, default=DEFAULT_MODEL, then="; crops them, and harms nothing that is aligned")
    parser.add_argument("--force", action="store_true", help="replace REPORT if it exists")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no closing lines")
    parser.set_defaults(run=run)


def run(args):
    """Align, fuse by every method, score, and write the page."""
    check_output(args.output, force=args.force, endings=ENDINGS)
    check_is_no_frame(args.paths, Path(args.output))
    args = with_model(args, DEFAULT_MODEL)
    progress = progress_bar(args)
    given = open_paths(args, tolerant=is_alignment_wanted(args))
    stack, kept = aligned_frames(given, args, progress=progress)
    from fusion.report import compare, page_of

    report = compare(
        stack,
        title=f"Comparison of fusion methods: {_title(args.paths)}",
        alignment=_alignment_note(args, given, stack),
        left_out=[(name, LEFT_OUT) for k, name in enumerate(given.names) if k not in kept],
        frames=shlex.join(args.paths) if args.align == "none" else "aligned/*",
        progress=progress,
    )
    page = page_of(report)
    with replacing(args.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    tell(args, report.advice)
    for reason in report.reasons:
        tell(args, reason)
    tell(args, f"{args.output}: {len(report.results)} methods on {len(stack)} frames, {len(page) / 1e6:.1f} MB")


def _title(paths):
    """Name the frames: by their folder, or the first of them."""
    path = Path(paths[0]).absolute()
    return path.name if path.is_dir() or len(paths) == 1 else f"{path.name} and {len(paths) - 1} more"


def _alignment_note(args, given, stack):
    """Say what was done to the frames, and how to do it again."""
    if args.align == "none":
        return "The frames were fused as they lie."
    words = ["fusion", "align", *args.paths, "-o", "aligned/", "--crop"]
    words += [] if args.transforms is None else ["--transforms", args.transforms]
    if args.transforms is None and args.align not in (None, DEFAULT_MODEL):
        words += ["--model", args.align]
    height, width = stack.shape[1:3]
    return (
        f"The frames were aligned and cut to the {width} × {height} pixels that all {len(stack)} show. The commands below "
        f"take them from the folder aligned/, which this command writes: {shlex.join(words)} . JPEG and WebP "
        "frames lose a little when they are written there."
    )

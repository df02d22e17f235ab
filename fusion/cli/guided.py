"""fusion guided: fuse frames by guided filtering."""

import argparse

from fusion.cli.aligning import add_align_arguments, aligned_frames, is_alignment_wanted
from fusion.cli.pictures import add_picture_arguments, open_frames, progress_bar, radius_and_eps, save_result
from fusion.guided import GUIDES, guided_fusion

DESCRIPTION = """\
Fuse aligned frames of different focus or exposure by guided filtering (Li, Kang, Hu 2013).
Frames must lie on top of each other; --align brings those that do not together. Bit depth, colour profile and EXIF of
the first frame are kept (in TIFF: make, model, date and resolution)."""
EXAMPLES = """\
examples:
  fusion guided near.jpg far.jpg -o sharp.jpg
  fusion guided bracket/ -o fused.tif --base 100 0.3 --detail 15 1e-6
  fusion guided stack.tif -o sharp.tif --guide rgb --force
  fusion guided focus/ -o sharp.jpg --align similarity
  fusion guided red/ -o red.tif --align similarity --transforms motion.json
  fusion guided green/ -o green.tif --transforms motion.json

With --align, frames of which no trustworthy motion is found are left out and named. A file of --transforms that exists
is applied, and nothing is estimated; it may come from "fusion align" too.
"""


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "guided",
        help="guided-filter fusion of a focus series or an exposure bracket",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_picture_arguments(parser)
    two = {"nargs": 2, "metavar": ("RADIUS", "EPS")}
    parser.add_argument("--base", default=(45, 0.3), **two, help="filter of the base weights (default: 45 0.3)")
    parser.add_argument("--detail", default=(7, 1e-6), **two, help="filter of the detail weights (default: 7 1e-6)")
    parser.add_argument(
        "--guide", choices=sorted(GUIDES), default="gray", help="what guides the weights (default: gray)"
    )
    add_align_arguments(parser)
    parser.set_defaults(run=run)


def run(args):
    """Align if asked to, fuse and save."""
    base = radius_and_eps(*args.base, "--base")
    detail = radius_and_eps(*args.detail, "--detail")
    progress = progress_bar(args)
    stack, _ = aligned_frames(open_frames(args, tolerant=is_alignment_wanted(args)), args, progress=progress)
    fused = guided_fusion(stack, base=base, detail=detail, guide=args.guide, progress=progress)
    save_result(fused, stack, args)

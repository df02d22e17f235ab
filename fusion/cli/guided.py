"""fusion guided: fuse frames by guided filtering."""

import argparse

from fusion.cli.pictures import add_picture_arguments, open_frames, progress_bar, radius_and_eps, save_result
from fusion.guided import GUIDES, guided_fusion

DESCRIPTION = """\
Fuse aligned frames of different focus or exposure by guided filtering (Li, Kang, Hu 2013).
Frames must lie on top of each other. Bit depth, colour profile and EXIF of the first frame are kept (in TIFF: make,
model, date and resolution)."""
EXAMPLES = """\
examples:
  fusion guided near.jpg far.jpg -o sharp.jpg
  fusion guided bracket/ -o fused.tif --base 100 0.3 --detail 15 1e-6
  fusion guided stack.tif -o sharp.tif --guide rgb --force
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
    parser.set_defaults(run=run)


def run(args):
    """Fuse and save."""
    base = radius_and_eps(*args.base, "--base")
    detail = radius_and_eps(*args.detail, "--detail")
    stack = open_frames(args)
    fused = guided_fusion(stack, base=base, detail=detail, guide=args.guide, progress=progress_bar(args))
    save_result(fused, stack, args)

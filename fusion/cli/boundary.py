"""fusion boundary: fuse frames of different focus by networks that are trained for the boundary of what is in focus."""

import argparse
from pathlib import Path

import numpy as np

from data import DataError, save
from data.io import check_output, check_size
from fusion.boundary.decide import SMALLEST
from fusion.cli.aligning import add_align_arguments, aligned_frames, is_alignment_wanted
from fusion.cli.maps import WHITE
from fusion.cli.outputs import check_names_are_apart
from fusion.cli.pictures import (
    add_picture_arguments,
    check_is_no_frame,
    check_is_not_black,
    open_paths,
    progress_bar,
    save_result,
)
from fusion.version import VERSION

DESCRIPTION = """\
Fuse aligned frames of different focus by networks that tell which frame is in focus in each pixel, and look again near
the boundary between focused and defocused (Ma, Zhang, Liu, Liao 2019). Every pixel is copied from one frame as it is.
Frames must lie on top of each other and be of like exposure; --align brings those together that do not. Bit depth,
colour profile and EXIF of the first frame are kept (in TIFF: make, model, date and resolution)."""
EXAMPLES = """\
examples:
  fusion boundary near.jpg far.jpg -o sharp.jpg
  fusion boundary focus/ -o sharp.tif --decision-map decision.png
  fusion boundary near.tif far.tif -o sharp.tif --blend pyramid
  fusion boundary near.jpg far.jpg -o sharp.png --network resnet56 --smallest 0
  fusion boundary focus/ -o sharp.jpg --align similarity

In the decision map, frame k of N, counted from 0 among those that are fused, has the gray value k / (N - 1): 0 is black
and 1 is white, as in the depth map of "fusion stack", but nothing is smoothed. As .png or .tif it has 16 bits and is
exact; .jpg and .webp come near. With --align, frames of which no trustworthy motion is found are left out and named. A
file of --transforms that exists is applied, and nothing is estimated; it may come from "fusion align" too.
"""


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "boundary",
        help="a focus series by networks that look again at the boundary of what is in focus",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_picture_arguments(parser, replaced="OUT and the decision map if they exist, but never a frame")
    parser.add_argument(
        "--decision-map",
        metavar="FILE",
        help="a gray picture: black where a pixel comes from the first frame, white from the last; see below",
    )
    parser.add_argument(
        "--network",
        default="compact",
        metavar="NAME",
        help="compact, ours, or resnet56, the paper's, which takes far longer (default: %(default)s)",
    )
    parser.add_argument(
        "--no-refine", dest="refine", action="store_false", help="do not look again near the boundary; faster"
    )
    parser.add_argument(
        "--blend",
        default="copy",
        metavar="HOW",
        help="copy pixels, or mix the frames by pyramid: nearer to the truth where a blurred foreground spreads over "
        "what is behind it, but no pixel is that of a frame (default: %(default)s)",
    )
    parser.add_argument(
        "--smallest",
        type=float,
        metavar="SHARE",
        help="of the picture: a smaller region of the decision is removed if the network is not sure of it; 0 keeps all "
        f"(default: {SMALLEST:g})",
    )
    add_align_arguments(parser)
    parser.set_defaults(run=run)


def run(args):
    """Align if asked to, decide or blend, and save."""
    _check_options(args)
    stack, progress = _open_frames(args), progress_bar(args)
    stack, _ = aligned_frames(stack, args, progress=progress)
    for _, path in _outputs(args):
        check_size(path, stack.shape[1:])
    save_result(FUSE[args.blend](stack, args, progress), stack, args)


def _blended(stack, args, progress):
    """Mix the frames by pyramid."""
    from fusion.boundary.fuse import boundary_fusion

    return boundary_fusion(stack, network=args.network, refine=args.refine, blend="pyramid", progress=progress)


def _copied(stack, args, progress):
    """Decide once; write the decision if asked to, and return the picture that is copied by it."""
    from fusion.boundary.fuse import boundary_decision
    from fusion.weights import copied

    smallest = SMALLEST if args.smallest is None else args.smallest
    options = {"network": args.network, "refine": args.refine, "smallest": smallest}
    labels = boundary_decision(stack, **options, progress=progress)
    fused = copied(stack, labels, progress=progress)
    if args.decision_map is not None:
        check_is_not_black(fused, stack, args)
        made_by = f"fusion {args.command} {VERSION}"
        save(_as_gray(labels, len(stack)), args.decision_map, force=args.force, made_by=made_by)
    return fused


FUSE = {"copy": _copied, "pyramid": _blended}


def _as_gray(labels, count):
    """Spread frame numbers evenly from black, the first frame, to white, the last one; uint16."""
    return np.rint(np.linspace(0, WHITE, count)).astype(np.uint16)[labels]


def _check_options(args):
    """Raise a ValueError if an option is out of range, or contradicts another one, before a picture is opened."""
    from fusion.boundary.networks import check_network

    check_network(args.network)
    if args.blend not in FUSE:
        raise DataError(f"--blend must be {' or '.join(FUSE)}, got {args.blend}")
    if args.smallest is not None and not 0 <= args.smallest < 1:
        raise DataError(f"--smallest takes a share of the picture, 0 or more and less than 1, got {args.smallest:g}")
    if args.blend == "pyramid":
        _check_blending(args)


def _check_blending(args):
    """Raise a DataError if something is asked for that blending cannot give."""
    decisions = {
        "--decision-map": args.decision_map is not None,
        "--smallest": args.smallest is not None,
    }
    if useless := " ".join(option for option, is_given in decisions.items() if is_given):
        raise DataError(
            f"--blend pyramid mixes the frames, so that pixels come from no single one, and nothing is left to do for "
            f"{useless}; leave it out, or use --blend copy"
        )
    if args.network != "compact":
        raise DataError(f"--blend pyramid needs --network compact, for {args.network} does not look at bands of detail")


def _open_frames(args):
    """Open the frames, after checking that all files may be written; none of these is a frame."""
    outputs = _outputs(args)
    transforms = [] if args.transforms is None else [("--transforms", args.transforms)]
    check_names_are_apart(outputs + transforms, "name")
    paths = [path for _, path in outputs]
    for path in paths:
        check_output(path, force=args.force)
        check_is_no_frame(args.paths, Path(path))
    return open_paths(args, exclude=paths, tolerant=is_alignment_wanted(args))


def _outputs(args):
    """List the options that name a picture to be written, and the pictures."""
    named = (("-o", args.output), ("--decision-map", args.decision_map))
    return [(option, path) for option, path in named if path is not None]

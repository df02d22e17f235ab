"""fusion exposure: fuse an exposure bracket by contrast, saturation and well-exposedness."""

import argparse

from data import DataError
from fusion.cli.aligning import add_align_arguments, aligned_frames, is_alignment_wanted
from fusion.cli.pictures import add_picture_arguments, find_frame, open_frames, progress_bar, save_result, tell
from fusion.exposure import check_options, exposure_fusion
from fusion.pyramid import check_levels

DESCRIPTION = """\
Fuse frames of different exposure (Mertens, Kautz, Van Reeth 2007): every pixel counts by its contrast, its saturation
and how well it is exposed. Frames must lie on top of each other; --align brings those taken by hand together. Bit
depth, colour profile and EXIF of the first frame are kept (in TIFF: make, model, date and resolution)."""
EXAMPLES = """\
examples:
  fusion exposure dark.jpg middle.jpg bright.jpg -o fused.jpg
  fusion exposure bracket/ -o fused.tif --align similarity --deghost
  fusion exposure bracket/ -o fused.jpg --deghost IMG_0042.jpg
  fusion exposure bracket/ -o vivid.jpg --saturation 2 --contrast 0
  fusion exposure one.jpg -o better.jpg --extended

A measure counts by its exponent: 0 leaves it out, 2 makes it count twice; from 0 to 4 makes sense. Exposedness is how
close a value is to middle gray. FRAME is the name of a file among the frames, or its number, beginning with 1;
--deghost without FRAME, or with auto, chooses one: put it after the frames then. Of one frame alone, --extended
brightens the shadows; only --sigma and --levels count then. With --align, frames of which no trustworthy motion is
found are left out and named. A file of --transforms that exists is applied, and nothing is estimated; it may come from
"fusion align" too.
"""
OPTIONS = ("contrast", "saturation", "exposedness", "sigma", "levels")  # as the methods have them, with their defaults


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "exposure",
        help="exposure fusion of a bracket",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_picture_arguments(parser)
    for name in ("contrast", "saturation", "exposedness"):
        default = "1, or 0 with --extended" if name == "exposedness" else "1"
        parser.add_argument(
            f"--{name}", type=float, metavar="EXPONENT", help=f"how much {name} counts (default: {default})"
        )
    parser.add_argument("--sigma", type=float, help="spread of well-exposed values around 0.5 (default: 0.2)")
    parser.add_argument("--levels", type=int, metavar="N", help="levels of detail (default: as in the paper)")
    parser.add_argument(
        "--extended",
        action="store_true",
        help="with smaller halos, and nothing out of range (Hessel, Morel 2020); takes one frame too",
    )
    parser.add_argument(
        "--deghost",
        nargs="?",
        const="auto",
        metavar="FRAME",
        help="where things move, show them as in FRAME, or as in one that is chosen",
    )
    add_align_arguments(parser)
    parser.set_defaults(run=run)


def run(args):
    """Align and deghost if asked to, fuse and save."""
    least = 1 if args.extended else 2
    stack = open_frames(args, least, tolerant=is_alignment_wanted(args))
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    _check(given, stack.shape[1:])
    reference = _reference(args.deghost, stack.names, args.paths)
    progress = progress_bar(args)
    names = stack.names
    stack, kept = aligned_frames(stack, args, least=least, progress=progress)
    if reference is not None:
        from fusion.deghost import best_exposed, deghosted

        chosen = best_exposed(stack, progress=progress) if reference == "auto" else _among(kept, reference, names)
        stack = deghosted(stack, chosen)
        tell(args, f"things that move are shown as in {stack.names[chosen]}")
    save_result(_method(args)(stack, **given, progress=progress), stack, args)


def _check(given, shape):
    """Raise a ValueError if an option is out of range, before frames are aligned, which may take long."""
    check_options(**{name: value for name, value in given.items() if name != "levels"})
    check_levels(given.get("levels"), shape)


def _method(args):
    if not args.extended:
        return exposure_fusion
    from fusion.extended_exposure import extended_exposure_fusion

    return extended_exposure_fusion


def _reference(wanted, names, paths):
    """Return what --deghost asks for: None, "auto", or the position of a frame."""
    if wanted in (None, "auto"):
        return wanted
    return find_frame(wanted, names, paths, "--deghost", ", or write --deghost behind the frames to have one chosen")


def _among(kept, reference, names):
    """Return where the frame that --deghost names stands among those that alignment kept."""
    if reference not in kept:
        raise DataError(f"--deghost {names[reference]}: was left out when the frames were aligned; choose another one")
    return kept.index(reference)

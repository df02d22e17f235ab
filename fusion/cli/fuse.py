"""fusion fuse: one picture of any stack, by the method that fits it."""

import argparse
import shlex

from fusion.cli.aligning import add_align_arguments, aligned_frames, is_alignment_wanted, with_model
from fusion.cli.pictures import add_picture_arguments, open_frames, progress_bar, save_result, tell

DESCRIPTION = """\
Fuse frames by the method that fits them: the frames are aligned, it is measured what they differ in, focus, exposure or
both, and what makes them hard to fuse, and the method is chosen by that. What was found is said in a few lines. Bit
depth, colour profile and EXIF of the first frame are kept (in TIFF: make, model, date and resolution)."""
EXAMPLES = """\
examples:
  fusion fuse macro/ -o sharp.tif
  fusion fuse bracket/*.jpg -o fused.jpg
  fusion fuse tripod/ -o fused.tif --align none

"fusion compare" chooses by the same rule, shows what every other method makes of the same frames, and what each costs.
The commands of the methods have more options: stack, boundary, guided and exposure. Frames of which no trustworthy
motion is found are left out and named.
"""
DEFAULT_MODEL = "similarity"


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "fuse",
        help="one picture of any stack, by the method that fits it",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_picture_arguments(parser)
    add_align_arguments(parser, default=DEFAULT_MODEL, then="; crops them, and harms nothing that is aligned")
    parser.set_defaults(run=run)


def run(args):
    """Align, choose a method, say why, fuse and save."""
    args = with_model(args, DEFAULT_MODEL)
    progress = progress_bar(args)
    stack, _ = aligned_frames(open_frames(args, tolerant=is_alignment_wanted(args)), args, progress=progress)
    from fusion.choice import choose
    from fusion.lineup import LINEUP
    from fusion.traits import measure_traits

    choice = choose(measure_traits(stack, progress=progress))
    method = LINEUP[choice.name]
    for line in [choice.advice, *choice.reasons, f"With more options: {_command(method, choice, args)}"]:
        tell(args, line)
    if choice.deghost:
        from fusion.deghost import deghosted

        stack = deghosted(stack, progress=progress)
    save_result(method.fuse(stack, progress), stack, args)


def _command(method, choice, args):
    """The command of the method, which has more options."""
    words = [*method.command.replace(" --align none", "").split(), *args.paths, "-o", args.output]
    words += ["--deghost"] if choice.deghost else []
    words += _alignment(args, by_default=DEFAULT_MODEL if words[1] == "stack" else "none")
    words += ["--quality", str(args.quality)] if args.quality != 95 else []
    return shlex.join([*words, "--force"])


def _alignment(args, by_default):
    """The options by which a command, that has a model by default, aligns frames as this one does, and crops them."""
    if args.transforms is not None:
        yield from ("--transforms", args.transforms)
    elif args.align != by_default:
        yield from ("--align", args.align)
    if args.align != "none" and by_default != "none":
        yield "--crop"

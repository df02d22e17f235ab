"""What commands share that align frames: their options, motion that is found or read, and what is told of it."""

import sys
from argparse import Namespace
from pathlib import Path

from data import DataError
from data.io import check_output
from fusion.cli.pictures import find_frame, size_of, tell

MODELS = ("similarity", "affine", "homography", "translation")
PLACES = ("middle", "first", "last")


def add_align_arguments(parser, default="none", then="; crops them"):
    """Add --align and --transforms to a command that fuses frames, with what it does if nothing is said."""
    parser.add_argument(
        "--align",
        choices=(*MODELS, "none"),
        metavar="MODEL",
        help=f"bring frames together first, by {', '.join(MODELS)} or none (default: {default}){then}",
    )
    parser.add_argument(
        "--transforms",
        metavar="FILE",
        help="a .json file: align by the motion it holds; if it does not exist, what --align finds is saved there",
    )


def add_reference_argument(parser):
    """Add --reference to a command that aligns frames."""
    parser.add_argument(
        "--reference",
        metavar="FRAME",
        help="the frame that stays where it is: middle, first, last, the name of a file, or a number from 1 "
        "(default: middle)",
    )


def add_motion_arguments(group, default):
    """Add all that says how frames are aligned, with the model that is used if nothing is said."""
    add_align_arguments(group, default=default, then="; harms nothing that is aligned")
    add_reference_argument(group)
    group.add_argument(
        "--crop", action="store_true", help="cut to what all frames show (default: all of the reference frame)"
    )
    group.add_argument("--tone", action="store_true", help="match brightness and white balance to the reference too")


def reference_of(args, names):
    """Return the reference that --reference names: a word, or the position of a frame."""
    if args.reference in PLACES:
        return args.reference
    return find_frame(args.reference, names, args.paths, "--reference", f", or one of {', '.join(PLACES)}")


def is_saved(args):
    """Tell whether the file that --transforms names is there, so that its motion is applied."""
    return args.transforms is not None and Path(args.transforms).exists()


def is_alignment_wanted(args):
    """Tell whether frames are aligned first; raise a DataError if --align and --transforms contradict each other."""
    if args.transforms is None:
        return args.align not in (None, "none")
    if args.align == "none":
        raise DataError(
            f"--transforms {args.transforms} moves frames, and --align none leaves them where they are; leave one out"
        )
    if args.align is None and not is_saved(args):
        raise DataError(
            f"{args.transforms}: does not exist; with --align similarity, motion is estimated and saved there"
        )
    check_transforms(args)
    return True


def with_model(args, model):
    """Return the arguments with the model of motion that is used if nothing is said."""
    is_open = args.align is None and not is_saved(args)
    return Namespace(**vars(args) | {"align": model}) if is_open else args


def check_motion_options(args, names):
    """Raise a DataError if options, which say how frames are aligned, have nothing left to do."""
    given = [name for name in names if getattr(args, name)]
    if args.align == "none" and given:
        raise DataError(
            f"--align none leaves frames as they are, and nothing is left to do for {_typed(given)}; leave it out"
        )
    check_is_estimated(args, ["reference"])


def check_is_estimated(args, names):
    """Raise a DataError if motion is read from a file, and options say how to estimate it."""
    given = [name for name in names if getattr(args, name) is not None]
    if given and is_saved(args):
        raise DataError(
            f"{args.transforms}: exists, so its motion is applied, and nothing is left to do for {_typed(given)}; "
            "leave that out, or name a new file to have the motion estimated and saved there"
        )


def _typed(names):
    return " ".join(f"--{name}" for name in names)


def check_transforms(args):
    """Raise a DataError if motion is to be saved where no file may be written."""
    if args.transforms is not None and not is_saved(args):
        check_output(args.transforms, endings={".json"})


def aligned_frames(stack, args, *, least=2, progress=None):
    """Align the frames of a command that fuses, if that is asked for.

    Parameters
    ----------
    stack : Stack
        The frames.
    args : Namespace
        With what `add_align_arguments` added.
    least : int, optional
        So many frames are needed to go on.
    progress : callable, optional
        As methods take it.

    Returns
    -------
    stack : Stack
        Frames that could be aligned, cropped to what all of them show.
    kept : list of int
        Which of the frames they are.

    Raises
    ------
    ValueError
        If too few frames can be aligned, or the file of --transforms does not hold what is asked for.
    """
    if not is_alignment_wanted(args):
        return stack, list(range(len(stack)))
    alignment = find_motion(stack, args, args.align, least=least, progress=progress)
    aligned = alignment.apply(stack, crop=True)
    tell(args, told_of(alignment, f"{size_of(aligned)} of {size_of(stack)} pixels are in all frames"))
    return aligned, alignment.kept


def told_of(alignment, area):
    """Say in a line what alignment did; `area` is what is to be said of the part that frames share."""
    statuses = [report.status for report in alignment.frames]
    farthest = max(alignment.displacements[index] for index in alignment.kept)
    return (
        f"aligned: {statuses.count('aligned')} of {len(statuses)} frames moved, corners by up to {farthest:.1f} pixels, "
        f"{statuses.count('left out')} left out; {area}"
    )


def find_motion(stack, args, model=None, *, tone=None, least=2, progress=None, **options):
    """Read the motion that --transforms names or, if there is none, estimate it and save it there.

    Frames that are left out are named on the error stream.

    Parameters
    ----------
    stack, args, least, progress
        As for `aligned_frames`.
    model : str, optional
        Model of motion; if none is given, any that a file holds is good.
    tone : str, optional
        If given, a file must hold gains.
    **options
        Others of `recalage.register`.

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        As `aligned_frames` does.
    """
    was_saved = is_saved(args)
    if was_saved:
        alignment = _load(args.transforms, stack, model, tone)
    else:
        options |= {} if model is None else {"model": model}
        alignment = _estimated(stack, args, **options, tone=tone, progress=progress)
    _name_left_out(alignment, "when the motion was saved, for it " if was_saved else "")
    _check_enough(alignment, least)
    if was_saved:
        tell(args, f"{args.transforms}: its motion is applied, nothing is estimated")
    elif args.transforms is not None:
        alignment.save(args.transforms)
        tell(args, f"{args.transforms}: the motion is saved")
    return alignment


def _estimated(stack, args, **options):
    """Estimate motion; where that fails, name the option of the command that does without."""
    from recalage import register
    from recalage.errors import RegistrationError

    try:
        return register(stack, **options)
    except RegistrationError as error:
        if "align" not in args:
            raise
        raise DataError(f"{error}; with --align none, frames are fused as they lie") from None


def _load(path, stack, model, tone):
    """Read motion that fits a stack and what is asked for."""
    from recalage.alignment import Alignment
    from recalage.errors import RegistrationError

    alignment = Alignment.load(path)
    if model not in (None, alignment.model):
        raise DataError(
            f"{path}: holds motion by {alignment.model}, not by {model}; leave --align out to apply it, or name a new "
            "file to have the motion estimated and saved there"
        )
    if tone is not None and alignment.gains is None:
        raise DataError(
            f"{path}: holds no gains, which --tone needs; make it anew with --tone: remove it, or name another file"
        )
    try:
        alignment.apply(stack)
    except RegistrationError as error:
        raise DataError(f"{path}: {error}") from None
    return _renamed(alignment, stack.names)


def _renamed(alignment, names):
    """Return an alignment that tells of frames by the names that they have in another stack."""
    from recalage.alignment import Alignment

    renamed = dict(zip((report.name for report in alignment.frames), names, strict=True)) | {"": ""}
    frames = [
        report._replace(name=name, neighbour=renamed.get(report.neighbour, report.neighbour))
        for name, report in zip(names, alignment.frames, strict=True)
    ]
    known = {name: getattr(alignment, name) for name in ("shape", "reference", "model", "strategy", "gains")}
    return Alignment(alignment.matrices, frames, **known)


def _name_left_out(alignment, when):
    for report in alignment.frames:
        if report.status == "left out":
            print(f"{report.name}: left out: {when}{report.reason}", file=sys.stderr)


def _check_enough(alignment, least):
    if len(alignment.kept) < least:
        left = " ".join(alignment.frames[index].name for index in alignment.kept)
        raise DataError(
            f"{left}: is all that is left of {len(alignment.frames)} frames, and {least} are needed; give frames of one "
            "scene that overlap"
        )

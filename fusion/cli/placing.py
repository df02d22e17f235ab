"""The frames of a stack where they lie on the reference, and the file whose metadata their fusion takes over."""

from argparse import Namespace
from typing import NamedTuple

import numpy as np

from data import Stack
from fusion.cli.aligning import find_motion, is_saved, reference_of, told_of
from fusion.cli.pictures import size_of, tell

KERNEL = "cubic"  # a fifth of the time of Lanczos' kernel, for 0.1 dB; see the page "Focus stacking"


class Placed(NamedTuple):
    """Frames that are to be fused."""

    frames: Stack  # as they lie on the reference
    kept: list  # positions, among those that were given, of these frames
    matrices: np.ndarray | None  # those that moved them, if they show less than the whole result
    reference: Stack  # whose metadata the result gets

    def among(self, positions):
        """Return those of the frames that were given at some positions."""
        places = [place for place, position in enumerate(self.kept) if position in positions]
        return Placed(
            self.frames.select(places),
            [self.kept[place] for place in places],
            None if self.matrices is None else self.matrices[places],
            self.reference,
        )


def placed_as_given(stack):
    """Return the frames of a stack where they are."""
    return Placed(stack, list(range(len(stack))), None, stack)


def placed_by(alignment, stack, args):
    """Return the frames of a stack where an alignment takes them, and say what it does."""
    tone = "match" if args.tone else None
    frames = alignment.apply(stack, crop=args.crop, tone=tone, interpolation=KERNEL)
    common = f"{size_of(frames)} of {size_of(stack)} pixels are in all frames"
    tell(args, told_of(alignment, common if args.crop else f"all of the reference frame is kept{_rim(alignment)}"))
    matrices = None if args.crop else alignment.matrices[alignment.kept]
    return Placed(frames, alignment.kept, matrices, stack.select([alignment.reference]))


def _rim(alignment):
    """Say how wide the rim is, at most, that some frames do not show; nothing if there is none."""
    from recalage.errors import RegistrationError

    try:
        rows, columns = alignment.area
    except RegistrationError:
        return ", of which frames have no part in common"
    height, width = alignment.shape
    widest = max(rows.start, height - rows.stop, columns.start, width - columns.stop)
    return (
        f"; the outer {widest} pixels may be blurred, for some frames do not reach there; --crop cuts them off"
        if widest
        else ""
    )


def find_alignment(stack, found, args, *, record, progress):
    """Estimate how frames lie on each other, or read what --transforms names.

    Parameters
    ----------
    stack : Stack
    found : fusion.cli.frames.Found
        How its frames were given.
    args : Namespace
        With what `add_align_arguments` and `add_reference_argument` added.
    record : fusion.cli.report.Record
        Is told of the file that --transforms makes.
    progress : callable
        As methods take it.

    Returns
    -------
    recalage.Alignment
    """
    was_saved = is_saved(args)
    options = {"tone": "match" if args.tone else None}
    if args.reference is not None:
        options["reference"] = _reference(found, args)
    alignment = find_motion(stack, args, args.align, **options, progress=progress)
    if args.transforms is not None and not was_saved:
        record.wrote(args.transforms)
    return alignment


def _reference(found, args):
    """Look --reference up among all frames that are given; for a copy of a frame, that one is taken."""
    listed = Namespace(
        **vars(args) | {"paths": [*dict.fromkeys(map(str, found.sources))]}
    )  # in the order of the frames
    reference = reference_of(listed, found.given)
    return reference if isinstance(reference, str) else found.place_of(reference)

"""fusion depth: how far away each point of a focus series is, and the surface that this makes."""

import argparse
import contextlib
import sys
import warnings

from data import DataError
from fusion.cli.aligning import check_motion_options, is_alignment_wanted, with_model
from fusion.cli.batch import one_line
from fusion.cli.depth_arguments import DEFAULT_MODEL, DESCRIPTION, EXAMPLES, add_depth_arguments
from fusion.cli.depth_distances import read_distances, read_pixel_size
from fusion.cli.depth_outputs import OUTPUTS, PICTURES, Surface, asked_for, check_outputs, option_of, write_outputs
from fusion.cli.frames import open_unique_frames
from fusion.cli.pictures import progress_bar
from fusion.cli.placing import find_alignment, placed_as_given, placed_by
from fusion.cli.report import Record

NEED = {  # options that only say something about these results
    "distances": ("depth_map", "preview", "csv", "ply", "view"),
    "pixel_size": ("depth_map", "csv", "ply", "view"),
    "fill": ("depth_map", "preview", "csv", "ply", "view"),
    "nearest": ("ply", "view"),
}


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "depth",
        help="how far away things are, from a focus series: depth map, heights, surface",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_depth_arguments(parser)
    parser.set_defaults(run=run, json=None)  # what was done is not reported


def run(args):
    """Align if need be, find the depth, write what is asked for."""
    _check_options(args)
    _check_method(args)
    args = with_model(args, DEFAULT_MODEL)
    distances, pixel_size = _scale(args)
    is_moved, progress = is_alignment_wanted(args), progress_bar(args)
    pictures = [path for name, path in asked_for(args).items() if name in PICTURES]
    found = open_unique_frames(args, outputs=pictures, tolerant=is_moved)
    check_outputs(args, found.sources, found.stack.shape[1:])
    positions = distances.of(len(found.stack)) if distances else None
    placed = _placed(found, args, progress) if is_moved else placed_as_given(found.stack)
    _tell_of_gaps(len(found.stack) - len(placed.kept), placed, distances)
    if distances:
        positions = positions[placed.kept]
    depth = _depth(placed.frames, positions, args, progress)
    if depth.unsure.all():
        _warn(f"all pixels are unsure: nothing is known of their depth{', and --fill has guessed it' * args.fill}")
    write_outputs(_surface(depth, placed, positions, distances, pixel_size, args), args)


def _check_options(args):
    """Raise a DataError if nothing is asked for, or options contradict each other, before a picture is opened."""
    asked = asked_for(args)
    if not asked:
        raise DataError(f"nothing is asked for; name a file for one or more of {' '.join(map(option_of, OUTPUTS))}")
    for name, needed in NEED.items():
        if getattr(args, name) and not asked.keys() & set(needed):
            raise DataError(
                f"nothing is left to do for {option_of(name)}; leave it out, or ask for one of "
                f"{' '.join(map(option_of, needed))}"
            )
    check_motion_options(args, ["reference", "crop", "tone"])


def _check_method(args):
    """Raise a ValueError if the method cannot do what is asked for, before frames are aligned, which may take long."""
    from fusion.depth.estimate import check_refinement
    from fusion.depth.graph_cut import check_is_installed
    from fusion.depth.volume import check_measure

    check_measure(args.measure, args.kernel_size)
    if "graph-cut" in check_refinement(args.refine, args.preset):
        try:
            check_is_installed()
        except ImportError as error:
            raise DataError(str(error)) from None


def _scale(args):
    """Return the `Distances` that are given, and the side of a pixel in their unit; None for what is not given."""
    if args.distances is None and args.pixel_size is not None:
        raise DataError("--pixel-size is a length, and without --distances depth is none; give --distances too")
    distances = None if args.distances is None else read_distances(args.distances)
    return distances, None if args.pixel_size is None else read_pixel_size(args.pixel_size, distances.unit)


def _placed(found, args, progress):
    """Align the frames."""
    record = Record(args, found.files)
    alignment = find_alignment(found.stack, found, args, record=record, progress=progress)
    return placed_by(alignment, found.stack, args)


def _tell_of_gaps(count, placed, distances):
    """Say what frames that are left out mean for depth."""
    if count and distances:
        _warn(f"the {len(placed.kept)} frames that are left keep their distances; those of {count} are left out too")
    elif count:
        _warn(f"depth counts the {len(placed.kept)} frames that are left, from 0, without the {count} left out")


def _warn(told):
    print(f"fusion depth: {one_line(told)}", file=sys.stderr)


def _depth(frames, positions, args, progress):
    """Find the depth; warnings become lines on the error stream."""
    from fusion import depth_from_focus

    options = {name: getattr(args, name) for name in ("measure", "kernel_size", "refine", "preset", "fill")}
    with _warnings_as_lines():
        return depth_from_focus(frames, **options, distances=positions, progress=progress)


@contextlib.contextmanager
def _warnings_as_lines():
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: _warn(message)
        yield


def _surface(depth, placed, positions, distances, pixel_size, args):
    """Bring together what results are made of."""
    is_scaled = distances is not None
    return Surface(
        depth=depth.height if is_scaled else depth.depth,
        unsure=depth.unsure,
        is_filled=args.fill,
        image=depth.all_in_focus,
        confidence=depth.confidence,
        low=float(positions[0]) if is_scaled else 0.0,
        high=float(positions[-1]) if is_scaled else len(placed.frames) - 1.0,
        unit=distances.unit if is_scaled else "frames",
        pixel_size=pixel_size,
        frames=placed.frames,
        like=placed.reference,
    )

"""fusion stack: one sharp picture of a focus series."""

import argparse
import importlib.util
import sys
from argparse import Namespace

from data import DataError, save
from fusion.cli.aligning import (
    add_motion_arguments,
    check_motion_options,
    is_alignment_wanted,
    is_saved,
    with_model,
)
from fusion.cli.batch import run_batch
from fusion.cli.budget import check_budget, parse_bytes
from fusion.cli.frames import open_unique_frames, told_of_copy
from fusion.cli.maps import save_arrays, save_depth_map
from fusion.cli.noise import NoiseMeter
from fusion.cli.outputs import check_outputs, check_sizes, pictures_of, plan_outputs
from fusion.cli.pictures import add_picture_arguments, check_is_not_black, progress_bar, save_result
from fusion.cli.placing import find_alignment, placed_as_given, placed_by
from fusion.cli.report import Record
from fusion.cli.slabs import parse_slab
from fusion.stacking import check_options, stack_frames
from fusion.version import VERSION

DESCRIPTION = """\
Fuse a focus series into one picture that is sharp all over, by Laplacian pyramids (Burt, Adelson 1983; Wang, Chang
2011). Frames are aligned first. They are read one by one, so that their number costs time, but hardly any memory. PATH
is a folder, the frames, or a pattern such as "focus/*.jpg"; frames are taken in natural order, 2 before 10, and those
that are given twice count once. Bit depth, colour profile and EXIF of the reference frame are kept (in TIFF: make,
model, date and resolution); where some frames have 16 bits, so has the result."""
EXAMPLES = """\
examples:
  fusion stack beetle/ -o beetle.tif
  fusion stack tripod/*.jpg -o sharp.jpg --align none
  fusion stack moss/ -o moss.jpg --crop --tone --prefer first
  fusion stack moss/ -o moss.tif --depth-map depth.png --index moss.npz
  fusion stack huge/ -o huge.tif --ram 2G --jobs 2
  fusion stack beetle/ -o parts.tif --slab 10/3 --transforms motion.json
  fusion stack slides/ -o results/ --batch --json report.json

Results of this program that a folder or a pattern finds are no frames; no frame is ever replaced. Frames that cannot be
read, are of another size, or of which no trustworthy motion is found are left out and named; with --align none they are
errors. A file of --transforms that exists is applied, and nothing is estimated; it may come from "fusion align" too.
--eval prints the score AG of "fusion evaluate": the mean over all pixels of the root of the mean of the squared
differences to the next pixel on the right and below, which is the magnitude of the gradient over the root of 2; of the
frames as they are fused. Noise counts as much as detail, so more is not always better. "fusion rerun REPORT" makes the
result of a report of --json again.
"""
DEFAULT_MODEL = "similarity"
MADE_BY = f"fusion stack {VERSION}"
SHOWN = 3  # frames in the figure of --plot


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "stack",
        help="one sharp picture of a focus series",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_picture_arguments(
        parser,
        told="result: .jpg, .png, .tif or .webp; with --batch a folder",
        replaced="files that exist: OUT, maps, figure and report, but never a frame",
        given="a folder, a multi-page TIFF, the frames, or a pattern in quotes; with --batch folders of stacks",
    )
    _add_fusion_arguments(parser.add_argument_group("fusion"))
    add_motion_arguments(parser.add_argument_group("alignment"), DEFAULT_MODEL)
    _add_output_arguments(parser.add_argument_group("further results"))
    _add_work_arguments(parser.add_argument_group("large and many stacks"))
    parser.set_defaults(run=run)


def _add_fusion_arguments(group):
    group.add_argument("-d", "--depth", type=int, metavar="N", help="levels of the pyramid (default: by size of frame)")
    group.add_argument(
        "-k",
        "--k_size",
        type=int,
        default=5,
        metavar="N",
        help="side of the window in which energy is summed up, odd; with --naive, of the Gaussian and the Laplacian "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--naive", action="store_true", help="take each pixel where the Laplacian of Gaussian is strongest; no pyramid"
    )
    group.add_argument(
        "--prefer",
        choices=("first", "last"),
        help="which end of the series wins where a sharp background is seen through a blurred foreground; first and last "
        "in natural order of names",
    )


def _add_output_arguments(group):
    group.add_argument(
        "--depth-map", metavar="FILE", help="a gray picture: black where the first frame is sharp, white the last"
    )
    group.add_argument(
        "--index",
        metavar="FILE",
        help="a .npz file: index (of the frame that counts most in each pixel, from 0), confidence and names",
    )
    group.add_argument("--plot", action="store_true", help="draw frames, result and index into OUT_plot.png beside OUT")
    group.add_argument(
        "--eval", action="store_true", help="print the average gradient magnitude of frames and result; see below"
    )
    group.add_argument("--json", metavar="REPORT", help="a .json file: frames, options, motion and times")


def _add_work_arguments(group):
    add_power_arguments(group)
    group.add_argument(
        "--slab",
        type=parse_slab,
        metavar="N/OVERLAP",
        help="a picture OUT_001-010 and so on for each N frames, which share OVERLAP with the ones before",
    )
    group.add_argument(
        "--batch",
        action="store_true",
        help="every sub-folder of PATH is a stack, OUT a folder for the results; further results are STACK_FILE. What is "
        "finished is skipped; where a file is missing, that stack is made again",
    )


def add_power_arguments(parser):
    """Add --ram and --jobs, which say what a computer may spend; the result is the same."""
    parser.add_argument(
        "--ram", type=parse_bytes, metavar="SIZE", help="what the whole process may take, such as 2G or 800M"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="threads (default: by number of processors, 4 at most)")


def run(args):
    """Fuse one stack, or many."""
    _check_options(args)
    if args.batch:
        run_batch(args, run_stack)
    else:
        run_stack(args)


def _check_options(args):
    """Raise a DataError if an option is out of range, or contradicts another one, before a picture is opened."""
    check_jobs(args.jobs)
    if args.naive and args.prefer:
        raise DataError("--naive weighs nothing, so there is nothing to prefer; leave out --naive or --prefer")
    if args.naive and args.depth is not None:
        raise DataError("--naive uses no pyramid, so it has no levels; leave out --naive or --depth")
    check_motion_options(args, ["reference", "crop", "tone"])
    if args.plot and importlib.util.find_spec("matplotlib") is None:
        raise DataError("--plot draws with matplotlib, which is not installed; install it: pip install matplotlib")


def check_jobs(jobs):
    """Raise a DataError if what --jobs gives is no number of threads."""
    if jobs is not None and jobs < 1:
        raise DataError(f"--jobs takes a number of threads, 1 or more, got {jobs}")


def run_stack(args, alignment=None, *, exact=False):
    """Align one stack, fuse it and write what is asked for.

    Parameters
    ----------
    args : Namespace
        Of this command.
    alignment : recalage.Alignment, optional
        Motion to be applied to the frames; nothing is estimated then.
    exact : bool, optional
        As for `fusion.cli.frames.open_unique_frames`.
    """
    args = with_model(args, DEFAULT_MODEL)
    is_moved = alignment is not None or is_alignment_wanted(args)
    found = open_unique_frames(args, outputs=pictures_of(args), tolerant=is_moved, exact=exact)
    planned = plan_outputs(args, len(found.stack))
    _check(args, found, planned, is_estimated=is_moved and alignment is None and not is_saved(args))
    record, progress = Record(args, found.files), progress_bar(args)
    for copy, first in found.copies.items():
        record.left_out(found.given[copy], told_of_copy(found.sources[first]))
    meter = NoiseMeter(found.stack, args.k_size)
    with record.timed("aligning"):
        if is_moved and alignment is None:
            alignment = find_alignment(meter.watched, found, args, record=record, progress=progress)
        placed = placed_by(alignment, found.stack, args) if is_moved else placed_as_given(found.stack)
    check_sizes(planned, placed.frames.shape[1:])
    if is_moved:
        record.aligned(alignment)
    with record.timed("looking for noise"):
        noise = None if args.naive else meter.noise_of(placed.kept, progress)
    for outputs in planned:
        part = placed.among(outputs.positions)
        if len(part.frames) > 1:
            _fuse(part, noise, outputs, args, record, progress)
        else:
            print(f"{outputs.picture}: is not written, for fewer than two of its frames are left", file=sys.stderr)
    if args.json:
        record.save(args.json, force=args.force)


def _check(args, found, planned, *, is_estimated):
    """Raise a ValueError if something cannot be done, before anything is computed."""
    check_outputs(planned, found.sources, args)
    shape, mapped = found.stack.shape[1:], planned[0].need_maps
    if not args.crop:
        check_sizes(planned, shape)
    check_options(shape, levels=args.depth, kernel_size=args.k_size, prefer=args.prefer)
    check_budget(args.ram, found.stack, is_estimated=is_estimated, mapped=mapped, naive=args.naive)


def _fuse(placed, noise, outputs, args, record, progress):
    """Fuse frames and write what is made of them; a figure that cannot be drawn spoils nothing else."""
    frames = placed.frames
    with record.timed("fusing"):
        stacked = stack_frames(
            frames,
            levels=args.depth,
            kernel_size=args.k_size,
            naive=args.naive,
            prefer=args.prefer,
            matrices=placed.matrices,
            noise=noise,
            mapped=outputs.need_maps,
            ram=args.ram,
            workers=args.jobs,
            progress=progress,
        )
    with record.timed("writing"):
        check_is_not_black(stacked.image, frames, args)
        for path in _write_maps(stacked, frames, outputs, args):
            record.wrote(path)
        named = Namespace(**vars(args) | {"output": str(outputs.picture)})
        save_result(stacked.image, frames, named, like=placed.reference)
        record.wrote(outputs.picture)
        if outputs.plot:
            _write_plot(stacked, frames, outputs.plot, args)
            record.wrote(outputs.plot)
    if args.eval:
        from fusion.cli.sharpness import sharpness_table

        print(sharpness_table(frames, stacked.image, progress=progress))


def _write_maps(stacked, frames, outputs, args):
    """Write the maps that are asked for; yield their files."""
    if outputs.depth_map:
        save_depth_map(stacked, len(frames), outputs.depth_map, force=args.force, made_by=MADE_BY)
        yield outputs.depth_map
    if outputs.index:
        arrays = {"index": stacked.index, "confidence": stacked.confidence, "names": frames.names}
        save_arrays(outputs.index, force=args.force, **arrays)
        yield outputs.index


def _write_plot(stacked, frames, path, args):
    """Draw some frames, the result, and where it comes from."""
    from fusion.show import pixels_of, plot_stack

    count = min(SHOWN, len(frames))
    shown = [round(place * (len(frames) - 1) / (count - 1)) for place in range(count)]
    labels = [frames.names[position] for position in shown]
    pictures = (frames.pixels(position) for position in shown)
    figure = plot_stack(pictures, stacked.image, stacked.index, labels=labels, count=len(frames))
    save(pixels_of(figure), path, force=args.force, made_by=MADE_BY)

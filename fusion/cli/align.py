"""fusion align: bring frames together, and write each of them."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import DataError, open_stack, save
from data.io import WRITABLE, check_output, copy, save_json
from data.paths import real_path
from fusion.cli.aligning import (
    MODELS,
    add_reference_argument,
    check_is_estimated,
    check_transforms,
    find_motion,
    is_saved,
    reference_of,
)
from fusion.cli.folders import folder_made
from fusion.cli.pictures import (
    add_picture_arguments,
    identity,
    open_paths,
    progress_bar,
    size_of,
    source_of,
    tell,
)
from fusion.version import VERSION

DESCRIPTION = """\
Bring the frames of a focus series, an exposure bracket or another series of one scene together, and write each of them
under its own name. A frame that lies where it should is copied as it is, byte for byte; one of which no trustworthy
motion is found is left out and named. Format, bit depth, colour profile and EXIF of each frame are kept (in TIFF: make,
model, date and resolution); BMP becomes PNG, pages of a TIFF become files with a number."""
EXAMPLES = """\
examples:
  fusion align handheld/ -o aligned/
  fusion align focus/*.tif -o aligned/ --crop --tone --report aligned/report.json
  fusion align bracket/ -o aligned/ --model homography --reference IMG_0042.jpg
  fusion align red.tif -o red/ --transforms motion.json
  fusion align green.tif -o green/ --transforms motion.json

The table tells of each frame how far its farthest corner is moved; its correlation, as given and as aligned, with the frame
named behind it, in patches that took no part in the estimation, and the share of the picture in which the two agree;
and why it was not moved, or left out. With --tone, gains are those of red, green and blue light. Left-out frames, among
them those that are damaged, black or of another size, are named, and the others are written: the exit code is 0.

The last two move another channel, or the same frames under another light, exactly as the first: a file of --transforms
that does not exist is written; one that exists is applied, and nothing is estimated, so --model, --reference and
--strategy make no sense then. With --tone it must have been written with --tone. Without --crop frames keep their size,
and their border pixels are repeated where they show nothing.
"""


def add_parser(subparsers):
    """Add this command to the parser of `fusion`."""
    parser = subparsers.add_parser(
        "align",
        help="bring the frames of a series together",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    folder = "folder for the aligned frames; made if it does not exist"
    add_picture_arguments(parser, "DIR", folder, "files that exist in DIR, and the report")
    parser.add_argument("--model", choices=MODELS, help="how a frame may move (default: similarity)")
    add_reference_argument(parser)
    parser.add_argument(
        "--strategy",
        choices=("chain", "reference"),
        help="match every frame with the one beside it, or with the reference (default: chain)",
    )
    parser.add_argument(
        "--transforms", metavar="FILE", help="a .json file: apply the motion it holds; if it does not exist, write it"
    )
    parser.add_argument("--crop", action="store_true", help="cut all frames to what all of them show")
    parser.add_argument("--tone", action="store_true", help="match brightness and white balance to the reference too")
    parser.add_argument("--report", metavar="FILE", help="write what was done to a .json file too")
    parser.set_defaults(run=run)


class Output(NamedTuple):
    """A frame, the file it comes from, and the one that it is written to."""

    name: str
    source: Path
    target: Path

    @property
    def is_page(self):
        """Whether it is one of several pages of its source."""
        return self.name != self.source.name


def run(args):
    """Align, write, report."""
    _check_options(args)
    stack = open_paths(args, tolerant=True)
    folder, is_estimated = Path(args.output), not is_saved(args)
    outputs = _outputs(args.paths, stack.names, folder)
    options = _options(args, stack.names)
    with folder_made(folder, "name a folder for the aligned frames"):
        _check_outputs(outputs, args)
        progress = progress_bar(args)
        alignment = find_motion(stack, args, **options, progress=progress)
        aligned = alignment.apply(stack, crop=args.crop, tone=options["tone"])
        if is_estimated:
            tell(args, alignment)
        _name_old_files(alignment, outputs)
        unchanged = _unchanged(alignment, aligned.shape, args.tone)
        for position, pixels in aligned.read_ahead(progress(range(len(aligned)), "writing")):
            index = alignment.kept[position]
            _write(pixels, outputs[index], stack[index : index + 1], index in unchanged, args)
        if args.report:
            content = {"estimated": is_estimated} | _report(alignment, outputs, unchanged, args)
            save_json(content, args.report, force=args.force)
    counts = f"{len(unchanged)} of them copied as they are, {len(stack) - len(aligned)} left out"
    tell(args, f"{folder}: {len(aligned)} frames of {size_of(aligned)} pixels written, {counts}")


def _check_options(args):
    """Raise a DataError if options contradict each other, before a picture is opened."""
    if args.transforms is None:
        return
    check_is_estimated(args, ["model", "reference", "strategy"])
    if args.report and real_path(args.report) == real_path(args.transforms):
        raise DataError(f"{args.report}: is named by --transforms and by --report; give two files")


def _options(args, names):
    """Return options of the estimation, with None or not at all where they are not given."""
    options = {"model": args.model, "tone": "match" if args.tone else None}
    if args.strategy is not None:
        options["strategy"] = args.strategy
    if args.reference is not None:
        options["reference"] = reference_of(args, names)
    return options


def _outputs(paths, names, folder):
    """Tell for each frame where it comes from, and where it goes."""
    sources = [source_of(Path(paths[0]), name) for name in names] if len(paths) == 1 else map(Path, paths)
    digits = max(3, len(str(len(names))))
    outputs = [Output(name, source, folder / source.name) for name, source in zip(names, sources, strict=True)]
    return [_with_target(output, f"_{number:0{digits}d}") for number, output in enumerate(outputs, start=1)]


def _with_target(output, number):
    """Give a page its number, and a picture of a format that is only read the ending of one that is written."""
    stem = output.source.stem + (number if output.is_page else "")
    ending = output.source.suffix if output.source.suffix.lower() in WRITABLE else ".png"
    return output._replace(target=output.target.with_name(stem + ending))


def _check_outputs(outputs, args):
    """Raise a DataError unless all files may be written, before long work begins."""
    check_transforms(args)
    if args.report:
        check_output(args.report, force=args.force, endings={".json"})
    frames = {identity(output.source) for output in outputs}
    taken = {}
    for output in outputs:
        if output.target.exists() and identity(output.target) in frames:
            raise DataError(f"{output.target}: is one of the frames, which are never replaced; name another folder")
        other = taken.setdefault(str(output.target).casefold(), output)
        if other is not output:
            raise DataError(
                f"{output.target}: would be written twice, for {other.source} and for {output.source}; align frames of "
                "one name apart, or rename one"
            )
        check_output(output.target, force=args.force)


def _name_old_files(alignment, outputs):
    """Warn of files that lie in the folder where a frame is left out: a command would take them for aligned ones."""
    for report, output in zip(alignment.frames, outputs, strict=True):
        if report.status == "left out" and output.target.exists():
            print(f"{output.target}: is an older file, which is not replaced; remove it", file=sys.stderr)


def _unchanged(alignment, shape, tone):
    """Return the indices of frames whose pixels stay as they are."""
    if tuple(shape[1:3]) != alignment.shape:
        return []
    gains = alignment.gains if tone else np.ones((len(alignment.frames), 1))
    return [
        index
        for index in alignment.kept
        if np.array_equal(alignment.matrices[index], np.eye(3)) and (gains[index] == 1).all()
    ]


def _write(pixels, output, frame, is_unchanged, args):
    """Write an aligned frame as the given one was stored; copy the file if nothing has changed."""
    if is_unchanged and not output.is_page and output.source.suffix == output.target.suffix:
        copy(output.source, output.target, force=args.force)
    else:
        like = frame if output.is_page else open_stack(output.source)  # whose depth is its own, not the deepest
        save(pixels, output.target, like=like, quality=args.quality, force=args.force)


def _report(alignment, outputs, unchanged, args):
    """Return what was done, as JSON holds it."""
    kept = set(alignment.kept)
    frames = [
        _told_of(alignment, index, args.tone)
        | {
            "source": str(output.source),
            "written": str(output.target) if index in kept else None,
            "unchanged": index in unchanged,
        }
        for index, output in enumerate(outputs)
    ]
    return {
        "made_by": f"fusion align {VERSION}",
        "paths": args.paths,
        "model": alignment.model,
        "strategy": alignment.strategy,
        "reference": outputs[alignment.reference].name,
        "crop": args.crop,
        "tone": args.tone,
        "transforms": args.transforms,
        "quality": args.quality,
        "common_area": _area(alignment),
        "frames": frames,
    }


def _told_of(alignment, index, tone):
    """Return what registration found out about a frame; numbers that it does not have are None."""
    report = alignment.frames[index]
    if report.status == "left out":
        return report._asdict() | {"displacement": None, "matrix": None, "gains": None}
    return report._asdict() | {
        "displacement": float(alignment.displacements[index]),
        "matrix": alignment.matrices[index].tolist(),
        "gains": alignment.gains[index].tolist() if tone else None,
    }


def _area(alignment):
    """Return the common area in pixels of the reference, or None where there is none."""
    from recalage.errors import RegistrationError

    try:
        rows, columns = alignment.area
    except RegistrationError:
        return None
    return {
        "left": columns.start,
        "top": rows.start,
        "width": columns.stop - columns.start,
        "height": rows.stop - rows.start,
    }

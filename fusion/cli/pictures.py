"""What commands that fuse pictures share: frames in, one picture out, a progress bar between."""

from pathlib import Path

from data import DataError, datasets, open_stack, save
from data.io import check_output, is_own_result
from fusion.version import VERSION


def add_picture_arguments(parser):
    """Add PATH..., -o, --quality, --force and --quiet to a command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder, a multi-page TIFF, or the frames")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="result: .jpg, .png, .tif or .webp")
    parser.add_argument(
        "--quality", type=int, default=95, metavar="1..100", help="of JPEG and WebP (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no closing line")


def open_frames(args, least=2):
    """Open the frames of a command, `least` or more, after checking that its output may be written."""
    check_output(args.output, force=args.force)
    _check_paths(args.paths, Path(args.output))
    if not 1 <= args.quality <= 100:
        raise DataError(f"--quality must lie in 1..100, got {args.quality}")
    stack = open_stack(args.paths[0] if len(args.paths) == 1 else args.paths, exclude=[args.output])
    height, width = stack.shape[1:3]
    if len(stack) < least:
        raise DataError(f"{stack.names[0]}: is the only frame; fusion needs two or more pictures of one scene")
    if min(height, width) < 2:
        raise DataError(
            f"{stack.names[0]}: is {width} x {height} pixels; a frame needs 2 x 2 or more to be sharp or not"
        )
    return stack


def _check_paths(paths, output):
    """Refuse an output that would replace a frame, and names of data sets."""
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    given = {Path(path).resolve() for path in paths} | {folder.resolve() / output.name for folder in folders}
    if output.resolve() in given and output.exists() and not is_own_result(output):
        raise DataError(f"{output}: is one of the frames; choose another name for the output")
    explain_data_sets(paths)


def explain_data_sets(paths):
    """Help where the name of a data set was given for a path."""
    for path in paths:
        if not Path(path).exists() and path in datasets.names():
            raise DataError(f'{path}: is a data set, not a path; "fusion data where {path}" prints its folder')


def save_result(fused, stack, args):
    """Write the result and say what was done."""
    if not fused.any():
        frames = f"all {len(stack)} frames are black or without structure"
        raise DataError(f"{args.paths[0]}: the result is black, for {frames}; check their exposure")
    save(
        fused,
        args.output,
        like=stack,
        quality=args.quality,
        force=args.force,
        made_by=f"fusion {args.command} {VERSION}",
    )
    if not args.quiet:
        height, width = fused.shape[:2]
        frames = f"{len(stack)} frame{'s' if len(stack) > 1 else ''}"
        print(f"{args.output}: {frames} of {width} x {height} pixels fused")


def progress_bar(args, unit="frame"):
    """Return the function that methods call to show how far they are."""
    from tqdm import tqdm

    def progress(frames, what):
        return tqdm(frames, desc=what, unit=unit, leave=False, disable=True if args.quiet else None)

    return progress


def radius_and_eps(text_radius, text_eps, option):
    """Parse the two values of --base or --detail."""
    try:
        return int(text_radius), float(text_eps)
    except ValueError:
        raise DataError(
            f"{option} takes a radius in whole pixels and an eps, such as {option} 45 0.3, got {text_radius} {text_eps}"
        ) from None

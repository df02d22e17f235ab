"""What commands that fuse pictures share: frames in, one picture out, a progress bar between."""

from pathlib import Path

from data import DataError, datasets, open_stack, save
from data.io import check_output, is_own_result
from fusion.version import VERSION


def add_picture_arguments(
    parser,
    output="OUT",
    told="result: .jpg, .png, .tif or .webp",
    replaced="OUT if it exists",
    given="a folder, a multi-page TIFF, or the frames",
):
    """Add PATH..., -o, --quality, --force and --quiet to a command."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help=given)
    parser.add_argument("-o", "--output", required=True, metavar=output, help=told)
    parser.add_argument(
        "--quality", type=int, default=95, metavar="1..100", help="of JPEG and WebP (default: %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help=f"replace {replaced}")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no closing line")


def open_frames(args, least=2, *, tolerant=False):
    """Open the frames of a command that fuses, after checking that its output may be written."""
    check_output(args.output, force=args.force)
    check_is_no_frame(args.paths, Path(args.output))
    return open_paths(args, least, exclude=[args.output], tolerant=tolerant)


def open_paths(args, least=2, *, exclude=(), tolerant=False):
    """Open the frames that are given, `least` or more; a tolerant stack may hold some that cannot be read."""
    explain_data_sets(args.paths)
    if not 1 <= getattr(args, "quality", 95) <= 100:
        raise DataError(f"--quality must lie in 1..100, got {args.quality}")
    missing = [path for path in args.paths if not Path(path).exists()]
    if missing:
        raise DataError(f"{missing[0]}: no such file or folder; give a folder of pictures or the files themselves")
    folders = [path for path in args.paths if Path(path).is_dir()]
    if folders and len(args.paths) > 1:
        raise DataError(f"{folders[0]}: is a folder among files; give one folder, or files only")
    stack = open_stack(args.paths[0] if len(args.paths) == 1 else args.paths, exclude=exclude, tolerant=tolerant)
    height, width = stack.shape[1:3]
    if len(stack) < least:
        raise DataError(f"{stack.names[0]}: is the only frame; fusion needs two or more pictures of one scene")
    if min(height, width) < 2:
        raise DataError(
            f"{stack.names[0]}: is {width} x {height} pixels; a frame needs 2 x 2 or more to be sharp or not"
        )
    return stack


def check_is_no_frame(paths, output):
    """Refuse an output that would replace a frame, under whatever name."""
    if not output.exists() or is_own_result(output):
        return
    given = (file for path in map(Path, paths) for file in (path.iterdir() if path.is_dir() else [path]))
    if any(file.exists() and identity(file) == identity(output) for file in given):
        raise DataError(f"{output}: is one of the frames; choose another name for the output")


def identity(path):
    """Return what two names of one file have in common."""
    status = Path(path).stat()
    return status.st_dev, status.st_ino


def explain_data_sets(paths):
    """Help where the name of a data set was given for a path."""
    for path in paths:
        if not Path(path).exists() and path in datasets.names():
            raise DataError(f'{path}: is a data set, not a path; "fusion data where {path}" prints its folder')


def source_of(path, name):
    """Return the file of a frame that was found in a folder, or of a page of a file, alone or in a folder."""
    if path.is_file():
        return path
    return path / name if (path / name).is_file() else path / name.rpartition("[")[0]


def find_frame(wanted, names, paths, option, way_out=""):
    """Find the frame that an option names.

    Parameters
    ----------
    wanted : str
        Path or name of a frame, or its number, from 1.
    names : list of str
        Of the frames.
    paths : list of str
        As given to the command.
    option : str
        Which asks for the frame, as errors call it.
    way_out : str, optional
        What else can be given, as the end of an error.

    Returns
    -------
    int
        Its position, from 0.

    Raises
    ------
    DataError
        If none of the frames is meant, or several are.
    """
    if wanted in paths and len(paths) == len(names):
        return paths.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    found = [index for index, name in enumerate(names) if name == Path(wanted).name]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{option} {wanted}: {len(found)} frames have this name; give the number of one, from 1")
    raise DataError(
        f"{option} {wanted}: is none of the frames {names[0]} ... {names[-1]}; give the name of one or its number, 1 "
        f"to {len(names)}{way_out}"
    )


def check_is_not_black(fused, stack, args):
    """Raise a DataError if nothing is seen in the result."""
    if not fused.any():
        frames = f"all {len(stack)} frames are black or without structure"
        raise DataError(f"{args.paths[0]}: the result is black, for {frames}; check their exposure")


def save_result(fused, stack, args, *, like=None):
    """Write the result, with metadata and depth of `stack` or of another one, and say what was done."""
    check_is_not_black(fused, stack, args)
    save(
        fused,
        args.output,
        like=like or stack,
        quality=args.quality,
        force=args.force,
        made_by=f"fusion {args.command} {VERSION}",
    )
    if not args.quiet:
        height, width = fused.shape[:2]
        frames = f"{len(stack)} frame{'s' if len(stack) > 1 else ''}"
        print(f"{args.output}: {frames} of {width} x {height} pixels fused")


def tell(args, note):
    """Print a line, unless the command is to be quiet."""
    if not args.quiet:
        print(note)


def size_of(stack):
    """Return width and height of the frames of a stack, as text."""
    return f"{stack.shape[2]} x {stack.shape[1]}"


def progress_bar(args, unit="frame"):
    """Return the function that methods call to show how far they are."""
    from tqdm import tqdm

    def progress(frames, what):
        return tqdm(frames, desc=what, unit=unit, leave=False, disable=True if args.quiet else None)

    return progress


def radius_and_eps(text_radius, text_eps, option):
    """Parse the two values of --base or --detail."""
    try:
        radius, eps = int(text_radius), float(text_eps)
    except ValueError:
        radius, eps = -1, 0
    if not (radius >= 0 and 0 < eps < float("inf")):
        raise DataError(
            f"{option} takes a radius in whole pixels and a positive eps, such as {option} 45 0.3, got {text_radius} "
            f"{text_eps}"
        )
    return radius, eps

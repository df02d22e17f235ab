"""The files that fusing a stack makes, for the whole of it or for each slab."""

from pathlib import Path
from typing import NamedTuple

from data import DataError
from data.io import check_output, check_size, is_own_result
from data.paths import real_path
from fusion.cli.maps import is_index
from fusion.cli.pictures import check_is_no_frame, identity
from fusion.cli.report import is_report
from fusion.cli.slabs import slabs_of


class Outputs(NamedTuple):
    """What is made of some frames; None is not wanted."""

    positions: range  # of the frames, from 0
    picture: Path
    depth_map: Path | None
    index: Path | None
    plot: Path | None

    @property
    def need_maps(self):
        """Whether it must be known which frame each pixel comes from."""
        return any((self.depth_map, self.index, self.plot))


def plan_outputs(args, count):
    """List what is made of a stack: one `Outputs` for all of its frames or, with --slab, one for each slab."""
    if not args.slab:
        return [_outputs_of(args, range(count))]
    digits = max(3, len(str(count)))
    slabs = slabs_of(count, args.slab)
    return [_outputs_of(args, slab, f"_{slab.start + 1:0{digits}d}-{slab.stop:0{digits}d}") for slab in slabs]


def pictures_of(args):
    """List the pictures that options name, or have named, without those of slabs."""
    outputs = _outputs_of(args, range(0))
    return [path for path in (outputs.picture, outputs.depth_map, outputs.plot) if path]


def _outputs_of(args, positions, number=""):
    picture = _numbered(args.output, number)
    plot = picture.with_name(f"{picture.stem}_plot.png") if args.plot else None
    return Outputs(positions, picture, _numbered(args.depth_map, number), _numbered(args.index, number), plot)


def _numbered(path, number):
    if path is None:
        return None
    path = Path(path)
    return path.with_name(f"{path.stem}{number}{path.suffix}")


def check_outputs(planned, frames, args):
    """Raise a DataError unless all files may be written, each for one purpose, before long work begins.

    Parameters
    ----------
    planned : list of Outputs
    frames : iterable of paths
        Files that were opened; none of them is ever replaced.
    args : Namespace
        Of the command.
    """
    check_are_apart(planned, args)
    _check_are_no_frames(planned, frames, args)
    for outputs in planned:
        for path in filter(None, (outputs.picture, outputs.depth_map, outputs.plot)):
            check_is_no_frame(args.paths, path)
            check_output(path, force=args.force)
        if outputs.index:
            check_output(outputs.index, force=args.force, endings={".npz"})
    if args.json:
        check_output(args.json, force=args.force, endings={".json"})


def check_sizes(planned, shape):
    """Raise a DataError if pictures of a shape have more pixels a side than their formats can hold."""
    for outputs in planned:
        for path in filter(None, (outputs.picture, outputs.depth_map)):
            check_size(path, shape)


def _check_are_no_frames(planned, frames, args):
    opened = {identity(path) for path in frames if Path(path).exists()}
    for _, path in named_files(planned, args):
        if Path(path).exists() and identity(path) in opened:
            raise DataError(f"{path}: is one of the frames; choose another name for the output")


def is_own(path):
    """Tell whether a file is one that this program wrote as a result: a picture, an index or a report."""
    known = {".json": is_report, ".npz": is_index}
    return known.get(Path(path).suffix.lower(), is_own_result)(path)


def check_are_apart(planned, args):
    """Raise a DataError if two options name one file."""
    check_names_are_apart(named_files(planned, args), "would write")


def check_names_are_apart(named, told):
    """Raise a DataError if a file is named by two of these pairs of option and path; say what they would do with it."""
    options = {}
    for option, path in named:
        other = options.setdefault(str(real_path(path)).casefold(), option)
        if other != option:
            raise DataError(f"{path}: is what both {other} and {option} {told}; give each a file of its own")


def named_files(planned, args):
    """Yield options with the files that they name, or have named."""
    yield from (("--json", args.json),) if args.json else ()
    yield from (("--transforms", args.transforms),) if args.transforms else ()
    for outputs in planned:
        yield "-o", outputs.picture
        files = (("--depth-map", outputs.depth_map), ("--index", outputs.index), ("--plot", outputs.plot))
        yield from ((option, path) for option, path in files if path)

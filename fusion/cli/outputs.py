"""The files that fusing a stack makes, for the whole of it or for each slab."""

from pathlib import Path
from typing import NamedTuple

from data import DataError
from data.io import check_output
from fusion.cli.pictures import check_is_no_frame
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
    """List the pictures that options name, or have named; they are no frames, though they may lie among them."""
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


def check_outputs(planned, args):
    """Raise a DataError unless all files may be written, each for one purpose, before long work begins."""
    check_are_apart(planned, args)
    for outputs in planned:
        for path in filter(None, (outputs.picture, outputs.depth_map, outputs.plot)):
            check_output(path, force=args.force)
            check_is_no_frame(args.paths, path)
        if outputs.index:
            check_output(outputs.index, force=args.force, endings={".npz"})
    if args.json:
        check_output(args.json, force=args.force, endings={".json"})


def check_are_apart(planned, args):
    """Raise a DataError if two options name one file."""
    named = {}
    for option, path in _named_files(planned, args):
        other = named.setdefault(str(Path(path).resolve()).casefold(), option)
        if other != option:
            raise DataError(f"{path}: is what both {other} and {option} would write; give each a file of its own")


def _named_files(planned, args):
    """Yield options with the files that they name, or have named."""
    yield from (("--json", args.json),) if args.json else ()
    yield from (("--transforms", args.transforms),) if args.transforms else ()
    for outputs in planned:
        yield "-o", outputs.picture
        files = (("--depth-map", outputs.depth_map), ("--index", outputs.index), ("--plot", outputs.plot))
        yield from ((option, path) for option, path in files if path)

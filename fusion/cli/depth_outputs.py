"""The files that `fusion depth` makes: what may be written, and how."""

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import DataError, Stack, save
from data.io import check_output, check_size, replacing
from fusion.cli.outputs import check_names_are_apart
from fusion.cli.pictures import identity, tell
from fusion.version import VERSION

MADE_BY = f"fusion depth {VERSION}"
PICTURES = ("depth_map", "all_in_focus", "confidence", "preview")
TABLES = {"csv": ".csv", "ply": ".ply", "view": ".html"}
OUTPUTS = (*PICTURES, *TABLES)
MUCH = 0.1  # of the sure pixels at one end of the series: it may stop too early
INPUTS = ("transforms", "distances")  # files that are named, and are not to be replaced


class Surface(NamedTuple):
    """What is known of a scene, and in which unit."""

    depth: np.ndarray  # (H, W): frames, or the unit
    unsure: np.ndarray  # (H, W) bool
    is_filled: bool  # where it is unsure, too
    image: np.ndarray  # the all-in-focus image
    confidence: np.ndarray
    low: float  # depth of the first frame
    high: float  # and of the last
    unit: str  # "frames", a unit of length, or empty
    pixel_size: float | None  # in `unit`
    frames: Stack  # whose depth it is
    like: Stack  # whose metadata the all-in-focus image gets

    @property
    def unit_told(self):
        """The unit, in words."""
        return self.unit or "the unit of the distances"

    @property
    def hidden(self):
        """Where depth is to be left out, or None for nowhere."""
        return None if self.is_filled else self.unsure

    def share_at(self, end):
        """Share of the sure pixels whose depth is that of one end of the series."""
        sure = self.depth[~self.unsure]
        return float(np.mean(sure == np.float32(end))) if sure.size else 0.0

    def elevation(self, nearest):
        """Return the height over the frame that is farthest; the `nearest` one is the first, or None, or the last."""
        farthest = self.low if nearest == "last" else self.high
        return np.abs(self.depth - np.float32(farthest))


def option_of(name):
    """Return an option as it is typed."""
    return "--" + name.replace("_", "-")


def asked_for(args):
    """Return the outputs that are asked for, by name, with their paths."""
    return {name: Path(getattr(args, name)) for name in OUTPUTS if getattr(args, name) is not None}


def check_outputs(args, sources, shape):
    """Raise a DataError unless all files may be written, each for one purpose, before long work begins.

    Parameters
    ----------
    args : Namespace
        Of the command.
    sources : iterable of paths
        Files of the frames, none of which is ever replaced.
    shape : tuple of int
        Of a frame.
    """
    outputs = asked_for(args)
    inputs = {name: getattr(args, name) for name in INPUTS if getattr(args, name) is not None}
    check_names_are_apart([(option_of(name), path) for name, path in (inputs | outputs).items()], "name")
    frames = {identity(path) for path in sources if Path(path).exists()}
    for name, path in outputs.items():
        if path.exists() and identity(path) in frames:
            raise DataError(f"{path}: is one of the frames; choose another name for the output")
        _check_format(name, path, args.force)
    if "all_in_focus" in outputs:
        check_size(outputs["all_in_focus"], shape)


def _check_format(name, path, force):
    from fusion.depth.files import check_deep

    if name in ("depth_map", "confidence"):
        check_deep(path, {"depth_map": "a depth map", "confidence": "a map of confidence"}[name], force=force)
    else:
        check_output(path, force=force, endings={TABLES[name]} if name in TABLES else None)


def write_outputs(surface, args):
    """Write what is asked for, and say what it is."""
    asked = asked_for(args)
    for name, write in WRITE.items():
        if name in asked:
            write(surface, asked[name], args)
    height, width = surface.depth.shape
    files = " ".join(map(str, asked.values()))
    told = f"{files}: depth of {len(surface.frames)} frames of {width} x {height} pixels, in {surface.unit_told}"
    filled = ", and filled" if surface.is_filled else ""
    tell(args, f"{told}; {surface.unsure.mean():.1%} of the pixels are unsure{filled}")
    for sentence in _cautions(surface, asked, args):
        tell(args, sentence)


def _cautions(surface, asked, args):
    """Yield what is to be known of the results."""
    for name, end in (("first", surface.low), ("last", surface.high)):
        share = surface.share_at(end)
        if share > MUCH:
            yield f"{share:.0%} of the sure pixels are sharpest in the {name} frame; what lies beyond it cannot be told"
    solid = [str(asked[name]) for name in ("ply", "view") if name in asked]
    if solid and args.nearest is None:
        yield f"{' '.join(solid)}: the first frame is taken for the nearest one; if it is the last, give --nearest last"
    if "ply" in asked and surface.pixel_size is None:
        yield f"{asked['ply']}: x and y are in pixels, z in {surface.unit_told}; for true proportions give --pixel-size"


def _write_depth_map(surface, path, args):
    from fusion.depth.files import save_depth

    scale = {name: getattr(surface, name) for name in ("low", "high", "unit", "pixel_size")}
    about = {"unsure": surface.hidden, "frames": len(surface.frames)}
    save_depth(surface.depth, path, **scale, **about, force=args.force, made_by=MADE_BY)


def _write_image(surface, path, args):
    save(surface.image, path, like=surface.like, quality=args.quality, force=args.force, made_by=MADE_BY)


def _write_confidence(surface, path, args):
    from fusion.depth.files import save_confidence

    save_confidence(surface.confidence, path, force=args.force, made_by=MADE_BY)


def _write_preview(surface, path, args):
    from fusion.depth.preview import depth_preview

    picture = depth_preview(surface.depth, unsure=surface.hidden, unit=surface.unit or "no unit")
    save(picture, path, quality=args.quality, force=args.force, made_by=MADE_BY)


def _write_heights(surface, path, args):
    from fusion.depth.files import save_heights

    about = {"unit": surface.unit, "unsure": surface.hidden, "pixel_size": surface.pixel_size}
    save_heights(surface.depth, path, **about, force=args.force)


@contextlib.contextmanager
def _no_surface_told(surface, path):
    """Make an error that names the file, and what the command can do, of one that says that no surface is left."""
    from fusion.depth.mesh import NoSurfaceError

    try:
        yield
    except NoSurfaceError:
        remedy = "leave it out" if surface.is_filled else "leave it out, or use --fill"
        raise DataError(
            f"{path}: {surface.unsure.mean():.1%} of the pixels are unsure, so there is no surface; {remedy}"
        ) from None


def _write_mesh(surface, path, args):
    from fusion.depth.mesh import save_ply, surface_mesh

    height = surface.elevation(args.nearest)
    with _no_surface_told(surface, path):
        mesh = surface_mesh(height, surface.image, pixel_size=surface.pixel_size or 1.0, hidden=surface.hidden)
    unit = surface.unit if surface.pixel_size else f"pixel in x and y, {surface.unit_told} in z"
    save_ply(mesh, path, unit=unit, force=args.force)


def _write_view(surface, path, args):
    from fusion.show.surfaces import surface_page

    about = {"unit": surface.unit or "units", "hidden": surface.hidden, "pixel_size": surface.pixel_size}
    title = path.stem.encode("utf-8", "replace").decode("utf-8")  # names of files may hold what no page can
    with _no_surface_told(surface, path):
        page = surface_page(surface.elevation(args.nearest), surface.image, **about, title=title)
    _check_format("view", path, args.force)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


WRITE = {  # last what there may be none of
    "depth_map": _write_depth_map,
    "all_in_focus": _write_image,
    "confidence": _write_confidence,
    "preview": _write_preview,
    "csv": _write_heights,
    "ply": _write_mesh,
    "view": _write_view,
}

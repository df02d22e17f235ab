"""What `fusion depth` is told: its options, and the texts of its help."""

from fusion.cli.aligning import add_motion_arguments
from fusion.cli.depth_distances import METRES, UNITS

DESCRIPTION = """\
Find out how far away each point of a focus series is, from the frame in which it is sharpest.
Frames are aligned first. PATH is a folder, the frames, or a pattern such as "focus/*.jpg"; frames
are taken in natural order, 2 before 10, which must be that of focus, and those that are given
twice count once. At least one of the results must be asked for."""
EXAMPLES = f"""\
examples:
  fusion depth beetle/ --depth-map depth.png --all-in-focus sharp.jpg
  fusion depth beetle/ --depth-map depth.tif --distances 0.05mm --pixel-size 0.0024mm
  fusion depth beetle/ --ply beetle.ply --view beetle.html --distances 50um --pixel-size 2.4um
  fusion depth beetle/ --csv depth.csv --distances positions.txt --confidence sure.png
  fusion depth tripod/*.jpg --depth-map depth.png --preview depth.jpg --align none
  fusion depth beetle/ --depth-map depth.png --preset graph-cut --transforms motion.json

depth map    gray, 16 bits: 1 for the first frame, 65535 for the last one, even in depth between
             them, 0 where depth is unsure. Its metadata say so in JSON, with the unit (text
             Description of a PNG, ImageDescription of a TIFF); in Python "depth, unit =
             fusion.depth.read_depth(path)" gives them back, NaN where depth is unsure
confidence   gray, 16 bits: from 0 to 1
preview      the depth map in colours with a scale; unsure pixels are gray
CSV          depth, a line for each row of the picture, nan where unsure; lines with # before
             them tell the unit. numpy.genfromtxt(path, delimiter=",") reads it, and ImageJ, as a
             text image, once the lines with # are gone
PLY          a mesh with the colours of the all-in-focus image, for MeshLab, CloudCompare, Blender;
             without --pixel-size x and y are in pixels
view         a page that shows the mesh in any browser, to be turned by mouse, touch and keys

Depth is in frames, from 0, or the distance as --distances gives it; heights of mesh and view are
those over the farthest frame, so that what is near stands high: the first frame is taken for the
nearest one, unless --nearest last says so. A file of --distances has a number on each line, with
a unit ({", ".join(METRES)}) behind it, or in a first line such as
"z (mm)"; # begins a comment. Numbers rise, or fall, from frame to frame.

Frames that cannot be read, are of another size, or of which no trustworthy motion is found are
left out and named; with --align none they are errors. They keep their line in a file of
--distances, and their step in a series of even steps, so that the others stay where they are.
Without --distances depth counts the frames that are left.

Where nothing is seen in focus, as in dark and smooth parts, pixels are unsure: results leave them
out, or, with --fill, show the depth of their neighbours there. No frame is ever replaced; results
of this program that a folder or a pattern finds are no frames.
"""
DEFAULT_MODEL = "similarity"


def add_depth_arguments(parser):
    """Add paths, results, units, method and alignment to the parser of the command."""
    given = "a folder, a multi-page TIFF, the frames, or a pattern in quotes"
    parser.add_argument("paths", nargs="+", metavar="PATH", help=given)
    _add_outputs(parser.add_argument_group("results"))
    _add_scale(parser.add_argument_group("units"))
    _add_method(parser.add_argument_group("method"))
    add_motion_arguments(parser.add_argument_group("alignment"), DEFAULT_MODEL)


def _add_outputs(group):
    group.add_argument("--depth-map", metavar="D", help="depth as a gray picture of 16 bits: .png or .tif")
    group.add_argument("--all-in-focus", metavar="F", help="what is seen, sharp all over: .jpg, .png, .tif or .webp")
    group.add_argument("--confidence", metavar="C", help="how far depth can be trusted: .png or .tif")
    group.add_argument("--preview", metavar="P", help="depth in colours, with a scale: .jpg, .png, .tif or .webp")
    group.add_argument("--csv", metavar="H.csv", help="depth as a table")
    group.add_argument("--ply", metavar="S.ply", help="the surface as a mesh")
    group.add_argument("--view", metavar="V.html", help="the surface as a page, to be turned")
    group.add_argument(
        "--quality", type=int, default=95, metavar="1..100", help="of JPEG and WebP (default: %(default)s)"
    )
    group.add_argument("--force", action="store_true", help="replace results that exist, but never a frame")
    group.add_argument("--quiet", action="store_true", help="no progress bar, no closing line")


def _add_scale(group):
    group.add_argument(
        "--distances",
        metavar="STEP|FILE",
        help=f"step from each frame to the next, such as 0.05mm, or a file with their positions; units: {UNITS}",
    )
    group.add_argument("--pixel-size", metavar="SIZE", help="side of a pixel in the scene, such as 0.0024mm")
    group.add_argument(
        "--nearest", choices=("first", "last"), help="frame that is nearest, for mesh and view (default: first)"
    )


def _add_method(group):
    group.add_argument(
        "--measure",
        default="log",
        metavar="NAME",
        help="focus measure: log, sml, tenengrad, variance or ring, or one of these at several scales, such as "
        "multi-scale-log (default: %(default)s)",
    )
    group.add_argument(
        "--kernel-size",
        type=int,
        default=3,
        metavar="N",
        help="of the measure, in pixels, odd; more stands more noise, and blurs outlines (default: %(default)s)",
    )
    group.add_argument(
        "--refine",
        default="guided",
        metavar="NAME",
        help="how pixels learn from their neighbours: guided, graph-cut (needs PyMaxflow), weighted-median or none "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="graph-cut: whole frames by graph cut, then a weighted median, and no fractions",
    )
    group.add_argument("--fill", action="store_true", help="give unsure pixels the depth of their neighbours")

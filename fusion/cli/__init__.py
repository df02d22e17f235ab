"""The command `fusion`: one file per sub-command."""

import argparse
import io
import os
import sys

# Read when NumPy is imported. Matrices are small here, and threads that wait for each other cost time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2

from fusion.cli import align, boundary, compare, data, depth, evaluate, exposure, fuse, guided, rerun, stack
from fusion.cli.batch import one_line
from fusion.tuning import keep_freed_pages, use_one_thread
from fusion.version import VERSION

COMMANDS = (fuse, compare, stack, rerun, depth, guided, boundary, exposure, align, evaluate, data)
EXAMPLES = """\
examples:
  fusion fuse pictures/ -o fused.tif         one picture, by the method that fits the frames
  fusion compare pictures/ -o report.html    what every method makes of them, and which one to take
  fusion guided focus/*.jpg -o sharp.jpg     fuse a focus series or an exposure bracket
  fusion guided bracket/ -o fused.tif        all pictures of a folder, 16 bits stay 16 bits
  fusion boundary near.jpg far.jpg -o s.jpg  networks decide what is in focus, and look again at its boundary
  fusion stack focus/ -o sharp.tif           one sharp picture of a focus series, handheld or not
  fusion rerun report.json -o again.tif      a result once more, byte for byte, from its report
  fusion depth focus/ --depth-map depth.png  how far away things are, in frames or millimetres
  fusion exposure bracket/ -o fused.jpg      fuse an exposure bracket by how well pixels are exposed
  fusion align handheld/ -o aligned/         bring the frames of a series together
  fusion evaluate a.jpg b.jpg --fused s.jpg  score results beside what no method made
  fusion data list                           pictures that can be had by name
  fusion COMMAND --help                      options of one command
"""


def build_parser():
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="fusion",
        description="Fuse many pictures of one scene into one.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"All in Focus {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def _print_any_name():
    """Let names of files be printed that hold bytes which are no characters; the error stream can do so by itself."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def main(arguments=None):
    """Run the command line; return 0, or 2 after one line that says what is wrong."""
    args = build_parser().parse_args(arguments)
    _print_any_name()
    keep_freed_pages()
    use_one_thread()
    try:
        args.run(args)
    except KeyboardInterrupt:
        print("fusion: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stdout = None
        return 0
    except (ValueError, OSError, MemoryError) as error:
        print(f"fusion: error: {one_line(error)}", file=sys.stderr)
        return 2
    except (cv2.error, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        print("fusion: error: not enough memory", file=sys.stderr)
        return 2
    return 0


def _lacks_memory(error):
    """Tell whether OpenCV, or a thread that could not be started, says in its own way that memory has run out."""
    return getattr(error, "code", None) == cv2.Error.StsNoMem or "can't start new thread" in str(error)

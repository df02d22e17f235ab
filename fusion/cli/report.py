"""Reports of the command `fusion stack`: what went in, what was done, what came out; enough to do it again."""

import contextlib
import hashlib
import json
import math
import platform
import re
import time
from importlib import metadata
from pathlib import Path

import cv2

from data import DataError
from data.entries import check_entries
from data.io import save_json
from data.paths import read_text_bytes, real_path
from fusion.cli.aligning import MODELS
from fusion.version import VERSION

KIND, FORMAT = "all-in-focus report", 1  # what a report says of itself
PICTURES = ("picture", "slab")  # roles of files that are the result
ROLES = ("depth_map", "index", "transforms")  # of files that are named by an option of the same name


class Record:
    """What becomes the report of one stack, taken down while it is fused.

    Parameters
    ----------
    args : Namespace
        Of the command. Nothing is read from files unless ``args.json`` asks for a report.
    paths : list of path
        Files of the frames, in order; one that holds several frames counts once.
    """

    def __init__(self, args, paths):
        self._args = args
        self._started = time.perf_counter()
        self._stages = {}
        self._alignment = None
        self._left_out = []
        self._outputs = []
        self._inputs = [describe(path) for path in dict.fromkeys(map(str, paths))] if args.json else []

    @contextlib.contextmanager
    def timed(self, stage):
        """Count the time that is spent inside for a stage, which may come again."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stages[stage] = self._stages.get(stage, 0.0) + time.perf_counter() - started

    def aligned(self, alignment):
        """Keep the `recalage.Alignment` that was found or applied."""
        self._alignment = alignment

    def left_out(self, name, reason):
        """Keep that a frame takes no part, though no alignment tells of it."""
        self._left_out.append({"name": name, "reason": reason})

    def wrote(self, path):
        """Keep that a file was written."""
        self._outputs.append(str(path))

    def save(self, path, *, force=False):
        """Write the report to a file that ends in .json, whole or not at all; errors are those of `data.io.save_json`."""
        save_json(self._content(), path, force=force)

    def _content(self):
        args = self._args
        frames = () if self._alignment is None else self._alignment.frames
        not_aligned = [{"name": f.name, "reason": f.reason} for f in frames if f.status == "left out"]
        outputs = [describe(output) | {"role": role_of(output, args)} for output in self._outputs]
        seconds = {"total": time.perf_counter() - self._started} | self._stages
        return {
            "kind": KIND,
            "format": FORMAT,
            "made_by": f"fusion {args.command} {VERSION}",
            "versions": versions(),
            "inputs": self._inputs,
            "parameters": {name: _as_text(getattr(args, name)) for name in PARAMETER_ENTRIES},
            "transforms": None if self._alignment is None else self._alignment.as_entries(),
            "left_out": self._left_out + not_aligned,
            "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
            "output": str(args.output),
            "outputs": outputs,
        }


def versions():
    """Return the version of all that has a say in the bytes of a result, by name."""
    ours = {"All in Focus": VERSION, "Python": platform.python_version(), "opencv": cv2.__version__}
    theirs = {name: metadata.version(name) for name in ("numpy", "pillow", "tifffile", "imagecodecs")}
    return ours | theirs | {"platform": f"{platform.system()} {platform.machine()}"}


def describe(path):
    """Return what a report holds of a file: its path as given, absolute, its size and hash; None if it is not readable."""
    path = Path(path)
    entry = {"path": str(path), "absolute": str(real_path(path)), "bytes": None, "sha256": None}
    with contextlib.suppress(OSError):
        entry |= {"sha256": hash_of(path), "bytes": path.stat().st_size}
    return entry


def hash_of(path):
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def role_of(path, args):
    """Tell what a file is to the command that wrote it: picture, slab, the option that names it, or other."""
    if Path(path) == Path(args.output):
        return "picture"
    if slab_number(path, args.output):
        return "slab"
    named = {role: getattr(args, role) for role in ROLES if getattr(args, role) is not None}
    roles = [role for role, name in named.items() if Path(path) == Path(name) or slab_number(path, name)]
    return roles[0] if roles else "other"


def slab_number(path, output):
    """Return what the name of a slab has behind that of the output, such as ``"_001-010"``, or an empty text."""
    path, output = Path(path), Path(output)
    number = path.stem.removeprefix(output.stem)
    same_place = (path.parent, path.suffix) == (output.parent, output.suffix)
    is_slab = same_place and path.stem.startswith(output.stem) and re.fullmatch(r"_\d+-\d+", number)
    return number if is_slab else ""


def _as_text(value):
    """Return a value of an option as JSON holds it."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def alignment_of(report, path):
    """Build the alignment that a report holds, or None.

    Parameters
    ----------
    report : dict
        As `read_report` returns it.
    path : path
        Of the report, for errors.

    Returns
    -------
    recalage.Alignment or None

    Raises
    ------
    DataError
        If it is damaged: the entry is named.
    """
    model = report["parameters"]["align"]
    if report["transforms"] is None and model != "none":
        raise DataError(f"{path}: is damaged: transforms is null, and frames were aligned by {model or 'saved motion'}")
    if report["transforms"] is None:
        return None
    from recalage.alignment import Alignment
    from recalage.errors import RegistrationError

    try:
        return Alignment.from_entries(report["transforms"], f"{path}: transforms")
    except RegistrationError as error:
        raise DataError(str(error)) from None


def read_report(path):
    """Read a report that `Record.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        Its entries, each of the kind that it should be; transforms are checked by `alignment_of`.

    Raises
    ------
    DataError
        If the file cannot be read, is no report or one of another format, or damaged: the entry is named.
    """
    report = _read_json(path)
    check_entries(report, ENTRIES, path, error=DataError)
    for name, rules in (("inputs", FILE), ("outputs", FILE | {"role": TEXT})):
        for number, entry in enumerate(report[name]):
            check_entries(entry, rules, path, f"{name}[{number}].", error=DataError)
    check_entries(report["parameters"], PARAMETER_ENTRIES, path, "parameters.", error=DataError)
    if not any(entry["role"] in PICTURES for entry in report["outputs"]):
        raise DataError(f"{path}: is damaged: outputs holds no picture, expected is one with the role picture or slab")
    return report


def is_report(path):
    """Tell whether a file is a report that this program wrote."""
    try:
        _read_json(path)
    except DataError:
        return False
    return True


def _read_json(path):
    try:
        encoded = read_text_bytes(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give a report that --json of fusion stack wrote") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        content = json.loads(encoded)
    except (ValueError, RecursionError):
        raise DataError(f"{path}: is no JSON, or damaged; give a report that --json of fusion stack wrote") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise DataError(f"{path}: is no report; give one that --json of fusion stack wrote")
    if content.get("format") != FORMAT:
        raise DataError(
            f"{path}: is a report of format {content.get('format')}, and format {FORMAT} is read; fuse the frames anew"
        )
    return content


def _one_of(*kinds):
    """Return the rule that a value is of one of these types; True and False are no numbers."""
    return lambda value: type(value) in kinds


def _whole(low, high=math.inf):
    """Return the rule that a value is a whole number of a range."""
    return lambda value: type(value) is int and low <= value <= high


def _is_window(value):
    return _whole(3, 31)(value) and value % 2 == 1


def _is_hash(value):
    return value is None or (isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None)


NONE = type(None)
TEXT = (_one_of(str), "a text")
SWITCH = (_one_of(bool), "true or false")
COUNT = (_one_of(int, NONE), "a whole number or null")
CHOICE = (_one_of(str, NONE), "a text or null")
FILE = {"path": TEXT, "absolute": TEXT, "bytes": COUNT, "sha256": (_is_hash, "64 hexadecimal digits, or null")}
ENTRIES = {
    "versions": (lambda value: isinstance(value, dict), "versions by name"),
    "inputs": (lambda value: isinstance(value, list) and value, "a list of files"),
    "parameters": (lambda value: isinstance(value, dict), "options by name"),
    "transforms": (_one_of(dict, NONE), "a saved alignment or null"),
    "output": TEXT,
    "outputs": (lambda value: isinstance(value, list), "a list of files"),
}
# Options of the command that shape its result; the others name files, or say how it is to go about its work.
PARAMETER_ENTRIES = {
    "depth": (lambda value: value is None or _whole(1)(value), "a whole number, 1 or more, or null"),
    "k_size": (_is_window, "an odd number, 3 to 31"),
    "naive": SWITCH,
    "prefer": (lambda value: value in (None, "first", "last"), "first, last or null"),
    "align": (lambda value: value in (None, "none", *MODELS), f"{', '.join(MODELS)}, none or null"),
    "reference": CHOICE,
    "crop": SWITCH,
    "tone": SWITCH,
    "slab": CHOICE,
    "quality": (_whole(1, 100), "a whole number, 1 to 100"),
}

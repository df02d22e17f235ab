"""The frames of a stack to be fused: found by folder, name or pattern, in natural order, each of them once."""

import glob
import hashlib
import sys
from argparse import Namespace
from collections import defaultdict
from pathlib import Path

from data import DataError
from data.stack import natural_key
from fusion.cli.pictures import open_paths, source_of

SAMPLE = 1 << 16  # bytes in the middle of a file that are compared before all of it is


def open_unique_frames(args, *, exclude=(), tolerant=False, sort=True):
    """Open the frames that a command is given, those that are equal once.

    Parameters
    ----------
    args : Namespace
        With `paths`, where patterns may stand, and what `add_picture_arguments` added.
    exclude : iterable of paths, optional
        Files that are no frames.
    tolerant : bool, optional
        As for `data.open_stack`.
    sort : bool, optional
        Put files in natural order; else they stay as they are given.

    Returns
    -------
    stack : Stack
        Two frames or more.
    files : list of Path
        Where each of them comes from.

    Raises
    ------
    DataError
        If fewer than two are left, or one cannot be part of the stack, unless `tolerant`.
    """
    excluded = {Path(path).resolve() for path in exclude}
    found = find_paths(args.paths)
    ordered = sorted(found, key=natural_key) if sort else found
    paths = [path for path in ordered if Path(path).resolve() not in excluded]
    if not paths:
        raise DataError(f"{args.paths[0]}: is the output; give the frames too")
    given = Namespace(**vars(args) | {"paths": paths})
    stack = open_paths(given, least=1, exclude=exclude, tolerant=tolerant)
    files = _files_of(stack, paths)
    copies = _copies([None if stack.names[k] != file.name else file for k, file in enumerate(files)])
    for copy, first in copies.items():
        print(_told_of(files[copy], files[first]), file=sys.stderr)
    left = [index for index in range(len(stack)) if index not in copies]
    if len(left) < 2:
        raise DataError(f"{files[left[0]]}: is the only frame; fusion needs two or more pictures of one scene")
    return stack.select(left), [files[index] for index in left]


def find_paths(paths):
    """Put in the place of each pattern what it finds.

    Parameters
    ----------
    paths : list of str
        Folders, files, and patterns with ``*``, ``?``, ``[...]`` or, for folders in folders, ``**``; one that is the
        name of a file is that file.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If a pattern finds nothing; it is named.
    """
    return [match for path in paths for match in _matches(path)]


def _matches(path):
    if not glob.has_magic(path) or Path(path).exists():
        return [path]
    matches = glob.glob(path, recursive=True)
    if not matches:
        raise DataError(f"{path}: finds no file; check the pattern, or give a folder of pictures")
    return matches


def _files_of(stack, paths):
    if len(paths) > 1:
        return [Path(path) for path in paths]
    return [source_of(Path(paths[0]), name) for name in stack.names]


def _told_of(copy, first):
    if copy == first:
        return f"{copy}: is given twice, and counts once"
    return f"{copy}: is the same, byte for byte, as {first}, and counts once"


def _copies(files):
    """Map the positions of files that are equal to an earlier one to those of that one; None is no file."""
    groups = [[index for index, file in enumerate(files) if file is not None]]
    for key in (_size, _digest_of_sample, _digest):
        groups = [equal for group in groups for equal in _split(group, files, key)]
    return {copy: group[0] for group in sorted(groups) for copy in group[1:]}


def _split(group, files, key):
    """Split a group by a key of the files; return parts of two or more. A file that cannot be read is like no other."""
    parts = defaultdict(list)
    for index in group:
        try:
            parts[key(files[index])].append(index)
        except OSError:
            continue
    return [part for part in parts.values() if len(part) > 1]


def _size(path):
    return path.stat().st_size


def _digest_of_sample(path):
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - SAMPLE) // 2)
        return hashlib.sha256(file.read(SAMPLE)).digest()


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()

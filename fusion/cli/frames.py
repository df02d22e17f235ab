"""The frames of a stack to be fused: found by folder, name or pattern, in natural order, each of them once."""

import glob
import hashlib
import sys
from argparse import Namespace
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from data import DataError, Stack
from data.io import is_own_result
from data.stack import natural_key
from fusion.cli.pictures import identity, open_paths, source_of

SAMPLE = 1 << 16  # bytes in the middle of a file that are compared before all of it is


class Found(NamedTuple):
    """Frames that a command is given, those that are equal once."""

    stack: Stack  # two frames or more
    files: list  # where each of them comes from
    given: list  # names of all frames, with those that are equal to another one
    sources: list  # where each of these comes from
    copies: dict  # positions of those that count no more, and of the ones that they are equal to, among all

    def place_of(self, position):
        """Return where in the stack a frame is that stands at a position among all that are given."""
        first = self.copies.get(position, position)
        return first - sum(copy < first for copy in self.copies)


def open_unique_frames(args, *, outputs=(), tolerant=False, exact=False):
    """Open the frames that a command is given, those that are equal once.

    Parameters
    ----------
    args : Namespace
        With `paths`, where patterns may stand, and what `add_picture_arguments` added.
    outputs : iterable of paths, optional
        Files that the command writes: results of this program that are found among them are no frames.
    tolerant : bool, optional
        As for `data.open_stack`.
    exact : bool, optional
        Take the files that are given as they are, in their order; else they are put in natural order, and results of
        this program that patterns find are left out and named.

    Returns
    -------
    Found

    Raises
    ------
    DataError
        If fewer than two are left, or one cannot be part of the stack, unless `tolerant`.
    """
    paths = args.paths if exact else _without_results(args.paths, outputs)
    stack = open_paths(Namespace(**vars(args) | {"paths": paths}), least=1, tolerant=tolerant)
    sources = _files_of(stack, paths)
    copies = copies_among(stack, sources)
    for copy, first in copies.items():
        print(f"{sources[copy]}: {told_of_copy(sources[first])}, and counts once", file=sys.stderr)
    left = [index for index in range(len(stack)) if index not in copies]
    if len(left) < 2:
        raise DataError(f"{sources[left[0]]}: is the only frame; fusion needs two or more pictures of one scene")
    return Found(stack.select(left), [sources[index] for index in left], stack.names, sources, copies)


def told_of_copy(first):
    """Say of a file what it has to do with the one that it is a copy of."""
    return f"is the same, byte for byte, as {first}"


def _without_results(paths, outputs):
    """Return the files that are meant to be frames, in natural order, each once."""
    ours = {identity(path) for path in outputs if Path(path).is_file() and is_own_result(path)}
    files, named, dropped = [], [], []
    for path in paths:
        found = [file for file in _matches(path) if not _is_one_of(ours, file)]
        results = [file for file in found if _is_result(file)]
        if is_pattern(path):
            dropped += results
            files += [file for file in found if file not in results]
        else:
            named += results
            files += found
    _name_results([file for file in dropped if file not in named], "and no frame; give the name of each to fuse it")
    _name_results(named, "and fused nevertheless, for it was named")
    if not files and dropped:
        raise DataError(f"{paths[0]}: finds nothing but results of fusion; name the files to fuse them again")
    if not files:
        raise DataError(f"{paths[0]}: is the output; give the frames too")
    return _once(sorted(files, key=natural_key))


def _is_one_of(identities, path):
    return bool(identities) and Path(path).exists() and identity(path) in identities


def _is_result(path):
    return Path(path).is_file() and is_own_result(path)


def _name_results(files, told):
    """Say in a line which results of this program there are among the frames, and what becomes of them."""
    if files:
        names = " ".join(sorted(set(files), key=natural_key))
        print(f"{names}: a result of this program, {told}", file=sys.stderr)


def _once(files):
    """Leave out files that are given again; name them."""
    once = {}
    for file in files:
        if Path(file) in once:
            print(f"{file}: is given twice, and counts once", file=sys.stderr)
        once.setdefault(Path(file), file)
    return list(once.values())


def is_pattern(path):
    """Tell whether a text is a pattern, and not the name of a file."""
    return glob.has_magic(path) and not Path(path).exists()


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
    if not is_pattern(path):
        return [path]
    matches = glob.glob(path, recursive=True)
    if not matches:
        raise DataError(f"{path}: finds no file; check the pattern, or give a folder of pictures")
    return matches


def _files_of(stack, paths):
    if len(paths) > 1:
        return [Path(path) for path in paths]
    return [source_of(Path(paths[0]), name) for name in stack.names]


def copies_among(stack, sources):
    """Find frames whose files are equal, byte for byte, to that of another one before them.

    Parameters
    ----------
    stack : Stack
    sources : list of Path
        Where each of its frames comes from; pages of one file are no copies.

    Returns
    -------
    dict
        Their positions, in order, and those of the first ones of their kind.
    """
    return _copies([file if name == file.name else None for name, file in zip(stack.names, sources, strict=True)])


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

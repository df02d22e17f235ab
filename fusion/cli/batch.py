"""Many stacks by one command: every sub-folder is one."""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from data import DataError, open_stack
from data.io import READABLE, SIXTEEN_BIT, WRITABLE, is_own_result
from data.paths import real_path
from data.stack import natural_key
from fusion.cli.folders import folder_made
from fusion.cli.frames import copies_among, find_paths, is_pattern
from fusion.cli.outputs import is_own, named_files, plan_outputs
from fusion.cli.pictures import source_of, tell

NAMED = ("json", "depth_map", "index", "transforms")  # options that name a file, of which each stack has one


class Job(NamedTuple):
    """A stack of a batch: the folder of its frames, the arguments with which it is fused, and what is made of it."""

    folder: Path
    args: argparse.Namespace
    files: list


def run_batch(args, run_stack):
    """Fuse each sub-folder of the folders that are given, and go on when one fails.

    Parameters
    ----------
    args : Namespace
        Of `fusion stack`. Its paths are folders, or patterns for them, and its output is a folder, which is made if it
        does not exist.
        Options that name a file name the end of a file here: each stack has its own, which begins with its name.
    run_stack : callable
        ``run_stack(args)`` fuses one stack.

    Raises
    ------
    DataError
        If the folders cannot be used, before any work; at the end, if stacks failed. These are listed on the error
        stream, each with the reason.
    """
    _check_names(args)
    folders = find_stacks(args.paths, Path(args.output))
    failures, taken = [], {}
    with folder_made(Path(args.output), "with --batch, name a folder for the results"):
        for number, folder in enumerate(folders, start=1):
            try:
                _fuse(folder, f"{number} of {len(folders)}: {folder.name}", args, run_stack, taken)
            except BrokenPipeError:
                raise
            except (ValueError, OSError, MemoryError) as error:
                failures.append(f"{folder.name}: {one_line(error)}")
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        raise DataError(
            f"{len(failures)} of {len(folders)} stacks failed, for the reasons above; what is finished is skipped when the "
            "command is run again"
        )


def one_line(error):
    """Return what an error says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or "not enough memory"


def find_stacks(paths, output):
    """Find the folders that hold a stack each.

    Parameters
    ----------
    paths : list of path
        Folders whose sub-folders are stacks, and patterns that find such folders. Pictures that lie in them directly
        are named on the error stream.
    output : Path
        Folder for the results, which is no stack; nor are hidden folders.

    Returns
    -------
    list of Path
        In the order of `paths`, and in natural order of names within each.

    Raises
    ------
    DataError
        If one of `paths` is no folder or has no sub-folder, or if two stacks would be written under one name.
    """
    stacks = [stack for path in paths for folder in _folders(path) for stack in _stacks_in(folder, output)]
    names = {}
    for stack in stacks:
        other = names.setdefault(stack.name.casefold(), stack)
        if other is not stack:
            raise DataError(
                f"{stack}: has the name of {other}, and so would its result; rename one, or fuse them apart"
            )
    return stacks


def _folders(path):
    """Return the folder that is given or, in natural order, those that a pattern finds."""
    if not is_pattern(path):
        return [Path(path)]
    folders = [Path(match) for match in sorted(find_paths([path]), key=natural_key) if Path(match).is_dir()]
    if not folders:
        raise DataError(f"{path}: finds no folder; with --batch, give folders whose sub-folders are stacks")
    return folders


def _stacks_in(path, output):
    if not path.is_dir():
        raise DataError(f"{path}: is no folder; with --batch, give folders whose sub-folders are stacks")
    found = [
        entry for entry in path.iterdir() if not entry.name.startswith(".") and real_path(entry) != real_path(output)
    ]
    stacks = [entry for entry in found if entry.is_dir()]
    if not stacks:
        raise DataError(
            f"{path}: has no sub-folder; with --batch, each sub-folder is a stack; leave --batch out for one"
        )
    pictures = [entry for entry in found if entry.suffix.lower() in READABLE and entry.is_file()]
    loose = sorted((entry.name for entry in pictures if not is_own_result(entry)), key=natural_key)
    if loose:
        told = f"{loose[0]} lies" if len(loose) == 1 else f"{len(loose)} pictures, from {loose[0]} to {loose[-1]}, lie"
        print(f"{path}: {told} in it directly, beside the stacks, and in none of them", file=sys.stderr)
    return sorted(stacks, key=lambda stack: natural_key(stack.name))


def _check_names(args):
    """Raise a DataError if an option that names a file for each stack names one in a folder."""
    for option in NAMED:
        name = getattr(args, option)
        if name is not None and Path(name).name != name:
            raise DataError(
                f"--{option.replace('_', '-')} {name}: names one file; with --batch, give a name without a folder: each "
                f"stack writes {Path(args.output) / f'STACK_{Path(name).name}'}"
            )


def _fuse(folder, title, args, run_stack, taken):
    """Fuse one stack, unless it is finished."""
    job = _job(folder, args)
    _take(job, taken)
    if not args.force and all(path.exists() for path in job.files) and all(map(is_own, _results(job))):
        what = f"{job.args.output} is" if args.slab is None else f"slabs of {job.args.output} are"
        tell(args, f"{title}: is finished, {what} there")
        return
    tell(args, title)
    resumed = _resumed(job)
    if resumed.force and not args.force:
        missing = next(path for path in job.files if not path.exists())
        print(f"{title}: is made again, for {missing} is missing; what it made before is replaced", file=sys.stderr)
    run_stack(resumed)


def _job(folder, args):
    """Return what is to be done for a stack."""
    frames = open_stack(folder, tolerant=True)
    output = Path(args.output)
    named = {option: getattr(args, option) for option in NAMED}
    named = {option: name and str(output / f"{folder.name}_{name}") for option, name in named.items()}
    result = str(output / f"{folder.name}{_ending(frames)}")
    args = argparse.Namespace(**vars(args) | named | {"paths": [str(folder)], "output": result, "batch": False})
    planned = plan_outputs(args, _count(frames, folder) if args.slab else len(frames))
    return Job(folder, args, [Path(path) for _, path in named_files(planned, args)])


def _ending(frames):
    """Return the ending of the first frame, if such a picture can be written and has room for all bits."""
    ending = Path(re.sub(r"\[\d+\]$", "", frames.names[0])).suffix
    if ending.lower() not in WRITABLE:
        return ".png"
    return ".tif" if frames.bit_depth == 16 and ending.lower() not in SIXTEEN_BIT else ending


def _count(frames, folder):
    """Return how many frames there are without those that count once with another one."""
    return len(frames) - len(copies_among(frames, [source_of(folder, name) for name in frames.names]))


def _results(job):
    """Return the files that fusing a stack always makes anew; saved motion is used again."""
    return [path for path in job.files if str(path) != job.args.transforms]


def _resumed(job):
    """Return the arguments with which a stack is fused of which some files are there, as after an interruption.

    Such files of this program are replaced. Motion that was saved is applied, so that no reference is chosen any more.
    """
    args = argparse.Namespace(**vars(job.args))
    saved = args.transforms and Path(args.transforms)
    there = [path for path in _results(job) if os.path.lexists(path)]
    args.force = args.force or (bool(there) and all(map(is_own, there)))
    if saved and saved.exists() and args.reference is not None:
        print(f"{saved}: exists, so its motion is applied, and --reference makes no difference", file=sys.stderr)
        args.reference = None
    return args


def _take(job, taken):
    """Raise a DataError if a stack would write what is written for another one."""
    for path in job.files:
        other = taken.setdefault(str(path).casefold(), job.folder)
        if other != job.folder:
            raise DataError(f"{path}: is written for {other} too; rename one of the two folders, or the option's file")

"""Many stacks by one command: every sub-folder is one."""

import argparse
import contextlib
import re
import sys
from pathlib import Path
from typing import NamedTuple

from data import DataError, open_stack
from data.io import READABLE, WRITABLE, is_own_result
from data.stack import natural_key
from fusion.cli.pictures import tell
from fusion.cli.slabs import slabs_of

NAMED = ("json", "depth_map", "index", "transforms")  # options that name a file, of which each stack has one


class Job(NamedTuple):
    """A stack of a batch: the folder of its frames, the arguments with which it is fused, and how many frames it has."""

    folder: Path
    args: argparse.Namespace
    count: int


def run_batch(args, run_stack):
    """Fuse each sub-folder of the folders that are given, and go on when one fails.

    Parameters
    ----------
    args : Namespace
        Of `fusion stack`. Its paths are folders, and its output is a folder, which is made if it does not exist.
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
    with _made(Path(args.output)):
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
        Folders whose sub-folders are stacks. Pictures that lie in them directly are named on the error stream.
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
    stacks = [stack for path in paths for stack in _stacks_in(Path(path), output)]
    names = {}
    for stack in stacks:
        other = names.setdefault(stack.name.casefold(), stack)
        if other is not stack:
            raise DataError(
                f"{stack}: has the name of {other}, and so would its result; rename one, or fuse them apart"
            )
    return stacks


def _stacks_in(path, output):
    if not path.is_dir():
        raise DataError(f"{path}: is no folder; with --batch, give folders whose sub-folders are stacks")
    found = [
        entry for entry in path.iterdir() if not entry.name.startswith(".") and entry.resolve() != output.resolve()
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


@contextlib.contextmanager
def _made(folder):
    """Make a folder; take it away again if nothing came into it."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file; with --batch, name a folder for the results")
    if not folder.absolute().parent.is_dir():
        raise DataError(f"{folder}: the folder it should lie in does not exist; create {folder.parent} first")
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()


def _fuse(folder, title, args, run_stack, taken):
    """Fuse one stack, unless it is finished."""
    job = _job(folder, args)
    if not args.force and _is_finished(job):
        what = f"{job.args.output} is" if args.slab is None else f"slabs of {job.args.output} are"
        tell(args, f"{title}: is finished, {what} there")
        return
    _take(job, taken)
    tell(args, title)
    run_stack(job.args)


def _job(folder, args):
    """Return what is to be done for a stack; its result has the ending of its first frame, if that can be written."""
    frames = open_stack(folder, tolerant=True)
    ending = Path(re.sub(r"\[\d+\]$", "", frames.names[0])).suffix
    ending = ending if ending.lower() in WRITABLE else ".png"
    output = Path(args.output)
    named = {option: getattr(args, option) for option in NAMED}
    named = {option: name and str(output / f"{folder.name}_{name}") for option, name in named.items()}
    options = named | {"paths": [str(folder)], "output": str(output / f"{folder.name}{ending}"), "batch": False}
    return Job(folder, argparse.Namespace(**vars(args) | options), len(frames))


def _is_finished(job):
    """Tell whether the result of a stack, or as many slabs as it has, were written by this program before."""
    output = Path(job.args.output)
    if job.args.slab is None:
        return output.exists() and is_own_result(output)
    slabs = re.compile(rf"{re.escape(output.stem)}_\d+-\d+{re.escape(output.suffix)}")
    written = [path for path in output.parent.iterdir() if slabs.fullmatch(path.name) and is_own_result(path)]
    return len(written) >= len(slabs_of(job.count, job.args.slab))


def _take(job, taken):
    """Raise a DataError if a stack would write what another one of this run has written."""
    for option in ("output", *NAMED):
        target = getattr(job.args, option)
        if target is not None:
            other = taken.setdefault(target.casefold(), job.folder)
            if other != job.folder:
                raise DataError(
                    f"{target}: is written for {other} too; rename one of the two folders, or the option's file"
                )

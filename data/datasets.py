"""Data by name: in a folder of one's own, downloaded and checked, or built in."""

import difflib
import functools
import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from data.download import fetch_file, import_pooch
from data.errors import DataError
from data.io import READABLE
from data.stack import natural_key, open_stack

GITHUB = "https://raw.githubusercontent.com/"
BUILT_IN = "built-in/"


class File(NamedTuple):
    """One file of the registry."""

    name: str  # with the set: "lytro/01/a.jpg"
    address: str  # below the base address: "owner/repository/commit/path", quoted
    size: int  # bytes
    sha256: str


# --- what there is ---------------------------------------------------------------------------------------------------


@functools.cache
def registry():
    """Content of registry.json, read at the first use."""
    return json.loads(Path(__file__).with_name("registry.json").read_text(encoding="utf-8"))


def names(kind=None):
    """Names of all data sets.

    Parameters
    ----------
    kind : str, optional
        Only those of one kind: multi-focus, focal-stack, multi-exposure, fused (published results) or training.

    Returns
    -------
    list of str
        Built-in ones first.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    kind_of = {name: _scenes().scene(name).kind for name in _scenes().built_in_names()}
    kind_of |= {name: entry["kind"] for name, entry in registry()["sets"].items()}
    if kind is not None and kind not in kind_of.values():
        raise DataError(f"no data set is of kind {kind!r}; kinds are {', '.join(sorted(set(kind_of.values())))}")
    return [name for name in kind_of if kind in (None, kind_of[name])]


def describe(name):
    """What is known of a data set.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    dict
        ``kind``, ``frames`` (how many), ``size`` (width, height), ``bytes``, ``terms`` and ``credit`` as the origin
        states them, ``sources`` (the set that a set of published results was fused from) and ``note``; the last two
        may be None.

    Raises
    ------
    DataError
        If no set has this name.
    """
    if name.startswith(BUILT_IN):
        scene = _scenes().scene(name)
        size, count = scene.size, scene.frame_count
        told = {"kind": scene.kind, "frames": count, "size": size, "bytes": 0, "terms": scene.terms}
        return told | {"credit": scene.credit, "sources": None, "note": None}
    entry = _entry(name)
    origin = registry()["origins"][entry["origin"]]
    return {
        "kind": entry["kind"],
        "frames": len(entry["frames"]),
        "size": tuple(entry["size"]),
        "bytes": sum(file.size for file in files(name)),
        "terms": origin["terms"],
        "credit": origin["credit"],
        "sources": entry.get("sources"),
        "note": entry.get("note"),
    }


def files(name):
    """Files of a registered set: the frames in order, then what comes along.

    Parameters
    ----------
    name : str
        A name of the registry.

    Returns
    -------
    list of File
    """
    entry = _entry(name)
    origin = registry()["origins"][entry["origin"]]
    rows = [*entry["frames"], *entry.get("extras", [])]
    notices = [_file(origin["folder"], origin, origin["root"], row) for row in origin.get("files", [])]
    return [_file(name, origin, entry["root"], row) for row in rows] + notices


def _file(folder, origin, root, row):
    own_name, path, size, sha256 = row
    address = quote(f"{origin['repository']}/{origin['commit']}/{root}{path}")
    return File(f"{folder}/{own_name}", address, size, sha256)


def _entry(name):
    """Registry's entry of a set, or an error that helps to find the right name."""
    sets = registry()["sets"]
    if name not in sets:
        raise DataError(f"no data set is called {name!r}; {_suggestion(name)}")
    return sets[name]


def _suggestion(name):
    """What somebody who asked for an unknown name may have meant."""
    everything = names()
    members = sorted((other for other in everything if other.startswith(name + "/")), key=lambda other: "/_" in other)
    if members:
        return f"it is a group of sets: {_short_list(members, 3)}"
    same_number = [other for other in everything if natural_key(other)[0] == natural_key(name)[0]]
    close = same_number or difflib.get_close_matches(name, everything, n=3, cutoff=0.5)
    start = f"close to it: {', '.join(close)}; " if close else ""
    return start + "`fusion data list` shows all; pictures of your own are opened by their folder"


def _scenes():
    """The built-in scenes, imported at the first use."""
    from data import scenes

    return scenes


# --- where it is -----------------------------------------------------------------------------------------------------


def own_folder():
    """Folder that the environment variable FUSION_DATA names, or None."""
    value = os.environ.get("FUSION_DATA")
    if not value:
        return None
    if not Path(value).is_dir():
        raise DataError(
            f"FUSION_DATA is {value!r}, which is not a folder; set it to the folder of the data, or unset it"
        )
    return Path(value)


def cache_folder():
    """Folder of downloads: the environment variable FUSION_CACHE, or the user's cache of this program."""
    if os.environ.get("FUSION_CACHE"):
        return Path(os.environ["FUSION_CACHE"])
    return Path(import_pooch().os_cache("all-in-focus"))


def place(name):
    """Say where a data set is: "built in", "here" (below FUSION_DATA), "cache", or "not here"."""
    if name.startswith(BUILT_IN):
        return "built in"
    if _complete(own_folder(), name):
        return "here"
    return "cache" if _complete(cache_folder(), name) else "not here"


def _complete(root, name):
    """Whether all frames of a registered set lie below a folder."""
    return root is not None and all((root / name / row[0]).is_file() for row in _entry(name)["frames"])


def _is_own(name):
    """Whether a name is a folder of the user's own pictures: below FUSION_DATA, and not in the registry."""
    root = own_folder()
    return root is not None and name not in registry()["sets"] and _holds_pictures(root / name)


def _holds_pictures(folder):
    return folder.is_dir() and any(path.suffix.lower() in READABLE for path in folder.iterdir())


def where(name):
    """Find the folder of a data set.

    Parameters
    ----------
    name : str
        One of `names`, or a folder of one's own below the folder FUSION_DATA.

    Returns
    -------
    pathlib.Path
        Below the folder FUSION_DATA if the set is there, else in the download cache.

    Raises
    ------
    DataError
        If the set is in neither, is built in (and has no folder), or has no such name; with the ways to get it.
    """
    name = _clean(name)
    if name.startswith(BUILT_IN):
        _scenes().scene(name)
        raise DataError(f"{name} is built in: it is made in memory and has no folder; use data.load({name!r})")
    if _is_own(name):
        return own_folder() / name
    _entry(name)
    for root in (own_folder, cache_folder):
        if _complete(root(), name):
            return root() / name
    raise DataError(_how_to_get(name))


def _clean(name):
    return str(name).strip().strip("/")


def _how_to_get(name):
    kind = registry()["sets"][name]["kind"]
    alike = [other for other in _scenes().built_in_names() if _scenes().scene(other).kind == kind]
    instead = f", or use the built-in {' or '.join(alike)}" if alike else ""
    unfinished = (
        " completely" if any(root and (root / name).is_dir() for root in (own_folder(), cache_folder())) else ""
    )
    return (
        f"{name} is not on this computer{unfinished}: run `fusion data fetch {name}`, "
        f"set FUSION_DATA to a folder that holds {name}{instead}"
    )


def find(name):
    """Find the frames of a data set.

    Parameters
    ----------
    name : str
        One of `names`, or a folder of one's own below the folder FUSION_DATA.

    Returns
    -------
    list of pathlib.Path
        In the order of the registry; a folder of one's own in natural order.

    Raises
    ------
    DataError
        As `where` does.
    """
    name = _clean(name)
    folder = where(name)
    if _is_own(name):
        return [folder / frame for frame in open_stack(folder).names]
    return [folder / row[0] for row in _entry(name)["frames"]]


def path_of(name):
    """Find one file of a data set, such as a published result.

    Parameters
    ----------
    name : str
        Set and file: ``"mef/_fused/candle/li13.png"``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If the file is neither below FUSION_DATA nor in the download cache.
    """
    name = _clean(name)
    for root in (own_folder(), cache_folder()):
        if root is not None and (root / name).is_file():
            return root / name
    folder = name.rpartition("/")[0]
    if folder not in registry()["sets"]:
        raise DataError(f"no file is called {name!r}; give a set and a file of it, such as lytro/01/a.jpg")
    own_names = [row[0] for row in [*_entry(folder)["frames"], *_entry(folder).get("extras", [])]]
    if name.rpartition("/")[2] not in own_names:
        raise DataError(f"{folder} has no file {name.rpartition('/')[2]!r}; it has {_short_list(own_names, 12)}")
    raise DataError(_how_to_get(folder))


def _short_list(items, most):
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")


# --- open and fetch --------------------------------------------------------------------------------------------------


def load(name):
    """Open a data set by name.

    Looked for, in this order: among the built-in sets (``built-in/...``), in the folder that the environment variable
    FUSION_DATA names, in the download cache. Nothing is downloaded: `fetch` does that.

    Parameters
    ----------
    name : str
        One of `names`, or a folder of one's own below the folder FUSION_DATA.

    Returns
    -------
    Stack
        The frames in the order of the registry.

    Raises
    ------
    DataError
        If the set is not on this computer, has no such name, or is no stack: training data, frames of several sizes.
    """
    name = _clean(name)
    if name.startswith(BUILT_IN):
        return _scenes().built_in(name).stack
    if _is_own(name):
        return open_stack(where(name))
    _check_stack(name)
    return open_stack(find(name))


def _check_stack(name):
    entry = _entry(name)
    if entry["kind"] == "training":
        reason = "its files are training data, not frames of one scene"
    elif entry.get("uneven"):
        reason = "its pictures differ in size or in the number of channels"
    else:
        return
    raise DataError(f"{name} is no stack: {reason}; open its files from data.datasets.where({name!r})")


def fetch(name, *, progress=False, base_url=None):
    """Download a data set into the cache; only what is missing or damaged there.

    Parameters
    ----------
    name : str
        A name of the registry.
    progress : bool, optional
        Show a bar on the standard error stream.
    base_url : str, optional
        Address that ``owner/repository/commit/path`` is appended to; by default the environment variable
        FUSION_MIRROR, or else https://raw.githubusercontent.com/.

    Returns
    -------
    pathlib.Path
        Folder of the set.

    Raises
    ------
    DataError
        If a file cannot be had or is not the one registered; files that are fine stay, nothing unfinished does.
    """
    name = _clean(name)
    if name.startswith(BUILT_IN):
        _scenes().scene(name)
        raise DataError(f"{name} is built in: there is nothing to fetch, use data.load({name!r})")
    base = (base_url or os.environ.get("FUSION_MIRROR") or GITHUB).rstrip("/") + "/"
    root = cache_folder()
    wanted = files(name)
    with _bar(sum(file.size for file in wanted), name, progress) as bar:
        for file in wanted:
            fetch_file(file, base, root)
            bar.update(file.size)
    return root / name


def _bar(total, name, progress):
    from tqdm import tqdm

    return tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=not progress)

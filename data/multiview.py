"""Many scenes in one place: a folder of folders, each of them a stack."""

import difflib
import operator
from pathlib import Path

from data import datasets
from data.errors import DataError
from data.io import READABLE
from data.stack import natural_key, open_stack


class MultiviewDataset:
    """Scenes that are opened by name or by position.

    A sequence of stacks with names: ``dataset[3]``, ``dataset[-1]``, ``dataset["venice"]``; ``len`` counts scenes, a
    loop gives one stack after the other, and ``"venice" in dataset`` asks for a name. A scene is opened, and its files
    are looked at, when it is asked for; its pictures are read one by one when a frame is.

    Parameters
    ----------
    source : path, or list of str
        A folder with one folder of pictures for each scene; those whose names begin with ``.`` or ``_`` are none. Or
        names of data sets, as `data.load` takes them: ``["built-in/coffee"]``.

    Attributes
    ----------
    names : list of str
        Of the scenes: folders in natural order, 2 before 10; or the names as they were given.

    Raises
    ------
    DataError
        If there is no such folder, or no scene in it; when a scene is asked for, if there is none of that name or
        number, its frames differ in size, or two have one name, such as ``a.jpg`` and ``a.png``.

    Notes
    -----
    Frames are in the natural order of their names. A scene that is a set of the registry, at its place below the
    folder FUSION_DATA or in the download cache, is opened by `data.load`: in the order of the registry, and only if it
    is complete.
    """

    def __init__(self, source):
        self._folder = Path(source) if isinstance(source, str | Path) else None
        self.names = _scenes_in(self._folder) if self._folder else [str(name) for name in source]
        if not self.names:
            raise DataError('no scene was given; name at least one data set, such as "built-in/coffee"')

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return map(self._open, self.names)

    def __contains__(self, name):
        return name in self.names

    def __getitem__(self, key):
        if isinstance(key, slice):
            return [self._open(name) for name in self.names[key]]
        return self._open(self._known(key) if isinstance(key, str) else self._at(key))

    def __repr__(self):
        where = f" in {self._folder}" if self._folder else ""
        first = ", ".join(self.names[:3]) + (", ..." if len(self) > 3 else "")
        return f"<MultiviewDataset of {len(self)} scene{'s' * (len(self) > 1)}{where}: {first}>"

    def _known(self, name):
        if name in self.names:
            return name
        by_lower = {own.lower(): own for own in self.names}
        close = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
        told = f"close to it: {', '.join(by_lower[own] for own in close)}" if close else f"the first is {self.names[0]}"
        raise DataError(f"no scene is called {name!r}; {told}; `names` lists all {len(self)}")

    def _at(self, position):
        try:
            return self.names[operator.index(position)]
        except TypeError:
            raise TypeError(f"a scene is asked for by name or by number, not by {position!r}") from None
        except IndexError:
            raise DataError(f"there is no scene {position}; {len(self)} are here, 0 to {len(self) - 1}") from None

    def _open(self, name):
        if self._folder is None:
            return datasets.load(name)
        folder = self._folder / name
        registered = _registered_name(folder)
        stack = datasets.load(registered) if registered else open_stack(folder)
        _check_names(folder, stack.names)
        return stack


def _scenes_in(folder):
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; give a folder with one folder of pictures for each scene, or a list of names "
            'of data sets, such as ["built-in/coffee"]'
        )
    inside = list(folder.iterdir())
    names = [path.name for path in inside if path.is_dir() and not path.name.startswith((".", "_"))]
    if not names and any(path.suffix.lower() in READABLE for path in inside):
        raise DataError(
            f"{folder}: holds pictures, not folders of pictures; open it as one scene, with data.open_stack"
        )
    if not names:
        raise DataError(f"{folder}: holds no scene; a scene is a folder of pictures in it")
    return sorted(names, key=natural_key)


def _registered_name(folder):
    """Name of the registered set that a folder is by its place, or None."""
    folder = folder.resolve()
    name = f"{folder.parent.name}/{folder.name}"
    if name not in datasets.registry()["sets"]:
        return None
    roots = [datasets.own_folder(), datasets.cache_folder()]
    return name if folder.parent.parent in [root.resolve() for root in roots if root] else None


def _check_names(folder, names):
    """Raise a DataError if two frames have one name, but for its ending or for upper and lower case."""
    seen = {}
    for name in names:
        other = seen.setdefault(Path(name).stem.casefold(), name)
        if other != name:
            raise DataError(f"{folder}: holds {other} and {name}; which of them is the frame? Move the other elsewhere")

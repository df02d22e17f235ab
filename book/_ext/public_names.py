"""What the reference documents, and where a dotted name leads: shared by the extensions and the tests.

A function or class is documented if its docstring says more than one line, if its package lists it in ``__all__``, or
if a page of the book names it. It is documented once, at its shortest address.
"""

import functools
import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import imports

ROOMS = ("data", "recalage", "fusion")
BOOK = Path(__file__).resolve().parent.parent
DOTTED = re.compile(rf"(?<![\w./])(?:{'|'.join(ROOMS)})(?:\.\w+)+")
# A name as prose has it: perhaps with what it is called with, or the element that is taken of it.
SPOKEN = re.compile(r"(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:[(\[].*)?", re.DOTALL)


@functools.cache
def locate(name):
    """Find what a dotted name stands for.

    Parameters
    ----------
    name : str
        A module, or what it holds: ``fusion.filters``, ``fusion.filters.box``.

    Returns
    -------
    object or None
        None if there is nothing of that name in our rooms. Where a package lists a function that lies in a module of
        its own name, the function is meant.
    """
    first, *parts = name.split(".")
    if first not in ROOMS or not all(parts):
        return None
    found = importlib.import_module(first)
    while parts and (module := module_in(found, parts[0])):
        package, found = found, module
        if len(parts) == 1 and parts[0] in listed(package):
            return getattr(found, parts[0], found)
        parts.pop(0)
    return functools.reduce(lambda owner, part: getattr(owner, part, None), parts, found)


def module_in(package, name):
    """Import a module of a package; None if there is none of that name."""
    full = f"{package.__name__}.{name}"
    there = hasattr(package, "__path__") and importlib.util.find_spec(full)
    return importlib.import_module(full) if there else None


def listed(package):
    """List the public names of a package: its ``__all__``, and what only PyTorch brings."""
    return [name for name in [*getattr(package, "__all__", ()), *getattr(package, "METHODS", ())] if name[0] != "_"]


def is_listed(module, name):
    """Tell whether a package around a module, or the module itself, lists a name."""
    return any(name in listed(locate(package)) for package in packages_above(module))


def has_address(thing):
    """Tell whether a thing is a function or class of ours, which knows where it was defined."""
    return getattr(thing, "__module__", None) is not None and inspect.isroutine(thing) | inspect.isclass(thing)


def packages_above(module):
    """Name the packages that a module lies in, the outermost first."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


@functools.cache
def address_of(thing):
    """Name the shortest public address of a function or class, or where it is defined.

    Parameters
    ----------
    thing : function or class
        Of one of the rooms.

    Returns
    -------
    str
        ``fusion.pyramid_fusion`` rather than ``fusion.stacking.pyramid_fusion``; never what is also a module.
    """
    outer, _, inner = thing.__qualname__.partition(".")
    for package in packages_above(thing.__module__):
        address = f"{package}.{outer}"
        is_this = getattr(locate(address), "__module__", None) == thing.__module__
        if outer in listed(locate(package)) and is_this and address != thing.__module__:
            return f"{package}.{thing.__qualname__}"
    return f"{thing.__module__}.{thing.__qualname__}"


def canonical(name):
    """Name the shortest address of what a dotted name stands for; of a value, a module or nothing, the name itself."""
    thing = locate(name)
    return address_of(thing) if has_address(thing) and thing.__module__.startswith(ROOMS) else name


@functools.cache
def named_on_pages(book=BOOK):
    """Gather the addresses of all functions and classes that pages name, or may import, but for the reference itself."""
    pages = [path for path in sorted(book.glob("*.md")) if not path.name.startswith("api")]
    names = {name for page in pages for name in DOTTED.findall(page.read_text(encoding="utf-8"))}
    names |= set(imports.FUNCTIONS.values())
    return frozenset(canonical(name) for name in names if has_address(locate(name)))


def is_complete(thing):
    """Tell whether a docstring says more than one line."""
    return "\n" in (inspect.getdoc(thing) or "")


def is_documented(name, thing):
    """Tell whether the reference documents a member of a module at this address.

    Parameters
    ----------
    name : str
        Address, with the module.
    thing : object
        What is there.

    Returns
    -------
    bool
    """
    if not has_address(thing) or name.rpartition(".")[2].startswith("_"):
        return False
    if address_of(thing) != name:
        return False
    module, _, own = name.rpartition(".")
    return is_complete(thing) or own in listed(locate(module)) or name in named_on_pages()


def spoken_name(text):
    """Return the dotted name that a piece of inline code begins with, or None: ``box`` of ``box(image, 3)``."""
    said = SPOKEN.fullmatch(text.strip())
    return said["name"] if said else None


def imported_name(name):
    """Return the full name of what `imports` calls by a short one, or None."""
    if name in ROOMS or name == "datasets":
        return "data.datasets" if name == "datasets" else name
    full = imports.MODULES.get(name) or imports.FUNCTIONS.get(name)
    return full if full and full.split(".")[0] in ROOMS else None

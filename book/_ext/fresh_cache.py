"""Run a page again when the code or the data it runs on has changed.

Jupyter Book keeps the outputs of a page by the text of its cells alone, so that a broken method would go on
showing yesterday's figure. Here each state of the code has a cache of its own.
"""

import hashlib
import os
import sys
from pathlib import Path

from data import datasets

SOURCES = ("imports.py", "requirements.txt", "data", "fusion", "recalage", "benchmarks")


def source_files(root):
    """List the files, code and data alike, that the outputs of a page depend on."""
    for name in SOURCES:
        source = root / name
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        yield from (path for path in found if path.is_file() and not is_by_product(path.relative_to(root)))


def is_by_product(path):
    """Tell whether a file was left by Python or an editor: bytecode, a hidden file, a checkpoint."""
    return path.suffix == ".pyc" or any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def state_of(root, *, pictures=None):
    """Name the state of code, data, Python and the folder of pictures.

    Parameters
    ----------
    root : Path
        Root of the repository.
    pictures : optional
        Which pictures the pages find; anything with a faithful ``repr``.

    Returns
    -------
    str
        Twelve hexadecimal digits, the same for the same state.
    """
    state = hashlib.sha256(repr((sys.version_info[:2], pictures)).encode())
    for path in source_files(root):
        content = path.read_bytes()
        state.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        state.update(content)
    return state.hexdigest()[:12]


def pictures_at_hand():
    """Folder of pictures, and the sets that are in it or downloaded: a new set is another state."""
    sets = [name for name in datasets.names() if datasets.place(name) != "not here"]
    return os.environ.get("FUSION_DATA"), sets


def choose_cache(app, config):
    """Point the execution cache at the folder of the present state; the folders of other states stay."""
    state = state_of(Path(app.srcdir), pictures=pictures_at_hand())
    config.nb_execution_cache_path = str(Path(app.outdir).parent / ".jupyter_cache" / state)


def setup(app):
    """Register with Sphinx, ahead of MyST-NB, which reads the path of the cache."""
    app.connect("config-inited", choose_cache, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

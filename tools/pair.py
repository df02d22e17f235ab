"""Write notebooks/*.ipynb from the pages in book/: no outputs, and ids that come from the cells.

python tools/pair.py            write the notebooks that are missing or stale
python tools/pair.py --check    write nothing; name each notebook out of step and exit 1
"""

import argparse
import hashlib
import os
import sys
from collections import Counter
from pathlib import Path

import jupytext
import jupytext.config
import nbformat

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# As JupyterLab has it; from here jupytext takes the second word of ```{code-cell} ipython3.
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}


def pages(book):
    """List the pages of a book that run code."""
    found = sorted(book.rglob("*.md"))
    return [path for path in found if "```{code-cell}" in path.read_text(encoding="utf-8")]


def cell_ids(cells):
    """Derive an id from what each cell says; a cell that says the same again also counts."""
    seen = Counter()
    ids = []
    for cell in cells:
        said = (cell.cell_type, cell.source)
        seen[said] += 1
        ids.append(hashlib.sha256(repr((*said, seen[said])).encode()).hexdigest()[:8])
    return ids


def as_notebook(page):
    """Turn the text of a page into the text of its notebook.

    Parameters
    ----------
    page : str
        A page in MyST Markdown.

    Returns
    -------
    str
        The notebook as JSON: the same cells without outputs, the same text for the same page.
    """
    notebook = jupytext.reads(page, fmt="md:myst")
    for cell, cell_id in zip(notebook.cells, cell_ids(notebook.cells), strict=True):
        cell.id = cell_id
    notebook.metadata.pop("jupytext", None)  # how a page is written is said once, in pyproject.toml
    notebook.metadata.setdefault("kernelspec", KERNEL)
    notebook.metadata["language_info"] = LANGUAGE
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return nbformat.writes(notebook) + "\n"


def as_page(notebook):
    """Turn the text of a notebook into the page jupytext writes from it, with the options of pyproject.toml."""
    options = {"extension": ".md", "format_name": "myst"}
    config = jupytext.config.load_jupytext_configuration_file(str(ROOT / "pyproject.toml"))
    config.set_default_format_options(options)
    return jupytext.writes(nbformat.reads(notebook, as_version=4), fmt=options)


def out_of_step(book, notebooks):
    """Find what is not as it should be.

    Parameters
    ----------
    book, notebooks : Path
        Folders of the pages and of their notebooks.

    Returns
    -------
    stale : dict
        Path of each page and notebook to be written, and its text.
    orphans : list of Path
        Notebooks without a page.
    """
    wanted = {}
    for page in pages(book):
        notebook = as_notebook(page.read_text(encoding="utf-8"))
        wanted[page] = as_page(notebook)
        wanted[notebooks / page.relative_to(book).with_suffix(".ipynb")] = notebook
    stale = {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
    there = (path for path in sorted(notebooks.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts)
    return stale, [path for path in there if path not in wanted]


def share_times(book, notebooks):
    """Give each notebook the time of its page: jupytext takes the newer of the two for the one that was edited."""
    for page in pages(book):
        time = page.stat().st_mtime_ns
        os.utime(notebooks / page.relative_to(book).with_suffix(".ipynb"), ns=(time, time))


def main(arguments=None, *, root=ROOT):
    """Bring pages and notebooks in step, or only look; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of step")
    check = parser.parse_args(arguments).check

    stale, orphans = out_of_step(root / "book", root / "notebooks")
    for path, text in stale.items():
        print(f"stale: {path.relative_to(root)}; run `make pair`" if check else f"wrote {path.relative_to(root)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if not check:
        share_times(root / "book", root / "notebooks")
    for path in orphans:  # may hold somebody's work: never removed here
        print(f"no page: {path.relative_to(root)}; remove it, or make its page with `jupytext --sync`")
    return int(bool(orphans) or (check and bool(stale)))


if __name__ == "__main__":
    sys.exit(main())

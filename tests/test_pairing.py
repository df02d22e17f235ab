"""Pages and notebooks stay one document."""

import json
import shutil

import jupytext.cli
import pair
import pytest

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

# A page

```{code-cell} ipython3
:tags: [hide-input]

total = 1 + 1
```

Said twice:

```{code-cell} ipython3
total
```

```{code-cell} ipython3
total
```
"""


def cells_of(text):
    return json.loads(text)["cells"]


@pytest.fixture
def book(tmp_path):
    """A repository of one page that runs code and one that does not, its notebooks written."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.md").write_text(PAGE)
    (tmp_path / "book" / "words.md").write_text("# Words only\n")
    assert pair.main([], root=tmp_path) == 0
    return tmp_path


def test_only_pages_with_code_have_a_notebook(book):
    assert [path.name for path in (book / "notebooks").iterdir()] == ["page.ipynb"]


def test_notebook_holds_the_page_without_outputs():
    cells = cells_of(pair.as_notebook(PAGE))
    assert [cell["source"] for cell in cells if cell["cell_type"] == "code"] == [
        ["total = 1 + 1"],
        ["total"],
        ["total"],
    ]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells if "outputs" in cell)
    assert cells[1]["metadata"]["tags"] == ["hide-input"]


def test_ids_are_unique_and_follow_the_cell_not_its_place():
    before = cells_of(pair.as_notebook(PAGE))
    after = cells_of(
        pair.as_notebook(PAGE.replace("# A page", "# A page\n\n```{code-cell} ipython3\nnew = 0\n```\n\nMore."))
    )
    assert len({cell["id"] for cell in before}) == len(before)
    assert {cell["id"] for cell in before if cell["cell_type"] == "code"} < {cell["id"] for cell in after}


def test_page_and_notebook_have_one_time(book):
    page, notebook = book / "book" / "page.md", book / "notebooks" / "page.ipynb"
    assert notebook.stat().st_mtime_ns == page.stat().st_mtime_ns


def test_check_passes_in_step_and_writes_nothing(book, capsys):
    notebook = book / "notebooks" / "page.ipynb"
    before = notebook.stat().st_mtime_ns
    assert pair.main(["--check"], root=book) == 0
    assert capsys.readouterr().out.count("stale") == 0
    assert notebook.stat().st_mtime_ns == before


def test_check_names_a_stale_notebook_and_leaves_it(book, capsys):
    notebook = book / "notebooks" / "page.ipynb"
    before = notebook.read_text()
    (book / "book" / "page.md").write_text(PAGE.replace("1 + 1", "1 + 2"))
    assert pair.main(["--check"], root=book) == 1
    assert "stale: notebooks/page.ipynb; run `make pair`\n" in capsys.readouterr().out
    assert notebook.read_text() == before
    assert pair.main([], root=book) == 0
    assert pair.main(["--check"], root=book) == 0


def test_check_finds_a_notebook_with_outputs(book):
    notebook = book / "notebooks" / "page.ipynb"
    content = json.loads(notebook.read_text())
    content["cells"][1]["execution_count"] = 1
    notebook.write_text(json.dumps(content))
    assert pair.main(["--check"], root=book) == 1


def test_a_page_is_kept_as_jupytext_writes_it(book, capsys):
    options = "---\nmystnb:\n  image:\n{}---\ntotal = 1 + 1\n"
    width, alt = "    width: 80%\n", "    alt: a sum\n"
    page = book / "book" / "page.md"
    page.write_text(PAGE.replace(":tags: [hide-input]\n\ntotal = 1 + 1\n", options.format(width + alt)))
    assert pair.main(["--check"], root=book) == 1
    assert "stale: book/page.md; run `make pair`\n" in capsys.readouterr().out
    assert pair.main([], root=book) == 0
    assert options.format(alt + width) in page.read_text()
    assert pair.main(["--check"], root=book) == 0


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_a_notebook_without_a_page_is_named_and_kept(book, capsys, arguments):
    (book / "book" / "page.md").unlink()
    capsys.readouterr()
    assert pair.main(arguments, root=book) == 1
    assert capsys.readouterr().out.startswith("no page: notebooks/page.ipynb;")
    assert (book / "notebooks" / "page.ipynb").exists()


def test_a_change_made_in_the_notebook_reaches_the_page(book):
    shutil.copy(pair.ROOT / "pyproject.toml", book)
    notebook = book / "notebooks" / "page.ipynb"
    notebook.write_text(notebook.read_text().replace("1 + 1", "40 + 2"))
    page = book / "book" / "page.md"
    assert jupytext.cli.jupytext(["--quiet", "--sync", str(notebook)]) == 0
    assert page.read_text() == PAGE.replace("1 + 1", "40 + 2")


def test_notebooks_of_the_book_are_in_step(capsys):
    assert pair.main(["--check"]) == 0, capsys.readouterr().out

"""Pages and the reference lead to each other: small sites, built with the extensions of the book."""

import ast
import io
import re
from html import unescape

import mentions
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

CONFIG = """
extensions = ["sphinx.ext.extlinks", "sphinx.ext.mathjax", "reference", "cross_references"]
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}
default_role = "literal"
autodoc_default_options = {"members": True}
napoleon_use_param = napoleon_use_rtype = False
html_theme = "basic"
nitpicky = True
"""
ENTRY = """.. py:function:: fusion.filters.unfiltered(p, box)

   In place of ``guided_filter``, ``unfiltered`` leaves ``p``, and ``fusion.filters.unfiltered`` ``box``, as it is.

"""
PAGES = {
    "index": "Start\n=====\n\n.. toctree::\n\n   smooth\n   code\n   api\n   parts\n",
    "api": "Entries\n=======\n\n.. automodule:: fusion.filters\n",
    "parts": "Parts\n=====\n\n"
    + ENTRY
    + ".. autoexception:: data.DataError\n.. autofunction:: fusion.pyramid_fusion\n.. automodule:: fusion.pyramid\n",
    "smooth": """Smooth
======

``fusion.filters.box`` computes :eq:`mean`; `gaussian_filter` does not, and ``radius`` is a number.

.. math:: y = x
   :label: mean

Later
-----

A call, ``fusion.stacking.pyramid_fusion(stack)``, and :eq:`mean`. ``fusion.filters.nothing``, ``numpy.mean``.
""",
    "code": """Code
====

.. code-block:: ipython3

   from imports import filters, np
   fused = filters.guided_filter(np.zeros(3), None, 1, 1)
   weights = 1

With ``fusion.filters.box``
---------------------------

Nothing.
""",
}


class Site:
    """A small site in a folder, which can be built again."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "source").mkdir()
        (folder / "source" / "conf.py").write_text(CONFIG)

    def build(self, pages, *, processes=0):
        """Write pages, given as text by name; build, without a warning; return what each became."""
        for name, text in pages.items():
            (self.folder / "source" / f"{name}.rst").write_text(text)
        folders = [str(self.folder / part) for part in ("source", "source", "site", "trees")]
        log = io.StringIO()
        with patch_docutils(folders[0]), docutils_namespace():
            Sphinx(*folders, "html", status=None, warning=log, parallel=processes).build()
        assert log.getvalue() == ""
        return {path.stem: unescape(path.read_text()) for path in (self.folder / "site").glob("*.html")}

    def times(self):
        """Say when each page was written."""
        return {path.name: path.stat().st_mtime_ns for path in (self.folder / "site").glob("*.html")}


@pytest.fixture
def site(tmp_path):
    """A site of one's own, to change."""
    return Site(tmp_path)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages, built once."""
    return Site(tmp_path_factory.mktemp("site")).build(PAGES)


def entry(page, name):
    """Cut one entry out of a page of the reference."""
    return re.search(rf'<dt class="sig[^>]*id="{re.escape(name)}".*?(?=<dt class="sig|$)', page, re.DOTALL)[0]


def field(entry, title):
    """Return the links of a field of an entry, as (address, text)."""
    body = re.search(rf"{title}<span.*?<dd[^>]*>(.*?)</dd>", entry, re.DOTALL)
    return re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', body[1]) if body else []


def linked(page):
    """Return the inline code of a page that is a link, and where it leads."""
    found = re.findall(r'<a class="reference internal" href="([^"]*)"[^>]*><code[^>]*>(.*?)</code>', page)
    return {re.sub("<[^>]*>", "", code): address for address, code in found}


def test_inline_code_leads_to_its_entry(pages):
    assert linked(pages["smooth"]) == {
        "fusion.filters.box": "api.html#fusion.filters.box",
        "gaussian_filter": "api.html#fusion.filters.gaussian_filter",
        "fusion.stacking.pyramid_fusion(stack)": "parts.html#fusion.pyramid_fusion",
    }


def test_code_in_a_heading_is_no_link(pages):
    assert linked(pages["code"]) == {}


def test_entries_lead_back_to_pages_that_use_them(pages):
    assert field(entry(pages["api"], "fusion.filters.box"), "Used on") == [
        *[("smooth.html", "Smooth"), ("code.html#with-fusion-filters-box", "Code")]
    ]
    assert field(entry(pages["api"], "fusion.filters.guided_filter"), "Used on") == [("code.html", "Code")]
    assert field(entry(pages["parts"], "fusion.pyramid_fusion"), "Used on") == [("smooth.html#later", "Smooth")]
    assert "Used on" not in entry(pages["parts"], "fusion.pyramid.enlarged")


def test_entries_name_the_formulas_they_compute(pages):
    assert field(entry(pages["api"], "fusion.filters.box"), "Computes") == [("smooth.html#equation-mean", "(1)")]
    for name in ("fusion.filters.gaussian_filter", "fusion.filters.guided_filter"):
        assert "Computes" not in entry(pages["api"], name)


def test_docstrings_lead_to_other_entries_not_to_themselves_and_not_from_parameters(pages):
    assert linked(entry(pages["parts"], "fusion.filters.unfiltered")) == {
        "guided_filter": "api.html#fusion.filters.guided_filter"
    }


def test_a_second_build_follows_what_changed(site):
    site.build(PAGES)
    pages = site.build({"code": "Code\n====\n\nNothing but ``fusion.filters.box``.\n"})
    assert "Used on" not in entry(pages["api"], "fusion.filters.guided_filter")
    assert [text for _, text in field(entry(pages["api"], "fusion.filters.box"), "Used on")] == ["Smooth", "Code"]
    pages = site.build({"api": "Entries\n=======\n\nNone.\n"})
    assert "gaussian_filter" not in linked(pages["smooth"])
    pages = site.build({"api": PAGES["api"]})
    assert linked(pages["smooth"])["gaussian_filter"] == "api.html#fusion.filters.gaussian_filter"


def test_a_build_without_changes_writes_nothing(site):
    site.build(PAGES)
    before = site.times()
    site.build({})
    assert site.times() == before and len(before) >= len(PAGES)


def test_a_page_that_is_gone_is_forgotten(site):
    site.build(PAGES)
    (site.folder / "source" / "code.rst").unlink()
    pages = site.build({"index": PAGES["index"].replace("   code\n", "")})
    assert field(entry(pages["api"], "fusion.filters.box"), "Used on") == [("smooth.html", "Smooth")]


def test_a_build_by_several_processes_is_the_same(site):
    more = {f"page{k}": f":orphan:\n\nPage {k}\n======\n\n``fusion.filters.box``\n" for k in range(6)}
    pages = site.build(PAGES | more, processes=2)
    assert linked(pages["page3"]) == {"fusion.filters.box": "api.html#fusion.filters.box"}
    assert field(entry(pages["api"], "fusion.filters.box"), "Computes") == [("smooth.html#equation-mean", "(1)")]
    assert field(entry(pages["api"], "fusion.filters.guided_filter"), "Used on") == [("code.html", "Code")]


def function(name):
    """Inline code of a sentence that names a function."""
    return {"address": name}


def equation(label):
    """A reference to an equation in a sentence."""
    return {"reftype": "eq", "reftarget": label}


@pytest.mark.parametrize(
    ("sentence", "pairs"),
    [
        ([function("f"), " and ", function("g"), " compute ", equation("a")], ["f a", "g a"]),
        ([function("f"), " computes ", equation("a"), ", ", function("g"), " ", equation("b")], ["f a", "g b"]),
        ([equation("a"), ", which ", function("f"), " computes"], ["f a"]),
        ([function("f"), ": ", equation("a"), ", then ", equation("b"), " by ", function("g")], ["f a", "f b", "g b"]),
        ([function("f"), " computes ", equation("a"), ", and ", function("g"), " prints it"], ["f a"]),
        ([function("f"), " has nothing to do with ", equation("a")], []),
        ([" computes ", equation("a")], []),
    ],
)
def test_functions_and_equations_of_a_sentence_belong_together(sentence, pairs):
    assert [" ".join(pair) for pair in mentions.formulas_in(sentence)] == pairs


def test_names_in_code_are_the_longest_and_follow_imports():
    tree = ast.parse("filters.FILTERS.items()\nnp.mean(box(image))\nfusion.depth_from_focus(stack).depth\nbox = 1")
    imported = {"filters": "fusion.filters", "fusion": "fusion"}
    assert list(mentions.names_in_code(tree, imported)) == ["fusion.filters.FILTERS", "fusion.depth_from_focus"]

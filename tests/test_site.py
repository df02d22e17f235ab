"""The built book: links and anchors resolve, no other host is asked, pages are complete and light."""

import functools
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
MEGABYTE = 1e6
HEAVIEST_PAGE, HEAVIEST_SITE = 3 * MEGABYTE, 80 * MEGABYTE
ADDRESSES = {"href", "src", "srcset", "poster", "data", "action", "formaction", "xlink:href", "background"}
# A page only says these of itself, or waits for a click: nothing is loaded from there.
NOT_LOADED = {"a", "area", "form"}
NAMED_ONLY = {"canonical", "license", "author", "next", "prev", "index", "search", "help"}
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
IN_SCRIPT = re.compile(
    r"""(?:\b(?:fetch|import|importScripts|Worker|WebSocket|EventSource|sendBeacon)\s*\(|\.open\s*\(\s*["'`][A-Z]+["'`]\s*,"""
    r"""|\.(?:src|href)\s*=|\bfrom)\s*["'`]((?:https?:|wss?:)?//[^"'`]+)"""
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Page(HTMLParser):
    """What a page holds.

    Attributes
    ----------
    ids : list of str
        In order; anchors that are named only are not among them.
    anchors : set of str
        All places that a link can lead to.
    addresses : list of (str, str)
        What loads or links, and the address: the name of the tag, or of the relation of a ``link``.
    images : list of dict
        Attributes of each picture.
    styles, scripts : list of str
        Style sheets and programs that stand in the page.
    headings : list of str
        Text of each first heading.
    """

    def __init__(self, text):
        super().__init__()
        self.ids, self.anchors, self.addresses, self.images = [], set(), [], []
        self.styles, self.scripts, self.headings = [], [], []
        self.language, self.title, self.redirect, self._open = None, "", None, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.ids += [given["id"]] if "id" in given else []
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.addresses += [(kind_of(tag, given), address) for address in addresses_of(given)]
        self.styles += [given["style"]] if "style" in given else []
        self.images += [given] if tag == "img" else []
        if tag == "html":
            self.language = given.get("lang")
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.redirect = given["content"].partition("url=")[2]
            self.addresses.append(("refresh", self.redirect))
        if "srcdoc" in given:
            self.take_frame(Page(given["srcdoc"]))
        if tag in {"script", "style", "h1", "title"}:
            self._open = tag
            {"script": self.scripts, "style": self.styles, "h1": self.headings}.get(tag, []).append("")

    def take_frame(self, inner):
        """Add what a page within the page loads."""
        self.addresses += [found for found in inner.addresses if not found[1].startswith("#")]
        self.images += inner.images
        self.styles += inner.styles
        self.scripts += inner.scripts

    def handle_endtag(self, tag):
        if tag == self._open:
            self._open = None

    def handle_data(self, data):
        if self._open == "title":
            self.title += data
        elif self._open:
            {"script": self.scripts, "style": self.styles, "h1": self.headings}[self._open][-1] += data


def kind_of(tag, given):
    """Name what uses an address: the tag, or of a link the relation."""
    return f"link {given.get('rel', '')}".strip() if tag == "link" else tag


def addresses_of(given):
    """Yield the addresses among the attributes of a tag."""
    for name in ADDRESSES & set(given):
        if name == "srcset":
            yield from (part.split()[0] for part in re.split(r",\s+", given[name]) if part.strip())
        else:
            yield given[name]


def is_elsewhere(address):
    """Tell whether an address is one of another host."""
    return address.startswith("//") or urlsplit(address).scheme in {"http", "https", "ws", "wss", "ftp"}


def is_only_linked(kind):
    """Tell whether nothing is loaded from an address before somebody follows it."""
    return kind in NOT_LOADED or kind.startswith("link") and set(kind.split()[1:]) <= NAMED_ONLY


def is_local(address):
    """Tell whether an address is a file of the site."""
    return not is_elsewhere(address) and urlsplit(address).scheme == ""


def target_of(page, address, site):
    """Return the file that an address on a page leads to, and the anchor there."""
    parts = urlsplit(address)
    if not parts.path:
        return page, unquote(parts.fragment)
    start = site if parts.path.startswith("/") else page.parent
    target = (start / unquote(parts.path).lstrip("/")).resolve()
    return (target / "index.html" if target.is_dir() else target), unquote(parts.fragment)


def broken_links(pages, site):
    """List the addresses of pages that lead to no file or anchor of the site."""
    broken = []
    for path, page in pages.items():
        for kind, address in page.addresses:
            if not is_local(address) or address in {"", "#"}:
                continue
            target, anchor = target_of(path, address, site)
            there = target.is_file() and target.is_relative_to(site)
            if not there or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(site)}: {kind} {address}")
    return broken


def foreign_loads(pages, site):
    """List what pages would load from another host as soon as they are opened."""
    return [
        f"{path.relative_to(site)}: {kind} {address}"
        for path, page in pages.items()
        for kind, address in page.addresses
        if is_elsewhere(address) and not is_only_linked(kind)
    ]


def style_faults(text, path, site):
    """List the addresses of a style sheet that are no files of the site."""
    addresses = [first or second for first, second in IN_STYLE.findall(COMMENT.sub("", text))]
    return [
        f"{path.relative_to(site)}: {address}"
        for address in addresses
        if not address.startswith(("data:", "#"))
        and (is_elsewhere(address) or not target_of(path, address, site)[0].is_file())
    ]


def picture_faults(page):
    """List the pictures of a page without alternative text; those that only decorate say so."""
    return [
        image.get("src", "")[:80]
        for image in page.images
        if not image.get("alt", "").strip()
        and not (
            "alt" in image and (image.get("role") in {"presentation", "none"} or image.get("aria-hidden") == "true")
        )
    ]


def loaded_files(path, page, site):
    """Return the files that a page loads."""
    found = (
        target_of(path, address, site)[0]
        for kind, address in page.addresses
        if is_local(address) and not is_only_linked(kind) and kind != "refresh"
    )
    return {file for file in found if file.is_file() and file != path}


def weights(pages, site):
    """Return the bytes of each page, with all that no other page loads."""
    loaded = {path: loaded_files(path, page, site) for path, page in pages.items()}
    shared = Counter(file for files in loaded.values() for file in files)
    return {
        path.relative_to(site).as_posix(): path.stat().st_size
        + sum(file.stat().st_size for file in files if shared[file] == 1)
        for path, files in loaded.items()
    }


@functools.cache
def built():
    """The pages of the built book, or a skip."""
    if not (SITE / "index.html").is_file():
        pytest.skip("needs the built book: run `make book` first")
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(SITE.rglob("*.html")) if is_page(path)}


def is_page(path):
    """Tell whether a file is a page, and not a part that the theme leaves beside its own."""
    return "_static" not in path.relative_to(SITE).parts


def test_every_link_and_anchor_leads_somewhere():
    assert broken_links(built(), SITE) == []


def test_no_page_loads_anything_from_another_host():
    assert foreign_loads(built(), SITE) == []


def test_styles_name_files_of_the_site():
    built()
    sheets = {path: path.read_text(encoding="utf-8") for path in SITE.rglob("*.css")}
    inside = {path: "\n".join(page.styles) for path, page in built().items()}
    assert [fault for path, text in (sheets | inside).items() for fault in style_faults(text, path, SITE)] == []


def test_programs_fetch_nothing_from_another_host():
    scripts = {path: "\n".join(page.scripts) for path, page in built().items()}
    loaded = {file for path, page in built().items() for file in loaded_files(path, page, SITE) if file.suffix == ".js"}
    assert len(loaded) > 5
    scripts |= {path: path.read_text(encoding="utf-8") for path in loaded}
    assert [
        f"{path.relative_to(SITE)}: {found}" for path, text in scripts.items() for found in IN_SCRIPT.findall(text)
    ] == []


def test_every_picture_has_alternative_text():
    faults = {path.name: picture_faults(page) for path, page in built().items()}
    assert {name: found for name, found in faults.items() if found} == {}


def test_no_id_is_used_twice():
    faults = {
        path.name: [name for name, count in Counter(page.ids).items() if count > 1] for path, page in built().items()
    }
    assert {name: found for name, found in faults.items() if found} == {}


def test_every_page_has_one_heading_a_language_and_a_title():
    faults = [
        f"{path.relative_to(SITE)}: {len(page.headings)} first headings, language {page.language}, title {page.title!r}"
        for path, page in built().items()
        if page.redirect is None and not (len(page.headings) == 1 and page.language and page.title.strip())
    ]
    assert faults == []


def test_pages_and_site_are_light():
    heavy = {name: weight / MEGABYTE for name, weight in weights(built(), SITE).items()}
    lines = [f"{weight:6.2f} MB  {name}" for name, weight in sorted(heavy.items(), key=lambda item: -item[1])]
    site = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    lines.insert(0, f"{site / MEGABYTE:6.2f} MB  the whole site")
    assert max(heavy.values()) < HEAVIEST_PAGE / MEGABYTE and site < HEAVIEST_SITE, "\n" + "\n".join(lines)


def test_the_search_knows_pages_and_names_of_the_library():
    built()
    text = (SITE / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    assert [name for name in index["docnames"] if not (SITE / f"{name}.html").is_file()] == []
    names = {f"{prefix}.{entry[4]}" for prefix, entries in index["objects"].items() for entry in entries}
    assert {"fusion.pyramid_fusion", "recalage.register", "data.open_stack", "fusion.filters.box"} <= names
    assert "circl" in index["terms"] or "circle" in index["terms"]


PAGE = """<html lang="en"><head><title>One</title><link rel="stylesheet" href="style.css"></head><body><h1 id="one">One</h1>
<a href="two.html#there">b</a><a href="https://example.org">c</a><img src="p.png" alt="A picture"></body></html>"""


@pytest.fixture
def small(tmp_path):
    """A small site without a fault, and a function that reads its first page with something replaced."""
    (tmp_path / "two.html").write_text('<html><body><p id="there"></p><p id="there"></p></body></html>')
    (tmp_path / "style.css").write_text("body { background: url(p.png) }")
    (tmp_path / "p.png").write_bytes(b"1234")

    def read(old="", new=""):
        (tmp_path / "one.html").write_text(PAGE.replace(old, new) if old else PAGE)
        return {path: Page(path.read_text()) for path in tmp_path.glob("*.html")}

    return read


def test_a_site_without_a_fault_passes(small, tmp_path):
    pages = small()
    assert broken_links(pages, tmp_path) == foreign_loads(pages, tmp_path) == []
    assert style_faults((tmp_path / "style.css").read_text(), tmp_path / "style.css", tmp_path) == []
    one = pages[tmp_path / "one.html"]
    assert (one.headings, one.language, one.title, picture_faults(one)) == (["One"], "en", "One", [])
    assert Counter(pages[tmp_path / "two.html"].ids)["there"] == 2
    assert weights(pages, tmp_path)["one.html"] == len(PAGE) + 4 + (tmp_path / "style.css").stat().st_size


def test_a_page_that_only_leads_to_another_weighs_nothing_more(small, tmp_path):
    pages = small("<head>", '<head><meta http-equiv="refresh" content="0; url=two.html">')
    assert pages[tmp_path / "one.html"].redirect == "two.html"
    assert tmp_path / "two.html" not in loaded_files(tmp_path / "one.html", pages[tmp_path / "one.html"], tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("two.html#there", "two.html#nowhere"),
        ("two.html#there", "three.html"),
        ("two.html#there", "#two"),
        ("two.html#there", "../../etc"),
        ("p.png", "q.png"),
        ("style.css", "other.css"),
        ("two.html#there", "/one/two.html"),
        ("<head>", '<head><meta http-equiv="refresh" content="0; url=three.html">'),
    ],
)
def test_a_broken_link_is_found(small, tmp_path, old, new):
    assert len(broken_links(small(old, new), tmp_path)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("style.css", "https://example.org/style.css"),
        ("p.png", "//example.org/p.png"),
        ("<body>", '<body><script src="https://example.org/x.js"></script>'),
        ("<body>", '<body><iframe src="https://example.org"></iframe>'),
        ("<body>", '<body><img alt="a" srcset="p.png 1x, https://example.org/p.png 2x">'),
        ("<body>", "<body><iframe srcdoc=\"<img src='https://example.org/p.png'>\"></iframe>"),
        ('rel="stylesheet" href="style.css"', 'rel="preconnect" href="https://example.org"'),
    ],
)
def test_a_foreign_load_is_found(small, tmp_path, old, new):
    assert len(foreign_loads(small(old, new), tmp_path)) == 1


@pytest.mark.parametrize(
    "text", ["@import 'https://example.org/a.css'", "a { b: url(no.png) }", 'a { b: url("//h/p.png") }']
)
def test_a_fault_in_a_style_is_found(small, tmp_path, text):
    small()
    assert len(style_faults(text, tmp_path / "style.css", tmp_path)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "fetch('https://h/x')",
        'import("//h/x.js")',
        "new Worker(`https://h/w.js`)",
        'x.open("GET", "https://h")',
        's.src = "https://h/t.js"',
        'import a from "https://h/m.js"',
    ],
)
def test_a_fetch_is_found(text):
    assert len(IN_SCRIPT.findall(text)) == 1


@pytest.mark.parametrize("text", ["fetch('local.json')", "see('https://h')", 'xmlns="http://www.w3.org/2000/svg"'])
def test_a_mere_address_is_not(text):
    assert IN_SCRIPT.findall(text) == []


@pytest.mark.parametrize("attributes", ["", 'alt=""', 'alt=" "', 'role="presentation"'])
def test_a_picture_without_text_is_found(attributes):
    assert len(picture_faults(Page(f'<img src="p.png" {attributes}>'))) == 1


def test_a_decoration_needs_no_text():
    assert picture_faults(Page('<img src="p.png" alt="" role="presentation">')) == []

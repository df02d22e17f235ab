"""The built book, page by page: nothing fails, nothing leaves this machine, and all of it can be read and reached."""

from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2] / "_build" / "html"
FOUND = sorted(path.relative_to(BOOK) for path in BOOK.rglob("*.html"))
ENTRY = "index.html"  # leads to the first page
REPORTS = [path.as_posix() for path in FOUND if path.parts[0] == "comparisons"]  # looked at in tests/fusion/report too
OTHERS = {ENTRY, *REPORTS}
PAGES = [path.as_posix() for path in FOUND if path.as_posix() not in OTHERS and not path.parts[0].startswith("_")]
THEMES = ("light", "dark")
PHONE, DESK = 390, 1300  # CSS pixels
READY = "document.readyState === 'complete' && !document.querySelector('.fusion-widget.surface.live:not(.drawn)')"
UNFOLD = """
document.querySelectorAll('details').forEach((fold) => (fold.open = true));
document.querySelectorAll('.toggle-hidden').forEach((fold) => fold.classList.remove('toggle-hidden'));
"""
FORMULAS = "window.MathJax?.startup?.promise?.then(() => true)"

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the built book: make book")


@pytest.fixture(scope="module")
def site(serve):
    """Address of the book."""
    return serve(BOOK)


@pytest.fixture(scope="module", params=PAGES)
def opened(request, page, site, look):
    """A page of the book, its folds unfolded."""
    page.set_theme("light")
    page.set_size(DESK)
    page.forget(site)
    page.open(f"{site}/{request.param}")
    page.until(READY)
    page.run(FORMULAS)
    page.run(look)
    page.run(UNFOLD)
    return page


def test_nothing_fails(opened):
    assert opened.faults() == []


def test_no_other_host_is_asked(opened, site):
    assert [url for url in opened.requests() if not url.startswith(f"{site}/")] == []


def test_pictures_are_there(opened):
    assert opened.run("look.missing()") == []


def test_formulas_are_set(opened):
    assert opened.run("look.unset()") == []


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_is_wider_than_the_window(opened, width):
    opened.set_size(width)
    opened.until(f"innerWidth === {width}")
    assert opened.run("look.wide()") == []


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(opened, theme, width):
    opened.set_size(width)
    opened.set_theme(theme)
    opened.until(f"document.documentElement.dataset.theme === '{theme}'")
    assert opened.run("look.faint(4.5)") == []


def test_tab_reaches_the_controls_of_every_widget(opened):
    opened.set_size(DESK)
    opened.run("document.querySelectorAll('.fusion-widget').forEach((widget, index) => (widget.id = `touch-${index}`))")
    count = opened.run("document.querySelectorAll('.fusion-widget').length")
    assert [fault for index in range(count) for fault in opened.tabbed(f"#touch-{index}")] == []


@pytest.mark.parametrize("report", REPORTS)
def test_reports_of_the_build_open_and_ask_no_other_host(page, site, report):
    page.set_size(PHONE)
    page.forget(site)
    page.open(f"{site}/{report}")
    page.until("document.querySelector('#viewer .frame img')?.naturalWidth > 0")
    assert page.faults() == []
    assert [url for url in page.requests() if not url.startswith((f"{site}/", "data:"))] == []
    assert page.run("document.documentElement.scrollWidth") <= PHONE


def test_the_entry_leads_to_the_first_page(page, site):
    page.open(f"{site}/{ENTRY}")
    page.until("location.pathname.startsWith('/book/') && document.querySelector('h1')")
    assert page.faults() == []


def test_the_search_finds_a_word(page, site):
    page.set_size(DESK)
    page.open(f"{site}/search.html")
    page.run("document.querySelector('.bd-search-container input').focus()")
    page.type("guided")
    page.key("Enter")
    page.until("location.search === '?q=guided'")
    page.until("document.querySelector('#search-results a[href*=\"guided_filter.html\"]')")
    assert page.faults() == []

"""No page of the site names the script of sphinx-thebe."""

from types import SimpleNamespace

import offline
import pytest


def script(filename=None, **attributes):
    """A script as Sphinx lists it for a page."""
    return SimpleNamespace(filename=filename, attributes=attributes)


IN_A_FILE = script("_static/sphinx-thebe.js", **{"async": "async"})
IN_THE_PAGE = script(body='const THEBE_JS_URL = "https://unpkg.com/thebe@0.8.2/lib/index.js"')
OTHERS = [script("_static/documentation_options.js"), script(body="const togglebuttonSelector = '.toggle'"), script()]


@pytest.mark.parametrize("thebe", [IN_A_FILE, IN_THE_PAGE], ids=["in a file", "in the page"])
def test_scripts_of_thebe_are_known(thebe):
    assert offline.is_thebe(thebe)


@pytest.mark.parametrize("other", OTHERS)
def test_other_scripts_are_not(other):
    assert not offline.is_thebe(other)


def test_a_page_keeps_all_other_scripts():
    context = {"script_files": [OTHERS[0], IN_A_FILE, OTHERS[1], IN_THE_PAGE, OTHERS[2]]}
    offline.drop_thebe(None, "intro", "page.html", context, None)
    assert context["script_files"] == OTHERS

"""One browser for all tests in here; they are skipped where there is none."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

from tests.browser.devtools import Browser, BrowserError, find_chromium
from tests.browser.page import Page

LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A running Chromium, or a skip."""
    program = find_chromium()
    if not program:
        pytest.skip("needs Chromium: install it, or let CHROMIUM name it")
    started = Browser(program, tmp_path_factory.mktemp("profile"))
    try:
        started.send("Browser.getVersion")
    except (BrowserError, OSError) as error:
        started.close()
        pytest.skip(f"Chromium does not start here: {error}")
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(browser):
    """A tab, for the tests of a file."""
    opened = Page(browser)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def look():
    """Script that gives a page the functions of look.js."""
    return LOOK


@pytest.fixture(scope="module")
def serve():
    """Serve a folder on a free port of this machine; return its address."""
    servers = []

    def start(folder):
        handler = functools.partial(QuietHandler, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()

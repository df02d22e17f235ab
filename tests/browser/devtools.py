"""A headless Chromium, driven by the DevTools protocol over a pair of pipes: real mouse, fingers, keys and pixels."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time

PATIENCE = 60  # seconds after which what is waited for counts as missing
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--hide-scrollbars",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium reads commands from descriptor 3 and writes answers to descriptor 4.
LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


class BrowserError(RuntimeError):
    """The browser refused a command, ended, or took too long."""


def find_chromium():
    """Path of a Chromium: the one that CHROMIUM names, else the first on the PATH; None without any."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else NAMES)), None)


class Browser:
    """One process of Chromium, with a profile of its own in a folder."""

    def __init__(self, program, profile):
        (their_input, output), (source, their_output) = os.pipe(), os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_input, their_output)]  # neither is 3 or 4
        command = [sys.executable, "-c", LAUNCH, *map(str, ends), program, *FLAGS, f"--user-data-dir={profile}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, pass_fds=ends, **quiet)
        for end in (their_input, their_output, *ends):
            os.close(end)
        self._output, self._source = os.fdopen(output, "wb"), source
        self._read, self._count = b"", 0
        self.events = []

    def send(self, method, session=None, **parameters):
        """Send a command and return its result; events that come before that are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        self._output.write(json.dumps(message).encode() + b"\0")
        self._output.flush()
        while (answer := self._next(method)).get("id") != self._count:
            self.events.append(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def wait_for(self, session, method):
        """Wait until a page reports an event; return what it says."""
        while True:
            for event in self.events:
                if (event.get("sessionId"), event.get("method")) == (session, method):
                    return event["params"]
            self.events.append(self._next(method))

    def _next(self, awaited):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._read:
            if not select.select([self._source], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BrowserError(f"nothing came for {PATIENCE} s, when waiting for {awaited}")
            if not (some := os.read(self._source, 1 << 20)):
                raise BrowserError(f"the browser ended, when waiting for {awaited}")
            self._read += some
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def close(self):
        """End the browser and give back its pipes."""
        with contextlib.suppress(BrowserError, OSError):
            self.send("Browser.close")
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._source)
        with contextlib.suppress(OSError):  # what the browser no longer reads
            self._output.close()

"""One tab of the browser: what it shows, what it complains about, and hands to touch it with."""

import time

from tests.browser.devtools import PATIENCE, BrowserError

KEYS = {"Tab": 9, "Enter": 13, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
SHIFT, CONTROL = 8, 2
TWO_FRAMES = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"  # until all is redrawn
)
STEPS = 4  # moves of which a drag is made


class Page:
    """A tab of its own; opened with `open`, looked into with `run`."""

    def __init__(self, browser):
        self.browser = browser
        self._target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.send("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")
        self._send("Emulation.setFocusEmulationEnabled", enabled=True)

    def _send(self, method, **parameters):
        return self.browser.send(method, self._session, **parameters)

    def close(self):
        self.browser.send("Target.closeTarget", targetId=self._target)

    # What it shows

    def set_size(self, width, height=900):
        """Give the window a size in CSS pixels."""
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.run(TWO_FRAMES)

    def set_theme(self, theme):
        """Let the reader prefer "light" or "dark"."""
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.run(TWO_FRAMES)

    def set_touch(self, enabled):
        """Give the window fingers, or take them away."""
        self._send("Emulation.setTouchEmulationEnabled", enabled=enabled)

    def forget(self, origin):
        """Come to a site as a reader who was never there."""
        self._send("Storage.clearDataForOrigin", origin=origin, storageTypes="local_storage")

    def open(self, url):
        """Go to an address and wait until it has loaded; what was reported before is forgotten."""
        self.browser.events.clear()
        self._send("Page.navigate", url=url)
        self.browser.wait_for(self._session, "Page.loadEventFired")

    def run(self, script):
        """Evaluate JavaScript, wait for it if it is a promise, and return its value."""
        told = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise BrowserError(f"{script[:80]}: {_said(told['exceptionDetails'])}")
        return told["result"].get("value")

    def until(self, script):
        """Wait until JavaScript gives something true."""
        deadline = time.monotonic() + PATIENCE
        while not self._holds(script):
            if time.monotonic() > deadline:
                raise BrowserError(f"{script} was never true")
            time.sleep(0.05)

    def _holds(self, script):
        try:
            return self.run(f"Boolean({script})")
        except BrowserError as error:  # the page may lead to another one while it is asked
            if "navigated" not in str(error):
                raise
            return False

    def faults(self):
        """List what the page complained about since it was opened: errors, warnings, exceptions, failed requests."""
        self.run("0")  # what is on its way arrives first
        return [fault for fault in map(_fault, self._events()) if fault]

    def requests(self):
        """List the addresses that the page asked for, without data carried along."""
        sent = [event["params"]["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [url for url in sent if not url.startswith(("data:", "blob:"))]

    def _events(self, method=None):
        own = [event for event in self.browser.events if event.get("sessionId") == self._session]
        return [event for event in own if method in (None, event["method"])]

    # Hands

    def place(self, selector, x=0.5, y=0.5):
        """Bring an element into view; return where a point of it lies, given in shares of its width and height."""
        found = f"document.querySelector({selector!r})"
        box = self.run(
            f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            f"(({{x, y, width, height}}) => [x, y, width, height])({found}.getBoundingClientRect())"
        )
        return box[0] + x * box[2], box[1] + y * box[3]

    def mouse(self, kind, place, **options):
        """Send what a mouse does: "mousePressed", "mouseMoved", "mouseReleased", "mouseWheel"."""
        self._send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], **options)

    def drag(self, start, end):
        """Press the mouse in one place, move it to another one, and let go."""
        self.mouse("mousePressed", start, button="left", buttons=1, clickCount=1)
        for place in _way(start, end):
            self.mouse("mouseMoved", place, button="left", buttons=1)
        self.mouse("mouseReleased", end, button="left", clickCount=1)

    def click(self, selector):
        """Press and release the mouse in the middle of an element."""
        place = self.place(selector)
        self.drag(place, place)

    def turn_wheel(self, place, down, modifiers=0):
        """Turn the wheel over a place, in CSS pixels; up is negative."""
        self.mouse("mouseWheel", place, deltaX=0, deltaY=down, modifiers=modifiers)

    def touch(self, starts, ends):
        """Put one finger or several down, move each to its end, and lift them."""
        self._fingers("touchStart", starts)
        for places in zip(*map(_way, starts, ends)):
            self._fingers("touchMove", places)
        self._fingers("touchEnd", [])

    def _fingers(self, kind, places):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._send("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def key(self, name, modifiers=0):
        """Press and release a key; a character types itself."""
        text = {"text": "\r"} if name == "Enter" else {} if name in KEYS else {"text": name}
        key = {"key": name, "windowsVirtualKeyCode": KEYS.get(name, ord(name[0])), "modifiers": modifiers}
        self._send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **key, **text)
        self._send("Input.dispatchKeyEvent", type="keyUp", **key)

    def tabbed(self, selector):
        """Press Tab through an element; name what it skips, and what does not show that it has the focus."""
        self.run(f"""widget = document.querySelector({selector!r}), expected = look.controls(widget);
            widget.insertAdjacentHTML('beforebegin', '<span class="before" tabindex="-1"></span>');
            document.querySelector('.before').focus()""")
        faults = []
        for index in range(self.run("expected.length")):
            self.key("Tab")
            if not self.run(f"expected[{index}] === document.activeElement"):
                faults.append(f"not reached: {self.run(f'look.named(expected[{index}])')}")
            elif not self.run("look.isRinged(document.activeElement)"):
                faults.append(f"no ring: {self.run(f'look.named(expected[{index}])')}")
        self.run("document.querySelector('.before').remove()")
        return faults

    def type(self, text):
        """Insert text where the focus is."""
        self._send("Input.insertText", text=text)


def _way(start, end):
    """Places on the way from one to another, the end included."""
    shares = [step / STEPS for step in range(1, STEPS + 1)]
    return [tuple(a + (b - a) * share for a, b in zip(start, end)) for share in shares]


def _fault(event):
    """What an event complains about; None if it does not."""
    method, told = event["method"], event.get("params", {})
    if method == "Runtime.exceptionThrown":
        return f"exception: {_said(told['exceptionDetails'])}"
    if method == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning", "assert"}:
        words = [str(argument.get("value", argument.get("description"))) for argument in told["args"]]
        return f"console: {' '.join(words)}"
    if method == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
        return f"log: {told['entry']['text']} {told['entry'].get('url', '')}"
    if method == "Network.loadingFailed" and not told.get("canceled"):
        return f"failed: {told['errorText']}"
    if method == "Network.responseReceived" and told["response"]["status"] >= 400:
        return f"status {told['response']['status']}: {told['response']['url']}"
    return None


def _said(details):
    return details.get("exception", {}).get("description", details["text"])

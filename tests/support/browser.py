"""Opens pages in headless Chromium, and records their requests and error messages.

Speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over two pipes,
so that it needs only a `chromium` program.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 180


def chromium() -> str | None:
    """The path of the Chromium program; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A tab: `requests` are the addresses that it asked for, `complaints` the errors it logged."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser, self.session = browser, session
        self._requests: dict[str, str] = {}
        self.complaints: list[str] = []
        self.loaded = False
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    @property
    def requests(self) -> list[str]:
        return list(self._requests.values())

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, parameters, self.session)

    def heard(self, method: str, event: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self._requests[event["requestId"]] = event["request"]["url"]
        elif method == "Network.loadingFailed" and event.get("blockedReason") == "csp":
            del self._requests[event["requestId"]]  # Chromium blocked it
        elif method == "Log.entryAdded":
            self.complaints.append(event["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(event["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(" ".join(str(arg.get("value")) for arg in event["args"]))

    def open(self, url: str) -> Page:
        """Go to an address, and wait until the page and all its resources are loaded."""
        self.loaded = False
        self._requests.clear()
        self.complaints.clear()
        navigation = self.call("Page.navigate", url=url)
        assert "errorText" not in navigation, navigation
        self.browser.listen(lambda: self.loaded)
        time.sleep(0.05)
        self.run("0")  # Chromium sends all events before it answers this
        return self

    def run(self, script: str) -> Any:
        """Return the value of a script, or that of the promise it returns. Fails if it throws."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def size(self, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def colours(self, scheme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def scripts(self, on: bool) -> None:
        """Switch the page's own scripts on or off."""
        self.call("Emulation.setScriptExecutionDisabled", value=not on)

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        parameters = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Write a screenshot as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(shot["data"]))


class Browser:
    """A running Chromium."""

    def __init__(self, process: subprocess.Popen[bytes], out: int, back: int) -> None:
        self.process, self._out, self._back = process, out, back
        self._rest = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new tab without cookies or storage; closed at the end of the context."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": context}
        )["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        name = session["sessionId"]
        self._pages[name] = page = Page.__new__(Page)
        page.__init__(self, name)  # type: ignore[misc]  # it hears what it asks for
        try:
            yield page
        finally:
            self._pages.pop(name)
            self.call("Target.disposeBrowserContext", {"browserContextId": context})

    def call(
        self, method: str, parameters: dict[str, Any] | None = None, session: str = ""
    ) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        self.listen(lambda: number in self._answers)
        answer = self._answers.pop(number)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def listen(self, enough: Any) -> None:
        """Read messages of the browser until `enough()` is true, for a minute at most."""
        end = time.monotonic() + PATIENCE
        while not enough():
            left = end - time.monotonic()
            assert left > 0, "the browser says nothing"
            if not select.select([self._back], [], [], left)[0]:
                continue
            data = os.read(self._back, 1 << 20)
            assert data, "the browser has gone"
            *messages, self._rest = (self._rest + data).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._answers[message["id"]] = message
                elif page := self._pages.get(message.get("sessionId", "")):
                    page.heard(message["method"], message["params"])


# Chromium uses the descriptors 3 and 4. The pipes may have any numbers, even 4 and 3.
_ON_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in zip((3, 4), ends):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def browsing(flags: Sequence[str] = ()) -> Iterator[Browser]:
    """Start Chromium; at the end of the context, stop it and remove its files."""
    program = chromium()
    assert program
    to_read, out = os.pipe()
    back, to_write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        options = [*FLAGS, *flags, f"--user-data-dir={folder}"]
        process = subprocess.Popen(
            [sys.executable, "-c", _ON_3_AND_4, str(to_read), str(to_write), program, *options],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": folder},
        )
        os.close(to_read)
        os.close(to_write)
        try:
            browser = Browser(process, out, back)
            yield browser
            with contextlib.suppress(AssertionError, OSError):
                browser.call("Browser.close")
        finally:
            os.close(out)
            os.close(back)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

"""A real browser for tests of pages: headless Chromium, spoken to through a pipe, without any package.

The decision: the protocol of its own developer tools, of which a test needs five words. Refused: a driver that brings
a browser of its own and must be downloaded.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_KEYS = {"Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


def program() -> str | None:
    """The Chromium of this machine, if it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page in headless Chromium; use it with `with`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="phototag-browser-", ignore_cleanup_errors=True)
        there, self._in = os.pipe()
        self._out, here = os.pipe()
        command = [program() or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--remote-debugging-pipe", f"--user-data-dir={self._folder.name}", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"]
        # Chromium reads commands from descriptor 3 and answers on 4.
        line = f'exec "$@" 3<&{there} 4>&{here}'
        self._process = subprocess.Popen(
            ["bash", "-c", line, "bash", *command], pass_fds=(there, here), stderr=subprocess.DEVNULL
        )
        os.close(there)
        os.close(here)
        self._rest, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for name in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{name}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._in)
        os.close(self._out)
        self._folder.cleanup()

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """Send one command and return its result; what happens meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._heard()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result
            self.events.append(heard)

    def _heard(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            some = os.read(self._out, 1 << 20)
            assert some, "Chromium ended"
            self._rest += some
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message

    def open(self, file: Path, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        """Load a file at the width of a screen or a phone, by day or by night."""
        phone = width < 600
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Page.navigate", url=file.as_uri())
        for _ in range(200):
            if self.value("document.readyState") == "complete" and self.value("location.protocol") == "file:":
                return
            time.sleep(0.05)
        raise AssertionError("the page did not load")

    def value(self, script: str) -> Any:
        """What a piece of script says in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, by its name or its letter."""
        given: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": _KEYS.get(key, 0)}
        if len(key) == 1:
            given["text"] = key
        self.ask("Input.dispatchKeyEvent", type="keyDown", **given)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **given)

    def picture(self, file: Path) -> None:
        """A screenshot."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def happened(self, method: str) -> list[dict[str, Any]]:
        """What the browser told of one kind since it was started."""
        self.value("1")
        return [event["params"] for event in self.events if event.get("method") == method]

"""A headless Chromium, driven over its debugging pipe: enough to open a page, ask it things and hear its complaints."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
CODES = {"Tab": 9, "Enter": 13, "ArrowDown": 40}
"""What a page does not see, but the browser goes by when it moves the focus or submits a form."""
ANSWER_SECONDS = 60


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page. `complaints` gathers what its console says of errors, what it throws, and broken policies."""

    def __init__(self, profile: Path, *, width: int = 1280, height: int = 900) -> None:
        command = [
            executable() or "",
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out} 2>/dev/null'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", *command], pass_fds=(theirs_in, theirs_out), start_new_session=True
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.requests = os.fdopen(ours_out, "wb", buffering=0)
        self.answers = os.fdopen(ours_in, "rb", buffering=0)
        self.buffer = b""
        self.number = 0
        self.complaints: list[str] = []
        self.session: str | None = None
        self.session = self.send("Target.attachToTarget", targetId=self._page(), flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Inspector"):
            self.send(f"{domain}.enable")

    def _page(self) -> str:
        """The page that it opens by itself, soon after it answers."""
        while True:
            targets = self.send("Target.getTargets")["targetInfos"]
            for target in targets:
                if target["type"] == "page":
                    return str(target["targetId"])
            time.sleep(0.05)

    def send(self, method: str, **params: Any) -> Any:
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.requests.write(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._next(end)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)

    def media(self, scheme: str) -> None:
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width: int, height: int) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def ask(self, expression: str) -> Any:
        """The value of an expression, promises awaited; what it throws fails the test."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def until(self, expression: str, *, seconds: float = 60) -> Any:
        """Wait until an expression is truthy, and answer its value."""
        end = time.monotonic() + seconds
        while not (value := self.ask(expression)):
            text = self.ask("document.body?.innerText ?? ''")
            assert time.monotonic() < end, f"never: {expression}\n{text}\n{self.complaints}"
            time.sleep(0.05)
        return value

    def press(self, key: str) -> None:
        code = CODES.get(key, 0)
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            # Its helpers hold the pipe as well: where the browser alone is gone, nothing ends what is read.
            waited = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            assert waited[0], f"no answer of the browser in {ANSWER_SECONDS} s; {self.complaints}"
            read = self.answers.read(65536)
            assert read, "the browser is gone"
            self.buffer += read
        text, _, self.buffer = self.buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._hear(message.get("method", ""), message.get("params", {}))
        return message

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        assert method != "Inspector.targetCrashed", "the page has crashed"
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:600])
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.complaints.append(json.dumps(params["args"])[:600])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session = None
        try:
            self.send("Browser.close")
            self.process.wait(timeout=20)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
        self.requests.close()
        self.answers.close()

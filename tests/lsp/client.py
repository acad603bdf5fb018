"""A client of the language server on real pipes: JSON-RPC as an editor speaks it, and nothing between."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT = 60.0
Finding = tuple[str, str, str, int, int, int, int]
FULL: dict[str, Any] = {
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
        "rename": {"prepareSupport": True},
        "diagnostic": {"dynamicRegistration": True},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}},
}


class Client:
    """One server, started for a folder."""

    def __init__(
        self,
        root: Path,
        capabilities: dict[str, Any] | None = None,
        options: Any = None,
        program: Sequence[str] = (sys.executable, "-m", "cyberflow", "lsp"),
    ) -> None:
        self.root = root
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
        )
        self.published: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        self._next = 0
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()
        self.capabilities = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": "x"}],
                "capabilities": FULL if capabilities is None else capabilities,
                "initializationOptions": options,
            },
        )["capabilities"]
        self.notify("initialized", {})

    def request(self, method: str, params: Any) -> Any:
        """Ask, and give the result. Raises RuntimeError with what the server refuses with."""
        self._next += 1
        number = self._next
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        self._wait(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer.get("result")

    def notify(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> str:
        """Open a file as it is on the disk, or with another text."""
        raw = (self.root / path).read_bytes().decode().removeprefix("\ufeff") if text is None else text
        self._versions[path] = 1
        item = {"uri": self.uri(path), "languageId": "yaml", "version": 1, "text": raw}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return raw

    def change(self, path: str, *changes: dict[str, Any]) -> int:
        """Change an open file; give its new version."""
        self._versions[path] += 1
        document = {"uri": self.uri(path), "version": self._versions[path]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})
        return self._versions[path]

    def at(self, path: str, method: str, line: int, character: int, **more: Any) -> Any:
        """Ask about a position."""
        position = {"line": line, "character": character}
        params = {"textDocument": {"uri": self.uri(path)}, "position": position, **more}
        return self.request(f"textDocument/{method}", params)

    def about(self, path: str, method: str, **more: Any) -> Any:
        """Ask about a document."""
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": self.uri(path)}, **more})

    def diagnostics(self, path: str, version: int | None = None) -> list[dict[str, Any]]:
        """What was published for a file, once it is about the version that is open."""
        uri, wanted = self.uri(path), self._versions.get(path) if version is None else version
        self._wait(
            lambda: uri in self.published and self.published[uri].get("version") == wanted, f"findings of {path}"
        )
        found: list[dict[str, Any]] = self.published[uri]["diagnostics"]
        return found

    def findings(self) -> set[Finding]:
        """Everything that is published: path, rule, message, and the range."""
        found = set()
        for uri, told in self.published.items():
            for one in told["diagnostics"]:
                start, end = one["range"]["start"], one["range"]["end"]
                spot = start["line"], start["character"], end["line"], end["character"]
                found.add((uri.removeprefix(f"{self.root.as_uri()}/"), one["code"], one["message"], *spot))
        return found

    def wait_for_findings(self, expected: set[Finding]) -> None:
        """Wait until exactly this is published. Raises TimeoutError with what differs."""
        try:
            self._wait(lambda: self.findings() == expected, "")
        except TimeoutError:
            raise TimeoutError(f"{expected ^ self.findings()}") from None

    def wait_for(self, method: str) -> dict[str, Any]:
        """The first message of a kind that the server sent."""
        self._wait(lambda: any(one["method"] == method for one in self.messages), method)
        return next(one for one in self.messages if one["method"] == method)

    def close(self) -> int:
        """Shut down as an editor does, and give the exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(WAIT)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _wait(self, ready: Callable[[], bool], what: str) -> None:
        with self._news:
            if not self._news.wait_for(lambda: ready() or self.process.poll() is not None, WAIT) or not ready():
                raise TimeoutError(what)

    def _read(self) -> None:
        for message in self._incoming():
            with self._news:
                if "method" not in message:
                    self._answers[message["id"]] = message
                elif message["method"] == "textDocument/publishDiagnostics":
                    self.published[message["params"]["uri"]] = message["params"]
                else:
                    self.messages.append(message)
                self._news.notify_all()
            if "method" in message and "id" in message:
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        with self._news:
            self._news.notify_all()

    def _incoming(self) -> Iterator[dict[str, Any]]:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            yield json.loads(stream.read(length))


@contextmanager
def serving(root: Path, capabilities: dict[str, Any] | None = None, **more: Any) -> Iterator[Client]:
    """A client, whose server is ended at the end whatever happens."""
    client = Client(root, capabilities, **more)
    try:
        yield client
    finally:
        client.process.kill()
        client.process.wait()
        for stream in (client.process.stdin, client.process.stdout):
            if stream is not None:
                stream.close()

"""A project of many workflows, an account behind a real socket, and a server that ends its client at one request."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.emulator.platform import Platform
from cyberflow.remote.identity import Owner, Ownership, list_owned_workflows
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from tests.emulator.served import serve

PNG = b"\x89PNG\r\n\x1a\n number "
OWNER = Owner("hospital")
Moment = Literal["before", "after"]


def write_project(folder: Path, url: str, workflows: int = 40, word: str = "Open") -> Path:
    """Workflows with inputs, outputs and tags; every fifth shows one of three images."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in range(3):
        (folder / "images" / f"{number}.png").write_bytes(PNG + str(number).encode())
    settings = f"project: hospital\ndefault_target: near\ntargets: {{near: {{url: '{url}'}}}}\n"
    (folder / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    lines = ["workflows:"]
    for number in range(workflows):
        picture = f" Click ![it](images/{number % 3}.png)." if number % 5 == 0 else ""
        lines += [
            f"  flow-{number:02}:",
            f"    prompt: {word} chart <mrn> of ward {number}.{picture}",
            "    inputs: {mrn: string}",
            "    outputs: {done: boolean}",
            f"    tags: [Ward {number % 2}]",
        ]
    (folder / "flows.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass
class Service:
    """The platform on a port. `victim` is killed at request `boundary` (from 1), `before` or `after` it is carried out;
    either way nobody reads an answer.
    """

    platform: Platform
    url: str = ""
    requests: int = 0
    boundary: int = 0
    moment: Moment = "before"
    victim: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        hit = self.requests == self.boundary
        if hit and self.moment == "before":
            self._kill()
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def unheard(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._kill()
            await send(message)

        await self.platform.app(scope, receive, unheard if hit else send)

    def _kill(self) -> None:
        while self.victim is None:
            time.sleep(0.001)
        os.kill(self.victim, signal.SIGKILL)

    def renew(self) -> None:
        """Another account, empty, at the same address."""
        self.platform.close()
        self.platform, self.requests, self.boundary, self.victim = Platform.open(":memory:"), 0, 0, None

    def snapshot(self) -> Snapshot:
        import asyncio

        async def read() -> Snapshot:
            async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
                return await read_snapshot(desk)

        return asyncio.run(read())


@contextmanager
def serving() -> Iterator[Service]:
    service = Service(Platform.open(":memory:"))
    try:
        with serve(service) as service.url:
            yield service
    finally:
        service.platform.close()


FORKING = """
import gc, json, os, sys
from cyberflow.cli.main import run

run(json.loads(sys.argv[1]))
gc.freeze()
print("warm", flush=True)
for line in sys.stdin:
    words, out = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        code = run(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""The program, loaded and warm; each command is a process of its own, which costs no second start of Python."""


@dataclass
class Forked:
    """Runs one command at a time in a process forked for it."""

    parent: subprocess.Popen[str]
    out: Path

    def start(self, folder: Path, *words: str) -> int:
        """Begin a command; gives the id of its process."""
        assert self.parent.stdin is not None
        self.parent.stdin.write(json.dumps([[*words, "--project", str(folder)], str(self.out)]) + "\n")
        self.parent.stdin.flush()
        return self._number()

    def wait(self) -> tuple[int, str]:
        """Its exit code, negative for a signal, and all that it said."""
        return self._number(), self.out.read_text(encoding="utf-8")

    def call(self, folder: Path, *words: str) -> tuple[int, str]:
        self.start(folder, *words)
        return self.wait()

    def _number(self) -> int:
        assert self.parent.stdout is not None
        return int(self.parent.stdout.readline())


@contextmanager
def forking(out: Path, folder: Path, *words: str) -> Iterator[Forked]:
    """Load the program and warm it with one command, whose output goes to `out` as that of all others will."""
    command = [sys.executable, "-c", FORKING, json.dumps([*words, "--project", str(folder)])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline() not in {"warm\n", ""}:
            pass
        yield Forked(parent, out)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cyberflow", *words, "--project", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def expect_exactly(found: Snapshot, workflows: int) -> None:
    """What is declared, once; everything ours and finished; each image once."""
    assert sorted(one.name or "" for one in found.workflows) == [f"flow-{number:02}" for number in range(workflows)]
    assert {one.ownership for one in list_owned_workflows(found.workflows, OWNER)} == {Ownership.MANAGED}
    assert sorted(one.name for one in found.tags) == ["Ward 0", "Ward 1", "cyberflow:hospital"]
    assert len(found.images) == 3

"""A project of many workflows, an account behind a real socket, and a server that ends its client at one request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cyberflow.local import Platform
from cyberflow.remote import Owner, Snapshot, Standing, holdings, snapshot
from cyberflow.service import Cyberdesk

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
    """The platform on a port. `victim` is killed at request `boundary` (from 1), before or after it is carried out."""

    platform: Platform
    url: str = ""
    requests: int = 0
    boundary: int = 0
    moment: Moment = "before"
    victim: subprocess.Popen[str] | None = None
    methods: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        self.methods.append(scope["method"])
        hit = self.requests == self.boundary
        if hit and self.moment == "before":
            self._kill()
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.platform.app(scope, receive, send)
        if hit:
            self._kill()

    def _kill(self) -> None:
        while self.victim is None:
            time.sleep(0.001)
        os.kill(self.victim.pid, signal.SIGKILL)

    def snapshot(self) -> Snapshot:
        import asyncio

        async def read() -> Snapshot:
            async with Cyberdesk.connect("http://local", "any", app=self.platform.app) as desk:
                return await snapshot(desk)

        return asyncio.run(read())


@contextmanager
def serving() -> Iterator[Service]:
    import uvicorn

    with Platform.open(":memory:") as platform:
        service = Service(platform)
        server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="critical", lifespan="off"))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield service
        finally:
            server.should_exit = True
            thread.join()


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cyberflow", *words, "--project", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def call(folder: Path, *words: str) -> tuple[int, str]:
    process = start(folder, *words)
    out, _ = process.communicate()
    return process.returncode, out


def expect_exactly(found: Snapshot, workflows: int) -> None:
    """What is declared, once; everything ours and finished; each image once."""
    assert sorted(one.name or "" for one in found.workflows) == [f"flow-{number:02}" for number in range(workflows)]
    assert {one.standing for one in holdings(found.workflows, OWNER)} == {Standing.MANAGED}
    assert sorted(one.name for one in found.tags) == ["Ward 0", "Ward 1", "cyberflow:hospital"]
    assert len(found.images) == 3

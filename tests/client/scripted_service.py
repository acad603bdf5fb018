"""A service that answers from a script, below the real client: nothing of ours is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.retry import Retry
from cyberflow.client.http.transport import Transport

URL = "https://api.example.test"
KEY = "cd_canary_7f3a9b"
NOW = 1_800_000_000.0

Line = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    """An answer; underscores in header names are hyphens, bytes and text go out as they are."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes | str):
        return httpx.Response(status, content=body, headers=named)
    return (
        httpx.Response(status, json=body, headers=named) if body is not None else httpx.Response(status, headers=named)
    )


def workflow(id: str = "w1", **fields: Any) -> dict[str, Any]:
    return {"id": id, "main_prompt": "Go", "created_at": "2026-01-01", "updated_at": "2026-01-01", **fields}


def run(id: str = "r1", **fields: Any) -> dict[str, Any]:
    return {"id": id, "workflow_id": "w1", "status": "running", "created_at": "2026-01-01T00:00:00Z", **fields}


def page(items: Iterable[Mapping[str, Any]], total: int) -> dict[str, Any]:
    listed = [*items]
    return {"items": listed, "total": total, "skip": 0, "limit": len(listed)}


@dataclass
class Script:
    """Lines are said in order, the last one again and again. What was asked and slept stands in the lists."""

    lines: list[Line] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    jitter: float = 0.0
    now: float = NOW

    def says(self, *lines: Line) -> Script:
        self.lines = [*lines]
        return self

    async def carry(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if isinstance(line, Exception):
            raise line
        if isinstance(line, httpx.Response):
            return httpx.Response(line.status_code, headers=line.headers, content=line.content)
        return line(request)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retry(self, **policy: Any) -> Retry:
        return Retry(
            sleep=self.sleep, random=lambda: self.jitter, clock=lambda: self.now, monotonic=lambda: self.now, **policy
        )

    def transport(self, url: str = URL, key: str | None = KEY, **policy: Any) -> Transport:
        return Transport.open(url, key, app=httpx.MockTransport(self.carry), retry=self.retry(**policy))

    def desk(self, url: str = URL, key: str | None = KEY, **policy: Any) -> Cyberdesk:
        return Cyberdesk(self.transport(url, key, **policy))

    def header(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.asked]

"""An ASGI application that fails as planned: it stands in front of the platform, and does to a request or its answer
what the plan says. The platform behind it knows nothing of that.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cyberflow.emulator.contract.clock import Clock
from cyberflow.emulator.contract.errors import envelope
from cyberflow.emulator.http.fault_plan import (
    Course,
    Drop,
    End,
    Fault,
    Latency,
    Plan,
    Stall,
    Status,
    Truncate,
    UnknownValue,
)

BROKEN = "the connection was broken off"
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Faulty:
    """Takes an application and a plan. `course` counts over the application's life, not over a connection's."""

    def __init__(self, app: ASGIApp, plan: Plan, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self.app = app
        self.course = Course(plan)
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = self.course.due(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if rule is None:
            await self.app(scope, receive, send)
            return
        if isinstance(rule, Latency):
            await self._sleep(rule.seconds)
            await self.app(scope, receive, send)
            return
        whole = await _whole(receive)
        answer = None
        if isinstance(rule, Truncate | End | Stall):
            through = _Through(send, rule.bytes)
            answer = await _answered(self.app, scope, whole, through)
            if through.open:
                await self._cut(rule, receive, send)
                return
        elif not isinstance(rule, Status | Drop) or rule.when == "after":
            answer = await _answered(self.app, scope, whole)
        await self._fail(rule, answer, receive, send)

    async def _fail(self, rule: Fault, answer: _Answer | None, receive: Receive, send: Send) -> None:
        if isinstance(rule, Status):
            await _say(_refusal(rule, self._clock), send)
        elif answer is None or isinstance(rule, Drop):
            await _break_off(receive)
        elif isinstance(rule, UnknownValue):
            await _say(_rewritten(answer, rule), send)
        elif isinstance(rule, End):
            await _say(_sized(answer, answer.body[: rule.bytes]), send)
        elif isinstance(rule, Truncate | Stall):
            await _say(answer, send, cut=rule.bytes)
            await self._cut(rule, receive, send)

    async def _cut(self, rule: Truncate | End | Stall, receive: Receive, send: Send) -> None:
        """What comes after the bytes that came."""
        if isinstance(rule, End):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if isinstance(rule, Stall):
            await self._silence(rule.seconds, receive)
        await _break_off(receive)

    async def _silence(self, seconds: float, receive: Receive) -> None:
        """As long as the plan says, or until the client has had enough."""
        gone = asyncio.ensure_future(receive())
        pause = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait((gone, pause), return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, pause):
            waiting.cancel()


async def _whole(receive: Receive) -> bytes:
    """The body, all of it: a client that is still sending would not see what happens to its answer."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


class _Through:
    """Passes an answer without a length on while it comes, up to so many bytes; `open` says that there is one."""

    def __init__(self, send: Send, left: int) -> None:
        self._send = send
        self._left = left
        self.open = False
        self.enough = asyncio.Event()

    async def takes(self, message: Message) -> bool:
        if message["type"] == "http.response.start":
            self.open = not any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if self.open:
                await self._send(message)
        elif self.open and not self.enough.is_set():
            piece = message.get("body", b"")[: self._left]
            self._left -= len(piece)
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            if not self._left:
                self.enough.set()
        return self.open


async def _answered(app: ASGIApp, scope: Scope, body: bytes, through: _Through | None = None) -> _Answer:
    """Let the application answer to nobody, or to `through` as far as that takes it."""
    sent: list[Message] = []
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not left and through is not None:
            await through.enough.wait()
        return left.pop() if left else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if through is None or not await through.takes(message):
            sent.append(message)

    if through is None:
        await app(scope, receive, send)
    else:
        await _either(app(scope, receive, send), through.enough.wait())
        if through.open:
            return _Answer(0, [], b"")
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return _Answer(start["status"], [*start.get("headers", ())], content)


async def _either(work: Awaitable[None], enough: Awaitable[Any]) -> None:
    """Wait for the one or the other; what the work raises is raised."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(enough)
    done, _ = await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for one in (working, waiting):
        one.cancel()
    await asyncio.gather(working, waiting, return_exceptions=True)
    if working in done:
        working.result()


async def _say(answer: _Answer, send: Send, cut: int | None = None) -> None:
    """Send the answer; with `cut` it promises its whole length and stops at that byte."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    body = answer.body if cut is None else answer.body[: min(cut, max(0, len(answer.body) - 1))]
    await send({"type": "http.response.body", "body": body, "more_body": cut is not None})


async def _break_off(receive: Receive) -> None:
    """Cut the server's connection where there is one; in process, raise what a broken connection raises."""
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError(BROKEN)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(rule: Status, clock: Clock) -> _Answer:
    body = json.dumps(envelope(rule.status, "A planned fault", clock())).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if rule.retry_after is not None:
        asked = rule.retry_after if isinstance(rule.retry_after, str) else f"{rule.retry_after:g}"
        headers.append((b"retry-after", asked.encode()))
    return _Answer(rule.status, headers, body)


def _rewritten(answer: _Answer, rule: UnknownValue) -> _Answer:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return answer
    return _sized(answer, json.dumps(_replaced(value, rule)).encode())


def _sized(answer: _Answer, body: bytes) -> _Answer:
    """The answer with another body, of which it tells the length."""
    kept = [(name, text) for name, text in answer.headers if name.lower() != b"content-length"]
    return _Answer(answer.status, [*kept, (b"content-length", str(len(body)).encode())], body)


def _replaced(value: Any, rule: UnknownValue) -> Any:
    if isinstance(value, list):
        return [_replaced(item, rule) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: rule.value if key == rule.field else _replaced(item, rule) for key, item in value.items()}

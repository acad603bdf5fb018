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
    DropFault,
    EarlyEndFault,
    Fault,
    FaultCounter,
    FaultPlan,
    LatencyFault,
    StallFault,
    StatusFault,
    TruncateFault,
    UnknownValueFault,
)

BROKEN = "the connection was broken off"
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _BufferedResponse:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class FaultMiddleware:
    """Takes an application and a plan. `fault_counter` counts over the application's life."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self.app = app
        self.fault_counter = FaultCounter(plan)
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = self.fault_counter.next_fault(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if rule is None:
            await self.app(scope, receive, send)
            return
        if isinstance(rule, LatencyFault):
            await self._sleep(rule.seconds)
            await self.app(scope, receive, send)
            return
        whole = await _drain_body(receive)
        answer = None
        if isinstance(rule, TruncateFault | EarlyEndFault | StallFault):
            through = _StreamForwarder(send, rule.bytes)
            answer = await _call_app(self.app, scope, whole, through)
            if through.is_streaming:
                await self._end_after_cut(rule, receive, send)
                return
        elif not isinstance(rule, StatusFault | DropFault) or rule.when == "after":
            answer = await _call_app(self.app, scope, whole)
        await self._fail(rule, answer, receive, send)

    async def _fail(self, rule: Fault, answer: _BufferedResponse | None, receive: Receive, send: Send) -> None:
        if isinstance(rule, StatusFault):
            await _send_response(_error_response(rule, self._clock), send)
        elif answer is None or isinstance(rule, DropFault):
            await _abort_connection(receive)
        elif isinstance(rule, UnknownValueFault):
            await _send_response(_with_unknown_value(answer, rule), send)
        elif isinstance(rule, EarlyEndFault):
            await _send_response(_with_body(answer, answer.body[: rule.bytes]), send)
        elif isinstance(rule, TruncateFault | StallFault):
            await _send_response(answer, send, cut=rule.bytes)
            await self._end_after_cut(rule, receive, send)

    async def _end_after_cut(
        self, rule: TruncateFault | EarlyEndFault | StallFault, receive: Receive, send: Send
    ) -> None:
        """What comes after the bytes that came."""
        if isinstance(rule, EarlyEndFault):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if isinstance(rule, StallFault):
            await self._stall(rule.seconds, receive)
        await _abort_connection(receive)

    async def _stall(self, seconds: float, receive: Receive) -> None:
        """As long as the plan says, or until the client has had enough."""
        gone = asyncio.ensure_future(receive())
        pause = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait((gone, pause), return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, pause):
            waiting.cancel()


async def _drain_body(receive: Receive) -> bytes:
    """The body, all of it: a client that is still sending would not see what happens to its answer."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


class _StreamForwarder:
    """Passes an answer without a length on, up to so many bytes; `is_streaming` says that there is one."""

    def __init__(self, send: Send, left: int) -> None:
        self._send = send
        self._bytes_left = left
        self.is_streaming = False
        self.limit_reached = asyncio.Event()

    async def forward(self, message: Message) -> bool:
        if message["type"] == "http.response.start":
            self.is_streaming = not any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if self.is_streaming:
                await self._send(message)
        elif self.is_streaming and not self.limit_reached.is_set():
            piece = message.get("body", b"")[: self._bytes_left]
            self._bytes_left -= len(piece)
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            if not self._bytes_left:
                self.limit_reached.set()
        return self.is_streaming


async def _call_app(
    app: ASGIApp, scope: Scope, body: bytes, through: _StreamForwarder | None = None
) -> _BufferedResponse:
    """Let the application answer to nobody, or to `through` as far as that takes it."""
    sent: list[Message] = []
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not left and through is not None:
            await through.limit_reached.wait()
        return left.pop() if left else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if through is None or not await through.forward(message):
            sent.append(message)

    if through is None:
        await app(scope, receive, send)
    else:
        await _wait_for_first(app(scope, receive, send), through.limit_reached.wait())
        if through.is_streaming:
            return _BufferedResponse(0, [], b"")
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return _BufferedResponse(start["status"], [*start.get("headers", ())], content)


async def _wait_for_first(work: Awaitable[None], enough: Awaitable[Any]) -> None:
    """Wait for the work or for enough of it; what the work raises is raised."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(enough)
    done, _ = await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for one in (working, waiting):
        one.cancel()
    await asyncio.gather(working, waiting, return_exceptions=True)
    if working in done:
        working.result()


async def _send_response(answer: _BufferedResponse, send: Send, cut: int | None = None) -> None:
    """Send the answer; with `cut` it promises its whole length and stops at that byte."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    body = answer.body if cut is None else answer.body[: min(cut, max(0, len(answer.body) - 1))]
    await send({"type": "http.response.body", "body": body, "more_body": cut is not None})


async def _abort_connection(receive: Receive) -> None:
    """Cut the server's connection where there is one; in process, raise what a broken connection raises."""
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError(BROKEN)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _error_response(rule: StatusFault, clock: Clock) -> _BufferedResponse:
    body = json.dumps(envelope(rule.status, "A planned fault", clock())).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if rule.retry_after is not None:
        asked = rule.retry_after if isinstance(rule.retry_after, str) else f"{rule.retry_after:g}"
        headers.append((b"retry-after", asked.encode()))
    return _BufferedResponse(rule.status, headers, body)


def _with_unknown_value(answer: _BufferedResponse, rule: UnknownValueFault) -> _BufferedResponse:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return answer
    return _with_body(answer, json.dumps(_replace_field(value, rule)).encode())


def _with_body(answer: _BufferedResponse, body: bytes) -> _BufferedResponse:
    """The answer with another body, of which it tells the length."""
    kept = [(name, text) for name, text in answer.headers if name.lower() != b"content-length"]
    return _BufferedResponse(answer.status, [*kept, (b"content-length", str(len(body)).encode())], body)


def _replace_field(value: Any, rule: UnknownValueFault) -> Any:
    if isinstance(value, list):
        return [_replace_field(item, rule) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: rule.value if key == rule.field else _replace_field(item, rule) for key, item in value.items()}

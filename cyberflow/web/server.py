"""An HTTP server on this machine for one ASGI application, bounded in what its callers can hold of it: the head of a
request has 30 seconds, and who says nothing makes room for others when there are many.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import ASGIApp

log = logging.getLogger("cyberflow.local")

HEAD_SECONDS = 30.0
MOST_CONNECTIONS = 256
BACKLOG = 64
RESERVED_FILES = 48
"""File descriptors that are not for connections: the database, its journals, logs."""
QUIET_SECONDS = 60.0


@dataclass(frozen=True)
class Host:
    """What the server asks of who runs it: whether it is to end, and what is done every second and before the end."""

    is_over: Callable[[], bool]
    each_second: Callable[[], None]
    before_end: Callable[[], None]


def serve(app: ASGIApp, listening: socket, host: Host) -> None:
    """Serve until a signal comes, or the host says that one came before. `before_end` is called first of all then, so
    that answers which go on for ever can be ended.
    """
    most = connection_limit()
    config = uvicorn.Config(
        app,
        http=_protocol(most),
        backlog=min(BACKLOG, most),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
    )
    _Server(config, host).run(sockets=[listening])


def connection_limit() -> int:
    """As many as there are file descriptors for, since a connection is accepted before it can be refused."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return MOST_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + BACKLOG + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else (soft - RESERVED_FILES) // 2
    return max(4, min(MOST_CONNECTIONS, free))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, host: Host) -> None:
        super().__init__(config)
        self._host = host

    async def startup(self, sockets: list[socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_LoopLog())
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self._host.each_second()
        if self._host.is_over():
            self._host.before_end()
            return True
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._host.before_end()
        super().handle_exit(sig, frame)


class _LoopLog:
    """One line in the log for what the event loop meets, and none for the like of it for a while: a lack of file
    descriptors comes thousands of times a second.
    """

    def __init__(self) -> None:
        self._last = -QUIET_SECONDS

    def __call__(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if time.monotonic() - self._last >= QUIET_SECONDS:
            self._last = time.monotonic()
            log.warning("%s: %s", context["message"], context.get("exception", ""))


def _protocol(most: int) -> type[H11Protocol]:
    class Protocol(_BoundedProtocol):
        limit = most

    return Protocol


class _BoundedProtocol(H11Protocol):
    """A connection with a deadline for each head, which may be closed for others while it has said nothing whole."""

    limit = MOST_CONNECTIONS
    head_timer: asyncio.TimerHandle | None = None
    opened_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = time.monotonic()
        self._await_head()
        if len(self.connections) > self.limit:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self.head_timer is None and self.conn.their_state is h11.IDLE:
            self._await_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _make_room(self) -> None:
        waiting = [other for other in self.connections if getattr(other, "head_timer", None) is not None]
        oldest: Any = min(waiting, key=lambda other: getattr(other, "opened_at", 0.0), default=self)
        self.connections.discard(oldest)
        oldest.transport.abort()

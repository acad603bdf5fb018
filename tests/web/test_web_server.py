"""What callers can hold of the server: half requests, many connections, bodies without an end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.web import server
from cyberflow.web.routes import site

pytestmark = pytest.mark.slow

GET = b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALF = b"GET /v1/health HTTP/1.1\r\nHost: 127.0"
Connect = Callable[[], socket.socket]


@contextmanager
def serving() -> Iterator[Connect]:
    """A server in a thread; it ends when the test does."""
    opened: list[socket.socket] = []
    ending = [False]
    started = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def run() -> None:
        with Platform.open(":memory:") as platform:
            server.serve(site(platform.app), listening, server.Host(lambda: ending[0], started.set, lambda: None))

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        return opened[-1]

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(120)
        yield connect
    finally:
        for connection in opened:
            connection.close()
        ending[0] = True
        thread.join(20)


def drip(connection: socket.socket) -> None:
    for byte in HALF * 9:
        time.sleep(0.05)
        connection.sendall(bytes([byte]))


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("sent", [b"", HALF])
def test_a_head_that_never_comes_whole_is_cut(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with serving() as connect:
        held = connect()
        held.sendall(sent)
        wait_until(lambda: not is_open(held))


def test_a_head_that_drips_on_a_used_connection_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)
    with serving() as connect:
        held = connect()
        held.sendall(GET)
        assert held.recv(4096).startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError, match=r"reset|pipe|abort"):
            drip(held)


def test_who_asks_is_served_however_many_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 20)
    with serving() as connect:
        held = [connect() for _ in range(60)]
        for connection in held:
            with suppress(OSError):
                connection.sendall(HALF)
        asking = connect()
        asking.sendall(GET)
        assert asking.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: sum(map(is_open, held)) <= 20)


def test_a_body_beyond_the_limit_is_answered_before_it_has_come() -> None:
    head = b"POST /v1/workflows HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
    with serving() as connect:
        connection = connect()
        connection.sendall(head + b"Content-Type: application/json\r\nContent-Length: 209715200\r\n\r\n" + b"[" * 9999)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"at most 160 MB" in answer


def test_a_body_that_drips_is_answered_with_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyberflow.emulator.http.body.SECONDS", 0.3)
    head = b"POST /v1/workflows HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
    with serving() as connect:
        connection = connect()
        connection.sendall(head + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_few_file_descriptors_mean_few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    limits: list[tuple[int, int]] = [(100, 100)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, asked: limits.append(asked))

    assert server.connection_limit() == 26
    limits.append((100, 4096))
    assert server.connection_limit() == (server.MOST_CONNECTIONS + server.BACKLOG) // 2
    limits.append((4096, 4096))
    assert server.connection_limit() == server.MOST_CONNECTIONS
    limits.append((20, 20))
    assert server.connection_limit() == 4

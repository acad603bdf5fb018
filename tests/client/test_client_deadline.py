"""No call waits without a bound: a request has a deadline as a whole, whatever the service does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import Unreachable
from cyberflow.client.http.retry import Retry
from cyberflow.client.http.transport import Transport
from tests.client.scripted_service import KEY, URL, run

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@asynccontextmanager
async def service(serve: Serve) -> AsyncIterator[str]:
    busy: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.transport.abort()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in filter(None, busy):
            task.cancel()
        await asyncio.gather(*filter(None, busy), return_exceptions=True)
        await asyncio.sleep(0)


def files_in(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    for byte in piece * 100_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(3600)


async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def dripping_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


async def dripping_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    await drip(writer, b" ")


async def dripping_refusal(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD.replace(b"200 OK", b"503 Busy"))
    await drip(writer, b" ")


@pytest.mark.parametrize("serve", [silent, deaf, dripping_head, dripping_body, dripping_refusal])
async def test_a_slow_answer_is_given_up(serve: Serve) -> None:
    async with service(serve) as url, Cyberdesk.connect(url, KEY, retry=Retry(retries=0, patience=0.3)) as desk:
        with pytest.raises(Unreachable, match=r"timed out after 0\.3 s") as caught:
            await desk.runs.get("r1")

    assert caught.value.transient
    assert not caught.value.nothing_was_made


async def test_a_download_that_drips_is_given_up_and_leaves_nothing(tmp_path: Path) -> None:
    async with service(dripping_body) as url, Cyberdesk.connect(url, KEY, retry=Retry(retries=0, patience=0.3)) as desk:
        with pytest.raises(Unreachable, match="timed out"):
            await desk.attachments.download("a", tmp_path / "a.csv")

    assert not files_in(tmp_path)


async def test_a_connection_that_never_stands_is_given_up() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    transport = Transport.open(URL, KEY, app=httpx.MockTransport(hang), retry=Retry(retries=0, patience=0.2))
    with pytest.raises(Unreachable, match=r"timed out after 0\.2 s"):
        await Cyberdesk(transport).runs.get("r1")


async def test_an_application_in_this_process_has_a_deadline_too() -> None:
    async def app(_: object, __: object, ___: object) -> None:
        await asyncio.sleep(3600)

    async with Cyberdesk.connect("http://local", KEY, app=app, retry=Retry(retries=0, patience=0.2)) as desk:
        with pytest.raises(Unreachable, match="timed out"):
            await desk.health()


async def test_what_keeps_coming_has_the_time_that_its_bytes_need(tmp_path: Path) -> None:
    """A file over a slow line takes longer than the patience, as long as it moves."""
    size = 40_000

    async def steady(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for __ in range(10):
            await asyncio.sleep(0.1)
            writer.write(b"x" * (size // 10))

    async with service(steady) as url, Cyberdesk.connect(url, KEY, retry=Retry(retries=0, patience=0.3)) as desk:
        saved = await desk.attachments.download("a", tmp_path / "a.csv")

    assert saved.stat().st_size == size


async def test_a_deadline_of_the_caller_stays_the_callers() -> None:
    """Whoever waits less for a call gets a TimeoutError of their own, not a trouble of the service."""
    async with service(silent) as url, Cyberdesk.connect(url, KEY, retry=Retry(patience=30)) as desk:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await desk.runs.get("r1")


async def test_after_a_slow_answer_the_next_one_is_read() -> None:
    tried = 0

    async def first_slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        await reader.readuntil(b"\r\n\r\n")
        if tried == 1:
            await asyncio.sleep(3600)
        body = httpx.Response(200, json=run()).content
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    retry = Retry(retries=1, patience=0.5, random=lambda: 0.0)
    async with service(first_slow) as url, Cyberdesk.connect(url, KEY, retry=retry) as desk:
        assert (await desk.runs.get("r1")).id == "r1"

"""Whatever a service sends, byte for byte: each call ends, with a value or with an error of ours."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.retry import Retry
from cyberflow.errors import CyberflowError
from tests.client.scripted_service import KEY, workflow

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BODY = json.dumps(workflow()).encode()
STATUSES = (100, 101, 199, 204, 205, 206, 299, 300, 304, 305, 399, 400, 418, 451, 500, 599, 600, 999)
PLACES = (
    *(b"//", b"http://[", b"\xff\xfe", b"http://a:99999/", b"mailto:x", b"", b"/v1/x", b"http:///", b"https://%zz/"),
    *(b"http://\xc3\xa4.test/", b"?a", b"http://a b/", b"http://xn--/", b"HTTP:x"),
)
WAITS = (b"nan", b"-1", b"1e400", b"x", b"Wed, 21 Oct 99999 07:28:00 GMT", b"\xff", b"Infinity", b"2026-13-45", b"0")
LENGTHS = (b"-1", b"x", b"99999999999999999999", b"1, 2")
BODIES = (b"[" * 100_000, b'{"a":' * 50_000, b"null", b"1" * 10_000, rb'"\ud800"', b"\0" * 100, b'{"id": 1e400}')
DETAILS = ([{"msg": None, "loc": 5}], {"a": [{"msg": "x", "loc": {"q": 1}, "input": {"a": ["b" * 5]}}]}, 7, [[["x"]]])


def reply(status: int, body: bytes, *headers: bytes, length: bool = True) -> bytes:
    lines = [b"HTTP/1.1 %d X" % status, *headers, *([b"Content-Length: %d" % len(body)] if length else [])]
    return b"\r\n".join((*lines, b"", body))


def refusal(random: Random) -> bytes:
    said = {
        "detail": random.choice(DETAILS),
        "message": random.choice([3, [], {"message": "\ud800"}]),
        "error_code": {},
    }
    return reply(random.choice((400, 422, 503)), json.dumps(said).encode(), b"x-request-id: \xe4\xff")


def garbled(random: Random) -> bytes:
    body = bytearray(BODY)
    for _ in range(3):
        body[random.randrange(len(body))] = random.randrange(256)
    return reply(200, bytes(body), b"Content-Type: application/json; charset=\xff")


KINDS: tuple[Callable[[Random], bytes], ...] = (
    lambda random: random.randbytes(random.randrange(300)),
    lambda random: reply(200, BODY)[: -random.randrange(1, len(BODY))],
    lambda random: reply(
        200, b"%x\r\n%s" % (random.randrange(9999), BODY), b"Transfer-Encoding: chunked", length=False
    ),
    lambda random: reply(200, BODY, b"Content-Encoding: gzip"),
    lambda random: reply(200, gzip.compress(BODY)[: random.randrange(40)], b"Content-Encoding: gzip"),
    lambda random: reply(random.choice(STATUSES), BODY),
    lambda random: reply(random.choice((301, 302, 303, 307, 308)), b"", b"Location: " + random.choice(PLACES)),
    lambda random: reply(429, b"{}", b"Date: junk", b"Retry-After: " + random.choice(WAITS)),
    lambda random: reply(200, BODY, b"X-RateLimit-Remaining: 0", b"X-RateLimit-Reset: " + random.choice(WAITS)),
    lambda random: reply(200, BODY, b"Content-Length: " + random.choice(LENGTHS), length=False),
    lambda _: reply(200, BODY, b"Bad Header"),
    lambda _: reply(200, BODY, b"X: " + b"a" * 200_000),
    lambda random: reply(random.choice((200, 422, 500)), random.choice(BODIES)),
    refusal,
    garbled,
    lambda _: b"",
)


@pytest.mark.parametrize("seed", range(3))
async def test_every_call_ends_with_a_value_or_with_an_error_of_ours(seed: int) -> None:
    random, ends = Random(seed), Counter[str]()
    failures: list[CyberflowError] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read(65_536)
            data = random.choice(KINDS)(random)
            writer.write(data[: random.randrange(len(data) + 1)] if random.random() < 0.3 else data)
            if random.random() < 0.3:
                writer.transport.abort()
            writer.close()
            await writer.wait_closed()

    async def at_once(_: float) -> None: ...

    retry = Retry(retries=1, patience=2, sleep=at_once, budget=5)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Cyberdesk.connect(url, KEY, retry=retry) as desk:
            calls: tuple[Callable[[], object], ...] = (
                lambda: desk.workflows.get("w1"),
                lambda: desk.workflows.create({"main_prompt": "Go"}),
                lambda: desk.workflows.delete("w1"),
                desk.workflows.page,
            )
            for _ in range(300):
                try:
                    await random.choice(calls)()  # type: ignore[misc]
                    ends["value"] += 1
                except CyberflowError as error:
                    ends[type(error).__name__] += 1
                    failures.append(error)

    assert sum(ends.values()) == 300
    assert all(f"{error}{error.help}".encode() for error in failures)
    assert {(error.__cause__, error.__context__) for error in failures} == {(None, None)}
    assert {"value", "ApiError", "Unreachable", "RateLimited"} <= set(ends)

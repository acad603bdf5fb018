from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.network import NetworkTransport
from cyberflow.client.http.transport import Transport
from cyberflow.errors import CyberflowError
from tests.client.scripted_service import KEY, URL, Script, answer, run, workflow

pytestmark = pytest.mark.anyio

CERTS = Path(__file__).parent / "certs"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    ["https://evil.test/v1/runs/r1", "//evil.test/", "http://api.example.test/v1", "https://api.example.test:444/", ""],
)
async def test_the_key_is_not_carried_to_another_origin(script: Script, status: int, location: str) -> None:
    script.says(answer(status, Location=location or "http://["))

    with pytest.raises(ApiError, match="which is not followed: the key stays at its origin") as caught:
        await script.desk().runs.get("r1")

    assert len(script.asked) == 1
    assert caught.value.status == status


async def test_a_redirect_that_stays_at_home_is_followed(script: Script) -> None:
    script.says(answer(307, Location="/v1/workflows/"), answer(201, workflow()))

    await script.desk().workflows.create({"main_prompt": "Go"}, "k")

    assert [str(request.url) for request in script.asked] == [f"{URL}/v1/workflows", f"{URL}/v1/workflows/"]
    assert script.asked[0].content == script.asked[1].content
    assert script.header("idempotency-key") == ["k", "k"]
    assert script.header("authorization") == [f"Bearer {KEY}"] * 2


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_write_is_not_turned_into_a_read(script: Script, status: int) -> None:
    script.says(answer(status, Location="/v1/workflows/"), answer(200, workflow()))

    with pytest.raises(ApiError):
        await script.desk().workflows.create({"main_prompt": "Go"})

    assert len(script.asked) == 1


async def test_redirects_in_a_ring_end(script: Script) -> None:
    script.says(answer(302, Location="/v1/runs/r1"))

    with pytest.raises(ApiError, match="answered 302: Found"):
        await script.desk().runs.get("r1")

    assert len(script.asked) == 6


async def test_a_redirect_to_nowhere_is_a_plain_refusal(script: Script) -> None:
    script.says(answer(304))

    with pytest.raises(ApiError, match="answered 304: Not Modified"):
        await script.desk().runs.get("r1")


PROXY = "http://proxy.example.test:3128"


def proxied(transport: Transport, url: str) -> bool:
    network = transport._client._transport
    assert isinstance(network, NetworkTransport)
    return network.proxies.find(url) is not None


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_the_proxy_of_the_environment_is_used_but_never_for_loopback(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, PROXY)
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "inside.test")
    remote = Transport.open(URL, KEY)

    assert proxied(remote, URL)
    assert not proxied(remote, "https://inside.test")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert not proxied(remote, f"http://{host}:7700")
        assert not proxied(remote, f"https://{host}")
    for host in ("127.8.9.10", "dev.localhost", "[::1]"):
        assert not proxied(Transport.open(f"http://{host}:7700", KEY), f"http://{host}:7700/v1/health")


@pytest.mark.parametrize(
    "proxy", ["ftp://user:pa55@proxy.test", "http://user:pa55@proxy.test:port", "socks5://proxy.test"]
)
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(CyberflowError, match="proxy") as caught:
        Transport.open(URL, KEY)

    assert "pa55" not in f"{caught.value}{caught.value.help}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"", "holds no certificate that can be read"),
        (b"junk", "holds no certificate that can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate that can be read"),
    ],
)
def test_a_missing_or_broken_ca_file_is_said_so(tmp_path: Path, content: bytes | None, said: str) -> None:
    ca = tmp_path / "hospital.pem"
    if content is not None:
        ca.write_bytes(content)

    with pytest.raises(CyberflowError) as caught:
        Cyberdesk.connect(URL, KEY, ca=ca)

    assert str(caught.value) == f"the CA file {ca} {said}"


def test_a_folder_is_no_ca_file(tmp_path: Path) -> None:
    with pytest.raises(CyberflowError, match="the CA file"):
        Cyberdesk.connect(URL, KEY, ca=tmp_path)


def test_broken_certificates_of_the_environment_are_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))

    with pytest.raises(CyberflowError, match="SSL_CERT_FILE"):
        Cyberdesk.connect(URL, KEY)


@asynccontextmanager
async def tls_service() -> AsyncIterator[str]:
    """A service on this machine whose certificate only the test authority vouches for."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"status": "ok"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(CERTS / "server.pem")
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.sleep(0.1)  # a handshake that was refused is cleared away by the loop


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning"
)  # the server of asyncio drops a refused handshake's socket
async def test_an_own_authority_is_trusted_besides_the_usual_ones(script: Script) -> None:
    async with tls_service() as url:
        async with Cyberdesk.connect(url, KEY, ca=CERTS / "authority.pem", retry=script.retry()) as desk:
            assert await desk.health() == {"status": "ok"}
            network = desk._transport._client._transport
            assert isinstance(network, NetworkTransport)
            usual = network.way(httpx.URL(url))
        async with Cyberdesk.connect(url, KEY, retry=script.retry()) as desk:
            with pytest.raises(Unreachable, match="TLS: its certificate is not trusted") as caught:
                await desk.health()

    assert caught.value.may_have_arrived is False
    del caught  # its frames hold the socket of the handshake that was refused
    trust = usual._pool._ssl_context
    assert trust is not None
    assert trust.cert_store_stats()["x509_ca"] > 50
    gc.collect()


async def test_an_asgi_application_stands_in_for_the_network() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], scope["path"], dict(scope["headers"])[b"authorization"]))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"status": "ok"}'})

    async with Cyberdesk.connect("http://local", "k", app=app) as desk:
        assert await desk.health() == {"status": "ok"}

    assert seen == [("GET", "/v1/health", b"Bearer k")]


async def test_a_bug_of_the_application_is_not_taken_for_the_network() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async with Cyberdesk.connect("http://local", "k", app=app) as desk:
        with pytest.raises(ZeroDivisionError):
            await desk.health()


async def test_calls_at_once_share_one_client(script: Script) -> None:
    script.says(answer(200, run()))
    desk = script.desk()

    got = await asyncio.gather(*(desk.runs.get(str(n)) for n in range(20)))

    assert len(got) == len(script.asked) == 20

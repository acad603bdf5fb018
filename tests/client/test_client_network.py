"""Where connections go, and why one cannot be made: proxies, clear text, certificates, redirects."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from cyberflow.certificates import authorities_fault
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.http.connection_errors import explain_connection_error
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.proxies import Proxies
from cyberflow.client.http.request import Request
from cyberflow.client.http.retry import Retry
from cyberflow.client.http.transport import Transport
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.loopback import is_loopback, is_loopback_url
from tests.client.scripted_service import KEY, URL, Script, answer, run

CERTS = Path(__file__).parent / "certs"
PROXY = "http://proxy.test:3128"


@pytest.mark.parametrize(
    "url", ["http://vm:7752", "http://10.0.0.7", "http://localhost.evil.test", "HTTP://API.test/v1"]
)
def test_a_key_does_not_go_out_in_clear_text(url: str) -> None:
    for connect in (Cyberdesk.connect, CyberunClient.connect):
        with pytest.raises(UsageError, match="in clear text") as caught:
            connect(url, KEY)
        assert "`insecure: true`" in (caught.value.help or "")
        assert connect(url, KEY, insecure=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:7700", "http://[::1]:7700", "http://localhost", "http://dev.localhost"]
)
def test_this_machine_may_speak_plain_http(url: str) -> None:
    assert Cyberdesk.connect(url, KEY)
    assert is_loopback_url(url)


@pytest.mark.parametrize("host", ["127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST.", "::ffff:127.0.0.1"])
def test_hosts_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.test", "localhost.test", "0.0.0.0", "10.0.0.1", "1270.0.0.1"])
def test_hosts_of_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("entries", "url"),
    [
        ("127.0.0.0/8,fd00::/8", "https://[fd12::7]"),
        ("10.0.0.0/8", "https://10.1.2.3:8443"),
        ("10.0.0.0/8", "https://[::1]"),
        ("[fd00::1]", "https://[fd00::1]/v1"),
        ("inside.test", "https://inside.test"),
        ("inside.test", "https://api.inside.test"),
        (".inside.test", "https://inside.test"),
        ("*.inside.test", "https://a.b.inside.test"),
        ("inside.test:8443", "https://inside.test:8443"),
        ("other.test, INSIDE.test ", "https://inside.test"),
        ("https://inside.test", "https://inside.test"),
        ("a/b/c,[,999.1.1.1/99,:::,inside.test", "https://inside.test"),
        ("*", "https://anything.test"),
    ],
)
def test_what_no_proxy_names_is_reached_straight(entries: str, url: str) -> None:
    assert Proxies.read({"https": PROXY, "no": entries}).find(url) is None


@pytest.mark.parametrize(
    ("entries", "url"),
    [
        ("", "https://inside.test"),
        ("side.test", "https://inside.test"),
        ("inside.test", "https://inside.test.evil.test"),
        ("inside.test:8443", "https://inside.test:9443"),
        ("10.0.0.0/33,10.0.0.0/8/8", "https://10.1.2.3"),
        ("[::1", "https://api.test"),
        (",,  ,", "https://api.test"),
    ],
)
def test_an_entry_that_cannot_be_read_means_nobody(entries: str, url: str) -> None:
    assert Proxies.read({"https": PROXY, "no": entries}).find(url) == (PROXY, "HTTPS_PROXY")


def test_the_more_exact_variable_goes_first() -> None:
    found = Proxies.read({"all": "socks5://s.test", "http": "proxy.test:1"})

    assert found.find("http://api.test") == ("http://proxy.test:1", "HTTP_PROXY")
    assert found.find("https://api.test") == ("socks5://s.test", "ALL_PROXY")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://proxy.test"),
        ("HTTP_PROXY", "http://["),
        ("HTTPS_PROXY", "nonsense://x:y"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("NO_PROXY", "[::1],fd00::/8,///"),
    ],
)
@pytest.mark.parametrize("url", ["http://127.0.0.1:7700", "https://localhost:7700", "https://[::1]:7700"])
def test_no_variable_is_read_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, url: str
) -> None:
    monkeypatch.setenv(variable, value)

    assert Cyberdesk.connect(url, KEY)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "ftp://proxy.test"),
        ("ALL_PROXY", "http://["),
        ("ALL_PROXY", "socks5://proxy.test"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    for other in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, value)

    with pytest.raises(CyberflowError, match=variable) as caught:
        Cyberdesk.connect(URL, KEY)

    others = {"HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"} - {variable}
    assert not [other for other in others if other in f"{caught.value}{caught.value.help}"]


def test_a_proxy_that_the_address_does_not_use_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://[")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.test")
    monkeypatch.setenv("NO_PROXY", "example.test")

    assert Cyberdesk.connect(URL, KEY)


def pem(kind: str, body: str) -> bytes:
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n".encode()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"", "holds no certificate that can be read"),
        (b"\x30\x82\x03\x0a\x00", "is not PEM but DER"),
        (pem("RSA PRIVATE KEY", "AA=="), "holds no certificate but a rsa private key"),
        (pem("CERTIFICATE REQUEST", "AA=="), "but a certificate request"),
        (pem("CERTIFICATE", "not base64"), "holds no certificate that can be read"),
        (b"<html>", "holds no certificate that can be read"),
    ],
)
def test_why_a_file_of_authorities_cannot_be_used(tmp_path: Path, content: bytes | None, fault: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    assert fault in (authorities_fault(file) or "")
    with pytest.raises(CyberflowError, match=f"the CA file {file} "):
        Cyberdesk.connect(URL, KEY, ca=file)


def test_a_file_of_authorities_may_hold_words_and_a_key_too(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes("\ufeff# Krankenhaus-Wurzel für Köln\n".encode() + (CERTS / "authority.pem").read_bytes())

    assert authorities_fault(file) is None
    assert authorities_fault(tmp_path) == "cannot be read: is a directory"


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "message", "why", "cure"),
    [
        (62, "Hostname mismatch, certificate is not valid for 'vm'.", "that of another host", "the host in the url"),
        (64, "IP address mismatch", "that of another host", "the host in the url"),
        (10, "certificate has expired", "has expired", "renewed there; or the clock"),
        (9, "certificate is not yet valid", "is not valid yet", "the clock"),
        (66, "EE certificate key too weak", "too weak", "renewed there with a longer key"),
        (18, "self-signed certificate", "not trusted (self-signed certificate)", "`ca:`"),
        (20, "unable to get local issuer certificate", "not trusted", "its intermediate certificate"),
    ],
)
def test_each_fault_of_a_certificate_has_its_cure(code: int, message: str, why: str, cure: str) -> None:
    said, help = explain_connection_error(verification(code, message))

    assert why in said
    assert cure in (help or "")


def test_where_a_file_of_authorities_is_set_nobody_is_told_to_set_one() -> None:
    _, help = explain_connection_error(verification(19, "self-signed certificate in certificate chain"), "certs/h.pem")

    assert "certs/h.pem" in (help or "")
    assert "`ca:`" not in (help or "")


@contextmanager
def server(trust: ssl.SSLContext | None) -> Iterator[int]:
    """A server on this machine that sends the alerts of a handshake that fails, as servers do."""

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            if trust is None:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                return
            with trust.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as spoken:
                with suppress(ssl.SSLError):
                    spoken.do_handshake()
                time.sleep(0.2)  # with TLS 1.3 the client reads the alert after it has sent its request

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def serving(**options: Any) -> ssl.SSLContext:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(CERTS / "server.pem")
    for name, value in options.items():
        setattr(trust, name, value)
    return trust


async def fails(url: str, ca: str | Path = CERTS / "authority.pem") -> Unreachable:
    async with Cyberdesk.connect(url, KEY, ca=ca, retry=Retry(retries=0, patience=5)) as desk:
        with pytest.raises(Unreachable) as caught:
            await desk.health()
    return caught.value


@pytest.mark.anyio
@pytest.mark.slow
async def test_http_behind_https_is_told() -> None:
    with server(None) as port:
        error = await fails(f"https://127.0.0.1:{port}")

    assert "does not speak TLS" in error.reason
    assert "scheme and port" in (error.help or "")


@pytest.mark.anyio
@pytest.mark.slow
async def test_another_host_is_told() -> None:
    with server(serving()) as port:
        error = await fails(f"https://other.localhost:{port}") if resolves("other.localhost") else None

    assert error is None or "that of another host" in error.reason


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_that_is_asked_for_is_told(version: ssl.TLSVersion) -> None:
    trust = serving(maximum_version=version, verify_mode=ssl.CERT_REQUIRED)
    trust.load_verify_locations(CERTS / "authority.pem")
    with server(trust) as port:
        error = await fails(f"https://127.0.0.1:{port}")

    assert "client certificate" in f"{error.reason} {error.help}"


@pytest.mark.anyio
@pytest.mark.slow
async def test_an_old_protocol_is_told() -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        trust = serving(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    trust.set_ciphers("ALL:@SECLEVEL=0")
    with server(trust) as port:
        error = await fails(f"https://127.0.0.1:{port}")

    assert "TLS 1.2" in f"{error.reason} {error.help}"


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_certificate_that_has_expired_is_told() -> None:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(CERTS / "expired.pem")
    with server(trust) as port:
        error = await fails(f"https://127.0.0.1:{port}", CERTS / "expired.pem")

    assert "has expired" in error.reason
    assert "clock" in (error.help or "")


def resolves(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, 1))
    except OSError:
        return False


SIGNED = "https://store.test/file?sig=canary"


async def follow(script: Script, location: str, *, method: str = "GET", at: str = SIGNED) -> list[str]:
    script.says(answer(307, Location=location), answer(200, b"x"))
    await script.transport().send(Request(method, at, content=b"x" if method == "PUT" else None, keyless=True))
    return [str(request.url) for request in script.asked]


@pytest.mark.anyio
@pytest.mark.parametrize("location", ["https://eu.store.test/file?sig=2", "/moved?sig=2", "//cdn.test/file"])
async def test_a_signed_address_may_lead_elsewhere_to_be_read(script: Script, location: str) -> None:
    assert len(await follow(script, location)) == 2
    assert script.header("authorization") == [None, None]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://store.test/file", "clear text"),
        ("http://169.254.169.254/latest/meta-data", "clear text"),
        ("https://127.0.0.1/admin", "back to this machine"),
        ("http://localhost:7700/", "back to this machine"),
        ("ftp://store.test/file", "clear text"),
        ("file:///etc/passwd", "clear text"),
    ],
)
async def test_a_signed_address_leads_neither_inside_nor_into_the_open(script: Script, location: str, why: str) -> None:
    with pytest.raises(ApiError, match=why) as caught:
        await follow(script, location)

    assert "canary" not in f"{caught.value}{caught.value.help}"


@pytest.mark.anyio
async def test_what_is_uploaded_goes_nowhere_else(script: Script) -> None:
    with pytest.raises(ApiError, match="what is uploaded goes to the address it was meant for"):
        await follow(script, "https://eu.store.test/file", method="PUT")

    assert len(script.asked) == 1


@pytest.mark.anyio
async def test_a_local_store_may_lead_around_on_this_machine(script: Script) -> None:
    found = await follow(script, "http://127.0.0.1:9001/x", at="http://127.0.0.1:9000/x")

    assert found == ["http://127.0.0.1:9000/x", "http://127.0.0.1:9001/x"]


@pytest.mark.anyio
async def test_a_write_that_would_become_a_read_is_told_as_that(script: Script) -> None:
    script.says(answer(302, Location="/v1/workflows/"), answer(200, run()))

    with pytest.raises(ApiError, match="it would make a read of this POST") as caught:
        await script.desk().workflows.create({"main_prompt": "Go"})

    assert "key stays" not in str(caught.value)
    assert not caught.value.nothing_was_made


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("asks", "told"), [("1.00924", "1 s"), ("9.96", "10 s"), ("11.2", "12 s"), ("700.4", "12 min")]
)
async def test_a_wait_is_told_as_a_person_says_it(script: Script, asks: str, told: str) -> None:
    script.says(answer(429, Retry_After=asks))

    with pytest.raises(ApiError) as caught:
        await script.desk(retries=0).runs.get("r1")

    assert f"in {told}," in (caught.value.help or "") or f"wait {told}," in (caught.value.help or "")


def test_the_transport_shows_no_key(script: Script) -> None:
    transport = Transport.open(URL, KEY, app=httpx.MockTransport(script.carry))
    headers = transport._headers(Request("GET", "/x"), "*/*")

    assert KEY not in f"{transport!r}{headers!r}"
    assert headers["Authorization"] == f"Bearer {KEY}"

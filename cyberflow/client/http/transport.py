"""The one place that sends: authentication, time-outs, retries, rate limit, proxies, certificates, redirects.
It knows methods, paths and bytes, and no resource. The only module that imports httpx.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import httpx

from cyberflow.client.http.decode import decode_body
from cyberflow.client.http.errors import (
    ApiError,
    Unreachable,
    api_error_from_reply,
    explain_connection_error,
    is_certificate_error,
    path_for_errors,
    redirect_error,
    reply_meaning,
    unreadable_body_error,
)
from cyberflow.client.http.mask import RequestRedactor
from cyberflow.client.http.request import Reply, Request
from cyberflow.client.http.retry import RateLimitWindow, Retry, retry_after_seconds
from cyberflow.client.http.tls import add_authorities, loopback_hosts
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.storage import open_atomic
from cyberflow.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

AsgiApp = Callable[..., Awaitable[None]]
T = TypeVar("T")

PATIENCE = 60.0
CONNECT = 10.0
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)
REDIRECTS = 5
PORTS = 65535
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
MOVED = frozenset({301, 302, 303, 307, 308})
SAME_METHOD = frozenset({307, 308})
SCHEMES = ("http", "https")
PERMANENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class InProcessTransport(httpx.ASGITransport):
    """An application in this process. One that breaks off, as a broken connection does, raises ConnectionError."""

    def __init__(self, app: AsgiApp) -> None:
        super().__init__(cast("Any", app))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionError as error:
            raise httpx.ReadError(str(error), request=request) from error


@dataclass(frozen=True)
class Stream:
    """An answer while it comes: header names in lower case, the body in pieces."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


class Transport:
    """One connection pool to one service under one key. Safe to share between tasks of one event loop. `streams` is
    false where an answer comes only when it is whole; `headers` go with every request that bears the key.
    """

    def __init__(
        self, url: httpx.URL, key: str | None, client: httpx.AsyncClient, retry: Retry, *, streams: bool = True
    ) -> None:
        self._url = url
        self._key = key
        self._client = client
        self._retry = retry
        self._pace = RateLimitWindow()
        self.streams = streams
        self.headers: Mapping[str, str] = {}

    @property
    def policy(self) -> Retry:
        return self._retry

    @classmethod
    def open(
        cls,
        url: str,
        key: str | None,
        *,
        app: AsgiApp | httpx.AsyncBaseTransport | None = None,
        ca: str | Path | None = None,
        retry: Retry | None = None,
        patience: float = PATIENCE,
    ) -> Transport:
        """Prepare for `url`, which may have a path; nothing is sent yet. See `Cyberdesk.connect` for what is raised.

        `app` stands in for the network: an ASGI application, or a transport of httpx.
        """
        base = _parse_base_url(url)
        if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key != ""):
            raise UsageError(
                "the API key cannot be sent: it is empty, or holds blanks at its ends or characters no header can hold"
            )
        timeout = httpx.Timeout(patience, connect=CONNECT)
        if app is None:
            return cls(base, key, _build_client(base, ca, timeout), retry or Retry())
        carrier = app if isinstance(app, httpx.AsyncBaseTransport) else InProcessTransport(app)
        client = httpx.AsyncClient(transport=carrier, timeout=timeout, trust_env=False)
        return cls(base, key, client, retry or Retry(), streams=not isinstance(carrier, InProcessTransport))

    async def fetch(self, request: Request, shape: type[T]) -> T:
        """Send, and read the body as `shape`. Raises as `send`, and ApiError for a body that is not of that shape."""
        reply = await self.send(request)
        value, why = decode_body(reply, shape)
        if why:
            raise unreadable_body_error(request, reply, why, self._mask(request))
        return cast("T", value)

    async def save(self, request: Request, to: Path) -> Path:
        """Stream the body into a file beside `to`, then rename it. Raises as `send`, CyberflowError for the disk."""
        with open_atomic(to) as file:
            await self.send(request, file)
        return to

    async def send(self, request: Request, file: BinaryIO | None = None) -> Reply:
        """Send until an answer is final: a success is returned (its body goes into `file`, if given).

        Retries as the service's own clients do (`retry`), but waits as long as `Retry-After` says. Raises ApiError,
        RateLimited for a 429, and Unreachable; none has a cause, since the text of a cause is not ours to filter.
        """
        policy, spent, arrived = self._retry, 0.0, False
        for tried in range(policy.retries + 1):
            if not request.keyless and (due := self._pace.seconds_to_wait(policy.clock())):
                await policy.sleep(due)
            wait = None
            failure: ApiError | Unreachable
            try:
                reply = await self._send_once(request, file)
            except httpx.RequestError as error:
                arrived = arrived or not isinstance(error, UNSENT)
                failure = self._unreachable(request, error, arrived=arrived)
                again = not isinstance(error, PERMANENT) and not is_certificate_error(error)
            else:
                if reply.is_success:
                    return reply
                wait = retry_after_seconds(reply.headers, policy.clock())
                retried = reply_meaning(reply).retried
                late = retried and spent + (wait or 0) > policy.budget
                again = retried and not late
                failure = api_error_from_reply(request, reply, self._mask(request), asked=wait, late=late)
                failure.earlier_try_may_have_arrived, arrived = (
                    arrived,
                    arrived or not failure.meaning.nothing_was_made,
                )
            if not again or tried == policy.retries or not request.may_repeat:
                raise failure
            spent += wait or 0
            await policy.sleep((wait or 0) + policy.backoff(tried))
        raise AssertionError  # pragma: no cover

    @asynccontextmanager
    async def stream(self, request: Request, accept: str = "*/*") -> AsyncIterator[Stream]:
        """Send once, and give a success while it comes. Raises as `send`, Unreachable also while it is read."""
        try:
            async with self._open_response(request, accept) as (response, headers):
                if not response.is_success:
                    reply = Reply(response.status_code, headers, await response.aread())
                    raise api_error_from_reply(
                        request, reply, self._mask(request), asked=retry_after_seconds(headers, self._retry.clock())
                    )
                yield Stream(response.status_code, headers, response.aiter_bytes())
        except httpx.RequestError as error:
            raise self._unreachable(request, error, arrived=not isinstance(error, UNSENT)) from None

    async def _send_once(self, request: Request, file: BinaryIO | None) -> Reply:
        async with self._open_response(request, "*/*" if file else "application/json") as (response, headers):
            if file is None or not response.is_success:
                return Reply(response.status_code, headers, await response.aread())
            file.seek(0)
            file.truncate()
            async for chunk in response.aiter_bytes():
                file.write(chunk)
            return Reply(response.status_code, headers)

    @asynccontextmanager
    async def _open_response(
        self, request: Request, accept: str
    ) -> AsyncIterator[tuple[httpx.Response, dict[str, str]]]:
        """The answer at the end of all redirects, its body not yet read."""
        url = self._build_url(request)
        for left in reversed(range(REDIRECTS + 1)):
            async with self._client.stream(
                request.method, url, content=request.content, headers=self._headers(request, accept)
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                if not request.keyless:
                    self._pace.record_headers(headers, self._retry.clock(), self._retry.budget)
                if not left or response.status_code not in MOVED or "location" not in headers:
                    yield response, headers
                    return
                await response.aread()
            url = self._redirect_url(request, url, Reply(response.status_code, headers))

    def _build_url(self, request: Request) -> httpx.URL:
        text = request.path if request.keyless else f"{str(self._url).rstrip('/')}{request.path}"
        try:
            return httpx.URL(text, params=request.params) if request.params else httpx.URL(text)
        except httpx.InvalidURL:
            raise Unreachable(path_for_errors(request), "this is no url", may_have_arrived=False) from None

    def _headers(self, request: Request, accept: str) -> dict[str, str]:
        headers = {"User-Agent": f"cyberflow/{__version__}", "Accept": accept}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if request.key:
            headers["Idempotency-Key"] = request.key
        if not request.keyless:
            headers |= {**self.headers, **({"Authorization": f"Bearer {self._key}"} if self._key else {})}
        return headers | dict(request.headers)

    def _redirect_url(self, request: Request, url: httpx.URL, reply: Reply) -> httpx.URL:
        """Where a redirect leads, if it may be followed: the key stays at its origin, a write stays the write it is."""
        try:
            onward = url.join(reply.headers["location"])
        except httpx.InvalidURL:
            onward = httpx.URL()
        if request.keyless and onward.scheme in SCHEMES:
            return onward
        at_home = (onward.scheme, onward.host, onward.port) == (url.scheme, url.host, url.port)
        if at_home and (request.method == "GET" or reply.status in SAME_METHOD):
            return onward
        where = f"to {onward.scheme}://{onward.netloc.decode().rpartition('@')[2]}" if onward.host else "to nowhere"
        raise redirect_error(request, reply, where, self._mask(request))

    def _unreachable(self, request: Request, error: httpx.RequestError, *, arrived: bool) -> Unreachable:
        mask = self._mask(request)
        why, help = _explain_httpx_error(error, self._client.timeout) or explain_connection_error(error)
        place = path_for_errors(request) if request.keyless else _strip_url(self._url)
        return Unreachable(place, mask.text(why), help=help, may_have_arrived=arrived)

    def _mask(self, request: Request) -> RequestRedactor:
        return RequestRedactor((*request.secrets, *((self._key,) if self._key else ())))

    async def aclose(self) -> None:
        await self._client.aclose()

    def __repr__(self) -> str:
        return f"Transport({_strip_url(self._url)})"


def _parse_base_url(url: str) -> httpx.URL:
    try:
        base = httpx.URL(url)
        base.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        base = httpx.URL()
    if base.scheme not in SCHEMES or not base.host or (base.port or 0) > PORTS:
        raise UsageError("the url of the service must begin with https:// or http:// and name a host")
    if base.userinfo or base.query or base.fragment:
        raise UsageError(f"the url of the service may hold no user, query or fragment: write {_strip_url(base)}")
    return base


def _strip_url(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")


def _build_client(base: httpx.URL, ca: str | Path | None, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """Trusts the usual authorities and `ca`; uses the proxies of the environment, but never for loopback."""
    direct: dict[str, None] = dict.fromkeys(f"all://{host}" for host in loopback_hosts(base.host))
    trust = _build_ssl_context(ca)
    try:
        return httpx.AsyncClient(verify=trust, timeout=timeout, limits=LIMITS, mounts=direct)
    except ImportError as error:
        raise CyberflowError("the environment names a SOCKS proxy, which needs the package `socksio`") from error
    except (ValueError, httpx.InvalidURL):
        raise CyberflowError(
            "the proxy that the environment names is no url that can be used",
            help="look at HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, in capitals or not",
        ) from None


def _build_ssl_context(ca: str | Path | None) -> ssl.SSLContext:
    try:
        trust = httpx.create_ssl_context()
    except OSError as error:
        raise CyberflowError(
            f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error.strerror or error}"
        ) from error
    if ca is not None:
        add_authorities(trust, ca)
    return trust


def _explain_httpx_error(error: httpx.RequestError, timeout: httpx.Timeout) -> tuple[str, None] | None:
    match error:
        case httpx.ConnectTimeout():
            return f"timed out after {timeout.connect:g} s while connecting", None
        case httpx.ReadTimeout():
            return f"timed out after {timeout.read:g} s without an answer", None
        case httpx.WriteTimeout():
            return f"timed out after {timeout.write:g} s while sending", None
        case httpx.PoolTimeout():
            return f"no connection was free for {timeout.pool:g} s", None
        case httpx.DecodingError():
            return "the answer is broken, it does not unpack", None
    return None

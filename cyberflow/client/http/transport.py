"""The one place that sends: authentication, deadlines, retries, rate limit, redirects. It knows methods, paths and
bytes, and no resource. No call of it waits without a bound.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, TypedDict, TypeVar, Unpack, cast

import httpx

from cyberflow.client.http.connection_errors import (
    UNSENT,
    explain_connection_error,
    explain_timeout,
    format_duration,
    may_pass,
)
from cyberflow.client.http.decode import NotJson, decode_reply
from cyberflow.client.http.errors import ApiError, Unreachable, bare, note_earlier_tries, path_for_errors
from cyberflow.client.http.network import (
    AsgiApp,
    InProcessTransport,
    NetworkTransport,
    parse_base_url,
    strip_url,
)
from cyberflow.client.http.redirects import find_redirect, is_redirect, set_location_aside
from cyberflow.client.http.replies import api_error_from_reply, redirect_error, unreadable_body_error
from cyberflow.client.http.request import Reply, Request
from cyberflow.client.http.retry import RateLimitWindow, Retry, retry_after_seconds
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.hidden import HiddenBytes, HiddenDict
from cyberflow.redact import Redactor
from cyberflow.storage import open_atomic
from cyberflow.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

CONNECT = 10.0
SLOWEST = 8192
"""Bytes a second: how much more time than the patience a request has for what it sends and for what comes."""
LARGEST = 256 * 2**20
"""Bytes of an answer that is read into memory."""
REDIRECTS = 5


@dataclass(frozen=True)
class Stream:
    """An answer while it comes: header names in lower case, the body in pieces."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


class ConnectOptions(TypedDict, total=False):
    """`app` stands in for the network: an ASGI application, or a transport of httpx. `ca` is a PEM file that is trusted
    besides the usual authorities; plain http is for this machine, or for what is said to be `insecure`.
    """

    app: AsgiApp | httpx.AsyncBaseTransport | None
    ca: str | Path | None
    retry: Retry | None
    insecure: bool


class Transport:
    """A connection pool to one service under one key, to be shared by tasks of one event loop. `streams` is false where
    an answer comes only when it is whole; `headers` go with every request that bears the key.
    """

    def __init__(
        self, url: httpx.URL, key: str | None, client: httpx.AsyncClient, retry: Retry, *, ca: str | Path | None = None
    ) -> None:
        self._url = url
        self._key = key
        self._client = client
        self._ca = ca
        self._pace = RateLimitWindow()
        self.policy = retry
        self.streams = True
        self.headers: Mapping[str, str] = {}

    @classmethod
    def open(cls, url: str, key: str | None, **options: Unpack[ConnectOptions]) -> Transport:
        """Prepare for `url`, which may have a path; see `Cyberdesk.connect`."""
        app, ca = options.get("app"), options.get("ca")
        base = parse_base_url(url, insecure=options.get("insecure", False) or app is not None)
        if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key != ""):
            why = "it is empty, or holds blanks at its ends or characters no header can hold"
            raise UsageError(f"the API key cannot be sent: {why}")
        given = app if app is None or isinstance(app, httpx.AsyncBaseTransport) else InProcessTransport(app)
        carrier = given or NetworkTransport.open(base, ca)
        policy = options.get("retry") or Retry()
        client = httpx.AsyncClient(
            transport=carrier,
            timeout=httpx.Timeout(policy.patience, connect=min(CONNECT, policy.patience)),
            trust_env=False,
            event_hooks={"response": [set_location_aside]},
        )
        transport = cls(base, key, client, policy, ca=ca)
        transport.streams = not isinstance(carrier, InProcessTransport)
        return transport

    async def fetch(self, request: Request, shape: type[T]) -> T:
        """Send, and read the body as `shape`. Raises as `send`, and ApiError for a body that is not of that shape; one
        that is not JSON at all, or breaks off, is passing trouble as a broken connection is.
        """

        async def attempt() -> T:
            reply = await self._send_once(request, None)
            try:
                value, why = decode_reply(reply, shape)
            except NotJson:
                value, why = None, None
            if why != "":
                raise unreadable_body_error(request, reply, why, self._redactor(request))
            return cast("T", value)

        return await self._repeat(request, attempt)

    async def save(self, request: Request, to: Path, size: int | None = None) -> Path:
        """Stream the body beside `to` and rename it. Raises as `send`, CyberflowError for the disk or another size."""
        with open_atomic(to) as file:
            await self.send(request, file)
            if size is not None and file.tell() != size:
                came = f"{to} is not saved: {file.tell()} bytes came, and the service said {size}"
                raise CyberflowError(came, help="fetch it again")
        return to

    async def send(self, request: Request, file: BinaryIO | None = None) -> Reply:
        """Send until an answer is final: a success is returned (its body goes into `file`, if given).

        Retries as the service's own clients do (`retry`), but waits as long as `Retry-After` says. Raises ApiError,
        RateLimited for a 429, and Unreachable; none has a cause, since the text of a cause is not ours to filter.
        """
        return await self._repeat(request, lambda: self._send_once(request, file))

    async def _repeat(self, request: Request, attempt: Callable[[], Awaitable[T]]) -> T:
        policy, spent, arrived = self.policy, 0.0, False
        for tried in range(policy.retries + 1):
            if not request.keyless and (due := self._pace.seconds_to_wait(policy)):
                await policy.sleep(due)
            failure: ApiError | Unreachable
            try:
                return await attempt()
            except (ApiError, Unreachable) as error:
                failure = error
            wait = (isinstance(failure, ApiError) and failure.retry_after) or 0.0
            again = failure.transient if isinstance(failure, Unreachable) else failure.meaning.retried
            if again and spent + wait > policy.budget:
                asks = f"the service asks to wait {format_duration(wait)}"
                again, failure.help = False, f"{asks}, longer than cyberflow waits by itself: try again then"
            arrived = note_earlier_tries(failure, arrived=arrived)
            if not again or tried == policy.retries or not request.may_repeat:
                raise bare(failure)
            spent += wait
            await policy.sleep(wait + policy.backoff(tried))
        raise AssertionError  # pragma: no cover

    @asynccontextmanager
    async def stream(self, request: Request, accept: str = "*/*", *, endless: bool = False) -> AsyncIterator[Stream]:
        """Send once, and give a success while it comes. Raises as `send`, Unreachable also while it is read; an
        `endless` one has no deadline but that of silence.
        """
        try:
            async with self._open_response(request, accept, endless=endless) as (reply, pieces):
                if not reply.is_success:
                    raise await self._refusal(request, reply, pieces)
                yield Stream(reply.status, reply.headers, pieces)
                return
        except (ApiError, Unreachable) as error:
            failure = error
        raise bare(failure)

    async def _send_once(self, request: Request, file: BinaryIO | None) -> Reply:
        async with self._open_response(request, "*/*" if file else "application/json") as (reply, pieces):
            if not reply.is_success:
                raise await self._refusal(request, reply, pieces)
            if file is None:
                return replace(reply, content=await self._read(request, pieces))
            file.seek(0)
            file.truncate()
            async for piece in pieces:
                file.write(piece)
            return reply

    async def _refusal(self, request: Request, reply: Reply, pieces: AsyncIterator[bytes]) -> ApiError:
        whole = replace(reply, content=await self._read(request, pieces))
        wait = retry_after_seconds(reply.headers, self.policy.clock())
        return api_error_from_reply(request, whole, self._redactor(request), retry_after=wait)

    async def _read(self, request: Request, pieces: AsyncIterator[bytes]) -> bytes:
        found = bytearray()
        async for piece in pieces:
            found += piece
            if len(found) > LARGEST:
                reason = f"its answer is larger than {LARGEST // 2**20} MB"
                raise Unreachable(self._place(request), reason, transient=False)
        return HiddenBytes(found)

    @asynccontextmanager
    async def _open_response(
        self, request: Request, accept: str, *, endless: bool = False
    ) -> AsyncIterator[tuple[Reply, AsyncIterator[bytes]]]:
        """The answer at the end of all redirects, its body not yet read. What breaks, on the way or in the body of the
        caller, is raised as Unreachable; so is a request that as a whole takes too long.
        """
        allowed = self.policy.patience + len(request.content or b"") / SLOWEST
        failure: Unreachable
        try:
            async with asyncio.timeout(None if endless else allowed) as limit:
                async with self._follow_redirects(request, accept) as (reply, response):
                    yield reply, _pieces(response, limit)
                return
        except (httpx.RequestError, ssl.SSLError) as error:
            failure = self._unreachable(request, error)
        except TimeoutError:
            if not limit.expired():
                raise
            reason = f"timed out after {format_duration(allowed)} in the midst of the answer, or before one"
            failure = Unreachable(self._place(request), reason)
        raise failure

    @asynccontextmanager
    async def _follow_redirects(self, request: Request, accept: str) -> AsyncIterator[tuple[Reply, httpx.Response]]:
        url = self._build_url(request)
        for left in reversed(range(REDIRECTS + 1)):
            async with self._client.stream(
                request.method, url, content=request.content, headers=self._headers(request, accept)
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                reply = Reply(response.status_code, headers)
                if not request.keyless:
                    self._pace.record_headers(headers, self.policy)
                if not left or not is_redirect(reply):
                    yield reply, response
                    return
            url, why_not = find_redirect(request, url, reply)
            if why_not:
                raise redirect_error(request, reply, why_not, self._redactor(request))

    def _build_url(self, request: Request) -> httpx.URL:
        text = request.path if request.keyless else f"{str(self._url).rstrip('/')}{request.path}"
        try:
            return httpx.URL(text, params=request.params) if request.params else httpx.URL(text)
        except httpx.InvalidURL:
            place = path_for_errors(request)
            raise Unreachable(place, "this is not a url", may_have_arrived=False, transient=False) from None

    def _headers(self, request: Request, accept: str) -> Mapping[str, str]:
        headers = HiddenDict({"User-Agent": f"cyberflow/{__version__}", "Accept": accept})
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if request.key:
            headers["Idempotency-Key"] = request.key
        if not request.keyless:
            headers.update(self.headers)
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
        headers.update(request.headers)
        return headers

    def _unreachable(self, request: Request, error: Exception) -> Unreachable:
        timeout = explain_timeout(error, self._client.timeout)
        why, help = (timeout, None) if timeout else explain_connection_error(error, self._ca)
        return Unreachable(
            self._place(request),
            self._redactor(request).text(why),
            help=help,
            may_have_arrived=not isinstance(error, UNSENT),
            transient=may_pass(error),
        )

    def _place(self, request: Request) -> str:
        return path_for_errors(request) if request.keyless else strip_url(self._url)

    def _redactor(self, request: Request) -> Redactor:
        return Redactor((*request.secrets, *((self._key,) if self._key else ())))

    async def aclose(self) -> None:
        await self._client.aclose()

    def __repr__(self) -> str:
        return f"Transport({strip_url(self._url)})"


async def _pieces(response: httpx.Response, limit: asyncio.Timeout) -> AsyncIterator[bytes]:
    async for piece in response.aiter_bytes():
        if (when := limit.when()) is not None and not limit.expired():
            limit.reschedule(when + len(piece) / SLOWEST)
        yield piece

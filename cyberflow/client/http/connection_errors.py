"""Why no answer came, in plain words, with what to do about it: read from the whole chain of causes of an exception."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx

from cyberflow.client.http.tls import explain_tls_error, is_lasting

PERMANENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def explain_connection_error(error: BaseException, ca: str | Path | None = None) -> tuple[str, str | None]:
    """The reason and the cure; `ca` is the file of authorities that the target has, if it has one."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return explain_tls_error(cause, ca)
        if isinstance(cause, socket.gaierror):
            again = cause.errno == socket.EAI_AGAIN
            return ("name look-up failed" if again else "name not found"), "check the url and the network"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused", "nothing listens there: check the url and that the service runs"
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return "connection reset", None
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower(), None
    if isinstance(error, httpx.ProxyError):
        return f"the proxy turned the connection down ({error})", "look at the variables HTTPS_PROXY and ALL_PROXY"
    return str(error).strip().rstrip(".") or "the connection broke", None


def explain_timeout(error: Exception, timeout: httpx.Timeout) -> str | None:
    match error:
        case httpx.ConnectTimeout():
            return f"timed out after {format_duration(timeout.connect)} while connecting"
        case httpx.ReadTimeout():
            return f"timed out after {format_duration(timeout.read)} without an answer"
        case httpx.WriteTimeout():
            return f"timed out after {format_duration(timeout.write)} while sending"
        case httpx.PoolTimeout():
            return f"no connection was free for {format_duration(timeout.pool)}"
        case httpx.DecodingError():
            return "the answer is broken, it does not unpack"
    return None


def may_pass(error: Exception) -> bool:
    """Whether asking again may mend it: a certificate or a protocol stays as it is."""
    tls = (cause for cause in _causes(error) if isinstance(cause, ssl.SSLError))
    return not isinstance(error, PERMANENT) and not any(is_lasting(cause) for cause in tls)


def format_duration(seconds: float | None) -> str:
    """Seconds for a person: `1.5 s`, `90 s`, `12 min`."""
    seconds, minutes, whole = seconds or 0.0, 120, 10
    if seconds >= minutes:
        return f"{-(-seconds // 60):.0f} min"
    return f"{round(seconds, 1):g} s" if seconds < whole else f"{-(-seconds // 1):.0f} s"


def _causes(error: BaseException) -> Iterator[BaseException]:
    todo: list[BaseException] = [error]
    seen: set[int] = set()
    while todo:
        cause = todo.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [next_ for next_ in (cause.__cause__, cause.__context__) if next_ is not None]
        todo += cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()

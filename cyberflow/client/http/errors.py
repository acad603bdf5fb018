"""What goes wrong with the service, in words: `ApiError` when it refuses, `Unreachable` when it cannot be asked.
Pure: bodies and exceptions in, texts out, and no text holds a key or a sent value.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
from typing import Any, NamedTuple

from cyberflow.client.http.mask import WORD, RequestRedactor
from cyberflow.client.http.request import Reply, Request
from cyberflow.client.http.status import IN_PROGRESS, StatusMeaning, status_meaning
from cyberflow.errors import CyberflowError

REQUEST_IDS = ("x-request-id", "request-id", "fly-request-id")
ECHOES = ("input", "ctx")
"""Where a validation error repeats what was sent."""
LONGEST = 500
LONGEST_RAW = 10_000
CONFLICT, TOO_MANY = 409, 429


class Violation(NamedTuple):
    """One thing wrong with a request: where (`body.steps.0.workflow_id`), what, and the service's word for the kind."""

    loc: str
    msg: str
    type: str


@dataclass(frozen=True)
class ErrorResponse:
    """An answer that is no success, or a success that cannot be read: `said` is the service's own message."""

    method: str
    path: str
    status: int
    service_message: str
    error_code: str | None = None
    details: Any = None
    violations: tuple[Violation, ...] = ()
    request_id: str | None = None
    retry_after: float | None = None
    help: str | None = None
    raw: str = field(default="", repr=False)
    meaning: StatusMeaning | None = None

    def __str__(self) -> str:
        code = f" [{self.error_code}]" if self.error_code else ""
        trace = f" (request id {self.request_id})" if self.request_id else ""
        lines = [f"{self.method} {self.path} answered {self.status}{code}: {self.service_message}{trace}"]
        lines += [f"  {loc}: {msg}" if loc else f"  {msg}" for loc, msg, _ in self.violations]
        return "\n".join(lines)


class ApiError(CyberflowError):
    """The service refused, or answered what cannot be read. `status` tells which, as 2xx for the latter.

    `details` is what the service sent under that name or `detail`, without the places that repeat the request.
    `retry_after` is how many seconds it asked to wait, where it did; `raw` is the text of the answer, at most
    `LONGEST_RAW` of it, without what is secret; empty where it may repeat what was sent. `lost` says that an earlier
    try of the same request ended otherwise, and may have been carried out.
    """

    earlier_try_may_have_arrived = False

    def __init__(self, refusal: ErrorResponse) -> None:
        super().__init__(str(refusal), help=refusal.help)
        self.refusal = refusal
        self.method = refusal.method
        self.path = refusal.path
        self.status = refusal.status
        self.service_message = refusal.service_message
        self.error_code = refusal.error_code
        self.details = refusal.details
        self.violations = refusal.violations
        self.request_id = refusal.request_id
        self.retry_after = refusal.retry_after
        self.raw = refusal.raw
        self.meaning = refusal.meaning or status_meaning(refusal.status)
        self.transient = self.meaning.transient
        self.credentials = self.meaning.credentials
        self.not_found = self.meaning.not_found
        self.about_request = self.meaning.about_request

    @property
    def nothing_was_made(self) -> bool:
        """Whether the service has surely done nothing, in an earlier try neither."""
        return self.meaning.nothing_was_made and not self.earlier_try_may_have_arrived

    @property
    def names_nothing(self) -> bool:
        """Whether an id that was asked for is not there, or is not an id at all."""
        return self.not_found or self.about_request


class RateLimited(ApiError):
    """A 429 that outlasted the retries, or asks for more patience than the budget allows."""


class Unreachable(CyberflowError):
    """No answer came. `url` is the address without credentials and query, `reason` says why in plain words.

    `may_have_arrived` is false only when no try got as far as sending: then the service has surely done nothing.
    """

    transient = True
    status: int | None = None

    def __init__(self, url: str, reason: str, *, help: str | None = None, may_have_arrived: bool = True) -> None:
        super().__init__(f"{url} cannot be reached: {reason}", help=help)
        self.url = url
        self.reason = reason
        self.may_have_arrived = may_have_arrived

    @property
    def nothing_was_made(self) -> bool:
        return not self.may_have_arrived


def api_error_from_reply(
    request: Request, reply: Reply, mask: RequestRedactor, *, asked: float | None = None, late: bool = False
) -> ApiError:
    """Read an answer that is no success. `asked` is its Retry-After, `late` says that this is more than we wait."""
    body = mask.json(_parse_body(reply))
    meaning = reply_meaning(reply)
    violations = tuple(_violations(body))
    refusal = ErrorResponse(
        request.method,
        path_for_errors(request),
        reply.status,
        mask.text(_service_message(body, reply, len(violations))),
        _code(body),
        _without_echoes(body.get("details", body.get("detail")) if isinstance(body, dict) else None),
        violations,
        _request_id(reply, mask),
        asked,
        _help(meaning, reply, asked, late=late),
        "" if violations else mask.text(reply.content.decode("utf-8", "replace"))[:LONGEST_RAW],
        meaning,
    )
    return RateLimited(refusal) if reply.status == TOO_MANY else ApiError(refusal)


def redirect_error(request: Request, reply: Reply, where: str, mask: RequestRedactor) -> ApiError:
    """A redirect that may not be followed; `where` says to which host."""
    said = mask.text(f"a redirect {where}, which is not followed: the key stays at its origin")
    help = "if that is the service's own address, make it the target's `url`"
    return ApiError(ErrorResponse(request.method, path_for_errors(request), reply.status, said, help=help))


def unreadable_body_error(request: Request, reply: Reply, why: str, mask: RequestRedactor) -> ApiError:
    """A 2xx whose body is not what this endpoint promises. `why` names keys and types, never values."""
    help = "the request was carried out; is the url really that of the service?"
    return ApiError(
        ErrorResponse(
            request.method, path_for_errors(request), reply.status, why, request_id=_request_id(reply, mask), help=help
        )
    )


def reply_meaning(reply: Reply) -> StatusMeaning:
    """What an answer means. A 409 passes only with `Idempotency-Status: in_progress`: the first sending of this key is
    still at work.
    """
    at_work = reply.headers.get("idempotency-status", "").strip().lower() == "in_progress"
    return IN_PROGRESS if reply.status == CONFLICT and at_work else status_meaning(reply.status)


def path_for_errors(request: Request) -> str:
    """The path as errors show it: no query, no credentials, since a keyless url is itself a permission."""
    return re.sub(r"^(\w+://)[^/?#]*@", r"\1", re.split(r"[?#]", request.path)[0])


def explain_connection_error(error: BaseException) -> tuple[str, str | None]:
    """Why a connection failed, in plain words, and what to do about it, read from the whole chain of causes."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: its certificate is not trusted ({getattr(cause, 'verify_message', cause)})", (
                "if the service has a certificate authority of its own, name its PEM file with `ca:`"
            )
        if isinstance(cause, ssl.SSLError):
            return f"TLS: {(getattr(cause, 'reason', None) or 'the handshake failed').replace('_', ' ').lower()}", None
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
    return str(error).strip().rstrip(".") or "the connection broke", None


def is_certificate_error(error: BaseException) -> bool:
    """Whether a certificate was the reason: asking again will not mend that."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error))


def format_duration(seconds: float) -> str:
    """Seconds for a person: `1.5 s`, `90 s`, `12 min`."""
    minutes = 120
    return f"{seconds:g} s" if seconds < minutes else f"{-(-seconds // 60):.0f} min"


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


def _parse_body(reply: Reply) -> Any:
    """The JSON of an answer, else its text."""
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        return reply.content.decode("utf-8", "replace")


def _service_message(body: Any, reply: Reply, violations: int) -> str:
    if violations:
        return f"the request has {violations} mistake{'s' * (violations > 1)}"
    if isinstance(body, dict):
        for name in ("message", "error_message", "detail", "error", "title", "msg"):
            if isinstance(body.get(name), str) and body[name].strip():
                return _shorten(body[name])
            if isinstance(body.get(name), dict) and isinstance(body[name].get("message"), str):
                return _shorten(body[name]["message"])
    if isinstance(body, str) and body.strip():
        page = re.search(r"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        if page:
            return f"{_status_phrase(reply.status)}, with a web page in place of JSON: {_shorten(unescape(page[1]))}"
        if told := re.search(r"<Message>(.*?)</Message>", body, re.DOTALL):  # a store speaks XML
            return _shorten(unescape(told[1]))
        return _status_phrase(reply.status) if "<" in body else _shorten(body)
    return _status_phrase(reply.status)


def _status_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _code(body: Any) -> str | None:
    code = body.get("error_code") if isinstance(body, dict) else None
    return None if code is None else str(code)


def _violations(body: Any) -> Iterator[Violation]:
    """FastAPI's `detail`, or the same objects in the envelope's `details`, alone or under a name."""
    if not isinstance(body, dict):
        return
    for found in (body.get("detail"), body.get("details")):
        lists = found.values() if isinstance(found, dict) else (found,)
        for item in (item for items in lists if isinstance(items, list) for item in items):
            if isinstance(item, dict) and isinstance(item.get("msg"), str):
                loc = item.get("loc")
                route = ".".join(str(part) for part in loc) if isinstance(loc, list) else str(loc or "")
                yield Violation(route, _shorten(_remove_echoes(item["msg"], item)), str(item.get("type") or ""))


def _remove_echoes(message: str, violation: dict[str, Any]) -> str:
    """The message without the values that the violation says were sent: a validator likes to quote them."""
    echoed: set[str] = set()
    todo = [violation.get("input")]
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            todo += value.values() if isinstance(value, dict) else value
        elif value is not None and not isinstance(value, bool) and len(str(value)) >= WORD:
            echoed.add(str(value))
    return RequestRedactor(echoed).text(message)


def _without_echoes(value: Any) -> Any:
    if isinstance(value, dict):
        clean = {name: _without_echoes(item) for name, item in value.items() if name not in ECHOES}
        if isinstance(clean.get("msg"), str):
            clean["msg"] = _remove_echoes(clean["msg"], value)
        return clean
    return [_without_echoes(item) for item in value] if isinstance(value, list) else value


def _request_id(reply: Reply, mask: RequestRedactor) -> str | None:
    found = next((reply.headers[name] for name in REQUEST_IDS if reply.headers.get(name)), None)
    return mask.text(found) if found else None


def _help(meaning: StatusMeaning, reply: Reply, asked: float | None, *, late: bool) -> str | None:
    if late and asked is not None:
        return (
            f"the service asks to wait {format_duration(asked)}, longer than cyberflow waits by itself: try again then"
        )
    if reply.status == TOO_MANY:
        when = f"in {format_duration(asked)}" if asked else "later"
        return f"the rate limit of this key is used up: try again {when}, or with less in parallel"
    return meaning.help

"""Answers of the service that refuse, read into errors; no text of them holds a key or a sent value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from http import HTTPStatus
from typing import Any

from cyberflow.client.http.connection_errors import format_duration
from cyberflow.client.http.decode import NotJson, parse_json
from cyberflow.client.http.errors import ApiError, ErrorResponse, RateLimited, Violation, path_for_errors
from cyberflow.client.http.request import Reply, Request
from cyberflow.client.http.status import CUT_SHORT, IN_PROGRESS, StatusMeaning, status_meaning
from cyberflow.redact import SHORT, Redactor

REQUEST_IDS = ("x-request-id", "request-id", "fly-request-id")
ECHOES = ("input", "ctx")
"""Where a validation error repeats what was sent."""
LONGEST = 500
LONGEST_RAW = 10_000
CONFLICT, TOO_MANY = 409, 429


def api_error_from_reply(
    request: Request, reply: Reply, redactor: Redactor, *, retry_after: float | None = None
) -> ApiError:
    """Read an answer that is not a success; `retry_after` is how many seconds it asks to wait."""
    body = redactor.json(_parse_body(reply))
    meaning = reply_meaning(reply)
    violations = tuple(_violations(body))
    refusal = ErrorResponse(
        request.method,
        path_for_errors(request),
        reply.status,
        redactor.text(_service_message(body, reply, len(violations))),
        _code(body),
        _without_echoes(body.get("details", body.get("detail")) if isinstance(body, dict) else None),
        violations,
        _request_id(reply, redactor),
        retry_after,
        _help(meaning, reply, retry_after),
        "" if violations else redactor.text(reply.content.decode("utf-8", "replace"))[:LONGEST_RAW],
        meaning,
    )
    return RateLimited(refusal) if reply.status == TOO_MANY else ApiError(refusal)


def redirect_error(request: Request, reply: Reply, why: str, redactor: Redactor) -> ApiError:
    """A redirect that may not be followed; `why` says where it leads, and what forbids it."""
    help = "if that is the service's own address, make it the target's `url`"
    message = redactor.text(f"a redirect {why}")
    return ApiError(ErrorResponse(request.method, path_for_errors(request), reply.status, message, help=help))


def unreadable_body_error(request: Request, reply: Reply, why: str | None, redactor: Redactor) -> ApiError:
    """A 2xx whose body is not what this endpoint promises. `why` names keys and types, never values; without it the
    body is not JSON at all, or breaks off, which may pass.
    """
    help = "the request was carried out; is the url really that of the service?"
    kind = reply.headers.get("content-type", "").split(";")[0] or "something without a type"
    return ApiError(
        ErrorResponse(
            request.method,
            path_for_errors(request),
            reply.status,
            why or f"the answer is not JSON but {_not_json(kind) if reply.content else 'an empty body'}",
            request_id=_request_id(reply, redactor),
            help=help,
            meaning=None if why else CUT_SHORT,
        )
    )


def _not_json(kind: str) -> str:
    return "JSON that breaks off" if "json" in kind else kind


def reply_meaning(reply: Reply) -> StatusMeaning:
    """What an answer means. A 409 passes only with `Idempotency-Status: in_progress`: the first sending of this key is
    still at work.
    """
    at_work = reply.headers.get("idempotency-status", "").strip().lower() == "in_progress"
    return IN_PROGRESS if reply.status == CONFLICT and at_work else status_meaning(reply.status)


def _parse_body(reply: Reply) -> Any:
    """The JSON of an answer, else its text."""
    try:
        return parse_json(reply.content)
    except NotJson:
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
        elif value is not None and not isinstance(value, bool) and len(str(value)) >= SHORT:
            echoed.add(str(value))
    return Redactor(echoed).text(message)


def _without_echoes(value: Any) -> Any:
    if isinstance(value, dict):
        clean = {name: _without_echoes(item) for name, item in value.items() if name not in ECHOES}
        if isinstance(clean.get("msg"), str):
            clean["msg"] = _remove_echoes(clean["msg"], value)
        return clean
    return [_without_echoes(item) for item in value] if isinstance(value, list) else value


def _request_id(reply: Reply, redactor: Redactor) -> str | None:
    found = next((reply.headers[name] for name in REQUEST_IDS if reply.headers.get(name)), None)
    return redactor.text(found) if found else None


def _help(meaning: StatusMeaning, reply: Reply, retry_after: float | None) -> str | None:
    if reply.status == TOO_MANY:
        when = f"in {format_duration(retry_after)}" if retry_after else "later"
        return f"the rate limit of this key is used up: try again {when}, or with less in parallel"
    return meaning.help

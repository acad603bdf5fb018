"""What goes wrong with the service: `ApiError` when it refuses, `Unreachable` when it cannot be asked.

Each tells what it means for what was asked (`transient`, `nothing_was_made`), and none holds a key or a sent value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cyberflow.client.http.request import Request
from cyberflow.client.http.status import StatusMeaning, status_meaning
from cyberflow.errors import CyberflowError


class Violation(NamedTuple):
    """One thing wrong with a request: where (`body.steps.0.workflow_id`), what, and the service's word for the kind."""

    loc: str
    msg: str
    type: str


@dataclass(frozen=True)
class ErrorResponse:
    """An answer that is not a success, or cannot be read: `service_message` is the service's own message."""

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
    `transient` is false where asking again mends nothing: a certificate, a protocol.
    """

    status: int | None = None

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        help: str | None = None,
        may_have_arrived: bool = True,
        transient: bool = True,
    ) -> None:
        super().__init__(f"{url} cannot be reached: {reason}", help=help)
        self.url = url
        self.reason = reason
        self.may_have_arrived = may_have_arrived
        self.transient = transient

    @property
    def nothing_was_made(self) -> bool:
        return not self.may_have_arrived


def bare(failure: ApiError | Unreachable) -> ApiError | Unreachable:
    """A failure without what led to it: neither texts nor frames of other libraries are ours to filter."""
    failure.__cause__ = failure.__context__ = None
    return failure.with_traceback(None)


def note_earlier_tries(failure: ApiError | Unreachable, *, arrived: bool) -> bool:
    """Tell a failure whether an earlier try may have been carried out; answer whether one may have been by now."""
    if isinstance(failure, Unreachable):
        failure.may_have_arrived = failure.may_have_arrived or arrived
        return failure.may_have_arrived
    failure.earlier_try_may_have_arrived = arrived
    return arrived or not failure.meaning.nothing_was_made


def path_for_errors(request: Request) -> str:
    """The path as errors show it: no query, no credentials, since a keyless url is itself a permission."""
    return re.sub(r"^(\w+://)[^/?#]*@", r"\1", re.split(r"[?#]", request.path)[0])

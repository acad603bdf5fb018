"""Refusals of the platform and the two bodies the API has for them: the envelope, and FastAPI's `detail` list.

No text here may hold a value that was sent: places and reasons only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberflow.emulator.contract.clock import stamp

Violation = dict[str, Any]
"""`{"loc": [...], "msg": str, "type": str}`, what the official SDK parses."""


class HttpError(Exception):
    """An answer in the envelope: `{error, message, error_code, details, timestamp}`."""

    def __init__(self, status: int, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class InvalidRequest(Exception):
    """An answer 422 with one entry of `detail` per violation."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(f"{len(violations)} violations")
        self.violations = list(violations)
        self.headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A finished response: the status and the JSON body, or bytes with their type."""

    status: int
    body: Any = None
    content: bytes | None = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def violation(loc: Sequence[str | int], msg: str, type: str = "value_error") -> Violation:
    return {"loc": list(loc), "msg": msg, "type": type}


def not_found(what: str) -> HttpError:
    return HttpError(404, f"{what} not found")


def envelope(status: int, message: str, now: Any) -> dict[str, Any]:
    return {
        "error": "HTTPException" if status < 500 else "InternalServerError",  # noqa: PLR2004
        "message": message,
        "error_code": None,
        "details": None,
        "timestamp": stamp(now),
    }

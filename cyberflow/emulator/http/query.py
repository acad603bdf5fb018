"""Query parameters: typed, with FastAPI's violations, and the page that a list is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import QueryParams

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, violation

MAX_LIMIT = 1000


def integer(query: QueryParams, name: str, default: int, low: int, high: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise _invalid_parameter(name, "Input should be a valid integer", "int_parsing") from None
    if value < low:
        raise _invalid_parameter(name, f"Input should be greater than or equal to {low}", "greater_than_equal")
    if value > high:
        raise _invalid_parameter(name, f"Input should be less than or equal to {high}", "less_than_equal")
    return value


def flag(query: QueryParams, name: str, *, default: bool = False) -> bool:
    text = query.get(name, str(default)).lower()
    if text in {"1", "true", "on", "yes", "t", "y"}:
        return True
    if text in {"0", "false", "off", "no", "f", "n", ""}:
        return False
    raise _invalid_parameter(name, "Input should be a valid boolean", "bool_parsing")


def uuid(query: QueryParams, name: str) -> str | None:
    text = query.get(name)
    return None if text is None else _uuid(name, text)


def uuids(query: QueryParams, name: str) -> list[str]:
    """A comma list of ids."""
    return [_uuid(name, part.strip()) for part in query.get(name, "").split(",") if part.strip()]


def words(query: QueryParams, name: str) -> set[str]:
    return {part.strip() for part in query.get(name, "").split(",") if part.strip()}


def choice(query: QueryParams, name: str, members: Sequence[str], default: str | None = None) -> str | None:
    text = query.get(name, default)
    if text is None or text in members:
        return text
    raise _invalid_parameter(name, f"Input should be {_join_with_or(members)}", "enum")


def choices(query: QueryParams, name: str, members: Iterable[str]) -> list[str]:
    """A repeated parameter, every member known."""
    known = sorted(members)
    given = query.getlist(name)
    if any(word not in known for word in given):
        raise _invalid_parameter(name, f"Input should be {_join_with_or(known)}", "enum")
    return given


def require_text(query: QueryParams, name: str) -> str:
    text = query.get(name)
    if not text:
        raise _invalid_parameter(name, "Field required", "missing")
    return text


def moment(query: QueryParams, name: str) -> str | None:
    """An instant as the store writes it; one without a zone is UTC."""
    text = query.get(name)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise _invalid_parameter(name, "Input should be a valid datetime", "datetime_parsing") from None
    return stamp(read if read.tzinfo else read.replace(tzinfo=UTC))


def require_moment(query: QueryParams, name: str) -> str:
    require_text(query, name)
    return moment(query, name) or ""


@dataclass(frozen=True, slots=True)
class Pagination:
    skip: int
    limit: int

    @classmethod
    def from_query(cls, query: QueryParams) -> Pagination:
        return cls(integer(query, "skip", 0, 0, 2**62), integer(query, "limit", 100, 1, MAX_LIMIT))

    def envelope(self, items: Sequence[Any], total: int) -> dict[str, Any]:
        """What a list answers: the part that was asked for, and how many there are in all."""
        return {"items": items, "total": total, "skip": self.skip, "limit": self.limit}


def _uuid(name: str, text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise _invalid_parameter(name, "Input should be a valid UUID", "uuid_parsing") from None


def _invalid_parameter(name: str, msg: str, type: str) -> InvalidRequest:
    return InvalidRequest([violation(["query", name], msg, type)])


def _join_with_or(members: Iterable[str]) -> str:
    quoted = [f"'{member}'" for member in members]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))

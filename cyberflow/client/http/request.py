"""One request as a value: its bytes are made once, so every retry sends the same ones under the same key; and what
came back. It knows nothing of sending.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from cyberflow.errors import UsageError
from cyberflow.hidden import HiddenBytes, HiddenText

SENSITIVE = frozenset(
    {
        "api_key",
        "machine_sensitive_parameters",
        "pool_sensitive_parameters",
        "sensitive_input_values",
        "sensitive_inputs",
        "shared_sensitive_inputs",
    }
)
"""The keys of the service's request bodies whose values are secret; errors never repeat what stands below them."""

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is below the base url, its segments quoted; for a keyless request it is a whole url. A GET, what has a
    key, and what is `repeatable` may be sent again after a failure.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = member(default=None, repr=False)
    content_type: str | None = None
    key: str | None = None
    keyless: bool = False
    secrets: tuple[str, ...] = member(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = member(default=(), repr=False)
    repeatable: bool = False

    @property
    def may_repeat(self) -> bool:
        return self.method == "GET" or self.key is not None or self.repeatable


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names in lower case, the body not yet read. A saved body is in its file instead."""

    status: int
    headers: Mapping[str, str]
    content: bytes = member(default=b"", repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004


def format_path(template: str, *ids: str) -> str:
    """Fill the `{}` of a path with quoted ids. Raises UsageError for an id that would lead to another resource."""
    for id in ids:
        if id in {"", ".", ".."}:
            raise UsageError(f"`{id}` is not an id")
    return template.format(*(quote(id, safe="") for id in ids))


def get_request(path: str, params: Params | None = None, *, keyless: bool = False) -> Request:
    """A GET. None is left out, a list repeats its key, a moment is sent in UTC."""
    return Request("GET", path, tuple(_pairs(params or {})), keyless=keyless)


def write_request(
    method: str, path: str, body: object = None, key: str | None = None, *, params: Params | None = None
) -> Request:
    """A write with a JSON body (none for None). It always carries an idempotency key, a fresh one for `key=None`."""
    content = None if body is None else HiddenBytes(json.dumps(body, allow_nan=False, separators=(",", ":")).encode())
    return Request(
        method,
        path,
        tuple(_pairs(params or {})),
        content,
        None if body is None else "application/json",
        key or str(uuid4()),
        secrets=tuple(dict.fromkeys(_secrets(body))),
    )


def multipart_request(path: str, filename: str, content: bytes, content_type: str, key: str | None = None) -> Request:
    """A multipart POST of one part named `file`. The boundary is derived from the content: equal files, equal bytes."""
    boundary = "cyberflow-" + sha256(filename.encode() + b"\0" + content).hexdigest()[:40]
    name = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    body = HiddenBytes(b"".join((head.encode(), content, f"\r\n--{boundary}--\r\n".encode())))
    return Request("POST", path, (), body, f"multipart/form-data; boundary={boundary}", key or str(uuid4()))


def join_commas(words: Sequence[str] | None) -> str | None:
    """Words as one parameter, None when there are none. A bare string is one word, or has its commas already."""
    return (words if isinstance(words, str) else ",".join(words or ())) or None


def _pairs(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        for item in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            if item is not None:
                yield name, _text(item)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return str(value)


def _secrets(body: Any, *, inside: bool = False) -> Iterator[str]:
    if isinstance(body, Mapping):
        for name, value in body.items():
            yield from _secrets(value, inside=inside or name in SENSITIVE)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _secrets(value, inside=inside)
    elif inside and body is not None and not isinstance(body, bool):
        yield HiddenText(body)

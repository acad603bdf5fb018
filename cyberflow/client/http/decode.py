"""Answers decoded: the one place where bytes of a service become values.

Half a surrogate pair becomes U+FFFD, for no text that holds one can be written or sent on; a number that no float
holds stays the text it was. Neither may leave a run that can never be read.
"""

from __future__ import annotations

import json
import re
from functools import cache
from math import isfinite
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cyberflow.client.http.request import Reply

SHOWN = 3
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The text of an answer is not JSON, or breaks off."""


def parse_json(content: bytes | str) -> Any:
    """Read JSON that came from outside. Raises NotJson."""
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    try:
        value = json.loads(
            text.removeprefix("\ufeff"), parse_constant=_refuse, parse_float=_read_number, parse_int=_read_integer
        )
    except (ValueError, RecursionError):
        raise NotJson from None
    return _replace_surrogates(value) if _ESCAPED_SURROGATE.search(text) else value


def decode_reply(reply: Reply, shape: Any) -> tuple[Any, str]:
    """The body as `shape`, or why it is not one. No reason quotes the body. Raises NotJson."""
    try:
        return _adapter(shape).validate_python(parse_json(reply.content)), ""
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:SHOWN]
        places = (f"`{'.'.join(map(str, fault['loc'])) or '.'}`: {_lower_first(fault['msg'])}" for fault in faults)
        return None, f"the answer has not the expected form, {'; '.join(places)}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _read_number(text: str) -> float | str:
    value = float(text)
    return value if isfinite(value) else text


def _read_integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:  # longer than Python reads
        return text


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    return [_replace_surrogates(item) for item in value] if isinstance(value, list) else value


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)

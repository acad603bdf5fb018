"""Bodies read as the nouns of `wire`, or the reason why they are none."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cyberflow.client.http.request import Reply

SHOWN = 3


def decode_body(reply: Reply, shape: Any) -> tuple[Any, str]:
    """The body as `shape`, or why it is none. No exception leaves from here: its text would quote the body."""
    try:
        return _adapter(shape).validate_python(json.loads(reply.content)), ""
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:SHOWN]
        places = (f"`{'.'.join(map(str, fault['loc'])) or '.'}`: {_lower_first(fault['msg'])}" for fault in faults)
        return None, f"the answer has not the expected form, {'; '.join(places)}"
    except (ValueError, RecursionError):
        what = reply.headers.get("content-type", "").split(";")[0] if reply.content else "an empty body"
        return None, f"the answer is no JSON but {what or 'something without a type'}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)

"""JSON as the platform takes it: finite numbers, whole characters, and no deeper than anything here is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from cyberflow.emulator.contract.errors import Violation, violation

MAX_DEPTH = 200


def parse(text: str | bytes) -> Any:
    """Raises ValueError for what is not JSON, and for what is nested too deep to be read at all."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None


def find_unstorable(value: Any) -> Iterator[Violation]:
    """Halves of emoji, numbers beyond all bounds, and what is nested deeper than anything here is read."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        place, item = waiting.pop()
        loc = ["body", *map(_printable, place)]
        if len(place) > MAX_DEPTH:
            yield violation(loc[:5], f"Nested more than {MAX_DEPTH} deep", "recursion_loop")
            return
        if isinstance(item, str) and not _is_text(item):
            yield violation(loc, "Input should be a valid string: it holds half of a character", "string_unicode")
        elif isinstance(item, float) and not math.isfinite(item):
            yield violation(loc, "Input should be a finite number", "finite_number")
        elif isinstance(item, dict):
            if any(not _is_text(key) for key in item):
                yield violation(loc, "A key holds half of a character", "string_unicode")
            waiting.extend(((*place, key), part) for key, part in item.items())
        elif isinstance(item, list):
            waiting.extend(((*place, index), part) for index, part in enumerate(item))


def _is_text(text: str) -> bool:
    """Whether UTF-8 has it; ASCII, which most is, costs nothing to tell."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(key: str | int) -> str | int:
    return key.encode(errors="replace").decode() if isinstance(key, str) else key


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)

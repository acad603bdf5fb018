"""`{"$ref": "alias.outputs.path"}`: where one stands, whether it may, and what it becomes when its run starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cyberflow.emulator.engine.substitution import PathOnScalar, lookup, steps_of
from cyberflow.schema.values import EMPTY

_REF = re.compile(r"(?P<alias>[^.\[\]]+)\.outputs(?P<path>(?:\.|\[).+)")

Outputs = Callable[[str], Any]
"""The outputs kept under an alias of the session, None when there are none."""


def is_ref(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("$ref"), str)


def refs_in(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every ref with its place, in order."""
    if is_ref(value):
        yield at, value["$ref"]
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from refs_in(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from refs_in(item, (*at, index))


def alias_of(ref: str) -> str | None:
    """The alias that a ref reads from, None for one that is not `alias.outputs.path`."""
    found = _REF.fullmatch(ref)
    return found["alias"] if found else None


def resolve(value: Any, outputs: Outputs) -> Any:
    """The value with every ref replaced; a path that leads nowhere is `__EMPTY__`."""
    if is_ref(value):
        return _resolve_ref(value["$ref"], outputs)
    if isinstance(value, Mapping):
        return {key: resolve(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, outputs) for item in value]
    return value


def _resolve_ref(ref: str, outputs: Outputs) -> Any:
    found = _REF.fullmatch(ref)
    if found is None:
        return EMPTY
    try:
        value = lookup(outputs(found["alias"]), steps_of(found["path"]))
    except PathOnScalar:
        return EMPTY
    return EMPTY if value is None else value

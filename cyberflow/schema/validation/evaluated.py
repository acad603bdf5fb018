"""Which members and entries of a value a schema has looked at: what `unevaluatedProperties` and `unevaluatedItems`
leave alone. Three-valued, as validation is: surely, perhaps, or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any, Protocol

from cyberflow.late import dataclass
from cyberflow.schema.references import UNREAD, resolve_pointer
from cyberflow.schema.regex.matching import matches
from cyberflow.schema.values import Schema, Ternary


class Judge(Protocol):
    """What says whether a value fits a schema."""

    @property
    def root(self) -> Schema: ...

    def check(self, schema: Schema, value: Any) -> Ternary: ...


@dataclass(slots=True)
class Evaluated:
    """Names or indexes that were surely, or perhaps, looked at."""

    surely: set[Any] = field(default_factory=set)
    perhaps: set[Any] = field(default_factory=set)

    def add(self, keys: Iterable[Any], verdict: Ternary = True) -> None:
        if verdict:
            self.surely.update(keys)
        elif verdict is None:
            self.perhaps.update(keys)

    def merge(self, other: Evaluated, verdict: Ternary) -> None:
        self.add(other.surely, verdict)
        self.add(other.perhaps, None if verdict else verdict)


def evaluated(judge: Judge, schema: Schema, value: Any, *, itself: bool = False) -> Evaluated:
    """Collect what the schema looks at in an object or array; `itself`: without its own `unevaluated…`."""
    found = Evaluated()
    if not isinstance(schema, dict) or not isinstance(value, (dict, list)):
        return found
    if not UNREAD.isdisjoint(schema) or ("$ref" in schema and resolve_pointer(judge.root, schema["$ref"]) is None):
        found.add(value if isinstance(value, dict) else range(len(value)), None)
    if isinstance(value, dict):
        _add_members(schema, value, found, itself=itself)
    else:
        _add_entries(judge, schema, value, found, itself=itself)
    for sub, verdict in _in_place(judge, schema, value):
        found.merge(evaluated(judge, sub, value), verdict)
    return found


def _add_members(schema: dict[str, Any], value: dict[str, Any], found: Evaluated, *, itself: bool) -> None:
    if "additionalProperties" in schema or (not itself and "unevaluatedProperties" in schema):
        found.add(value)
        return
    found.add(name for name in schema.get("properties", ()) if name in value)
    for pattern in schema.get("patternProperties", ()):
        for name in value:
            found.add([name], matches(pattern, name))


def _add_entries(judge: Judge, schema: dict[str, Any], value: list[Any], found: Evaluated, *, itself: bool) -> None:
    if "items" in schema or (not itself and "unevaluatedItems" in schema):
        found.add(range(len(value)))
        return
    found.add(range(min(len(schema.get("prefixItems", ())), len(value))))
    if "contains" in schema:
        for index, entry in enumerate(value):
            found.add([index], judge.check(schema["contains"], entry))


def _in_place(judge: Judge, schema: dict[str, Any], value: Any) -> Iterable[tuple[Schema, Ternary]]:
    """The schemas that look at the same value, and whether they accept it."""
    if "$ref" in schema:
        yield resolve_pointer(judge.root, schema["$ref"]) or True, True
    for sub in schema.get("allOf", ()):
        yield sub, True
    for keyword in ("anyOf", "oneOf"):
        for sub in schema.get(keyword, ()):
            yield sub, judge.check(sub, value)
    if "if" in schema:
        verdict = judge.check(schema["if"], value)
        yield schema["if"], verdict
        yield schema.get("then", True), verdict
        yield schema.get("else", True), None if verdict is None else not verdict
    for name, sub in schema.get("dependentSchemas", {}).items():
        if isinstance(value, dict) and name in value:
            yield sub, True

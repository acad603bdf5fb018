"""The normal form of types, from the JSON Schema that pydantic writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]
_DEFS = "#/$defs/"
_ONE = (
    "items",
    "additionalProperties",
    "not",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs")
_DROPPED = ("title", "discriminator")
_NULL = {"type": "null"}
_MARKED = frozenset({"type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "not", "$ref"})


def normalize(schema: Schema) -> Schema:
    """Titles go, `T | None = None` is an optional `T`, and a reference with words beside it is written out."""
    made: Schema = _Normalizer(schema.get("$defs", {})).normalize(schema)
    return made


def member_notations(schema: Schema, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an object as names to types: `?` ends a name that is optional without a default."""
    needed = schema.get("required", [])
    made = {}
    for name, value in schema["properties"].items():
        written = name if name in needed or "default" in value else f"{name}?"
        made[written] = to_notation({**value, "$defs": definitions} if definitions else value)
    return made


def to_notation(schema: Schema) -> Any:
    """A schema as the notation takes it: without one of its own keywords it would read as nested notation."""
    if not schema:
        return "any"
    return schema if not _MARKED.isdisjoint(schema) else {"anyOf": [{}], **schema}


class _Normalizer:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def normalize(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        schema = {key: value for key, value in schema.items() if key not in _DROPPED}
        if schema.get("default", ...) is None:
            schema = _strip_null(schema)
        if len(schema.get("allOf", ())) == 1:
            schema = {**schema.pop("allOf")[0], **schema}
        if len(schema) > 1 and (target := self._target(schema)) is not None:
            schema = {**self.normalize(target), **{key: value for key, value in schema.items() if key != "$ref"}}
        made = {key: self._normalize_keyword(key, value) for key, value in schema.items()}
        return {key: value for key, value in made.items() if not _is_redundant(key, value)}

    def _normalize_keyword(self, key: str, value: Any) -> Any:
        if key in _ONE:
            return self.normalize(value)
        if key in _MANY:
            return [self.normalize(one) for one in value]
        if key in _NAMED:
            return {name: self.normalize(one) for name, one in value.items()}
        return value

    def _target(self, schema: Schema) -> Schema | None:
        """What a reference names, unless it leads back to itself: a recursive type stays in `$defs`."""
        name = str(schema.get("$ref", "")).removeprefix(_DEFS)
        target = self._definitions.get(name)
        return None if target is None or self._reaches(name, name, set()) else target

    def _reaches(self, start: str, wanted: str, seen: set[str]) -> bool:
        text = json.dumps(self._definitions.get(start), default=str)
        for name in self._definitions:
            if f'"{_DEFS}{name}"' in text and name not in seen:
                seen.add(name)
                if name == wanted or self._reaches(name, wanted, seen):
                    return True
        return False


def _strip_null(schema: Schema) -> Schema:
    """Take the default None, and the null that only it needs, off a type."""
    rest = {key: value for key, value in schema.items() if key != "default"}
    arms = [arm for arm in rest.get("anyOf", ()) if arm != _NULL]
    if len(arms) == len(rest.get("anyOf", ())):
        return rest
    beside = {key: value for key, value in rest.items() if key != "anyOf"}
    return {**arms[0], **beside} if len(arms) == 1 else {**beside, "anyOf": arms}


_SAYS_NOTHING: Mapping[str, Callable[[Any], bool]] = {
    "additionalProperties": lambda value: value is True or value == {},
    "items": lambda value: value == {},
    "required": lambda value: value == [],
}


def _is_redundant(key: str, value: Any) -> bool:
    return key in _SAYS_NOTHING and _SAYS_NOTHING[key](value)

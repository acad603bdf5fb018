"""Refusals of a value by a schema, told by kind, length and keyword alone: neither a value nor a name that is not the
schema's own is in what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.deploy.replay.model import Refusal
from cyberflow.schema.describe import format_literal
from cyberflow.schema.legacy_notation import is_json_schema, to_json_schema
from cyberflow.schema.validation.jsonschema import validator_of
from cyberflow.schema.values import ABSENT, follow_keys, kind_of

_NAMES_BELOW = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_SENTENCES: Mapping[str, str] = {
    "pattern": "does not match {}",
    "format": "is not a {}",
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minimum": "is below {}",
    "maximum": "is above {}",
    "exclusiveMinimum": "is not above {}",
    "exclusiveMaximum": "is not below {}",
    "multipleOf": "is not a multiple of {}",
    "minItems": "has fewer than {} entries",
    "maxItems": "has more than {} entries",
    "minProperties": "has fewer than {} members",
    "maxProperties": "has more than {} members",
    "enum": "is not one of {}",
    "const": "is not {}",
    "uniqueItems": "has an entry twice",
    "additionalProperties": "is not declared",
    "unevaluatedProperties": "is not declared",
    "anyOf": "is none of the types it may be",
    "oneOf": "is not exactly one of the types it may be",
    "not": "is what it must not be",
    "contains": "lacks an entry that it must have",
}
_ARTICLES = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}


@dataclass(frozen=True)
class SchemaGuard:
    """A schema that values are held against; what is not a schema decides nothing."""

    schema: Any
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: Any, *, legacy: bool = False) -> SchemaGuard | None:
        """Read a schema as workflows carry it; None where there is none, or none that can be read."""
        try:
            schema = json.loads(text) if isinstance(text, str) else None
            schema = to_json_schema(schema) if legacy and schema is not None and not is_json_schema(schema) else schema
            if schema is None:
                return None
            validator_of(schema)
        except (ValueError, RecursionError):
            return None
        return cls(schema, frozenset(_names_in(schema)))

    @property
    def required(self) -> tuple[str, ...]:
        needed = self.schema.get("required") if isinstance(self.schema, dict) else None
        return tuple(needed) if isinstance(needed, list) else ()

    def check(self) -> Callable[[Any], list[Refusal]]:
        """What finds everything that a value has against it, in the order of the schema."""
        validator = validator_of(self.schema)

        def find(value: Any) -> list[Refusal]:
            if validator.is_valid(value):
                return []
            return [self._refusal(error, value) for error in validator.iter_errors(value)]

        return find

    def _refusal(self, error: Any, value: Any) -> Refusal:
        path, keyword = tuple(error.instance_path), _keyword(error)
        missing = getattr(error.kind, "property", None) if keyword in ("required", "dependentRequired") else None
        if missing is not None:
            return Refusal(self._public((*path, str(missing))), keyword, "is missing")
        found = follow_keys(value, path)
        kind, length = _measure(found)
        says = _sentence(keyword, follow_keys(self.schema, tuple(error.schema_path)), kind)
        return Refusal(self._public(path), keyword, says, kind, length, found)

    def _public(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """A path in which a name that only the data has is a star: it may be a patient's."""
        return tuple(key if isinstance(key, int) or key in self.names else "*" for key in path)


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _names_in(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties" and isinstance(value, dict):
                yield from value
            if key == "required" and isinstance(value, list):
                yield from (name for name in value if isinstance(name, str))
            if key == "dependentRequired" and isinstance(value, dict):
                yield from (name for names in value.values() if isinstance(names, list) for name in names)
            named = key in _NAMES_BELOW and isinstance(value, dict)
            yield from _names_in(list(value.values()) if named else value)


def _keyword(error: Any) -> str:
    name, path = str(getattr(error.kind, "name", "")), list(error.schema_path)
    last = path[-1] if path else ""
    if name == "falseSchema" and isinstance(last, str) and (len(path) == 1 or path[-2] not in _NAMES_BELOW):
        return last
    return "dependentRequired" if last == "dependentRequired" else name


def _measure(value: Any) -> tuple[str | None, int | None]:
    kind = None if value is ABSENT else kind_of(value)
    kind = "number" if kind == "fraction" else kind
    return kind, len(value) if isinstance(value, str | list | dict) else None


def _sentence(keyword: str, wanted: Any, kind: str | None) -> str:
    if keyword == "type" and kind is not None:
        kinds = wanted if isinstance(wanted, list) else [wanted]
        return f"is {_name_kind(kind)}, not {' or '.join(map(_name_kind, kinds))}"
    if keyword in _SENTENCES:
        bare = isinstance(wanted, str) and keyword != "const"
        return _SENTENCES[keyword].format(wanted if bare else format_literal(wanted))
    return f"breaks `{keyword}`"


def _name_kind(kind: Any) -> str:
    return _ARTICLES.get(kind, f"a {kind}")

"""The keywords of JSON Schema 2020-12 and what each may hold. Only what a person can get wrong in a declaration is
checked; what a schema means is the business of `types`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

from cyberflow.diagnostics import did_you_mean, join_names, nearest

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
MARKERS = frozenset({"type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "not", "$ref"})
"""A mapping that has one of these is JSON Schema; any other is nested notation (SPEC section 2)."""


@dataclass(frozen=True)
class KeywordProblem:
    """What is wrong with one keyword: at the key itself, or at `below` inside its value."""

    message: str
    help: str | None = None
    about_key: bool = False
    below: tuple[str | int, ...] = ()


def is_schema(notation: Mapping[str, Any]) -> bool:
    return not MARKERS.isdisjoint(notation)


def find_stray_fields(schema: Mapping[str, Any], types: Container[str]) -> tuple[str, KeywordProblem] | None:
    """What to say of nested notation with a field called `type`, `items` or the like, which reads as JSON Schema, and
    of members written beside `type: object`: the first stranger, and the problem.
    """
    strangers = [key for key in schema if _is_stray_field(key, schema[key], types)]
    if not strangers:
        return None
    marker = marker_of(schema)
    first, rest = strangers[0], len(strangers) - 1
    message = (
        f"`{first}` is not a keyword of JSON Schema"
        if not rest
        else f"{join_names(strangers)} are not keywords of JSON Schema"
    )
    if schema.get("type") == "object":
        return first, KeywordProblem(
            message, f"members go below `properties`: `{{type: object, properties: {{{first}: …}}}}`"
        )
    help = f"for fields of these names write `{{type: object, properties: {{{marker}: …, {first}: …}}}}`"
    return first, KeywordProblem(message, help)


def marker_of(schema: Mapping[str, Any]) -> str:
    """The key that makes a mapping JSON Schema."""
    return next(key for key in schema if key in MARKERS)


def _is_stray_field(key: str, value: Any, types: Container[str]) -> bool:
    if key in _KEYWORDS or key.startswith("x-"):
        return False
    meant = nearest(key, _KEYWORDS)
    word = isinstance(value, str) and (value.removesuffix("[]") in (*TYPES, "any") or value.removesuffix("[]") in types)
    return meant is None or (word and _KEYWORDS[meant] is not _schema)


def check_keyword(key: str, value: Any) -> KeywordProblem | None:
    """Say what is wrong with one keyword, if anything."""
    if key.startswith("x-"):
        return None
    if key not in _KEYWORDS:
        message = f"`{key}` is not a keyword of JSON Schema"
        return KeywordProblem(message, did_you_mean(key, _KEYWORDS), about_key=True)
    return _KEYWORDS[key](key, value)


def _accept_any(_key: str, _value: Any) -> None:
    return None


def _require(what: str, holds: Callable[[Any], bool]) -> Callable[[str, Any], KeywordProblem | None]:
    def check(key: str, value: Any) -> KeywordProblem | None:
        return None if holds(value) else KeywordProblem(f"`{key}` must be {what}")

    return check


def _check_type(_key: str, value: Any) -> KeywordProblem | None:
    words = value if isinstance(value, list) else [value]
    for index, word in enumerate(words):
        if not isinstance(word, str) or word not in TYPES:
            if word is None:
                return KeywordProblem(
                    "`null` without quotes is no name of a type",
                    'write `"null"`',
                    below=(index,) * isinstance(value, list),
                )
            help = did_you_mean(str(word), TYPES)
            if isinstance(word, str) and word.endswith("[]"):
                help = f"`{word}` is notation: write it without `type:`, or `{{type: array, items: {{…}}}}`"
            below = (index,) if isinstance(value, list) else ()
            return KeywordProblem(f"`{word}` is not a type of JSON Schema", help, below=below)
    return None if words else KeywordProblem("`type` lists nothing")


def _check_pattern(key: str, value: Any) -> KeywordProblem | None:
    if not isinstance(value, str):
        return KeywordProblem(f"`{key}` must be text")
    try:
        with catch_warnings():
            simplefilter("ignore")
            re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        if "(?<" in value or r"\p" in value:
            return None
        return KeywordProblem(f"`{key}` is not a regular expression: {error}")
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_text = _require("text", lambda value: isinstance(value, str))
_schema = _require("a schema", lambda value: isinstance(value, dict | bool | str))
_schemas = _require("a list of schemas, at least one", lambda value: isinstance(value, list) and bool(value))
_named = _require("a mapping of names to schemas", lambda value: isinstance(value, dict))
_whole = _require("a whole number, 0 or more", _is_count)
_boolean = _require("`true` or `false`", lambda value: isinstance(value, bool))

_KEYWORDS: dict[str, Callable[[str, Any], KeywordProblem | None]] = {
    "type": _check_type,
    "enum": _require("a list of values, at least one", lambda value: isinstance(value, list) and bool(value)),
    "const": _accept_any,
    "default": _accept_any,
    "examples": _require("a list of values", lambda value: isinstance(value, list)),
    "title": _text,
    "description": _text,
    "format": _text,
    "$comment": _text,
    "$ref": _text,
    "$schema": _text,
    "$id": _text,
    "$anchor": _text,
    "$defs": _named,
    "contentEncoding": _text,
    "contentMediaType": _text,
    "contentSchema": _schema,
    "pattern": _check_pattern,
    "minLength": _whole,
    "maxLength": _whole,
    "minimum": _require("a number", _is_number),
    "maximum": _require("a number", _is_number),
    "exclusiveMinimum": _require("a number", _is_number),
    "exclusiveMaximum": _require("a number", _is_number),
    "multipleOf": _require("a number above 0", lambda value: _is_number(value) and value > 0),
    "items": _schema,
    "prefixItems": _schemas,
    "contains": _schema,
    "minContains": _whole,
    "maxContains": _whole,
    "minItems": _whole,
    "maxItems": _whole,
    "uniqueItems": _boolean,
    "unevaluatedItems": _schema,
    "properties": _named,
    "patternProperties": _named,
    "additionalProperties": _schema,
    "unevaluatedProperties": _schema,
    "propertyNames": _schema,
    "required": _require("a list of names", _is_name_list),
    "minProperties": _whole,
    "maxProperties": _whole,
    "dependentRequired": _require("a mapping of names to lists of names", lambda value: isinstance(value, dict)),
    "dependentSchemas": _named,
    "anyOf": _schemas,
    "oneOf": _schemas,
    "allOf": _schemas,
    "not": _schema,
    "if": _schema,
    "then": _schema,
    "else": _schema,
    "readOnly": _boolean,
    "writeOnly": _boolean,
    "deprecated": _boolean,
}

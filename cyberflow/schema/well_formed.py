"""What a person gets wrong in the keywords of one schema, in words."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

from cyberflow.diagnostics import did_you_mean, join_names, nearest
from cyberflow.late import dataclass, expression
from cyberflow.schema.keywords import (
    KEYWORDS,
    MARKERS,
    PATTERN,
    SCHEMA,
    SCHEMA_MAP,
    SCHEMAS,
    TYPE,
    TYPES,
    WORDS,
    KeywordForm,
)


@dataclass(frozen=True)
class KeywordProblem:
    """What is wrong with one keyword: in its value, at `below` inside it, or, `about_key`, at the key there."""

    message: str
    help: str | None = None
    about_key: bool = False
    below: tuple[str | int, ...] = ()
    known: tuple[str, ...] = ()
    """The closed set that a misspelt word was meant to be of."""


def is_schema(notation: Mapping[str, Any]) -> bool:
    return any(key in MARKERS for key in notation)


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
    if key in KEYWORDS or key.startswith("x-"):
        return False
    meant = nearest(key, KEYWORDS)
    word = isinstance(value, str) and (
        value.removesuffix("[]") in (*WORDS, "null") or value.removesuffix("[]") in types
    )
    return meant is None or (word and KEYWORDS[meant].form is not SCHEMA)


def check_keyword(key: str, value: Any, *, free: bool = False) -> KeywordProblem | None:
    """Say what is wrong with one keyword, if anything. What stands in it as a schema is looked at on its own. Where
    unknown keywords are `free`, only a slip of a known one is wrong.
    """
    if key in _UNREAD:
        return _UNREAD[key]
    if key.startswith("x-") or (free and key not in KEYWORDS and nearest(key, KEYWORDS) is None):
        return None
    if key not in KEYWORDS:
        message = f"`{key}` is not a keyword of JSON Schema"
        return KeywordProblem(message, did_you_mean(key, KEYWORDS), about_key=True, known=tuple(KEYWORDS))
    if key == "$schema" and isinstance(value, str) and not _KNOWN_DIALECT.fullmatch(value):
        help = "take it away if the schema means what JSON Schema 2020-12 says"
        return KeywordProblem(f"`{value}` is a dialect of its own, which is not read", help)
    form = KEYWORDS[key].form
    if form is TYPE:
        return _check_type(value)
    if not _CONTAINERS.get(form, form.fits)(value):
        return KeywordProblem(f"`{key}` must be {form.words}")
    if key == "patternProperties":
        return _check_patterns(key, value)
    return _check_patterns(key, [value]) if form is PATTERN else None


_KNOWN_DIALECT: Final = expression(r"https?://json-schema\.org/(?:draft[-/][0-9-]+/)?schema#?")
_UNREAD: Final = {
    "$dynamicRef": KeywordProblem(
        "`$dynamicRef` is not read: what it leads to depends on the value that is validated",
        "write `$ref` to the definition that is meant",
        about_key=True,
    ),
    "$recursiveRef": KeywordProblem(
        "`$recursiveRef` is not read: JSON Schema 2020-12 has it no more", 'write `$ref: "#"`', about_key=True
    ),
    "dependencies": KeywordProblem(
        "`dependencies` is not read: JSON Schema 2020-12 has split it in two",
        "write `dependentRequired` for lists of names, `dependentSchemas` for schemas",
        about_key=True,
    ),
}
_CONTAINERS: Final[Mapping[KeywordForm, Callable[[Any], bool]]] = {
    SCHEMA: lambda value: isinstance(value, dict | bool | str),
    SCHEMAS: lambda value: isinstance(value, list) and bool(value),
    SCHEMA_MAP: lambda value: isinstance(value, dict),
}
"""The form alone of what holds schemas."""


def _check_type(value: Any) -> KeywordProblem | None:
    words = value if isinstance(value, list) else [value]
    for index, word in enumerate(words):
        if isinstance(word, str) and word in TYPES:
            continue
        below = (index,) if isinstance(value, list) else ()
        if word is None:
            return KeywordProblem("`null` without quotes does not name a type", 'write `"null"`', below=below)
        help, known = did_you_mean(str(word), TYPES), tuple(TYPES)
        if isinstance(word, str) and word.endswith("[]"):
            known = ()
            help = f"`{word}` is notation: write it without `type:`, or `{{type: array, items: {{…}}}}`"
        return KeywordProblem(f"`{word}` is not a type of JSON Schema", help, below=below, known=known)
    return None if words else KeywordProblem("`type` lists nothing")


def _check_patterns(key: str, patterns: Iterable[Any]) -> KeywordProblem | None:
    from cyberflow.schema.regex.pattern import pattern_problem

    for pattern in patterns:
        if isinstance(pattern, str) and (why := pattern_problem(pattern)):
            below = (pattern,) if key == "patternProperties" else ()
            where = f"`{pattern}`" if below else f"`{key}`"
            return KeywordProblem(f"{where} is not a regular expression: {why}", about_key=bool(below), below=below)
    return None

"""The keywords of JSON Schema 2020-12: the one table of what each may hold, which hold schemas, to which kinds of value
each applies, and which make a mapping of the notation JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from cyberflow.late import dataclass
from cyberflow.schema.values import KINDS, KINDS_OF_TYPE, Schema, is_json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")
"""The words of `type`; all but `null` are words of the notation too, as is `any`."""
WORDS: Final[Mapping[str, dict[str, Any]]] = {**{word: {"type": word} for word in TYPES[:-1]}, "any": {}}
"""The words of the notation and what each is, one object, so that two uses of it are known to agree."""

Holds: TypeAlias = Literal["schema", "list", "map"]


@dataclass(frozen=True, slots=True, eq=False)
class KeywordForm:
    """What a keyword may hold: in words, and as a test. `holds`: how schemas stand in it."""

    words: str
    fits: Callable[[Any], bool]
    holds: Holds | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Keyword:
    """One keyword. `kinds`: the kinds of value it says something about, none for annotations and composition.
    `marker`: a mapping of the notation that has it is JSON Schema. `in_place`: its schemas look at the same value.
    """

    form: KeywordForm
    kinds: frozenset[str] = frozenset()
    marker: bool = False
    in_place: bool = False


def _is_schema(value: Any) -> bool:
    return isinstance(value, (dict, bool))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and is_json(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) and value else [value]
    return all(isinstance(name, str) and name in KINDS_OF_TYPE for name in names)


def _is_map_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return isinstance(value, dict) and all(isinstance(key, str) and accepts(item) for key, item in value.items())

    return check


SCHEMA: Final = KeywordForm("a schema", _is_schema, "schema")
SCHEMAS: Final = KeywordForm(
    "a list of schemas, at least one",
    lambda value: isinstance(value, list) and bool(value) and all(map(_is_schema, value)),
    "list",
)
SCHEMA_MAP: Final = KeywordForm("a mapping of names to schemas", _is_map_of(_is_schema), "map")
TEXT: Final = KeywordForm("text", _is_text)
PATTERN: Final = KeywordForm("text", _is_text)
FLAG: Final = KeywordForm("`true` or `false`", lambda value: isinstance(value, bool))
COUNT: Final = KeywordForm("a whole number, 0 or more", _is_count)
NUMBER: Final = KeywordForm("a number", _is_number)
STEP: Final = KeywordForm("a number above 0", lambda value: _is_number(value) and value > 0)
NAMES: Final = KeywordForm("a list of names", _is_text_list)
NAMES_MAP: Final = KeywordForm("a mapping of names to lists of names", _is_map_of(_is_text_list))
TYPE: Final = KeywordForm("a type, or a list of types", _is_type)
VALUES: Final = KeywordForm("a list of values", lambda value: isinstance(value, list))
CHOICES: Final = KeywordForm("a list of values", lambda value: isinstance(value, list) and is_json(value))
VALUE: Final = KeywordForm("a value", is_json)
FREE: Final = KeywordForm("a value", lambda _: True)

_STRING: Final = frozenset({"string"})
_ARRAY: Final = frozenset({"array"})
_OBJECT: Final = frozenset({"object"})
_BOUND: Final = Keyword(NUMBER, KINDS_OF_TYPE["number"])
_COMPOSITION: Final = Keyword(SCHEMAS, marker=True, in_place=True)
_CONDITION: Final = Keyword(SCHEMA, in_place=True)


def _each(names: str, keyword: Keyword) -> dict[str, Keyword]:
    return dict.fromkeys(names.split(), keyword)


KEYWORDS: Final[Mapping[str, Keyword]] = {
    "type": Keyword(TYPE, marker=True),
    "enum": Keyword(CHOICES, marker=True),
    "const": Keyword(VALUE, marker=True),
    "default": Keyword(FREE),
    "examples": Keyword(VALUES),
    **_each("title description $comment $schema $id $anchor $dynamicAnchor", Keyword(TEXT)),
    "$ref": Keyword(TEXT, marker=True, in_place=True),
    **_each("$defs definitions", Keyword(SCHEMA_MAP)),
    **_each("format contentEncoding contentMediaType", Keyword(TEXT, _STRING)),
    "contentSchema": Keyword(SCHEMA),
    "pattern": Keyword(PATTERN, _STRING),
    **_each("minLength maxLength", Keyword(COUNT, _STRING)),
    **_each("minimum maximum exclusiveMinimum exclusiveMaximum", _BOUND),
    "multipleOf": Keyword(STEP, KINDS_OF_TYPE["number"]),
    "items": Keyword(SCHEMA, _ARRAY, marker=True),
    "prefixItems": Keyword(SCHEMAS, _ARRAY),
    **_each("contains unevaluatedItems", Keyword(SCHEMA, _ARRAY)),
    **_each("minContains maxContains minItems maxItems", Keyword(COUNT, _ARRAY)),
    "uniqueItems": Keyword(FLAG, _ARRAY),
    "properties": Keyword(SCHEMA_MAP, _OBJECT, marker=True),
    **_each("patternProperties dependentSchemas", Keyword(SCHEMA_MAP, _OBJECT)),
    **_each("additionalProperties unevaluatedProperties propertyNames", Keyword(SCHEMA, _OBJECT)),
    "required": Keyword(NAMES, _OBJECT),
    **_each("minProperties maxProperties", Keyword(COUNT, _OBJECT)),
    "dependentRequired": Keyword(NAMES_MAP, _OBJECT),
    **_each("anyOf oneOf allOf", _COMPOSITION),
    "not": Keyword(SCHEMA, marker=True, in_place=True),
    **_each("if then else", _CONDITION),
    **_each("readOnly writeOnly deprecated", Keyword(FLAG)),
}
"""Every keyword that a declaration may use."""

FOREIGN: Final[Mapping[str, Keyword]] = {
    **_each("$dynamicRef $recursiveRef", Keyword(TEXT, in_place=True)),
    "dependencies": Keyword(FREE, _OBJECT),
    "$vocabulary": Keyword(FREE),
}
"""Keywords that mean something and are not read here: what they decide is undecided."""

ALL_KEYWORDS: Final[Mapping[str, Keyword]] = {**KEYWORDS, **FOREIGN}
MARKERS: Final = tuple(name for name, keyword in KEYWORDS.items() if keyword.marker)
"""A mapping that has one of these is JSON Schema; any other is nested notation."""


def kinds_of_keyword(name: str) -> frozenset[str]:
    """Give the kinds of value that a keyword says something about."""
    keyword = ALL_KEYWORDS.get(name)
    return frozenset() if keyword is None else keyword.kinds


def holds(name: str) -> Holds | None:
    """Say how schemas stand in a keyword's value, if they do."""
    keyword = KEYWORDS.get(name)
    return None if keyword is None else keyword.form.holds


def map_subschemas(name: str, value: Any, change: Callable[[Any], Any]) -> Any:
    """Rebuild a keyword's value with every schema in it changed; a value of another form stays as it is."""
    match holds(name):
        case "schema":
            return change(value)
        case "list" if isinstance(value, list):
            return [change(item) for item in value]
        case "map" if isinstance(value, dict):
            return {key: change(item) for key, item in value.items()}
    return value


def subschemas(schema: Mapping[str, Any]) -> Iterator[Schema]:
    """Give the sub-schemas written in this schema, one level down."""
    for name, value in schema.items():
        match holds(name):
            case "schema":
                yield value
            case "list":
                yield from value
            case "map":
                yield from value.values()


def keywords_fit(schema: Mapping[str, Any]) -> bool:
    """Say whether every keyword of this one schema has a form that can be read."""
    return all(isinstance(key, str) for key in schema) and all(
        ALL_KEYWORDS[key].form.fits(value) for key, value in schema.items() if key in ALL_KEYWORDS
    )


def kinds_of_type(names: str | list[str]) -> frozenset[str]:
    """Give the kinds that a `type` keyword admits."""
    return frozenset[str]().union(*(KINDS_OF_TYPE[name] for name in ([names] if isinstance(names, str) else names)))


def keyword_kinds(schema: dict[str, Any]) -> frozenset[str]:
    """Give the kinds that the schema's own keywords say something about."""
    return frozenset[str]().union(*map(kinds_of_keyword, schema)) & KINDS


def accepts_anything(schema: Schema) -> bool:
    """Recognise `any`: true, or a schema of annotations alone."""
    if isinstance(schema, bool):
        return schema
    return not any(restricts(key) for key in schema)


def restricts(name: str) -> bool:
    """Say whether a keyword can refuse a value, by itself or by what stands in it."""
    keyword = ALL_KEYWORDS.get(name)
    return keyword is not None and bool(keyword.kinds or keyword.in_place or name in ("type", "enum", "const"))

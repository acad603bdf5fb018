"""The keywords of JSON Schema 2020-12: what form each must have, which hold schemas, to which kinds each applies. A
schema that is not well formed is a finding of its own; here it only makes every question about types undecidable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from cyberflow.schema.values import KINDS, KINDS_OF_TYPE, MAX_DEPTH, Schema, is_json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

ONE_SCHEMA: Final = frozenset(
    {
        *("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"),
        *("unevaluatedProperties", "unevaluatedItems", "contentSchema"),
    }
)
SCHEMA_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAP: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
IN_PLACE: Final = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef"})

_OBJECT: Final = frozenset({"object"})
_ARRAY: Final = frozenset({"array"})
_STRING: Final = frozenset({"string"})
APPLIES_TO: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), KINDS_OF_TYPE["number"]
    ),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"), _STRING),
    **dict.fromkeys(("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"), _ARRAY),
    **dict.fromkeys(("minContains", "maxContains", "unevaluatedItems"), _ARRAY),
    **dict.fromkeys(("properties", "patternProperties", "additionalProperties", "propertyNames", "required"), _OBJECT),
    **dict.fromkeys(("minProperties", "maxProperties", "dependentRequired", "dependentSchemas"), _OBJECT),
    **dict.fromkeys(("unevaluatedProperties", "dependencies"), _OBJECT),
}


def _is_schema(value: Any) -> bool:
    return isinstance(value, (dict, bool))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and is_json(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) and value else [value]
    return all(isinstance(name, str) and name in KINDS_OF_TYPE for name in names)


def _is_map_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return isinstance(value, dict) and all(isinstance(key, str) and accepts(item) for key, item in value.items())

    return check


FORMS: Final[Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(ONE_SCHEMA, _is_schema),
    **dict.fromkeys(SCHEMA_MAP, _is_map_of(_is_schema)),
    **dict.fromkeys(SCHEMA_LIST, lambda value: isinstance(value, list) and bool(value) and all(map(_is_schema, value))),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("minContains", "maxContains"), _is_count),
    **dict.fromkeys(("pattern", "format", "$ref"), lambda value: isinstance(value, str)),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "uniqueItems": lambda value: isinstance(value, bool),
    "type": _is_type,
    "required": _is_text_list,
    "dependentRequired": _is_map_of(_is_text_list),
    "enum": lambda value: isinstance(value, list) and is_json(value),
    "const": is_json,
    "$schema": lambda value: isinstance(value, str) and value.removesuffix("#") == DIALECT,
}


def subschemas(schema: dict[str, Any]) -> Iterator[Schema]:
    """Give the sub-schemas written in this schema, one level down."""
    for keyword, value in schema.items():
        if keyword in ONE_SCHEMA:
            yield value
        elif keyword in SCHEMA_LIST:
            yield from value
        elif keyword in SCHEMA_MAP:
            yield from value.values()


def is_well_formed(schema: Any) -> bool:
    """Say whether the schema, with all that it refers to, can be read at all: forms, depth, one base URI."""
    if not _is_schema(schema):
        return False
    pending: list[tuple[Schema, int]] = [(schema, 0)]
    seen: set[int] = set()
    while pending:
        node, depth = pending.pop()
        if isinstance(node, bool) or id(node) in seen:
            continue
        seen.add(id(node))
        if depth > MAX_DEPTH or (depth and "$id" in node) or not _keywords_fit(node):
            return False
        pending.extend((child, depth + 1) for child in subschemas(node))
        target = resolve_pointer(schema, node["$ref"]) if "$ref" in node else None
        if target is not None:
            pending.append((target, 1))
    return True


def _keywords_fit(schema: dict[str, Any]) -> bool:
    return all(isinstance(key, str) and (key not in FORMS or FORMS[key](value)) for key, value in schema.items())


def resolve_pointer(root: Schema, ref: str) -> Schema | None:
    """Follow a `$ref` that is a JSON pointer into its own document; None for every other one."""
    if ref != "#" and not ref.startswith("#/"):
        return None
    node: Any = root
    for token in unquote(ref).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node if _is_schema(node) else None


def kinds_of_type(names: str | list[str]) -> frozenset[str]:
    """Give the kinds that a `type` keyword admits."""
    return frozenset[str]().union(*(KINDS_OF_TYPE[name] for name in ([names] if isinstance(names, str) else names)))


def keyword_kinds(schema: dict[str, Any]) -> frozenset[str]:
    """Give the kinds that the schema's own keywords say something about."""
    return frozenset[str]().union(*(APPLIES_TO.get(keyword, frozenset()) for keyword in schema)) & KINDS


def accepts_anything(schema: Schema) -> bool:
    """Recognise `any`: true, or a schema of annotations alone."""
    if isinstance(schema, bool):
        return schema
    return not any(key in APPLIES_TO or key in IN_PLACE or key in ("type", "enum", "const") for key in schema)

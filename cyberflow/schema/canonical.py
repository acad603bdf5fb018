"""JSON Schema in one form: local definitions that are not recursive are inlined, the dialect's name goes, and lists
that are sets have an order. What a schema accepts is never changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEFS = "#/$defs/"
_OLD_DEFS = "#/definitions/"
_DATA = frozenset({"const", "default", "enum", "examples"})
_DROPPED = frozenset({"$schema", "$id", "$defs", "definitions"})


def canonical_schema(schema: Any) -> Any:
    """Give the one form; what is no mapping stays as it is."""
    if not isinstance(schema, dict):
        return schema
    named = {**_mapping_or_empty(schema.get("definitions")), **_mapping_or_empty(schema.get("$defs"))}
    kept: dict[str, Any] = {}
    form = _canonical_form(schema, named, (), kept)
    return {**form, "$defs": {name: kept[name] for name in sorted(kept)}} if kept else form


def _canonical_form(schema: Any, named: Mapping[str, Any], above: tuple[str, ...], kept: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_canonical_form(item, named, above, kept) for item in schema]
    if not isinstance(schema, dict):
        return schema
    name = _definition_name(schema.get("$ref"), named)
    if name is not None and set(schema) <= {"$ref", *_DROPPED}:
        return _inline_definition(name, named, above, kept)
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _DROPPED:
            continue
        if key == "required" and _is_text_list(value):
            if value:
                made[key] = sorted(set(value))
        elif key in ("properties", "patternProperties", "dependentSchemas") and isinstance(value, dict):
            # `true` and `{}` accept the same.
            made[key] = {
                one: {} if item is True else _canonical_form(item, named, above, kept) for one, item in value.items()
            }
        else:
            made[key] = value if key in _DATA else _canonical_form(value, named, above, kept)
    return made


def _inline_definition(name: str, named: Mapping[str, Any], above: tuple[str, ...], kept: dict[str, Any]) -> Any:
    """A definition in place of the reference to it; a recursive one stays where it is."""
    if name in above or name in kept:
        kept.setdefault(name, {})
        return {"$ref": _DEFS + name}
    form = _canonical_form(named[name], named, (*above, name), kept)
    if name not in kept:
        return form
    kept[name] = form
    return {"$ref": _DEFS + name}


def _definition_name(reference: Any, named: Mapping[str, Any]) -> str | None:
    if not isinstance(reference, str):
        return None
    name = reference.removeprefix(_DEFS).removeprefix(_OLD_DEFS)
    return name if name in named and name != reference else None


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _mapping_or_empty(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

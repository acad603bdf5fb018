"""Schemas of the type tests, in fewer words than JSON Schema needs."""

from __future__ import annotations

from typing import Any

STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}
NULL: dict[str, Any] = {"type": "null"}
OBJECT: dict[str, Any] = {"type": "object"}
ARRAY: dict[str, Any] = {"type": "array"}
ANY: dict[str, Any] = {}
DATE: dict[str, Any] = {"type": "string", "format": "date"}


def record(**members: Any) -> dict[str, Any]:
    """`record(id=STRING, note_=STRING)`: a trailing underscore makes the member optional."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in members.items()},
        "required": [name for name in members if not name.endswith("_")],
    }


def text(**keywords: Any) -> dict[str, Any]:
    return {"type": "string", **keywords}


def listed(items: Any, **keywords: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **keywords}


def either(*options: Any) -> dict[str, Any]:
    return {"anyOf": list(options)}


def node(value: Any) -> dict[str, Any]:
    return {"$ref": "#/$defs/Node", "$defs": {"Node": record(value=value, next_={"$ref": "#/$defs/Node"})}}

"""Schemas in normal form, put together and written as they are sent. What a declaration means is read in `shapes`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def object_schema(members: Mapping[str, tuple[Schema, bool]]) -> Schema:
    """An object schema of members; their `$defs` move to its root."""
    properties: Schema = {}
    definitions: Schema = {}
    for name, (schema, _) in members.items():
        properties[name] = {key: value for key, value in schema.items() if key != "$defs"}
        definitions |= schema.get("$defs", {})
    made: Schema = {"type": "object", "properties": properties}
    if required := [name for name, (_, needed) in members.items() if needed]:
        made["required"] = required
    return {**made, "$defs": definitions} if definitions else made


def schema_text(schema: Schema) -> str:
    """A schema as it is sent: sorted keys, `properties` in order of declaration."""
    return json.dumps(_sort_keys(schema), ensure_ascii=False)


def _sort_keys(schema: Any, *, named: bool = False) -> Any:
    if isinstance(schema, list):
        return [_sort_keys(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    keys = schema if named else sorted(schema)
    return {key: _sort_keys(schema[key], named=key == "properties" and not named) for key in keys}

"""Completion of the language's own keys, for clients without a YAML language server that ask for it."""

from __future__ import annotations

from functools import cache
from typing import Any

from cyberflow.language.editor.json_schemas import editor_schema
from cyberflow.language.project.routes import value_at
from cyberflow.language.yaml.cursor import Cursor
from cyberflow.lsp.completion.suggestions import Names, Suggestion


def complete_key(cursor: Cursor) -> Names | None:
    """The keys that may still stand in the mapping around a cursor, with what each is for."""
    whole = _schema()
    kinds = _resolve(whole, whole)
    for step in cursor.parent:
        kinds = [part for kind in kinds for below in _below(kind, step) for part in _resolve(below, whole)]
    given = value_at(cursor.data, cursor.parent)
    taken = set(given) - {cursor.route[-1]} if isinstance(given, dict) else set()
    colon = "" if cursor.after.lstrip().startswith(":") else ": "
    items = {
        key: Suggestion(key, "key", key + colon, "", str(body.get("description", "")) if isinstance(body, dict) else "")
        for kind in kinds
        for key, body in kind.get("properties", {}).items()
        if key not in taken
    }
    return Names(cursor.before, items.values()) if items else None


@cache
def _schema() -> Any:
    return editor_schema()


def _resolve(schema: Any, whole: Any) -> list[dict[str, Any]]:
    """A schema as the alternatives that it stands for."""
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return _resolve(whole["definitions"][schema["$ref"].rpartition("/")[2]], whole)
    parts = [*schema.get("anyOf", ()), *(schema[key] for key in ("then", "else") if key in schema)]
    return [schema, *(part for one in parts for part in _resolve(one, whole))]


def _below(schema: dict[str, Any], step: str | int) -> list[Any]:
    """What a schema says of a member or an item."""
    if isinstance(step, int):
        return [schema["items"]] if "items" in schema else []
    if step in schema.get("properties", {}):
        return [schema["properties"][step]]
    return [schema["additionalProperties"]] if isinstance(schema.get("additionalProperties"), dict) else []

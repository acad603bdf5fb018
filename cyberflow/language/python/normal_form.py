"""Takes off what pydantic adds to the JSON Schema of a type, and writes it in the notation. Data to data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.schema.keywords import map_subschemas
from cyberflow.schema.well_formed import is_schema

Schema = dict[str, Any]
_DROPPED = ("title", "discriminator")
_NULL = {"type": "null"}
_SAYS_NOTHING: Mapping[str, tuple[Any, ...]] = {"additionalProperties": (True, {}), "items": ({},), "required": ([],)}


def normalize(schema: Any) -> Any:
    """Titles go, `T | None = None` is an optional `T`, and what says nothing goes."""
    if not isinstance(schema, dict):
        return schema
    schema = {key: value for key, value in schema.items() if key not in _DROPPED}
    if schema.get("default", ...) is None:
        schema = _strip_null(schema)
    if len(schema.get("allOf", ())) == 1:
        schema = {**schema.pop("allOf")[0], **schema}
    made = {key: map_subschemas(key, value, normalize) for key, value in schema.items()}
    return {key: value for key, value in made.items() if value not in _SAYS_NOTHING.get(key, ())}


def member_notations(schema: Schema, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an object as names to types: `?` ends a name that is optional without a default."""
    needed = schema.get("required", [])
    made = {}
    for name, value in schema["properties"].items():
        written = name if name in needed or "default" in value else f"{name}?"
        made[written] = to_notation({**value, "$defs": definitions} if definitions else value)
    return made


def to_notation(schema: Schema) -> Any:
    """A schema as the notation takes it: without a keyword that makes it one, it would read as nested notation."""
    if not schema:
        return "any"
    return schema if is_schema(schema) else {"schema": schema}


def _strip_null(schema: Schema) -> Schema:
    """Take the default None, and the null that only it needs, off a type."""
    rest = {key: value for key, value in schema.items() if key != "default"}
    arms = [arm for arm in rest.get("anyOf", ()) if arm != _NULL]
    if len(arms) == len(rest.get("anyOf", ())):
        return rest
    beside = {key: value for key, value in rest.items() if key != "anyOf"}
    return {**arms[0], **beside} if len(arms) == 1 else {**beside, "anyOf": arms}

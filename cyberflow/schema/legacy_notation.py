"""The older, simplified notation of output schemas, `{"mrn": "string", "visit": {"at": "string"}}`: workflows made in
the dashboard may still hold it. It is read as the JSON Schema it stands for, and never written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.schema.keywords import DIALECT, FREE, KEYWORDS, TEXT, TYPE, TYPES, VALUES
from cyberflow.schema.normal_form import DEEPEST

_STRUCTURAL = frozenset(name for name, keyword in KEYWORDS.items() if keyword.form not in (TEXT, TYPE, FREE, VALUES))
"""Keywords that never hold text; a field of the notation that is called as one of them does."""


def is_json_schema(value: Any) -> bool:
    """Tell JSON Schema, whose keywords hold schemas and lists, from the notation, whose values are words for types."""
    if not isinstance(value, Mapping) or not value:
        return True
    if any(key in value and not isinstance(value[key], str) for key in _STRUCTURAL):
        return True
    if any(key.startswith("$") for key in value):
        return True
    kind = value.get("type")
    if kind == "object" or isinstance(kind, list):
        return True
    others = [word for key, word in value.items() if key != "type"]
    return isinstance(kind, str) and kind in TYPES and not (others and all(_is_type_word(word) for word in others))


def to_unmistakable(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema that nobody takes for the notation: one that could be names its dialect."""
    return schema if is_json_schema(schema) else {"$schema": DIALECT, **schema}


def to_json_schema(notation: Any) -> dict[str, Any]:
    """Every field is required; a word that is not a type describes a string."""
    if isinstance(notation, Mapping):
        properties = {str(name): to_json_schema(value) for name, value in notation.items()}
        return {"type": "object", "properties": properties, "required": list(properties)}
    if isinstance(notation, list):
        return {"type": "array", "items": to_json_schema(notation[0])} if notation else {"type": "array"}
    if not isinstance(notation, str):
        return {}
    word, lists = notation.strip(), 0
    while word.endswith("[]") and lists < DEEPEST:
        word, lists = word[:-2].strip(), lists + 1
    made: dict[str, Any] = {"type": "string", "description": word if lists else notation}
    if _is_type_word(word):
        made = {"type": word.lower()}
    for _ in range(lists):
        made = {"type": "array", "items": made}
    return made


def _is_type_word(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower().removesuffix("[]") in TYPES

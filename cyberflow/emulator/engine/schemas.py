"""JSON Schema as text, as workflows carry it: is it one, and what in an instance is against it. Answers never quote
the instance, and no schema is fetched from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.emulator.contract import json_text
from cyberflow.emulator.contract.errors import InvalidRequest, violation
from cyberflow.schema.legacy_notation import is_json_schema, to_json_schema
from cyberflow.schema.validation.jsonschema import validator_of


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One way an instance is against its schema; `missing` names the property that a `required` asked for."""

    path: tuple[str | int, ...]
    message: str
    keyword: str
    missing: str | None = None

    @property
    def place(self) -> str:
        return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path).lstrip(".")

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.path else self.message


def violations(schema: Any, instance: Any) -> list[SchemaViolation]:
    """Every flaw, in the order of the schema."""
    return [_to_violation(error) for error in validator_of(schema).iter_errors(instance)]


def is_valid(schema: Any, instance: Any) -> bool:
    return bool(validator_of(schema).is_valid(instance))


def load(text: str | None) -> Any:
    """The schema that a stored text holds; an absent one, which allows everything, is None."""
    return None if text is None else json.loads(text)


def load_output_schema(text: str | None) -> Any:
    """As `load`; the older simplified notation is read as the JSON Schema it stands for."""
    schema = load(text)
    return schema if schema is None or is_json_schema(schema) else to_json_schema(schema)


def require_schema(text: str | None, field: str, *, simplified: bool = False) -> None:
    """Refuse (422) a text that is not JSON, not an object, or not JSON Schema."""
    if text is None:
        return
    try:
        schema = json_text.parse(text)
    except ValueError:
        raise _invalid_schema(field, "is not valid JSON") from None
    if not isinstance(schema, Mapping):
        raise _invalid_schema(field, "must be a JSON object")
    if next(json_text.find_unstorable(schema), None):
        raise _invalid_schema(field, "holds what cannot be kept: half a character, or too many levels")
    if simplified and not is_json_schema(schema):
        return
    try:
        validator_of(schema)
    except ValueError:
        raise _invalid_schema(field, "is not a valid JSON Schema") from None


def _invalid_schema(field: str, reason: str) -> InvalidRequest:
    return InvalidRequest([violation(["body", field], f"{field} {reason}", "value_error")])


def _to_violation(error: Any) -> SchemaViolation:
    path = tuple(error.instance_path)
    name = getattr(error.kind, "name", "")
    missing = str(error.kind.property) if name == "required" else None
    return SchemaViolation(path, str(error.message), str(name), missing)

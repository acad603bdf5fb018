"""What a declaration takes or gives: names to types in normal form. `shapes` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyberflow.schema.text import Schema, object_schema
from cyberflow.source import Place


@dataclass(frozen=True)
class Field:
    """One name of a shape. `schema` is self-contained; `place` is where the name is declared."""

    name: str
    schema: Schema
    required: bool
    place: Place


@dataclass(frozen=True)
class FieldSet:
    """Names to types, in order of declaration. A shape that could not be read is not `known`, and nothing is said of
    what it lacks.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    known: bool = True

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def schema(self) -> Schema:
        """The shape as an object schema, closed against nothing."""
        return object_schema({name: (one.schema, one.required) for name, one in self.fields.items()})

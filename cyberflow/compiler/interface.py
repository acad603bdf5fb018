"""The declared fields of a workflow, chain or task: names to types in normal form. `type_notation` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyberflow.schema.text import Schema, object_schema
from cyberflow.source import Place


@dataclass(frozen=True)
class Field:
    """A field: one name and its type. `schema` is self-contained; `place` is where the name is declared."""

    name: str
    schema: Schema
    required: bool
    place: Place


@dataclass(frozen=True)
class FieldSet:
    """Fields in order of declaration. Of one that could not be read, and is not `known`, nothing is said."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    known: bool = True

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def schema(self) -> Schema:
        """The fields as an object schema, closed against nothing."""
        return object_schema({name: (one.schema, one.required) for name, one in self.fields.items()})

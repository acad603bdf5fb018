"""The declared fields of a workflow, chain or task: names to types in normal form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyberflow.schema.definitions import object_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.source import Place


@dataclass(frozen=True)
class Field:
    """One declared name. `schema` is self-contained; `place` is where the name is declared."""

    name: str
    schema: ObjectSchema
    required: bool
    place: Place


@dataclass(frozen=True)
class FieldSet:
    """Names to types, in order of declaration. What could not be read, or lists no names, is not `known`, and nothing
    is said of what it lacks. `whole` is the schema of the file that they come from.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    known: bool = True
    whole: ObjectSchema | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is declared."""
        return not self.fields and self.whole is None

    def schema(self) -> ObjectSchema:
        """The fields as an object schema, closed against nothing; what a file says is as the file says it."""
        if self.whole is not None:
            return self.whole
        return object_schema({name: (one.schema, one.required) for name, one in self.fields.items()})

"""The declared fields of a declaration, as they are written and in normal form, and all that a caller sees of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, NamedTuple

from cyberflow.compiler.pipeline.form import StepKind
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.compiler.type_help import looks_optional, name_help
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.model import NAME
from cyberflow.language.project.naming import bad_name, duplicate_name
from cyberflow.late import cached_property, dataclass
from cyberflow.schema.definitions import object_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.paths import FoundType, LookupResult, lookup
from cyberflow.source import Place

NameKind = Literal["input", "secret"]


class Member(NamedTuple):
    """One name with the type that is written for it."""

    name: str
    notation: Any
    place: Place
    optional: bool


def read_members(
    notation: Mapping[str, Any], place: Place, listed: Mapping[str, Place] | None
) -> tuple[list[Member], list[Diagnostic]]:
    """The members of a mapping, and what is wrong with their names. `listed`: where those stand that are written as
    entries of a list; None below the top.
    """
    nested, listed = listed is None, listed or {}
    members: dict[str, Member] = {}
    problems: list[Diagnostic] = []
    for written, value in notation.items():
        name, at = written.removesuffix("?"), listed.get(written) or place.at(written)
        if name not in members and NAME.fullmatch(name):
            members[name] = Member(name, value, at, name != written or looks_optional(value))
            continue
        key = at if written in listed else at.at_key()
        if name in members:
            first = members[name].place.at_key()
            problems.append(duplicate_name(name, key, first, "declared here", "keep one of the two"))
        else:
            problems.append(name_help(bad_name(name, key), name, value, at, nested=nested))
    return [*members.values()], problems


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


NO_FIELDS = FieldSet()


@dataclass(frozen=True)
class Callee:
    """What a step runs, as the step sees it. `files` are the names of those it takes at run time; what a task makes
    are files, and not `outputs`. `texts` are those that may name what is not declared.
    """

    kind: StepKind
    name: str
    place: Place
    inputs: FieldSet = NO_FIELDS
    secrets: FieldSet = NO_FIELDS
    outputs: FieldSet = NO_FIELDS
    from_machine: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    texts: tuple[ScannedText, ...] = ()
    takes_key: bool = False

    def at(self, *keys: str | int) -> Place:
        return self.place.at(*keys)

    def fields_of(self, kind: NameKind) -> FieldSet:
        return self.inputs if kind == "input" else self.secrets

    @cached_property
    def outputs_schema(self) -> ObjectSchema:
        return self.outputs.schema()

    def output_type(self, keys: Sequence[str | int]) -> LookupResult:
        """What a path leads to in its outputs."""
        one = self.outputs.fields.get(str(keys[0])) if len(keys) == 1 and self.outputs.whole is None else None
        if one is not None and not one.schema.keys() & {"$ref", "$defs"}:
            return FoundType(one.schema, not one.required)
        return lookup(self.outputs_schema, keys)

"""Follows the path of a token or a ref into a type. Objects that list their `properties` are closed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from cyberflow.late import dataclass
from cyberflow.schema.definitions import extract
from cyberflow.schema.describe import describe
from cyberflow.schema.keywords import accepts_anything
from cyberflow.schema.normal_form import readable
from cyberflow.schema.subtype.disjuncts import Disjunct, SchemaContext, attempt
from cyberflow.schema.values import Schema


@dataclass(frozen=True, slots=True)
class FoundType:
    """The type at the end of the path, standing alone. `optional`: the value may be absent or a parent may be null."""

    schema: Schema
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MissingMember:
    """No value of the type has `keys[key_index]`; `known` are the members it has there, as declared."""

    key_index: int
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """`keys[key_index]` is applied to a type that has no members or entries of that sort."""

    key_index: int
    type_text: str


@dataclass(frozen=True, slots=True)
class UnknownPath:
    """The type says nothing about the path."""


_MEMBERS_ONLY = frozenset({"type", "properties", "required", "title", "description", "examples", "default"})

LookupResult: TypeAlias = FoundType | MissingMember | Scalar | UnknownPath


def lookup(schema: Schema, keys: Sequence[str | int]) -> LookupResult:
    """Follow a path. It exists when every alternative but null has it; when only some have it, it is optional."""
    if (found := _follow_members(schema, keys)) is not None:
        return found
    form = readable(schema)
    if form is None:
        return UnknownPath()
    return attempt(_follow, SchemaContext(form), keys) or UnknownPath()


def _follow_members(schema: Schema, keys: Sequence[str | int]) -> FoundType | None:
    """The common case, without a scope: declared members of objects that say nothing but their members."""
    optional = False
    for key in keys:
        if not isinstance(schema, dict) or schema.get("type") != "object" or not schema.keys() <= _MEMBERS_ONLY:
            return None
        properties, required = schema.get("properties"), schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list) or key not in properties:
            return None
        schema, optional = properties[key], optional or key not in required
    return FoundType(schema, optional) if isinstance(schema, dict) and "$ref" not in schema else None


def _follow(scope: SchemaContext, keys: Sequence[str | int]) -> LookupResult:
    schema, optional = scope.root, False
    for index, key in enumerate(keys):
        step = _step(scope, schema, key, index)
        if not isinstance(step, FoundType):
            return step
        schema, optional = step.schema, optional or step.optional
    return FoundType(extract(schema, scope.root) if keys else schema, optional)


def _step(scope: SchemaContext, schema: Schema, key: str | int, index: int) -> LookupResult:
    shapes = [shape for shape in scope.disjuncts(schema) if shape.kinds != {"null"}]
    nullable = any("null" in shape.kinds and "null" in shape.likely_kinds for shape in scope.disjuncts(schema))
    steps = [_step_into(scope, shape, key, index) for shape in shapes]
    if not steps or any(isinstance(step, UnknownPath) for step in steps):
        text = describe(schema, root=scope.root)
        return Scalar(index, text) if nullable and not steps else UnknownPath()
    found = [step for step in steps if isinstance(step, FoundType)]
    if found:
        optional = nullable or len(found) < len(steps) or any(step.optional for step in found)
        return FoundType(_union(scope, [step.schema for step in found]), optional)
    missing = [step for step in steps if isinstance(step, MissingMember)]
    if missing:
        return MissingMember(index, tuple(dict.fromkeys(name for step in missing for name in step.known)))
    return Scalar(index, describe(schema, root=scope.root))


def _union(scope: SchemaContext, schemas: Iterable[Schema]) -> Schema:
    distinct: list[Schema] = []
    for schema in schemas:
        if not any(schema is other for other in distinct):
            distinct.append(schema)
    return distinct[0] if len(distinct) == 1 else scope.keep_alive({"anyOf": distinct})


def _step_into(scope: SchemaContext, shape: Disjunct, key: str | int, index: int) -> LookupResult:
    if shape.values is not None:
        return _step_into_values(scope, shape, key, index)
    if not shape.likely_kinds:
        return UnknownPath()
    wanted = "object" if isinstance(key, str) else "array"
    if wanted not in shape.likely_kinds:
        return Scalar(index, "")
    step = _member(scope, shape, key, index) if isinstance(key, str) else _entry(scope, shape, key, index)
    if isinstance(step, FoundType) and shape.likely_kinds - {"null"} != {wanted}:
        return FoundType(step.schema, optional=True)
    return step


def _step_into_values(scope: SchemaContext, shape: Disjunct, key: str | int, index: int) -> LookupResult:
    values = [value for value in shape.values or () if value is not None]
    held = [value[key] for value in values if isinstance(value, dict) and key in value]
    if isinstance(key, int):
        held = [value[key] for value in values if isinstance(value, list) and key < len(value)]
    if held:
        return FoundType(
            scope.keep_alive({"enum": held} if len(held) > 1 else {"const": held[0]}), len(held) < len(values)
        )
    names = dict.fromkeys(name for value in values if isinstance(value, dict) for name in value)
    sort = dict if isinstance(key, str) else list
    return MissingMember(index, tuple(names)) if any(isinstance(value, sort) for value in values) else Scalar(index, "")


def _member(scope: SchemaContext, shape: Disjunct, key: str, index: int) -> LookupResult:
    schema = scope.member(shape, key)
    if schema is None:
        return MissingMember(index, shape.names)
    if key not in shape.names and accepts_anything(schema):
        return UnknownPath()
    return FoundType(schema, key not in shape.required)


def _entry(scope: SchemaContext, shape: Disjunct, key: int, index: int) -> LookupResult:
    schema = scope.item(shape, key) if key >= 0 else None
    if schema is None:
        return MissingMember(index, ())
    fixed = any(key < len(prefix) for prefix in shape.keyword_values("prefixItems"))
    if not fixed and accepts_anything(schema):
        return UnknownPath()
    return FoundType(schema, not any(least > key for least in shape.keyword_values("minItems")))

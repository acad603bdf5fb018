"""The normal form of a schema: what is named is written out where it is used, and only what is recursive stays in
`$defs` at the root. What a schema accepts is never changed by it. Also the form that is compared, and the text sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from cyberflow.late import dataclass
from cyberflow.schema.keywords import map_subschemas, restricts
from cyberflow.schema.references import SchemaDocument, has_names, is_well_formed
from cyberflow.schema.values import Schema

ObjectSchema: TypeAlias = dict[str, Any]
Documents: TypeAlias = Callable[[str], SchemaDocument | None]
DEFS: Final = "#/$defs/"
NAMING: Final = frozenset({"$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "$defs", "definitions"})
"""Keywords that only name: once every reference is followed they say nothing."""
DEEPEST: Final = 100
MOST: Final = 50_000


class SchemaTooLarge(Exception):
    """A schema that is nested too deeply, or comes to too many schemas, when it is written out."""

    def __init__(self, *, deep: bool) -> None:
        super().__init__("too deep" if deep else "too large")
        self.deep = deep


def normal_form(schema: Schema, other: Documents = lambda _: None) -> Schema:
    """Give the normal form. `other` finds a document by a reference that leads out of this one; a reference that
    leads nowhere stays as it is. Raises `SchemaTooLarge`.
    """
    if isinstance(schema, bool):
        return schema
    return _Normalizer(other).normalize(SchemaDocument(schema))


def readable(schema: Any) -> Schema | None:
    """Give the schema in a form in which every reference is a pointer; None for one that cannot be read at all."""
    if not is_well_formed(schema):
        return None
    if not has_names(schema):
        read: Schema = schema
        return read
    try:
        form = normal_form(schema)
    except SchemaTooLarge:
        return None
    return form if is_well_formed(form) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    schema: Schema
    document: SchemaDocument
    name: str


@dataclass(eq=False)
class _Normalizer:
    other: Documents
    definitions: dict[str, Any] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _forms: dict[int, tuple[Schema, int]] = field(default_factory=dict)
    _references: dict[int, list[_Target]] = field(default_factory=dict)
    _recursive: dict[int, bool] = field(default_factory=dict)
    _waiting: list[tuple[str, _Target]] = field(default_factory=list)
    _depth: int = 0
    _size: int = 0

    def normalize(self, document: SchemaDocument) -> Schema:
        form = self.form(document.root, document)
        while self._waiting:
            name, target = self._waiting.pop()
            self.definitions[name] = self.form(target.schema, target.document)
        if not self.definitions or isinstance(form, bool):
            return form
        return {**form, "$defs": {name: self.definitions[name] for name in sorted(self.definitions)}}

    def form(self, schema: Schema, document: SchemaDocument) -> Schema:
        if not isinstance(schema, dict):
            return schema
        self._size += 1
        self._depth += 1
        if self._depth > DEEPEST or self._size > MOST:
            raise SchemaTooLarge(deep=self._depth > DEEPEST)
        target = self._follow(schema, document)
        form: Schema = {
            key: map_subschemas(key, value, lambda sub: self.form(sub, document))
            for key, value in schema.items()
            if key not in NAMING and not (target and key == "$ref")
        }
        if target is not None and isinstance(form, dict):
            form = _beside(self._form_of(target), form)
        self._depth -= 1
        return form

    def _follow(self, schema: ObjectSchema, document: SchemaDocument) -> _Target | None:
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return None
        name = definition_name(ref)
        found = document.resolve(schema)
        if found is not None:
            return _Target(found, document, name)
        elsewhere = self.other(ref)
        return None if elsewhere is None else _Target(elsewhere.root, elsewhere, name)

    def _form_of(self, target: _Target) -> Schema:
        if isinstance(target.schema, bool):
            return target.schema
        if self._is_recursive(target):
            return {"$ref": DEFS + self._define(target)}
        key = id(target.schema)
        if key not in self._forms:
            before = self._size
            self._forms[key] = (self.form(target.schema, target.document), self._size - before)
        else:
            self._size += self._forms[key][1]
        return self._forms[key][0]

    def _define(self, target: _Target) -> str:
        key = id(target.schema)
        if key not in self._names:
            self._names[key] = free_name(target.name, self.definitions)
            self.definitions[self._names[key]] = {}
            self._waiting.append((self._names[key], target))
        return self._names[key]

    def _is_recursive(self, target: _Target) -> bool:
        """Whether a schema can lead back to itself. It does not depend on where one begins."""
        key = id(target.schema)
        if key not in self._recursive:
            pending, seen = list(self._targets(target)), set()
            while pending and key not in seen:
                at = pending.pop()
                if id(at.schema) not in seen:
                    seen.add(id(at.schema))
                    pending.extend(self._targets(at))
            self._recursive[key] = key in seen
        return self._recursive[key]

    def _targets(self, start: _Target) -> list[_Target]:
        key = id(start.schema)
        if key not in self._references:
            found = (self._follow(node, start.document) for node in nodes_of(start.schema))
            self._references[key] = [target for target in found if target and not isinstance(target.schema, bool)]
        return self._references[key]


def nodes_of(schema: Schema) -> Iterator[ObjectSchema]:
    """Give the schema and every one written below it; definitions are only reached by reference."""
    pending: list[Any] = [schema]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, dict) and id(node) not in seen:
            seen.add(id(node))
            yield node
            for key, value in node.items():
                if key not in NAMING:
                    map_subschemas(key, value, pending.append)


def _beside(form: Schema, rest: ObjectSchema) -> Schema:
    """What a reference leads to, with what stands beside the reference: words are laid over it, and anything that
    restricts goes on seeing through it.
    """
    if not rest:
        return form
    if form is True:
        return rest
    if isinstance(form, dict) and "$ref" not in form and not any(map(restricts, rest)):
        return {**form, **rest}
    return {**rest, "allOf": [form, *rest.get("allOf", ())]}


def definition_name(ref: str) -> str:
    """Give the name that a reference suggests for what it leads to."""
    last = unquote(ref).rpartition("/")[2].rpartition("#")[2].replace("~1", "-").replace("~0", "-")
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in last) or "root"


def free_name(stem: str, taken: Mapping[str, Any]) -> str:
    """Give a name that is not taken, numbered where it has to be."""
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name


def canonical_schema(schema: Any) -> Any:
    """Give the one form in which two schemas are compared: lists that are sets have an order, and what says nothing
    goes. What is not a mapping, or cannot be written out, stays as it is.
    """
    if not isinstance(schema, dict):
        return schema
    try:
        return _sort_sets(normal_form(schema))
    except (SchemaTooLarge, RecursionError):
        return schema


def _sort_sets(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    made: ObjectSchema = {}
    for key, value in schema.items():
        if key == "required" and isinstance(value, list) and all(isinstance(item, str) for item in value):
            made |= {key: sorted(set(value))} if value else {}
        elif key in ("properties", "patternProperties", "dependentSchemas") and isinstance(value, dict):
            made[key] = {name: _sort_sets(without_boolean(item)) for name, item in value.items()}
        else:
            made[key] = map_subschemas(key, value, _sort_sets)
    return made


def without_boolean(schema: Any) -> Any:
    """`true` and `{}` accept the same, and so do `false` and `{not: {}}`."""
    return {} if schema is True else {"not": {}} if schema is False else schema


def schema_text(schema: ObjectSchema) -> str:
    """A schema as it is sent: sorted keys, `properties` in order of declaration."""
    return json.dumps(_sort_keys(schema), ensure_ascii=False)


def _sort_keys(schema: Any, *, named: bool = False) -> Any:
    if isinstance(schema, list):
        return [_sort_keys(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    keys = schema if named else sorted(schema)
    return {key: _sort_keys(schema[key], named=key == "properties" and not named) for key in keys}

"""Cuts schemas out of their documents and joins them in others: what they refer to goes along, and two definitions of
one name stay two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.schema.keywords import map_subschemas
from cyberflow.schema.normal_form import DEFS, NAMING, ObjectSchema, definition_name, free_name, nodes_of
from cyberflow.schema.references import resolve_pointer
from cyberflow.schema.values import Schema


def extract(schema: Schema, root: Schema) -> Schema:
    """Cut `schema`, in which every reference is a pointer, out of `root`, so that it stands alone."""
    definitions: dict[str, Any] = {}
    made = include(schema, root, definitions)
    return {**made, "$defs": definitions} if definitions and isinstance(made, dict) else made


def include(schema: Schema, root: Schema, definitions: dict[str, Any]) -> Any:
    """Copy a sub-schema of `root`; what it refers to is added to the definitions, under a name of its own."""
    if isinstance(schema, bool):
        return schema
    own = {key: value for key, value in schema.items() if key not in NAMING}
    needed: dict[str, Any] = {}
    _collect(own, root, needed)
    if not needed:
        return own
    taken = _rename(needed, definitions)
    definitions |= {taken[ref]: _with_refs(needed[ref], taken) for ref in needed}
    return _with_refs(own, taken)


def _collect(schema: ObjectSchema, root: Schema, needed: dict[str, Any]) -> None:
    pending = [schema]
    while pending:
        for node in nodes_of(pending.pop()):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref not in needed and (found := resolve_pointer(root, ref)) is not None:
                needed[ref] = _without_naming(found)
                pending.append(needed[ref])


def _without_naming(schema: Schema) -> Schema:
    return schema if isinstance(schema, bool) else {key: schema[key] for key in schema if key not in NAMING}


def _rename(needed: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, str]:
    """A name for each reference: its own where that is free or already means the same, else a new one."""
    shared = {ref for ref in needed if definition_name(ref) in taken}
    while True:
        names: dict[str, str] = {}
        reserved = dict.fromkeys(taken)
        for ref in needed:
            wished = definition_name(ref)
            names[ref] = wished if ref in shared else free_name(wished, reserved)
            reserved[names[ref]] = None
        different = {ref for ref in shared if taken[names[ref]] != _with_refs(needed[ref], names)}
        if not different:
            return names
        shared -= different


def _with_refs(schema: Schema, names: Mapping[str, str]) -> Any:
    if isinstance(schema, bool):
        return schema
    return {
        key: DEFS + names[value]
        if key == "$ref" and value in names
        else map_subschemas(key, value, lambda sub: _with_refs(sub, names))
        for key, value in schema.items()
    }


def object_schema(members: Mapping[str, tuple[ObjectSchema, bool]]) -> ObjectSchema:
    """An object schema of members; their `$defs` move to its root, where two of one name stay two."""
    return add_members({"type": "object", "properties": {}}, members)


def array_schema(items: Schema, *, nullable: bool = False) -> ObjectSchema:
    """The schema of a list of such items, or of such items and null."""
    definitions: dict[str, Any] = {}
    made = include(items, items, definitions)
    if made in ({}, True):
        return {"type": "array"}
    if nullable:
        arms = made["anyOf"] if isinstance(made, dict) and made.keys() == {"anyOf"} else [made]
        made = {"anyOf": arms if {"type": "null"} in arms else [*arms, {"type": "null"}]}
    return {"type": "array", "items": made, **({"$defs": definitions} if definitions else {})}


def add_members(schema: ObjectSchema, members: Mapping[str, tuple[ObjectSchema, bool]]) -> ObjectSchema:
    """Add members to the root of an object schema."""
    if not members:
        return schema
    definitions: dict[str, Any] = dict(schema.get("$defs", {}))
    properties = {name: include(member, member, definitions) for name, (member, _) in members.items()}
    needed = dict.fromkeys(
        [*schema.get("required", ()), *(name for name, (_, required) in members.items() if required)]
    )
    made = {**schema, "properties": {**schema.get("properties", {}), **properties}}
    made |= {"required": list(needed)} if needed else {}
    return {**made, "$defs": definitions} if definitions else made

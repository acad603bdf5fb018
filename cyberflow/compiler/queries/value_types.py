"""What a value in a chain or pipeline brings to where it stands: types of refs and tokens, the rest as written."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cyberflow.compiler.graph import AnyCaller, CallNode
from cyberflow.compiler.interface import Field, FieldSet
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import TokenUse, Value
from cyberflow.schema.literal_types import TEXT, literal_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.paths import FoundType, UnknownPath, lookup
from cyberflow.schema.values import EMPTY, Schema

ANYTHING = FoundType({})


def part_types(
    caller: AnyCaller, step: CallNode | None, key: str, value: Value
) -> Mapping[tuple[str | int, ...], FoundType] | None:
    """The types of the refs and tokens in a value that stands under `key` of a step; None when another rule has
    something to say about one of them.
    """
    parts = {use.keys: ref_type(caller, step, key, use.ref) if isinstance(use.ref, Ref) else None for use in value.refs}
    for use in value.tokens:
        inputs = caller.inputs_at(step, key)
        parts[use.keys] = _token_type(inputs, use, caller.from_machine) if use.whole else FoundType(TEXT)
    known = {keys: found for keys, found in parts.items() if found is not None}
    return known if len(known) == len(parts) else None


def value_type(caller: AnyCaller, step: CallNode | None, key: str, value: Value) -> FoundType | None:
    """What a value brings as a whole."""
    parts = part_types(caller, step, key, value)
    if parts is None:
        return None
    return parts.get(()) or FoundType(literal_schema(value.data, parts))


def ref_type(caller: AnyCaller, step: CallNode | None, key: str, ref: Ref) -> FoundType | None:
    """What a ref brings to where it stands; None when another rule has something to say about it."""
    producer = caller.producer(ref.alias)
    if producer is None or not producer.outputs.known or not producer.outputs.fields:
        return None
    found = producer.output_type(ref.keys)
    if isinstance(found, UnknownPath):
        found = ANYTHING
    return caller.view_from(step, key, ref.alias, found) if isinstance(found, FoundType) else None


def _token_type(inputs: FieldSet, use: TokenUse, from_machine: Collection[str]) -> FoundType | None:
    if use.token.kind != "input" or use.token.path.root not in inputs:
        return None
    given = input_type(inputs.fields[use.token.path.root], from_machine)
    found = lookup(given.schema, use.token.path.keys)
    if isinstance(found, UnknownPath):
        return ANYTHING
    if isinstance(found, FoundType):
        return FoundType(found.schema, found.optional or given.optional)
    return None


def input_type(field: Field, from_machine: Collection[str] = ()) -> FoundType:
    """What an input brings to where it is used: a run that leaves it out brings its default, but for a name that
    machines may supply.
    """
    filled = field.schema.get("default", EMPTY) != EMPTY and field.name not in from_machine
    return FoundType(without_default(field.schema), not field.required and not filled)


def item_type(found: FoundType | None) -> Schema:
    """The type of the entries of a list."""
    schema = found.schema if found else {}
    if not isinstance(schema, dict) or "const" in schema or "enum" in schema:
        return {}
    entries = [lookup(schema, (index,)) for index in range(len(schema.get("prefixItems", ())) + 1)]
    known = [entry.schema for entry in entries if isinstance(entry, FoundType)]
    if not known or any(isinstance(entry, UnknownPath) for entry in entries):
        return {}
    return known[0] if len(known) == 1 else {"anyOf": known}


def output_fields(caller: AnyCaller) -> FieldSet:
    """The outputs of a chain or pipeline with the types that they come to."""
    fields = {}
    for name, value in caller.outputs.items():
        found = value_type(caller, None, "outputs", value) or ANYTHING
        schema = found.schema if isinstance(found.schema, dict) else {}
        fields[name] = Field(name, schema, not found.optional, value.place)
    return FieldSet(fields, not caller.definition.broken & {"outputs", "steps"})


def without_default(schema: ObjectSchema) -> ObjectSchema:
    """The same type, or the same object where it has no default, so that types are known again."""
    return {key: value for key, value in schema.items() if key != "default"} if "default" in schema else schema

"""The least value of a type: optional members absent, lists empty, what may be null null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.schema.samples.examples import example
from cyberflow.schema.validation.validate import accepts
from cyberflow.testing.samples import sample

_DEEPEST = 12


def least_outputs(schema: Any) -> dict[str, Any] | None:
    """The least outputs that a workflow may give; None where it declares none."""
    made = least(schema)
    return made if isinstance(made, dict) else None


def least(schema: Any) -> Any:
    """The least value that a type allows; where none is found, an example of it."""
    made = _least(schema, schema, "", 0)
    if accepts(schema, made, asserts_format=True) is not False:
        return made
    found = example(schema)
    return made if found is None else found[0]


def _least(schema: Any, root: Any, name: str, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _least(_definition(root, schema["$ref"]), root, name, depth + 1)
    if _whole(schema, root, None):
        return None
    if arms := schema.get("anyOf") or schema.get("oneOf"):
        return _least(arms[0], root, name, depth + 1)
    if schema.get("type") == "object" and "const" not in schema and "enum" not in schema:
        members = schema.get("properties", {})
        needed = [one for one in schema.get("required", ()) if one in members]
        return {one: _least(members[one], root, one, depth + 1) for one in needed}
    if schema.get("type") == "array" and not schema.get("minItems"):
        return []
    return sample(name, _standing_alone(schema, root))


def _whole(schema: Mapping[str, Any], root: Any, value: Any) -> bool:
    return accepts(_standing_alone(schema, root), value) is True


def _standing_alone(schema: Mapping[str, Any], root: Any) -> Any:
    definitions = root.get("$defs") if isinstance(root, Mapping) else None
    return {**schema, "$defs": definitions} if definitions and "$defs" not in schema else dict(schema)


def _definition(root: Any, ref: str) -> Any:
    """What a ref into the definitions of the same schema means."""
    definitions = root.get("$defs", {}) if isinstance(root, Mapping) else {}
    return definitions.get(ref.rpartition("/")[2])

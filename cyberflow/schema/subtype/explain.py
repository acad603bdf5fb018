"""Where and why a consumer rejects a witness, in few words: `/medications/0`, "string, not integer"."""

from __future__ import annotations

import json
from typing import Any, Final

from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.references import resolve_pointer
from cyberflow.schema.regex.pattern import matches
from cyberflow.schema.subtype.disjuncts import Undecided
from cyberflow.schema.validation.evaluated import evaluated
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Schema, ValuePath, kind_of

TYPE_NAMES: Final = {"fraction": "number"}
BOUNDS: Final = {
    "minimum": "less than {}",
    "maximum": "more than {}",
    "exclusiveMinimum": "not more than {}",
    "exclusiveMaximum": "not less than {}",
    "multipleOf": "no multiple of {}",
    "minLength": "shorter than {}",
    "maxLength": "longer than {}",
    "pattern": "does not match {}",
    "format": "does not have the format {}",
    "minItems": "fewer than {} entries",
    "maxItems": "more than {} entries",
    "minProperties": "fewer than {} members",
    "maxProperties": "more than {} members",
    "uniqueItems": "the same entry twice",
    "not": "excluded",
}


def explain_rejection(validator: Validator, schema: Schema, value: Any) -> tuple[ValuePath, str]:
    """Follow the first keyword that rejects the value as deep as it goes. The value must be rejected."""
    if isinstance(schema, bool):
        return (), "nothing is accepted here"
    for keyword in sorted(schema, key=lambda keyword: keyword != "type"):
        try:
            rejects = validator.check_keyword(keyword, schema, value) is False
        except Undecided:
            continue
        if rejects:
            return _explain_keyword(validator, keyword, schema, value)
    return (), f"not {describe(schema)}"


def _explain_keyword(validator: Validator, keyword: str, schema: dict[str, Any], value: Any) -> tuple[ValuePath, str]:
    if keyword == "type":
        return (), f"{type_name(value)}, not {describe({'type': schema['type']})}"
    if keyword in BOUNDS:
        limit = schema[keyword]
        return (), BOUNDS[keyword].format(f"`{limit}`" if keyword in ("pattern", "format") else json.dumps(limit))
    if keyword == "required":
        return (next(name for name in schema["required"] if name not in value),), "missing"
    if keyword == "contains":
        return (), f"no entry, or too many, of {describe(schema['contains'], root=validator.scope.root)}"
    if keyword == "const":
        return (), f"not {format_literal(schema['const'])}"
    if keyword == "enum":
        named = describe({"enum": schema["enum"]})
        return (), f"not one of {named}" if len(schema["enum"]) > 1 else f"not {named}"
    for path, sub in _explaining_subschemas(validator, keyword, schema, value):
        inner = value
        for key in path:
            inner = inner[key]
        if validator.check(sub, inner) is False:
            deeper, text = explain_rejection(validator, sub, inner) if sub is not False else ((), _rejection_text(path))
            return (*path, *deeper), text
    return (), f"not {describe(schema, root=validator.scope.root)}"


def _rejection_text(path: ValuePath) -> str:
    return "not allowed here" if path else "nothing is accepted here"


def _explaining_subschemas(
    validator: Validator, keyword: str, schema: dict[str, Any], value: Any
) -> list[tuple[ValuePath, Schema]]:
    """The sub-schemas behind a keyword and where in the value each looks; empty when that would not explain."""
    match keyword:
        case "$ref":
            target = resolve_pointer(validator.scope.root, schema["$ref"])
            return [] if target is None else [((), target)]
        case "allOf":
            return [((), sub) for sub in schema["allOf"]]
        case "anyOf" | "oneOf":
            fitting = [sub for sub in schema[keyword] if _may_match_kind(validator, sub, value)]
            return [((), sub) for sub in fitting] if len(fitting) == 1 else []
        case "if":
            return [((), schema["then" if validator.check(schema["if"], value) else "else"])]
        case "properties":
            return [((name,), sub) for name, sub in schema["properties"].items() if name in value]
        case "additionalProperties":
            listed, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
            names = [name for name in value if name not in listed and not any(matches(p, name) for p in patterns)]
            return [((name,), schema["additionalProperties"]) for name in names]
        case "unevaluatedProperties" | "unevaluatedItems":
            seen = evaluated(validator, schema, value, itself=True).surely
            keys = value if isinstance(value, dict) else range(len(value))
            return [((key,), schema[keyword]) for key in keys if key not in seen]
        case "prefixItems":
            return [((index,), sub) for index, sub in enumerate(schema["prefixItems"][: len(value)])]
        case "items":
            start = len(schema.get("prefixItems", ()))
            return [((index,), schema["items"]) for index in range(start, len(value))]
    return []


def _may_match_kind(validator: Validator, schema: Schema, value: Any) -> bool:
    kind = kind_of(value)
    if isinstance(schema, bool):
        return schema
    return any(kind in shape.kinds for shape in validator.scope.disjuncts(schema))


def type_name(value: Any) -> str:
    kind = kind_of(value) or "any"
    return TYPE_NAMES.get(kind, kind)

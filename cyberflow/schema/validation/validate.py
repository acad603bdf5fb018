"""Validation as JSON Schema 2020-12 has it, three-valued: `None` where this validator cannot decide. It also judges
templates, values with `Opaque` parts. What a rejection means in words is told by `subtype.explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from cyberflow.late import dataclass
from cyberflow.schema.keywords import kinds_of_keyword, kinds_of_type
from cyberflow.schema.normal_form import readable
from cyberflow.schema.references import resolve_pointer
from cyberflow.schema.regex.matching import matches
from cyberflow.schema.subtype.disjuncts import SchemaContext, WorkBudget, attempt
from cyberflow.schema.validation.evaluated import evaluated
from cyberflow.schema.validation.formats import has_format
from cyberflow.schema.values import (
    Opaque,
    Schema,
    Ternary,
    every,
    freeze,
    has_opaque,
    is_json,
    is_same,
    kind_of,
    negate,
    some,
)

KeywordCheck: TypeAlias = Callable[["Validator", dict[str, Any], Any], Ternary]


@dataclass(frozen=True, slots=True)
class Validator:
    """`asserts_format`: a `format` is more than a word, as it is for values that a person gives."""

    scope: SchemaContext
    asserts_format: bool = False

    @property
    def root(self) -> Schema:
        return self.scope.root

    def check(self, schema: Schema, value: Any) -> Ternary:
        """Raises `Undecided` when the budget is spent."""
        if isinstance(schema, bool):
            return schema
        with self.scope.budget.frame():
            return every(self.check_keyword(keyword, schema, value) for keyword in schema)

    def check_keyword(self, keyword: str, schema: dict[str, Any], value: Any) -> Ternary:
        rule = ANY_KIND.get(keyword)
        if rule is not None:
            return rule(self, schema, value)
        applies = kinds_of_keyword(keyword)
        if not applies:
            return True
        if isinstance(value, Opaque):
            return True if applies.isdisjoint(value.kinds) or keyword not in BY_KIND else None
        if kind_of(value) not in applies:
            return True
        return BY_KIND[keyword](self, schema, value) if keyword in BY_KIND else True


def accepts(schema: Schema, value: Any, *, asserts_format: bool = False) -> Ternary:
    """Say whether the schema accepts the value, read by the letter of the standard (an open object is open)."""
    form = readable(schema)
    if form is None or not is_json(value):
        return None
    return attempt(Validator(SchemaContext(form, WorkBudget()), asserts_format).check, form, value)


def _type(_: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    admitted = kinds_of_type(schema["type"])
    if isinstance(value, Opaque):
        return False if admitted.isdisjoint(value.kinds) else (value.kinds <= admitted or None)
    return kind_of(value) in admitted


def _ref(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    target = resolve_pointer(validator.scope.root, schema["$ref"])
    return None if target is None else validator.check(target, value)


def _one_of(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    verdicts = [validator.check(sub, value) for sub in schema["oneOf"]]
    sure, open_ = verdicts.count(True), verdicts.count(None)
    if sure > 1 or sure + open_ == 0:
        return False
    return None if open_ else True


def _if(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    then, otherwise = schema.get("then", True), schema.get("else", True)
    condition = validator.check(schema["if"], value)
    if condition is None:
        verdicts = {validator.check(then, value), validator.check(otherwise, value)}
        return verdicts.pop() if len(verdicts) == 1 else None
    return validator.check(then if condition else otherwise, value)


def _multiple_of(_: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    step = schema["multipleOf"]
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    from fractions import Fraction

    exact = Fraction(str(value)) % Fraction(str(step)) == 0
    # Validators that divide in floating point see 0.3 as no multiple of 0.1; only what all agree on is decided.
    return exact if exact == (Fraction(value) % Fraction(step) == 0) else None


def _pattern_properties(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    def judge(pattern: str, sub: Schema, name: str) -> Ternary:
        match = matches(pattern, name)
        if match is False:
            return True
        verdict = validator.check(sub, value[name])
        return verdict if match or verdict else None

    return every(judge(pattern, sub, name) for pattern, sub in schema["patternProperties"].items() for name in value)


def _additional_properties(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    def judge(name: str) -> Ternary:
        match = some(matches(pattern, name) for pattern in schema.get("patternProperties", {}))
        if match:
            return True
        verdict = validator.check(schema["additionalProperties"], value[name])
        return verdict if match is False or verdict else None

    return every(judge(name) for name in value if name not in schema.get("properties", {}))


def _items(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    rest = value[len(schema.get("prefixItems", ())) :]
    return every(validator.check(schema["items"], entry) for entry in rest)


def _contains(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    verdicts = [validator.check(schema["contains"], entry) for entry in value]
    sure, possible = verdicts.count(True), len(verdicts) - verdicts.count(False)
    least, most = schema.get("minContains", 1), schema.get("maxContains", len(value))
    if possible < least or sure > most:
        return False
    return True if sure >= least and possible <= most else None


def _unique_items(_: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    if not schema["uniqueItems"]:
        return True
    plain = [freeze(entry) for entry in value if not has_opaque(entry)]
    if len(set(plain)) < len(plain):
        return False
    return True if len(plain) == len(value) or len(value) == 1 else None


def _format(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
    return not validator.asserts_format or has_format(schema["format"], value)


def _check_rest(keyword: str) -> KeywordCheck:
    def check(validator: Validator, schema: dict[str, Any], value: Any) -> Ternary:
        seen = evaluated(validator, schema, value, itself=True)

        def judge(key: Any) -> Ternary:
            verdict = validator.check(schema[keyword], value[key])
            return verdict if verdict or key not in seen.perhaps else None

        keys = value if isinstance(value, dict) else range(len(value))
        return every(judge(key) for key in keys if key not in seen.surely)

    return check


def _cannot_decide(*_: Any) -> Ternary:
    return None


ANY_KIND: Final[Mapping[str, KeywordCheck]] = {
    "type": _type,
    "enum": lambda _, schema, value: some(is_same(value, member) for member in schema["enum"]),
    "const": lambda _, schema, value: is_same(value, schema["const"]),
    "$ref": _ref,
    "$dynamicRef": _cannot_decide,
    "$recursiveRef": _cannot_decide,
    "allOf": lambda validator, schema, value: every(validator.check(sub, value) for sub in schema["allOf"]),
    "anyOf": lambda validator, schema, value: some(validator.check(sub, value) for sub in schema["anyOf"]),
    "oneOf": _one_of,
    "not": lambda validator, schema, value: negate(validator.check(schema["not"], value)),
    "if": _if,
}

BY_KIND: Final[Mapping[str, KeywordCheck]] = {
    "minimum": lambda _, schema, value: value >= schema["minimum"],
    "maximum": lambda _, schema, value: value <= schema["maximum"],
    "exclusiveMinimum": lambda _, schema, value: value > schema["exclusiveMinimum"],
    "exclusiveMaximum": lambda _, schema, value: value < schema["exclusiveMaximum"],
    "multipleOf": _multiple_of,
    "minLength": lambda _, schema, value: len(value) >= schema["minLength"],
    "maxLength": lambda _, schema, value: len(value) <= schema["maxLength"],
    "pattern": lambda _, schema, value: matches(schema["pattern"], value),
    "format": _format,
    "prefixItems": lambda validator, schema, value: every(
        validator.check(sub, entry) for sub, entry in zip(schema["prefixItems"], value, strict=False)
    ),
    "items": _items,
    "contains": _contains,
    "minItems": lambda _, schema, value: len(value) >= schema["minItems"],
    "maxItems": lambda _, schema, value: len(value) <= schema["maxItems"],
    "uniqueItems": _unique_items,
    "properties": lambda validator, schema, value: every(
        validator.check(sub, value[name]) for name, sub in schema["properties"].items() if name in value
    ),
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": lambda validator, schema, value: every(
        validator.check(schema["propertyNames"], name) for name in value
    ),
    "required": lambda _, schema, value: all(name in value for name in schema["required"]),
    "dependentRequired": lambda _, schema, value: all(
        needed in value for name, names in schema["dependentRequired"].items() if name in value for needed in names
    ),
    "dependentSchemas": lambda validator, schema, value: every(
        validator.check(sub, value) for name, sub in schema["dependentSchemas"].items() if name in value
    ),
    "minProperties": lambda _, schema, value: len(value) >= schema["minProperties"],
    "maxProperties": lambda _, schema, value: len(value) <= schema["maxProperties"],
    "dependencies": _cannot_decide,
    **{keyword: _check_rest(keyword) for keyword in ("unevaluatedProperties", "unevaluatedItems")},
}

"""What a producer may send, read from its schema: validation, with an object closed that lists `properties` and says
nothing of `additionalProperties`. Alternatives are closed one by one, not their union.
"""

from __future__ import annotations

from typing import Any

from cyberflow.schema.subtype.disjuncts import Disjunct
from cyberflow.schema.validation.validate import Validator
from cyberflow.schema.values import Opaque, Schema, Ternary, every, some


def may_send(validator: Validator, schema: Schema, value: Any) -> Ternary:
    """Raises `Undecided` when the budget is spent or the schema cannot be taken apart."""
    verdict = validator.check(schema, value)
    return verdict if verdict is False else every((verdict, _fits_some_disjunct(validator, schema, value)))


def _fits_some_disjunct(validator: Validator, schema: Schema, value: Any) -> Ternary:
    if isinstance(value, Opaque) or not isinstance(value, (dict, list)):
        return True
    with validator.scope.budget.frame():
        return some(_fits_disjunct(validator, shape, value) for shape in validator.scope.disjuncts(schema))


def _fits_disjunct(validator: Validator, shape: Disjunct, value: Any) -> Ternary:
    parts = every(validator.check(part, value) for part in shape.parts)
    if parts is False:
        return False
    if isinstance(value, list):
        inner = every(_entry_fits(validator, shape, index, entry) for index, entry in enumerate(value))
    else:
        inner = every(_member_fits(validator, shape, name, entry) for name, entry in value.items())
    return every((parts, inner))


def _entry_fits(validator: Validator, shape: Disjunct, index: int, value: Any) -> Ternary:
    schema = validator.scope.item(shape, index)
    return schema is not None and _fits_some_disjunct(validator, schema, value)


def _member_fits(validator: Validator, shape: Disjunct, name: str, value: Any) -> Ternary:
    if shape.values is not None:
        return True
    schema = validator.scope.member(shape, name)
    return schema is not None and _fits_some_disjunct(validator, schema, value)

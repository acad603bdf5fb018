"""Schemas that are deep, recursive, wide, malformed or hostile: an answer in bounded time, and never an exception."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.paths import lookup
from cyberflow.schema.subtype.assign import Assignable, NotAssignable, Undetermined, check_assignable, check_value
from cyberflow.schema.validation.validate import accepts
from cyberflow.schema.values import Schema


def _deep(depth: int, leaf: Any) -> Any:
    schema: Any = leaf
    for number in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]} if number % 2 else {"items": schema}
    return schema


def _chain(length: int) -> Schema:
    defs = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{length}": {"type": "string"}}}


def _bush(width: int, leaf: str) -> Schema:
    """Alternatives that multiply, again and again."""
    options = [{"properties": {f"p{number}": {"$ref": "#"}}} for number in range(width)]
    return {"allOf": [{"anyOf": options} for _ in range(width)], "properties": {"leaf": {"type": leaf}}}


HARD = {
    "deep": (_deep(400, {"type": "string"}), _deep(400, {"type": "integer"})),
    "deeper": (_deep(5000, {"type": "string"}), _deep(5000, {"type": "integer"})),
    "long chain": (_chain(3000), {"type": "integer"}),
    "self": ({"$ref": "#"}, {"type": "string"}),
    "ring": ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, True]}}}, {"type": "string"}),
    "bush": (_bush(8, "string"), _bush(9, "integer")),
    "wide": (
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(2000)}},
        {"type": "object", "properties": {f"p{n}": {"type": "integer"} for n in range(2000)}},
    ),
    "remote": ({"$ref": "https://example.com/schema.json"}, {"type": "string"}),
    "dangling": ({"$ref": "#/$defs/none"}, {"type": "string"}),
    "runaway pattern": ({"type": "string"}, {"type": "string", "pattern": "^(((((x*)*)*)*)*){9}$"}),
    "large counts": ({"type": "array", "items": True, "minItems": 10**9}, {"type": "array", "maxItems": 10**8}),
    "large numbers": ({"type": "number", "multipleOf": 1e-300}, {"maximum": 1e308, "exclusiveMinimum": -(10**400)}),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_schemas_are_answered_in_time(case: str) -> None:
    producer, consumer = HARD[case]
    start = time.process_time()
    answers = [check_assignable(producer, consumer), check_assignable(consumer, producer)]
    found = lookup(producer, ["a", 0, "a"])
    accepts(producer, {"a": [{"a": "x"}]})
    text = describe(producer)

    assert all(isinstance(answer, (Assignable, NotAssignable, Undetermined)) for answer in answers)
    assert found is not None
    assert len(text) < 90
    assert time.process_time() - start < 5


def test_a_deep_literal_is_left_alone() -> None:
    value: Any = "x"
    for _ in range(3000):
        value = [value]

    assert check_value(value, {"type": "array"}) == Undetermined()
    assert format_literal(value)


def test_a_schema_that_contains_itself_as_an_object_is_left_alone() -> None:
    ring: dict[str, Any] = {"type": "array"}
    ring["items"] = ring

    assert not isinstance(check_assignable(ring, {"type": "array"}), NotAssignable)
    assert lookup(ring, [0]) is not None

"""Literals, and literals with parts that are known by type alone, held against a declared type."""

from __future__ import annotations

from typing import Any

import pytest
from typed_schemas import ANY, DATE, INTEGER, NUMBER, OBJECT, STRING, listed, node, record, text

from cyberflow.schema.literal_types import shape_of
from cyberflow.schema.paths import Found
from cyberflow.schema.subtype.assign import No, Unsure, Yes, assignable, value_assignable
from cyberflow.schema.values import ABSENT, CLEAR, EMPTY

LITERALS: dict[str, tuple[Any, Any, Any]] = {
    "a string": ("M7", STRING, Yes()),
    "a number in quotes": ("7", INTEGER, No("7", (), "string, not integer")),
    "an integral float": (7.0, INTEGER, Yes()),
    "empty is absent": (EMPTY, STRING, No(ABSENT, (), "`__EMPTY__` counts as absent")),
    "clear is a string": (CLEAR, STRING, Yes()),
    "clear is no number": (CLEAR, INTEGER, No(CLEAR, (), "string, not integer")),
    "an empty member is dropped": ({"a": "x", "b": EMPTY}, record(a=STRING, b_=INTEGER), Yes()),
    "a dropped member may be missed": ({"a": EMPTY}, record(a=STRING), No({}, ("a",), "missing")),
    "an empty entry is removed": ([1, EMPTY, 2], listed(INTEGER, maxItems=2), Yes()),
    "deep inside": (
        {"a": [{"b": EMPTY}]},
        record(a=listed(record(b=STRING))),
        No({"a": [{}]}, ("a", 0, "b"), "missing"),
    ),
    "any takes all": ({"a": [None]}, ANY, Yes()),
    "irregular pattern": ("x", text(pattern="(?=x)"), Unsure()),
    "no JSON": ({1: 2}, OBJECT, Unsure()),
    "not finite": (float("nan"), NUMBER, Unsure()),
}


@pytest.mark.parametrize("case", LITERALS)
def test_literal(case: str) -> None:
    value, consumer, answer = LITERALS[case]

    assert value_assignable(value, consumer) == answer


def test_empty_is_fine_where_nothing_is_required() -> None:
    assert value_assignable(EMPTY, STRING, required=False) == Yes()


def test_a_literal_with_typed_parts_is_checked_whole() -> None:
    patient = record(id=STRING, dob=DATE, note_=STRING)
    value = {"id": {"$ref": "lookup.outputs.id"}, "dob": "2026-03-01", "note": EMPTY}

    fits = shape_of(value, {("id",): Found(STRING)})
    number = shape_of(value, {("id",): Found(INTEGER)})
    perhaps = shape_of(value, {("id",): Found(STRING, optional=True)})

    assert assignable(fits, patient) == Yes()
    assert assignable(number, patient) == No({"id": 0, "dob": "2026-03-01"}, ("id",), "integer, not string")
    assert assignable(perhaps, patient) == No({"dob": "2026-03-01"}, ("id",), "missing")


def test_typed_entries_of_a_literal_array() -> None:
    shape = shape_of(["a", None, EMPTY], {(1,): Found(INTEGER, optional=True)})

    assert assignable(shape, listed({"type": ["string", "integer"]}, minItems=1, maxItems=2)) == Yes()
    assert assignable(shape, listed(STRING)) == No([0], (0,), "integer, not string")
    assert assignable(shape, listed(ANY, minItems=2)) == No(["a"], (), "fewer than 2 entries")


def test_recursive_parts_of_a_literal_keep_their_definitions_apart() -> None:
    shape = shape_of({"a": 0, "b": 0}, {("a",): Found(node(STRING)), ("b",): Found(node(INTEGER))})

    wanted = shape_of({"a": 0, "b": 0}, {("a",): Found(node(STRING)), ("b",): Found(node(NUMBER))})

    assert assignable(shape, wanted) == Yes()
    answer = assignable(shape, record(a=ANY, b=record(value=STRING)))
    assert answer == No({"a": {"value": "x"}, "b": {"value": 0}}, ("b", "value"), "integer, not string")

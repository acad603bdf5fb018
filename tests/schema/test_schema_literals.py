"""Literals, and literals with parts that are known by type alone, held against a declared type."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.schema.literal_types import literal_schema
from cyberflow.schema.paths import FoundType
from cyberflow.schema.subtype.assign import Assignable, NotAssignable, Undetermined, check_assignable, check_value
from cyberflow.schema.values import ABSENT, CLEAR, EMPTY
from tests.schema.typed_schemas import ANY, DATE, INTEGER, NUMBER, OBJECT, STRING, listed, node, record, text

LITERALS: dict[str, tuple[Any, Any, Any]] = {
    "a string": ("M7", STRING, Assignable()),
    "a number in quotes": ("7", INTEGER, NotAssignable("7", (), "string, not integer")),
    "an integral float": (7.0, INTEGER, Assignable()),
    "empty is absent": (EMPTY, STRING, NotAssignable(ABSENT, (), "`__EMPTY__` counts as absent")),
    "clear is a string": (CLEAR, STRING, Assignable()),
    "clear is no number": (CLEAR, INTEGER, NotAssignable(CLEAR, (), "string, not integer")),
    "an empty member is dropped": ({"a": "x", "b": EMPTY}, record(a=STRING, b_=INTEGER), Assignable()),
    "a dropped member may be missed": ({"a": EMPTY}, record(a=STRING), NotAssignable({}, ("a",), "missing")),
    "an empty entry is removed": ([1, EMPTY, 2], listed(INTEGER, maxItems=2), Assignable()),
    "deep inside": (
        {"a": [{"b": EMPTY}]},
        record(a=listed(record(b=STRING))),
        NotAssignable({"a": [{}]}, ("a", 0, "b"), "missing"),
    ),
    "any takes all": ({"a": [None]}, ANY, Assignable()),
    "look-around": ("x", text(pattern="(?=x)"), Assignable()),
    "a property without data": ("x", text(pattern=r"\p{Script=Greek}"), Undetermined()),
    "a format": ("tomorrow", text(format="date"), NotAssignable("tomorrow", (), "does not have the format `date`")),
    "a format deep inside": (
        {"at": "25:00:00Z"},
        record(at=text(format="time")),
        NotAssignable({"at": "25:00:00Z"}, ("at",), "does not have the format `time`"),
    ),
    "a word of another format": ("tomorrow", text(format="mrn"), Assignable()),
    "no format of a number": (7, {"format": "date"}, Assignable()),
    "no JSON": ({1: 2}, OBJECT, Undetermined()),
    "not finite": (float("nan"), NUMBER, Undetermined()),
}


@pytest.mark.parametrize("case", LITERALS)
def test_literal(case: str) -> None:
    value, consumer, answer = LITERALS[case]

    assert check_value(value, consumer) == answer


def test_empty_is_fine_where_nothing_is_required() -> None:
    assert check_value(EMPTY, STRING, required=False) == Assignable()


def test_a_literal_with_typed_parts_is_checked_whole() -> None:
    patient = record(id=STRING, dob=DATE, note_=STRING)
    value = {"id": {"$ref": "lookup.outputs.id"}, "dob": "2026-03-01", "note": EMPTY}

    fits = literal_schema(value, {("id",): FoundType(STRING)})
    number = literal_schema(value, {("id",): FoundType(INTEGER)})
    perhaps = literal_schema(value, {("id",): FoundType(STRING, optional=True)})

    assert check_assignable(fits, patient) == Assignable()
    assert check_assignable(number, patient) == NotAssignable(
        {"id": 0, "dob": "2026-03-01"}, ("id",), "integer, not string"
    )
    assert check_assignable(perhaps, patient) == NotAssignable({"dob": "2026-03-01"}, ("id",), "missing")


def test_typed_entries_of_a_literal_array() -> None:
    shape = literal_schema(["a", None, EMPTY], {(1,): FoundType(INTEGER, optional=True)})

    assert check_assignable(shape, listed({"type": ["string", "integer"]}, minItems=1, maxItems=2)) == Assignable()
    assert check_assignable(shape, listed(STRING)) == NotAssignable([0], (0,), "integer, not string")
    assert check_assignable(shape, listed(ANY, minItems=2)) == NotAssignable(["a"], (), "fewer than 2 entries")


def test_recursive_parts_of_a_literal_keep_their_definitions_apart() -> None:
    shape = literal_schema({"a": 0, "b": 0}, {("a",): FoundType(node(STRING)), ("b",): FoundType(node(INTEGER))})

    wanted = literal_schema({"a": 0, "b": 0}, {("a",): FoundType(node(STRING)), ("b",): FoundType(node(NUMBER))})

    assert check_assignable(shape, wanted) == Assignable()
    answer = check_assignable(shape, record(a=ANY, b=record(value=STRING)))
    assert answer == NotAssignable({"a": {"value": "x"}, "b": {"value": 0}}, ("b", "value"), "integer, not string")

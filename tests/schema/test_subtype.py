"""Assignability: what fits, what is silent, and every mismatch with its witness."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from cyberflow.schema.literal_types import TEXT
from cyberflow.schema.subtype.assign import Assignable, NotAssignable, Undetermined, check_assignable
from cyberflow.schema.values import ABSENT
from tests.schema.typed_schemas import (
    ANY,
    ARRAY,
    DATE,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    either,
    listed,
    node,
    record,
    text,
)

FITS: dict[str, tuple[Any, Any]] = {
    "the same": (record(mrn=STRING), record(mrn=STRING)),
    "integer is a number": (INTEGER, NUMBER),
    "an integral number is an integer": ({"const": 1.0}, INTEGER),
    "enum is a subset": ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    "enum of strings is a string": ({"enum": ["a", "b"]}, STRING),
    "const in enum": ({"const": "a"}, {"enum": ["a", "b"]}),
    "booleans are two values": ({"type": "boolean"}, {"enum": [True, False]}),
    "more members than asked": (record(mrn=STRING, age=INTEGER), record(mrn=STRING)),
    "required into optional": (record(mrn=STRING), record(mrn_=STRING)),
    "closed producer into closed consumer": (record(a=STRING), {**record(a=STRING), "additionalProperties": False}),
    "format is an annotation": (STRING, DATE),
    "into nullable": (STRING, either(STRING, NULL)),
    "union into wider union": (either(STRING, INTEGER), {"type": ["string", "number", "null"]}),
    "narrower bounds": ({**INTEGER, "minimum": 2, "maximum": 3}, {**NUMBER, "minimum": 1, "exclusiveMaximum": 4}),
    "narrower lengths": (text(minLength=2, maxLength=3), text(minLength=1, maxLength=3)),
    "same pattern": (text(pattern="^M"), text(pattern="^M")),
    "narrower counts": (listed(STRING, minItems=1, maxItems=2), listed(STRING, maxItems=2)),
    "tuple into array": ({**ARRAY, "prefixItems": [INTEGER, INTEGER], "items": False}, listed(NUMBER)),
    "recursive": (node(INTEGER), node(NUMBER)),
    "record into bare object": (record(a=STRING), OBJECT),
    "array into bare array": (listed(STRING), ARRAY),
    "anything into any": (record(a=STRING), ANY),
    "nothing into anything": (False, STRING),
    "tagged union into itself with more": (
        either(record(kind={"const": "a"}, x=STRING)),
        {"oneOf": [record(kind={"const": "a"}, x=STRING), record(kind={"const": "b"}, y=STRING)]},
    ),
    "not of another type": (STRING, {"not": NULL}),
    "all of": (record(a=STRING, b=STRING), {"allOf": [record(a=STRING), record(b=STRING)]}),
}


@pytest.mark.parametrize("case", FITS)
def test_fits(case: str) -> None:
    assert check_assignable(*FITS[case]) == Assignable()


FORMATS = {
    "formats": (text(format="date"), text(format="email")),
    "text into a format": (STRING, text(format="date")),
    "a format out of a word": (text(format="mrn"), text(format="uuid")),
}


@pytest.mark.parametrize("case", FORMATS)
def test_a_ref_between_formats_is_never_a_mismatch(case: str) -> None:
    assert check_assignable(*FORMATS[case]) == Assignable()


SILENT: dict[str, tuple[Any, Any]] = {
    "bare object into record": (OBJECT, record(a=STRING)),
    "free object into record": ({**OBJECT, "additionalProperties": True}, record(a=STRING)),
    "bare array into array": (ARRAY, listed(STRING, minItems=1)),
    "array of any": (listed(ANY), listed(STRING)),
    "any": (ANY, STRING),
    "true": (True, STRING),
    "any inside": (record(a=ANY), record(a=STRING)),
    "bare object inside": (listed(OBJECT), listed(record(a=STRING))),
    "annotations alone": ({"description": "whatever"}, STRING),
    "pattern out of another": (text(pattern=r"^M\d+$"), text(pattern="^M")),
    "a property without data": (text(minLength=1), text(pattern=r"\p{Script=Greek}")),
    "keywords without type": ({"minLength": 1}, STRING),
    "remote reference": ({"$ref": "https://example.com/a.json"}, STRING),
    "remote reference wanted": (STRING, {"$ref": "https://example.com/a.json"}),
    "malformed producer": ({"type": "strin"}, INTEGER),
    "malformed consumer": (STRING, {"type": "integer", "minimum": "1"}),
    "another dialect": ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}, INTEGER),
    "unknown format keeps its values to itself": (text(format="mrn"), text(pattern="^M")),
    "text with tokens": (TEXT, text(pattern="^Visit", minLength=40)),
}


@pytest.mark.parametrize("case", SILENT)
def test_silent(case: str) -> None:
    assert check_assignable(*SILENT[case]) == Undetermined()


MISMATCH: dict[str, tuple[Any, Any, Any, tuple[str | int, ...], str]] = {
    "string into integer": (STRING, INTEGER, "x", (), "string, not integer"),
    "number into integer": (NUMBER, INTEGER, 0.5, (), "number, not integer"),
    "bare object into string": (OBJECT, STRING, {}, (), "object, not string"),
    "bare array into string": (ARRAY, STRING, [], (), "array, not string"),
    "string into record": (STRING, record(a=STRING), "x", (), "string, not object"),
    "text with tokens into number": (TEXT, NUMBER, "x", (), "string, not number"),
    "string into enum": (STRING, {"enum": ["a", "b"]}, "x", (), 'not one of "a" | "b"'),
    "enum with more": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "b", (), 'not "a"'),
    "another const": ({"const": "a"}, {"const": "b"}, "a", (), 'not "b"'),
    "true is not one": ({"const": True}, {"const": 1}, True, (), "not 1"),
    "nullable": (either(STRING, NULL), STRING, None, (), "null, not string"),
    "type list with null": ({"type": ["string", "null"]}, STRING, None, (), "null, not string"),
    "one type of a union": (either(STRING, INTEGER), STRING, 0, (), "integer, not string"),
    "pattern": (STRING, text(pattern=r"^M\d+$"), "x", (), r"does not match `^M\d+$`"),
    "pattern against a date": (DATE, text(pattern=r"^\d\d/"), "2026-03-01", (), r"does not match `^\d\d/`"),
    "too short": (STRING, text(minLength=1), "", (), "shorter than 1"),
    "too long": (STRING, text(maxLength=3), "xxxx", (), "longer than 3"),
    "patterned text into number": (text(pattern="^M[0-9]{3}$"), NUMBER, "M000", (), "string, not number"),
    "too small": (INTEGER, {**INTEGER, "minimum": 1}, 0, (), "less than 1"),
    "too large": ({**INTEGER, "minimum": 5}, {**INTEGER, "maximum": 99}, 100, (), "more than 99"),
    "just below": ({**INTEGER, "minimum": 5}, {**INTEGER, "exclusiveMinimum": 5}, 5, (), "not more than 5"),
    "look-around": (STRING, text(pattern="(?=.*x)(?=.*y)"), "x", (), "does not match `(?=.*x)(?=.*y)`"),
    "unevaluated": (
        record(a=STRING),
        {"type": "object", "unevaluatedProperties": False},
        {"a": "x"},
        ("a",),
        "not allowed here",
    ),
    "another base": (
        record(a={"$id": "https://example.com/a", "type": "string"}),
        record(a=INTEGER),
        {"a": "x"},
        ("a",),
        "string, not integer",
    ),
    "no multiple": (INTEGER, {**INTEGER, "multipleOf": 5}, 1, (), "no multiple of 5"),
    "missing member": (record(a=STRING), record(a=STRING, b=STRING), {"a": "x"}, ("b",), "missing"),
    "optional member": (record(a_=STRING), record(a=STRING), {}, ("a",), "missing"),
    "member not allowed": (
        record(a=STRING, b=STRING),
        {**record(a=STRING), "additionalProperties": False},
        {"a": "x", "b": "x"},
        ("b",),
        "not allowed here",
    ),
    "optional member not allowed": (
        record(a_=STRING),
        {"type": "object", "additionalProperties": False},
        {"a": "x"},
        ("a",),
        "not allowed here",
    ),
    "open producer into closed consumer": (
        {**record(a=STRING), "additionalProperties": True},
        {**record(a=STRING), "additionalProperties": False},
        {"a": "x", "x": "x"},
        ("x",),
        "not allowed here",
    ),
    "map of strings": (
        {"type": "object", "additionalProperties": STRING},
        record(count_=INTEGER),
        {"count": "x"},
        ("count",),
        "string, not integer",
    ),
    "deep": (
        record(visits=listed(record(at=STRING, n=STRING))),
        record(visits=listed(record(at=STRING, n=INTEGER))),
        {"visits": [{"at": "x", "n": "x"}]},
        ("visits", 0, "n"),
        "string, not integer",
    ),
    "too few": (listed(STRING), listed(STRING, minItems=2), [], (), "fewer than 2 entries"),
    "too many": (listed(STRING), listed(STRING, maxItems=1), ["x", "x"], (), "more than 1 entries"),
    "twice the same": (
        listed(STRING),
        listed(STRING, uniqueItems=True),
        ["x", "x"],
        (),
        "the same entry twice",
    ),
    "second entry": (
        listed(STRING, minItems=2),
        {**ARRAY, "prefixItems": [STRING, INTEGER]},
        ["x", "x"],
        (1,),
        "string, not integer",
    ),
    "recursive": (node(STRING), node(INTEGER), {"value": "x"}, ("value",), "string, not integer"),
    "one branch of a tagged union": (
        either(record(kind={"const": "a"}, x=STRING), record(kind={"const": "b"})),
        either(record(kind={"const": "a"}, x=INTEGER), record(kind={"const": "b"})),
        {"kind": "a", "x": "x"},
        (),
        'not {kind: "a", x: integer} | {kind: "b"}',
    ),
    "condition": (
        record(kind={"enum": ["a", "b"]}, x_=STRING),
        {"if": {"properties": {"kind": {"const": "b"}}}, "then": {"required": ["x"]}},
        {"kind": "b"},
        ("x",),
        "missing",
    ),
    "excluded value": (STRING, {"type": "string", "not": {"const": "root"}}, "root", (), "excluded"),
    "through allOf": (
        {"allOf": [record(a=STRING), record(b=STRING)]},
        {**record(a=STRING), "additionalProperties": False},
        {"a": "x", "b": "x"},
        ("b",),
        "not allowed here",
    ),
    "nothing is accepted": (STRING, False, "x", (), "nothing is accepted here"),
}


@pytest.mark.parametrize("case", MISMATCH)
def test_mismatch(case: str) -> None:
    producer, consumer, witness, path, reason = MISMATCH[case]

    assert check_assignable(producer, consumer) == NotAssignable(witness, path, reason)
    assert jsonschema_rs.Draft202012Validator(producer).is_valid(witness)
    assert not jsonschema_rs.Draft202012Validator(consumer).is_valid(witness)


def test_a_value_that_may_be_absent_does_not_fill_a_required_input() -> None:
    answer = check_assignable(STRING, STRING, may_be_absent=True)

    assert answer == NotAssignable(ABSENT, (), "may be absent")
    assert isinstance(answer, NotAssignable)
    assert answer.witness_text == "absent"
    assert check_assignable(STRING, STRING, may_be_absent=True, required=False) == Assignable()


def test_absence_counts_though_the_value_says_nothing() -> None:
    assert check_assignable(ANY, STRING, may_be_absent=True) == NotAssignable(ABSENT, (), "may be absent")

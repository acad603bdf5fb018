"""Types and values in words, small questions, and validation by the letter of the standard."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.schema.describe import describe, format_literal
from cyberflow.schema.predicates import accepts_string, possible_kinds
from cyberflow.schema.validation.validate import accepts
from cyberflow.schema.values import ABSENT, Schema
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
)

DESCRIPTIONS: dict[str, Any] = {
    "string": STRING,
    "any": ANY,
    "nothing": False,
    "object": OBJECT,
    "array": listed(ANY),
    "string[]": listed(STRING),
    "(string | null)[]": listed(either(STRING, NULL)),
    "string | null": {"type": ["string", "null"]},
    '"a" | "b"': {"enum": ["a", "b"]},
    '"a"': {"const": "a"},
    "{mrn: string, medications: string[]}": record(mrn=STRING, medications=listed(STRING)),
    "{id: string, note?: integer}": record(id=STRING, note_=INTEGER),
    "{*: string}": {"type": "object", "additionalProperties": STRING},
    "[string, integer]": {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
    "{value: string, next?: Node}": node(STRING),
    "{a: string} & {b: integer}": {"allOf": [record(a=STRING), record(b=INTEGER)]},
    "number": {"minimum": 1},
}


@pytest.mark.parametrize("expected", DESCRIPTIONS)
def test_describe(expected: str) -> None:
    assert describe(DESCRIPTIONS[expected]) == expected


def test_long_types_lose_what_is_deep_before_what_is_on_top() -> None:
    deep = record(patient=record(identity=record(mrn=STRING, born=DATE, name=STRING)), visits=listed(record(at=DATE)))
    wide = record(**{f"member_number_{number}": STRING for number in range(20)})

    assert describe(deep) == "{patient: {identity: object}, visits: object[]}"
    assert describe(wide).startswith("{member_number_0: string, ")
    assert describe(wide).endswith(", …}")
    assert len(describe(wide)) <= 61
    assert describe({"enum": [f"choice-{number}" for number in range(30)]}).endswith(" | …")


def test_values_in_words() -> None:
    assert format_literal({"a": "é"}) == '{"a": "é"}'
    assert format_literal(ABSENT) == "absent"
    assert format_literal("x" * 100).endswith('x…"')
    assert len(format_literal(["x" * 100])) <= 62


@pytest.mark.parametrize(
    ("schema", "string"),
    [
        (STRING, True),
        (INTEGER, False),
        (either(INTEGER, NULL), False),
        ({"enum": [1, "1"]}, True),
        ({"enum": [1, 2]}, False),
        (record(a=STRING), False),
        (either(ARRAY, NULL), False),
        (either(OBJECT, STRING), True),
        (ANY, True),
        ({"$ref": "https://example.com/x"}, None),
        ({"type": 5}, None),
    ],
)
def test_whether_a_type_admits_text(schema: Schema, string: bool | None) -> None:
    assert accepts_string(schema) is string


def test_kinds() -> None:
    assert possible_kinds({"anyOf": [NUMBER, NULL]}) == frozenset({"integer", "fraction", "null"})
    assert possible_kinds({"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]}) == frozenset(
        {"integer"}
    )


VALIDATION: list[tuple[Any, Any, bool | None]] = [
    ({"type": "integer"}, 1.0, True),
    ({"type": "integer"}, True, False),
    ({"const": 1}, 1.0, True),
    ({"enum": [[1]]}, [True], False),
    ({"minLength": 2}, "😀", False),
    ({"pattern": "^a$"}, "a\n", False),
    ({"pattern": r"^\d$"}, "٣", False),
    ({"pattern": r"(a)\1"}, "aa", True),
    ({"pattern": "^.$"}, "\r", False),
    ({"format": "date"}, "no date", True),
    ({"multipleOf": 0.1}, 0.3, None),
    ({"multipleOf": 0.5}, 1.5, True),
    ({"uniqueItems": True}, [1, 1.0], False),
    ({"uniqueItems": True}, [1, True], True),
    ({"contains": STRING, "minContains": 2}, ["a", 1], False),
    ({"contains": STRING, "maxContains": 1}, ["a", "b"], False),
    ({"patternProperties": {"^a": INTEGER}, "additionalProperties": False}, {"ab": 1}, True),
    ({"patternProperties": {"^a": INTEGER}, "additionalProperties": False}, {"b": 1}, False),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, False),
    ({"if": STRING, "then": {"minLength": 2}, "else": False}, "ab", True),
    ({"oneOf": [INTEGER, NUMBER]}, 1, False),
    ({"not": STRING}, "x", False),
    (node(INTEGER), {"value": 1, "next": {"value": "x"}}, False),
    ({"unevaluatedProperties": False}, {"a": 1}, False),
    ({"$ref": "#/$defs/B", "unevaluatedProperties": False, "$defs": {"B": record(a=INTEGER)}}, {"a": 1}, True),
    ({"unevaluatedProperties": False}, "x", True),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, False),
    ({"$ref": "other.json"}, 1, None),
    ({"$ref": "other.json", "type": "string"}, 1, False),
    ({"$dynamicRef": "#x"}, 1, None),
    ({"type": "nonsense"}, 1, None),
]


@pytest.mark.parametrize(("schema", "value", "verdict"), VALIDATION)
def test_validation(schema: Schema, value: Any, verdict: bool | None) -> None:
    assert accepts(schema, value) is verdict

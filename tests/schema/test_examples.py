"""Values made of a schema: what the author wrote, then readable ones, and always valid."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from cyberflow.schema.keywords import ALL_KEYWORDS
from cyberflow.schema.samples.examples import example
from cyberflow.schema.subtype.keywords import IMPLICATIONS
from cyberflow.schema.validation.jsonschema import validator_of
from cyberflow.schema.validation.validate import ANY_KIND, BY_KIND
from cyberflow.schema.values import Schema
from tests.schema.test_schema_laws import LAW, VALUES, schemas
from tests.schema.typed_schemas import INTEGER, STRING, listed, record, text

HARD: dict[str, Any] = {
    "a pattern": record(mrn=text(pattern=r"^M\d{4}$")),
    "a pattern and a length": text(pattern="^[A-Z]+$", minLength=7, maxLength=9),
    "two patterns": text(allOf=[{"pattern": "^M"}, {"pattern": r"^.\d{3}$"}]),
    "look-ahead": text(pattern=r"^(?=.*\d)(?=.*[a-z]).{8,}$"),
    "if then": {
        **record(kind={"enum": ["a", "b"]}),
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": record(x=STRING),
    },
    "else alone": {"if": {"const": 1}, "else": False},
    "not": text(**{"not": {"const": "x"}, "maxLength": 1}),
    "exactly one": {"oneOf": [record(a=STRING), record(b=STRING)], "type": "object"},
    "unevaluated": {"$ref": "#/$defs/B", "unevaluatedProperties": False, "$defs": {"B": record(a=STRING)}},
    "dependents": {**record(a=STRING), "dependentRequired": {"a": ["b"]}, "properties": {"a": STRING}},
    "dependent schema": {**record(a=STRING), "dependentSchemas": {"a": record(z=INTEGER)}},
    "names": {"type": "object", "minProperties": 3, "propertyNames": {"pattern": "^k[a-z]$"}},
    "patterned names": {
        "type": "object",
        "minProperties": 2,
        "patternProperties": {"^v[0-9]+$": INTEGER},
        "additionalProperties": False,
    },
    "contains": listed(INTEGER, contains={"minimum": 50}, minContains=2),
    "unique": listed({"enum": [1, 2, 3]}, minItems=3, uniqueItems=True),
    "recursive": {"$ref": "#/$defs/n", "$defs": {"n": record(v=STRING, next_={"$ref": "#/$defs/n"})}},
    "not an array": {"contains": False},
    "a format": record(at=text(format="date-time"), id=text(format="uuid"), who=text(format="email")),
    "a step in bounds": {"type": "number", "multipleOf": 0.25, "exclusiveMinimum": 1, "maximum": 1.3},
}


@pytest.mark.parametrize("case", HARD)
def test_a_valid_value_is_made(case: str) -> None:
    made = example(HARD[case])

    assert made is not None
    assert jsonschema_rs.validator_for(HARD[case]).is_valid(made[0])
    assert validator_of(HARD[case], asserts_format=True).is_valid(made[0])
    assert example(HARD[case]) == made


@pytest.mark.parametrize(
    "schema", [False, {"type": "string", "enum": [1]}, record(a=False), {"allOf": [STRING, INTEGER]}]
)
def test_where_no_value_is_valid_none_is_made(schema: Schema) -> None:
    assert example(schema) is None


@LAW
@given(schemas(), VALUES)
def test_what_is_made_is_valid(schema: Schema, value: Any) -> None:
    """Formats are asserted, as wherever a value is given."""
    judge = jsonschema_rs.validator_for(schema, validate_formats=True)
    made = example(schema)

    assert made is None or judge.is_valid(made[0])
    if isinstance(schema, dict) and "$ref" not in str(schema) and judge.is_valid({}):
        assert made is not None


SOMETHING = record(
    code=STRING,
    number=INTEGER,
    name=STRING,
    day=text(format="date"),
    mail=text(format="email"),
    invoice=text(pattern="^INV-[0-9]{2}$"),
    letters=text(pattern="^[a-z]{3}$"),
    kind=text(examples=["a", "b", "c"]),
    parts=listed(STRING),
)


@pytest.mark.parametrize("member", SOMETHING["properties"])
def test_the_entries_of_a_list_differ_in_all_that_may_differ(member: str) -> None:
    """A list is gone over by a key of its entries, which is another one for each."""
    made = example(listed(SOMETHING, minItems=3))

    assert made is not None
    assert len({str(entry[member]) for entry in made[0]}) == 3
    assert validator_of(listed(SOMETHING), asserts_format=True).is_valid(made[0])


def test_no_keyword_is_missing_where_its_meaning_is_needed() -> None:
    judged = {name for name, keyword in ALL_KEYWORDS.items() if keyword.kinds}
    words = {"contentEncoding", "contentMediaType"}
    beside = {"minContains", "maxContains"}
    unproven = {"dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties"}

    assert judged - BY_KIND.keys() == words | beside
    assert judged - IMPLICATIONS.keys() == unproven
    assert {name for name, one in ALL_KEYWORDS.items() if one.in_place} - ANY_KIND.keys() == {"then", "else"}

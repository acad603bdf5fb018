"""The normal form: what is named is written out, two of one name stay two, and no meaning changes."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given

from cyberflow.schema.definitions import object_schema
from cyberflow.schema.normal_form import SchemaTooLarge, canonical_schema, normal_form
from cyberflow.schema.values import Schema
from tests.schema.test_schema_laws import LAW, VALUES, schemas
from tests.schema.typed_schemas import INTEGER, STRING, record

NEXT = {"$ref": "#/$defs/n"}


def node(**fields: Any) -> dict[str, Any]:
    return {"$ref": "#/$defs/n", "$defs": {"n": record(**fields, next_=NEXT)}}


def test_two_definitions_of_one_name_stay_two() -> None:
    made = object_schema({"a": (node(s=STRING), True), "b": (node(i=INTEGER), True), "c": (node(s=STRING), False)})

    assert list(made["$defs"]) == ["n", "n-2"]
    assert [made["properties"][name]["$ref"] for name in "abc"] == ["#/$defs/n", "#/$defs/n-2", "#/$defs/n"]
    judge = jsonschema_rs.validator_for(made)
    assert judge.is_valid({"a": {"s": "x", "next": {"s": "y"}}, "b": {"i": 1, "next": {"i": 2}}})
    assert not judge.is_valid({"a": {"s": "x"}, "b": {"i": 1, "next": {"s": "y"}}})


def test_definitions_that_differ_only_below_stay_two() -> None:
    def outer(leaf: Any) -> dict[str, Any]:
        again = {"$ref": "#/$defs/leaf"}
        return {
            "$ref": "#/$defs/outer",
            "$defs": {
                "outer": record(leaf=again, more_={"$ref": "#/$defs/outer"}),
                "leaf": record(value=leaf, deeper_=again),
            },
        }

    made = object_schema({"a": (outer(STRING), True), "b": (outer(INTEGER), True)})

    judge = jsonschema_rs.validator_for(made)
    assert judge.is_valid({"a": {"leaf": {"value": "x"}}, "b": {"leaf": {"value": 1}}})
    assert not judge.is_valid({"a": {"leaf": {"value": "x"}}, "b": {"leaf": {"value": "x"}}})


INLINE: dict[str, tuple[Any, Any]] = {
    "the document's definition": (
        {"$ref": "#/$defs/o", "$defs": {"a": STRING, "o": {"$defs": {"a": INTEGER}, "items": {"$ref": "#/$defs/a"}}}},
        {"items": STRING},
    ),
    "a false definition": ({"items": {"$ref": "#/$defs/f"}, "$defs": {"f": False}}, {"items": False}),
    "words beside": (
        {"$ref": "#/$defs/a", "description": "who", "$defs": {"a": STRING}},
        {**STRING, "description": "who"},
    ),
    "unevaluated sees through": (
        {"$ref": "#/$defs/b", "unevaluatedProperties": False, "$defs": {"b": {"properties": {"a": STRING}}}},
        {"unevaluatedProperties": False, "allOf": [{"properties": {"a": STRING}}]},
    ),
    "an anchor": ({"items": {"$ref": "#here"}, "$defs": {"x": {"$anchor": "here", **STRING}}}, {"items": STRING}),
    "an id": ({"items": {"$ref": "item"}, "$defs": {"x": {"$id": "item", **STRING}}}, {"items": STRING}),
    "an id below a base": (
        {"$id": "https://a.example/b/c", "items": {"$ref": "d"}, "$defs": {"x": {"$id": "/b/d", **STRING}}},
        {"items": STRING},
    ),
    "any pointer": (
        {"properties": {"a": STRING, "b": {"$ref": "#/properties/a"}}},
        {"properties": {"a": STRING, "b": STRING}},
    ),
    "escapes": ({"items": {"$ref": "#/$defs/a~1b%25~0"}, "$defs": {"a/b%~": STRING}}, {"items": STRING}),
    "outside": ({"items": {"$ref": "https://a.example/x"}}, {"items": {"$ref": "https://a.example/x"}}),
    "a constant is data": ({"const": {"$ref": "#/$defs/a"}, "$defs": {"a": STRING}}, {"const": {"$ref": "#/$defs/a"}}),
}


@pytest.mark.parametrize("case", INLINE)
def test_references_are_written_out(case: str) -> None:
    schema, expected = INLINE[case]

    assert normal_form(schema) == expected


def test_what_is_recursive_does_not_depend_on_where_one_begins() -> None:
    a, b = record(b_={"$ref": "#/$defs/b"}), record(a_={"$ref": "#/$defs/a"})
    forms = [
        normal_form({"properties": properties, "$defs": {"a": a, "b": b}})
        for properties in (
            {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/b"}},
            {"y": {"$ref": "#/$defs/b"}, "x": {"$ref": "#/$defs/a"}},
        )
    ]

    assert forms[0] == forms[1]
    assert isinstance(forms[0], dict)
    assert sorted(forms[0]["$defs"]) == ["a", "b"]


def test_the_root_is_a_definition_where_it_is_meant() -> None:
    made = normal_form(record(next_={"$ref": "#"}))

    assert made == {**record(next_={"$ref": "#/$defs/root"}), "$defs": {"root": record(next_={"$ref": "#/$defs/root"})}}


@pytest.mark.parametrize("deep", [True, False])
def test_bounds(deep: bool) -> None:
    defs: dict[str, Any] = {f"d{n}": {"items": {"$ref": f"#/$defs/d{n + 1}"}} for n in range(200)}
    if not deep:
        both = [{"$ref": f"#/$defs/d{n + 1}"} for n in range(40)]
        defs = {f"d{n}": {"allOf": [one, one]} for n, one in enumerate(both)}
    last = {"d200": STRING} if deep else {"d40": STRING}

    with pytest.raises(SchemaTooLarge) as caught:
        normal_form({"$ref": "#/$defs/d0", "$defs": {**defs, **last}})
    assert caught.value.deep is deep


@LAW
@given(schemas(), VALUES)
def test_the_normal_form_keeps_the_meaning(schema: Schema, value: Any) -> None:
    form = normal_form(schema)
    try:
        judge = jsonschema_rs.validator_for(schema)
    except ValueError:
        assume(False)

    assert jsonschema_rs.validator_for(form).is_valid(value) is judge.is_valid(value)
    assert normal_form(form) == form
    assert canonical_schema(form) == canonical_schema(schema)

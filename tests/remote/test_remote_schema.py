"""Schemas in one form: what accepts the same in the ways that services and people write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cyberflow.remote.canonical import differing_fields
from cyberflow.schema.normal_form import canonical_schema


def moved(before: Any, after: Any, field: str = "input_schema") -> bool:
    return bool(differing_fields({field: before and json.dumps(before)}, {field: after and json.dumps(after)}))


NAMES = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({**NAMES, "required": ["a", "b"]}, {**NAMES, "required": ["b", "a"]}),
        ({**NAMES, "required": []}, NAMES),
        ({**NAMES, "$schema": "https://json-schema.org/draft/2020-12/schema"}, NAMES),
        (
            {"properties": {"a": {"$ref": "#/$defs/T"}}, "$defs": {"T": {"type": "string"}}},
            {"properties": {"a": {"type": "string"}}},
        ),
        (None, {"type": "object", "properties": {}}),
        (None, {"type": "object"}),
    ],
)
def test_what_says_the_same_is_no_change(one: Any, other: Any) -> None:
    assert not moved(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({**NAMES, "required": ["a"]}, NAMES),
        ({**NAMES, "additionalProperties": False}, NAMES),
        ({"properties": {"a": {"enum": [1, 2]}}}, {"properties": {"a": {"enum": [2, 1]}}}),
        ({"properties": {"a": {"default": {"required": ["x", "y"]}}}}, {"properties": {"a": {"default": {}}}}),
        ({"properties": {"required": {"type": "string"}}}, {"properties": {}}),
    ],
)
def test_what_says_something_else_is_one(one: Any, other: Any) -> None:
    assert moved(one, other)


def test_a_recursive_definition_stays() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tree"}}}

    form = canonical_schema({"properties": {"t": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": tree}})

    assert form == {"properties": {"t": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": tree}}


def test_an_output_that_promises_nothing_is_not_none() -> None:
    assert moved(None, {"type": "object"}, "output_schema")

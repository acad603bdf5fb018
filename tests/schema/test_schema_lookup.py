"""Paths of tokens and refs followed into types."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from cyberflow.schema.paths import FoundType, MissingMember, Scalar, UnknownPath, lookup
from tests.schema.typed_schemas import ANY, ARRAY, INTEGER, NULL, NUMBER, OBJECT, STRING, either, listed, record

PATIENT = record(
    mrn=STRING,
    medications=listed(record(name=STRING, dose_=NUMBER)),
    address=either(record(city=STRING), NULL),
    extra=OBJECT,
    anything=ANY,
    pair={**ARRAY, "prefixItems": [STRING, INTEGER], "items": False, "minItems": 1},
    phone={"oneOf": [record(home=STRING), record(home=STRING, work=STRING)]},
    labels={"type": "object", "additionalProperties": STRING},
    fixed={"const": {"a": [1, "x"]}},
    levels={"enum": [{"low": 1, "high": 2}, {"low": 3}]},
    joined={"allOf": [record(a=STRING), record(b=INTEGER)]},
    coded={"type": "object", "properties": {}, "patternProperties": {"^x-": INTEGER}},
    mixed={"type": ["object", "string"], "properties": {"id": STRING}, "required": ["id"]},
    name_=record(first=STRING),
)

LOOKUPS: dict[str, tuple[list[str | int], Any]] = {
    "a member": (["mrn"], FoundType(STRING)),
    "an optional member": (["name"], FoundType(record(first=STRING), optional=True)),
    "below an optional member": (["name", "first"], FoundType(STRING, optional=True)),
    "an entry may not be there": (["medications", 0, "name"], FoundType(STRING, optional=True)),
    "an entry that is always there": (["pair", 0], FoundType(STRING)),
    "the second of a pair": (["pair", 1], FoundType(INTEGER, optional=True)),
    "the third of a pair": (["pair", 2], MissingMember(1, ())),
    "below null": (["address", "city"], FoundType(STRING, optional=True)),
    "in every alternative": (["phone", "home"], FoundType(STRING)),
    "in one alternative": (["phone", "work"], FoundType(STRING, optional=True)),
    "in a map": (["labels", "anything"], FoundType(STRING, optional=True)),
    "in a constant": (["fixed", "a", 1], FoundType({"const": "x"})),
    "in every constant": (["levels", "low"], FoundType({"enum": [1, 3]})),
    "in one constant": (["levels", "high"], FoundType({"const": 2}, optional=True)),
    "joined": (["joined", "b"], FoundType(INTEGER)),
    "by pattern": (["coded", "x-1"], FoundType(INTEGER, optional=True)),
    "not by pattern": (["coded", "y"], MissingMember(1, ())),
    "in an object or string": (["mixed", "id"], FoundType(STRING, optional=True)),
    "unknown member": (["mrm"], MissingMember(0, tuple(PATIENT["properties"]))),
    "unknown member deeper": (["medications", 0, "nam"], MissingMember(2, ("name", "dose"))),
    "unknown in every alternative": (["phone", "cell"], MissingMember(1, ("home", "work"))),
    "member of a string": (["mrn", "x"], Scalar(1, "string")),
    "entry of a string": (["mrn", 0], Scalar(1, "string")),
    "member of an array": (["medications", "name"], Scalar(1, "{name: string, dose?: number}[]")),
    "bare object": (["extra", "x"], UnknownPath()),
    "any": (["anything", "x", 0], UnknownPath()),
}


@pytest.mark.parametrize("case", LOOKUPS)
def test_lookup(case: str) -> None:
    keys, result = LOOKUPS[case]

    assert lookup(PATIENT, keys) == result


def test_the_empty_path_is_the_type_itself() -> None:
    assert lookup(PATIENT, []) == FoundType(PATIENT)


def test_a_found_type_stands_alone() -> None:
    tree = {
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Tree"}, "whole": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["root", "whole"],
        "$defs": {"Tree": record(left_={"$ref": "#/$defs/Tree"}, value=STRING), "Unused": STRING},
    }
    found = lookup(tree, ["root", "left", "left"])
    whole = lookup(tree, ["whole"])

    assert isinstance(found, FoundType)
    assert isinstance(whole, FoundType)
    assert found.optional
    assert list(found.schema["$defs"]) == ["Tree"] if isinstance(found.schema, dict) else False
    assert lookup(found.schema, ["left", "value"]) == FoundType(STRING, optional=True)
    assert lookup(whole.schema, [0, "root", "value"]) == FoundType(STRING, optional=True)
    jsonschema_rs.Draft202012Validator(whole.schema).validate([{"root": {"value": "x"}, "whole": []}])

"""The notation of types, read into the normal form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cyberflow.compiler.type_notation import TypeReader
from cyberflow.language.files import Files
from cyberflow.language.project.load import Definition
from cyberflow.source import Place

STRING = {"type": "string"}
TYPES: dict[str, Any] = {
    "Mrn": {"type": "string", "pattern": "^M"},
    "Base": {"type": "object", "properties": {"id": "Mrn"}, "required": ["id"]},
    "Tree": {"value": "string", "kids?": "Tree[]"},
    "Late": {"type": "string", "default": "x"},
    "Any": {"schema": True},
}
MRN = TYPES["Mrn"]
BASE = {"type": "object", "properties": {"id": MRN}, "required": ["id"]}
TREE = {
    "type": "object",
    "properties": {"value": STRING, "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    "required": ["value"],
}


def reader(root: Path = Path()) -> TypeReader:
    types = {name: Definition("type", name, body, Place("types.yaml", (name,))) for name, body in TYPES.items()}
    return TypeReader(types, Files(root))


READ: list[tuple[Any, Any]] = [
    ("string[][]", {"type": "array", "items": {"type": "array", "items": STRING}}),
    ("Mrn[]", {"type": "array", "items": MRN}),
    ("Tree", {"$ref": "#/$defs/Tree", "$defs": {"Tree": TREE}}),
    ("Any", {}),
    ({"type": "array", "items": "Mrn"}, {"type": "array", "items": MRN}),
    ({"type": "array", "items": "Mrn[]"}, {"type": "array", "items": {"type": "array", "items": MRN}}),
    ({"anyOf": ["Base", {"type": "null"}]}, {"anyOf": [BASE, {"type": "null"}]}),
    ({"not": "Mrn"}, {"not": MRN}),
    (
        {"properties": {"a": "Base"}, "patternProperties": {"^x": "Mrn"}},
        {"properties": {"a": BASE}, "patternProperties": {"^x": MRN}},
    ),
    ({"type": "object", "if": "Base", "then": {"$ref": "Mrn"}}, {"type": "object", "if": BASE, "then": MRN}),
    ({"schema": {"description": "who"}}, {"description": "who"}),
    ({"schema": {"ui:order": 3, "minLength": 2}}, {"ui:order": 3, "minLength": 2}),
    ({"schema": True}, {}),
    ({"schema": False}, {"not": {}}),
    ({"type": "array", "items": {"schema": {"minLength": 2}}}, {"type": "array", "items": {"minLength": 2}}),
    (
        {"at": {"schema": {"minLength": 2}}, "n?": "integer"},
        {
            "type": "object",
            "properties": {"at": {"minLength": 2}, "n": {"type": "integer"}},
            "required": ["at"],
        },
    ),
    ({"a": "Late", "b": "Mrn"}, {"type": "object", "properties": {"a": TYPES["Late"], "b": MRN}, "required": ["b"]}),
    ({"$ref": "Mrn", "description": "who"}, {**MRN, "description": "who"}),
    ({"$ref": "Base", "maxProperties": 2}, {"maxProperties": 2, "allOf": [BASE]}),
    ({"$ref": "Tree", "title": "T"}, {"title": "T", "allOf": [{"$ref": "#/$defs/Tree"}], "$defs": {"Tree": TREE}}),
    ({"$ref": "#/$defs/n", "$defs": {"n": False}}, {"not": {}}),
    ({"items": {"$ref": "#/$defs/n"}, "$defs": {"n": "Mrn"}}, {"items": MRN}),
    ({"type": "string", "maxLength": 2.0}, {"type": "string", "maxLength": 2.0}),
    ({"type": "string", "x-own": 1}, {"type": "string", "x-own": 1}),
]


@pytest.mark.parametrize(("notation", "schema"), READ, ids=lambda value: json.dumps(value)[:60])
def test_what_is_written_is_read(notation: Any, schema: Any) -> None:
    types = reader()

    assert types.read_type(notation, Place("flows.yaml")) == schema
    assert types.problems == []


def test_the_schema_of_a_file_is_kept_whole(tmp_path: Path) -> None:
    whole = {
        "type": "object",
        "properties": {"mrn": {"$ref": "#/$defs/m"}, "next": {"$ref": "#"}},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 1,
        "$defs": {"m": MRN},
    }
    (tmp_path / "out.json").write_text(json.dumps(whole), encoding="utf-8")
    types = reader(tmp_path)

    fields = types.read_fields({"schema": {"file": "out.json"}}, Place("flows.yaml"))

    assert types.problems == []
    assert list(fields.fields) == ["mrn", "next"]
    assert fields.fields["mrn"].schema["pattern"] == "^M"
    made = fields.schema()
    assert (made["additionalProperties"], made["minProperties"]) == ({"type": "boolean"}, 1)
    assert made["properties"]["next"] == {"$ref": "#/$defs/root"}


@pytest.mark.parametrize("depth", [99, 100, 3000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_lists_of_lists_are_bounded(depth: int) -> None:
    types = reader()

    types.read_type("string" + "[]" * depth, Place("flows.yaml"))

    assert [problem.rule for problem in types.problems] == ["bad-schema"] * (depth > 99)

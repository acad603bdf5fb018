"""Schemas of the platform as declarations and back: nothing is left for a plan to say after `pull` and `adopt`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.deploy.pull.pull import PullItem
from cyberflow.deploy.pull.verify import PullVerification, verify_pull
from cyberflow.emulator.contract.errors import InvalidRequest
from cyberflow.emulator.engine.schemas import require_schema
from cyberflow.remote.identity import Owner
from cyberflow.remote.snapshot import Snapshot
from cyberflow.schema.keywords import DIALECT
from tests.suites import SUITES

SUITE = SUITES / "json-schema" / "tests" / "draft2020-12"
TIMES = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
UNREAD = ('"$dynamicRef"', '"dependencies"', '"$ref": "https://json-schema.org/', '"enum": []')
"""What `check` refuses, with the reason: no declaration can say it, and pull tells that."""


def pulled(*schemas: tuple[Any, Any]) -> PullVerification:
    """Pull workflows with these input and output schemas."""
    texts = [tuple(None if one is None else json.dumps(one) for one in pair) for pair in schemas]
    workflows = [
        WorkflowRecord.model_validate(
            {"id": f"id-{n}", "name": f"w{n}", "main_prompt": "<p>Go</p>", **TIMES}
            | {"input_schema": taken, "output_schema": given}
        )
        for n, (taken, given) in enumerate(texts)
    ]
    items = [PullItem(one.name or "", one) for one in workflows]
    return verify_pull(items, Snapshot(tuple(workflows)), Owner("clinic"), {}, {})


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string"}, "a: string"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, 'a: "integer[][]"'),
        (True, "a: any"),
        ({}, "a: any"),
        (False, "a: {not: {}}"),
        ({"description": "patient number"}, "schema: {description: patient number}"),
        ({"additionalProperties": {"type": "boolean"}}, "schema:\n"),
        ({"propertyNames": {"maxLength": 3}}, "schema:\n"),
        ({"contains": {"type": "string"}}, "schema:\n"),
        ({"type": "string", "nullable": True}, "schema: {type: string, nullable: true}"),
        ({"type": "string", "ui:widget": "textarea"}, "schema: {"),
        ({"minLength": 3}, "schema: {minLength: 3}"),
        ({"custom": {"type": "string"}}, "schema:\n"),
        ({"properties": {"x": True, "y": False}}, "a:\n"),
        ({"type": "array", "items": {"description": "x"}}, "a:\n"),
        ({"$ref": "#/$defs/node"}, "$defs"),
        ({"type": "string", "description": "${{ x }}"}, r"\${{ x }}"),
        ({"type": "string", "pattern": "^<a>$"}, "<a>"),
        ({"enum": ["no", "1", None, True, 1.5]}, "enum"),
        ({"const": "\u2028x\x00"}, "const"),
    ],
)
def test_a_type_is_written_in_the_first_form_that_says_the_same(schema: Any, written: str) -> None:
    root = {**fields(a=schema), "$defs": {"node": NODE}}

    found = pulled((root, None), (None, root))

    assert found.faults == {}
    assert all(written in one.texts[f"{one.name}.yaml"] for one in found.pulled)


def test_definitions_with_words_beside_their_reference_go_along() -> None:
    root = {"$defs": {"P": NODE}, "type": "object", "properties": {"p": {"$ref": "#/$defs/P", "description": "who"}}}
    root["$defs"]["P"]["properties"]["next"]["$ref"] = "#/$defs/P"  # type: ignore[index]

    found = pulled((root, None), (None, root))

    assert found.faults == {}


@pytest.mark.parametrize(
    "root",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
        {"$schema": DIALECT, "pattern": "^a*$"},
        {"$schema": DIALECT, "format": "email"},
        {"$schema": DIALECT, "description": "string"},
        {"$ref": "#/$defs/a", "$defs": {"a": False}},
        {"properties": {"a": {"type": "string"}}},
        {**fields(a={"type": "string"}), "additionalProperties": False},
        {**fields(a={"type": "string"}), "description": "all of it"},
        {**fields(a={"type": "string"}), "required": ["a", "b"]},
        {**fields(a={"type": "string", "default": "x"})},
        fields(**{"MRN number": {"type": "string"}}),
        {"required": ["a\nb", "__proto__"]},
        {"anyOf": [fields(a={"type": "string"}), fields(b={"type": "string"})]},
    ],
)
def test_what_only_a_root_says_stays_a_file(root: Any) -> None:
    found = pulled((root, None), (None, root))

    assert found.faults == {}
    assert all(f"schemas/{one.name}." in "".join(one.texts) for one in found.pulled)


def test_secrets_stay_secrets_beside_any_inputs() -> None:
    typed = {"type": "string", "minLength": 8}
    roots = [
        fields(a={"type": "string"}, **{"$pin": {"type": "string"}}),
        {**fields(**{"$pin": typed, "$pw": {"type": "string"}}), "required": ["$pw"]},
        {**fields(**{"$pin": {"type": "string"}}), "additionalProperties": {"type": "string"}},
        {"properties": {"$pin": {"type": "string"}}},
    ]

    found = pulled(*((root, None) for root in roots))

    assert found.faults == {}
    assert all("secrets:" in one.texts[f"{one.name}.yaml"] for one in found.pulled)


def suite() -> Iterator[tuple[str, Any]]:
    for path in sorted(SUITE.rglob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(SUITE).as_posix()}: {group['description']}", group["schema"]


PLACES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "outputs": lambda schema: (None, schema),
    "an input": lambda schema: (fields(a=schema), None),
    "an output among others": lambda schema: (None, {**fields(a=schema, b={"type": "string"}), "required": ["b"]}),
    "items beside a secret": lambda schema: (
        fields(a={"type": "array", "items": schema}, **{"$pw": {"type": "string"}}),
        None,
    ),
}


def is_taken(taken: Any, given: Any) -> bool:
    try:
        require_schema(None if taken is None else json.dumps(taken), "input_schema")
        require_schema(None if given is None else json.dumps(given), "output_schema", simplified=True)
    except InvalidRequest:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not SUITE.is_dir(), reason="the suite is not here")
@pytest.mark.parametrize("place", PLACES)
def test_every_schema_of_the_suite_that_the_service_takes_comes_back(place: str) -> None:
    """But for what `check` refuses with its reason, and patterns that the platform cannot read."""
    taken = [(name, PLACES[place](schema)) for name, schema in suite() if is_taken(*PLACES[place](schema))]
    assert len(taken) > 380

    found = pulled(*(schemas for _, schemas in taken))

    for name, faults in found.faults.items():
        title, schemas = taken[int(name.removeprefix("w"))]
        text = json.dumps(schemas)
        unread = any(mark in text for mark in UNREAD) or any("is not a regular expression" in one for one in faults)
        assert unread, (title, faults)

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.remote.canonical import FIELDS, canonicalize, differing_fields, field_hash, wire_fields

FULL: dict[str, Any] = {
    "name": "Patient lookup",
    "main_prompt": "<p>Open {chart}</p>",
    "input_schema": '{"type":"object","properties":{"chart":{"type":"string"}}}',
    "output_schema": '{"type":"object","properties":{"mrn":{"type":"string"}},"required":["mrn"]}',
    "includes_file_exports": True,
    "is_webhooks_enabled": False,
    "terminal_command_allowlist": ["Get-Process"],
    "model_metadata": {"main_agent_model_id": "ab", "fallback_model_1_id": None},
    "post_run_check_failure_cleanup_prompt": "<p>Close</p>",
    "post_run_checks": [
        {"name": "a", "type": "output_data_passes_schema_validation"},
        {"name": "b", "type": "run_attachment_exists", "file_names": ["x.pdf"]},
    ],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_null_empty_false_and_absent_are_alike() -> None:
    nothing = dict.fromkeys(FIELDS)
    empty = {"terminal_command_allowlist": [], "post_run_checks": [], "includes_file_exports": False}

    assert canonicalize(nothing) == canonicalize(empty) == canonicalize({}) == {}


@pytest.mark.parametrize("schema", [None, "{}", '{"$comment": "cyberflow:clinic/a new 0"}'])
def test_a_schema_that_holds_a_marker_alone_compares_as_null(schema: str | None) -> None:
    assert canonicalize({"input_schema": schema}) == {}


def test_the_marker_is_left_out_of_the_comparison() -> None:
    marked = FULL | {"input_schema": '{"$comment":"cyberflow:clinic/a new 0",' + FULL["input_schema"][1:]}

    assert field_hash(marked) == field_hash(FULL)


def test_checks_are_compared_without_ids_order_and_times() -> None:
    stored = [
        check | {"id": f"id-{order}", "order": order, "created_at": "2026", "updated_at": "2027", "description": None}
        for order, check in enumerate(reversed(FULL["post_run_checks"]))
    ]

    assert differing_fields(FULL, FULL | {"post_run_checks": stored}) == ()


@given(JSON)
def test_the_writing_of_json_says_nothing(value: Any) -> None:
    schema = {"type": "object", "default": value}
    written = json.dumps(schema, indent=3), json.dumps(dict(reversed(schema.items())), ensure_ascii=False)

    assert field_hash({"output_schema": written[0]}) == field_hash({"output_schema": written[1]})


def test_the_older_notation_is_read_as_json_schema() -> None:
    old = '{"mrn": "string", "visit": {"at": "string", "beds": "number[]"}, "note": "what the nurse said"}'
    visit = {
        "type": "object",
        "properties": {"at": {"type": "string"}, "beds": {"type": "array", "items": {"type": "number"}}},
        "required": ["at", "beds"],
    }
    note = {"type": "string", "description": "what the nurse said"}
    new = {
        "type": "object",
        "properties": {"mrn": {"type": "string"}, "visit": visit, "note": note},
        "required": ["mrn", "visit", "note"],
    }

    assert differing_fields({"output_schema": old}, {"output_schema": json.dumps(new)}) == ()


@pytest.mark.parametrize("text", ['{"type":"object","title":"x"}', '{"type":"string"}', '{"anyOf":[]}'])
def test_json_schema_is_not_taken_for_the_older_notation(text: str) -> None:
    assert canonicalize({"output_schema": text})["output_schema"] == json.loads(text)


@pytest.mark.parametrize("field", ["input_schema", "output_schema"])
def test_booleans_are_the_schemas_that_they_are(field: str) -> None:
    """What takes everything restricts nothing, as none does; what takes nothing is not absent."""
    yes = {"$ref": "#/$defs/a", "$defs": {"a": True}}
    no = {"$ref": "#/$defs/a", "$defs": {"a": False}}
    member = {"type": "object", "properties": {"a": False, "b": True}}

    assert canonicalize({field: json.dumps(yes)}) == {}
    assert canonicalize({field: json.dumps(no)}) == {field: {"not": {}}}
    assert canonicalize({field: json.dumps(member)})[field]["properties"] == {"a": {"not": {}}, "b": {}}
    assert differing_fields({field: json.dumps(no)}, {field: None}) == (field,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Patient lookup 2"),
        ("main_prompt", "<p>Open {charts}</p>"),
        ("input_schema", '{"type":"object","properties":{"chart":{"type":"integer"}}}'),
        ("output_schema", None),
        ("output_schema", "no JSON at all"),
        ("includes_file_exports", None),
        ("is_webhooks_enabled", True),
        ("terminal_command_allowlist", ["Get-Process", "Get-Service"]),
        ("model_metadata", {"main_agent_model_id": "cd"}),
        ("model_metadata", None),
        ("post_run_check_failure_cleanup_prompt", ""),
        ("post_run_checks", [{"name": "a", "type": "output_data_agentic_check"}]),
        ("post_run_checks", [*FULL["post_run_checks"], FULL["post_run_checks"][0]]),
    ],
)
def test_every_real_edit_is_seen_in_its_field_alone(name: str, value: Any) -> None:
    assert differing_fields(FULL, FULL | {name: value}) == (name,)
    assert field_hash(FULL) != field_hash(FULL | {name: value})


def test_a_count_of_zero_is_something() -> None:
    check = {"name": "none", "type": "run_attachment_exists", "expected_match_count": 0}

    assert canonicalize({"post_run_checks": [check]})["post_run_checks"] == [check]


def test_an_answer_of_the_service_gives_its_managed_fields() -> None:
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    checks = [check | {"id": "c", "order": 0, "organization_id": "o"} for check in FULL["post_run_checks"]]
    answer = WorkflowRecord.model_validate(
        FULL | {"post_run_checks": checks, "id": "w", "workflow_metadata": {}, **times}
    )

    assert tuple(wire_fields(answer)) == FIELDS
    assert differing_fields(wire_fields(answer), FULL) == ()

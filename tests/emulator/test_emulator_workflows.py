"""Workflows: fields, versions, lists, checks, duplicates, and what a delete takes along."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

WRONG_CHECK = ["body", "post_run_checks", 0, "type"]
CHECK = {"name": "schema", "type": "output_data_passes_schema_validation"}


def test_a_workflow_comes_back_as_it_was_sent_with_its_defaults(api: Api) -> None:
    made = api.post("/v1/workflows", {"main_prompt": "<p>Type {patient.id} with {$pin}</p>", "name": "Lookup"})

    assert made["includes_input_variables"] is True
    assert made["includes_file_exports"] is False
    assert made["tags"] == []
    assert made["post_run_checks"] == []
    assert made["old_versions"] == []
    got = api.get(f"/v1/workflows/{made['id']}")
    assert {key: got[key] for key in made} == made


def test_unknown_ids_are_404_and_malformed_ones_422(api: Api) -> None:
    assert api.refusal("GET", f"/v1/workflows/{uuid.uuid4()}") == (404, "Workflow not found")
    response = api.request("GET", "/v1/workflows/nonsense")
    assert response.status_code == 422
    assert response.json()["detail"] == [
        {"loc": ["path", "workflow_id"], "msg": "Input should be a valid UUID", "type": "uuid_parsing"}
    ]


@pytest.mark.parametrize(
    ("body", "loc", "type"),
    [
        ({}, ["body", "main_prompt"], "missing"),
        ({"main_prompt": ""}, ["body", "main_prompt"], "string_too_short"),
        ({"main_prompt": "x", "name": "n" * 256}, ["body", "name"], "string_too_long"),
        ({"main_prompt": "x", "input_schema": {"type": "object"}}, ["body", "input_schema"], "string_type"),
        ({"main_prompt": "x", "input_schema": "{nonsense"}, ["body", "input_schema"], "value_error"),
        ({"main_prompt": "x", "input_schema": "[]"}, ["body", "input_schema"], "value_error"),
        ({"main_prompt": "x", "input_schema": '{"type": "objekt"}'}, ["body", "input_schema"], "value_error"),
        ({"main_prompt": "x", "output_schema": '{"properties": {"a": 1}}'}, ["body", "output_schema"], "value_error"),
        ({"main_prompt": "x", "input_schema": '{"$ref": "http://x/y"}'}, ["body", "input_schema"], "value_error"),
        ({"main_prompt": "x", "post_run_checks": [{"name": "a", "type": "b"}]}, WRONG_CHECK, "literal_error"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_told_place_by_place_and_never_quoted(api: Api, body: Any, loc: list[Any], type: str) -> None:
    assert (loc, type) in api.violations("/v1/workflows", body)
    assert "nonsense" not in api.request("POST", "/v1/workflows", json=body).text


def test_a_body_that_is_no_json_is_422(api: Api) -> None:
    response = api.request(
        "POST", "/v1/workflows", content=b"{main_prompt", headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == "json_invalid"


def test_the_simplified_output_notation_is_taken(api: Api) -> None:
    notation = json.dumps({"patient_mrn": "string", "vital_signs": {"heart_rate": "number"}, "medications": "array"})

    assert api.post("/v1/workflows", {"main_prompt": "x", "output_schema": notation})["output_schema"] == notation


def test_a_patch_changes_what_was_sent_and_keeps_the_state_before(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(terminal_command_allowlist=["dir"], output_schema={"type": "object"})
    clock.forward(5)
    after = api.patch(f"/v1/workflows/{id}", {"main_prompt": "Close the chart.", "terminal_command_allowlist": None})

    assert after["main_prompt"] == "Close the chart."
    assert after["terminal_command_allowlist"] is None
    assert after["name"] == "Patient lookup"
    assert after["output_schema"] == '{"type": "object"}'
    assert after["updated_at"] > after["created_at"]
    api.patch(f"/v1/workflows/{id}", {"name": None, "main_prompt": None})
    versions = api.get(f"/v1/workflows/{id}/versions")
    assert [(item["version"], item["main_prompt"]) for item in versions] == [
        (2, "Close the chart."),
        (1, "Open the chart."),
    ]
    assert api.get(f"/v1/workflows/{id}")["old_versions"] == versions


def test_checks_are_reconciled_by_id(api: Api, clock: TurnedClock) -> None:
    id = api.workflow(
        post_run_checks=[CHECK, {"name": "file", "type": "run_attachment_exists", "file_names": ["a.pdf"]}]
    )
    schema, file = api.get(f"/v1/workflows/{id}")["post_run_checks"]
    clock.forward(1)
    sent = [{**CHECK, "name": "new"}, {**CHECK, "id": schema["id"], "name": "renamed"}]
    new, renamed = api.patch(f"/v1/workflows/{id}", {"post_run_checks": sent})["post_run_checks"]

    assert renamed["id"] == schema["id"]
    assert renamed["created_at"] == schema["created_at"]
    assert new["id"] not in {schema["id"], file["id"]}
    assert [new["order"], renamed["order"]] == [0, 1]
    assert api.violations(f"/v1/workflows/{id}", {"post_run_checks": [{**CHECK, "id": file["id"]}]}, "PATCH") == [
        (["body", "post_run_checks", 0, "id"], "value_error")
    ]
    assert api.patch(f"/v1/workflows/{id}", {"post_run_checks": None})["post_run_checks"] == []


def test_workflow_metadata_is_merged_key_by_key(api: Api) -> None:
    id = api.workflow()
    api.patch(
        f"/v1/workflows/{id}", {"workflow_metadata": {"has_unaddressed_error": True, "last_errored_run_uuid": id}}
    )
    after = api.patch(f"/v1/workflows/{id}", {"workflow_metadata": {"last_errored_run_uuid": None}})

    assert after["workflow_metadata"] == {"has_unaddressed_error": True}
    assert api.patch(f"/v1/workflows/{id}", {"workflow_metadata": None})["workflow_metadata"] is None


def test_lists_are_ordered_by_change_paged_and_filtered(api: Api, clock: TurnedClock) -> None:
    ids = []
    for name in ("Alpha", "Beta", "Gamma"):
        ids.append(api.workflow(name))
        clock.forward(1)
    api.patch(f"/v1/workflows/{ids[0]}", {"name": "Alpha 2"})

    def names(**params: Any) -> list[str]:
        return [item["name"] for item in api.get("/v1/workflows", **params)["items"]]

    assert names() == ["Alpha 2", "Gamma", "Beta"]
    assert names(skip=1, limit=1) == ["Gamma"]
    assert names(search="ALPH") == ["Alpha 2"]
    assert names(search=ids[1]) == ["Beta"]
    assert names(created_at_from="2026-03-01T09:30:01Z", updated_at_to="2026-03-01T09:30:01+00:00") == ["Beta"]
    assert api.get("/v1/workflows", limit=1)["total"] == 3
    assert api.request("GET", "/v1/workflows", params={"limit": 1001}).status_code == 422


def test_include_fills_tags_and_checks_in_place(api: Api) -> None:
    id = api.workflow(post_run_checks=[CHECK])
    tag = api.post("/v1/workflow-tags", {"name": "Production"})
    api.post(f"/v1/workflows/{id}/tags", {"tag_ids": [tag["id"]]})

    bare = api.get("/v1/workflows")["items"][0]
    assert (bare["tags"], bare["post_run_checks"]) == (None, None)
    full = api.get("/v1/workflows", include="tags,post_run_checks")["items"][0]
    assert [item["name"] for item in full["tags"]] == ["Production"]
    assert [item["name"] for item in full["post_run_checks"]] == ["schema"]
    assert api.get("/v1/workflows", include_tags="true")["items"][0]["post_run_checks"] is None
    assert api.get(f"/v1/workflows/{id}", include="tags")["post_run_checks"] is None


def test_a_duplicate_has_its_own_identity_and_the_same_content(api: Api, png: bytes) -> None:
    image = api._json(api.request("POST", "/v1/workflows/prompt-image", files={"file": ("b.png", png)}))
    prompt = f'<p>Click <img src="{image["supabase_url"]}" alt="b"></p>'
    marker = '{"$comment": "cyberflow:p/n 1 2", "type": "object"}'
    id = api.workflow("Lookup", main_prompt=prompt, input_schema=marker, post_run_checks=[CHECK])
    tag = api.post("/v1/workflow-tags", {"name": "cyberflow:p"})
    api.post(f"/v1/workflows/{id}/tags", {"tag_ids": [tag["id"]]})
    api.patch(f"/v1/workflows/{id}", {"name": "Lookup"})
    copy = api.post(f"/v1/workflows/{id}/duplicate", {"include_trajectories": False})

    assert copy["name"] == "(Copy) Lookup"
    assert copy["id"] != id
    assert copy["input_schema"] == marker
    assert [item["name"] for item in copy["tags"]] == ["cyberflow:p"]
    assert copy["post_run_checks"][0]["name"] == "schema"
    assert copy["post_run_checks"][0]["id"] != api.get(f"/v1/workflows/{id}")["post_run_checks"][0]["id"]
    assert copy["old_versions"] == []
    assert image["supabase_url"] not in copy["main_prompt"]
    assert {item["supabase_url"] for item in api.get("/v1/workflows/prompt-images")} > {image["supabase_url"]}
    assert api.request("POST", f"/v1/workflows/{id}/duplicate").status_code == 201


def test_a_delete_takes_runs_and_their_files_along(api: Api) -> None:
    id, other = api.workflow(), api.workflow("Other")
    file = {"filename": "a.txt", "content": "aGk="}
    live = api.post("/v1/runs", {"workflow_id": id, "file_inputs": [file]})
    kept = api.post("/v1/runs", {"workflow_id": other})
    api.delete(f"/v1/workflows/{id}")

    assert api.refusal("GET", f"/v1/runs/{live['id']}") == (404, "Run not found")
    assert api.get("/v1/run-attachments")["total"] == 0
    assert api.run(kept["id"])["status"] == "running", "the machine was free again at once"
    assert api.refusal("DELETE", f"/v1/workflows/{id}")[0] == 404

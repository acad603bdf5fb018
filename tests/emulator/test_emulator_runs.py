"""Plain runs: their life, lists, changes, bulk, retry, files."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

BASE = {"id", "workflow_id", "machine_id", "status", "created_at"}


def test_a_run_goes_from_scheduling_to_success_in_a_second(api: Api, clock: TurnedClock) -> None:
    made = api.post("/v1/runs", {"workflow_id": api.workflow(), "input_values": {"a": 1}})
    assert (made["status"], made["started_at"], made["machine_id"]) == ("scheduling", None, None)
    clock.forward(0.99)
    assert api.run(made["id"])["status"] == "running"
    clock.forward(0.01)
    done = api.run(made["id"])

    assert (done["status"], done["error"]) == ("success", None)
    assert (done["started_at"], done["ended_at"]) == ("2026-03-01T09:30:00.000000Z", "2026-03-01T09:30:01.000000Z")


def test_unknown_things_are_404_and_a_session_is_begun_or_joined(api: Api) -> None:
    workflow = api.workflow()
    nowhere = str(uuid.uuid4())
    for body, message in (
        ({"workflow_id": nowhere}, "Workflow not found"),
        ({"workflow_id": workflow, "machine_id": nowhere}, "Machine not found"),
        ({"workflow_id": workflow, "pool_ids": [nowhere]}, "Pool not found"),
    ):
        assert api.refusal("POST", "/v1/runs", json=body) == (404, message)
    both = {"workflow_id": workflow, "start_session": True, "session_id": nowhere}
    assert api.violations("/v1/runs", both) == [(["body", "start_session"], "value_error")]


def test_a_session_of_plain_runs_lasts_until_it_is_released(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    first = api.post("/v1/runs", {"workflow_id": workflow, "start_session": True})
    assert first["session_id"] == first["id"]
    clock.forward(5)
    (machine,) = api.get("/v1/machines")["items"]
    assert machine["reserved_session_id"] == first["id"]
    outsider = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    last = {"workflow_id": workflow, "session_id": first["id"], "release_session_after": True}
    last_id = api.post("/v1/runs", last)["id"]
    assert [api.run(id)["status"] for id in (outsider, last_id)] == ["scheduling", "running"]
    clock.forward(1)

    assert [api.run(id)["status"] for id in (outsider, last_id)] == ["running", "success"]


def test_fields_project_and_the_list_is_filtered(api: Api, clock: TurnedClock) -> None:
    one, two = api.workflow("One"), api.workflow("Two")
    a = api.post("/v1/runs", {"workflow_id": one, "input_values": {"who": "Ärger"}, "session_alias": "look-up"})["id"]
    clock.forward(2)
    b = api.post("/v1/runs", {"workflow_id": two})["id"]

    def ids(**params: Any) -> list[str]:
        return [item["id"] for item in api.get("/v1/runs", **params)["items"]]

    assert set(api.get("/v1/runs", fields="session_id")["items"][0]) == BASE | {"session_id"}
    assert set(api.get("/v1/runs", fields=["error", "input_values"])["items"][0]) == BASE | {"error", "input_values"}
    assert api.get("/v1/runs")["items"][0]["run_message_history"], "without fields the objects are whole"
    assert ids() == [b, a], "active first"
    assert ids(workflow_id=one) == ids(status="success") == ids(created_at_to="2026-03-01T09:30:00Z") == [a]
    assert ids(created_at_from="2026-03-01T09:30:01Z") == [b]
    assert ids(search="äRGER") == ids(search="LOOK-UP") == ids(search=a[:13]) == [a]
    assert ids(search="first a look at") == []
    assert ids(search="first a look at", deep_search="true") == [b, a]
    assert ids(skip=1) == [a]
    assert api.get("/v1/runs", limit=1)["total"] == 2
    clock.forward(2)
    assert ids(sort_mode="created_at_desc") == [b, a]
    for wrong in ({"fields": "id"}, {"status": "COMPLETED"}, {"sort_mode": "x"}, {"workflow_id": "x"}, {"limit": 0}):
        assert api.request("GET", "/v1/runs", params=wrong).status_code == 422


def test_activity_puts_live_runs_before_later_ends(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    api.post("/v1/machines", {"fingerprint": "f", "unkey_key_id": "k"})
    slow = api.post(
        "/v1/runs", {"workflow_id": workflow}, x_cyberflow_script=api.platform.simulate({workflow: {"seconds": 60}})
    )
    clock.forward(1)
    quick = api.post("/v1/runs", {"workflow_id": workflow})
    clock.forward(2)

    assert [item["id"] for item in api.get("/v1/runs")["items"]] == [slow["id"], quick["id"]]
    assert [item["id"] for item in api.get("/v1/runs", sort_mode="created_at_desc")["items"]] == [
        quick["id"],
        slow["id"],
    ]


def test_include_brings_related_objects_once(api: Api) -> None:
    workflow = api.workflow()
    pool = api.post("/v1/pools", {"name": "p"})["id"]
    (machine,) = api.get("/v1/machines")["items"]
    api.post(f"/v1/pools/{pool}/machines", {"machine_ids": [machine["id"]]})
    run = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    api.post("/v1/runs", {"workflow_id": workflow})

    found = api.get("/v1/runs", include="workflow,machine,machine.pools")["included"]
    assert [(item["type"], item["id"]) for item in found] == [
        ("workflow", workflow),
        ("machine", machine["id"]),
        ("pool", pool),
    ]
    assert [item["type"] for item in api.get(f"/v1/runs/{run}", include="workflow")["included"]] == ["workflow"]
    assert api.get(f"/v1/runs/{run}")["included"] is None


def test_cancelling_is_a_patch_of_a_live_run(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    one, two = (api.post("/v1/runs", {"workflow_id": workflow})["id"] for _ in range(2))
    for id in (two, one):
        assert api.patch(f"/v1/runs/{id}", {"status": "cancelled"})["status"] == "cancelled"
    assert api.run(two)["started_at"] is None
    assert api.run(two)["ended_at"]
    assert api.refusal("PATCH", f"/v1/runs/{one}", json={"status": "success"})[0] == 400
    assert api.refusal("PATCH", f"/v1/runs/{one}", json={"status": "running"})[0] == 400
    clock.forward(9)
    assert api.run(one)["status"] == "cancelled"
    assert api.patch(f"/v1/runs/{one}", {"error": ["noted"], "usage_metadata": {"n": 1}})["error"] == ["noted"]
    (check,) = api.patch(f"/v1/runs/{one}", {"post_run_checks": [{"status": "failed"}]})["post_run_checks"]
    assert (check["status"], check["type"]) == ("failed", None)
    unknown = {"post_run_checks": [{"status": "doubtful"}]}
    assert api.refusal("PATCH", f"/v1/runs/{one}", json=unknown)[0] == 422


def test_bulk_makes_many_of_one_kind(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    answer = api.post("/v1/runs/bulk", {"workflow_id": workflow, "count": 3, "input_values": {"a": 1}})
    assert len({run["id"] for run in answer["created_runs"]}) == 3
    assert answer["failed_count"] == 0
    clock.forward(2.5)
    assert [api.run(run["id"])["status"] for run in answer["created_runs"]] == ["success", "success", "running"]
    session = api.post("/v1/runs/bulk", {"workflow_id": workflow, "count": 2, "start_session": True})["created_runs"]
    assert len({run["session_id"] for run in session}) == 1
    assert session[0]["session_id"] != session[0]["id"]
    for count in (0, 1001):
        assert api.violations("/v1/runs/bulk", {"workflow_id": workflow, "count": count})[0][0] == ["body", "count"]


def test_a_retry_is_the_same_run_made_anew(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow(
        output_schema={"type": "object", "properties": {"a": {"type": "string"}}}, includes_file_exports=True
    )
    file = {"filename": "in.txt", "content": base64.b64encode(b"in").decode()}
    body = {
        "workflow_id": workflow,
        "input_values": {"a": 1},
        "sensitive_input_values": {"pw": "x"},
        "file_inputs": [file],
    }
    run = api.post("/v1/runs", body)
    assert api.refusal("POST", f"/v1/runs/{run['id']}/retry", json={})[0] == 400
    clock.forward(2)
    before = api.run(run["id"])
    assert before["output_data"]
    assert len(before["output_attachment_ids"]) == 1
    again = api.post(f"/v1/runs/{run['id']}/retry", {"is_priority": True})

    assert (again["id"], again["status"], again["is_priority"]) == (run["id"], "scheduling", True)
    assert again["input_values"] == {"a": 1}
    assert again["sensitive_input_aliases"] is None
    assert [again[name] for name in ("output_data", "output_attachment_ids", "run_message_history", "ended_at")] == [
        None
    ] * 4
    assert again["input_attachment_ids"] == run["input_attachment_ids"]
    clock.forward(2)
    after = api.run(run["id"])
    assert after["output_data"] == before["output_data"]
    assert after["run_message_history"][1]["content"][1] != before["run_message_history"][1]["content"][1]
    replaced = api.post(
        f"/v1/runs/{run['id']}/retry", {"file_inputs": [], "input_values": {}, "sensitive_input_values": {"p": 1}}
    )
    assert (replaced["input_attachment_ids"], replaced["input_values"]) == (None, {})
    assert set(replaced["sensitive_input_aliases"]) == {"p"}


def test_a_retry_into_a_released_session_reserves_anew(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    script = api.platform.simulate({"a": {"status": "error"}})
    body = {"steps": [{"workflow_id": workflow, "session_alias": "a"}]}
    chain = api.post("/v1/runs/chain", body, x_cyberflow_script=script)
    clock.forward(2)
    (machine,) = api.get("/v1/machines")["items"]
    assert machine["reserved_session_id"] is None
    healed = api.platform.simulate({"a": {"status": "success"}})
    run = api.post(f"/v1/runs/{chain['run_ids'][0]}/retry", {}, x_cyberflow_script=healed)
    assert run["session_id"] == chain["session_id"]
    assert api.get(f"/v1/machines/{machine['id']}")["reserved_session_id"] == chain["session_id"]
    clock.forward(1)
    assert api.run(run["id"])["status"] == "success"
    assert api.get(f"/v1/machines/{machine['id']}")["reserved_session_id"] is None
    alone = api.post(f"/v1/runs/{run['id']}/retry", {"reuse_session": False})
    assert (alone["session_id"], alone["session_alias"], alone["release_session_after"]) == (None, None, None)


def test_a_deleted_run_takes_its_files(api: Api, clock: TurnedClock) -> None:
    run = api.post("/v1/runs", {"workflow_id": api.workflow(includes_file_exports=True)})["id"]
    clock.forward(2)
    assert api.get("/v1/run-attachments", run_id=run)["total"] == 1
    api.delete(f"/v1/runs/{run}")
    assert api.get("/v1/run-attachments")["total"] == 0


def test_files_go_in_and_come_out(api: Api, clock: TurnedClock) -> None:
    content = base64.b64encode(b"hello").decode()
    file = {
        "filename": 'naïve "x".txt',
        "content": content,
        "target_path": "C:/in/x.txt",
        "cleanup_imports_after_run": True,
    }
    run = api.post("/v1/runs", {"workflow_id": api.workflow(), "file_inputs": [file]})
    (id,) = run["input_attachment_ids"]
    found = api.get(f"/v1/run-attachments/{id}")
    assert (found["target_path"], found["cleanup_imports_after_run"], found["size_bytes"]) == ("C:/in/x.txt", True, 5)
    answer = api.request("GET", f"/v1/run-attachments/{id}/download")
    assert answer.content == b"hello"
    assert "filename*=UTF-8''na%C3%AFve" in answer.headers["content-disposition"]
    signed = api.get(f"/v1/run-attachments/{id}/download-url", expires_in=10)
    assert api.request("GET", signed["url"], headers={"Authorization": ""}).content == b"hello"
    clock.forward(10)
    assert api.refusal("GET", signed["url"])[0] == 400
    for seconds in (9, 3601):
        assert (
            api.request("GET", f"/v1/run-attachments/{id}/download-url", params={"expires_in": seconds}).status_code
            == 422
        )

    made = api.post(
        "/v1/run-attachments",
        {
            "run_id": run["id"],
            "attachment_type": "output",
            "filename": "o.csv",
            "content": content,
            "content_type": "text/csv",
        },
    )
    assert api.run(run["id"])["output_attachment_ids"] == [made["id"]]
    assert api.put(f"/v1/run-attachments/{made['id']}", {"expires_at": "2027-01-01T00:00:00Z"})[
        "expires_at"
    ].startswith("2027")
    api.delete(f"/v1/run-attachments/{made['id']}")
    assert [
        item["id"] for item in api.get("/v1/run-attachments", run_id=run["id"], attachment_type="input")["items"]
    ] == [id]
    assert api.run(run["id"])["output_attachment_ids"] is None
    wrong = {"workflow_id": run["workflow_id"], "file_inputs": [{"filename": "a", "content": "%%%"}]}
    assert api.violations("/v1/runs", wrong) == [(["body", "file_inputs", 0, "content"], "value_error")]


@pytest.mark.parametrize("path", ["/v1/runs/bulk", "/v1/runs/chain"])
def test_fixed_paths_are_no_run_ids(api: Api, path: str) -> None:
    assert api.violations(path, {})[0][1] == "missing"

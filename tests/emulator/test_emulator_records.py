"""Trajectories, connections, usage, duplicate and merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

PATH: dict[str, Any] = {"trajectory_data": [{"tool_name": "screenshot"}], "dimensions": {"width": 1, "height": 1}}


def finished(api: Api, clock: TurnedClock, workflow: str, **script: Any) -> str:
    id = api.platform.simulate({workflow: script})
    run = api.post("/v1/runs", {"workflow_id": workflow, "input_values": {"mrn": "7"}}, x_cyberflow_script=id)["id"]
    clock.forward(2)
    return str(run)


def test_a_successful_run_leaves_a_trajectory_and_no_other_does(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow(main_prompt="1. Click Save.\n2. Type {mrn}.")
    run = finished(api, clock, workflow)
    failed = finished(api, clock, workflow, status="task_failed")
    found = api.get(f"/v1/runs/{run}/trajectory")

    assert [step["tool_name"] for step in found["trajectory_data"]] == ["screenshot", "left_click", "type"]
    assert found["original_input_values"] == {"mrn": "7"}
    assert not any(found[flag] for flag in ("is_approved", "has_been_approved", "is_generated", "is_main"))
    assert api.refusal("GET", f"/v1/runs/{failed}/trajectory") == (404, "Trajectory not found")
    assert api.get(f"/v1/workflows/{workflow}/latest-trajectory")["id"] == found["id"]


def test_the_list_shows_generated_ones_unless_told_otherwise(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    run = finished(api, clock, workflow)
    assert api.get("/v1/trajectories", workflow_id=workflow)["total"] == 0
    assert api.get("/v1/trajectories", is_generated="false")["total"] == 1
    clock.forward(1)
    promoted = api.post(f"/v1/runs/{run}/generate-trajectory")

    (found,) = api.get("/v1/trajectories", run_id=run, include="workflow")["items"]
    assert (found["id"], found["is_generated"]) == (promoted["id"], True)
    assert found["updated_at"] > found["created_at"]
    assert [item["id"] for item in api.get("/v1/trajectories", include="workflow")["included"]] == [workflow]
    assert api.get("/v1/trajectories", search=promoted["id"][:8])["total"] == 1
    assert api.get("/v1/trajectories", search="nothing of this")["total"] == 0
    assert api.get("/v1/trajectories", is_approved="true")["total"] == 0


def test_an_approved_trajectory_is_replayed(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow(main_prompt="One.\n\nTwo.")
    first = finished(api, clock, workflow)
    path = api.get(f"/v1/runs/{first}/trajectory")["id"]
    api.patch(f"/v1/trajectories/{path}", {"is_approved": True})
    cached = finished(api, clock, workflow)
    after = api.patch(f"/v1/trajectories/{path}", {"is_approved": False})
    fresh = finished(api, clock, workflow)

    steps = [api.run(run)["usage_metadata"] for run in (first, cached, fresh)]
    assert [(usage["total_agentic_steps"], usage["total_cached_steps"]) for usage in steps] == [(2, 0), (0, 2), (2, 0)]
    assert (after["is_approved"], after["has_been_approved"]) == (False, True)


def test_one_trajectory_is_the_main_one(api: Api) -> None:
    workflow = api.workflow()
    one, two = (api.post("/v1/trajectories", PATH | {"workflow_id": workflow})["id"] for _ in range(2))
    for id in (one, two):
        api.patch(f"/v1/trajectories/{id}", {"is_main": True})

    assert [api.get(f"/v1/trajectories/{id}")["is_main"] for id in (one, two)] == [False, True]


def test_a_duplicate_belongs_to_the_same_run_and_is_its_latest(api: Api, clock: TurnedClock) -> None:
    run = finished(api, clock, api.workflow())
    source = api.get(f"/v1/runs/{run}/trajectory")
    copy = api.post(f"/v1/trajectories/{source['id']}/duplicate")

    assert copy["name"] == f"(Copy) {source['name']}"
    assert api.get(f"/v1/runs/{run}/trajectory")["id"] == copy["id"]
    api.delete(f"/v1/trajectories/{copy['id']}")
    assert api.get(f"/v1/runs/{run}/trajectory")["id"] == source["id"]


def test_a_deleted_run_leaves_what_it_taught_and_a_deleted_workflow_nothing(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    run = finished(api, clock, workflow)
    path = api.get(f"/v1/runs/{run}/trajectory")["id"]
    api.delete(f"/v1/runs/{run}")
    assert api.get(f"/v1/trajectories/{path}")["run_id"] is None
    api.delete(f"/v1/workflows/{workflow}")

    assert api.refusal("GET", f"/v1/trajectories/{path}")[0] == 404


def test_a_trajectory_needs_steps_and_a_run_of_its_workflow(api: Api, clock: TurnedClock) -> None:
    workflow, other = api.workflow(), api.workflow("Other")
    run = finished(api, clock, other)

    assert api.violations("/v1/trajectories", PATH | {"workflow_id": workflow, "trajectory_data": []})
    body = PATH | {"workflow_id": workflow, "run_id": run}
    assert api.refusal("POST", "/v1/trajectories", json=body) == (400, "The run belongs to another workflow")


def test_the_last_connection_takes_its_machine_along(api: Api, clock: TurnedClock) -> None:
    (machine,) = api.get("/v1/machines")["items"]
    one, two = (api.post("/v1/connections", {"websocket_id": name, "machine_id": machine["id"]})["id"] for name in "ab")

    def status() -> str:
        return str(api.get(f"/v1/machines/{machine['id']}")["status"])

    clock.forward(5)
    closed = api.patch(f"/v1/connections/{one}", {"status": "disconnected"})
    assert (status(), closed["disconnected_at"]) == ("connected", "2026-03-01T09:30:05.000000Z")
    api.patch(f"/v1/connections/{two}", {"status": "error"})
    assert status() == "error"
    api.patch(f"/v1/connections/{two}", {"status": "connected"})
    assert status() == "connected"
    api.delete(f"/v1/connections/{two}")
    assert status() == "disconnected"
    assert [item["id"] for item in api.get("/v1/connections", status="disconnected")["items"]] == [one]
    assert api.get("/v1/connections", machine_id=machine["id"])["total"] == 1
    ping = api.patch(f"/v1/connections/{one}", {"last_ping": "2026-03-01T10:00:00Z"})
    assert api.get(f"/v1/machines/{machine['id']}")["last_seen"] == ping["last_ping"]
    api.delete(f"/v1/machines/{machine['id']}")
    assert api.get("/v1/connections")["total"] == 0


def test_usage_counts_what_ended_in_the_period_and_was_no_infrastructure_failure(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow(main_prompt="One.\n\nTwo.\n\nThree.")
    finished(api, clock, workflow)
    finished(api, clock, workflow, status="task_failed")
    finished(api, clock, workflow, status="error")
    period = {"from_date": "2026-03-01T00:00:00Z", "to_date": "2026-03-02T00:00:00Z"}
    found = api.get("/v1/usage/aggregate", **period)

    assert (found["total_agentic_steps"], found["total_cached_steps"], found["runs_counted"]) == (6, 0, 2)
    assert found["mode"] == "simulated"
    assert api.get("/v1/usage/aggregate", **period, mode="billed")["total_agentic_steps"] == 6
    ended = "2026-03-01T09:30:01.000000Z"
    counted = [
        api.get("/v1/usage/aggregate", from_date=low, to_date=high)["runs_counted"]
        for low, high in ((ended, "2026-03-01T09:30:02Z"), ("2026-03-01T09:00:00Z", ended))
    ]
    assert counted == [1, 0], "from is in the period, to is not"
    assert api.request("GET", "/v1/usage/aggregate", params={"from_date": ended}).status_code == 422


CHECK = {"name": "schema", "type": "output_data_passes_schema_validation"}


def test_a_merge_replaces_all_but_the_name_and_takes_the_source_away(api: Api, clock: TurnedClock) -> None:
    tags = [api.post("/v1/workflow-tags", {"name": name})["id"] for name in "ab"]
    target = api.workflow("Live", main_prompt="Old", post_run_checks=[CHECK | {"name": "old"}])
    api.post(f"/v1/workflows/{target}/tags", {"tag_ids": tags[:1]})
    source = api.workflow("Draft", main_prompt="New {mrn}", output_schema={"type": "object"}, post_run_checks=[CHECK])
    api.post(f"/v1/workflows/{source}/tags", {"tag_ids": tags[1:]})
    clock.forward(1)
    merged = api.post(f"/v1/workflows/{source}/merge", {"target_workflow_id": target})

    assert (merged["id"], merged["name"], merged["main_prompt"]) == (target, "Live", "New {mrn}")
    assert [check["name"] for check in merged["post_run_checks"]] == ["schema"]
    assert [tag["id"] for tag in merged["tags"]] == tags[1:]
    (version,) = api.get(f"/v1/workflows/{target}/versions")
    assert (version["main_prompt"], [check["name"] for check in version["post_run_checks"]]) == ("Old", ["old"])
    assert api.refusal("GET", f"/v1/workflows/{source}")[0] == 404
    assert merged["updated_at"] > merged["created_at"]


def test_a_merge_into_itself_or_nothing_is_refused(api: Api) -> None:
    workflow = api.workflow()

    path = f"/v1/workflows/{workflow}/merge"
    assert api.refusal("POST", path, json={"target_workflow_id": workflow})[0] == 400
    nobody = {"target_workflow_id": "00000000-0000-4000-8000-000000000000"}
    assert api.refusal("POST", path, json=nobody) == (404, "Workflow not found")


@pytest.mark.parametrize("how", ["duplicate", "merge"])
def test_only_generated_trajectories_are_copied_and_only_when_asked(api: Api, clock: TurnedClock, how: str) -> None:
    def copied(*, asked: bool) -> list[str]:
        source = api.workflow()
        finished(api, clock, source)
        run = finished(api, clock, source)
        api.post(f"/v1/runs/{run}/generate-trajectory")
        if how == "duplicate":
            to = api.post(f"/v1/workflows/{source}/duplicate", {"include_trajectories": asked})["id"]
        else:
            to = api.workflow("Target")
            api.post(f"/v1/workflows/{source}/merge", {"target_workflow_id": to, "copy_trajectories": asked})
        both = [api.get("/v1/trajectories", workflow_id=to, is_generated=flag)["items"] for flag in ("true", "false")]
        return [item["run_id"] for items in both for item in items]

    assert copied(asked=False) == []
    assert copied(asked=True) == [None]

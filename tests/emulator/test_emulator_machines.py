"""Machines, pools and model configurations."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

MACHINE = {"fingerprint": "f", "unkey_key_id": "k", "name": "desk-2"}


def test_it_begins_with_one_connected_machine(api: Api) -> None:
    (machine,) = api.get("/v1/machines")["items"]

    assert (machine["name"], machine["status"], machine["is_available"]) == ("local-1", "connected", True)
    assert api.get("/v1/health/machines")["healthy_machines"] == 1


def test_a_machine_in_trouble_makes_its_health_503(api: Api) -> None:
    (machine,) = api.get("/v1/machines")["items"]
    api.patch(f"/v1/machines/{machine['id']}", {"status": "error"})
    response = api.request("GET", "/v1/health/machines")

    assert (response.status_code, response.json()["status"]) == (503, "error")
    assert [item["machine_name"] for item in response.json()["errored_machines"]] == ["local-1"]


def test_a_new_machine_is_used_at_once_and_found_by_exact_name(api: Api) -> None:
    workflow = api.workflow()
    one = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    two = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    assert [api.run(id)["status"] for id in (one, two)] == ["running", "scheduling"]
    machine = api.post("/v1/machines", MACHINE)

    assert api.run(two)["machine_id"] == machine["id"]
    assert api.get(f"/v1/machines/{machine['id']}")["is_available"] is False
    assert [item["name"] for item in api.get("/v1/machines", name="desk-2")["items"]] == ["desk-2"]
    assert api.get("/v1/machines", name="desk")["items"] == []
    assert len(api.get("/v1/machines", search="DESK")["items"]) == 1
    assert api.get("/v1/machines", status="error")["total"] == 0
    assert api.request("GET", "/v1/machines", params={"status": "ACTIVE"}).status_code == 422


@pytest.mark.parametrize("change", [{"status": "disconnected"}, {"is_available": False}])
def test_a_machine_that_is_off_gets_no_runs_until_it_is_back(api: Api, change: Any) -> None:
    (machine,) = api.get("/v1/machines")["items"]
    api.patch(f"/v1/machines/{machine['id']}", change)
    run = api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    assert api.run(run)["status"] == "scheduling"
    api.patch(f"/v1/machines/{machine['id']}", {"status": "connected", "is_available": True})

    assert api.run(run)["status"] == "running"


def test_clearing_a_reservation_cancels_what_is_on_the_machine(api: Api) -> None:
    workflow = api.workflow()
    session, runs = api.chain({"workflow_id": workflow}, {"workflow_id": workflow})
    waiting = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    (machine,) = api.get("/v1/machines")["items"]
    assert machine["reserved_session_id"] == session
    after = api.patch(f"/v1/machines/{machine['id']}", {"reserved_session_id": None})

    assert after["reserved_session_id"] is None
    assert api.statuses(session) == ["cancelled", "cancelled"]
    assert "local-1" in api.run(runs[1])["error"][0]
    assert api.run(waiting)["status"] == "running"


def test_a_deleted_machine_leaves_its_runs_without_one(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    machine = api.post("/v1/machines", MACHINE)["id"]
    done = api.post("/v1/runs", {"workflow_id": workflow, "machine_id": machine})["id"]
    clock.forward(2)
    live = api.post("/v1/runs", {"workflow_id": workflow, "machine_id": machine})["id"]
    waiting = api.post("/v1/runs", {"workflow_id": workflow, "machine_id": machine})["id"]
    api.delete(f"/v1/machines/{machine}")

    found = [api.run(id) for id in (done, live, waiting)]
    assert [run["status"] for run in found] == ["success", "error", "error"]
    assert [run["machine_id"] for run in found] == [None] * 3
    assert api.refusal("POST", "/v1/runs", json={"workflow_id": workflow, "machine_id": machine}) == (
        404,
        "Machine not found",
    )


def test_pools_have_members_from_both_sides(api: Api) -> None:
    one, two = (api.post("/v1/pools", {"name": name})["id"] for name in ("epic", "chrome"))
    machine = api.post("/v1/machines", MACHINE)["id"]
    assert [item["id"] for item in api.post(f"/v1/pools/{one}/machines", {"machine_ids": [machine]})["machines"]] == [
        machine
    ]
    assert [item["name"] for item in api.put(f"/v1/machines/{machine}/pools", {"pool_ids": [one, two]})["pools"]] == [
        "epic",
        "chrome",
    ]

    api.delete(f"/v1/pools/{one}/machines", json={"machine_ids": [machine]})
    assert [item["name"] for item in api.get(f"/v1/machines/{machine}/pools")] == ["chrome"]
    assert api.get(f"/v1/pools/{two}")["machine_count"] == 1
    assert api.get(f"/v1/pools/{two}")["machines"] is None
    assert api.get(f"/v1/pools/{two}", include_machines="true")["machines"][0]["id"] == machine
    assert [item["type"] for item in api.get("/v1/pools", include="machines")["included"]] == ["machine"]
    assert [item["type"] for item in api.get("/v1/machines", include="pools")["included"]] == ["pool"]
    api.delete(f"/v1/pools/{two}")
    assert api.get(f"/v1/machines/{machine}/pools") == []
    assert api.refusal("POST", f"/v1/pools/{one}/machines", json={"machine_ids": [str(uuid.uuid4())]})[0] == 404


def test_parameters_are_replaced_and_cleared_whole(api: Api) -> None:
    machine = api.post(
        "/v1/machines", MACHINE | {"machine_parameters": {"a": 1}, "machine_sensitive_parameters": {"pin": "x"}}
    )
    assert set(machine["machine_sensitive_parameters"]) == {"pin"}
    after = api.patch(f"/v1/machines/{machine['id']}", {"machine_parameters": {}, "machine_sensitive_parameters": {}})
    assert (after["machine_parameters"], after["machine_sensitive_parameters"]) == ({}, None)

    pool = api.post("/v1/pools", {"name": "p", "pool_sensitive_parameters": {"pin": "x"}})
    assert set(pool["pool_sensitive_parameters"]) == {"pin"}
    after = api.patch(f"/v1/pools/{pool['id']}", {"name": None, "description": "d", "pool_parameters": {"b": 2}})
    assert (after["name"], after["description"], after["pool_parameters"]) == ("p", "d", {"b": 2})
    assert set(after["pool_sensitive_parameters"]) == {"pin"}


def test_system_models_are_there_and_only_own_ones_change(api: Api) -> None:
    system = api.get("/v1/model-configurations")
    assert system
    assert all(model["is_system_default"] for model in system)
    own = api.post(
        "/v1/model-configurations", {"name": "Fast", "provider": "openai", "model": "m", "api_key": "sk-canary"}
    )
    assert own["api_key_alias"]
    assert "sk-canary" not in str(own)
    assert (
        api.patch(f"/v1/model-configurations/{own['id']}", {"clear_api_key": True, "name": None})["api_key_alias"]
        is None
    )

    assert api.refusal("DELETE", f"/v1/model-configurations/{system[0]['id']}")[0] == 403
    api.delete(f"/v1/model-configurations/{own['id']}")
    assert len(api.get("/v1/model-configurations")) == len(system)


def test_a_deleted_pool_leaves_nobody_waiting_for_it(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    pool = api.post("/v1/pools", {"name": "p"})["id"]
    waiting = api.post("/v1/runs", {"workflow_id": workflow, "pool_ids": [pool]})["id"]
    session, _ = api.chain({"workflow_id": workflow}, {"workflow_id": workflow}, pool_ids=[pool])
    api.delete(f"/v1/pools/{pool}")

    assert (api.run(waiting)["status"], api.run(waiting)["error"]) == ("error", ["The pool was deleted"])
    assert api.statuses(session) == ["error", "cancelled"]


def test_a_session_that_holds_its_machine_outlives_the_pool(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    pool = api.post("/v1/pools", {"name": "p"})["id"]
    (machine,) = api.get("/v1/machines")["items"]
    api.post(f"/v1/pools/{pool}/machines", {"machine_ids": [machine["id"]]})
    session, _ = api.chain({"workflow_id": workflow}, {"workflow_id": workflow}, pool_ids=[pool])
    api.delete(f"/v1/pools/{pool}")
    clock.forward(5)

    assert api.statuses(session) == ["success", "success"]


def test_a_retry_does_not_wait_for_what_is_gone(api: Api, clock: TurnedClock) -> None:
    workflow = api.workflow()
    machine = api.post("/v1/machines", MACHINE)["id"]
    pool = api.post("/v1/pools", {"name": "p"})["id"]
    pinned = api.post("/v1/runs", {"workflow_id": workflow, "machine_id": machine})["id"]
    pooled = api.post("/v1/runs", {"workflow_id": workflow, "pool_ids": [pool]})["id"]
    clock.forward(2)
    api.delete(f"/v1/machines/{machine}")
    api.delete(f"/v1/pools/{pool}")
    for run in (pinned, pooled):
        api.post(f"/v1/runs/{run}/retry", {})
    clock.forward(5)

    assert [api.run(run)["status"] for run in (pinned, pooled)] == ["success", "success"]

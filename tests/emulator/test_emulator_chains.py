"""Chains and sessions: order, refs, failure, release, pools, priority, and that no machine serves two at once."""

from __future__ import annotations

import itertools
import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.emulator.emulator_api import Api, TurnedClock

OUT = {"type": "object", "properties": {"mrn": {"const": "M7"}, "list": {"const": [{"dose": 10}]}}}


@pytest.fixture
def workflow(api: Api) -> str:
    return api.workflow(output_schema=OUT)


def test_steps_run_in_order_and_the_last_releases(api: Api, clock: TurnedClock, workflow: str) -> None:
    session, runs = api.chain(*({"workflow_id": workflow, "session_alias": name} for name in "abc"))
    seen = []
    for _ in range(4):
        seen.append(api.statuses(session))
        clock.forward(1)

    assert seen == [
        ["running", "scheduling", "scheduling"],
        ["success", "running", "scheduling"],
        ["success", "success", "running"],
        ["success", "success", "success"],
    ]
    assert [api.run(id)["release_session_after"] for id in runs] == [False, False, True]
    assert api.get("/v1/machines")["items"][0]["reserved_session_id"] is None


def test_the_state_is_the_same_whether_or_not_anyone_looked(api: Api, clock: TurnedClock, workflow: str) -> None:
    session, runs = api.chain(*({"workflow_id": workflow} for _ in range(3)))
    clock.forward(3600)

    assert api.statuses(session) == ["success"] * 3
    assert [api.run(id)["ended_at"][14:22] for id in runs] == ["30:01.00", "30:02.00", "30:03.00"]


def test_refs_are_resolved_when_their_run_starts(api: Api, clock: TurnedClock, workflow: str) -> None:
    refs = {
        "mrn": {"$ref": "look.outputs.mrn"},
        "nested": {"deep": [{"$ref": "look.outputs.list[0].dose"}, {"$ref": "look.outputs.list"}]},
        "gone": {"$ref": "look.outputs.nothing.here"},
        "scalar": {"$ref": "look.outputs.mrn.inside"},
        "plain": "as it is",
    }
    _, (_, book) = api.chain(
        {"workflow_id": workflow, "session_alias": "look"},
        {"workflow_id": workflow, "session_alias": "book", "inputs": refs},
    )
    assert api.run(book)["input_values"] == refs
    clock.forward(1)

    assert api.run(book)["input_values"] == {
        "mrn": "M7",
        "nested": {"deep": [10, [{"dose": 10}]]},
        "gone": "__EMPTY__",
        "scalar": "__EMPTY__",
        "plain": "as it is",
    }


def test_refs_that_cannot_be_read_are_refused(api: Api, workflow: str) -> None:
    def found(ref: str, **fields: Any) -> httpx.Response:
        steps = [
            {"workflow_id": workflow, "session_alias": "a", "inputs": {"x": {"y": [{"$ref": ref}]}}},
            {"workflow_id": workflow, "session_alias": "b"},
        ]
        return api.request("POST", "/v1/runs/chain", json={"steps": steps} | fields)

    for ref in ("a.outputs.x", "b.outputs.x", "elsewhere.outputs.x", "b.outputs", "nonsense"):
        response = found(ref)
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "steps", 0, "inputs", "x", "y", 0]
    assert found("elsewhere.outputs.x", session_id=str(uuid.uuid4())).status_code == 201
    assert api.get("/v1/runs", search="nonsense")["total"] == 0


def test_a_later_chain_reads_the_aliases_of_its_session_the_latest_first(
    api: Api, clock: TurnedClock, workflow: str
) -> None:
    script = api.platform.simulate({"a": {"outputs": {"n": 1}}})
    first = api.post(
        "/v1/runs/chain",
        {"steps": [{"workflow_id": workflow, "session_alias": "a"}], "keep_session_after_completion": True},
        x_cyberflow_script=script,
    )
    session = first["session_id"]
    clock.forward(2)
    api.chain({"workflow_id": workflow, "session_alias": "a"}, session_id=session, keep_session_after_completion=True)
    _, (last,) = api.chain({"workflow_id": workflow, "inputs": {"x": {"$ref": "a.outputs.mrn"}}}, session_id=session)
    clock.forward(2)

    assert api.run(last)["input_values"] == {"x": "M7"}


@pytest.mark.parametrize("status", ["error", "task_failed", "cancelled"])
@pytest.mark.parametrize("keep", [False, True])
def test_a_failed_step_cancels_the_later_ones_and_releases(
    api: Api, clock: TurnedClock, workflow: str, status: str, keep: bool
) -> None:
    script = api.platform.simulate({"b": {"status": status, "error": "the window vanished"}})
    body = {
        "steps": [{"workflow_id": workflow, "session_alias": name} for name in "abcd"],
        "keep_session_after_completion": keep,
    }
    chain = api.post("/v1/runs/chain", body, x_cyberflow_script=script)
    clock.forward(2)

    assert api.statuses(chain["session_id"]) == ["success", status, "cancelled", "cancelled"]
    failed, later = api.run(chain["run_ids"][1]), api.run(chain["run_ids"][2])
    assert failed["error"] == ["the window vanished"]
    assert failed["release_session_after"] is True
    assert failed["id"] in later["error"][0]
    assert status in later["error"][0]
    assert later["started_at"] is None
    assert later["ended_at"] == failed["ended_at"]
    assert api.get("/v1/machines")["items"][0]["reserved_session_id"] is None


def test_cancelling_a_later_step_lets_the_earlier_ones_finish_and_then_releases(
    api: Api, clock: TurnedClock, workflow: str
) -> None:
    session, runs = api.chain(*({"workflow_id": workflow} for _ in range(4)))
    api.patch(f"/v1/runs/{runs[2]}", {"status": "cancelled"})
    assert api.statuses(session) == ["running", "scheduling", "cancelled", "cancelled"]
    assert api.get("/v1/machines")["items"][0]["reserved_session_id"] == session
    clock.forward(2)

    assert api.statuses(session)[:2] == ["success", "success"]
    assert api.get("/v1/machines")["items"][0]["reserved_session_id"] is None


def test_a_kept_session_holds_its_machine(api: Api, clock: TurnedClock, workflow: str) -> None:
    session, _ = api.chain({"workflow_id": workflow}, keep_session_after_completion=True)
    other, _ = api.chain({"workflow_id": workflow})
    clock.forward(60)
    assert api.statuses(other) == ["scheduling"]
    joined, _ = api.chain({"workflow_id": workflow}, session_id=session)
    assert joined == session
    clock.forward(1)
    assert api.statuses(other) == ["running"]


def test_shared_values_reach_the_steps_that_declare_them(api: Api) -> None:
    prompt = api.workflow("By prompt", main_prompt="Type {a.b} but not \\{c}")
    schema = api.workflow("By schema", input_schema={"type": "object", "properties": {"c": {"type": "string"}}})
    shared = {"a": {"b": 1}, "c": "x", "d": "nobody's"}
    _, runs = api.chain(
        {"workflow_id": prompt},
        {"workflow_id": schema, "inputs": {"c": "own", "extra": 1}},
        shared_inputs=shared,
        shared_sensitive_inputs={"pw": "x"},
        shared_file_inputs=[{"filename": "a.txt", "content": "aGk="}],
    )
    first, second = (api.run(id) for id in runs)

    assert first["input_values"] == {"a": {"b": 1}}
    assert second["input_values"] == {"c": "own", "extra": 1}
    assert [set(run["sensitive_input_aliases"]) for run in (first, second)] == [{"pw"}, {"pw"}]
    assert [bool(run["input_attachment_ids"]) for run in (first, second)] == [True, False]


def test_a_chain_waits_for_a_machine_that_is_in_all_its_pools(api: Api, clock: TurnedClock, workflow: str) -> None:
    machines = [api.post("/v1/machines", {"fingerprint": f"f{n}", "unkey_key_id": "k"})["id"] for n in range(2)]
    epic, chrome = (api.post("/v1/pools", {"name": name})["id"] for name in ("epic", "chrome"))
    api.post(f"/v1/pools/{epic}/machines", {"machine_ids": machines})
    api.post(f"/v1/pools/{chrome}/machines", {"machine_ids": machines[1:]})
    sessions = [api.chain({"workflow_id": workflow}, pool_ids=[epic, chrome]) for _ in range(2)]
    assert [api.statuses(session) for session, _ in sessions] == [["running"], ["scheduling"]]
    clock.forward(1.5)

    assert {api.run(runs[0])["machine_id"] for _, runs in sessions} == {machines[1]}
    _pinned, (run,) = api.chain({"workflow_id": workflow}, machine_id=machines[0], pool_ids=[chrome])
    assert api.run(run)["machine_id"] == machines[0], "a machine beats pools"


def test_priority_goes_first_but_never_into_a_session(api: Api, clock: TurnedClock, workflow: str) -> None:
    running, _ = api.chain({"workflow_id": workflow}, {"workflow_id": workflow})
    ordinary, _ = api.chain({"workflow_id": workflow})
    urgent, _ = api.chain({"workflow_id": workflow}, is_priority=True)
    clock.forward(1)
    assert [api.statuses(session) for session in (running, ordinary, urgent)] == [
        ["success", "running"],
        ["scheduling"],
        ["scheduling"],
    ]
    clock.forward(1)
    assert [api.statuses(session)[0] for session in (ordinary, urgent)] == ["scheduling", "running"]


def test_many_chains_on_few_machines_never_overlap(api: Api, clock: TurnedClock) -> None:
    dice = random.Random(7)
    workflow = api.workflow()
    for number in range(2):
        api.post("/v1/machines", {"fingerprint": str(number), "unkey_key_id": "k"})
    machines = [machine["id"] for machine in api.get("/v1/machines")["items"]]
    sessions = []
    for _ in range(40):
        steps = [{"workflow_id": workflow, "session_alias": f"s{n}"} for n in range(dice.randint(1, 4))]
        script = {
            step["session_alias"]: {
                "seconds": dice.choice([0, 0.3, 1, 2.5]),
                "status": dice.choice(["success"] * 9 + ["error"]),
            }
            for step in steps
        }
        body = {"steps": steps, "is_priority": dice.random() < 0.2}
        if dice.random() < 0.3:
            body["machine_id"] = dice.choice(machines)
        answer = api.post("/v1/runs/chain", body, x_cyberflow_script=api.platform.simulate(script))
        sessions.append((answer, body.get("machine_id")))
        clock.forward(dice.choice([0, 0.2, 1]))
    clock.forward(1000)
    assert api.get("/v1/runs", status="scheduling")["total"] == api.get("/v1/runs", status="running")["total"] == 0

    spans: dict[str, list[tuple[str, str]]] = {}
    for answer, pinned in sessions:
        runs = [run for id in answer["run_ids"] if (run := api.run(id))["started_at"]]
        assert len({run["machine_id"] for run in runs}) == 1
        assert pinned in {None, runs[0]["machine_id"]}
        for before, after in itertools.pairwise(runs):
            assert before["ended_at"] == after["started_at"], "back to back"
        spans.setdefault(runs[0]["machine_id"], []).append((runs[0]["started_at"], runs[-1]["ended_at"]))
    assert len(spans) == 3
    for held in spans.values():
        for before, after in itertools.pairwise(sorted(held)):
            assert before[1] <= after[0], "one session at a time"

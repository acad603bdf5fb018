"""The file: its mode, its format, restarts, and that no secret ever reaches it."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from cyberflow.emulator.platform import Platform
from cyberflow.emulator.store.store import Store
from cyberflow.errors import CyberflowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.emulator.emulator_api import Api, TurnedClock

CANARIES = ("canary-run-4711", "canary-nested-4711", "canary-machine-4711", "canary-pool-4711", "canary-key-4711")
RUN, NESTED, MACHINE, POOL, KEY = CANARIES


def test_the_files_are_for_their_owner_alone(reopen: Callable[[], Api], tmp_path: Path) -> None:
    reopen().workflow()

    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"local.db", "local.db-wal", "local.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_a_newer_format_and_a_foreign_file_are_refused_clearly(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CyberflowError, match="format 99, this cyberflow reads up to 2"):
        Platform.open(newer)
    foreign = tmp_path / "foreign.db"
    foreign.write_text("no database at all, " * 100)
    with pytest.raises(CyberflowError, match="cannot be read"):
        Platform.open(foreign)
    with pytest.raises(CyberflowError, match="cannot open"):
        Platform.open(tmp_path / "no" / "such" / "folder.db")


def test_a_run_goes_on_over_a_restart(reopen: Callable[[], Api], clock: TurnedClock) -> None:
    api = reopen()
    workflow = api.workflow(output_schema={"type": "object", "properties": {"n": {"const": 7}}})
    session, runs = api.chain(
        {"workflow_id": workflow, "session_alias": "a"},
        {"workflow_id": workflow, "inputs": {"n": {"$ref": "a.outputs.n"}}},
        {"workflow_id": workflow},
    )
    clock.forward(0.5)
    assert reopen().statuses(session) == ["running", "scheduling", "scheduling"]
    clock.forward(1)
    api = reopen()
    assert api.statuses(session) == ["success", "running", "scheduling"]
    assert api.run(runs[1])["input_values"] == {"n": 7}
    history = api.run(runs[0])["run_message_history"]
    clock.forward(100)
    api = reopen()
    assert api.statuses(session) == ["success"] * 3
    assert api.run(runs[2])["ended_at"] == "2026-03-01T09:30:03.000000Z"
    assert api.run(runs[0])["run_message_history"] == history
    assert len(api.get("/v1/machines")["items"]) == 1


def test_a_signed_url_outlives_a_restart(reopen: Callable[[], Api], clock: TurnedClock) -> None:
    api = reopen()
    run = api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    url = api.run(run)["run_message_history"][1]["content"][1]["image_url"]
    signed = api.get(f"/v1/runs/{run}/image/signed-url", image_url=url)["signed_url"]
    assert reopen().request("GET", signed).status_code == 200


def test_after_a_restart_the_names_of_secrets_count_as_present(reopen: Callable[[], Api], clock: TurnedClock) -> None:
    api = reopen()
    schema = {
        "type": "object",
        "properties": {"$pin": {"type": "string", "minLength": 4}},
        "required": ["$pin", "$desk"],
    }
    workflow = api.workflow(main_prompt="Type {$pin.inner} and {$desk}", input_schema=schema)
    (machine,) = api.get("/v1/machines")["items"]
    api.patch(f"/v1/machines/{machine['id']}", {"machine_sensitive_parameters": {"desk": MACHINE}})
    first = api.post("/v1/runs", {"workflow_id": api.workflow("Other")})["id"]
    with_secret = api.post("/v1/runs", {"workflow_id": workflow, "sensitive_input_values": {"pin": RUN}})["id"]
    without = api.post("/v1/runs", {"workflow_id": workflow})["id"]
    clock.forward(0.5)
    api = reopen()
    clock.forward(10)

    assert api.run(first)["status"] == "success"
    assert api.run(with_secret)["status"] == "success", "its value is lost, its name is known"
    assert api.run(without)["error"] == ['Input validation failed: "$pin" is a required property']


def drive(api: Api, clock: TurnedClock) -> Iterator[str]:
    """Every way a secret can enter, with failures on the way."""
    schema = {"type": "object", "properties": {"$pw": {"type": "string", "maxLength": 3}}}
    strict = api.workflow("Strict", input_schema=schema)
    workflow = api.workflow(main_prompt="Type {$pw} {$deep.a[0]} {$desk}", output_schema={"type": "object"})
    scalar = api.workflow("Scalar", main_prompt="Type {$pw.inner}")
    pool = api.post("/v1/pools", {"name": "p", "pool_sensitive_parameters": {"pool": POOL}})["id"]
    machine = {"fingerprint": "f", "unkey_key_id": "k", "machine_sensitive_parameters": {"desk": MACHINE}}
    made = api.post("/v1/machines", machine)["id"]
    api.patch(f"/v1/machines/{made}", {"machine_sensitive_parameters": {"desk": MACHINE}})
    api.put(f"/v1/machines/{made}/pools", {"pool_ids": [pool]})
    model = api.post("/v1/model-configurations", {"name": "m", "provider": "p", "model": "m", "api_key": KEY})["id"]
    api.patch(f"/v1/model-configurations/{model}", {"api_key": KEY})
    secrets: dict[str, Any] = {"pw": RUN, "deep": {"a": [NESTED]}}
    steps: list[dict[str, Any]] = [
        {"workflow_id": workflow, "session_alias": "a", "sensitive_inputs": secrets},
        {"workflow_id": workflow},
    ]
    _session, runs = api.chain(*steps, shared_sensitive_inputs=secrets, pool_ids=[pool])
    for body in (
        {"workflow_id": strict, "sensitive_input_values": secrets},
        {"workflow_id": strict, "sensitive_input_values": RUN},
        {"workflow_id": strict, "sensitive_input_values": {"pw": [RUN]}},
        {"workflow_id": "not-a-uuid", "sensitive_input_values": secrets},
    ):
        response = api.request("POST", "/v1/runs", json=body, headers={"Idempotency-Key": "refused"})
        assert response.status_code == 422
        yield response.text
    yield api.request("POST", "/v1/machines", json={"machine_sensitive_parameters": {"a": [MACHINE]}}).text
    failed = api.post("/v1/runs", {"workflow_id": scalar, "sensitive_input_values": secrets})["id"]
    bulk = {"workflow_id": workflow, "count": 2, "sensitive_input_values": secrets}
    yield api.request("POST", "/v1/runs/bulk", json=bulk, headers={"Idempotency-Key": "bulk"}).text
    clock.forward(3)
    yield json.dumps(api.post(f"/v1/runs/{runs[0]}/retry", {"sensitive_input_values": secrets}))
    clock.forward(3)
    assert api.run(failed)["status"] == "error"
    yield json.dumps(api.get("/v1/runs", include="workflow,machine,machine.pools"))
    for path in ("/v1/machines", "/v1/pools", "/v1/model-configurations"):
        yield json.dumps(api.get(path))


def test_no_secret_s_value_is_in_any_file_or_answer(
    reopen: Callable[[], Api], tmp_path: Path, clock: TurnedClock
) -> None:
    api = reopen()
    answers = list(drive(api, clock))
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    reopen()
    stored += b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert b"Patient lookup" in stored, "the search looks where data is"
    for canary in CANARIES:
        assert canary.encode() not in stored
        assert not any(canary in answer for answer in answers)
        assert canary not in repr(vars(api.platform))


def test_values_are_dropped_when_their_run_has_ended(api: Api, clock: TurnedClock) -> None:
    body = {"workflow_id": api.workflow(), "sensitive_input_values": {"pw": RUN}}
    one, two, three = (api.post("/v1/runs", body)["id"] for _ in range(3))
    vault = api.platform._secret_store
    assert [dict(vault.values(id)) for id in (one, two, three)] == [{"pw": RUN}] * 3
    clock.forward(1)
    api.patch(f"/v1/runs/{three}", {"status": "cancelled"})
    assert [dict(vault.values(id)) for id in (one, two, three)] == [{}, {"pw": RUN}, {}]
    api.delete(f"/v1/runs/{two}")
    assert not vault.values(two)


def test_links_are_counted_as_they_are(tmp_path: Path) -> None:
    """Made twice, taken back, removed from either side, over a restart: the count is that of the rows."""
    path = tmp_path / "links.db"
    with closing(Store(path)) as store:
        for a, b in (("w1", "t"), ("w1", "t"), ("w2", "t"), ("w2", "u"), ("w3", "u")):
            store.link("workflow-tag", a, b)
        with suppress(ZeroDivisionError), store.transaction():
            store.link("workflow-tag", "w4", "t")
            _ = 1 / 0
        store.link("pool-machine", "t", "m")
        store.unlink("workflow-tag", "w2", None)
    with closing(Store(path)) as store:
        store.unlink("workflow-tag", "w3", "u")
        count = {name: store.count_links("workflow-tag", "b", name) for name in ("t", "u", "m")}
        assert count == {"t": 1, "u": 0, "m": 0}
        assert [store.count_links("pool-machine", "a", "t"), store.count_links("pool-machine", "b", "m")] == [1, 1]

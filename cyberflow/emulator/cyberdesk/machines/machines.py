"""/v1/machines: desktops that runs are given. A machine made through the API is connected and can be used at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import ApiResponse
from cyberflow.emulator.contract.request_bodies import MachineCreate, MachineUpdate, PoolIds
from cyberflow.emulator.cyberdesk.machines.membership import (
    MACHINES,
    MEMBER,
    POOLS,
    include_pools,
    pools_of,
    show_machine,
    show_machines,
)
from cyberflow.emulator.cyberdesk.resource import include, search_filter, time_filters
from cyberflow.emulator.engine import sessions, webhooks
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.secret_store import secret_aliases
from cyberflow.emulator.store.store import Document, Store, dump, field, new_id

DEFAULT_MACHINE = "local-1"
STATUSES = ("connected", "disconnected", "error")
SECRETS = "machine_sensitive_parameters"
INCLUDES: Mapping[str, Any] = {"pools": include_pools}


def seed(store: Store, name: str, now: datetime, own: Document) -> None:
    """Put a machine of this name into the database."""
    body = MachineCreate(fingerprint=name, unkey_key_id="local", name=name, hostname=name, os_info="Simulated desktop")
    store.add("machine", _document(body, store.organisation, now) | own)


def create(call: ApiCall) -> Document:
    body: MachineCreate = call.body
    machine = _document(body, call.store.organisation, call.now)
    call.pending_secrets[machine["id"]] = dict(body.machine_sensitive_parameters or {})
    call.store.add("machine", machine)
    return show_machine(call, machine)


def list_items(call: ApiCall) -> Document:
    asked = {
        f"{field('name')} = ?": call.query.get("name"),
        f"{field('status')} = ?": query.choice(call.query, "status", STATUSES),
        **time_filters(call, "created_at"),
        **search_filter(call, "name", "hostname"),
    }
    page = MACHINES.page(call, asked)
    page["items"] = show_machines(call, page["items"])
    return page | {"included": include(call, page["items"], INCLUDES)}


def get(call: ApiCall) -> Document:
    machine = show_machine(call, MACHINES.of_path(call))
    return machine | {"included": include(call, [machine], INCLUDES)}


def update(call: ApiCall) -> Document:
    body: MachineUpdate = call.body
    before = MACHINES.of_path(call)
    machine = MACHINES.patch(before, body, "is_available", "reserved_session_id", SECRETS)
    if body.is_available is not None:
        machine["is_enabled"] = body.is_available
    if body.machine_sensitive_parameters is not None:
        machine[SECRETS] = secret_aliases(machine["id"], body.machine_sensitive_parameters)
        call.pending_secrets[machine["id"]] = body.machine_sensitive_parameters
    call.store.replace("machine", machine)
    _announce_if_down(call, before, machine, f"Its status was set to {machine['status']}")
    if "reserved_session_id" in body.model_fields_set:
        _reserve(call, machine, None if body.reserved_session_id is None else str(body.reserved_session_id))
    return show_machine(call, MACHINES.require(call, machine["id"]))


def set_status(call: ApiCall, machine: Document, status: str) -> None:
    """Connected, disconnected or broken; seen now, if connected."""
    seen = {"last_seen": stamp(call.now)} if status == "connected" else {}
    after = machine | {"status": status} | seen
    call.store.replace("machine", after)
    _announce_if_down(call, machine, after, f"The last connection of its agent is {status}")


def _announce_if_down(call: ApiCall, before: Document, after: Document, reason: str) -> None:
    if before["status"] == "connected" != after["status"]:
        webhooks.announce_machine_down(call.store, after, reason, call.now)


def _reserve(call: ApiCall, machine: Document, session_id: str | None) -> None:
    """Reserve a machine for a session, or free it: its session and whatever runs on it is cancelled."""
    if session_id is not None:
        sessions.reserve(call.store, machine, session_id)
        return
    reason = f"Cancelled: the reservation of machine {machine['name'] or machine['id']} was cleared"
    if machine["reserved_session_id"]:
        sessions.abort(call.store, call.secret_store, machine["reserved_session_id"], call.now, reason)
    for run in _active_runs(call, machine["id"]):
        sessions.cancel_run(call.store, call.secret_store, run, call.now, reason)
    current = MACHINES.require(call, machine["id"])
    MACHINES.replace(call, current, {"is_enabled": True, "reserved_session_id": None})


def delete(call: ApiCall) -> None:
    """Its runs stay, without a machine; those at work there or waiting for it alone end in error."""
    machine = MACHINES.of_path(call)
    waiting = "WHERE wanted_machine = ? AND status = 'scheduling' ORDER BY queue"
    for stale in [*_active_runs(call, machine["id"]), *runs.select(call.store, waiting, machine["id"])]:
        run = runs.find(call.store, stale.id)
        if run and run.is_live:
            run.doc["error"] = ["The machine was deleted"]
            sessions.end_run(call.store, call.secret_store, run, "error", call.now)
    call.store.connection.execute("UPDATE runs SET machine_id = NULL WHERE machine_id = ?", (machine["id"],))
    call.store.unlink(MEMBER, None, machine["id"])
    for connection in call.store.children("connection", machine["id"]):
        call.store.remove("connection", connection["id"])
    call.store.remove("machine", machine["id"])
    call.secret_store.drop(machine["id"])


def list_pools(call: ApiCall) -> list[Document]:
    return pools_of(call, MACHINES.of_path(call)["id"])


def replace_pools(call: ApiCall) -> Document:
    body: PoolIds = call.body
    machine = MACHINES.of_path(call)
    wanted = [POOLS.require(call, id)["id"] for id in body.pool_ids]
    call.store.unlink(MEMBER, None, machine["id"])
    for id in wanted:
        call.store.link(MEMBER, id, machine["id"])
    return show_machine(call, machine)


def health(call: ApiCall) -> ApiResponse:
    """503 when a machine is in trouble, with the same body."""
    machines = call.store.every("machine")
    broken = [
        {"machine_id": m["id"], "error": f"machine is {m['status']}", "organization_id": m["organization_id"]}
        | {"machine_name": m["name"], "status_code": None}
        for m in machines
        if m["status"] != "connected"
    ]
    body = {
        "status": "error" if broken else "ok",
        "scope": "organization",
        "checked_machines": len(machines),
        "healthy_machines": len(machines) - len(broken),
        "errored_machines": broken,
        "message": f"{len(machines) - len(broken)} of {len(machines)} machines are connected",
    }
    return ApiResponse(503 if broken else 200, content=dump(body).encode())


def _active_runs(call: ApiCall, id: str) -> list[runs.RunRow]:
    return runs.select(call.store, "WHERE machine_id = ? AND status IN ('running', 'running_checks')", id)


def _document(body: MachineCreate, organisation: str, now: datetime) -> Document:
    id = new_id()
    return body.model_dump(mode="json") | {
        "id": id,
        "machine_sensitive_parameters": secret_aliases(id, body.machine_sensitive_parameters),
        "status": "connected",
        "is_enabled": True,
        "alerts_enabled": True,
        "reserved_session_id": None,
        "linked_keepalive_machine_id": None,
        "physical_server_id": None,
        "user_id": None,
        "organization_id": organisation,
        "created_at": stamp(now),
        "last_seen": stamp(now),
    }

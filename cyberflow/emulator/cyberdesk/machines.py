"""/v1/machines: desktops that runs are given. A machine made through the API is connected and can be used at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import ApiResponse, not_found
from cyberflow.emulator.contract.request_bodies import MachineCreate, MachineUpdate, PoolIds
from cyberflow.emulator.cyberdesk import pools
from cyberflow.emulator.engine import runs, scheduler, sessions, webhooks
from cyberflow.emulator.engine.secret_store import secret_aliases
from cyberflow.emulator.engine.store import Document, Store, dump, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall

FIRST = "local-1"
STATUSES = ("connected", "disconnected", "error")
HIDDEN = frozenset({"fingerprint", "is_enabled"})
NEVER_NULL = frozenset({"status", "alerts_enabled", "last_seen"})
SPECIAL = frozenset({"is_available", "reserved_session_id", "machine_sensitive_parameters"})


def seed(store: Store, now: datetime) -> None:
    """Put the one machine into a new database."""
    body = MachineCreate(
        fingerprint=FIRST, unkey_key_id="local", name=FIRST, hostname=FIRST, os_info="Simulated desktop"
    )
    store.add("machine", _document(body, store.organisation, now))


def create(call: ApiCall) -> Document:
    body: MachineCreate = call.body
    machine = _document(body, call.store.organisation, call.now)
    call.pending_secrets[machine["id"]] = dict(body.machine_sensitive_parameters or {})
    call.store.add("machine", machine)
    return show(call, machine)


def list_page(call: ApiCall) -> Any:
    search = call.query.get("search", "").casefold()
    name, status = call.query.get("name"), query.choice(call.query, "status", STATUSES)
    limits = query.moment(call.query, "created_at_from"), query.moment(call.query, "created_at_to")
    found = [
        machine
        for machine in call.store.every("machine")
        if (name is None or machine["name"] == name)
        and (status is None or machine["status"] == status)
        and query.within(machine["created_at"], *limits)
        and (not search or any(search in (machine[key] or "").casefold() for key in ("id", "name", "hostname")))
    ]
    page = query.Pagination.from_query(call.query).page(found, lambda machine: show(call, machine))
    return page | {"included": _include_pools(call, page["items"])}


def get(call: ApiCall) -> Document:
    machine = show(call, find(call, call.path_id("machine_id")))
    return machine | {"included": _include_pools(call, [machine])}


def update(call: ApiCall) -> Document:
    body: MachineUpdate = call.body
    before = find(call, call.path_id("machine_id"))
    sent = body.model_dump(mode="json", exclude_unset=True)
    machine = before | {
        key: value for key, value in sent.items() if key not in SPECIAL and not (value is None and key in NEVER_NULL)
    }
    if sent.get("is_available") is not None:
        machine["is_enabled"] = sent["is_available"]
    if sent.get("machine_sensitive_parameters") is not None:
        machine["machine_sensitive_parameters"] = (
            secret_aliases(machine["id"], sent["machine_sensitive_parameters"]) or None
        )
        call.pending_secrets[machine["id"]] = sent["machine_sensitive_parameters"]
    call.store.replace("machine", machine)
    _announce_if_down(call, before, machine, f"Its status was set to {machine['status']}")
    if "reserved_session_id" in sent:
        _reserve(call, machine, sent["reserved_session_id"])
    return show(call, find(call, machine["id"]))


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
    """A null frees the machine: its session and whatever runs on it is cancelled."""
    if session_id is not None:
        sessions.reserve(call.store, machine, session_id)
        return
    reason = f"Cancelled: the reservation of machine {machine['name'] or machine['id']} was cleared"
    if machine["reserved_session_id"]:
        sessions.abort(call.store, call.secret_store, machine["reserved_session_id"], call.now, reason)
    for run in _active_runs(call, machine["id"]):
        sessions.cancel_run(call.store, call.secret_store, run, call.now, reason)
    call.store.replace("machine", find(call, machine["id"]) | {"is_enabled": True, "reserved_session_id": None})


def delete(call: ApiCall) -> None:
    """Its runs stay, without a machine; those at work there or waiting for it alone end in error."""
    machine = find(call, call.path_id("machine_id"))
    waiting = "WHERE wanted_machine = ? AND status = 'scheduling' ORDER BY queue"
    for stale in [*_active_runs(call, machine["id"]), *runs.select(call.store, waiting, machine["id"])]:
        run = runs.find(call.store, stale.id)
        if run and run.is_live:
            run.doc["error"] = ["The machine was deleted"]
            sessions.end_run(call.store, call.secret_store, run, "error", call.now)
    call.store.connection.execute("UPDATE runs SET machine_id = NULL WHERE machine_id = ?", (machine["id"],))
    call.store.unlink("pool-machine", None, machine["id"])
    for connection in call.store.children("connection", machine["id"]):
        call.store.remove("connection", connection["id"])
    call.store.remove("machine", machine["id"])
    call.secret_store.drop(machine["id"])


def list_pools(call: ApiCall) -> list[Document]:
    return pools.of_machine(call, find(call, call.path_id("machine_id"))["id"])


def replace_pools(call: ApiCall) -> Document:
    body: PoolIds = call.body
    machine = find(call, call.path_id("machine_id"))
    wanted = [pools.find(call, str(id))["id"] for id in body.pool_ids]
    call.store.unlink("pool-machine", None, machine["id"])
    for id in wanted:
        call.store.link("pool-machine", id, machine["id"])
    return show(call, machine)


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


def find(call: ApiCall, id: str) -> Document:
    machine = call.store.find("machine", id)
    if machine is None:
        raise not_found("Machine")
    return machine


def show(call: ApiCall, machine: Document, *, with_pools: bool = True) -> Document:
    """Available: switched on, connected, and neither at work nor reserved."""
    at_work = machine["id"] in scheduler.busy_machine_ids(call.store)
    free = machine["is_enabled"] and machine["status"] == "connected" and not machine["reserved_session_id"]
    shown = {key: value for key, value in machine.items() if key not in HIDDEN}
    shown |= {"is_available": bool(free and not at_work)}
    return shown | {"pools": pools.of_machine(call, machine["id"]) if with_pools else None}


def _active_runs(call: ApiCall, id: str) -> list[runs.RunRow]:
    return runs.select(call.store, "WHERE machine_id = ? AND status IN ('running', 'running_checks')", id)


def _include_pools(call: ApiCall, shown: list[Document]) -> list[Document] | None:
    if "pools" not in query.words(call.query, "include"):
        return None
    related = {pool["id"]: {"type": "pool", **pool} for machine in shown for pool in machine["pools"]}
    return list(related.values())


def _document(body: MachineCreate, organisation: str, now: datetime) -> Document:
    id = new_id()
    return body.model_dump(mode="json") | {
        "id": id,
        "machine_sensitive_parameters": secret_aliases(id, body.machine_sensitive_parameters or {}) or None,
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

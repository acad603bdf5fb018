"""/v1/pools: named sets of machines, and the parameters that runs get which name them."""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import not_found
from cyberflow.emulator.contract.request_bodies import MachineIds, PoolCreate, PoolUpdate
from cyberflow.emulator.engine import runs, sessions
from cyberflow.emulator.engine.secret_store import secret_aliases
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall


def create(call: ApiCall) -> Document:
    body: PoolCreate = call.body
    id = new_id()
    pool = body.model_dump(mode="json") | {
        "id": id,
        "organization_id": call.store.organisation,
        "pool_sensitive_parameters": secret_aliases(id, body.pool_sensitive_parameters or {}) or None,
        "created_at": stamp(call.now),
        "updated_at": stamp(call.now),
    }
    call.pending_secrets[id] = dict(body.pool_sensitive_parameters or {})
    call.store.add("pool", pool)
    return show(call, pool)


def list_page(call: ApiCall) -> Any:
    page = query.Pagination.from_query(call.query).page(call.store.every("pool"), lambda pool: show(call, pool))
    return page | {"included": _include_machines(call, page["items"])}


def get(call: ApiCall) -> Document:
    pool = show(call, find(call, call.path_id("pool_id")))
    shown = pool | {"included": _include_machines(call, [pool]), "machines": None}
    if query.flag(call.query, "include_machines"):
        shown["machines"] = _machines_in(call, pool["id"])
    return shown


def update(call: ApiCall) -> Document:
    body: PoolUpdate = call.body
    sent = body.model_dump(mode="json", exclude_unset=True)
    pool = find(call, call.path_id("pool_id"))
    secrets = sent.pop("pool_sensitive_parameters", None)
    pool |= {key: value for key, value in sent.items() if not (key == "name" and value is None)}
    if secrets is not None:
        pool["pool_sensitive_parameters"] = secret_aliases(pool["id"], secrets) or None
        call.pending_secrets[pool["id"]] = secrets
    pool["updated_at"] = stamp(call.now)
    call.store.replace("pool", pool)
    return show(call, pool)


def delete(call: ApiCall) -> None:
    """Runs that wait for a machine of it end in error: no machine can ever be in it again."""
    pool = find(call, call.path_id("pool_id"))
    for stale in runs.select(call.store, "WHERE status = 'scheduling' ORDER BY queue"):
        run = runs.find(call.store, stale.id)
        if run and run.is_live and _waits_for(call, run, pool["id"]):
            run.doc["error"] = ["The pool was deleted"]
            sessions.end_run(call.store, call.secret_store, run, "error", call.now)
    call.store.unlink("pool-machine", pool["id"], None)
    call.store.remove("pool", pool["id"])
    call.secret_store.drop(pool["id"])


def _waits_for(call: ApiCall, run: runs.RunRow, pool_id: str) -> bool:
    """A machine of its own, or the one that its session holds, is waited for instead."""
    if run.wanted_machine is not None or pool_id not in (run.doc["pool_ids"] or ()):
        return False
    return run.session_id is None or sessions.machine_of(call.store, run.session_id) is None


def add_machines(call: ApiCall) -> Document:
    pool = find(call, call.path_id("pool_id"))
    for id in _body_machine_ids(call):
        call.store.link("pool-machine", pool["id"], id)
    return show(call, pool) | {"machines": _machines_in(call, pool["id"])}


def remove_machines(call: ApiCall) -> None:
    pool = find(call, call.path_id("pool_id"))
    for id in _body_machine_ids(call):
        call.store.unlink("pool-machine", pool["id"], id)


def of_machine(call: ApiCall, id: str) -> list[Document]:
    held = set(call.store.links_to("pool-machine", id))
    return [show(call, pool) for pool in call.store.every("pool") if pool["id"] in held] if held else []


def find(call: ApiCall, id: str) -> Document:
    pool = call.store.find("pool", id)
    if pool is None:
        raise not_found("Pool")
    return pool


def show(call: ApiCall, pool: Document) -> Document:
    return pool | {"machine_count": len(call.store.links_from("pool-machine", pool["id"]))}


def _body_machine_ids(call: ApiCall) -> list[str]:
    body: MachineIds = call.body
    ids = [str(id) for id in body.machine_ids]
    if any(call.store.find("machine", id) is None for id in ids):
        raise not_found("Machine")
    return ids


def _machines_in(call: ApiCall, id: str) -> list[Document]:
    from cyberflow.emulator.cyberdesk import machines

    members = set(call.store.links_from("pool-machine", id))
    every = call.store.every("machine")
    return [machines.show(call, machine, with_pools=False) for machine in every if machine["id"] in members]


def _include_machines(call: ApiCall, shown: list[Document]) -> list[Document] | None:
    if "machines" not in query.words(call.query, "include"):
        return None
    related = {m["id"]: {"type": "machine", **m} for pool in shown for m in _machines_in(call, pool["id"])}
    return list(related.values())

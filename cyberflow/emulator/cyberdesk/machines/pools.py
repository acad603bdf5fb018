"""/v1/pools: named sets of machines, and the parameters that runs get which name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.emulator.contract.request_bodies import MachineIds, PoolCreate, PoolUpdate
from cyberflow.emulator.cyberdesk.machines.membership import (
    MACHINES,
    MEMBER,
    POOLS,
    include_machines,
    machines_in,
    show_pool,
)
from cyberflow.emulator.cyberdesk.resource import include
from cyberflow.emulator.engine import sessions
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.secret_store import secret_aliases
from cyberflow.emulator.store.store import Document, new_id

INCLUDES: Mapping[str, Any] = {"machines": include_machines}
SECRETS = "pool_sensitive_parameters"


def create(call: ApiCall) -> Document:
    body: PoolCreate = call.body
    id = new_id()
    call.pending_secrets[id] = dict(body.pool_sensitive_parameters or {})
    aliases = {SECRETS: secret_aliases(id, body.pool_sensitive_parameters)}
    return show_pool(call, POOLS.add(call.store, call.now, body.model_dump(mode="json") | {"id": id} | aliases))


def list_items(call: ApiCall) -> Document:
    page = POOLS.page(call, {}, lambda pool: show_pool(call, pool))
    return page | {"included": include(call, page["items"], INCLUDES)}


def get(call: ApiCall) -> Document:
    pool = show_pool(call, POOLS.of_path(call))
    with_machines = query.flag(call.query, "include_machines")
    related = include(call, [pool], INCLUDES)
    return pool | {"included": related, "machines": machines_in(call, pool["id"]) if with_machines else None}


def update(call: ApiCall) -> Document:
    body: PoolUpdate = call.body
    before = POOLS.of_path(call)
    pool = POOLS.patch(before, body, SECRETS)
    if body.pool_sensitive_parameters is not None:
        pool[SECRETS] = secret_aliases(pool["id"], body.pool_sensitive_parameters)
        call.pending_secrets[pool["id"]] = body.pool_sensitive_parameters
    return show_pool(call, POOLS.replace(call, before, pool))


def delete(call: ApiCall) -> None:
    """Runs that wait for a machine of it end in error: no machine can ever be in it again."""
    pool = POOLS.of_path(call)
    for stale in runs.select(call.store, "WHERE status = 'scheduling' ORDER BY queue"):
        run = runs.find(call.store, stale.id)
        if run and run.is_live and _waits_for(call, run, pool["id"]):
            run.doc["error"] = ["The pool was deleted"]
            sessions.end_run(call.store, call.secret_store, run, "error", call.now)
    call.store.unlink(MEMBER, pool["id"], None)
    call.store.remove("pool", pool["id"])
    call.secret_store.drop(pool["id"])


def _waits_for(call: ApiCall, run: runs.RunRow, pool_id: str) -> bool:
    """A machine of its own, or the one that its session holds, is waited for instead."""
    if run.wanted_machine is not None or pool_id not in (run.doc["pool_ids"] or ()):
        return False
    return run.session_id is None or sessions.machine_of(call.store, run.session_id) is None


def add_machines(call: ApiCall) -> Document:
    pool = POOLS.of_path(call)
    for id in _body_machine_ids(call):
        call.store.link(MEMBER, pool["id"], id)
    return show_pool(call, pool) | {"machines": machines_in(call, pool["id"])}


def remove_machines(call: ApiCall) -> None:
    pool = POOLS.of_path(call)
    for id in _body_machine_ids(call):
        call.store.unlink(MEMBER, pool["id"], id)


def _body_machine_ids(call: ApiCall) -> list[str]:
    body: MachineIds = call.body
    return [MACHINES.require(call, id)["id"] for id in body.machine_ids]

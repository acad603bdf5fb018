"""Machines and pools as the API shows them, each with the other: which machines are in which pools, and who is free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cyberflow.emulator.cyberdesk.resource import Resource
from cyberflow.emulator.engine import scheduler
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document

MACHINES: Final = Resource("machine", "Machine", "machine_id", frozenset({"status", "alerts_enabled", "last_seen"}))
POOLS: Final = Resource("pool", "Pool", "pool_id", frozenset({"name"}))
MEMBER: Final = "pool-machine"
HIDDEN_FIELDS = frozenset({"fingerprint", "is_enabled"})


def show_machine(call: ApiCall, machine: Document) -> Document:
    return next(_machines_without_pools(call, [machine])) | {"pools": pools_of(call, machine["id"])}


def show_machines(call: ApiCall, machines: Sequence[Document]) -> list[Document]:
    shown = _machines_without_pools(call, machines)
    return [machine | {"pools": pools_of(call, machine["id"])} for machine in shown]


def show_pool(call: ApiCall, pool: Document) -> Document:
    return pool | {"machine_count": call.store.count_links(MEMBER, "a", pool["id"])}


def pools_of(call: ApiCall, machine_id: str) -> list[Document]:
    return [show_pool(call, pool) for pool in call.store.origins(MEMBER, machine_id, "pool")]


def machines_in(call: ApiCall, pool_id: str) -> list[Document]:
    found = call.store.targets(MEMBER, pool_id, "machine")
    return [machine | {"pools": None} for machine in _machines_without_pools(call, found)]


def include_machines(call: ApiCall, pool: Document) -> Iterator[Document]:
    yield from ({"type": "machine", **machine} for machine in machines_in(call, pool["id"]))


def include_pools(_: ApiCall, machine: Document) -> Iterator[Document]:
    yield from ({"type": "pool", **pool} for pool in machine["pools"])


def include_machine(call: ApiCall, run: Document) -> Iterator[Document]:
    machine = call.store.find("machine", run["machine_id"]) if run["machine_id"] else None
    if machine:
        yield {"type": "machine", **show_machine(call, machine)}


def include_machine_and_pools(call: ApiCall, run: Document) -> Iterator[Document]:
    for machine in include_machine(call, run):
        yield machine
        yield from include_pools(call, machine)


def _machines_without_pools(call: ApiCall, machines: Sequence[Document]) -> Iterator[Document]:
    """Available: switched on, connected, and neither at work nor reserved."""
    busy = scheduler.busy_machine_ids(call.store)
    for machine in machines:
        ready = machine["is_enabled"] and machine["status"] == "connected" and not machine["reserved_session_id"]
        shown = {key: value for key, value in machine.items() if key not in HIDDEN_FIELDS}
        yield shown | {"is_available": bool(ready and machine["id"] not in busy)}

"""Whether a machine is there for a run: one that is not connected is waited for, and that has to be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import canonical_id
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.diagnostics import join_names
from cyberflow.remote.inventory import is_away, machine_ids_of, who_is_away

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


async def explain_waiting(desk: Cyberdesk, body: Mapping[str, Any]) -> str | None:
    """Why a run with this body would wait for a machine, None where one is there or the service does not tell."""
    if body.get("session_id") is not None:
        return None
    try:
        machines = [machine async for machine in desk.machines.list()]
        pools = [await desk.pools.get(id, include=("machines",)) for id in body.get("pool_ids") or ()]
    except (ApiError, Unreachable):
        return None
    if (id := body.get("machine_id")) is not None:
        machines = [machine for machine in machines if machine.id == canonical_id(id)]
    for pool in pools:
        members = machine_ids_of(pool)
        machines = [machine for machine in machines if machine.id in members]
    where = f" in {join_names(pool.name for pool in pools)}" if pools else ""
    if not all(map(is_away, machines)):
        return None
    return f"no machine{where} is connected{who_is_away(machines)}: it waits until one is"

"""Whether a machine is there for a run: one that is not connected is waited for, and that has to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cyberflow.client.http.errors import ApiError, Unreachable

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberdesk.wire import Machine

AWAY = frozenset({"disconnected", "error"})
"""Statuses in which a machine takes no run. One that is not known may well be one in which it works."""
SHOWN = 3


async def explain_waiting(desk: Cyberdesk, body: Mapping[str, Any]) -> str | None:
    """Why a run with this body would wait for a machine, None where one is there or the service does not tell."""
    if body.get("session_id") is not None:
        return None
    try:
        machines = [machine async for machine in desk.machines.list()]
        pools = [await desk.pools.get(id, include=("machines",)) for id in body.get("pool_ids") or ()]
    except (ApiError, Unreachable):
        return None
    where = ""
    if (id := body.get("machine_id")) is not None:
        machines = [machine for machine in machines if machine.id == id]
    for pool in pools:
        included = (one.get("id") for one in pool.included or () if one.get("type") == "machine")
        members = {*(machine.id for machine in pool.machines or ()), *included}
        machines = [machine for machine in machines if machine.id in members]
    if pools:
        where = f" in {' and '.join(f'`{pool.name}`' for pool in pools)}"
    if any(machine.status not in AWAY for machine in machines):
        return None
    return f"no machine{where} is connected{_statuses(machines)}: it waits until one is"


def _statuses(machines: Sequence[Machine]) -> str:
    texts = [f"`{machine.name or machine.id}` {machine.status}" for machine in machines[:SHOWN]]
    if more := len(machines) - len(texts):
        texts.append(f"{more} more")
    return f" ({', '.join(texts)})" if texts else ""

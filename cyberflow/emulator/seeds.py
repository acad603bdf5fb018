"""Names that exist on the local platform from the start: the pools, machines, models and Cyberun workflows that a
project's sources name, so that the same sources run here unchanged.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cyberflow.emulator.contract.request_bodies import ModelCreate, PoolCreate
from cyberflow.emulator.cyberdesk import models
from cyberflow.emulator.cyberdesk.machines import machines
from cyberflow.emulator.cyberdesk.machines.membership import MEMBER, POOLS
from cyberflow.emulator.cyberun import workflows
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import OLDEST_FIRST, Document, Kind, Store, field


class Seeds(BaseModel):
    """Each by name or id, as sources have them; workflows are Cyberun's, by slug (a version is passed over) or id."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pools: frozenset[str] = frozenset()
    machines: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()


def create(call: ApiCall) -> Document:
    """POST /v1/local/seeds, for a platform that another process serves."""
    plant(call.store, call.body, call.now)
    return {}


def plant(store: Store, seeds: Seeds, now: datetime) -> None:
    """Add what is not there yet. A new machine is connected; a new pool has the platform's first machine in it, so
    that a run that names it is not left waiting.
    """
    for name in sorted(_missing(store, "machine", seeds.machines)):
        machines.seed(store, name, now, _own_id(name))
    for name in sorted(_missing(store, "model", seeds.models)):
        body = ModelCreate(name=name, provider="local", model=name, is_computer_use_model=True)
        models.MODELS.add(store, now, models.fields_of(body) | _own_id(name))
    for name in sorted(_missing(store, "pool", seeds.pools)):
        pool = POOLS.add(store, now, PoolCreate(name=name).model_dump(mode="json") | _own_id(name))
        for machine in store.select("machine", {}, f"{OLDEST_FIRST} LIMIT ?", 1):
            store.link(MEMBER, pool["id"], machine["id"])
    for name in sorted(seeds.workflows):
        workflows.seed(store, name.partition("@")[0], now)


def _missing(store: Store, kind: Kind, names: frozenset[str]) -> set[str]:
    """Those that no document has as its name or id."""
    named = f"? IN (id, {field('name')})"
    return {name for name in names if not store.select(kind, {named: name})}


def _own_id(name: str) -> Document:
    """The id that a name is, when it is one."""
    try:
        return {"id": str(UUID(name))}
    except ValueError:
        return {}

"""The inventory of a target: machines, pools, models, tags, Cyberun workflows, which declarations only name. Read
once, as far as the project asks; what is wrong with it is for `requirements` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import Machine, Model, Pool, TagRecord, canonical_id
from cyberflow.client.cyberun.wire import CyberunWorkflow
from cyberflow.client.http.errors import ApiError
from cyberflow.compiler.graph import Graph
from cyberflow.remote.listing import read_list

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberun.client import CyberunClient

FEW = 3
RULE = "not-on-target"
"""The finding about a name that the target does not have."""


@dataclass(frozen=True)
class Inventory:
    """`pool_members` are the ids of the machines of each pool that a chain names. `cyberun_workflows` holds by the name
    that a task uses, a workflow, or None for one that is not there.
    """

    target: str
    machines: tuple[Machine, ...] = ()
    pools: tuple[Pool, ...] = ()
    models: tuple[Model, ...] = ()
    tags: tuple[TagRecord, ...] = ()
    pool_members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cyberun_workflows: Mapping[str, CyberunWorkflow | None] = field(default_factory=dict)
    slugs: tuple[str, ...] = ()


def is_called(what: Machine | Pool, name: str) -> bool:
    """Whether a declaration means this machine or pool: by its name, or by its id in any form."""
    return name == what.name or canonical_id(name) == what.id


def is_away(machine: Machine) -> bool:
    """Whether a run would wait for it; a status that is not known may well be one in which it works."""
    return machine.status in {"disconnected", "error"}


def who_is_away(machines: Sequence[Machine]) -> str:
    """The machines with their statuses, in brackets; nothing where there are none."""
    said = ", ".join(f"`{one.name or one.id}` {one.status}" for one in machines[:FEW])
    more = f" and {len(machines) - FEW} more" if len(machines) > FEW else ""
    return f" ({said}{more})" if said else ""


async def read_inventory(desk: Cyberdesk, graph: Graph, target: str) -> Inventory:
    """Ask Cyberdesk. Raises what the service raises."""
    found = await read_machines(desk, {name for chain in graph.chains.values() for name in chain.body.pools}, target)
    tags = await desk.tags.list(include_archived=True)
    return replace(found, models=await desk.models.list(), tags=tags)


async def read_machines(desk: Cyberdesk, named: Collection[str], target: str) -> Inventory:
    """Ask for machines and pools alone, and for the members of the pools that are named. Raises as the service does."""
    pools = await read_list("pools", lambda skip: desk.pools.page(skip=skip))
    wanted = [pool for pool in pools if any(is_called(pool, name) for name in named)]
    members = {pool.id: await pool_machine_ids(desk, pool) for pool in wanted}
    machines = await read_list("machines", lambda skip: desk.machines.page(skip=skip))
    return Inventory(target, machines, pools, pool_members=members)


async def read_cyberun_workflows(
    cyberun: CyberunClient, names: Iterable[str]
) -> tuple[Mapping[str, CyberunWorkflow | None], tuple[str, ...]]:
    """Ask Cyberun for workflows by the names that tasks use, and where one is not there, for all slugs."""
    found: dict[str, CyberunWorkflow | None] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = await cyberun.workflow(name)
        except ApiError as error:
            if not error.not_found:
                raise
            found[name] = None
    if None not in found.values():
        return found, ()
    return found, tuple([one.workflow_slug async for one in cyberun.workflows() if one.workflow_slug])


async def pool_machine_ids(desk: Cyberdesk, pool: Pool) -> frozenset[str]:
    """The ids of the machines in a pool."""
    return machine_ids_of(await desk.pools.get(pool.id, include=("machines",)))


def machine_ids_of(whole: Pool) -> frozenset[str]:
    """The ids of the machines that an answer about a pool brings along."""
    listed = [machine.id for machine in whole.machines or ()]
    included = [str(one["id"]) for one in whole.included or () if one.get("type") == "machine"]
    return frozenset([*listed, *map(canonical_id, included)])

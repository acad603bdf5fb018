"""Where a chain or a run goes: the machine, the pools or the session that was asked for or declared, in ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.run.readings.reading import Readings


@dataclass(frozen=True)
class TargetIds:
    """The ids of a target's things by the names a bundle uses. Whoever hands them in has looked them up; `readings` are
    of the workflows, from that look.
    """

    workflows: Mapping[str, str]
    pools: Mapping[str, str] = field(default_factory=dict)
    machines: Mapping[str, str] = field(default_factory=dict)
    readings: Readings = field(default_factory=Readings)


@dataclass(frozen=True)
class RunPlacement:
    """Where to run, as asked: a machine or pools, by name, win over the declaration's; a session wins over both."""

    machine: str | None = None
    pools: tuple[str, ...] = ()
    session_id: str | None = None
    keep_session: bool = False


def placement(what: BundledChain | BundledWorkflow, where: RunPlacement, ids: TargetIds) -> dict[str, Any]:
    """Where it runs, for the service: a session, else the machine or pools asked for, else the declared ones."""
    machine: str | None = None
    pools: Sequence[str] = ()
    if isinstance(what, BundledChain):
        machine, pools = what.machine, what.pools
    if where.session_id is not None:
        return {"session_id": where.session_id}
    if where.machine is not None or where.pools:
        machine, pools = where.machine, where.pools
    if machine is not None:
        return {"machine_id": lookup_id(ids.machines, machine, "machine")}
    return {"pool_ids": [lookup_id(ids.pools, pool, "pool") for pool in pools]} if pools else {}


def lookup_id(ids: Mapping[str, str], name: str, what: str) -> str:
    if name in ids:
        return ids[name]
    raise UsageError(f"the target has no {what} `{name}`", help=did_you_mean(name, ids))

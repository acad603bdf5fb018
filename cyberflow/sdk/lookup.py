"""What `run` needs of a target before it submits: the ids behind the names, of workflows that are as declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.deploy.plan.model import Change
from cyberflow.deploy.plan.plan import plan
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, UsageError
from cyberflow.remote.identity import Owner, Ownership, list_owned_workflows
from cyberflow.remote.snapshot import Snapshot, read_snapshot
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.readings.reading import PAGE, Readings
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.service import CyberdeskService

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def look_up(
    compiled: CompiledProject,
    service: CyberdeskService,
    workflows: Collection[str],
    places: tuple[Iterable[str], Iterable[str]],
    *,
    stale: bool,
) -> TargetIds:
    """Find the ids of workflows, machines and pools. Raises ConflictError when a workflow is not applied, or moved.

    With `stale` a workflow that moved will do; one that is not there never does.
    """
    found = await read_snapshot(service.client, compiled.bundle.assets)
    mine = compiled.owner
    made = plan(compiled.bundle, found, mine, workflows)
    moved = [change for change in made.changes if change.kind == "workflow" and change.action != "copy"]
    _check_up_to_date(moved, service.name, stale=stale)
    managed: dict[str, WorkflowRecord] = {}
    for held in list_owned_workflows(found.workflows, mine):
        if held.ownership is Ownership.MANAGED and held.name:
            managed.setdefault(held.name, held.workflow)  # the oldest comes first: the one that plan and apply mean
    machines, pools = places
    return TargetIds(
        {name: one.id for name, one in managed.items()},
        await _find_pools(service, list(pools)),
        {name: await _find_machine(service, name) for name in machines},
        Readings.of([managed[name] for name in workflows if name in managed], _tag_id(found, mine)),
    )


def _tag_id(found: Snapshot, mine: Owner) -> str | None:
    """The id of our tag, where one page lists all that bear it."""
    bearers = sum(any(tag.name == mine.tag for tag in one.tags or ()) for one in found.workflows)
    return next((tag.id for tag in found.tags if tag.name == mine.tag), None) if bearers <= PAGE else None


def _check_up_to_date(moved: list[Change], target: str, *, stale: bool) -> None:
    missing = [change.name for change in moved if change.action in ("create", "lost")]
    if missing:
        shown = ", ".join(f"`{name}`" for name in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise ConflictError(
            f"{shown} {verb} not applied to {target}", help=f"`cyberflow apply --target {target}` first"
        )
    if moved and not stale:
        parts = [
            f"`{change.name}` ({', '.join(field.path for field in change.fields) or change.reason})" for change in moved
        ]
        lead = f"`cyberflow plan --target {target}` shows how; apply, or run what is there with "
        help = HintedText(lead, Hint("stale"))
        raise ConflictError(f"{target} differs from the sources: {'; '.join(parts)}", help=help)


async def _find_machine(service: CyberdeskService, name: str) -> str:
    if _UUID.fullmatch(name):
        return name
    found = [machine.id async for machine in service.client.machines.list(name=name)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} machines are called `{name}`", help=f"name one by its id: {', '.join(found)}")
    if not found:
        known = [machine.name async for machine in service.client.machines.list() if machine.name]
        raise UsageError(f"{service.name} has no machine `{name}`", help=did_you_mean(name, known))
    return found[0]


async def _find_pools(service: CyberdeskService, names: list[str]) -> Mapping[str, str]:
    wanted = [name for name in names if not _UUID.fullmatch(name)]
    ids = {name: name for name in names if _UUID.fullmatch(name)}
    if not wanted:
        return ids
    there = {pool.name: pool.id async for pool in service.client.pools.list()}
    for name in wanted:
        if name not in there:
            raise UsageError(f"{service.name} has no pool `{name}`", help=did_you_mean(name, there))
    return ids | {name: there[name] for name in wanted}

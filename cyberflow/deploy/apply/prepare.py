"""Prepares a plan: reads the account, and of its runs only what the plan needs to say. It never writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cyberflow.client.http.errors import ApiError
from cyberflow.collector import rest_collector
from cyberflow.compiler.bundle import ASSET, AssetReader, Bundle
from cyberflow.deploy.plan.model import Plan, PruneOptions
from cyberflow.deploy.plan.plan import plan
from cyberflow.deploy.plan.prune import prune_candidates
from cyberflow.remote.canonical import wire_fields
from cyberflow.remote.concurrency import run_concurrently
from cyberflow.remote.desired import images_of
from cyberflow.remote.identity import Owner
from cyberflow.remote.images import MOST, fetch_images, image_addresses, pixel_digest
from cyberflow.remote.live_runs import has_runs, live_runs
from cyberflow.remote.snapshot import read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

PATIENCE = (1.0, 2.0, 5.0, 10.0)
"""Seconds between two looks at runs that are waited for; the last one again and again."""


async def prepare(
    desk: Cyberdesk,
    bundle: Bundle,
    owner: Owner,
    only: Collection[str] = (),
    prune: PruneOptions | None = None,
    assets: AssetReader | None = None,
) -> Plan:
    """Read the account and plan. Runs are asked for only where a workflow would change or go, images only where one
    would take another's place; with `assets`, the content of ours, they are compared.
    """
    with rest_collector():
        made = await _plan(desk, bundle, owner, only, prune, assets)
    changing = workflow_ids_to_change(made)
    return replace(made, live=await live_runs(desk, changing) if changing else {})


async def _plan(
    desk: Cyberdesk,
    bundle: Bundle,
    owner: Owner,
    only: Collection[str],
    prune: PruneOptions | None,
    assets: AssetReader | None,
) -> Plan:
    """The plan without the runs that are live."""
    remote = await read_snapshot(desk, bundle.assets)
    if prune is not None and prune.workflows:
        going = [one.id for one in prune_candidates(plan(bundle, remote, owner).kept, only)]
        live = await live_runs(desk, going) if going else {}
        prune = replace(prune, runs=await _workflows_with_runs(desk, going), live=frozenset(live))
    made = plan(bundle, remote, owner, only, prune)
    if assets is not None and (pixels := await _compare_images(desk, made, assets)):
        return plan(bundle, replace(remote, pixels=pixels), owner, only, prune)
    return made


async def _compare_images(desk: Cyberdesk, made: Plan, assets: AssetReader) -> dict[str, str]:
    """What the images show that stand in one prompt in place of others, by address."""
    there: set[str] = set()
    ours: set[str] = set()
    for change in made.changes:
        if change.verdict is None or change.seen is None or change.desired is None:
            continue
        before, after = image_addresses(wire_fields(change.seen)), image_addresses(change.desired.fields)
        missing = images_of(change.desired.fields)
        if before - after and (missing or after - before):
            there |= before ^ after
            ours |= {*missing}
    try:
        found = await fetch_images(desk, sorted(there)[:MOST])
    except ApiError as error:
        if not error.not_found:
            raise
        return {}
    contents = {**found, **{f"{ASSET}{sha256}": assets(sha256) for sha256 in ours}}
    return {address: pixel_digest(content) for address, content in contents.items()}


def workflow_ids_to_change(made: Plan) -> frozenset[str]:
    """The ids of the workflows that are there and would change or go."""
    pending = (one for one in made.changes if one.kind == "workflow" and one.pending)
    return frozenset(one.seen.id for one in pending if one.seen is not None)


async def wait_until_idle(
    desk: Cyberdesk, made: Plan, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> AsyncGenerator[Mapping[str, Sequence[str]], None]:
    """Wait until no workflow that would change has a live run; yields the live runs at every look that finds some."""
    looks = 0
    while live := await live_runs(desk, workflow_ids_to_change(made)):
        yield live
        await sleep(PATIENCE[min(looks, len(PATIENCE) - 1)])
        looks += 1


async def _workflows_with_runs(desk: Cyberdesk, workflows: Sequence[str]) -> frozenset[str]:
    async def ask(id: str) -> str | None:
        return id if await has_runs(desk, id) else None

    jobs = [lambda id=id: ask(id) for id in workflows]
    return frozenset([id async for id in run_concurrently(jobs) if id])

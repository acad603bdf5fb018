"""A stage: the platform of one target in memory with a project's workflows on it, as content that is opened anew for
every case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.bundle import AssetReader, Bundle, BundledChain, BundledWorkflow
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare
from cyberflow.emulator.platform import Platform
from cyberflow.emulator.seeds import Seeds
from cyberflow.errors import CyberflowError
from cyberflow.remote.canonical import MODEL_FIELDS
from cyberflow.remote.identity import Owner
from cyberflow.run.chain.placement import TargetIds

URL, KEY = "http://local", "local"
BUILT_AT = datetime(2025, 1, 1, tzinfo=UTC)
"""When the workflows of a stage were made: before any case begins."""


PipelinePlayer: TypeAlias = Callable[["Stage", Any], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Stage:
    """`content` is the platform as `Platform.load` opens it; `assets` are the files that go along with a run."""

    bundle: Bundle
    content: bytes = field(repr=False)
    ids: TargetIds
    machines: tuple[str, ...]
    assets: Mapping[str, bytes] = field(repr=False)
    pipelines: PipelinePlayer | None = field(default=None, repr=False)
    """What plays pipelines, whose calls need the modules of the project."""


async def build_stage(bundle: Bundle, assets: AssetReader, owner: Owner, names: Collection[str]) -> Stage:
    """Deploy what the declarations of these names need. Raises CyberflowError when something cannot be deployed."""
    needed = set(_workflows_of(bundle, names))
    part = replace(bundle, workflows=[one for one in bundle.workflows if one.name in needed])
    with Platform.open(":memory:", clock=lambda: BUILT_AT, seeds=_seeds(bundle)) as platform:
        async with Cyberdesk.connect(URL, KEY, app=platform.app) as desk:
            plan = await prepare(desk, part, owner)
            workflows = {}
            async for outcome in apply(plan, desk, assets):
                if outcome.status not in ("done", "unchanged"):
                    raise CyberflowError(f"`{outcome.name}` cannot be deployed: {outcome.message}")
                if outcome.kind == "workflow" and outcome.id is not None:
                    workflows[outcome.name] = outcome.id
            machines = {one.name or one.id: one.id async for one in desk.machines.list()}
            pools = {one.name: one.id async for one in desk.pools.list()}
        own = {one: one for one in (*machines.values(), *pools.values())}
        ids = TargetIds(workflows, {**own, **pools}, {**own, **machines})
        files = {asset.sha256: assets(asset.sha256) for asset in bundle.assets}
        return Stage(bundle, platform.dump(), ids, tuple(machines.values()), files)


def _workflows_of(bundle: Bundle, names: Collection[str]) -> Iterator[str]:
    for name in names:
        if (chain := bundle.chain(name)) is not None:
            yield from (step["workflow_id"] for step in chain.request["steps"])
            yield from chain.session.values()
        elif bundle.workflow(name) is not None:
            yield name
        elif (pipeline := bundle.pipeline(name)) is not None:
            yield from _workflows_of(bundle, [step.run for step in pipeline.steps if step.run is not None])


def workflows_in(bundle: Bundle, what: BundledChain | BundledWorkflow) -> list[BundledWorkflow]:
    """The workflows that a run goes through, in order."""
    if isinstance(what, BundledWorkflow):
        return [what]
    named = [bundle.workflow(step["workflow_id"]) for step in what.request["steps"]]
    return [one for one in named if one is not None]


def _seeds(bundle: Bundle) -> Seeds:
    """The pools, machines, models and Cyberun workflows that the bundle names."""
    models = [_model_names(workflow.payload) for workflow in bundle.workflows]
    return Seeds(
        pools=frozenset(pool for chain in bundle.chains for pool in chain.pools),
        machines=frozenset(chain.machine for chain in bundle.chains if chain.machine is not None),
        models=frozenset(name for names in models for name in names),
        workflows=frozenset(task.workflow for task in bundle.tasks),
    )


def _model_names(payload: Mapping[str, Any]) -> Iterator[str]:
    metadata = payload.get("model_metadata") or {}
    checks = payload.get("post_run_checks") or ()
    named = [metadata.get(key) for key in MODEL_FIELDS]
    for name in (*named, *(check.get("model") for check in checks)):
        if isinstance(name, str) and name:
            yield name

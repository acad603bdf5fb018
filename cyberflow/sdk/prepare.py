"""From a compiled project and what is given to a request that can be submitted. Both doors go through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.compiler.bundle import AssetReader, Bundle, BundledChain, BundledTask, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.project.load import RawProject, target_of
from cyberflow.remote.identity import Owner
from cyberflow.run.chain.request import RequestParts, RunPlacement, RunRequest, TargetIds, chain_request, run_request
from cyberflow.run.inputs.arguments import Arguments, RawArguments, files_of, resolve_arguments
from cyberflow.run.inputs.secrets import SecretBackends, target_sources
from cyberflow.run.task.request import task_files
from cyberflow.targets import CyberdeskService


@dataclass(frozen=True)
class CompiledProject:
    """What is worked on: the project, the target that is meant, its bundle, and the content of its assets."""

    sourced: RawProject
    target: str
    bundle: Bundle
    assets: AssetReader


def owner_of(compiled: CompiledProject, service: CyberdeskService) -> Owner:
    """Whose workflows are meant in this account."""
    return Owner(compiled.bundle.project, target_of(compiled.sourced.settings, service.name).scope)


def find_runnable(compiled: CompiledProject, name: str) -> BundledChain | BundledWorkflow:
    """The chain or workflow of a name. Raises UsageError when there is none."""
    found = compiled.bundle.chain(name) or compiled.bundle.workflow(name)
    if found is not None:
        return found
    bundle = compiled.bundle
    if bundle.task(name) is not None:
        raise UsageError(f"`{name}` is a task, and this is for chains and workflows", help=f"`cyberflow run {name}`")
    known = [one.name for nouns in (bundle.chains, bundle.workflows, bundle.tasks) for one in nouns]
    raise UsageError(f"the project declares no chain, workflow or task `{name}`", help=did_you_mean(name, known))


def resolve_run_arguments(
    compiled: CompiledProject,
    what: BundledChain | BundledWorkflow | BundledTask,
    asked: RawArguments,
    world: SecretBackends,
) -> Arguments:
    """Put together what a run is given. Raises UsageError with every problem; nothing is sent then."""
    declared = task_files(what) if isinstance(what, BundledTask) else files_of(what)
    sources = target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)
    return resolve_arguments(what, declared, asked, sources, world)


async def build_request(
    compiled: CompiledProject,
    service: CyberdeskService,
    run: tuple[BundledChain | BundledWorkflow, Arguments],
    where: RunPlacement,
    *,
    stale: bool,
) -> tuple[RunRequest, TargetIds]:
    """Look up what the target calls things and fill the request. Raises as `look_up` and `chain_request` do."""
    from cyberflow.sdk.lookup import look_up

    what, given = run
    machine, pools = where.machine, where.pools
    if isinstance(what, BundledChain):
        names = {step["workflow_id"] for step in what.request["steps"]}
        if machine is None and not pools and where.session_id is None:
            machine, pools = what.machine, tuple(what.pools)
    else:
        names = {what.name}
    ids = await look_up(compiled, service, names, (machine, pools), stale=stale)
    parts = RequestParts(compiled.bundle, given, ids, compiled.assets, where)
    return (chain_request(what, parts) if isinstance(what, BundledChain) else run_request(what, parts)), ids


async def script_outcomes(service: CyberdeskService, outcomes: Mapping[str, Any], ids: TargetIds, key: str) -> None:
    """Script the outcome of one submission. Raises UsageError where the target is not the local platform."""
    if not service.local:
        raise UsageError("--simulate scripts the local platform", help="take it away, or run with --target local")
    await service.cyberdesk.simulate(
        {ids.workflows.get(name, name): outcome for name, outcome in outcomes.items()}, key
    )

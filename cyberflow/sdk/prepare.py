"""From a compiled project and what is given to a request that can be submitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from cyberflow.compiler.bundle import BundledChain, BundledTask, BundledWorkflow
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.project.load import target_of
from cyberflow.redact import Redactor
from cyberflow.run.chain.overrides import RunOverrides, find_model, read_prompt_override
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.request import RequestParts, RunRequest, chain_request, run_request
from cyberflow.run.inputs.arguments import (
    Arguments,
    RawArguments,
    files_of,
    resolve_arguments,
    resolve_shared_arguments,
)
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.inputs.secrets import SecretBackends, SecretLocation, target_sources
from cyberflow.run.task.request import task_files
from cyberflow.sdk.lookup import look_up
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.service import CyberdeskService

Deployed: TypeAlias = BundledChain | BundledWorkflow
"""What runs on Cyberdesk."""
Guard: TypeAlias = Callable[[Redactor], None]
"""Told of the secrets of a run as soon as they are known, so that whoever prints lets none through."""


def find_runnable(compiled: CompiledProject, name: str) -> Deployed:
    """The chain or workflow of a name. Raises UsageError when there is none."""
    found = compiled.bundle.chain(name) or compiled.bundle.workflow(name)
    if found is not None:
        return found
    bundle = compiled.bundle
    if bundle.task(name) is not None:
        raise UsageError(f"`{name}` is a task, and this is for chains and workflows", help=f"`cyberflow run {name}`")
    if bundle.pipeline(name) is not None:
        help = "write the rows as a list that a step of it runs over with `each`"
        raise UsageError(f"`{name}` is a pipeline, and this is for chains and workflows", help=help)
    known = [one.name for nouns in (bundle.chains, bundle.workflows, bundle.tasks, bundle.pipelines) for one in nouns]
    what = "chain, workflow, task or pipeline" if bundle.pipelines else "chain, workflow or task"
    raise UsageError(f"the project declares no {what} `{name}`", help=did_you_mean(name, known))


def resolve_run_arguments(
    compiled: CompiledProject, what: Deployed | BundledTask, asked: RawArguments, world: SecretBackends
) -> Arguments:
    """Put together what a run is given. Raises UsageError with every problem; nothing is sent then."""
    declared = task_files(what) if isinstance(what, BundledTask) else files_of(what)
    return resolve_arguments(what, declared, asked, secret_sources(compiled), world)


def resolve_row_arguments(
    compiled: CompiledProject, what: Deployed | BundledTask, asked: RawArguments, world: SecretBackends
) -> Arguments:
    """Put together what all rows of a batch have in common. Raises as `resolve_run_arguments`."""
    declared = task_files(what) if isinstance(what, BundledTask) else files_of(what)
    return resolve_shared_arguments(what, declared, asked, secret_sources(compiled), world)


def secret_sources(compiled: CompiledProject) -> dict[str, SecretLocation]:
    """Where the target says that secrets are found."""
    return target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)


async def look_up_ids(
    compiled: CompiledProject, service: CyberdeskService, what: Deployed, where: RunPlacement, *, stale: bool
) -> TargetIds:
    """Find on the target what a chain or workflow names, on the machine or pools of `where` if it has any. Raises as
    `look_up`.
    """
    machine, pools = where.machine, where.pools
    if isinstance(what, BundledChain):
        names = {step["workflow_id"] for step in what.request["steps"]}
        if machine is None and not pools and where.session_id is None:
            machine, pools = what.machine, tuple(what.pools)
    else:
        names = {what.name}
    return await look_up(compiled, service, names, ([machine] if machine else [], pools), stale=stale)


class Overrides(Protocol):
    """The options of a run that hold for it alone."""

    @property
    def priority(self) -> bool: ...
    @property
    def prompt_file(self) -> Path | None: ...
    @property
    def model(self) -> str | None: ...


async def resolve_overrides(service: CyberdeskService, what: Deployed, options: Overrides) -> RunOverrides:
    """Read the prompt and find the model that one run is to have. Raises UsageError."""
    if isinstance(what, BundledChain):
        RunOverrides(False, None if options.prompt_file is None else "", options.model).refuse_for_chain(what.name)
        return RunOverrides(options.priority)
    prompt = None if options.prompt_file is None else read_prompt_override(options.prompt_file, what)
    model = None if options.model is None else await find_model(service.client, options.model)
    return RunOverrides(options.priority, prompt, model)


def fill(what: Deployed, parts: RequestParts) -> RunRequest:
    """Fill the request of a chain or a run. Raises UsageError with everything that does not fit."""
    return chain_request(what, parts) if isinstance(what, BundledChain) else run_request(what, parts)


async def script_outcomes(service: CyberdeskService, outcomes: Mapping[str, Any], ids: TargetIds, key: str) -> None:
    """Script the outcome of one submission. Raises UsageError where the target is not the local platform."""
    if not service.local:
        text = HintedText(Hint("simulate"), " scripts the local platform")
        raise UsageError(text, help="take it away, or run with --target local")
    await service.client.simulate({ids.workflows.get(name, name): outcome for name, outcome in outcomes.items()}, key)

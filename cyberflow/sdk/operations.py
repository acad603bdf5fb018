"""The operations of the command line as functions: plan, apply, pull, adopt, merge, batch, resume, worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypeVar

from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.deploy.pull.folder import PullFolder
from cyberflow.deploy.pull.read import PullResult
from cyberflow.language.discovery import find_root
from cyberflow.language.project.load import read_project
from cyberflow.run.work.dispatch import EntryUpdate, ServiceTrouble
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.deployments.deployment import ApplyOptions, Deployment, PlanOptions, open_deployment
from cyberflow.sdk.deployments.merges import MergeResult, merge_into_sources
from cyberflow.sdk.deployments.pulls import PullOptions, pull_sources
from cyberflow.sdk.handle import run_blocking, say
from cyberflow.sdk.project import compile_project, resolve_target_name
from cyberflow.sdk.rows.batch_run import open_batch, resume_setup
from cyberflow.sdk.rows.setup import BatchOptions, BatchSetup, prepare_batch
from cyberflow.sdk.rows.workers import WorkerOptions, work_rows
from cyberflow.targets.service import open_target

Folder = str | PathLike[str]
T = TypeVar("T")


@dataclass(frozen=True)
class Applied:
    """An apply that is over: its plan, what became of each change, and the code that the command line would give."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    exit_code: int


@dataclass(frozen=True)
class BatchResult:
    """A batch that is over, or stopped. `rows` has an entry for every row of the file, `halt_reason` says why some were
    not sent.
    """

    ledger: Path
    results: Path
    rows: tuple[LedgerEntry, ...]
    halt_reason: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every row ended in `success`."""
        return all(entry.display_status == "success" for entry in self.rows)


def plan(
    project: Folder = ".",
    *,
    target: str | None = None,
    bundle: Path | None = None,
    options: PlanOptions = PlanOptions(),  # noqa: B008 - a frozen value
) -> Plan:
    """Tell what `apply` would change. Raises ProjectErrors, UsageError, and what the target raises."""
    return _deploy(project, target, bundle, lambda deployment: deployment.plan(options))


def apply(
    project: Folder = ".",
    *,
    target: str | None = None,
    bundle: Path | None = None,
    options: ApplyOptions = ApplyOptions(),  # noqa: B008 - a frozen value
    confirm: str | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> Applied:
    """Make a target's workflows what the project declares, and leave a receipt. Nobody is asked: a protected target
    wants its own name as `confirm`. Raises as `plan`; what was done before is in the receipt.
    """

    async def work(deployment: Deployment) -> Applied:
        made = await deployment.plan_apply(options)
        if made.pending:
            deployment.require_name(confirm)
        if options.wait_idle and made.live:
            async for _ in deployment.wait_until_idle(made):
                pass
        async with deployment.apply(made, options) as application:
            if not application.is_refused:
                async with aclosing(application.run()) as outcomes:
                    async for outcome in outcomes:
                        on_outcome(outcome)
        return Applied(made, tuple(application.outcomes), application.exit_code)

    if options.saved is not None and target is None:
        target = options.saved.target
    return _deploy(project, target, bundle, work)


def adopt(
    pairs: Sequence[tuple[str, str]],
    project: Folder = ".",
    *,
    target: str | None = None,
    confirm: str | None = None,
) -> list[Outcome]:
    """Take workflows of the platform under declared names: pairs of a name and an id. Raises as `plan`."""

    async def work(deployment: Deployment) -> list[Outcome]:
        deployment.require_name(confirm)
        return [outcome async for outcome in deployment.adopt(pairs)]

    return _deploy(project, target, None, work)


def merge(name: str, project: Folder = ".", *, target: str | None = None, confirm: str | None = None) -> MergeResult:
    """Join what somebody changed of a workflow on the platform with the sources, and write them. `conflicts` names what
    both changed; it is in the files, between markers. Raises as `plan`, and ConflictError where both edits cannot be
    kept.
    """

    async def work(deployment: Deployment) -> MergeResult:
        deployment.require_name(confirm)
        return await merge_into_sources(deployment.service.client, deployment.compiled, name)

    return _deploy(project, target, None, work)


def pull(
    project: Folder = ".",
    *,
    target: str | None = None,
    options: PullOptions = PullOptions(),  # noqa: B008 - a frozen value
) -> tuple[PullFolder, PullResult]:
    """Write workflows of the platform as sources. Raises ConflictError, and writes nothing, where something else
    stands.
    """
    sourced = read_project(find_root(Path(project)))
    return run_blocking(pull_sources(sourced, resolve_target_name(sourced, target), options, say))


def batch(
    name: str,
    rows: Folder | int,
    project: Folder = ".",
    *,
    target: str | None = None,
    options: BatchOptions = BatchOptions(),  # noqa: B008 - a frozen value
    on_update: Callable[[EntryUpdate | ServiceTrouble], None] = lambda _: None,
) -> BatchResult:
    """Run a chain or a workflow once for each row of a file, or so many times, with a ledger. Raises BadRows before
    anything is sent when a row does not fit.
    """
    source = rows if isinstance(rows, int) else Path(rows)
    compiled = compile_project(Path(project), target, options.bundle)
    return run_blocking(_run_batch(prepare_batch(compiled, name, source, options), None, on_update))


def resume(
    ledger: Folder,
    project: Folder = ".",
    *,
    rows: Path | None = None,
    options: BatchOptions = BatchOptions(),  # noqa: B008 - a frozen value
    on_update: Callable[[EntryUpdate | ServiceTrouble], None] = lambda _: None,
) -> BatchResult:
    """Go on with the batch of a ledger; `options` are over those it was begun with. No row is sent twice. Raises
    ConflictError when the file of its rows has changed.
    """
    with Ledger.open(Path(ledger)) as opened:
        options = options.over(opened.head.options)
        compiled = compile_project(Path(project), opened.head.target, options.bundle)
        return run_blocking(_run_batch(resume_setup(compiled, opened, rows, options), opened, on_update))


async def worker(options: WorkerOptions, project: Folder = ".", *, target: str | None = None) -> None:
    """Work on rows of batches that were begun over an engine, until cancelled. Raises as `plan`."""
    compiled = compile_project(Path(project), target)
    async with open_target(compiled.sourced, compiled.target, say) as service:
        await work_rows(compiled, service, options, say)


def _deploy(project: Folder, target: str | None, bundle: Path | None, work: Callable[[Deployment], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_deployment(compiled, say) as deployment:
            return await work(deployment)

    compiled = compile_project(Path(project), target, bundle)
    return run_blocking(run())


async def _run_batch(
    setup: BatchSetup, ledger: Ledger | None, on_update: Callable[[EntryUpdate | ServiceTrouble], None]
) -> BatchResult:
    async with open_batch(setup, ledger, say) as going:
        async with aclosing(going.run()) as updates:
            async for update in updates:
                on_update(update)
        if going.unwritten is not None:
            raise going.unwritten
        return BatchResult(going.ledger.path, going.results, tuple(going.ledger.rows()), going.halt_reason)

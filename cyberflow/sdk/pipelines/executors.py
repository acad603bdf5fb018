"""The executors of pipelines and scripts: on this machine, or on the workers of a queue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.task.request import TaskJob
from cyberflow.run.work.distributed import DistributedExecutor, queue_of
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, JobRequest, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.polling import LOCAL, FollowOptions
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.pipelines.requests import RequestFactory
from cyberflow.sdk.prepare import script_outcomes
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.rows.batch_run import MANY
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import CyberdeskService, CyberunService, open_cyberun, open_target


@dataclass(frozen=True)
class Desks:
    """The services that are open, None for one that nothing runs on."""

    desk: CyberdeskService | None = None
    cyberun: CyberunService | None = None


@dataclass(frozen=True)
class ExecutorOptions:
    """`engine` is the url of a queue; None has everything run from here."""

    engine: str | None = field(default=None, repr=False)
    where: RunPlacement = field(default_factory=RunPlacement)
    priority: bool = False
    redactor: Redactor = field(default_factory=Redactor)


class Script(Protocol):
    """The outcomes of a simulation."""

    def outcome(self, entry: LedgerEntry) -> Any: ...
    def of_request(self, entry: LedgerEntry, request: RunRequest) -> dict[str, Any]: ...


async def open_desks(compiled: CompiledProject, stack: AsyncExitStack, say: Say, *, chains: bool, tasks: bool) -> Desks:
    """Open the services of a target that are needed. Raises as `open_target`."""
    sourced, target = compiled.sourced, compiled.target
    desk = await stack.enter_async_context(open_target(sourced, target, say)) if chains else None
    cyberun = await stack.enter_async_context(open_cyberun(sourced, target, say)) if tasks else None
    return Desks(desk, cyberun)


def make_executors(
    compiled: CompiledProject,
    factory: RequestFactory,
    desks: Desks,
    options: ExecutorOptions,
    *,
    script: Script | None = None,
    ledger: Ledger | None = None,
) -> Sequence[Executor]:
    """The executors in the order in which they are asked. Raises UsageError for a simulation elsewhere."""
    made: list[Executor] = []
    if options.engine:
        if script is not None:
            raise UsageError("--simulate does not reach the machines of an engine", help="leave one of them out")
        made.append(_distributed(compiled, factory, options, options.engine))
    if desks.desk is not None:
        made.append(_local(desks.desk, factory, options, script))
    if desks.cyberun is not None:
        made.append(_tasks(desks.cyberun, options, script, ledger))
    return made


def _local(
    service: CyberdeskService, factory: RequestFactory, options: ExecutorOptions, script: Script | None
) -> LocalExecutor:
    async def prepare(entry: LedgerEntry, request: RunRequest) -> None:
        if script is not None:
            await script_outcomes(service, script.of_request(entry, request), factory.ids, entry.key or "")

    watch = FollowOptions(LOCAL if service.local else MANY)
    return LocalExecutor(service.client, watch, options.redactor, prepare if script is not None else None)


def _tasks(
    service: CyberunService, options: ExecutorOptions, script: Script | None, ledger: Ledger | None
) -> TaskExecutor:
    async def prepare(entry: LedgerEntry, job: TaskJob) -> str | None:
        outcome = script.outcome(entry) if script is not None else None
        if outcome is None:
            return None
        if not service.local:
            text = HintedText(Hint("simulate"), " scripts the local platform")
            raise UsageError(text, help="take it away, or run with --target local")
        return await service.client.simulate({job.request.workflow.partition("@")[0]: outcome})

    def known() -> set[str]:
        return {entry.task_id for entry in (ledger.entries() if ledger else ()) if entry.task_id}

    watch = FollowOptions(service.pace)
    return TaskExecutor(service.client, watch, options.redactor, prepare, known)


def _distributed(
    compiled: CompiledProject, factory: RequestFactory, options: ExecutorOptions, url: str
) -> DistributedExecutor:
    """The executor over a queue. What is sent there is what workers need to make the same request."""
    places: dict[str, Any] = {"machine": options.where.machine, "pools": list(options.where.pools)}
    if options.priority:
        places["overrides"] = asdict(RunOverrides(options.priority))
    shapes: dict[str, str] = {}

    def make_item(entry: LedgerEntry, request: JobRequest) -> WorkItem:
        if request.name not in shapes:
            shapes[request.name] = factory.fingerprint(request.name)
        return WorkItem(
            request.name, entry.id, entry.key or "", shapes[request.name], dict(entry.inputs or {}), places, entry.kind
        )

    return DistributedExecutor(url, queue_of(compiled.bundle.project, compiled.target), make_item)

"""The executors of pipelines and scripts: on this machine, or on the workers of a queue."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.task.request import TaskJob
from cyberflow.run.work.distributed import DistributedExecutor
from cyberflow.run.work.engine import queue_of
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, JobRequest, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.polling import LOCAL, FollowOptions
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.rows.batch_run import MANY
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import CyberdeskService, CyberunService, OpenTarget, open_cyberun, open_target


@dataclass(frozen=True)
class Desks:
    """The services that are open, None for one that nothing runs on."""

    desk: CyberdeskService | None = None
    cyberun: CyberunService | None = None


class JobHooks(Protocol):
    """What executors ask of whoever knows the jobs: how a worker makes the same request, and what a simulation has in
    place of the service, by the ids of workflows or the aliases of steps.
    """

    def work_item(self, entry: LedgerEntry, request: JobRequest) -> WorkItem: ...
    def run_script(self, entry: LedgerEntry, request: RunRequest, /) -> Mapping[str, Any] | None: ...
    def task_script(self, entry: LedgerEntry) -> Mapping[str, Any] | None: ...


async def open_desks(compiled: CompiledProject, stack: AsyncExitStack, say: Say, *, chains: bool, tasks: bool) -> Desks:
    """Open the services of a target that are needed. Raises as `open_target`."""
    sourced, target = compiled.sourced, compiled.target
    desk = await stack.enter_async_context(open_target(sourced, target, say)) if chains else None
    cyberun = await stack.enter_async_context(open_cyberun(sourced, target, say)) if tasks else None
    return Desks(desk, cyberun)


def make_executors(
    compiled: CompiledProject, desks: Desks, hooks: JobHooks, ledger: Ledger, redactor: Redactor, engine: str | None
) -> list[Executor]:
    """The executors in the order in which they are asked. With `engine` workers of its queue run what they can."""
    made: list[Executor] = []
    if engine:
        queue = queue_of(compiled.bundle.project, compiled.target)
        made.append(DistributedExecutor(engine, queue, hooks.work_item))
    if desks.desk is not None:
        made.append(_local(desks.desk, hooks, redactor))
    if desks.cyberun is not None:
        made.append(_tasks(desks.cyberun, hooks, redactor, ledger))
    return made


def _local(service: CyberdeskService, hooks: JobHooks, redactor: Redactor) -> LocalExecutor:
    async def prepare(entry: LedgerEntry, request: RunRequest) -> None:
        if (script := hooks.run_script(entry, request)) is not None:
            _require_local(service)
            await service.client.simulate(script, entry.key or "")

    return LocalExecutor(service.client, FollowOptions(LOCAL if service.local else MANY), redactor, prepare)


def _tasks(service: CyberunService, hooks: JobHooks, redactor: Redactor, ledger: Ledger) -> TaskExecutor:
    async def prepare(entry: LedgerEntry, job: TaskJob) -> str | None:
        if (script := hooks.task_script(entry)) is None:
            return None
        _require_local(service)
        return await service.client.simulate({job.request.workflow.partition("@")[0]: script})

    def list_tasks() -> set[str]:
        return {entry.task_id for entry in ledger.entries() if entry.task_id}

    return TaskExecutor(service.client, FollowOptions(service.pace), redactor, prepare, list_tasks)


def _require_local(service: OpenTarget[Any]) -> None:
    if not service.local:
        text = HintedText(Hint("simulate"), " scripts the local platform")
        raise UsageError(text, help="take it away, or run with --target local")

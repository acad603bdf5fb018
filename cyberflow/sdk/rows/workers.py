"""A worker: what was put into a queue, filled from the project at hand, submitted and followed together."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from cyberflow.compiler.bundle import BundledTask
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.prompt.strings import scan_string
from cyberflow.redact import Redactor
from cyberflow.run.chain.interpolate import Interpolator
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.inputs.arguments import RawArguments, resolve_shared_arguments
from cyberflow.run.inputs.secrets import SecretBackends, system_backends
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.work.distributed import STUCK, Worker
from cyberflow.run.work.engine import queue_of
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest, LocalExecutor
from cyberflow.run.work.policy import KEY_LIFE
from cyberflow.run.work.polling import LOCAL, FollowOptions
from cyberflow.run.work.work_item import WorkItem, merge_result, result_to_json
from cyberflow.sdk.pipelines.requests import RequestFactory
from cyberflow.sdk.prepare import secret_sources
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.rows.batch_run import MANY
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import CyberdeskService, CyberunService, open_cyberun

FOR_EVER = 1e12
"""A worker asks a service that does not answer again and again: its rows are on the way, and others wait for it."""


ANY_SECRET = {"schema": {"type": "string"}, "required": True}


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker is given: the url of the queue, how many rows at a time, and where secrets are found."""

    engine: str = field(repr=False)
    parallel: int = 10
    secrets: tuple[str, ...] = field(default=(), repr=False)
    stale_ok: bool = False
    backends: SecretBackends = field(default_factory=system_backends, repr=False)


async def work_rows(compiled: CompiledProject, service: CyberdeskService, options: WorkerOptions, tell: Say) -> None:
    """Work on what comes until cancelled; `tell` hears the name of the worker and what is over. Raises CyberflowError
    when the queue or the target is away for good.
    """
    async with AsyncExitStack() as stack:
        bench = WorkerBench(compiled, service, options, tell, stack)
        queue = queue_of(compiled.bundle.project, compiled.target)
        worker = Worker(options.engine, queue, options.parallel, bench)
        tell(f"worker {worker.id} listens to {queue}")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(worker.run())
                group.create_task(bench.poll_runs())
                group.create_task(bench.poll_tasks())
        except* CyberflowError as errors:
            raise errors.exceptions[0] from None


@dataclass(frozen=True)
class WantedSecrets:
    """Secrets under the names by which this machine finds them, as something that can be given them."""

    name: str
    secrets: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    from_machine: tuple[str, ...] = ()


def _names_in(texts: Mapping[str, str]) -> set[str]:
    return {token.path.root for text in texts.values() for token in scan_string(text).tokens}


class WorkerBench:
    """Does what a worker is given. Everything that submissions of one name have in common is found once."""

    def __init__(
        self,
        compiled: CompiledProject,
        service: CyberdeskService,
        options: WorkerOptions,
        tell: Say,
        stack: AsyncExitStack,
    ) -> None:
        self._compiled = compiled
        self._tell = tell
        self._service = service
        self._options = options
        self._stack = stack
        self._factories: dict[str, RequestFactory] = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._secrets: list[Any] = []
        self._over: dict[str, asyncio.Future[LedgerEntry]] = {}
        self._sent: dict[str, LedgerEntry] = {}
        self._busy, self._has_tasks = asyncio.Event(), asyncio.Event()
        self._making = asyncio.Lock()
        self._watch = FollowOptions(LOCAL if service.local else MANY, patience=FOR_EVER)
        self._executor = LocalExecutor(service.client, self._watch)
        self._cyberun: CyberunService | None = None
        self._tasks: TaskExecutor | None = None

    async def submit(self, item: WorkItem, age: float, *, repeated: bool) -> dict[str, Any]:
        entry = LedgerEntry(item.key, item.name, kind=item.kind, stage="sending", key=item.key)
        entry = replace(entry, attempt=1, sent_at=time.time() - age)
        try:
            request = await self._build_request(item)
            if item.kind == "task":
                return result_to_json(await self._submit_task(entry, request, repeated=repeated))
            if age >= KEY_LIFE:
                return result_to_json(replace(entry, stage="unknown"))
            return result_to_json(await self._executor.submit(entry, request, repeated=repeated))
        except CyberflowError as error:
            return {"stage": STUCK, "error": error.message}

    async def _submit_task(self, entry: LedgerEntry, request: JobRequest, *, repeated: bool) -> LedgerEntry:
        """Submit a task once: what this process sent before and could not write down is remembered here."""
        assert self._tasks is not None  # noqa: S101 - its request was built
        known = self._sent.get(entry.id)
        if known is not None and known.stage != "sending":
            return known
        self._sent[entry.id] = entry
        try:
            answer = await self._tasks.submit(entry, request, repeated=repeated or known is not None)
        except CyberflowError:
            del self._sent[entry.id]
            raise
        self._sent[entry.id] = answer
        return answer

    async def follow(self, item: WorkItem, said: dict[str, Any]) -> dict[str, Any]:
        over: asyncio.Future[LedgerEntry] = asyncio.get_running_loop().create_future()
        self._over[item.key] = over
        entry = merge_result(LedgerEntry(item.key, item.name, kind=item.kind), said)
        request = await self._build_request(item)
        if item.kind == "task":
            assert self._tasks is not None  # noqa: S101 - its request was built
            self._tasks.follow(entry, request)
            self._has_tasks.set()
        else:
            self._executor.follow(entry, request)
            self._busy.set()
        entry = await over
        self._sent.pop(item.key, None)
        self._tell(f"  {item.id}: {entry.display_status}")
        return result_to_json(entry)

    async def poll_runs(self) -> None:
        """Follow the runs that are live, all of them together, until cancelled."""
        while True:
            await self._busy.wait()
            self._finish(await self._executor.poll())
            self._executor.troubles.clear()
            if not self._executor.is_busy:
                self._busy.clear()

    async def poll_tasks(self) -> None:
        """Follow the tasks that are live until cancelled."""
        while True:
            await self._has_tasks.wait()
            assert self._tasks is not None  # noqa: S101 - it has some
            self._finish(await self._tasks.poll())
            self._tasks.troubles.clear()
            if not self._tasks.is_busy:
                self._has_tasks.clear()

    def _finish(self, ended: list[LedgerEntry]) -> None:
        for entry in ended:
            self._over.pop(entry.id).set_result(entry)

    async def _build_request(self, item: WorkItem) -> JobRequest:
        """Fill a request. Raises UsageError when this project would make something else of it."""
        async with self._making:
            if item.shape not in self._factories:
                self._factories[item.shape] = await self._load(item)
        factory = self._factories[item.shape]
        if factory.fingerprint(item.name) != item.shape:
            help = "give every machine the same sources, or the same bundle"
            raise UsageError(f"`{item.name}` is not the same here as where it was begun", help=help)
        return factory.build(factory.find(item.name), item.inputs, self._find_secrets(item, factory))

    def _find_secrets(self, item: WorkItem, factory: RequestFactory) -> Mapping[str, Any]:
        """The secrets of a submission, found on this machine once."""
        known = json.dumps([item.name, dict(item.secrets)], sort_keys=True)
        if known not in self._given:
            what = factory.find(item.name)
            names = sorted(_names_in(item.secrets)) if item.secrets else list(what.secrets)
            declared = {name: what.secrets.get(name, ANY_SECRET) for name in names}
            wanted = WantedSecrets(item.name, declared)
            mine = [one for one in self._options.secrets if one.partition("=")[0] in names]
            sources, backends = secret_sources(self._compiled), self._options.backends
            found = resolve_shared_arguments(wanted, (), RawArguments(secrets=mine), sources, backends).secrets
            filler = Interpolator({}, found)
            filled = {name: filler.value(text, name) for name, text in item.secrets.items()} or found
            self._given[known] = filled
            self._secrets += found.values()
            self._executor.redactor = Redactor(self._secrets)
            if self._tasks is not None:
                self._tasks.redactor = Redactor(self._secrets)
        return self._given[known]

    async def _load(self, item: WorkItem) -> RequestFactory:
        where = RunPlacement(item.places.get("machine"), tuple(item.places.get("pools") or ()))
        factory = RequestFactory(self._compiled, where, RunOverrides(**item.places.get("overrides", {})))
        what, options = factory.find(item.name), self._options
        if isinstance(what, BundledTask) and self._tasks is None:
            opened = open_cyberun(self._compiled.sourced, self._compiled.target, self._tell)
            self._cyberun = await self._stack.enter_async_context(opened)
            self._tasks = TaskExecutor(self._cyberun.client, self._watch, known=self._task_ids)
        await factory.look_up([what], self._service, self._cyberun, stale=options.stale_ok)
        return factory

    def _task_ids(self) -> set[str]:
        return {entry.task_id for entry in self._sent.values() if entry.task_id}

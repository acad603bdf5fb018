"""What carries on the submissions of a script: one thread with one dispatcher, however many threads and tasks ask."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Hashable, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cyberflow.compiler.bundle import BundledTask
from cyberflow.redact import Redactor
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.inputs.arguments import Arguments
from cyberflow.run.pipeline.files import FileStore
from cyberflow.run.readings.reading import Readings, read_again
from cyberflow.run.readings.submission import write_reading
from cyberflow.run.simulation import read_outcomes
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.work.dispatch import EntryUpdate, JobDispatcher, Start
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, JobRequest, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import RetryPolicy, next_action, next_attempt
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.execution import SubmitOptions
from cyberflow.sdk.handle import say
from cyberflow.sdk.pipelines.executors import Desks, make_executors, open_desks
from cyberflow.sdk.pipelines.requests import RequestFactory, Runs
from cyberflow.sdk.prepare import resolve_overrides
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.runs.origins import remember_ledger
from cyberflow.targets.local_platform import state_folder


@dataclass
class ScriptJob:
    """One key that is asked for: `entry` is what the ledger has, `given` what fills the request."""

    entry: LedgerEntry
    what: Runs
    given: Arguments
    options: SubmitOptions
    once_more: bool = False
    accepted: Future[LedgerEntry] = field(default_factory=Future)
    ended: Future[LedgerEntry] = field(default_factory=Future)

    @property
    def place(self) -> Hashable:
        """What decides how its requests are made, besides what fills them."""
        options = self.options
        return (self.what.name, options.where, options.priority, options.prompt_file, options.model)

    def fail(self, error: BaseException) -> None:
        for future in (self.accepted, self.ended):
            if not future.done():
                future.set_exception(error)

    def tell(self, entry: LedgerEntry) -> None:
        """Take in how it is now."""
        self.entry = entry
        if entry.stage != "sending" and not self.accepted.done():
            self.accepted.set_result(entry)
        if entry.is_over and not self.ended.done():
            self.ended.set_result(entry)


class ScriptDriver:
    """The thread. It opens the services that are needed when they are, and closes them at the end."""

    def __init__(self, ledger: Ledger, compiled: CompiledProject, folder: Path, engine: str | None) -> None:
        remember_ledger(state_folder(compiled.sourced.root), ledger.path)
        self.ledger = ledger
        self._compiled = compiled
        self._folder = folder
        self._engine = engine
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cyberflow-journal", daemon=True)
        self._stack = AsyncExitStack()
        self._desks = Desks()
        self._factories: dict[Hashable, RequestFactory] = {}
        self._executors: list[Executor] = []
        self._dispatcher = JobDispatcher(ledger, [], self._collect)
        self._jobs: dict[str, ScriptJob] = {}
        self._secrets: list[Any] = []
        self._opening, self._wake = asyncio.Lock(), asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._thread.start()

    def start(self, job: ScriptJob) -> None:
        """Begin a job, or go on with one that was begun before."""
        asyncio.run_coroutine_threadsafe(self._begin(job), self._loop)

    def cancel(self, id: str) -> None:
        """Cancel what was submitted under a key."""
        self._run(self._cancel(id))

    def close(self) -> None:
        """Stop following and close the services; what was submitted goes on."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _begin(self, job: ScriptJob) -> None:
        self._jobs[job.entry.id] = job
        try:
            self._send(job, await self._build(job))
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            self._jobs.pop(job.entry.id, None)
            job.fail(error)

    def _send(self, job: ScriptJob, request: JobRequest) -> None:
        entry, now = job.entry, time.time()
        action = next_action(entry, RetryPolicy(job.once_more, job.once_more), now)
        if action == "follow":
            job.tell(entry)
            self._dispatcher.follow(entry, request)
        elif action == "expired" and entry.kind != "task":
            lost = replace(entry, stage="unknown")
            self._dispatcher.save([EntryUpdate(lost, entry.display_status)])
            self._tell(lost)
        else:
            repeated = action in ("repeat", "expired")
            start = entry if repeated else next_attempt(entry, self.ledger.head.invocation, now)
            self._dispatcher.send([Start(start, request, entry.display_status, repeated=repeated)])
        self._wake.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        """Carry on until nothing is under way."""
        while self._dispatcher.load:
            self._wake.clear()
            waking = asyncio.create_task(self._wake.wait())
            try:
                updates = await self._dispatcher.wait(waking)
            except Exception as error:  # noqa: BLE001 - whoever waits is told; what was submitted is in the ledger
                await self._dispatcher.forget()
                for job in list(self._jobs.values()):
                    job.fail(error)
                self._jobs.clear()
                return
            finally:
                waking.cancel()
            for update in updates:
                self._tell(update.entry)
            for trouble in self._dispatcher.troubles():
                say(f"trying again: {trouble.reason.splitlines()[0]}")

    def _tell(self, entry: LedgerEntry) -> None:
        if (job := self._jobs.get(entry.id)) is not None:
            job.tell(entry)
            if entry.is_over:
                del self._jobs[entry.id]

    async def _build(self, job: ScriptJob) -> JobRequest:
        """Look up what is named, and fill the request."""
        async with self._opening:
            await self._open(task=isinstance(job.what, BundledTask))
            factory = await self._factory(job)
        self._secrets += job.given.secrets.values()
        for executor in self._executors:
            if isinstance(executor, LocalExecutor | TaskExecutor):
                executor.redactor = Redactor(self._secrets)
        return factory.build(job.what, job.entry.inputs or {}, job.given.secrets, job.given.files)

    async def _factory(self, job: ScriptJob) -> RequestFactory:
        what, options, known = job.what, job.options, job.place
        if known not in self._factories:
            overrides = RunOverrides()
            if not isinstance(what, BundledTask) and self._desks.desk is not None:
                overrides = await resolve_overrides(self._desks.desk, what, options)
            made = RequestFactory(self._compiled, options.where, overrides)
            await made.look_up([what], self._desks.desk, self._desks.cyberun, stale=options.stale_ok)
            write_reading(self.ledger, made.ids.readings, time.time())
            self._factories[known] = made
        return self._factories[known]

    async def _open(self, *, task: bool) -> None:
        """Open the service of a kind, unless it is open."""
        if (self._desks.cyberun if task else self._desks.desk) is not None:
            return
        opened = await open_desks(self._compiled, self._stack, say, chains=not task, tasks=task)
        engine = None if self._executors else self._engine
        made = make_executors(self._compiled, opened, self, self.ledger, Redactor(self._secrets), engine)
        self._desks = Desks(opened.desk or self._desks.desk, opened.cyberun or self._desks.cyberun)
        self._executors += made
        for executor in made:
            self._dispatcher.add(executor)

    async def _read_again(self) -> None:
        """Look once more at every workflow that was looked up: what is over by now lies between the two."""
        seen = [factory.ids.readings for factory in self._factories.values()]
        tag = next((one.tag for one in seen if one.tag), None)
        workflows = {id: reading for one in seen for id, reading in one.workflows.items()}
        if self._desks.desk is not None and workflows:
            again = await read_again(self._desks.desk.client, Readings(workflows, tag))
            write_reading(self.ledger, again, time.time())

    def work_item(self, entry: LedgerEntry, request: JobRequest) -> WorkItem:
        factory = self._factories[self._jobs[entry.id].place]
        return factory.work_item(entry, request.name, entry.inputs or {}, factory.fingerprint(request.name))

    def run_script(self, entry: LedgerEntry, _: RunRequest) -> Mapping[str, Any] | None:
        job = self._jobs[entry.id]
        if job.options.simulate is None:
            return None
        ids = self._factories[job.place].ids.workflows
        return {ids.get(name, name): outcome for name, outcome in self._outcomes(job).items()}

    def task_script(self, entry: LedgerEntry) -> Mapping[str, Any] | None:
        job = self._jobs[entry.id]
        return None if job.options.simulate is None else next(iter(self._outcomes(job).values()), None)

    def _outcomes(self, job: ScriptJob) -> dict[str, Any]:
        return read_outcomes(job.options.simulate or {}, job.what, self._compiled.bundle)

    async def _collect(self, entry: LedgerEntry) -> LedgerEntry:
        """Fetch what a task made."""
        cyberun = self._desks.cyberun
        store = FileStore(self._folder, None, cyberun.client if cyberun else None, lambda one: one.kind == "task")
        return await store.collect(entry)

    async def _cancel(self, id: str) -> None:
        for update in await self._dispatcher.cancel({id}):
            self._tell(update.entry)

    async def _close(self) -> None:
        await self._dispatcher.close()
        await self._read_again()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._stack.aclose()

"""A batch from its ledger to its results: begun, gone on with, ended. Whoever shows it iterates over the updates."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.run.batch.batch import Batch
from cyberflow.run.batch.results import write_results
from cyberflow.run.batch.rows import output_names, request_fingerprint
from cyberflow.run.chain.machines import explain_waiting
from cyberflow.run.chain.placement import TargetIds, placement
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.readings.reading import read_again
from cyberflow.run.readings.submission import write_reading
from cyberflow.run.work.dispatch import EntryUpdate, ServiceTrouble
from cyberflow.run.work.distributed import DistributedExecutor
from cyberflow.run.work.engine import queue_of
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import RetryPolicy
from cyberflow.run.work.polling import LOCAL, FollowOptions, PollInterval
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.pipelines.requests import RequestFactory
from cyberflow.sdk.prepare import Guard, look_up_ids, resolve_overrides, script_outcomes
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.rows.setup import BatchOptions, BatchSetup, new_ledger, prepare_batch, submissions
from cyberflow.sdk.runs.origins import remember_ledger
from cyberflow.targets.local_platform import Say, state_folder
from cyberflow.targets.service import CyberdeskService, open_target

MANY = PollInterval(2.0, 15.0)
"""Chains take minutes: many of them are looked after at half the pace of one."""


def resume_setup(
    compiled: CompiledProject, ledger: Ledger, file: Path | None, options: BatchOptions, guard: Guard = lambda _: None
) -> BatchSetup:
    """What goes on with the batch of a ledger; `options` are over those it was begun with. Raises ConflictError when
    the file of its rows is another.
    """
    head = ledger.head
    rows = file or (Path(head.file) if head.file else head.total)
    setup = prepare_batch(compiled, head.name, rows, options, guard)
    if setup.rows.digest != head.digest:
        help = "name the file it was begun with by --each, or begin a new batch"
        raise ConflictError(f"{rows} is not the file of this ledger: its content differs", help=help)
    return setup


@asynccontextmanager
async def open_batch(setup: BatchSetup, ledger: Ledger | None, say: Say) -> AsyncIterator[BatchRun]:
    """Open the target and the ledger of a batch, a new one where none is given. Raises as `look_up_ids`."""
    compiled = setup.compiled
    async with open_target(compiled.sourced, compiled.target, say) as service:
        where, stale = setup.parts.where, setup.options.stale_ok
        ids = await look_up_ids(compiled, service, setup.what, where, stale=stale)
        overrides = await resolve_overrides(service, setup.what, setup.options)
        setup.parts = replace(setup.parts, ids=ids, overrides=overrides)
        if (
            why := await explain_waiting(service.client, placement(setup.what, setup.parts.where, setup.parts.ids))
        ) is not None:
            say(why)
        shape = request_fingerprint(setup.what, setup.parts, setup.rows.arguments)
        if ledger is not None:
            remember_ledger(state_folder(compiled.sourced.root), ledger.path)
            same = shape == ledger.head.shape
            ledger.replace_head(replace(ledger.head, shape=shape))
            write_reading(ledger, ids.readings, time.time())
            yield BatchRun(setup, service, ledger, ids, same=same)
            return
        with new_ledger(setup, service, shape) as made:
            remember_ledger(state_folder(compiled.sourced.root), made.path)
            write_reading(made, ids.readings, time.time())
            yield BatchRun(setup, service, made, ids, same=True)


class BatchRun:
    """One go at a batch. `halt_reason` says afterwards why rows were not sent, `unwritten` why there are no results."""

    def __init__(
        self, setup: BatchSetup, service: CyberdeskService, ledger: Ledger, ids: TargetIds, *, same: bool
    ) -> None:
        self.setup = setup
        self.service = service
        self.ledger = ledger
        self.results: Path = setup.options.out or ledger.path.with_suffix(".jsonl")
        self.halt_reason: str | None = None
        self.unwritten: CyberflowError | None = None
        self._ids = ids
        self._same = same
        self._watch = FollowOptions(LOCAL if service.local else MANY)
        self._executor = self._make_executor()
        retry = RetryPolicy(setup.options.retry_failed, setup.options.resubmit_unknown, self._same)
        rows = submissions(setup.rows, setup.parts)
        self._batch = Batch(self.ledger, rows, self._executor, setup.limits, retry)

    @property
    def live_count(self) -> int:
        """How many chains run that are followed here."""
        return self._batch.load if isinstance(self._executor, LocalExecutor) else 0

    async def run(self) -> AsyncGenerator[EntryUpdate | ServiceTrouble, None]:
        """Go on until nothing more can be sent and nothing is live. Who stops iterating has detached. The results are
        written on every way out. Raises as `Batch.run`.
        """
        batch = self._batch
        try:
            async with aclosing(batch.run()) as updates:
                async for update in updates:
                    yield update
            write_reading(self.ledger, await read_again(self.service.client, self._ids.readings), time.time())
            await self._clean_up()
        finally:
            self.halt_reason = batch.halt_reason
            self._write_results()

    async def _clean_up(self) -> None:
        """Leave no inputs in the database of an engine."""
        if isinstance(self._executor, DistributedExecutor) and not self.setup.options.keep_queue:
            over = list(self.ledger.entries("ended", "refused", "unknown"))
            before = ((entry.id, attempt) for entry in over for attempt in range(1, entry.attempt))
            await self._executor.clean_up(
                [*(entry.key for entry in over if entry.key), *(self.ledger.key(*one) for one in before)]
            )

    async def cancel_live(self) -> None:
        """Cancel the chains that are followed here."""
        await self._batch.cancel()

    def _write_results(self) -> None:
        """Write a line for each row as the ledger has it."""
        try:
            write_results(self.results, self.ledger.rows(), output_names(self.setup.what))
        except CyberflowError as error:
            self.unwritten = error

    def _make_executor(self) -> LocalExecutor | DistributedExecutor:
        options, client = self.setup.options, self.service.client
        if options.engine:
            return self._queue_executor(options.engine)
        outcomes = options.simulate

        async def script_row(entry: LedgerEntry, _: RunRequest) -> None:
            await script_outcomes(self.service, outcomes or {}, self._ids, entry.key or "")

        return LocalExecutor(client, self._watch, self.setup.redactor, script_row if outcomes is not None else None)

    def _queue_executor(self, url: str) -> DistributedExecutor:
        """The executor over a queue. What is sent there is what workers need to make the same request."""
        compiled, parts = self.setup.compiled, self.setup.parts
        factory = RequestFactory(compiled, parts.where, parts.overrides, self._ids)
        shape = factory.fingerprint(self.setup.what.name)

        def make_item(entry: LedgerEntry, submission: JobRequest) -> WorkItem:
            assert isinstance(submission, RunRequest)  # noqa: S101 - a batch has no tasks
            return factory.work_item(entry, submission.name, submission.inputs, shape)

        return DistributedExecutor(url, queue_of(compiled.bundle.project, compiled.target), make_item)

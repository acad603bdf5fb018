"""A worker: rows that a batch put into a queue, filled from the project at hand, submitted and followed together."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any

from cyberflow.errors import CyberflowError, UsageError
from cyberflow.redact import Redactor
from cyberflow.run.batch.rows import request_fingerprint
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.chain.request import RequestParts, RunRequest
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.inputs.secrets import SecretBackends, system_backends
from cyberflow.run.work.distributed import STUCK, Worker, queue_of
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import LocalExecutor
from cyberflow.run.work.policy import KEY_LIFE
from cyberflow.run.work.polling import LOCAL, FollowOptions
from cyberflow.run.work.work_item import WorkItem, merge_result, result_to_json
from cyberflow.sdk.prepare import Deployed, fill, find_runnable, look_up_ids, resolve_row_arguments
from cyberflow.sdk.project import CompiledProject
from cyberflow.sdk.rows.batch_run import MANY
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import CyberdeskService

FOR_EVER = 1e12
"""A worker asks a service that does not answer again and again: its rows are on the way, and others wait for it."""


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker is given: the url of the queue, how many rows at a time, and where secrets are found."""

    engine: str = field(repr=False)
    parallel: int = 10
    secrets: tuple[str, ...] = field(default=(), repr=False)
    stale_ok: bool = False
    backends: SecretBackends = field(default_factory=system_backends, repr=False)


async def work_rows(compiled: CompiledProject, service: CyberdeskService, options: WorkerOptions, tell: Say) -> None:
    """Work on rows until cancelled; `tell` hears the name of the worker and each row that is over. Raises
    CyberflowError when the queue or the target is away for good.
    """
    bench = RowExecutor(compiled, service, options, tell)
    queue = queue_of(compiled.bundle.project, compiled.target)
    worker = Worker(options.engine, queue, options.parallel, bench)
    tell(f"worker {worker.id} listens to {queue}")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            group.create_task(bench.poll_live())
    except* CyberflowError as errors:
        raise errors.exceptions[0] from None


class RowExecutor:
    """Executes the rows a worker is given. Everything that rows of one name have in common is found once."""

    def __init__(self, compiled: CompiledProject, service: CyberdeskService, options: WorkerOptions, tell: Say) -> None:
        self._compiled = compiled
        self._tell = tell
        self._service = service
        self._options = options
        self._parts: dict[str, tuple[str, RequestParts]] = {}
        self._secrets: list[Any] = []
        self._over: dict[str, asyncio.Future[LedgerEntry]] = {}
        self._busy = asyncio.Event()
        self._making = asyncio.Lock()
        watch = FollowOptions(LOCAL if service.local else MANY, patience=FOR_EVER)
        self._executor = LocalExecutor(service.client, watch)

    async def submit(self, item: WorkItem, age: float, *, repeated: bool) -> dict[str, Any]:
        entry = LedgerEntry(item.id, stage="sending", attempt=1, key=item.key, sent_at=time.time() - age)
        if age >= KEY_LIFE:
            return result_to_json(replace(entry, stage="unknown"))
        try:
            submission = await self._build_submission(item)
            return result_to_json(await self._executor.submit(entry, submission, repeated=repeated))
        except CyberflowError as error:
            return {"stage": STUCK, "error": error.message}

    async def follow(self, item: WorkItem, said: dict[str, Any]) -> dict[str, Any]:
        over: asyncio.Future[LedgerEntry] = asyncio.get_running_loop().create_future()
        self._over[item.key] = over
        self._executor.follow(merge_result(LedgerEntry(item.key), said), await self._build_submission(item))
        self._busy.set()
        entry = await over
        self._tell(f"  {item.id}: {entry.display_status}")
        return result_to_json(entry)

    async def poll_live(self) -> None:
        """Follow what is live, all of it together, until cancelled."""
        while True:
            await self._busy.wait()
            for entry in await self._executor.poll():
                self._over.pop(entry.id).set_result(entry)
            self._executor.troubles.clear()
            if not self._executor.is_busy:
                self._busy.clear()

    async def _build_submission(self, item: WorkItem) -> RunRequest:
        """Fill a row. Raises UsageError when this project would make something else of it."""
        what = find_runnable(self._compiled, item.name)
        where = RunPlacement(item.places.get("machine"), tuple(item.places.get("pools") or ()))
        overrides = RunOverrides(**item.places.get("overrides", {}))
        async with self._making:
            if item.shape not in self._parts:
                parts = replace(await self._load_parts(what, where), overrides=overrides)
                self._parts[item.shape] = (request_fingerprint(what, parts, RawArguments()), parts)
        shape, parts = self._parts[item.shape]
        if shape != item.shape:
            help = "give every machine the same sources, or the same bundle"
            raise UsageError(f"`{item.name}` is not the same here as where the batch was begun", help=help)
        parts = replace(parts, arguments=replace(parts.arguments, inputs=item.inputs))
        return fill(what, parts)

    async def _load_parts(self, what: Deployed, where: RunPlacement) -> RequestParts:
        compiled, options = self._compiled, self._options
        mine = [one for one in options.secrets if one.partition("=")[0] in what.secrets]
        given = resolve_row_arguments(compiled, what, RawArguments(secrets=mine), options.backends)
        self._secrets += given.secrets.values()
        self._executor.redactor = Redactor(self._secrets)
        ids = await look_up_ids(compiled, self._service, what, where, stale=options.stale_ok)
        return RequestParts(compiled.bundle, given, ids, compiled.assets, where)

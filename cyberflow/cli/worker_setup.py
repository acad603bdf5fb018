"""What `cyberflow worker` does with a row: fill it from the project at hand, submit it, follow it with the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from cyberflow.cli.batch_setup import MANY, look_up_ids
from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.project import compile_for, say
from cyberflow.cli.runner import cancel_on_sigterm
from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.project.load import target_of
from cyberflow.redact import Redactor
from cyberflow.run.batch.distributed import STUCK, Worker, queue_of
from cyberflow.run.batch.executor import LocalExecutor
from cyberflow.run.batch.ledger import LedgerEntry
from cyberflow.run.batch.policy import KEY_LIFE
from cyberflow.run.batch.rows import request_fingerprint
from cyberflow.run.batch.work_item import WorkItem, merge_result, result_to_json
from cyberflow.run.chain.follow import LOCAL, FollowOptions
from cyberflow.run.chain.request import RequestParts, RunPlacement, RunRequest, chain_request, run_request
from cyberflow.run.inputs.arguments import Arguments, RawArguments, files_of, resolve_shared_arguments
from cyberflow.run.inputs.secrets import system_backends, target_sources
from cyberflow.sdk.prepare import CompiledProject, find_runnable
from cyberflow.targets import CyberdeskService, open_target

FOR_EVER = 1e12
"""A worker asks a service that does not answer again and again: its rows are on the way, and others wait for it."""


def start_worker(folder: Path, target: str | None, engine: tuple[str, int], options: Mapping[str, Any]) -> int:
    """Compile, open the target, and work until interrupted."""
    compiled = compile_for(folder, target, options["bundle"])
    return 1 if compiled is None else asyncio.run(_run_worker(compiled, engine, options))


async def _run_worker(compiled: CompiledProject, engine: tuple[str, int], options: Mapping[str, Any]) -> int:
    cancel_on_sigterm()
    url, parallel = engine
    try:
        async with open_target(compiled.sourced, compiled.target, say) as service:
            if not options["quiet"] and service.line != options["said"]:
                say(service.line)
            bench = RowExecutor(compiled, service, options)
            queue = queue_of(compiled.bundle.project, compiled.target)
            worker = Worker(url, queue, parallel, bench)
            say(f"worker {worker.id} listens to {queue}")
            async with asyncio.TaskGroup() as group:
                group.create_task(worker.run())
                group.create_task(bench.poll_live())
    except* CyberflowError as errors:
        raise errors.exceptions[0] from None
    except* asyncio.CancelledError:
        pass
    say("stopped; the rows it had go to other workers")
    return INTERRUPTED


class RowExecutor:
    """Where rows are worked on. Everything that rows of one name have in common is found once."""

    def __init__(self, compiled: CompiledProject, service: CyberdeskService, options: Mapping[str, Any]) -> None:
        self._compiled = compiled
        self._service = service
        self._options = options
        self._parts: dict[str, tuple[str, RequestParts]] = {}
        self._secrets: list[Any] = []
        self._numbers = count(1)
        self._over: dict[int, asyncio.Future[LedgerEntry]] = {}
        self._busy = asyncio.Event()
        self._making = asyncio.Lock()
        watch = FollowOptions(LOCAL if service.local else MANY, patience=FOR_EVER)
        self._hands = LocalExecutor(service.cyberdesk, watch)

    async def submit(self, leaf: WorkItem, since: float, *, repeated: bool) -> dict[str, Any]:
        entry = LedgerEntry(next(self._numbers), "sending", 1, since)
        if time.time() - since >= KEY_LIFE:
            return result_to_json(replace(entry, stage="unknown"))
        try:
            submission = await self._build_submission(leaf)
            return result_to_json(await self._hands.submit(entry, submission, leaf.key, repeated=repeated))
        except CyberflowError as error:
            return {"stage": STUCK, "error": error.message}

    async def follow(self, leaf: WorkItem, said: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        over: asyncio.Future[LedgerEntry] = asyncio.get_running_loop().create_future()
        self._over[number] = over
        self._hands.follow(merge_result(LedgerEntry(number), said), await self._build_submission(leaf))
        self._busy.set()
        entry = await over
        if not self._options["quiet"]:
            say(f"  {leaf.name}, row {leaf.row}: {entry.display_status}")
        return result_to_json(entry)

    async def poll_live(self) -> None:
        """Follow what is live, all of it together, until cancelled."""
        while True:
            await self._busy.wait()
            for entry in await self._hands.poll():
                self._over.pop(entry.number).set_result(entry)
            self._hands.troubles.clear()
            if not self._hands.live_states:
                self._busy.clear()

    async def _build_submission(self, leaf: WorkItem) -> RunRequest:
        """Fill a row. Raises UsageError when this project would make something else of it."""
        what = find_runnable(self._compiled, leaf.name)
        where = RunPlacement(leaf.places.get("machine"), tuple(leaf.places.get("pools") or ()))
        async with self._making:
            if leaf.shape not in self._parts:
                parts = await self._load_parts(what, where)
                self._parts[leaf.shape] = (request_fingerprint(what, parts, RawArguments()), parts)
        shape, parts = self._parts[leaf.shape]
        if shape != leaf.shape:
            help = "give every machine the same sources, or the same bundle"
            raise UsageError(f"`{leaf.name}` is not the same here as where the batch was begun", help=help)
        parts = replace(parts, arguments=replace(parts.arguments, inputs=leaf.inputs))
        return chain_request(what, parts) if isinstance(what, BundledChain) else run_request(what, parts)

    async def _load_parts(self, what: BundledChain | BundledWorkflow, where: RunPlacement) -> RequestParts:
        compiled = self._compiled
        sources = target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)
        mine = [one for one in self._options["secrets"] if one.partition("=")[0] in what.secrets]
        given: Arguments = resolve_shared_arguments(
            what, files_of(what), RawArguments(secrets=mine), sources, system_backends()
        )
        self._secrets += given.secrets.values()
        self._hands.redactor = Redactor(self._secrets)
        ids = await look_up_ids(compiled, self._service, what, where, stale=self._options["stale_ok"])
        return RequestParts(compiled.bundle, given, ids, compiled.assets, where)

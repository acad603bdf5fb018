"""`cyberflow run --each` and `--resume`: one chain for each row of a file, with a ledger."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.batch_setup import MANY, PATHS, BatchSetup, look_up_ids, new_ledger, prepare_batch, submissions
from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.project import say
from cyberflow.cli.runner import ask_to_cancel, cancel_on_sigterm
from cyberflow.cli.views.batch_view import batch_view, end_lines, summary
from cyberflow.errors import ConflictError, CyberflowError, UsageError
from cyberflow.run.batch.batch import Batch, ServiceTrouble
from cyberflow.run.batch.results import write_results
from cyberflow.run.batch.rows import output_names, request_fingerprint
from cyberflow.run.chain.follow import LOCAL, FollowOptions, cancel
from cyberflow.run.chain.reducer import advance
from cyberflow.run.chain.request import RunRequest, TargetIds
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from cyberflow.run.inputs.inputs import load_inputs
from cyberflow.run.work.distributed import DistributedExecutor, queue_of
from cyberflow.run.work.executor import LocalExecutor
from cyberflow.run.work.ledger import Ledger, LedgerEntry
from cyberflow.run.work.policy import RetryPolicy
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.prepare import script_outcomes
from cyberflow.targets import CyberdeskService, open_target


def start_batch(folder: Path, target: str | None, name: str, options: dict[str, Any]) -> int:
    """Begin a batch: check every row, write a ledger, send."""
    document = load_inputs(options["document"]) if options["document"] else {}
    work = prepare_batch(folder, target, name, {**options, "document": document})
    if work is None:
        return 1
    if options["dry_run"]:
        say(f"{work.rows.count} rows of {work.rows.table.path} are good; nothing was sent")
        return 0
    return asyncio.run(_open_and_run(work, None))


def resume_batch(folder: Path, ledger: Ledger, options: dict[str, Any]) -> int:
    """Go on with the batch of a ledger, given the same as before but for what is given anew."""
    head = ledger.head
    before = dict(head.options)
    given = {name: value for name, value in options.items() if value is not None and value is not False and value != ()}
    document = load_inputs(options["document"]) if options["document"] else before["document"]
    merged = {**options, **before, **given, "document": document, "engine": options["engine"]}
    if bool(options["engine"]) != bool(before.get("engine")):
        help = "name it with --engine" if before.get("engine") else "leave --engine out"
        raise UsageError(f"this batch was begun {'over' if before.get('engine') else 'without'} an engine", help=help)
    merged["each"] = options["each"] or Path(head.file)
    merged |= {name: Path(merged[name]) for name in PATHS if merged[name]}
    work = prepare_batch(folder, head.target, head.name, merged)
    if work is None:
        return 1
    if work.rows.table.digest != head.digest:
        help = "name the file it was begun with by --each, or begin a new batch"
        raise ConflictError(f"{work.rows.table.path} is not the file of this ledger: its content differs", help=help)
    return asyncio.run(_open_and_run(work, ledger))


async def _open_and_run(work: BatchSetup, ledger: Ledger | None) -> int:
    cancel_on_sigterm()
    compiled, options = work.compiled, work.options
    try:
        async with open_target(compiled.sourced, compiled.target, say) as service:
            if not options["quiet"] and service.line != options["said"]:
                say(service.line)
            where, stale = work.parts.where, work.options["stale_ok"]
            ids = await look_up_ids(compiled, service, work.what, where, stale=stale)
            work.parts = replace(work.parts, ids=ids)
            shape = request_fingerprint(work.what, work.parts, work.rows.arguments)
            if ledger is not None:
                same = shape == ledger.head.shape
                ledger.replace_head(replace(ledger.head, shape=shape))
                return await _BatchRunner(work, service, ledger, ids).run(same=same)
            with new_ledger(work, service, shape) as made:
                return await _BatchRunner(work, service, made, ids).run(same=True)
    except asyncio.CancelledError:
        say("interrupted; nothing was sent")
        return INTERRUPTED


class _BatchRunner:
    """One go, from the ledger to the results."""

    def __init__(self, work: BatchSetup, service: CyberdeskService, ledger: Ledger, ids: TargetIds) -> None:
        self._work = work
        self._service = service
        self._ledger = ledger
        self._ids = ids
        self._redactor = work.parts.arguments.redactor()
        self._results: Path = work.options["out"] or ledger.path.with_suffix(".jsonl")

    async def run(self, *, same: bool) -> int:
        work, options = self._work, self._work.options
        say(f"ledger {self._ledger.path}")
        choice = RetryPolicy(options["retry_failed"], options["resubmit_unknown"], same)
        watch = FollowOptions(LOCAL if self._service.local else MANY)
        outcomes = load_inputs(options["simulate"]) if options["simulate"] else None

        async def script_row(key: str) -> None:
            await script_outcomes(self._service, outcomes or {}, self._ids, key)

        hands: LocalExecutor | DistributedExecutor
        if options["engine"]:
            hands = self._queue_executor(options["engine"])
        else:
            hands = LocalExecutor(
                self._service.cyberdesk, watch, self._redactor, script_row if outcomes is not None else None
            )
        batch = Batch(self._ledger, submissions(work.rows, work.parts), hands, work.limits, choice)
        try:
            with batch_view(self._ledger.counts(), quiet=options["quiet"]) as shown:
                async with aclosing(batch.run()) as turns:
                    async for turn in turns:
                        shown.show_trouble(turn.reason) if isinstance(turn, ServiceTrouble) else shown.show_change(turn)
        except asyncio.CancelledError:
            return await self._handle_interrupt(hands, watch)
        except CyberflowError as error:
            with suppress(CyberflowError):  # it was this one that ended the batch
                self._write_results()
            error.help = f"{error.help + '; ' if error.help else ''}go on with `{self._resume_command}`"
            raise
        if batch.halt_reason:
            say(f"stopped: {batch.halt_reason}; go on with\n  {self._resume_command}")
        return self._print_summary()

    def _queue_executor(self, url: str) -> DistributedExecutor:
        """Hands on other machines. What is sent there is what they need to make the same request."""
        work = self._work
        here = replace(work.parts, arguments=Arguments())
        shape = request_fingerprint(work.what, here, RawArguments())
        places = {"machine": here.where.machine, "pools": list(here.where.pools)}

        def leaf(entry: LedgerEntry, submission: RunRequest, key: str) -> WorkItem:
            return WorkItem(work.what.name, entry.number, key, shape, submission.inputs, places)

        return DistributedExecutor(url, queue_of(work.compiled.bundle.project, work.compiled.target), leaf)

    async def _handle_interrupt(self, hands: LocalExecutor | DistributedExecutor, watch: FollowOptions) -> int:
        live = hands.live_states if isinstance(hands, LocalExecutor) else []
        if ask_to_cancel(f"leave the {len(live)} that run, or cancel them?" if live else None):
            for state in live:
                async for event in cancel(self._service.cyberdesk, state, watch):
                    advance(state, event)
        self._write_results()
        say(f"interrupted; no row is lost, go on with\n  {self._resume_command}")
        return INTERRUPTED

    def _print_summary(self) -> int:
        self._write_results()
        data = summary(self._ledger, self._results)
        if self._work.options["format"] == "json":
            import json

            click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(end_lines(self._ledger, data, self._resume_command)))
        return 0 if data["status"] == "success" else 1

    def _write_results(self) -> None:
        try:
            write_results(self._results, self._ledger.all_entries(), output_names(self._work.what))
        except CyberflowError as error:
            error.help = f"nothing is lost, the ledger has it: `{self._resume_command} --out FILE` writes it elsewhere"
            raise

    @property
    def _resume_command(self) -> str:
        """How to go on: secrets where they were found before, and no url, which may hold a password."""
        engine = ["--engine", "URL"] if self._work.options["engine"] else []
        secrets = [word for one in self._work.options["secrets"] for word in ("-s", one)]
        return shlex.join(["cyberflow", "run", "--resume", str(self._ledger.path), *secrets, *engine])

"""`cyberflow run --each` and `--resume`: one chain for each row of a file, with a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from cyberflow.cli.batch_view import batch_view, end_lines, summary
from cyberflow.cli.compiled import Compiled, compile_for, say
from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.run_work import listen, wants_cancel
from cyberflow.cli.streams import filter_streams
from cyberflow.compiler import BundledChain, BundledWorkflow
from cyberflow.errors import ConflictError, CyberflowError, UsageError
from cyberflow.language import target_of
from cyberflow.pipeline import find, look_up, script
from cyberflow.run import (
    LOCAL,
    Asked,
    Batch,
    Choice,
    Fault,
    Head,
    Ids,
    Ledger,
    Limits,
    Pace,
    Parts,
    Rows,
    Submission,
    Table,
    Trouble,
    Watch,
    Where,
    advance,
    cancel,
    files_of,
    gather_shared,
    load_inputs,
    output_names,
    read_mapping,
    shape_of,
    target_sources,
    this_world,
    write_results,
)
from cyberflow.targets import Service, open_target, state_folder

MANY = Pace(2.0, 15.0)
"""Chains take minutes: many of them are looked after at half the pace of one."""
SHOWN_FAULTS = 50
KEPT = ("inputs", "mapping", "files", "machine", "pools", "parallel", "canary", "failures")
PARALLEL = 10


@dataclass
class Work:
    """One call: what is run for each row, and everything it is run with. `options` are the command line's, over what
    the ledger has from the call that began the batch.
    """

    compiled: Compiled
    what: BundledChain | BundledWorkflow
    rows: Rows
    parts: Parts
    options: Mapping[str, Any]

    @property
    def limits(self) -> Limits:
        options = self.options
        failures = _failures(options["failures"], self.rows.count)
        return Limits(options["parallel"] or PARALLEL, options["canary"] or 0, failures)


def start(folder: Path, target: str | None, name: str, options: dict[str, Any]) -> int:
    """Begin a batch: check every row, write a ledger, send."""
    document = load_inputs(options["document"]) if options["document"] else {}
    work = _prepare(folder, target, name, {**options, "document": document})
    if work is None:
        return 1
    if options["dry_run"]:
        say(f"{work.rows.count} rows of {work.rows.table.path} are good; nothing was sent")
        return 0
    return asyncio.run(_open(work, None))


def go_on(folder: Path, ledger: Ledger, options: dict[str, Any]) -> int:
    """Go on with the batch of a ledger, given the same as before but for what is given anew."""
    head = ledger.head
    before = dict(head.options)
    given = {name: value for name, value in options.items() if value not in (None, (), False, "")}
    document = load_inputs(options["document"]) if options["document"] else before["document"]
    merged = {**options, **before, **given, "document": document}
    merged["each"] = options["each"] or Path(head.file)
    bundle = merged["bundle"]
    merged["bundle"] = Path(bundle) if bundle else None
    work = _prepare(folder, head.target, head.name, merged)
    if work is None:
        return 1
    if work.rows.table.digest != head.digest:
        help = "name the file it was begun with by --each, or begin a new batch"
        raise ConflictError(f"{work.rows.table.path} is not the file of this ledger: its content differs", help=help)
    return asyncio.run(_open(work, ledger))


def _prepare(folder: Path, target: str | None, name: str, options: Mapping[str, Any]) -> Work | None:
    """Compile, find secrets and files, and hold every row against its types. Raises UsageError."""
    compiled = compile_for(folder, target, options["bundle"])
    if compiled is None:
        return None
    what = find(compiled, name)
    asked = Asked(options["inputs"], options["document"], options["secrets"], options["files"])
    sources = target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)
    given = gather_shared(what, files_of(what), asked, sources, this_world())
    filter_streams(given.redactor())
    where = Where(options["machine"], tuple(options["pools"]))
    names = Ids(
        {one.name: one.name for one in compiled.bundle.workflows},
        {one: one for one in (*where.pools, *(getattr(what, "pools", None) or ()))},
        {one: one for one in (where.machine, getattr(what, "machine", None)) if one},
    )
    parts = Parts(compiled.bundle, given, names, compiled.assets, where)
    rows = Rows(what, Table(options["each"]), read_mapping(tuple(options["mapping"])), asked)
    _check(rows, parts)
    return Work(compiled, what, rows, parts, options)


def _check(rows: Rows, parts: Parts) -> None:
    """Read every row. Raises UsageError when one is wrong, after saying which and why."""
    wrong, count = set(), 0
    for row in rows.each(parts):
        if not isinstance(row, Fault):
            continue
        count += 1
        wrong.add(row.row)
        if count <= SHOWN_FAULTS:
            say(f"{click.style('error', fg='red', bold=True)}: {row.shown(str(rows.table.path))}")
    if not count:
        return
    if count > SHOWN_FAULTS:
        say(f"and {count - SHOWN_FAULTS} more")
    where = f" in {len(wrong - {0})} of {rows.count} rows" if wrong != {0} else ""
    text = f"{rows.table.path} has {count} {'mistake' if count == 1 else 'mistakes'}{where}"
    raise UsageError(text, help="nothing was sent")


async def _open(work: Work, ledger: Ledger | None) -> int:
    listen()
    compiled, options = work.compiled, work.options
    try:
        async with open_target(compiled.sourced, compiled.target, say) as service:
            if not options["quiet"] and service.line != options["said"]:
                say(service.line)
            ids = await _ids(work, service)
            work.parts = replace(work.parts, ids=ids)
            shape = shape_of(work.what, work.parts, work.rows.asked)
            if ledger is not None:
                same = shape == ledger.head.shape
                ledger.reshape(replace(ledger.head, shape=shape))
                return await _Going(work, service, ledger, ids).run(same=same)
            with _new_ledger(work, service, shape) as made:
                return await _Going(work, service, made, ids).run(same=True)
    except asyncio.CancelledError:
        say("interrupted; nothing was sent")
        return INTERRUPTED


async def _ids(work: Work, service: Service) -> Ids:
    what, where = work.what, work.parts.where
    machine, pools = where.machine, where.pools
    if isinstance(what, BundledChain):
        names = {step["workflow_id"] for step in what.request["steps"]}
        if machine is None and not pools:
            machine, pools = what.machine, tuple(what.pools)
    else:
        names = {what.name}
    return await look_up(work.compiled, service, names, (machine, pools), stale=work.options["stale_ok"])


def _new_ledger(work: Work, service: Service, shape: str) -> Ledger:
    options, table = work.options, work.rows.table
    kept = {name: list(value) if isinstance(value := options[name], tuple) else value for name in KEPT}
    kept |= {"document": options["document"], "bundle": str(options["bundle"].resolve()) if options["bundle"] else None}
    file = str(table.path.resolve())
    head = Head(str(uuid4()), work.what.name, service.name, file, table.digest, work.rows.count, shape, kept)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    folder = state_folder(work.compiled.sourced.root) / "ledgers"
    return Ledger.create(options["ledger"] or folder / f"{work.what.name}-{moment}.db", head)


class _Going:
    """One go, from the ledger to the results."""

    def __init__(self, work: Work, service: Service, ledger: Ledger, ids: Ids) -> None:
        self._work = work
        self._service = service
        self._ledger = ledger
        self._ids = ids
        self._redactor = work.parts.given.redactor()
        self._results: Path = work.options["out"] or ledger.path.with_suffix(".jsonl")

    async def run(self, *, same: bool) -> int:
        work, options = self._work, self._work.options
        say(f"ledger {self._ledger.path}")
        choice = Choice(options["retry_failed"], options["resubmit_unknown"], same)
        watch = Watch(LOCAL if self._service.local else MANY)
        outcomes = load_inputs(options["simulate"]) if options["simulate"] else None

        async def prepare(key: str) -> None:
            await script(self._service, outcomes or {}, self._ids, key)

        batch = Batch(
            self._service.desk,
            self._ledger,
            _submissions(work.rows, work.parts),
            work.limits,
            choice,
            watch,
            self._redactor,
            prepare if outcomes is not None else None,
        )
        try:
            with batch_view(self._ledger.counts(), quiet=options["quiet"]) as shown:
                async with aclosing(batch.run()) as turns:
                    async for turn in turns:
                        shown.trouble(turn.reason) if isinstance(turn, Trouble) else shown.turn(turn)
        except asyncio.CancelledError:
            return await self._interrupted(batch, watch)
        except CyberflowError as error:
            self._write()
            error.help = f"{error.help + '; ' if error.help else ''}go on with `{self._command}`"
            raise
        if batch.halted:
            say(f"stopped: {batch.halted}; go on with\n  {self._command}")
        return self._end()

    async def _interrupted(self, batch: Batch, watch: Watch) -> int:
        if wants_cancel(f"leave the {len(batch.live)} that run, or cancel them?" if batch.live else None):
            for state in batch.live:
                async for event in cancel(self._service.desk, state, watch):
                    advance(state, event)
        self._write()
        say(f"interrupted; no row is lost, go on with\n  {self._command}")
        return INTERRUPTED

    def _end(self) -> int:
        self._write()
        data = summary(self._ledger, self._results)
        if self._work.options["format"] == "json":
            import json

            click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(end_lines(self._ledger, data, self._command)))
        return 0 if data["status"] == "success" else 1

    def _write(self) -> None:
        write_results(self._results, self._ledger.every(), output_names(self._work.what))

    @property
    def _command(self) -> str:
        return f"cyberflow run --resume {self._ledger.path}"


def _submissions(rows: Rows, parts: Parts) -> Iterator[tuple[int, Submission]]:
    """The rows again, which were found good before."""
    for row in rows.each(parts):
        if isinstance(row, Fault):
            raise UsageError(row.shown(str(rows.table.path)), help="it was good before: the file was changed")
        yield row[0].number, row[1]


def _failures(text: str | None, total: int) -> int | None:
    """Read `5` or `5%`, of all rows. Raises UsageError for what is neither."""
    if not text:
        return None
    digits = text.removesuffix("%")
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageError(f"`--stop-at-failures {text}` is no number", help="write `5`, or `5%` of all rows")
    return max(1, -(-total * int(digits) // 100)) if text.endswith("%") else int(digits)

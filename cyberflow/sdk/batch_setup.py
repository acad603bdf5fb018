"""What a batch begins with: its rows held against their types, the ids of its target, its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from cyberflow.cli.project import compile_for, say
from cyberflow.cli.redacted_streams import filter_streams
from cyberflow.compiler.bundle import BundledChain, BundledWorkflow
from cyberflow.errors import UsageError
from cyberflow.language.project.load import target_of
from cyberflow.run.batch.rows import RowMapper, read_mapping
from cyberflow.run.batch.table import RowFault, Table
from cyberflow.run.chain.follow import PollInterval
from cyberflow.run.chain.request import RequestParts, RunPlacement, RunRequest, TargetIds
from cyberflow.run.inputs.arguments import RawArguments, file_argument_name, files_of, resolve_shared_arguments
from cyberflow.run.inputs.secrets import system_backends, target_sources
from cyberflow.run.work.ledger import Ledger, LedgerHeader
from cyberflow.run.work.policy import Limits
from cyberflow.sdk.lookup import look_up
from cyberflow.sdk.prepare import CompiledProject, find_runnable
from cyberflow.targets import CyberdeskService, state_folder

SHOWN_FAULTS = 50
KEPT = ("inputs", "mapping", "files", "machine", "pools", "parallel", "canary", "failures")
PATHS = ("bundle", "out")
PARALLEL = 10
MANY = PollInterval(2.0, 15.0)
"""Chains take minutes: many of them are looked after at half the pace of one."""


@dataclass
class BatchSetup:
    """One call: what is run for each row, and everything it is run with. `options` are the command line's, over what
    the ledger has from the call that began the batch.
    """

    compiled: CompiledProject
    what: BundledChain | BundledWorkflow
    rows: RowMapper
    parts: RequestParts
    options: Mapping[str, Any]

    @property
    def limits(self) -> Limits:
        options = self.options
        failures = _parse_failure_limit(options["failures"], self.rows.count)
        return Limits(options["parallel"] or PARALLEL, options["canary"] or 0, failures)


def _refuse_over_engine(what: BundledChain | BundledWorkflow, options: Mapping[str, Any]) -> None:
    """Raise UsageError for what cannot go to another machine."""
    if not options["engine"]:
        return
    if options["simulate"]:
        raise UsageError("--simulate does not reach the machines of an engine", help="leave one of them out")
    if any(file_argument_name(file) for file in files_of(what)):
        help = "run it without --engine, or declare a file of the project"
        raise UsageError(f"`{what.name}` is given files, which are on this machine alone", help=help)


def prepare_batch(folder: Path, target: str | None, name: str, options: Mapping[str, Any]) -> BatchSetup | None:
    """Compile, find secrets and files, and hold every row against its types. Raises UsageError."""
    compiled = compile_for(folder, target, options["bundle"])
    if compiled is None:
        return None
    what = find_runnable(compiled, name)
    _refuse_over_engine(what, options)
    asked = RawArguments(options["inputs"], options["document"], options["secrets"], options["files"])
    sources = target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)
    given = resolve_shared_arguments(what, files_of(what), asked, sources, system_backends())
    filter_streams(given.redactor())
    where = RunPlacement(options["machine"], tuple(options["pools"]))
    names = TargetIds(
        {one.name: one.name for one in compiled.bundle.workflows},
        {one: one for one in (*where.pools, *(getattr(what, "pools", None) or ()))},
        {one: one for one in (where.machine, getattr(what, "machine", None)) if one},
    )
    parts = RequestParts(compiled.bundle, given, names, compiled.assets, where)
    rows = RowMapper(what, Table(options["each"]), read_mapping(tuple(options["mapping"])), asked)
    _check_rows(rows, parts)
    return BatchSetup(compiled, what, rows, parts, options)


def _check_rows(rows: RowMapper, parts: RequestParts) -> None:
    """Read every row. Raises UsageError when one is wrong, after saying which and why."""
    wrong, count = set(), 0
    for row in rows.requests(parts):
        if not isinstance(row, RowFault):
            continue
        count += 1
        wrong.add(row.row)
        if count <= SHOWN_FAULTS:
            say(f"{click.style('error', fg='red', bold=True)}: {row.to_text(str(rows.table.path))}")
    if not count:
        return
    if count > SHOWN_FAULTS:
        say(f"and {count - SHOWN_FAULTS} more")
    where = f" in {len(wrong - {0})} of {rows.count} rows" if wrong != {0} else ""
    text = f"{rows.table.path} has {count} {'mistake' if count == 1 else 'mistakes'}{where}"
    raise UsageError(text, help="nothing was sent")


async def look_up_ids(
    compiled: CompiledProject,
    service: CyberdeskService,
    what: BundledChain | BundledWorkflow,
    where: RunPlacement,
    *,
    stale: bool,
) -> TargetIds:
    """Find on the target what a chain or workflow names, on the machine or pools of `where` if it has any."""
    machine, pools = where.machine, where.pools
    if isinstance(what, BundledChain):
        names = {step["workflow_id"] for step in what.request["steps"]}
        if machine is None and not pools:
            machine, pools = what.machine, tuple(what.pools)
    else:
        names = {what.name}
    return await look_up(compiled, service, names, (machine, pools), stale=stale)


def new_ledger(work: BatchSetup, service: CyberdeskService, shape: str) -> Ledger:
    options, table = work.options, work.rows.table
    kept = {name: list(value) if isinstance(value := options[name], tuple) else value for name in KEPT}
    kept |= {"engine": bool(options["engine"]), "document": options["document"]}
    kept |= {name: str(options[name].resolve()) if options[name] else None for name in PATHS}
    file = str(table.path.resolve())
    head = LedgerHeader(str(uuid4()), work.what.name, service.name, file, table.digest, work.rows.count, shape, kept)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    folder = state_folder(work.compiled.sourced.root) / "ledgers"
    return Ledger.create(options["ledger"] or folder / f"{work.what.name}-{moment}.db", head)


def submissions(rows: RowMapper, parts: RequestParts) -> Iterator[tuple[int, RunRequest]]:
    """The rows again, which were found good before."""
    for row in rows.requests(parts):
        if isinstance(row, RowFault):
            raise UsageError(row.to_text(str(rows.table.path)), help="it was good before: the file was changed")
        yield row[0].number, row[1]


def _parse_failure_limit(text: str | None, total: int) -> int | None:
    """Read `5` or `5%`, of all rows. Raises UsageError for what is neither."""
    if not text:
        return None
    digits = text.removesuffix("%")
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageError(f"`--stop-at-failures {text}` is no number", help="write `5`, or `5%` of all rows")
    return max(1, -(-total * int(digits) // 100)) if text.endswith("%") else int(digits)

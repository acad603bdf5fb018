"""What a batch begins with: its options, its rows held against their types, its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.batch.repeat import RepeatedRows
from cyberflow.run.batch.rows import RowMapper, read_mapping
from cyberflow.run.batch.table import RowFault, Table, copy_stream, is_stream
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.request import RequestParts, RunRequest
from cyberflow.run.inputs.arguments import RawArguments, file_argument_name, files_of
from cyberflow.run.inputs.secrets import SecretBackends, system_backends
from cyberflow.run.simulation import read_outcomes
from cyberflow.run.work.entry import LedgerHeader
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import Limits
from cyberflow.sdk.prepare import Deployed, Guard, find_runnable, resolve_row_arguments
from cyberflow.sdk.project import CompiledProject
from cyberflow.storage import LEDGERS
from cyberflow.targets.local_platform import state_folder
from cyberflow.targets.service import CyberdeskService

SHOWN_FAULTS = 50
PARALLEL = 10
_IN_LEDGER = (
    "inputs",
    "document",
    "mapping",
    "files",
    "machine",
    "pools",
    "parallel",
    "canary",
    "failures",
    "priority",
    "model",
)
_PATHS = ("bundle", "out", "prompt_file")


@dataclass(frozen=True)
class BatchOptions:
    """How the rows of a file are run. What the ledger keeps of it need not be given again when a batch goes on.

    `mapping` holds `COLUMN=INPUT`; `failures` is `5` or `5%`; `engine` is the url of a queue that workers listen to;
    `keep_queue` leaves what is over in its database; `out` is where the results go, beside the ledger by default.
    """

    inputs: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()
    machine: str | None = None
    pools: tuple[str, ...] = ()
    parallel: int | None = None
    canary: int | None = None
    failures: str | None = None
    ledger: Path | None = None
    out: Path | None = None
    bundle: Path | None = None
    engine: str | None = field(default=None, repr=False)
    stale_ok: bool = False
    simulate: Mapping[str, Any] | None = None
    keep_queue: bool = False
    priority: bool = False
    prompt_file: Path | None = None
    model: str | None = None
    retry_failed: bool = False
    resubmit_unknown: bool = False
    backends: SecretBackends = field(default_factory=system_backends, repr=False)

    def to_ledger(self) -> dict[str, Any]:
        """What is kept of them: no secret's source and no url, which may hold a password."""
        kept = {name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in _IN_LEDGER}
        paths = {name: str(path.resolve()) if (path := getattr(self, name)) else None for name in _PATHS}
        return {**kept, **paths, "engine": bool(self.engine)}

    def over(self, kept: Mapping[str, Any]) -> BatchOptions:
        """These, and where they say nothing what a ledger keeps. Raises UsageError for another engine or none."""
        if bool(self.engine) != bool(kept.get("engine")):
            help = "name it with --engine" if kept.get("engine") else "leave --engine out"
            raise UsageError(f"this batch was begun {'over' if kept.get('engine') else 'without'} an engine", help=help)
        before: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
        }
        before |= {name: Path(before[name]) for name in _PATHS if before.get(name)}
        known = {name: before[name] for name in (*_IN_LEDGER, *_PATHS) if before.get(name) is not None}
        empty: tuple[Any, ...] = (None, (), {})
        return replace(self, **{name: value for name, value in known.items() if getattr(self, name) in empty})


Rows: TypeAlias = RowMapper | RepeatedRows


class BadRows(UsageError):
    """Rows that do not fit, before anything was sent. `faults` are the first of them, `count` is how many there are."""

    def __init__(self, path: str, faults: list[RowFault], count: int, where: str) -> None:
        text = f"{path} has {count} {'mistake' if count == 1 else 'mistakes'}{where}"
        super().__init__(text, help="nothing was sent")
        self.faults = tuple(faults)
        self.count = count
        self.path = path

    def lines(self) -> Iterator[str]:
        """A line for each fault that is shown, and how many more there are."""
        yield from (fault.to_text(self.path) for fault in self.faults)
        if self.count > len(self.faults):
            yield f"and {self.count - len(self.faults)} more"


@dataclass
class BatchSetup:
    """What is run for each row, and everything it is run with. `copied` is where rows from a pipe were put."""

    compiled: CompiledProject
    what: Deployed
    rows: Rows
    parts: RequestParts
    options: BatchOptions
    copied: Path | None = None

    @property
    def limits(self) -> Limits:
        options = self.options
        failures = _parse_failure_limit(options.failures, self.rows.count)
        return Limits(options.parallel or PARALLEL, options.canary or 0, failures)

    @property
    def redactor(self) -> Redactor:
        return self.parts.arguments.redactor()


def _refuse_over_engine(what: Deployed, options: BatchOptions) -> None:
    """Raise UsageError for what cannot go to another machine."""
    if not options.engine:
        return
    if options.simulate is not None:
        raise UsageError("--simulate does not reach the machines of an engine", help="leave one of them out")
    if any(file_argument_name(file) for file in files_of(what)):
        help = "run it without --engine, or declare a file of the project"
        raise UsageError(f"`{what.name}` is given files, which are on this machine alone", help=help)


def prepare_batch(
    compiled: CompiledProject, name: str, file: Path | int, options: BatchOptions, guard: Guard = lambda _: None
) -> BatchSetup:
    """Find secrets and files, and hold every row against its types; in place of a file a number, for so many runs that
    are alike. Raises UsageError, and BadRows for the rows.
    """
    if isinstance(file, Path) and is_stream(file):
        options = replace(options, ledger=options.ledger or default_ledger(compiled, name))
        assert options.ledger is not None  # noqa: S101 - the line above
        file = copied = copy_stream(file, options.ledger)
        try:
            return replace(prepare_batch(compiled, name, file, options, guard), copied=copied)
        except BaseException:
            copied.unlink(missing_ok=True)
            raise
    what = find_runnable(compiled, name)
    _refuse_over_engine(what, options)
    if options.simulate is not None:
        options = replace(options, simulate=read_outcomes(options.simulate, what, compiled.bundle))
    asked = RawArguments(options.inputs, options.document, options.secrets, options.files)
    given = resolve_row_arguments(compiled, what, asked, options.backends)
    guard(given.redactor())
    where = RunPlacement(options.machine, options.pools)
    names = TargetIds(
        {one.name: one.name for one in compiled.bundle.workflows},
        {one: one for one in (*where.pools, *(getattr(what, "pools", None) or ()))},
        {one: one for one in (where.machine, getattr(what, "machine", None)) if one},
    )
    parts = RequestParts(compiled.bundle, given, names, compiled.assets, where)
    rows: Rows = RepeatedRows(what, asked, file) if isinstance(file, int) else _map_rows(what, file, asked, options)
    _check_rows(rows, parts)
    return BatchSetup(compiled, what, rows, parts, options)


def _map_rows(what: Deployed, file: Path, asked: RawArguments, options: BatchOptions) -> RowMapper:
    return RowMapper(what, Table(file), read_mapping(options.mapping), asked)


def _check_rows(rows: Rows, parts: RequestParts) -> None:
    """Read every row. Raises BadRows when one is wrong."""
    wrong, count = set(), 0
    shown: list[RowFault] = []
    for row in rows.requests(parts):
        if not isinstance(row, RowFault):
            continue
        count += 1
        wrong.add(row.row)
        if len(shown) < SHOWN_FAULTS:
            shown.append(row)
    if count:
        where = f" in {len(wrong - {0})} of {rows.count} rows" if wrong != {0} else ""
        raise BadRows(_name_of(rows), shown, count, where)


def new_ledger(setup: BatchSetup, service: CyberdeskService, shape: str) -> Ledger:
    """Begin the ledger of a batch. Raises UsageError where there is one already, CyberflowError for the disk."""
    rows, what, kept = setup.rows, setup.what, setup.options.to_ledger()
    head = LedgerHeader(str(uuid4()), what.name, service.name, rows.file, rows.digest, rows.count, shape, kept)
    return Ledger.create(setup.options.ledger or default_ledger(setup.compiled, what.name), head)


def default_ledger(compiled: CompiledProject, name: str) -> Path:
    """Where the ledger of a batch that begins now is, when nothing else is said."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    return state_folder(compiled.sourced.root) / LEDGERS / f"{name}-{moment}.db"


def submissions(rows: Rows, parts: RequestParts) -> Iterator[tuple[int, RunRequest]]:
    """The rows again, which were found good before."""
    for row in rows.requests(parts):
        if isinstance(row, RowFault):
            raise UsageError(row.to_text(_name_of(rows)), help="it was good before: the file was changed")
        yield row[0].number, row[1]


def _name_of(rows: Rows) -> str:
    """The file of rows as it was named, or the option in its place."""
    return str(rows.table.path) if isinstance(rows, RowMapper) else f"--count {rows.count}"


def _parse_failure_limit(text: str | None, total: int) -> int | None:
    """Read `5` or `5%`, of all rows. Raises UsageError for what is neither."""
    if not text:
        return None
    digits = text.removesuffix("%")
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageError(f"`--stop-at-failures {text}` is not a number", help="write `5`, or `5%` of all rows")
    return max(1, -(-total * int(digits) // 100)) if text.endswith("%") else int(digits)

"""The journal: the ledger of a project's single runs, one entry for each call of `run`, written before it is sent. It
holds names, ids and keys; no input and no secret ever comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cyberflow.errors import CyberflowError
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader, Stage
from cyberflow.run.work.ledger import Ledger, LedgerExists
from cyberflow.run.work.ledger_file import UnwrittenLedger
from cyberflow.storage import parse_json, private_folder

JOURNAL = "runs.db"
OLD_FOLDER = "journal"
"""Where the version before had a file of JSON lines for each invocation."""
_OLD_STAGES: Mapping[str, Stage] = {"submitting": "sending", "unanswered": "unknown"}


@dataclass(frozen=True)
class Invocation:
    """One call of `run`. `key` goes with the submission, so that the service takes it once however often it is sent;
    `facts` are written down with it.
    """

    id: str
    target: str
    state: Path
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.id

    def record(self, stage: Stage, **facts: Any) -> None:
        """Write down what happened and wait until it is on the disk. Raises CyberflowError when the disk refuses."""
        at = self.clock().astimezone(UTC)
        try:
            _require_journal(self.state, stage)
            with journal_ledger(self.state) as ledger, ledger.transaction():
                before = ledger.find(self.id) or LedgerEntry(self.id, key=self.id, attempt=1, sent_at=at.timestamp())
                facts = {"target": self.target, "at": at.isoformat(), **facts}
                ledger.write([_merge(before, stage, facts)])
        except CyberflowError as error:
            text = f"the journal at {self.state / JOURNAL} cannot be written: {error.message.rpartition(': ')[2]}"
            help = "nothing is submitted that was not written down first" if stage == "sending" else None
            raise CyberflowError(text, help=help) from error

    @property
    def entry(self) -> LedgerEntry | None:
        """What is written down of it; None before anything is."""
        if not (self.state / JOURNAL).is_file():
            return None
        with journal_ledger(self.state) as ledger:
            return ledger.find(self.id)


def open_journal(
    state: Path, target: str, *, id: str | None = None, facts: Mapping[str, Any] | None = None
) -> Invocation:
    """Begin an invocation in the project's `.cyberflow` folder, with a random id and key unless one is handed in."""
    private_folder(state)
    return Invocation(id or str(uuid4()), target, state, facts=facts or {})


def entries(state: Path) -> list[LedgerEntry]:
    """Everything that the journal of a project knows: `step` is what was run, `target` and `workflow` are facts."""
    if not (state / JOURNAL).is_file() and not (state / OLD_FOLDER).is_dir():
        return []
    with journal_ledger(state) as ledger:
        return list(ledger.entries())


def follow_command(target: str, session_id: str | None, run_ids: Sequence[str]) -> str:
    """The command that goes on following what was submitted, or that looks for it where its ids never came back."""
    if session_id is None and not run_ids:
        return f"cyberflow runs list --target {target}"
    return f"cyberflow runs watch {session_id or run_ids[0]} --target {target}"


def journal_ledger(state: Path) -> Ledger:
    """Open the journal, made when it is not there, with what the version before left."""
    path = state / JOURNAL
    try:
        ledger = Ledger.open(path, shared=True)
    except UnwrittenLedger:
        private_folder(state)
        with suppress(LedgerExists):  # another command was faster
            Ledger.create(path, LedgerHeader(str(uuid4()), "", "", kind="runs"), shared=True).close()
        ledger = Ledger.open(path, shared=True)
    if (old := state / OLD_FOLDER).is_dir():
        with ledger.transaction():
            ledger.write(entry for entry in _read_old(old) if ledger.find(entry.id) is None)
        old.replace(state / f"{OLD_FOLDER}-of-0.1")
    return ledger


def _require_journal(state: Path, stage: Stage) -> None:
    """Raise CyberflowError where what was begun in a journal has no journal any more."""
    if stage != "sending" and not (state / JOURNAL).is_file():
        raise CyberflowError("it was removed meanwhile")


def _merge(before: LedgerEntry, stage: Stage, facts: Mapping[str, Any]) -> LedgerEntry:
    """The entry after something happened; what has no column is among its facts."""
    known = {**before.facts, **facts}
    task, runs = known.pop("task_id", None), known.pop("run_ids", before.run_ids)
    columns: dict[str, Any] = {
        "step": known.pop("name", before.step),
        "kind": known.pop("kind", "task" if task else before.kind),
        "session_id": known.pop("session_id", before.session_id),
        "status": known.pop("status", before.status),
        "run_ids": (task,) if task else tuple(runs),
    }
    known.pop("key", None)
    return replace(before, stage=stage, facts=known, **columns)


def _read_old(folder: Path) -> Iterator[LedgerEntry]:
    for path in sorted(folder.glob("*.jsonl")):
        entry = LedgerEntry(path.stem, key=path.stem, attempt=1)
        for line in _old_lines(path):
            stage = str(line.pop("what", "submitting"))
            if entry.sent_at is None:
                entry = replace(entry, sent_at=_seconds(line.get("at")))
            if stage == "refused":
                line.pop("status", None)
            entry = _merge(entry, _OLD_STAGES.get(stage, stage), line)  # type: ignore[arg-type]
        if entry.step:
            yield entry


def _seconds(moment: Any) -> float | None:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError):
        return None


def _old_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that were written whole: a crash may have cut the last one."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            read = parse_json(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            yield read

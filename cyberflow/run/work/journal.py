"""What was submitted, on disk before it is sent: one file of JSON lines for each invocation, readable by its owner
alone. It holds names, ids and keys; no input and no secret ever comes here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from cyberflow.errors import CyberflowError
from cyberflow.run.work.ids import one_of
from cyberflow.storage import make_folder, parse_json, private_folder

FOLDER = "journal"
JournalStage = Literal["submitting", "accepted", "refused", "unanswered", "ended"]


@dataclass(frozen=True)
class Invocation:
    """One call of `run`. `key` goes with the submission, so that the service takes it once however often it is sent;
    `facts` are written down with it.
    """

    id: str
    target: str
    path: Path
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.id

    def record(self, what: JournalStage, **facts: Any) -> None:
        """Append a line and wait until it is on the disk. Raises CyberflowError when the disk refuses."""
        at = self.clock().astimezone(UTC).isoformat()
        line = json.dumps({"at": at, "what": what, **facts}, ensure_ascii=False) + "\n"
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(file, line.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise _write_error(self.path, error, sent=what != "submitting") from error


@dataclass(frozen=True)
class JournalEntry:
    """What the journal knows of an invocation. `what` is the last that happened to it."""

    id: str
    name: str
    target: str
    what: JournalStage
    at: str
    session_id: str | None = None
    run_ids: tuple[str, ...] = field(default=())
    task_id: str | None = None
    workflow: str | None = None


def open_journal(
    state: Path, target: str, *, id: str | None = None, facts: Mapping[str, Any] | None = None
) -> Invocation:
    """Begin an invocation in the project's `.cyberflow` folder, with a random id and key unless one is handed in."""
    folder = state / FOLDER
    private_folder(state)
    make_folder(folder)
    id = id or str(uuid4())
    return Invocation(id, target, folder / f"{id}.jsonl", facts=facts or {})


def open_entries(state: Path) -> list[JournalEntry]:
    """The invocations of which no end is known, oldest first: still running, detached, or of unknown fate."""
    open_ones = [entry for entry in entries(state / FOLDER) if entry.what not in ("ended", "refused")]
    return sorted(open_ones, key=lambda entry: entry.at)


def entries(folder: Path) -> Iterator[JournalEntry]:
    """Everything that a journal knows, in no order."""
    found = (_read_entry(path) for path in sorted(folder.glob("*.jsonl")))
    return (entry for entry in found if entry is not None)


def entry_of_task(state: Path, task_id: str) -> JournalEntry | None:
    """The invocation that submitted a task, if it was one of this project on this machine. Raises UsageError when the
    beginning of an id means several.
    """
    known = {entry.task_id: entry for entry in entries(state / FOLDER) if entry.task_id}
    id = one_of(task_id, list(known))
    return known[id] if id is not None else None


def follow_command(target: str, session_id: str | None, run_ids: Sequence[str]) -> str:
    """The command that goes on following what was submitted, or that looks for it where its ids never came back."""
    if session_id is None and not run_ids:
        return f"cyberflow runs list --target {target}"
    return f"cyberflow runs watch {session_id or run_ids[0]} --target {target}"


def _read_entry(path: Path) -> JournalEntry | None:
    facts: dict[str, Any] = {}
    for line in journal_lines(path):
        facts |= line
    if any(not isinstance(facts.get(key), str) for key in ("name", "target", "what", "at")):
        return None
    known = {key: facts[key] for key in ("name", "target", "what", "at")}
    return JournalEntry(
        path.stem,
        **known,
        session_id=facts.get("session_id"),
        run_ids=tuple(facts.get("run_ids", ())),
        task_id=facts.get("task_id"),
        workflow=facts.get("workflow"),
    )


def journal_lines(path: Path) -> Iterator[Mapping[str, Any]]:
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


def _write_error(path: Path, error: OSError, *, sent: bool = False) -> CyberflowError:
    return CyberflowError(
        f"the journal at {path} cannot be written: {(error.strerror or str(error)).lower()}",
        help=None if sent else "nothing is submitted that was not written down first",
    )

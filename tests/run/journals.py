"""The journal of a project, as tests look into it."""

from __future__ import annotations

from pathlib import Path

from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ids import one_of
from cyberflow.run.work.journal import entries


def open_entries(state: Path) -> list[LedgerEntry]:
    """The invocations of which no end is known, oldest first."""
    open_ones = [entry for entry in entries(state) if entry.stage not in ("ended", "refused")]
    return sorted(open_ones, key=lambda entry: entry.sent_at or 0.0)


def entry_of_task(state: Path, task_id: str) -> LedgerEntry | None:
    """The invocation that submitted a task, by the beginning of its id."""
    known = {entry.task_id: entry for entry in entries(state) if entry.task_id}
    id = one_of(task_id, list(known))
    return known[id] if id is not None else None

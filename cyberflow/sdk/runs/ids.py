"""Ids of tasks, completed from the journal and from Cyberun, and what is said of an id that is nobody's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.errors import UsageError
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ids import NEWEST, is_prefix, one_of
from cyberflow.run.work.journal import entries
from cyberflow.sdk.runs.origins import origins

if TYPE_CHECKING:
    from cyberflow.client.cyberun.client import CyberunClient


class NoSuchRun(UsageError):
    """The target has no session and no run of this id."""


async def complete_task_id(cyberun: CyberunClient, id: str) -> str:
    """The id of the one task that begins so, among the newest; what is whole, or begins nothing, is given back.

    Raises UsageError when it means several.
    """
    if not is_prefix(id):
        return id
    found: list[str] = []
    async for task in cyberun.tasks():
        found.append(task.id)
        if len(found) == NEWEST:
            break
    return one_of(id, found) or id


def find_task_entry(state: Path, id: str) -> LedgerEntry | None:
    """The invocation, or the step of a pipeline, that submitted a task, if it was one of this project here."""
    found = [entry for entry in entries(state) if entry.task_id and entry.task_id.startswith(id)]
    if not found:
        tasks = ((task, origin) for task, origin in origins(state).items() if origin.kind == "task")
        found = [
            LedgerEntry(origin.id, origin.declared or origin.id, kind="task", run_ids=(task,))
            for task, origin in tasks
            if task.startswith(id)
        ]
    return found[0] if len(found) == 1 else None

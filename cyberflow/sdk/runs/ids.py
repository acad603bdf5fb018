"""Ids of runs, sessions and tasks as they are typed: whole, or cut to a prefix that only one has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cyberflow.errors import UsageError
from cyberflow.run.work.journal import FOLDER, JournalEntry, check_id, entries

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberun.client import CyberunClient

SHORTEST, WHOLE = 8, 36
LOOKED_AT = 1000
_PREFIX = re.compile(rf"[0-9a-f-]{{{SHORTEST},{WHOLE - 1}}}")


class NoSuchRun(UsageError):
    """The target has no session and no run of this id."""


def read_id(text: str, what: str) -> str:
    """An id, or the beginning of one. Raises UsageError for what can be neither."""
    return text.lower() if _PREFIX.fullmatch(text.lower()) else check_id(text, what)


def is_whole(id: str) -> bool:
    return len(id) >= WHOLE or not _PREFIX.fullmatch(id)


async def complete_id(desk: Cyberdesk, text: str) -> str:
    """The id of the run or the session that begins so, among the newest. Raises NoSuchRun, and UsageError when several
    do.
    """
    if is_whole(text):
        return text
    page = await desk.runs.page(limit=LOOKED_AT, sort_mode="created_at_desc", fields=("session_id",))
    return _only(text, (id for run in page.items for id in (run.id, run.session_id) if id), "run or session")


async def complete_task_id(cyberun: CyberunClient, text: str) -> str:
    """The id of the task that begins so. Raises as `complete_id`."""
    if is_whole(text):
        return text
    found = []
    async for task in cyberun.tasks():
        found.append(task.id)
        if len(found) == LOOKED_AT:
            break
    return _only(text, found, "task")


def find_task_entry(state: Path, id: str) -> JournalEntry | None:
    """The invocation that submitted a task, if it was one of this project on this machine."""
    found = [entry for entry in entries(state / FOLDER) if entry.task_id and entry.task_id.startswith(id)]
    return found[0] if len(found) == 1 else None


def _only(text: str, ids: Iterable[str], what: str) -> str:
    found = sorted({id for id in ids if id.lower().startswith(text)})
    if not found:
        raise NoSuchRun(f"no {what} begins with `{text}`", help="`cyberflow runs list` shows the newest")
    if len(found) > 1:
        shown = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")  # noqa: PLR2004 - four fit on a line
        raise UsageError(f"`{text}` is the beginning of {len(found)} ids: {shown}", help="write more of it")
    return found[0]

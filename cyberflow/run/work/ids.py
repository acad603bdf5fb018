"""Ids of runs, sessions and tasks as people write them: whole, or cut to a prefix that means one thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from cyberflow.errors import UsageError

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

SHORTEST = 8
NEWEST = 1000
"""So many of the newest runs are looked at for the sessions that they belong to."""
SHOWN = 5
_PREFIX = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{0,4}(-[0-9a-f]{0,4}(-[0-9a-f]{0,4}(-[0-9a-f]{0,12})?)?)?)?")
_WHOLE = 36


def check_id(text: str, what: str) -> str:
    """Give an id back as the services write it: a UUID, or a prefix of eight or more of its characters. Raises
    UsageError for what is neither.
    """
    try:
        return str(UUID(text))
    except ValueError:
        if _PREFIX.fullmatch(text.lower()):
            return text.lower()
    help = f"`cyberflow runs list` shows the ids; {SHORTEST} characters or more of one will do"
    raise UsageError(f"`{text}` is not an id of {what}", help=help)


def is_prefix(id: str) -> bool:
    return len(id) < _WHOLE


async def complete_id(desk: Cyberdesk, id: str) -> str:
    """The id of the one run or session that begins so; what is whole, or begins nothing, is given back as it is.

    Raises UsageError when it means several.
    """
    if not is_prefix(id):
        return id
    found = await desk.runs.page(search=id, limit=NEWEST, fields=("session_id",), sort_mode="created_at_desc")
    newest = await desk.runs.page(limit=NEWEST, fields=("session_id",), sort_mode="created_at_desc")
    runs = [run.id for run in found.items]
    sessions = [run.session_id for run in (*found.items, *newest.items) if run.session_id]
    return one_of(id, [*runs, *sessions]) or id


def one_of(prefix: str, ids: list[str]) -> str | None:
    """The id that begins with a prefix, None when there is none. Raises UsageError when there are several."""
    matching = list(dict.fromkeys(id for id in ids if id.startswith(prefix)))
    if len(matching) > 1:
        shown = "".join(f"\n  {id}" for id in matching[:SHOWN])
        raise UsageError(f"`{prefix}` begins {len(matching)} ids; write more of it:{shown}")
    return matching[0] if matching else None

"""The past runs that a replay looks at: one list for each workflow that would change, and for those that feed it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import RunRecord, parse_time
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.replay.model import ReplayRange, start_of
from cyberflow.deploy.replay.replay import changes_to_replay
from cyberflow.deploy.replay.sessions import producers_of

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

PAGE = 1000
_OUTPUTS = ("session_id", "session_alias", "output_data")
_FIELDS = (*_OUTPUTS, "input_values", "sensitive_input_aliases", "usage_metadata")
_EVER = datetime.min.replace(tzinfo=UTC)
_BEFORE = timedelta(hours=1)
"""How much older than a step the one before it in the session may be."""
_NEWEST_FIRST = "created_at_desc"


async def read_history(desk: Cyberdesk, made: Plan, range: ReplayRange) -> tuple[RunRecord, ...]:
    """Read the runs of the workflows that would change, without histories and screenshots, and of the workflows whose
    outputs their chains read, as far back as the first of them goes. Raises what the client raises.
    """
    found: dict[str, RunRecord] = {}
    asked = [change.id for change in changes_to_replay(made) if change.id]
    for id in asked:
        runs = await _read(desk, range.last, workflow_id=id, fields=_FIELDS, created_at_from=start_of(range))
        found |= {run.id: run for run in runs}
    sessions = {run.session_id for run in found.values() if run.session_id and run.session_alias}
    oldest = min((parse_time(run.created_at) or _EVER for run in found.values()), default=_EVER)
    since = (oldest - _BEFORE).isoformat() if oldest > _EVER else None
    for id in sorted(_feeding_workflows(made, asked)) if sessions else ():
        for run in await _read(desk, None, workflow_id=id, fields=_OUTPUTS, created_at_from=since):
            if run.session_id in sessions:
                found.setdefault(run.id, run)
    return tuple(found.values())


async def _read(desk: Cyberdesk, last: int | None, **filters: Any) -> list[RunRecord]:
    """The newest runs, all that there are or so many."""
    found: list[RunRecord] = []
    while last is None or len(found) < last:
        limit = PAGE if last is None else min(PAGE, last - len(found))
        page = await desk.runs.page(sort_mode=_NEWEST_FIRST, skip=len(found), limit=limit, **filters)
        found += page.items
        if not page.items or len(found) >= page.total:
            break
    return found


def _feeding_workflows(made: Plan, asked: Collection[str]) -> set[str]:
    """The ids of the workflows whose outputs the steps of a changed workflow read."""
    changing = {change.name for change in changes_to_replay(made)}
    found: set[str] = set()
    for chain in made.bundle.chains:
        named = {**chain.session, **{step["session_alias"]: step["workflow_id"] for step in chain.request["steps"]}}
        for step in chain.request["steps"]:
            if step["workflow_id"] in changing:
                found |= {made.ids[named[alias]] for alias in producers_of(step) if named.get(alias) in made.ids}
    return found - {*asked}

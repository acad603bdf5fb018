"""Runs of workflows, any and live ones: what a person wants to know before a workflow changes or goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import is_live
from cyberflow.remote.listing import IncompleteList

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

PAGE = 1000
FEW = 8


async def live_runs(desk: Cyberdesk, workflows: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The ids of live runs by workflow id. For a few workflows each is asked for its own, else one list of the account
    is read; active work comes first in both, so reading ends at the first page that ends in a finished run.
    """
    found: dict[str, list[str]] = defaultdict(list)
    wanted = frozenset(workflows)
    for workflow in sorted(wanted) if len(wanted) <= FEW else (None,):
        skip = 0
        while True:
            page = await desk.runs.page(
                workflow_id=workflow, sort_mode="activity", fields=("session_id",), skip=skip, limit=PAGE
            )
            for run in page.items:
                if run.live and run.workflow_id in wanted:
                    found[run.workflow_id].append(run.id)
            skip += len(page.items)
            if skip >= page.total or (page.items and not is_live(page.items[-1].status)):
                break
            if not page.items:
                raise IncompleteList("runs", skip, page.total)
    return {workflow: tuple(dict.fromkeys(runs)) for workflow, runs in found.items()}


async def has_runs(desk: Cyberdesk, workflow: str) -> bool:
    """Whether a workflow has any run, finished ones included: deleting it would take them along."""
    page = await desk.runs.page(workflow_id=workflow, fields=("session_id",), limit=1)
    return bool(page.items or page.total)

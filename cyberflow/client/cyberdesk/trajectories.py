"""Trajectories, the recorded runs that a workflow replays."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import Call, Collection
from cyberflow.client.cyberdesk.records import Trajectory
from cyberflow.client.cyberdesk.wire import Page
from cyberflow.client.http.paging import PAGE
from cyberflow.client.http.request import format_path, get_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime


class TrajectoryFilters(TypedDict, total=False):
    """Without `is_generated` the service lists generated ones only; both kinds take two lists."""

    search: str | None
    workflow_id: str | None
    run_id: str | None
    is_approved: bool | None
    is_generated: bool | None
    created_at_from: datetime | str | None
    created_at_to: datetime | str | None
    updated_at_from: datetime | str | None
    updated_at_to: datetime | str | None
    include: Sequence[str]


class Trajectories(Collection[Trajectory], path="/v1/trajectories", record=Trajectory):
    """A new one is neither generated nor main; only an approved one is replayed. With `include=("workflow",)` the
    workflows come in `included`, flat.
    """

    def list(self, *, limit: int = PAGE, **filters: Unpack[TrajectoryFilters]) -> AsyncIterator[Trajectory]:
        return self._list(limit, filters)

    def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[TrajectoryFilters]) -> Call[Page[Trajectory]]:
        return self._page(skip, limit, filters)

    def latest(self, workflow_id: str) -> Call[Trajectory]:
        """By last update; a 404 where the workflow has none."""
        path = format_path("/v1/workflows/{}/latest-trajectory", workflow_id)
        return self.transport.fetch(get_request(path), Trajectory)

    def duplicate(self, id: str, key: str | None = None) -> Call[Trajectory]:
        return self._write("POST /{}/duplicate", Trajectory, (id,), key=key)

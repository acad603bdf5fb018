"""Trajectories, the recorded runs that a workflow replays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.records import Trajectory
from cyberflow.client.cyberdesk.wire import Page
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, join_commas, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Trajectories:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[TrajectoryFilters]) -> AsyncIterator[Trajectory]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[TrajectoryFilters]) -> Page[Trajectory]:
        """With `include=("workflow",)` the workflows come in `included`, flat."""
        query = {**filters, "include": join_commas(filters.get("include")), "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/trajectories", query), Page[Trajectory])

    async def get(self, id: str, *, include: Sequence[str] = ()) -> Trajectory:
        query = {"include": join_commas(include)}
        return await self.transport.fetch(get_request(format_path("/v1/trajectories/{}", id), query), Trajectory)

    async def latest(self, workflow_id: str) -> Trajectory:
        """By last update; a 404 where the workflow has none."""
        return await self.transport.fetch(
            get_request(format_path("/v1/workflows/{}/latest-trajectory", workflow_id)), Trajectory
        )

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Trajectory:
        """A new one is neither generated nor main; only an approved one is replayed."""
        return await self.transport.fetch(write_request("POST", "/v1/trajectories", body, key), Trajectory)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Trajectory:
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/trajectories/{}", id), body, key), Trajectory
        )

    async def duplicate(self, id: str, key: str | None = None) -> Trajectory:
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/trajectories/{}/duplicate", id), key=key), Trajectory
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/trajectories/{}", id), key=key))

"""Runs and chains, as the service offers them. Following them is not done here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.records import BulkAccepted, Trajectory
from cyberflow.client.cyberdesk.wire import ChainAccepted, Page, RunRecord, SignedUrl
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, join_commas, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime


class RunFilters(TypedDict, total=False):
    """`fields` projects (see `wire.RUN_FIELDS`; the base fields always come), `include` names related resources.

    `sort_mode` is `activity` (the service's default: active work first) or `created_at_desc`; `search` is a substring
    of id, inputs, outputs, error and alias, with `deep_search` of the message history too. Times are inclusive.
    """

    session_id: str | None
    workflow_id: str | None
    machine_id: str | None
    status: str | None
    search: str | None
    deep_search: bool
    fields: Sequence[str]
    sort_mode: str | None
    created_at_from: datetime | str | None
    created_at_to: datetime | str | None
    include: Sequence[str]


@dataclass(frozen=True)
class Runs:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[RunFilters]) -> AsyncIterator[RunRecord]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[RunFilters]) -> Page[RunRecord]:
        """`limit` is at most 1000."""
        query = {**filters, "include": join_commas(filters.get("include")), "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/runs", query), Page[RunRecord])

    async def get(self, id: str, *, include: Sequence[str] = ()) -> RunRecord:
        """The whole run, its message history included; for a light look use the list with `fields`."""
        query = {"include": join_commas(include)}
        return await self.transport.fetch(get_request(format_path("/v1/runs/{}", id), query), RunRecord)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> RunRecord:
        return await self.transport.fetch(write_request("POST", "/v1/runs", body, key), RunRecord)

    async def chain(self, body: Mapping[str, Any], key: str | None = None) -> ChainAccepted:
        """The run ids are in the order of the steps. Accepted is not dispatched: a run may still end in `error`."""
        return await self.transport.fetch(write_request("POST", "/v1/runs/chain", body, key), ChainAccepted)

    async def bulk(self, body: Mapping[str, Any], key: str | None = None) -> BulkAccepted:
        """Up to 1000 runs of one workflow with the same inputs, made together or not at all."""
        return await self.transport.fetch(write_request("POST", "/v1/runs/bulk", body, key), BulkAccepted)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> RunRecord:
        return await self.transport.fetch(write_request("PATCH", format_path("/v1/runs/{}", id), body, key), RunRecord)

    async def cancel(self, id: str, key: str | None = None) -> RunRecord:
        """There is no endpoint for it: cancelling is a PATCH of the status."""
        return await self.update(id, {"status": "cancelled"}, key)

    async def retry(self, id: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> RunRecord:
        """The same run id again, from a final status only; outputs and history are cleared, secrets must be resent."""
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/runs/{}/retry", id), {**(body or {})}, key), RunRecord
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """Its attachments and their files go with it."""
        await self.transport.send(write_request("DELETE", format_path("/v1/runs/{}", id), key=key))

    async def image_url(self, id: str, image_url: str, expires_in: int = 3600) -> SignedUrl:
        """Open a `supabase://run-images/…` of this run's message history for 10 to 3600 seconds."""
        query = {"image_url": image_url, "expires_in": expires_in}
        return await self.transport.fetch(
            get_request(format_path("/v1/runs/{}/image/signed-url", id), query), SignedUrl
        )

    async def trajectory(self, id: str) -> Trajectory:
        """The latest of this run, a duplicate included; a 404 where there is none."""
        return await self.transport.fetch(get_request(format_path("/v1/runs/{}/trajectory", id)), Trajectory)

    async def generate_trajectory(self, id: str, key: str | None = None) -> Trajectory:
        """Promote the run's latest trajectory, so that users see it and may approve it."""
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/runs/{}/generate-trajectory", id), key=key), Trajectory
        )

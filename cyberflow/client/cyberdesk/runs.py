"""Runs and chains, as the service offers them. Following them is not done here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import Body, Call, Collection
from cyberflow.client.cyberdesk.records import BulkAccepted, ChainAccepted, SignedUrl, Trajectory
from cyberflow.client.cyberdesk.wire import Page, RunRecord
from cyberflow.client.http.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
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


class Runs(Collection[RunRecord], path="/v1/runs", record=RunRecord):
    """`get` gives the whole run, its message history included; for a light look use the list with `fields`. A deleted
    run takes its attachments and their files along.
    """

    def list(self, *, limit: int = PAGE, **filters: Unpack[RunFilters]) -> AsyncIterator[RunRecord]:
        return self._list(limit, filters)

    def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[RunFilters]) -> Call[Page[RunRecord]]:
        """`limit` is at most 1000."""
        return self._page(skip, limit, filters)

    def chain(self, body: Body, key: str | None = None) -> Call[ChainAccepted]:
        """The run ids are in the order of the steps. Accepted is not dispatched: a run may still end in `error`."""
        return self._write("POST /chain", ChainAccepted, (), body, key)

    def bulk(self, body: Body, key: str | None = None) -> Call[BulkAccepted]:
        """Up to 1000 runs of one workflow with the same inputs, made together or not at all."""
        return self._write("POST /bulk", BulkAccepted, (), body, key)

    def cancel(self, id: str, key: str | None = None) -> Call[RunRecord]:
        """The service has no endpoint for it: cancelling is a PATCH of the status."""
        return self.update(id, {"status": "cancelled"}, key)

    def retry(self, id: str, body: Body | None = None, key: str | None = None) -> Call[RunRecord]:
        """The same run id again, from a final status only; outputs and history are cleared, secrets must be resent."""
        return self._write("POST /{}/retry", RunRecord, (id,), {**(body or {})}, key)

    def image_url(self, id: str, image_url: str, expires_in: int = 3600) -> Call[SignedUrl]:
        """Open a `supabase://run-images/…` of this run's message history for 10 to 3600 seconds."""
        query = {"image_url": image_url, "expires_in": expires_in}
        return self._read("/{}/image/signed-url", SignedUrl, id, query=query)

    def trajectory(self, id: str) -> Call[Trajectory]:
        """The latest of this run, a duplicate included; a 404 where there is none."""
        return self._read("/{}/trajectory", Trajectory, id)

    def generate_trajectory(self, id: str, key: str | None = None) -> Call[Trajectory]:
        """Promote the run's latest trajectory, so that users see it and may approve it."""
        return self._write("POST /{}/generate-trajectory", Trajectory, (id,), key=key)

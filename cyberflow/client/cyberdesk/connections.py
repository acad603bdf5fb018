"""Connections of machine agents, and what an organisation has used: what the service counts, not what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import ApiGroup, Call, Collection
from cyberflow.client.cyberdesk.records import Connection, Usage
from cyberflow.client.cyberdesk.wire import Page
from cyberflow.client.http.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime


class ConnectionFilters(TypedDict, total=False):
    """`status` is `connected`, `disconnected` or `error`."""

    machine_id: str | None
    status: str | None


class Connections(Collection[Connection], path="/v1/connections", record=Connection):
    """On the service itself `create` is the machine agent's call."""

    def list(self, *, limit: int = PAGE, **filters: Unpack[ConnectionFilters]) -> AsyncIterator[Connection]:
        return self._list(limit, filters)

    def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[ConnectionFilters]) -> Call[Page[Connection]]:
        return self._page(skip, limit, filters)


class Usages(ApiGroup, path="/v1/usage"):
    """What the runs of a period have used."""

    def aggregate(self, from_date: datetime | str, to_date: datetime | str, *, mode: str | None = None) -> Call[Usage]:
        """`from_date` is inclusive. Of `to_date` the service says both; only a period that ends between runs is sure.

        `mode` is `simulated` (the service's default: all steps but those of infrastructure failures) or `billed`.
        """
        query = {"from_date": from_date, "to_date": to_date, "mode": mode}
        return self._read("/aggregate", Usage, query=query)
